package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/advice"
	"github.com/flowhq/flowhq/internal/store"
)

func TestReady(t *testing.T) {
	broken := func(context.Context) error { return errors.New("dial tcp 10.0.0.1: secret") }
	stuck := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for _, tt := range []struct {
		name               string
		database, temporal func(context.Context) error
		status             int
		want               string
	}{
		{"both", nil, nil, 200, `{"status": "ok"}`},
		{"no database", broken, nil, 503, `{"status": "unavailable", "checks": {"database": "does not answer", "temporal": "ok"}}`},
		{"no temporal", nil, stuck, 503, `{"status": "unavailable", "checks": {"database": "ok", "temporal": "does not answer"}}`},
		{"neither", stuck, broken, 503, `{"checks": {"database": "does not answer", "temporal": "does not answer"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := setup(t)
			f.api.timeout = 50 * time.Millisecond
			f.database.ping, f.temporal.ping = tt.database, tt.temporal
			got := f.send(call{method: "GET", path: "/readyz", header: anonymous}, tt.status)
			f.contains(got.json, tt.want)
			if bytes.Contains(got.body, []byte("secret")) {
				t.Errorf("the answer tells the cause: %s", got.body)
			}
			f.send(call{method: "GET", path: "/healthz", header: anonymous}, 200)
		})
	}
}

// TestReadyIsAskedOnce: however many ask, the database and Temporal are asked once in a
// while, and the log has a line for each change.
func TestReadyIsAskedOnce(t *testing.T) {
	f := setup(t)
	f.api.readiness.keep = time.Hour
	forget := func() {
		f.api.readiness.slot <- struct{}{}
		f.api.readiness.at = time.Time{}
		<-f.api.readiness.slot
	}
	var asked atomic.Int64
	answer := make(chan error)
	f.temporal.ping = func(context.Context) error {
		asked.Add(1)
		return <-answer
	}
	askAll := func() {
		const callers = 20
		statuses := make(chan int, callers)
		for range callers {
			go func() { statuses <- status(f.url + "/readyz") }()
		}
		answer <- errors.New("is down")
		for range callers {
			if s := <-statuses; s != 503 {
				t.Errorf("GET /readyz = %d; want 503", s)
			}
		}
	}
	for range 2 {
		forget()
		askAll()
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("Temporal was asked %d times; want twice", n)
	}
	forget()
	close(answer)
	f.send(call{method: "GET", path: "/readyz"}, 200)
	var told []any
	for _, r := range f.records() {
		if r["dependency"] != nil {
			told = append(told, r["msg"])
		}
	}
	if want := []any{"dependency did not answer", "dependency answers again"}; !slices.Equal(told, want) {
		t.Errorf("logged %v; want %v", told, want)
	}
}

// status asks and returns the status, 0 without an answer.
func status(url string) int {
	p, err := http.Get(url)
	if err != nil {
		return 0
	}
	p.Body.Close()
	return p.StatusCode
}

func TestDescriptionIsServed(t *testing.T) {
	f := setup(t)
	got := f.send(call{method: "GET", path: "/openapi.yaml", header: anonymous}, 200)
	if !bytes.Equal(got.body, openAPIText) {
		t.Error("GET /openapi.yaml is not openapi.yaml")
	}
}

func TestMetrics(t *testing.T) {
	f := setup(t)
	f.send(call{method: "GET", path: "/metrics", header: anonymous}, 401)
	f.send(call{method: "GET", path: "/admin/tenants/" + never}, 404)
	got := f.send(call{method: "GET", path: "/metrics"}, 200)
	for _, want := range []string{`flowhq_http_requests_total{status="404"} 1`, "flowhq_http_request_seconds_count 2", "go_goroutines"} {
		if !bytes.Contains(got.body, []byte(want)) {
			t.Errorf("GET /metrics lacks %s:\n%s", want, got.body)
		}
	}
}

// A strange store answers with a func.
type strange struct {
	*store.Store
	tenant func(context.Context) (flowhq.Tenant, error)
}

func (s strange) Tenant(ctx context.Context, _ flowhq.TenantID) (flowhq.Tenant, error) {
	return s.tenant(ctx)
}

// TestFailures: what the caller and the log learn when something gives way.
func TestFailures(t *testing.T) {
	stuck := func(ctx context.Context) (flowhq.Tenant, error) { <-ctx.Done(); return flowhq.Tenant{}, ctx.Err() }
	fail := func(err error) func(context.Context) (flowhq.Tenant, error) {
		return func(context.Context) (flowhq.Tenant, error) { return flowhq.Tenant{}, err }
	}
	for _, tt := range []struct {
		name   string
		tenant func(context.Context) (flowhq.Tenant, error)
		status int
		want   string
		logged []string // levels of what is logged above DEBUG
	}{
		{"panic", func(context.Context) (flowhq.Tenant, error) { panic("secret") }, 500, `{"code": "internal"}`, []string{"ERROR", "INFO"}},
		{"unclassified", fail(errors.New("secret")), 500, `{"code": "internal"}`, []string{"ERROR", "INFO"}},
		{"internal", fail(&flowhq.Error{Code: flowhq.Internal, Message: "secret"}), 500, `{"code": "internal"}`, []string{"ERROR", "INFO"}},
		{"unknown code", fail(&flowhq.Error{Code: "new", Message: "secret"}), 500, `{"code": "internal"}`, []string{"ERROR", "INFO"}},
		{"unavailable", fail(&flowhq.Error{Code: flowhq.Unavailable, Message: "the database does not answer", Err: errors.New("secret")}),
			503, `{"code": "unavailable", "detail": "the database does not answer"}`, []string{"WARN", "INFO"}},
		{"stuck", stuck, 503, `{"code": "unavailable", "detail": "this took too long; whether it was done is not known"}`, []string{"WARN", "INFO"}},
		{"not found", fail(flowhq.Errorf(flowhq.NotFound, "gone")), 404, `{"code": "not_found", "detail": "gone"}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := setup(t, func(o *Options) { o.Tenants = strange{o.Tenants.(*store.Store), tt.tenant} })
			f.api.timeout = 50 * time.Millisecond
			got := f.send(call{method: "GET", path: "/admin/tenants/" + never + "?"}, tt.status)
			f.contains(got.json, tt.want)
			if bytes.Contains(got.body, []byte("secret")) {
				t.Errorf("the answer tells the cause: %s", got.body)
			}
			if wait := got.Header.Get("Retry-After"); (wait != "") != (tt.status == 503) {
				t.Errorf("Retry-After = %q", wait)
			}
			f.waitFor("request answered")
			var levels []string
			for _, r := range f.records() {
				if r["level"] != "DEBUG" {
					levels = append(levels, r["level"].(string))
				}
			}
			if !slices.Equal(levels, tt.logged) {
				t.Errorf("logged %v; want %v:\n%s", levels, tt.logged, f.log)
			}
			if log := f.log.String(); tt.name == "panic" && (!strings.Contains(log, "recoverPanic") || !strings.Contains(log, "secret")) {
				t.Errorf("the panic is logged without its stack or value:\n%s", log)
			}
		})
	}
}

// TestSlowRequest: a request that takes long is ended early only if the database does not answer.
func TestSlowRequest(t *testing.T) {
	path := "/admin/tenants/" + never
	t.Run("the database hangs", func(t *testing.T) {
		f := setup(t, func(o *Options) {
			o.Tenants = strange{o.Tenants.(*store.Store), func(ctx context.Context) (flowhq.Tenant, error) {
				<-ctx.Done()
				return flowhq.Tenant{}, &flowhq.Error{Code: flowhq.Unavailable, Message: "the database does not answer", Err: ctx.Err()}
			}}
		})
		f.api.timeout, f.api.slow = time.Hour, time.Millisecond
		f.database.ping = func(context.Context) error { return errors.New("is frozen") }
		got := f.send(call{method: "GET", path: path}, 503)
		f.contains(got.json, `{"code": "unavailable", "detail": "the database does not answer"}`)
		if got.Header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to come back")
		}
	})
	t.Run("the database answers", func(t *testing.T) {
		asked := make(chan struct{})
		var f *fixture
		f = setup(t, func(o *Options) {
			o.Tenants = strange{o.Tenants.(*store.Store), func(ctx context.Context) (flowhq.Tenant, error) {
				<-asked
				// Whoever comes now waits for the answer to that question.
				if s := status(f.url + "/readyz"); s != 200 {
					t.Errorf("GET /readyz = %d; want 200", s)
				}
				if err := ctx.Err(); err != nil {
					return flowhq.Tenant{}, err
				}
				return flowhq.Tenant{}, flowhq.Errorf(flowhq.NotFound, "gone")
			}}
		})
		f.api.slow, f.api.readiness.keep = time.Millisecond, time.Hour
		f.database.ping = func(context.Context) error {
			close(asked) // once: the answer is kept
			return nil
		}
		f.send(call{method: "GET", path: path}, 404)
	})
}

// TestHungUp: a caller who does not wait is no reason for alarm.
func TestHungUp(t *testing.T) {
	entered := make(chan struct{})
	f := setup(t, func(o *Options) {
		o.Tenants = strange{o.Tenants.(*store.Store), func(ctx context.Context) (flowhq.Tenant, error) {
			close(entered)
			<-ctx.Done()
			return flowhq.Tenant{}, &flowhq.Error{Code: flowhq.Unavailable, Message: "the database does not answer", Err: ctx.Err()}
		}}
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	q, err := http.NewRequestWithContext(ctx, "GET", f.url+"/admin/tenants/"+never, nil)
	if err != nil {
		t.Fatal(err)
	}
	q.SetBasicAuth("", password)
	if p, err := http.DefaultClient.Do(q); err == nil {
		p.Body.Close()
		t.Fatal("the request was answered")
	}
	f.waitFor("request answered")
	if log := f.log.String(); strings.Contains(log, "WARN") || strings.Contains(log, "INFO") || !strings.Contains(log, `"status":499`) {
		t.Errorf("log:\n%s", log)
	}
}

// TestAccessLog has one line for each request, without what is nobody's business.
func TestAccessLog(t *testing.T) {
	f := setup(t, func(o *Options) { o.QueryAuth = true })
	id := f.create()
	f.send(call{method: "GET", path: "/admin/tenants/" + string(id) + "/logs?limit=17"}, 200)
	f.send(call{method: "GET", path: "/admin/tenants/" + string(id) + "?password=guess", header: anonymous}, 401)
	f.send(call{method: "GET", path: "/admin/tenants/" + never}, 404)
	bulk := f.bulk(`{"command":"stop","filter":{"all":true}}`, nil)["id"].(string)
	f.send(call{method: "GET", path: "/admin/bulk/" + bulk}, 200)
	f.waitFor("/admin/bulk/" + bulk)
	type line struct {
		status float64
		tenant any
	}
	var got []line
	for _, r := range f.records() {
		if r["msg"] == "request answered" {
			got = append(got, line{r["status"].(float64), r["tenant"]})
			if r["request_id"] == "" || r["method"] == nil || r["took"] == nil || strings.Contains(r["path"].(string), "?") {
				t.Errorf("line %v", r)
			}
		}
	}
	want := []line{{201, nil}, {200, string(id)}, {401, nil}, {404, nil}, {202, nil}, {200, nil}} // a bulk is no tenant
	if !slices.Equal(got, want) {
		t.Errorf("access log = %v; want %v", got, want)
	}
	for _, private := range []string{"guess", "limit=17", "Blue Door", "255712345678"} {
		if strings.Contains(f.log.String(), private) {
			t.Errorf("%q is in the log:\n%s", private, f.log)
		}
	}
}

// records returns what was logged.
func (f *fixture) records() (records []node) {
	f.Helper()
	for line := range strings.Lines(f.log.String()) {
		var r node
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			f.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

// waitFor waits until the log holds text: the answer arrives before its line.
func (f *fixture) waitFor(text string) {
	f.Helper()
	eventually(f.T, "the log has "+text, func() bool { return strings.Contains(f.log.String(), text) })
}

// eventually polls until what is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	const patience, pause = 10 * time.Second, 2 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for start := time.Now(); time.Since(start) < patience; <-tick.C {
		if so() {
			return
		}
	}
	t.Fatalf("not so after %v: %s", patience, what)
}

func TestServe(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		w.WriteHeader(http.StatusTeapot)
	})
	log := &output{}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, "127.0.0.1:0", slow, slog.New(slog.NewJSONHandler(log, nil))) }()
	f := &fixture{T: t, log: log}
	f.waitFor("listening for requests")
	addr := f.records()[0]["addr"].(string)

	if err := Serve(t.Context(), addr, slow, slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), "HTTP_ADDR: another program already listens on "+addr) {
		t.Errorf("Serve on an address in use: %v", err)
	}
	answered := make(chan int, 1)
	go func() {
		p, err := http.Get("http://" + addr)
		if err != nil {
			answered <- 0
			return
		}
		defer p.Body.Close()
		answered <- p.StatusCode
	}()
	<-entered
	cancel()
	eventually(t, "new callers are refused", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	select {
	case err := <-served:
		t.Fatalf("Serve returned %v while a request ran", err)
	case status := <-answered:
		t.Fatalf("the request was answered with %d", status)
	default:
	}
	close(leave)
	if status := <-answered; status != http.StatusTeapot {
		t.Errorf("the running request got %d; want %d", status, http.StatusTeapot)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve = %v; want nil", err)
	}
}

// TestPairCode: a code is waited for, and one that cannot come is not.
func TestPairCode(t *testing.T) {
	f := setup(t)
	id := f.create()
	path := "/admin/tenants/" + string(id) + "/pair-code"
	f.contains(f.send(call{method: "POST", path: path}, 409).json, `{"code": "conflict"}`)
	epoch := f.showing(id, store.Codes{QR: "2@abc", QRExpires: time.Now().Add(time.Minute)})
	drawn := store.Codes{
		QR: "2@abc", QRExpires: time.Now().Add(time.Minute),
		Link: store.LinkCode{Code: "ABCD-EFGH", ExpiresAt: time.Now().Add(time.Minute)},
	}
	go func() { // the host, once it is asked
		for number := ""; number == "" && t.Context().Err() == nil; {
			number, _ = f.store.LinkCodeNumber(t.Context(), id)
		}
		_ = f.store.SetSession(t.Context(), id, epoch, flowhq.Transition{State: flowhq.QRReady}, drawn) // the answer tells
	}()
	for range 2 {
		f.contains(f.send(call{method: "POST", path: path}, 200).json, `{"code": "ABCD-EFGH"}`)
	}
	f.send(call{method: "POST", path: "/admin/tenants/" + never + "/pair-code"}, 404)
}

// TestNoCode: who asks for the code of a tenant that has none learns what to do.
func TestNoCode(t *testing.T) {
	f := setup(t)
	id := f.create()
	path := "/admin/tenants/" + string(id)
	f.session(id, flowhq.Transition{State: flowhq.Disconnected, Reason: "nobody scanned", Ending: flowhq.EndQRExpired})
	next := advice.NextStep(flowhq.EndQRExpired)
	f.contains(f.get(path+"/qr").json, `{"code": null, "ending": "QR_EXPIRED", "reason": "nobody scanned", "next_step": "`+next+`"}`)
	for method, p := range map[string]string{"GET": path + "/qr.png", "POST": path + "/pair-code"} {
		got := f.send(call{method: method, path: p}, map[string]int{"GET": 404, "POST": 409}[method])
		if detail := got.json.(node)["detail"].(string); !strings.Contains(detail, next) {
			t.Errorf("%s %s: %q; want what to do", method, p, detail)
		}
	}
}
