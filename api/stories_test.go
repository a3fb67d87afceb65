package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// names returns a member of each element of a list in the answer.
func (a answer) names(list, member string) (names []string) {
	for _, v := range a.json.(node)[list].([]any) {
		names = append(names, fmt.Sprint(v.(node)[member]))
	}
	return names
}

func (f *fixture) get(path string) answer {
	f.Helper()
	return f.send(call{method: "GET", path: path}, http.StatusOK)
}

func TestCreatedTenantIsAtItsLocation(t *testing.T) {
	f := setup(t)
	made := f.send(call{method: "POST", path: "/admin/tenants", body: validTenant}, 201)
	found := f.get(made.Header.Get("Location"))
	if diff := cmp.Diff(made.json, found.json); diff != "" {
		t.Errorf("tenant (-created +found):\n%s", diff)
	}
	if media := made.Header.Get("Content-Type"); media != "application/json" {
		t.Errorf("Content-Type = %q", media)
	}
}

func TestListTenants(t *testing.T) {
	f := setup(t)
	ids := map[string]flowhq.TenantID{}
	for i, template := range []string{"BOOKING", "ECOMMERCE", "SUPPORT", "BOOKING", "SUPPORT"} {
		name := fmt.Sprintf("t%d", i)
		body := fmt.Sprintf(`{"name":"%s","phone_number":"+25571234567%d","template_type":"%s","business_name":"100%% Mwanaidi_%d","language":"EN"}`, name, i, template, i)
		made := f.send(call{method: "POST", path: "/admin/tenants", body: body}, 201)
		ids[name] = flowhq.TenantID(made.json.(node)["id"].(string))
	}
	f.session(ids["t1"], flowhq.Transition{State: flowhq.Connected})
	for query, want := range map[string][]string{
		"":                                {"t4", "t3", "t2", "t1", "t0"},
		"?template=BOOKING":               {"t3", "t0"},
		"?status=ACTIVE":                  {"t1"},
		"?session=DISCONNECTED&limit=2":   {"t4", "t3"},
		"?status=NEW&template=SUPPORT":    {"t4", "t2"},
		"?search=T3":                      {"t3"},
		"?search=MWANAIDI_2":              {"t2"},
		"?search=100%25":                  {"t4", "t3", "t2", "t1", "t0"},
		"?search=%25":                     {"t4", "t3", "t2", "t1", "t0"},
		"?search=_1":                      {"t1"},
		"?search=%2B255712345674":         {"t4"},
		"?search=" + string(ids["t0"]):    {"t0"},
		"?search=nobody":                  nil,
		"?search=&cursor=":                {"t4", "t3", "t2", "t1", "t0"},
		"?session=LOGGED_OUT&search=t":    nil,
		"?search=" + url.QueryEscape(`'`): nil,
	} {
		if diff := cmp.Diff(want, f.get("/admin/tenants"+query).names("tenants", "name")); diff != "" {
			t.Errorf("tenants%s (-want +got):\n%s", query, diff)
		}
	}
}

// follow returns a member of every element of a list, page by page.
func (f *fixture) follow(path, parameter, list, member string) (all []string) {
	f.Helper()
	const maxPages = 20
	next := ""
	for range maxPages {
		page := f.get(path + "&" + parameter + "=" + next)
		all = append(all, page.names(list, member)...)
		if next = page.json.(node)["next"].(string); next == "" {
			return all
		}
	}
	f.Fatal("the list does not end")
	return nil
}

func TestPages(t *testing.T) {
	f := setup(t)
	var ids, messages []string
	for range 5 {
		ids = append([]string{string(f.create())}, ids...)
	}
	id := flowhq.TenantID(ids[0])
	epoch := f.session(id, flowhq.Transition{State: flowhq.Connected})
	for i := range 7 {
		text := fmt.Sprintf("message %d <&>", i)
		_, err := f.store.Receive(t.Context(), id, epoch, store.Inbound{
			LID: "1@lid", Number: "+255700000001", WAID: fmt.Sprint(i), Kind: flowhq.KindText,
			Text: text, SentAt: time.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		messages = append([]string{text}, messages...)
	}
	for limit := 1; limit <= 8; limit++ {
		if diff := cmp.Diff(ids, f.follow(fmt.Sprintf("/admin/tenants?limit=%d", limit), "cursor",
			"tenants", "id")); diff != "" {
			t.Errorf("tenants, %d a page (-want +got):\n%s", limit, diff)
		}
		path := fmt.Sprintf("/admin/tenants/%s/logs?limit=%d", id, limit)
		if diff := cmp.Diff(messages, f.follow(path, "before", "logs", "text")); diff != "" {
			t.Errorf("messages, %d a page (-want +got):\n%s", limit, diff)
		}
	}
}

// TestTenantsAreApart asks for one tenant's messages and events as another's.
func TestTenantsAreApart(t *testing.T) {
	f := setup(t)
	id, other := f.create(), f.create()
	epoch := f.session(id, flowhq.Transition{State: flowhq.Connected, Event: "SESSION_CONNECTED"})
	m := store.Inbound{LID: "1@lid", WAID: "1", Kind: flowhq.KindText, Text: "secret", SentAt: time.Now()}
	if _, err := f.store.Receive(t.Context(), id, epoch, m); err != nil {
		t.Fatal(err)
	}
	f.contains(f.get("/admin/tenants/"+string(other)+"/logs").json, `{"logs":[]}`)
	if got := f.get("/admin/tenants/"+string(other)+"/events").names("events",
		"type"); !cmp.Equal(got, []string{"TENANT_CREATED"}) {
		t.Errorf("events of another tenant: %v", got)
	}
}

// TestQR draws a code as long as WhatsApp's, both ways.
func TestQR(t *testing.T) {
	f := setup(t)
	id := f.create()
	code := "2@" + strings.Repeat("Ab1/+,=", 34) // 240 characters
	expires := time.Now().Add(time.Minute).Truncate(time.Microsecond)
	f.showing(id, store.Codes{QR: code, QRExpires: expires})

	got := f.get("/admin/tenants/" + string(id) + "/qr").json.(node)
	if got["code"] != code || got["expires_at"] != expires.UTC().Format(time.RFC3339Nano) {
		t.Errorf("qr = %v until %v; want %v until %v", got["code"], got["expires_at"], code, expires)
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(got["qr"].(string),
		"data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	file := f.get("/admin/tenants/" + string(id) + "/qr.png")
	if !bytes.Equal(data, file.body) {
		t.Error("the picture of qr is not the one of qr.png")
	}
	picture, err := png.Decode(bytes.NewReader(file.body))
	if err != nil {
		t.Fatal(err)
	}
	const smallest, largest = 300, 1000
	if w := picture.Bounds().Dx(); w != picture.Bounds().Dy() || w < smallest || w > largest {
		t.Errorf("the picture measures %v", picture.Bounds())
	}
	if strings.Contains(f.log.String(), code[:20]) {
		t.Error("the code is in the log")
	}
	head := f.send(call{method: "HEAD", path: "/admin/tenants/" + string(id) + "/qr.png"}, 200)
	if len(head.body) != 0 || head.ContentLength != int64(len(file.body)) {
		t.Errorf("HEAD: %d bytes, Content-Length %d; want 0 and %d", len(head.body),
			head.ContentLength, len(file.body))
	}
}

// TestNoRoomForACode: a code that no picture can hold is our fault, not a crash.
func TestNoRoomForACode(t *testing.T) {
	f := setup(t)
	id := f.create()
	const tooLong = 3000 // bytes; a QR code holds at most 2953
	f.showing(id, store.Codes{QR: strings.Repeat("x", tooLong), QRExpires: time.Now().Add(time.Minute)})
	f.send(call{method: "GET", path: "/admin/tenants/" + string(id) + "/qr"}, 500)
	f.send(call{method: "GET", path: "/admin/tenants/" + string(id) + "/qr.png"}, 500)
}

// A longLog has messages, of the worst that JSON can be made of.
type longLog struct {
	*store.Store
	messages int64
}

func (l longLog) Messages(_ context.Context, _ flowhq.TenantID,
	f store.MessageFilter) (page []flowhq.Message, next int64, err error) {
	first := l.messages
	if f.Before != 0 {
		first = f.Before - 1
	}
	for id := first; id > 0 && len(page) < f.Limit; id-- {
		page = append(page, flowhq.Message{ID: id, Direction: flowhq.In, Kind: flowhq.KindText,
			Status: flowhq.Received,
			Text:   strings.Repeat("\x01", flowhq.MaxTextBytes)})
	}
	if last := first - int64(len(page)); last > 0 {
		next = last + 1
	}
	return page, next, nil
}

// TestLogsEnd: whatever customers write, a page of it has a few MiB, and the next goes on.
func TestLogsEnd(t *testing.T) {
	const all = 50
	f := setup(t, func(o *Options) { o.Logs = longLog{o.Logs.(*store.Store), all} })
	id := f.create()
	want, next := int64(all), ""
	for {
		got := f.get("/admin/tenants/" + string(id) + "/logs?limit=1000&before=" + next)
		if len(got.body) > maxPageBytes+6*flowhq.MaxTextBytes+1024 {
			t.Fatalf("a page has %d bytes", len(got.body))
		}
		for _, number := range got.names("logs", "id") {
			if number != fmt.Sprint(want) {
				t.Fatalf("message %s; want %d", number, want)
			}
			want--
		}
		if next = got.json.(node)["next"].(string); next == "" {
			break
		}
	}
	if want != 0 {
		t.Errorf("%d messages were left out", want)
	}
}

// TestControlCharacters: what is stored of a message has none but newlines and tabs.
func TestControlCharacters(t *testing.T) {
	f := setup(t)
	id := f.create()
	epoch := f.session(id, flowhq.Transition{State: flowhq.Connected})
	in := store.Inbound{LID: "41@lid", WAID: "a", Kind: flowhq.KindText,
		Text: "a\x01\r\x1b[2J\x7f\u009b\n\tb"}
	if _, err := f.store.Receive(t.Context(), id, epoch, in); err != nil {
		t.Fatal(err)
	}
	got := f.get("/admin/tenants/"+string(id)+"/logs").names("logs", "text")
	if want := "a\uFFFD\uFFFD\uFFFD[2J\uFFFD\uFFFD\n\tb"; got[0] != want {
		t.Errorf("text %q; want %q", got[0], want)
	}
}
