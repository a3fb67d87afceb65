package api

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestReply answers a message in place of the bot, once, and says what is wrong with other
// requests.
func TestReply(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.create()
	at := "/admin/tenants/" + string(id)
	epoch, err := f.store.Claim(t.Context(), id, "host")
	if err != nil {
		t.Fatal(err)
	}
	receive := func(waID string) int64 {
		t.Helper()
		r, err := f.store.Receive(t.Context(), id, epoch, store.Inbound{
			Number: "+255711000001", LID: "1@lid", WAID: waID, Kind: flowhq.KindText, Text: waID,
		})
		if err != nil {
			t.Fatal(err)
		}
		return r.ID
	}
	send := func(body string, status int) node {
		t.Helper()
		v, _ := f.send(call{method: "POST", path: at + "/messages", body: body}, status).json.(node)
		return v
	}
	first := receive("first")
	answer := fmt.Sprintf(`{"in_reply_to":%d,"text":"Karibu"}`, first)
	send(answer, http.StatusConflict) // the bot answers
	for _, wrong := range []string{`{"answered_by":"NOBODY"}`, `{}`, `{"answered_by":""}`} {
		f.send(call{method: "PUT", path: at + "/answered-by", body: wrong}, 400)
	}
	f.send(call{method: "PUT", path: at + "/answered-by", body: `{"answered_by":"WEBHOOK"}`}, 200)
	f.contains(f.get(at+"/answered-by").json, `{"answered_by":"WEBHOOK"}`)
	f.send(call{method: "GET", path: "/admin/tenants/" + never + "/answered-by"}, 404)
	made := send(answer, 202)
	if made["in_reply_to"] != float64(first) || made["kind"] != "REPLY" || made["status"] != "PENDING" {
		t.Errorf("reply %v", made)
	}
	if again := send(answer, 202); again["id"] != made["id"] {
		t.Errorf("the same request again: %v", again)
	}
	send(fmt.Sprintf(`{"in_reply_to":%d,"text":"Another"}`, first), http.StatusConflict)
	// The host, which is later, finds the message dealt with.
	if _, done, err := f.store.Answer(t.Context(), id, epoch, first,
		store.Outcome{Status: flowhq.Forwarded}); done || err != nil {
		t.Errorf("the host's answer: %v, %v", done, err)
	}
	// An answer to the last line answers the ones before it.
	second, third := receive("second"), receive("third")
	for _, m := range []int64{second, third} {
		if _, done, err := f.store.Answer(t.Context(), id, epoch, m,
			store.Outcome{Status: flowhq.Forwarded}); !done || err != nil {
			t.Errorf("the host's answer: %v, %v", done, err)
		}
	}
	send(fmt.Sprintf(`{"in_reply_to":%d,"text":"Both"}`, third), 202)
	send(fmt.Sprintf(`{"in_reply_to":%d,"text":"Late"}`, second), http.StatusConflict)
	// A message by itself is no hand-over.
	send(`{"number":"+255711000001","text":"By the way"}`, 202)
	if over := f.send(call{method: "GET", path: at + "/handovers"},
		200).json.(node)["handovers"].([]any); len(over) > 0 {
		t.Errorf("hand-overs %v", over)
	}
	// In a chat that a person answers, a program comes too late.
	fourth := receive("fourth")
	f.send(call{method: "POST", path: fmt.Sprintf("%s/contacts/%v/hand-over", at,
		int64(made["contact_id"].(float64)))}, 200)
	send(fmt.Sprintf(`{"in_reply_to":%d,"text":"Too late"}`, fourth), http.StatusConflict)
	send(`{"in_reply_to":999999,"text":"hi"}`, http.StatusNotFound)
	send(fmt.Sprintf(`{"in_reply_to":%d,"text":"hi"}`, int64(made["id"].(float64))),
		http.StatusNotFound) // it is a reply
	for body, field := range map[string]string{
		`{"text":"hi"}`: "in_reply_to", `{"in_reply_to":0,"text":"hi"}`: "in_reply_to",
		`{"in_reply_to":1}`:                                     "text",
		`{"in_reply_to":1,"contact_id":1,"text":"hi"}`:          "in_reply_to",
		`{"contact_id":1,"number":"+255711000001","text":"hi"}`: "contact_id",
		`{"contact_id":-1,"text":"hi"}`:                         "contact_id",
		`{"number":"0711","text":"hi"}`:                         "number",
		`{"in_reply_to":"1","text":"hi"}`:                       "in_reply_to",
	} {
		got := send(body, 400)
		fields, _ := got["errors"].([]any)
		if len(fields) != 1 || fields[0].(node)["field"] != field {
			t.Errorf("%s: %v; want an error of %s", body, got, field)
		}
	}
}
