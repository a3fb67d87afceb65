package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestMessageFilters: each filter selects what it says, and two select what both do; the file has
// the same messages as the list.
func TestMessageFilters(t *testing.T) {
	f := setup(t)
	id := f.create()
	epoch := f.session(id, flowhq.Transition{State: flowhq.Connected})
	write := func(n int, text string) int64 {
		r, err := f.store.Receive(t.Context(), id, epoch, store.Inbound{
			LID: fmt.Sprintf("%d@lid", n), Number: fmt.Sprintf("+25570000000%d", n), Name: "N", WAID: text,
			Kind: flowhq.KindText, Text: text, SentAt: time.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		return r.ID
	}
	first := write(1, "=cmd|' /C calc'!A0")
	begin := time.Now()
	write(2, "Two LOAVES please")
	reply := &store.Outbound{WAID: "R1", Kind: flowhq.KindReply, Text: "Karibu"}
	if _, _, err := f.store.Answer(t.Context(), id, epoch, first,
		store.Outcome{Status: flowhq.Answered, Reply: reply}); err != nil {
		t.Fatal(err)
	}
	path := "/admin/tenants/" + string(id) + "/logs"
	contact := f.get(path+"?text=loaves").names("logs", "contact_id")
	at := url.QueryEscape(begin.Format(time.RFC3339Nano))
	for _, tt := range []struct{ query, want string }{
		{"", "Karibu,Two LOAVES please,=cmd|' /C calc'!A0"},
		{"direction=IN", "Two LOAVES please,=cmd|' /C calc'!A0"},
		{"direction=OUT", "Karibu"},
		{"direction=&status=&text=&contact=&from=&to=", "Karibu,Two LOAVES please,=cmd|' /C calc'!A0"},
		{"text=loaves", "Two LOAVES please"},
		{"text=%25", ""},
		{"contact=%2B255700000001", "Karibu,=cmd|' /C calc'!A0"},
		{"contact=" + contact[0], "Two LOAVES please"},
		{"contact=%2B255799999999", ""},
		{"contact=%2B255700000001&status=ANSWERED", "=cmd|' /C calc'!A0"},
		{"status=RECEIVED&text=please&direction=IN", "Two LOAVES please"},
		{"from=" + at, "Karibu,Two LOAVES please"},
		{"to=" + at, "=cmd|' /C calc'!A0"},
		{"from=2030-01-01T00:00:00Z", ""},
		{"to=2020-01-01T00:00:00Z", ""},
	} {
		if got := strings.Join(f.get(path+"?"+tt.query).names("logs", "text"), ","); got != tt.want {
			t.Errorf("%q selects %q; want %q", tt.query, got, tt.want)
		}
		file := f.get(path + ".csv?" + tt.query)
		if lines := strings.Count(string(file.body),
			"\r\n") - 1; lines != len(strings.FieldsFunc(tt.want, func(r rune) bool { return r == ',' })) {
			t.Errorf("%q: the file has %d lines: %s", tt.query, lines, file.body)
		}
		if strings.Contains(string(file.body), ",=cmd") {
			t.Errorf("a cell would be computed: %s", file.body)
		}
	}
	for _, query := range []string{"direction=UP", "text=" + strings.Repeat("x", 101), "text=%00",
		"contact=me", "from=now", "to=1900-01-01T00:00:00Z",
		"from=2030-01-01T00:00:00Z&to=2029-01-01T00:00:00Z", "status=LOST"} {
		name, _, _ := strings.Cut(query, "=")
		if strings.Contains(query, "&to=") {
			name = "to"
		}
		f.has(f.send(call{method: "GET", path: path + "?" + query}, 400).json,
			`{"errors": [{"field": "`+name+`"}]}`)
		f.send(call{method: "GET", path: path + ".csv?" + query}, 400)
	}
}

// TestMessageHistory: one request tells what became of a message, and of its reply.
func TestMessageHistory(t *testing.T) {
	f := setup(t)
	id := f.create()
	received(f, id)
	question := f.newest(id)
	path := "/admin/tenants/" + string(id) + "/logs/"
	f.has(f.get(path+fmt.Sprint(question)).json,
		`{"message": {"text": "hello", "status": "RECEIVED"}, "steps": [{"step": "WRITTEN"}, {"step": "RECORDED"}], "replies": [], "lines": [], "facts": []}`)
	epoch := f.session(id, flowhq.Transition{State: flowhq.Connected})
	ticket := flowhq.Ticket{Number: "K00007", Subject: "net", Status: flowhq.TicketOpen}
	_, _, err := f.store.Answer(t.Context(), id, epoch, question, store.Outcome{
		Status: flowhq.Answered, Reply: &store.Outbound{WAID: "R1", Kind: flowhq.KindReply,
			Text: "hi"}, Facts: []flowhq.FactChange{{Ticket: &ticket}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.has(f.get(path+fmt.Sprint(question)).json,
		`{"steps": [{"step": "WRITTEN"}, {"step": "RECORDED"}, {"step": "ANSWERED"}], "replies": [{"text": "hi", "status": "PENDING"}], "facts": [{"kind": "TICKET", "number": "K00007"}]}`)
	reply := f.newest(id)
	now := time.Now()
	for _, status := range []flowhq.MessageStatus{flowhq.Delivered, flowhq.Read} {
		if err := f.store.Receipts(t.Context(), id, epoch,
			[]store.Receipt{{WAID: "R1", Status: status, At: now}}); err != nil {
			t.Fatal(err)
		}
	}
	got := f.get(path + fmt.Sprint(reply)).json.(node)
	var steps []string
	for _, s := range got["steps"].([]any) {
		steps = append(steps, s.(node)["step"].(string))
	}
	if !slices.Contains(steps, "DELIVERED") || !slices.Contains(steps, "READ") || steps[0] != "RECORDED" {
		t.Errorf("steps of a reply that was read: %v", steps)
	}
	other := f.create()
	f.send(call{method: "GET", path: "/admin/tenants/" + string(other) + "/logs/" +
		fmt.Sprint(question)}, 404)
}

// TestDeadLetters: they are listed and retried, of one tenant and of all, by their ids and by their
// reason, and a repeated retry changes nothing.
func TestDeadLetters(t *testing.T) {
	f := setup(t)
	id, other := f.create(), f.create()
	deadLetter(f, id)
	deadLetter(f, other)
	m, n := f.newest(id), f.newest(other)
	path := "/admin/tenants/" + string(id) + "/dead-letters"
	f.has(f.get(path).json, fmt.Sprintf(`{"dead_letters": [{"tenant_id": %q, "message": %d, "excerpt": "hello", "reason": "it never works"}], "reasons": [{"reason": "it never works", "messages": 1, "tenants": 1}], "next": ""}`, id, m))
	f.has(f.get("/admin/dead-letters").json,
		fmt.Sprintf(`{"dead_letters": [{"message": %d}, {"message": %d}], "reasons": [{"messages": 2, "tenants": 2}], "next": ""}`, n, m))
	f.has(f.get("/admin/dead-letters?limit=1").json,
		fmt.Sprintf(`{"dead_letters": [{"message": %d}], "next": "%d"}`, n, n))
	f.has(f.get("/admin/dead-letters?tenant="+string(id)).json, fmt.Sprintf(
		`{"dead_letters": [{"message": %d}], "reasons": [{"messages": 1, "tenants": 1}], "next": ""}`, m))
	f.has(f.send(call{method: "GET", path: "/admin/dead-letters?tenant=x"}, 400).json,
		`{"errors": [{"field": "tenant"}]}`)
	f.has(f.get("/admin/dead-letters?reason=else").json, `{"dead_letters": [], "reasons": [], "next": ""}`)
	retry := func(path, body, want string, status int) {
		t.Helper()
		f.has(f.send(call{method: "POST", path: path + "/retry", body: body}, status).json, want)
	}
	// What belongs to another tenant is refused like what is not there.
	retry(path, fmt.Sprintf(`{"messages": [%d, %d, 999999]}`, m, n),
		fmt.Sprintf(`{"retried": [{"tenant_id": %q, "message": %d}],
		"refused": [{"message": %d, "code": "not_found"}, {"message": 999999, "code": "not_found"}], "next": ""}`, id, m, n), 202)
	retry(path, fmt.Sprintf(`{"messages": [%d]}`, m),
		`{"retried": [], "refused": [{"code": "conflict"}]}`, 202)
	retry("/admin/dead-letters", fmt.Sprintf(`{"reason": "it never works", "tenant_id": %q}`, id),
		`{"retried": [], "refused": []}`, 202)
	retry("/admin/dead-letters", `{"reason": "it never works"}`,
		fmt.Sprintf(`{"retried": [{"tenant_id": %q, "message": %d}], "refused": [], "next": ""}`,
			other, n), 202)
	retry("/admin/dead-letters", `{"reason": "it never works"}`, `{"retried": [], "refused": []}`, 202)
	retry("/admin/dead-letters", fmt.Sprintf(`{"messages": [{"tenant_id": %q, "message": %d}]}`,
		other, n), `{"retried": [], "refused": [{"code": "conflict"}]}`, 202)
	f.has(f.get("/admin/dead-letters").json, `{"dead_letters": []}`)
	for body, field := range map[string]string{
		`{}`: "messages", `{"messages": []}`: "messages", `{"messages": [0]}`: "messages[0]",
		`{"messages": [1], "reason": "x"}`: "messages",
		`{"reason": ""}`:                   "reason", `{"reason": "x", "before": "y"}`: "before",
		`{"messages": [1], "before": "7"}`:                   "before",
		`{"messages": [1` + strings.Repeat(",1", 100) + `]}`: "messages",
	} {
		retry(path, body, `{"errors": [{"field": "`+field+`"}]}`, 400)
	}
	retry("/admin/dead-letters", `{"messages": [{"tenant_id": "x", "message": 1}]}`,
		`{"errors": [{"field": "messages[0].tenant_id"}]}`, 400)
	retry("/admin/dead-letters", fmt.Sprintf(
		`{"messages": [{"tenant_id": %[1]q, "message": 1}], "tenant_id": %[1]q}`, id),
		`{"errors": [{"field": "tenant_id"}]}`, 400)
	retry("/admin/dead-letters", `{"reason": "x", "tenant_id": "y"}`,
		`{"errors": [{"field": "tenant_id"}]}`, 400)
}

// has is contains, and looks into lists too: each entry is compared with the one at its place.
func (f *fixture) has(got any, want string) {
	f.Helper()
	f.compare(got, want, trimLists)
}

// trimLists is trim for has.
func trimLists(v, pattern any) any {
	if list, ok := v.([]any); ok {
		wanted, _ := pattern.([]any)
		kept := []any{}
		for i, entry := range list {
			if i < len(wanted) {
				entry = trimLists(entry, wanted[i])
			}
			kept = append(kept, entry)
		}
		return kept
	}
	object, ok := v.(node)
	p, both := pattern.(node)
	if !ok || !both {
		return v
	}
	kept := node{}
	for name, of := range p {
		if member, ok := object[name]; ok {
			kept[name] = trimLists(member, of)
		}
	}
	return kept
}
