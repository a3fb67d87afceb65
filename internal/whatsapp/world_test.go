package whatsapp

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/simulator"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// patience bounds every wait of a test. It is long because machines are busy.
const patience = 30 * time.Second

// A world is a simulated WhatsApp, a database, and a Network between them.
type world struct {
	*testing.T
	server  *Server
	control string // URL of the simulator's control API
	network *Network
	dsn     string  // of its database
	db      *sql.DB // that network uses
	people  int
}

// newWorld starts a world that ends with the test. When it has, no goroutine of
// the library or of this package may be left.
func newWorld(t *testing.T) *world {
	t.Helper()
	// The simulator's root key is new each time, and a process knows only one.
	process.Lock()
	process.isSet = false
	process.Unlock()
	t.Cleanup(func() { noneLeft(t) })
	w := &world{T: t}
	w.startSimulator()
	w.dsn = testdb.New(t, Upgrade)
	w.network, w.db = w.newNetworkAndDB()
	return w
}

func (w *world) startSimulator() {
	w.Helper()
	ctx, stop := context.WithCancel(context.Background())
	dir, ended, ready := w.TempDir(), make(chan error, 1), make(chan [2]string, 1)
	go func() {
		ended <- simulator.Run(ctx, simulator.Options{
			Addr: "127.0.0.1:0", Control: "127.0.0.1:0", Dir: dir, Log: slog.New(slog.DiscardHandler),
			Ready: func(addr, control string) { ready <- [2]string{addr, control} },
		})
	}()
	w.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.Error("simulator:", err)
		}
	})
	select {
	case err := <-ended:
		ended <- nil
		w.Fatal("simulator:", err)
	case at := <-ready:
		w.control = "http://" + at[1]
		var err error
		w.server, err = LoadServer(at[0], filepath.Join(dir, "ca.pem"), filepath.Join(dir, "root.key"))
		if err != nil {
			w.Fatal(err)
		}
	}
}

// newNetwork returns what another process would have: a Network of its own.
func (w *world) newNetwork() *Network {
	w.Helper()
	n, _ := w.newNetworkAndDB()
	return n
}

func (w *world) newNetworkAndDB() (*Network, *sql.DB) {
	w.Helper()
	db, err := store.OpenWA(w.dsn)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { db.Close() })
	log := slog.New(slog.NewTextHandler(w.Output(), nil))
	n, err := New(w.Context(), Options{DB: db, Server: w.server, Log: log})
	if err != nil {
		w.Fatal(err)
	}
	return n, db
}

// call sends a request to the simulator and returns its status.
func (w *world) call(method, path string, in, out any) int {
	w.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.Fatal(err)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, w.control+path,
		bytes.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && out != nil {
		err = json.Unmarshal(answer, out)
	}
	if err != nil {
		w.Fatalf("%s %s: %v: %s", method, path, err, answer)
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		w.Fatalf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	return resp.StatusCode
}

type object map[string]any

// person creates a phone or a customer and returns its number.
func (w *world) person(kind string) string {
	w.Helper()
	w.people++
	number := fmt.Sprintf("+2557000%05d", w.people)
	if status := w.call("POST", "/"+kind, object{"number": number, "name": kind},
		nil); status != http.StatusCreated {
		w.Fatalf("POST /%s = %d", kind, status)
	}
	return number
}

func (w *world) phone() string    { return w.person("phones") }
func (w *world) customer() string { return w.person("customers") }

// scan has a phone scan a code and returns the status.
func (w *world) scan(phone, code string) int {
	w.Helper()
	return w.call("POST", "/phones/"+url.PathEscape(phone)+"/scan", object{"code": code}, nil)
}

// fault makes a fault.
func (w *world) fault(kind, number string, more object) {
	w.Helper()
	in := object{"kind": kind, "number": number}
	for k, v := range more {
		in[k] = v
	}
	if status := w.call("POST", "/faults", in, nil); status != http.StatusOK {
		w.Fatalf("fault %s = %d", kind, status)
	}
}

// write has a customer write to a number and returns the message's id.
func (w *world) write(customer, to, text string) string {
	w.Helper()
	var sent struct{ ID string }
	path := "/customers/" + url.PathEscape(customer) + "/messages"
	if status := w.call("POST", path, object{"to": to, "text": text}, &sent); status != http.StatusAccepted {
		w.Fatalf("POST %s = %d", path, status)
	}
	return sent.ID
}

// A letter is a message in a customer's inbox.
type letter struct {
	ID, From, Text  string
	Repeats         int
	Expiration      int
	ExpirationSetAt int64 `json:"expiration_set_at"`
	Attached        *attached
}

// An attached is what the customer's phone has beside words.
type attached struct {
	Kind, Name, Address, SHA256, Failure string
	MimeType                             string `json:"mime_type"`
	FileName                             string `json:"file_name"`
	Latitude, Longitude                  float64
	Size, Seconds                        int
}

func (w *world) inbox(customer string) []letter {
	w.Helper()
	var out struct{ Messages []letter }
	w.call("GET", "/customers/"+url.PathEscape(customer)+"/inbox?limit=5000", nil, &out)
	return out.Messages
}

// awaitText waits until a customer has a message with the text.
func (w *world) awaitText(customer, text string) letter {
	w.Helper()
	var found letter
	w.await("the text "+text, func() bool {
		for _, l := range w.inbox(customer) {
			if l.Text == text {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

// awaitLetter waits until a customer has the message with this id.
func (w *world) awaitLetter(customer, id string) (found letter) {
	w.Helper()
	w.await("message "+id, func() bool {
		for _, l := range w.inbox(customer) {
			if l.ID == id {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

// await waits until a condition holds.
func (w *world) await(what string, holds func() bool) {
	w.Helper()
	if !eventually(patience, holds) {
		w.Fatalf("%s did not come in %v", what, patience)
	}
}

// eventually reports whether a condition comes to hold in time.
func eventually(atMost time.Duration, holds func() bool) bool {
	deadline := time.After(atMost)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			return false
		case <-tick.C:
		}
	}
	return true
}

// dial opens a connection that is closed with the test.
func (w *world) dial(device string, h Handler) *Conn {
	w.Helper()
	return w.dialOn(w.network, device, h)
}

func (w *world) dialOn(n *Network, device string, h Handler) *Conn {
	w.Helper()
	c, err := n.Dial(w.Context(), "", device, h)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { w.hangUp(c) })
	return c
}

// hangUp closes a connection and waits for it.
func (w *world) hangUp(c *Conn) {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		w.Errorf("Close: %v", err)
	}
}

// next returns the connection's next event, which must be of the given kind.
func (w *world) next(c *Conn, kind EventKind) Event {
	w.Helper()
	select {
	case e, open := <-c.Events():
		if !open {
			w.Fatalf("want event %s; the connection is over: %v", kind, c.Err())
		}
		if e.Kind != kind {
			w.Fatalf("event %s; want %s", e.Kind, kind)
		}
		return e
	case <-time.After(patience):
		w.Fatalf("event %s did not come in %v", kind, patience)
	}
	return Event{}
}

// over waits for the end of a connection and returns its reason.
func (w *world) over(c *Conn) *EndError {
	w.Helper()
	deadline := time.After(patience)
	for {
		select {
		case _, open := <-c.Events():
			if !open {
				return c.Err()
			}
		case <-deadline:
			w.Fatalf("the connection is not over in %v", patience)
		}
	}
}

// wantEnd waits for the end of a connection, which must have the given reason.
func (w *world) wantEnd(c *Conn, want flowhq.Ending) *EndError {
	w.Helper()
	end := w.over(c)
	if end.Ending != want || end.Reason == "" {
		w.Fatalf("the connection ended with %s, %q (%v); want %s", end.Ending, end.Reason, end.Err, want)
	}
	return end
}

// link links a new device to a phone and waits until it is online.
func (w *world) link(phone string, h Handler) (*Conn, Device) {
	w.Helper()
	c := w.dial("", h)
	if status := w.scan(phone, w.next(c, QR).QR); status != http.StatusOK {
		w.Fatalf("scan = %d", status)
	}
	linked := w.next(c, Linked)
	online := w.next(c, Online)
	if linked.Device != online.Device {
		w.Errorf("linked as %+v, online as %+v", linked.Device, online.Device)
	}
	return c, online.Device
}

// noneLeft fails the test if goroutines of the library or of this package outlive
// it.
func noneLeft(t *testing.T) {
	t.Helper()
	var left []string
	eventually(patience, func() bool {
		left = left[:0]
		stacks := make([]byte, 4<<20)
		for _, stack := range strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			if strings.Contains(stack, "go.mau.fi/whatsmeow") || strings.Contains(stack, "whatsapp.(*Conn)") {
				left = append(left, stack)
			}
		}
		return len(left) == 0
	})
	if len(left) > 0 {
		t.Errorf("%d goroutines are left, among them:\n%s", len(left), left[0])
	}
}
