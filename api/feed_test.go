package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// A reader is one stream of a test.
type reader struct {
	t     *testing.T
	lines chan string // closed at the end of the stream
	last  string      // id of the last event
	stop  context.CancelFunc
}

// followFeed opens a stream, and returns when it is served.
func (f *fixture) followFeed(path string, header http.Header) *reader {
	f.Helper()
	ctx, stop := context.WithCancel(f.Context())
	q := must(http.NewRequestWithContext(ctx, http.MethodGet, f.url+path, nil))(f.T)
	q.SetBasicAuth("anybody", password)
	q.Header.Set("Accept", "text/event-stream")
	for name, values := range header {
		q.Header[name] = values
	}
	p := must(http.DefaultClient.Do(q))(f.T)
	if p.StatusCode != 200 || p.Header.Get("Content-Type") != "text/event-stream" {
		f.Fatalf("GET %s: %d %s", path, p.StatusCode, p.Header.Get("Content-Type"))
	}
	r := &reader{t: f.T, lines: make(chan string, 1000), stop: stop}
	f.Cleanup(stop)
	go func() {
		defer close(r.lines)
		defer p.Body.Close()
		for s := bufio.NewScanner(p.Body); s.Scan(); {
			r.lines <- s.Text()
		}
	}()
	return r
}

// next returns the type and data of the next event, "" at the end of the stream.
func (r *reader) next() (kind string, e flowhq.FeedEvent) {
	r.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case <-late:
			r.t.Fatal("no event came")
		case line, ok := <-r.lines:
			if !ok {
				return "", e
			}
			name, value, _ := strings.Cut(line, ": ")
			switch name {
			case "id":
				r.last = value
			case "event":
				kind = value
			case "data":
				if err := json.Unmarshal([]byte(value), &e); err != nil {
					r.t.Fatal(err)
				}
				return kind, e
			}
		}
	}
}

func (r *reader) wants(kinds ...flowhq.EventType) {
	r.t.Helper()
	for _, want := range kinds {
		if kind, e := r.next(); kind != string(want) || e.Type != want {
			r.t.Fatalf("got %q %+v; want %q", kind, e, want)
		}
	}
}

// note leaves an event in the history of a tenant.
func (f *fixture) note(id flowhq.TenantID, kind flowhq.EventType) {
	f.Helper()
	if err := f.store.AddEvent(f.Context(),
		flowhq.Event{Tenant: id, Type: kind, Actor: "operator asha@example.com (192.0.2.7)"}); err != nil {
		f.Fatal(err)
	}
}

// TestStreams: who follows gets what is meant for it, as it may see it, and after a pause what came
// meanwhile, once.
func TestStreams(t *testing.T) {
	f := setup(t)
	one, two := f.create(), f.create()
	all := f.followFeed("/admin/events?type=REPLIES_DELAYED,CODE_READ", nil)
	only := f.followFeed("/admin/events?tenant="+string(two), nil)
	named := f.followFeed("/admin/tenants/"+string(one)+"/feed?type=CODE_READ", nil)
	key := f.keyOf(one, "read")
	own := f.followFeed("/portal/tenant/feed?type=CODE_READ,REPLIES_DELAYED", key)
	f.note(one, flowhq.EventCodeRead)
	f.note(two, flowhq.EventRepliesDelayed)
	f.note(two, flowhq.EventCodeRead)
	all.wants(flowhq.EventCodeRead, flowhq.EventRepliesDelayed, flowhq.EventCodeRead)
	only.wants(flowhq.EventRepliesDelayed, flowhq.EventCodeRead)
	named.wants(flowhq.EventCodeRead)
	kind, e := own.next()
	if kind != "CODE_READ" || strings.Contains(string(e.Data), "asha") || e.Tenant != one {
		t.Errorf("a tenant's key reads %s %+v %s", kind, e, e.Data)
	}
	// What comes while nobody follows is there afterwards.
	named.stop()
	own.stop()
	for range 3 {
		f.note(one, flowhq.EventCodeRead)
		f.note(one, flowhq.EventRepliesDelayed)
		f.note(two, flowhq.EventCodeRead)
	}
	named = f.followFeed("/admin/tenants/"+string(one)+"/feed?type=CODE_READ",
		http.Header{"Last-Event-Id": {named.last}})
	named.wants(flowhq.EventCodeRead, flowhq.EventCodeRead, flowhq.EventCodeRead)
	f.note(one, flowhq.EventCodeRead)
	named.wants(flowhq.EventCodeRead)
	key["Last-Event-Id"] = []string{own.last}
	own = f.followFeed("/portal/tenant/feed?type=CODE_READ,REPLIES_DELAYED", key)
	for range 3 {
		own.wants(flowhq.EventCodeRead, flowhq.EventRepliesDelayed)
	}
	own.wants(flowhq.EventCodeRead)
	delete(key, "Last-Event-Id")

	// Who accepts no stream reads pages.
	page := f.send(call{method: "GET", path: "/portal/tenant/feed?limit=2&type=REPLIES_DELAYED",
		header: key}, 200)
	if got := page.names("events", "type"); len(got) != 2 {
		t.Errorf("a page of %v", got)
	}
	after := page.json.(node)["next"].(string)
	page = f.send(call{method: "GET", path: "/portal/tenant/feed?limit=2&type=REPLIES_DELAYED&after=" + after, header: key}, 200)
	if got := page.names("events", "type"); len(got) != 1 {
		t.Errorf("the next page has %v", got)
	}
	f.send(call{method: "GET", path: "/admin/events?type=NONSENSE"}, 400)
	f.send(call{method: "GET", path: "/admin/events?tenant=x"}, 400)
	f.send(call{method: "GET", path: "/admin/events", header: http.Header{"Last-Event-Id": {"x"}}}, 400)
	f.send(call{method: "GET", path: "/admin/events?tenant=" + never}, 404)
	f.send(call{method: "GET", path: "/portal/tenant/feed?tenant=" + string(two), header: key}, 400)
}

// TestSlowStreamIsCutOff, and holds up nobody.
func TestSlowStreamIsCutOff(t *testing.T) {
	f := &feedStreams{all: map[*feedStream]struct{}{}}
	slow := &feedStream{events: make(chan string, 1), cut: make(chan struct{})}
	fast := &feedStream{events: make(chan string, 9), cut: make(chan struct{})}
	f.all[slow], f.all[fast] = struct{}{}, struct{}{}
	for range 5 {
		f.hand(flowhq.FeedEvent{Type: flowhq.EventCodeRead, Data: json.RawMessage(`{}`)})
	}
	<-slow.cut
	if len(fast.events) != 5 || len(f.all) != 1 {
		t.Errorf("the other stream has %d events; want 5", len(fast.events))
	}
}

// TestStreamsEnd with the key, the sign-in and the process.
func TestStreamsEnd(t *testing.T) {
	f := setup(t)
	id := f.create()
	made := f.send(call{method: "POST", path: "/admin/keys",
		body: `{"name":"k","scopes":["read"]}`}, 201).json.(node)
	byKey := f.followFeed("/admin/events?type=CODE_READ",
		http.Header{"Authorization": {"Bearer " + made["secret"].(string)}})
	person := f.signedInAs(id, flowhq.RoleOwner)
	byPerson := f.followFeed("/portal/tenant/feed?type=CODE_READ", person)
	stays := f.followFeed("/admin/events?type=CODE_READ", nil)
	f.send(call{method: "DELETE", path: "/admin/keys/" + made["id"].(string)}, 200)
	if kind, _ := byKey.next(); kind != "" {
		t.Errorf("the stream of a key that was revoked has %s", kind)
	}
	f.note(id, flowhq.EventCodeRead)
	byPerson.wants(flowhq.EventCodeRead)
	f.send(call{method: "POST", path: "/auth/sign-out", header: person}, 200)
	if kind, _ := byPerson.next(); kind != "" {
		t.Errorf("the stream of who has signed out has %s", kind)
	}
	stays.wants(flowhq.EventCodeRead)
	f.api.EndStreams()
	if kind, _ := stays.next(); kind != "" {
		t.Errorf("the stream of a process that ends has %s", kind)
	}
}
