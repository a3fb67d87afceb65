package phone

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
)

// hostile is what a stranger may write to break the page.
const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`

// A twin stands in for both APIs. What it answers is by path, and what it was told is kept.
type twin struct {
	mu      sync.Mutex
	answers map[string]any
	told    []string
}

func (f *twin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		f.told = append(f.told, r.URL.Path+" "+string(body))
	}
	answer, ok := f.answers[r.URL.Path]
	if !ok && r.Method == http.MethodGet {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// set changes what is answered at a path.
func (f *twin) set(path string, answer any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[path] = answer
}

type object = map[string]any

const (
	shop, amina = "+255700000101", "+255710000201"
	tenantPath  = "/admin/tenants/t1"
)

// stand serves the page before a business and a customer whose every word is hostile.
func stand(t *testing.T) (*httptest.Server, *twin) {
	t.Helper()
	id := int64(7)
	fake := &twin{answers: map[string]any{
		"/admin/tenants": object{"tenants": []flowhq.Tenant{{
			ID: "t1", PhoneNumber: shop, Status: flowhq.TenantError,
			Config:  flowhq.Config{BusinessName: hostile, Template: flowhq.BookingTemplate},
			Session: flowhq.Session{Reason: hostile, NextStep: hostile},
		}}},
		"/customers":      object{"customers": []object{{"number": amina, "name": hostile}}},
		"/phones/" + shop: object{"devices": []object{{"id": 1, "connected": true, "queued": 2}}},
		"/customers/" + amina + "/chat": object{"messages": []object{
			{"id": "A", "mine": true, "text": hostile, "tick": "delivered", "at": time.Now()},
			{"id": "B", "mine": true, "kind": "voice", "tick": "sent", "at": time.Now()},
			{"id": "C", "text": hostile, "at": time.Now()},
		}},
		tenantPath + "/contacts": object{"contacts": []flowhq.Contact{{ID: 9, Number: amina}}},
		tenantPath + "/logs": object{"logs": []flowhq.Message{
			{ID: 8, Direction: flowhq.Out, Kind: flowhq.KindReply, InReplyTo: &id,
				Status: flowhq.Read, Text: hostile},
			{ID: 7, Direction: flowhq.In, WAMessageID: "A", Status: flowhq.Received, Text: hostile},
		}},
		tenantPath + "/events": object{"events": []flowhq.Event{
			{Type: flowhq.EventSignedIn, Actor: amina}, {Type: flowhq.EventHostStarting, Reason: hostile},
		}},
		tenantPath + "/bookings": object{"bookings": []flowhq.Booking{{
			Number: "W1", Service: hostile, Name: hostile, Status: flowhq.BookingConfirmed,
		}}},
	}}
	apis := httptest.NewServer(fake)
	t.Cleanup(apis.Close)
	c := apiclient.Client{Base: apis.URL}
	site := New(Stand{
		API: c, Simulator: c, Log: slog.New(slog.DiscardHandler),
		WorkerPID: func() int64 { return 42 }, KillWorker: func() error { return nil },
	})
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	return server, fake
}

// ask makes a request and returns the answer with its body.
func ask(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func request(method, address, body string) *http.Request {
	r, err := http.NewRequest(method, address, strings.NewReader(body)) //nolint:noctx // ask gives it one
	if err != nil {
		panic(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// The page shows both sides, accounts for every message, and none of what people wrote becomes a
// part of it.
func TestPage(t *testing.T) {
	server, fake := stand(t)
	res, html := ask(t, request("GET", server.URL+Path, ""))
	if res.StatusCode != http.StatusOK ||
		!strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("GET %s = %d, %v", Path, res.StatusCode, res.Header)
	}
	for _, want := range []string{
		"&lt;script&gt;", "Voice note", "process 42", "<b>2</b><span>written",
		"<b>1</b><span>in the database",
		"<b>1</b><span>being answered", "<b>0</b><span>answered twice", "1 message waits", "2 waiting for it", "W1", "host starting",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// Who has signed in did nothing to the session.
	for _, bad := range []string{"<script>alert", "<img src=x", "ZgotmplZ", "signed in"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	// An installation without a tenant, and one that does not answer.
	fake.set("/admin/tenants", object{})
	if _, html := ask(t, request("GET", server.URL+Path, "")); !strings.Contains(html, "No business yet") {
		t.Errorf("without a tenant:\n%s", html)
	}
	fake.set("/admin/tenants", "nonsense")
	if res, _ := ask(t, request("GET", server.URL+Path,
		"")); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without an answer = %d; want 503", res.StatusCode)
	}
}

// Who reaches the page commands everything, so it answers under names of this machine alone, and
// does nothing for pages of other sites.
func TestWhoMayAsk(t *testing.T) {
	server, fake := stand(t)
	for host, want := range map[string]int{"127.0.0.1": 200, "localhost:7500": 200,
		"[::1]:7500": 200, "evil.example": 403} {
		r := request("GET", server.URL+Path, "")
		r.Host = host
		if res, _ := ask(t, r); res.StatusCode != want {
			t.Errorf("as %s = %d; want %d", host, res.StatusCode, want)
		}
	}
	r := request("POST", server.URL+Path+"/kill", "")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if res, _ := ask(t, r); res.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site = %d; want 403", res.StatusCode)
	}
	if len(fake.told) > 0 {
		t.Errorf("something was done: %v", fake.told)
	}
}

// Each button asks the right API for the right thing.
func TestActions(t *testing.T) {
	server, fake := stand(t)
	fake.set(tenantPath+"/qr", object{"state": "QR_READY", "code": "2@abc"})
	for action, want := range map[string]string{
		"write":     "/customers/" + amina + `/messages {"text":"Habari","to":"` + shop + `"}`,
		"reply":     tenantPath + `/contacts/9/messages {"text":"Habari"}`,
		"customers": `/customers {"name":"Neema","number":"+255710000299"}`,
		"scan":      "/phones/" + shop + `/scan {"code":"2@abc"}`,
		"logout":    "/phones/" + shop + "/logout ",
		"start":     tenantPath + "/session/start ",
		"stop":      tenantPath + "/session/stop ",
		"drop":      `/faults {"kind":"drop","number":"` + shop + `"}`,
		"deaf":      `/faults {"kind":"unresponsive","number":"` + shop + `"}`,
		"twice":     `/faults {"count":1,"kind":"duplicate","number":"` + shop + `"}`,
		"ban":       `/faults {"kind":"drop","number":"` + shop + `"}`,
		"kill":      "",
	} {
		fake.told = []string{""}
		form := url.Values{
			"business": {shop}, "tenant": {"t1"}, "customer": {amina}, "text": {"Habari"}, "contact": {"9"},
			"name": {"Neema"}, "number": {"+255710000299"},
		}
		r := request("POST", server.URL+Path+"/"+action, form.Encode())
		r.Header.Set("Accept", "application/json")
		if res, body := ask(t, r); res.StatusCode != http.StatusOK {
			t.Errorf("%s = %d %s", action, res.StatusCode, body)
		}
		if got := fake.told[len(fake.told)-1]; got != want {
			t.Errorf("%s told %s; want %s", action, got, want)
		}
		// Without a script the page comes again.
		if res, _ := ask(t, request("POST", server.URL+Path+"/"+action,
			form.Encode())); res.StatusCode != http.StatusSeeOther {
			t.Errorf("%s from a form = %d; want 303", action, res.StatusCode)
		}
	}
	if res, _ := ask(t, request("POST", server.URL+Path+"/nothing",
		"")); res.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown action = %d; want 404", res.StatusCode)
	}
}

// An open page is sent everything once, and then what changes.
func TestLive(t *testing.T) {
	server, fake := stand(t)
	res, err := http.DefaultClient.Do(request("GET", server.URL+Path+"/live", "").WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := bufio.NewScanner(res.Body)
	next := func() string {
		for events.Scan() {
			if name, ok := strings.CutPrefix(events.Text(), "event: "); ok {
				return name
			}
		}
		t.Fatal("the stream has ended")
		return ""
	}
	for _, want := range []string{"broken", "chat", "device", "operator"} {
		if got := next(); got != want {
			t.Fatalf("the stream has %s; want %s", got, want)
		}
	}
	fake.set("/phones/"+shop, object{})
	if got := next(); got != "device" {
		t.Errorf("after the phone was changed the stream has %s; want device", got)
	}
	fake.set("/admin/tenants", "nonsense")
	if got := next(); got != "broken" {
		t.Errorf("when the API is broken the stream has %s; want broken", got)
	}
}
