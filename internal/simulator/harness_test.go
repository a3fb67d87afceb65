package simulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq/internal/simulator/customers"
	"github.com/flowhq/flowhq/internal/simulator/server"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

const (
	patience = 20 * time.Second // for anything that should happen
	pollTime = 5 * time.Millisecond
)

// A rig is a simulator under test, spoken to only over its two ports.
type rig struct {
	t       testing.TB
	dir     string
	addr    string
	control string
	stop    func() // ends the simulator and waits for it
	pid     int    // of its process, if it has one of its own
	dialer  *http.Client
}

// start runs a simulator in this process, in a directory of its own.
func start(t testing.TB) *rig {
	t.Helper()
	dir := t.TempDir()
	// Clients of a process trust one root: all simulators of the tests share it.
	if err := sharedIdentity().Save(dir); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: dir}
	r.run("127.0.0.1:0", "127.0.0.1:0")
	t.Cleanup(func() { r.stop() })
	return r
}

// sharedIdentity makes the identity of all simulators of this process.
var sharedIdentity = sync.OnceValue(func() *wire.Identity {
	i, err := wire.NewIdentity()
	if err != nil {
		panic(err)
	}
	customers.TrustRoot(i.RootKey())
	return i
})

func (r *rig) run(addr, control string) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Addr: addr, Control: control, Dir: r.dir, Log: testLog(),
			Ready: func(addr, control string) {
				r.addr, r.control = addr, control
				close(ready)
			},
		})
	}()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		r.t.Fatalf("Run() = %v", err)
	}
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("Run() = %v; want nil", err)
		}
	})
	r.dialer = dialer(r.t, r.dir, r.addr)
}

// restart ends the simulator and runs it again on the same state and ports.
func (r *rig) restart() {
	r.t.Helper()
	r.stop()
	r.run(r.addr, r.control)
}

func testLog() *slog.Logger {
	if os.Getenv("SIMULATOR_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

// dialer returns what clients dial with, made from the files that a host reads.
func dialer(t testing.TB, dir, addr string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(dir, wire.CAFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("ca.pem holds no certificate")
	}
	return wire.NewClient(addr, &tls.Config{RootCAs: roots})
}

// call sends a request to the control API and decodes its answer into out, which
// may be nil. It returns the status and, for failures, the error's text.
func (r *rig) call(method, path string, in, out any) (status int, message string) {
	r.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		r.t.Fatal(err)
	}
	if in == nil {
		body = nil
	}
	return r.callRaw(method, path, body, out)
}

func (r *rig) callRaw(method, path string, body []byte, out any) (status int, message string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+r.control+path,
		bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if res.StatusCode >= 400 {
		var failure struct{ Error string }
		if err = json.Unmarshal(data, &failure); err != nil || failure.Error == "" {
			r.t.Errorf("%s %s = %d %q; want an error in JSON", method, path, res.StatusCode, data)
		}
		return res.StatusCode, failure.Error
	}
	if out != nil {
		if err = json.Unmarshal(data, out); err != nil {
			r.t.Fatalf("%s %s = %q: %v", method, path, data, err)
		}
	}
	return res.StatusCode, ""
}

// must is call for what has to succeed.
func (r *rig) must(method, path string, in, out any) {
	r.t.Helper()
	if status, message := r.call(method, path, in, out); status >= 300 {
		r.t.Fatalf("%s %s = %d %s", method, path, status, message)
	}
}

type object = map[string]any

func (r *rig) phone(number string) {
	r.must("POST", "/phones", object{"number": number, "name": "Shop"}, nil)
}
func (r *rig) customer(number string) {
	r.must("POST", "/customers", object{"number": number, "name": "Customer"}, nil)
}

// say has a customer write to a number, and returns the message's id.
func (r *rig) say(from, to, text string) string {
	r.t.Helper()
	var sent struct{ ID string }
	r.must("POST", "/customers/"+from+"/messages", object{"to": to, "text": text}, &sent)
	return sent.ID
}

// inbox returns what a customer has received.
func (r *rig) inbox(number string) []customers.Letter {
	r.t.Helper()
	var in struct{ Messages []customers.Letter }
	r.must("GET", "/customers/"+number+"/inbox?limit=10000", nil, &in)
	return in.Messages
}

func (r *rig) stats() (v server.Stats) {
	r.t.Helper()
	r.must("GET", "/stats", nil, &v)
	return v
}

// until polls ok, and fails the test if it stays false.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-deadline:
			r.t.Fatalf("%s: not within %v", what, patience)
		case <-time.After(pollTime):
		}
	}
}
