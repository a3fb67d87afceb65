package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq/internal/devdb"
	"github.com/flowhq/flowhq/internal/searchattributes"
	"github.com/flowhq/flowhq/internal/store"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

const password = "e2e-admin-password"

// renewal is how often workers renew their leases in these tests: short, so that a killed
// worker is noticed in seconds. Everything else follows from it.
const renewal = time.Second

// patience bounds every wait for something whose time is not what is tested: on a
// busy machine all of it takes longer, and only a failure takes this long.
const patience = 90 * time.Second

// A stand is the whole product on loopback: PostgreSQL, Temporal, the simulator,
// the API and workers, each a process of its own. Tests speak to it over HTTP.
type stand struct {
	t        testing.TB
	dir      string
	workDir  string // of its processes; "" is the test's
	db       *devdb.Server
	dbURL    string
	temporal string // host:port
	api      string // base URL
	sim      string // base URL of the simulator's control API

	sql *sql.DB // see session

	temporald *process
	// temporalFlags are for its next start.
	temporalFlags []string
	apiProc       *process
	env           []string
}

// newStand starts everything but workers and stops it with the test.
func newStand(t testing.TB, env ...string) *stand {
	t.Helper()
	s := &stand{t: t, dir: t.TempDir()}
	s.startDatabase()
	t.Cleanup(func() { s.stopDatabase() })
	s.temporal = steadyAddr(t)
	s.startTemporal()

	sim := s.startCommand("simulator", nil, os.Getenv("FLOWHQ_DEV_BIN"), "simulate", "-addr",
		"127.0.0.1:0", "-control", "127.0.0.1:0",
		"-state", filepath.Join(s.dir, "simulator"))
	wa := sim.attr("simulator is ready", "addr")
	s.sim = "http://" + sim.attr("simulator is ready", "control")
	s.env = append([]string{
		"DATABASE_URL=" + devdb.As(store.RoleWorker, s.dbURL),
		"TEMPORAL_ADDRESS=" + s.temporal,
		"ADMIN_PASSWORD=" + password,
		"LEASE_RENEWAL_INTERVAL_MS=" + fmt.Sprint(renewal.Milliseconds()),
		"BURST_WINDOW_MS=0", // most tests count an answer to each message; TestBurst sets it
		"WHATSAPP_ADDR=" + wa,
		"WHATSAPP_CA_FILE=" + filepath.Join(s.dir, "simulator", "ca.pem"),
		"WHATSAPP_ROOT_KEY_FILE=" + filepath.Join(s.dir, "simulator", "root.key"),
		"LOGS_PATH=" + filepath.Join(s.dir, "logs"),
		"STATE_PATH=" + filepath.Join(s.dir, "workers"),
	}, env...)
	s.migrate(s.dbURL)
	s.apiProc = s.start("api", []string{"HTTP_ADDR=127.0.0.1:0"}, "api")
	s.api = "http://" + s.apiProc.attr("listening for requests", "addr")
	return s
}

// worker starts a worker and waits until it works.
func (s *stand) worker(name string, env ...string) *process {
	s.t.Helper()
	p := s.start(name, env, "worker")
	p.attr("worker started", "name")
	return p
}

// migrate makes the tables, for which the API would wait.
func (s *stand) migrate(url string) {
	s.t.Helper()
	p := s.start("migrate", []string{"DATABASE_URL=" + url}, "migrate")
	p.ended(patience)
	if !p.cmd.ProcessState.Success() {
		s.t.Fatalf("flowhq migrate failed:\n%s", p.tail())
	}
}

func (s *stand) startDatabase() {
	s.t.Helper()
	db, err := devdb.Start(s.t.Context(), devdb.Options{
		Dir: filepath.Join(s.dir, "pg"), Log: slog.New(slog.DiscardHandler), Progress: func(string) {},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.db = db
	if s.dbURL == "" {
		s.dbURL = db.URL()
	} else if s.dbURL != db.URL() {
		s.t.Fatal("the database came back on another address")
	}
}

func (s *stand) stopDatabase() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if s.db == nil {
		return
	}
	if err := s.db.Stop(ctx); err != nil {
		s.t.Errorf("stop the database: %v", err)
	}
	s.db = nil
}

func (s *stand) startTemporal() {
	s.t.Helper()
	host, port, err := net.SplitHostPort(s.temporal)
	if err != nil {
		s.t.Fatal(err)
	}
	// The ports between its own parts were free when it chose them, and may be taken by now.
	const tries = 3
	for range tries {
		s.temporald = s.startCommand("temporald", nil, os.Getenv("TEMPORALD"),
			append([]string{"server", "start-dev",
				"--ip", host, "--port", port, "--headless", "--namespace", "flowhq",
				"--db-filename", filepath.Join(s.dir, "temporal.db"), "--log-level", "error",
				// As in deploy/temporal/dynamicconfig.yaml.
				"--dynamic-config-value", "frontend.enableCancelWorkerPollsOnShutdown=true"},
				append(searchattributes.Flags(), s.temporalFlags...)...)...)
		if s.temporald.says("ready on " + s.temporal) {
			return
		}
	}
	s.t.Fatalf("Temporal does not start:\n%s", s.temporald.tail())
}

// dialTemporal opens a client of the stand's Temporal, which is the caller's to close.
func (s *stand) dialTemporal(ctx context.Context) (client.Client, error) {
	return client.DialContext(ctx, client.Options{
		HostPort: s.temporal, Namespace: "flowhq",
		Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
}

// call makes one request to the admin API and decodes its JSON answer into out,
// which may be nil. It returns the status code.
func (s *stand) call(method, path string, body, out any) (int, error) {
	return s.request(s.api, method, path, body, out)
}

// simulate makes one request to the simulator's control API.
func (s *stand) simulate(method, path string, body, out any) (int, error) {
	return s.request(s.sim, method, path, body, out)
}

// An object is the JSON object of a request.
type object = map[string]any

// fault has the simulated WhatsApp make a fault, or end them with the kind clear.
func (s *stand) fault(f object) {
	s.t.Helper()
	s.must(s.simulate("POST", "/faults", f, nil))
}

func (s *stand) request(base, method, path string, body, out any) (int, error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		payload = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, base+path, payload)
	if err != nil {
		return 0, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.SetBasicAuth("e2e", password)
	res, err := s.client(base).Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if out != nil && res.StatusCode < 300 {
		if err := json.Unmarshal(raw, out); err != nil {
			return res.StatusCode, fmt.Errorf("%s %s: %w in %q", method, path, err, raw)
		}
	}
	if res.StatusCode >= 300 {
		return res.StatusCode, fmt.Errorf("%s %s: %s: %s", method, path, res.Status, raw)
	}
	return res.StatusCode, nil
}

// variable is one of those that all parts are given.
func (s *stand) variable(name string) string {
	s.t.Helper()
	for _, v := range s.env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	s.t.Fatalf("the parts have no %s", name)
	return ""
}

// must fails the test if a call failed.
func (s *stand) must(_ int, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// eventually polls until check returns nil, or fails the test with its last
// error when the time is up.
func eventually(t testing.TB, within time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %v", within, err)
		}
		select {
		case <-t.Context().Done():
			t.Fatal("the test ended first")
		case <-tick.C:
		}
	}
}

// freeAddr is a loopback address that is free now.
func freeAddr(t testing.TB) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// databasePassword is the password in a database URL.
func databasePassword(t testing.TB, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	secret, set := u.User.Password()
	if !set {
		t.Fatal("the database has no password")
	}
	return secret
}

func escape(number string) string { return url.PathEscape(strings.TrimPrefix(number, "+")) }
