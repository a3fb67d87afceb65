package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
)

// An admin API that answers as a test says and notes what it was asked.
type desk struct {
	*testing.T
	url string

	mu      sync.Mutex
	asked   []string // "METHOD path?query body"
	answers map[string]func() any
}

// newDesk answers "METHOD path" with what the func returns: a JSON value, or a
// problem with its status.
func newDesk(t *testing.T, answers map[string]func() any) *desk {
	t.Helper()
	d := &desk{T: t, answers: answers}
	server := httptest.NewServer(http.HandlerFunc(d.serve))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

type refused struct {
	Status int                 `json:"status"`
	Detail string              `json:"detail"`
	Errors []flowhq.FieldError `json:"errors,omitempty"`
}

func (d *desk) serve(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+body.String()))
	answer := d.answers[r.Method+" "+r.URL.Path]
	var v any = refused{Status: http.StatusNotFound, Detail: "there is nothing at this address"}
	if _, password, _ := r.BasicAuth(); password != "hunter2" &&
		r.Header.Get("Authorization") != "Bearer fhq_x" {
		v = refused{Status: http.StatusUnauthorized, Detail: "the admin password is wrong"}
	} else if answer != nil {
		v = answer()
	}
	if p, ok := v.(refused); ok {
		w.WriteHeader(p.Status)
	}
	_ = writeJSON(w, v)
}

func writeJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }

// run runs a command line and returns its exit code and what it printed.
func (d *desk) run(args ...string) (code int, stdout, stderr string) {
	d.Helper()
	return runFor(d.Context(), map[string]string{"FLOWHQ_URL": d.url, "ADMIN_PASSWORD": "hunter2"}, args...)
}

func runFor(ctx context.Context, env map[string]string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Tenants(ctx, args, func(name string) string { return env[name] }, &out, &errs)
	return code, out.String(), errs.String()
}

const blueDoor = flowhq.TenantID("00000000-0000-4000-8000-000000000001")

func tenant(session flowhq.SessionState, worker flowhq.HostStatus) flowhq.Tenant {
	return flowhq.Tenant{
		ID: blueDoor, Name: "Blue Door", PhoneNumber: "+255712345678",
		Session: flowhq.Session{State: session, Number: "+255712345678"}, Host: flowhq.Host{Status: worker},
	}
}

func always(v any) func() any { return func() any { return v } }

// inTurn returns the values one after the other, then the last for ever.
func inTurn(values ...any) func() any {
	i := -1
	return func() any {
		i = min(i+1, len(values)-1)
		return values[i]
	}
}

func tenants(all ...flowhq.Tenant) map[string]any { return map[string]any{"tenants": all, "next": ""} }

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"explode"}, {"show"}, {"show", "a", "b"}, {"list", "x"}, {"list", "-colour", "red"},
		{"start"}, {"delete"}, {"qr"},
		{"logs", "-n", "many", "x"}, {"bulk"}, {"bulk", "delete"}, {"bulk", "watch"},
		{"bulk", "start", "x"}, {"stop", ""}, {"bulk", "cancel", ""},
	} {
		// Neither a password nor an API is needed to be told so.
		if code, out, errs := runFor(t.Context(), nil, args...); code != 2 || out != "" ||
			errs == "" || strings.Contains(errs, "PASSWORD: ") {
			t.Errorf("%q: exit code %d, %q, %q; want 2 and an explanation", args, code, out, errs)
		}
	}
	if _, _, errs := runFor(t.Context(), nil, "bulk"); !strings.Contains(errs, "which one? start, stop") {
		t.Errorf("bulk alone says %q; want it to ask which", errs)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"-h"}, {"list", "-h"}, {"logs", "x", "--help"},
		{"bulk", "-h"}, {"bulk", "start", "-h"}} {
		if code, out, errs := runFor(t.Context(), nil, args...); code != 0 ||
			!strings.Contains(strings.ToLower(out+errs), "usage") {
			t.Errorf("%q: exit code %d, %q, %q; want 0 and the usage", args, code, out, errs)
		}
	}
}

func TestWhereTheAPIIs(t *testing.T) {
	d := newDesk(t, map[string]func() any{"GET /admin/tenants": always(tenants())})
	checkout := t.TempDir()
	if err := os.MkdirAll(filepath.Join(checkout, ".dev"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(checkout, ".dev", "admin-password"), []byte("hunter2\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(checkout, "a", "b")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, dir string
		env       map[string]string
		code      int
		says      string
	}{
		{"both given", t.TempDir(), map[string]string{"FLOWHQ_URL": d.url + "/",
			"ADMIN_PASSWORD": "hunter2"}, 0, ""},
		{"password of the checkout", deep, map[string]string{"FLOWHQ_URL": d.url}, 0, ""},
		{"its own password first", deep,
			map[string]string{"FLOWHQ_URL": d.url, "ADMIN_PASSWORD": "guess"}, 1,
			"401: the admin password is wrong"},
		{"a key before the password", t.TempDir(),
			map[string]string{"FLOWHQ_URL": d.url, "FLOWHQ_KEY": "fhq_x", "ADMIN_PASSWORD": "guess"}, 0, ""},
		{"no password", t.TempDir(), map[string]string{"FLOWHQ_URL": d.url}, 1, "ADMIN_PASSWORD: missing"},
		{"the checkout's is not for others", deep,
			map[string]string{"FLOWHQ_URL": "http://192.0.2.1"}, 1, "ADMIN_PASSWORD: missing"},
		{"nor for a name like an address", deep,
			map[string]string{"FLOWHQ_URL": "http://127.example.com"}, 1, "ADMIN_PASSWORD: missing"},
		{"no URL", deep, map[string]string{"FLOWHQ_URL": "localhost"}, 1, "FLOWHQ_URL: "},
		{"no URL of the web", deep, map[string]string{"FLOWHQ_URL": "ftp://localhost"}, 1, "FLOWHQ_URL: "},
		{"nobody there", deep, map[string]string{"FLOWHQ_URL": "http://127.0.0.1:1"}, 1,
			"the API at http://127.0.0.1:1 does not answer: dial tcp 127.0.0.1:1: connect: connection refused; start it or set FLOWHQ_URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(tt.dir)
			code, _, errs := runFor(t.Context(), tt.env, "list")
			if code != tt.code || !strings.Contains(errs, tt.says) || strings.Contains(errs, "hunter2") {
				t.Errorf("exit code %d, %q; want %d, %q", code, errs, tt.code, tt.says)
			}
		})
	}
}

func TestWhichTenant(t *testing.T) {
	other := tenant(flowhq.Disconnected, flowhq.HostStopped)
	other.ID, other.Name, other.PhoneNumber,
		other.Session.Number = "00000000-0000-4000-8000-000000000002", "Blue Door 2", "+255700000002", ""
	d := newDesk(t, map[string]func() any{
		"GET /admin/tenants":          always(tenants(tenant(flowhq.Connected, flowhq.HostRunning), other)),
		"GET " + tenantPath(blueDoor): always(tenant(flowhq.Connected, flowhq.HostRunning)),
	})
	for word, want := range map[string]string{
		string(blueDoor): string(blueDoor), strings.ToUpper(string(blueDoor)): string(blueDoor),
		"blue door": string(blueDoor), "+255700000002": string(other.ID), "Blue Door 2": string(other.ID),
		"blue": "may mean 2 tenants", "door": "no tenant", "00000000-0000-4000-8000-000000000003": "404",
	} {
		_, out, errs := d.run("show", word)
		if !strings.Contains(out+errs, want) {
			t.Errorf("show %s: %q, %q; want %q", word, out, errs, want)
		}
	}
}

// TestWhichOfTooMany: the tenant that is meant may be beyond what was looked through.
func TestWhichOfTooMany(t *testing.T) {
	many := tenants(make([]flowhq.Tenant, maxPage-1)...)
	many["tenants"] = append(many["tenants"].([]flowhq.Tenant), tenant(flowhq.Connected, flowhq.HostRunning))
	many["next"] = "more"
	d := newDesk(t, map[string]func() any{"GET /admin/tenants": always(many)})
	code, _, errs := d.run("stop", "Blue Door")
	if code != 1 || !strings.Contains(errs,
		`more than 1000 tenants have the text "Blue Door"; give the id or the number`) {
		t.Errorf("stop: %d, %q; want that it may mean others", code, errs)
	}
}

func TestListInJSON(t *testing.T) {
	page := tenants()
	d := newDesk(t, map[string]func() any{"GET /admin/tenants": func() any { return page }})
	if code, out, errs := d.run("list", "-json"); code != 0 || out != "[]\n" || errs != "" {
		t.Errorf("list of none: %d, %q, %q; want an empty list", code, out, errs)
	}
	page = tenants(tenant(flowhq.Connected, flowhq.HostRunning))
	page["next"] = "more"
	code, out, errs := d.run("list", "-json", "-limit", "1")
	if code != 0 || !strings.HasPrefix(out, "[\n") ||
		!strings.Contains(errs, "the newest 1; there are more") {
		t.Errorf("list of some: %d, %q, %q; want a warning", code, out, errs)
	}
}

func TestShow(t *testing.T) {
	until := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	one := tenant(flowhq.Banned, flowhq.HostError)
	one.Session.NextStep, one.Session.RetryAt = "It is tried again.", &until
	one.Config.RepliesPerMinute, one.Config.RepliesPerContact, one.Config.RetentionDays = 11, 6, 90
	d := newDesk(t, map[string]func() any{"GET " + tenantPath(blueDoor): always(one)})
	_, out, errs := d.run("show", string(blueDoor))
	for _, want := range []string{
		"next step       It is tried again.\n", "tried again at  2026-01-02 03:04:05\n",
		"at most 11 a minute, and 6 to a contact in 10 minutes\n", "90 days\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("show printed %q and\n%s\nwant %q", errs, out, want)
		}
	}
}

// TestAllOrNone: a typing error stops a command before it was sent to anyone, and a
// refusal does not keep it from the rest.
func TestAllOrNone(t *testing.T) {
	other := tenant(flowhq.Disconnected, flowhq.HostStopped)
	other.ID, other.Name = "00000000-0000-4000-8000-000000000002", "Mama Asha"
	one := tenant(flowhq.Connected, flowhq.HostRunning)
	d := newDesk(t, map[string]func() any{
		"GET /admin/tenants": always(tenants(one, other)),
		"POST " + tenantPath(blueDoor) +
			"/session/restart": always(refused{Status: http.StatusConflict, Detail: "it is being deleted"}),
		"POST " + tenantPath(other.ID) +
			"/session/restart": always(map[string]any{"command": "restart", "id": 7}),
	})
	if code, out, errs := d.run("restart", "blue", "typo", "mama"); code != 1 || out != "" ||
		!strings.Contains(errs, `no tenant "typo"`) {
		t.Errorf("restart of a typing error: %d, %q, %q; want no command sent", code, out, errs)
	}
	code, out, errs := d.run("restart", "blue", "mama")
	if code != 1 || !strings.Contains(out, "Mama Asha: restart accepted") ||
		!strings.Contains(errs, "Blue Door: POST ") {
		t.Errorf("restart of one that refuses: %d, %q, %q; want the command sent to the other",
			code, out, errs)
	}
}

// TestNothingWritesOnTheTerminal: what others wrote cannot move the cursor.
func TestNothingWritesOnTheTerminal(t *testing.T) {
	evil := "a\x1b[2Jb\rc\nd\u202e"
	one := tenant(flowhq.Disconnected, flowhq.HostStopped)
	one.Session.Reason, one.Host.LastError = evil, evil
	d := newDesk(t, map[string]func() any{
		"GET /admin/tenants":                              always(tenants(one)),
		"GET " + tenantPath(blueDoor):                     always(one),
		"GET " + tenantPath(blueDoor) + "/logs":           always(map[string]any{"logs": []flowhq.Message{{ID: 1, Text: evil, Contact: evil, Reason: evil}}}),
		"GET " + tenantPath(blueDoor) + "/events":         always(map[string]any{"events": []flowhq.Event{{Type: "X", Reason: evil}}}),
		"POST " + tenantPath(blueDoor) + "/session/start": always(refused{Status: 500, Detail: evil}),
	})
	for _, args := range [][]string{{"list"}, {"show", string(blueDoor)},
		{"logs", string(blueDoor)}, {"events", string(blueDoor)}, {"start", string(blueDoor)}} {
		_, out, errs := d.run(args...)
		if text := out + errs; strings.ContainsAny(text, "\x1b\r\u202e") || !strings.Contains(text, "[2Jb") {
			t.Errorf("%q prints %q", args, text)
		}
	}
}

func TestDeleteAsks(t *testing.T) {
	d := newDesk(t, map[string]func() any{
		"GET " + tenantPath(blueDoor):    always(tenant(flowhq.Connected, flowhq.HostRunning)),
		"DELETE " + tenantPath(blueDoor): always(map[string]any{"command": "delete", "id": 7}),
	})
	if code, _, errs := d.run("delete", string(blueDoor)); code != 1 ||
		!strings.Contains(errs, "-yes") || len(d.asked) != 1 {
		t.Errorf("delete: %d, %q after %q; want a question", code, errs, d.asked)
	}
	if code, out, errs := d.run("delete", string(blueDoor), "--yes"); code != 0 ||
		!strings.Contains(out, "delete accepted") {
		t.Errorf("delete --yes: %d, %q, %q", code, out, errs)
	}
}

// quick is a command line that looks often.
func (d *desk) quick() (l *line, out *bytes.Buffer) {
	out = &bytes.Buffer{}
	return &line{api: apiclient.Client{Base: d.url, Password: "hunter2"}, stdout: out, stderr: out,
		every: time.Millisecond}, out
}

func TestQR(t *testing.T) {
	waits, linked := tenant(flowhq.QRReady, flowhq.HostStarting), tenant(flowhq.Connected, flowhq.HostRunning)
	waits.Session.Reason, waits.Session.NextStep = "not yet", "Wait."
	show := func(c string) any { return map[string]any{"state": flowhq.QRReady, "code": c} }
	d := newDesk(t, map[string]func() any{
		"GET " + tenantPath(blueDoor): inTurn(waits, waits, waits, waits, waits, waits, linked),
		"GET " + tenantPath(blueDoor) + "/qr": inTurn(map[string]any{"state": flowhq.Connecting, "code": nil},
			show("one"), map[string]any{"state": flowhq.QRReady, "code": nil}, show("one"),
			show("two"), map[string]any{"state": flowhq.Connected, "code": nil}),
	})
	l, out := d.quick()
	if err := l.execute(t.Context(), "qr", []string{string(blueDoor)}); err != nil {
		t.Fatal(err)
	}
	one, err := QR("one")
	if err != nil {
		t.Fatal(err)
	}
	two, err := QR("two")
	if err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if want := "Blue Door: QR_READY: not yet. Wait.\n"; !strings.HasPrefix(text, want) ||
		strings.Count(text, want) != 1 {
		t.Errorf("it printed\n%s\nwant once why there is no code", text)
	}
	if strings.Count(text, one) != 1 || strings.Count(text, two) != 1 ||
		strings.Index(text, one) > strings.Index(text, two) ||
		!strings.HasSuffix(text, "Blue Door is linked to +255712345678.\n") {
		t.Errorf("it printed\n%s\nwant each code once, then that it is linked", text)
	}
}

// TestQRIsRedrawn puts a new code where the old one was.
func TestQRIsRedrawn(t *testing.T) {
	var out bytes.Buffer
	p := &picture{w: &out, redraw: true}
	for _, c := range []string{"one", "one", "two"} {
		if err := p.show(c, "scan this"); err != nil {
			t.Fatal(err)
		}
	}
	drawn, err := QR("two")
	if err != nil {
		t.Fatal(err)
	}
	height := strings.Count(drawn, "\n") + 1
	if want := fmt.Sprintf("\x1b[%dA\x1b[J%sscan this\n", height,
		drawn); !strings.HasSuffix(out.String(), want) || strings.Count(out.String(), "\x1b[J") != 1 {
		t.Errorf("it wrote %q; want it to end with %q", out.String(), want)
	}
}

func TestQRWithoutAWorker(t *testing.T) {
	one := tenant(flowhq.LoggedOut, flowhq.HostError)
	one.Session.Reason, one.Session.NextStep = "unlinked", "Scan again."
	d := newDesk(t, map[string]func() any{
		"GET " + tenantPath(blueDoor):         always(one),
		"GET " + tenantPath(blueDoor) + "/qr": always(map[string]any{"state": flowhq.LoggedOut, "code": nil}),
	})
	l, _ := d.quick()
	err := l.execute(t.Context(), "qr", []string{string(blueDoor)})
	if want := "its session does not run; -start starts it. LOGGED_OUT: unlinked. Scan again."; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("qr of a worker that does not run: %v; want %q", err, want)
	}
}

func TestBulk(t *testing.T) {
	b := flowhq.Bulk{ID: "1", Command: flowhq.Restart, State: flowhq.BulkRunning, Matched: 3}
	half, done, cancelled := b, b, b
	half.Sent = 1
	cancelled.Sent, cancelled.State = 1, flowhq.BulkCancelled
	done.Sent, done.Failed, done.State = 2, 1, flowhq.BulkDone
	d := newDesk(t, map[string]func() any{
		"POST /admin/bulk":     always(b),
		"DELETE /admin/bulk/1": always(cancelled),
		"GET /admin/bulk/1":    inTurn(b, half, half, done),
		"GET /admin/bulk":      always(map[string]any{"bulks": []flowhq.Bulk{done}}),
	})
	l, out := d.quick()
	err := l.execute(t.Context(), "bulk",
		[]string{"restart", "-session", "CONNECTED", "-template", "BOOKING", "-per-second", "3"})
	if err == nil || !strings.Contains(err.Error(), "1 tenants are gone") {
		t.Errorf("a bulk with a failed tenant: %v; want an error", err)
	}
	if want := `POST /admin/bulk {"command":"restart","filter":{"session":"CONNECTED","template":"BOOKING"},"per_second":3}`; d.asked[0] != want {
		t.Errorf("asked %s; want %s", d.asked[0], want)
	}
	for _, want := range []string{"RUNNING: 0 of 3", "RUNNING: 1 of 3", "DONE: 2 of 3 sent, 1 failed"} {
		if strings.Count(out.String(), want) != 1 {
			t.Errorf("it did not print %q once:\n%s", want, out)
		}
	}
	if code, out, errs := d.run("bulk", "cancel", "1"); code != 0 ||
		out != "CANCELLED: 1 of 3 sent, 0 failed\n" {
		t.Errorf("bulk cancel: %d, %q, %q; want how far it came", code, out, errs)
	}
	if _, _, errs := d.run("bulk", "watch", "../tenants?x"); !strings.Contains(errs,
		"GET /admin/bulk/..%2Ftenants%3Fx: 404") {
		t.Errorf("bulk watch of an id with a slash: %q; want one that does not exist", errs)
	}
	if code, out, _ := d.run("bulk", "list"); code != 0 || !strings.Contains(out, "DONE") {
		t.Errorf("bulk list: %d\n%s", code, out)
	}
}
