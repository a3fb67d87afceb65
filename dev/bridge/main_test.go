package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq/internal/webhook"
)

// A world is a bridge between stand-ins for Flow HQ and for the other side.
type world struct {
	*testing.T
	bridge  *httptest.Server
	secret  string
	replies []string // bodies of POST /portal/messages, with the key before
	said    []string // what the other side was asked, path and body
}

func newWorld(t *testing.T, other func(w *world) http.Handler, env map[string]string) *world {
	t.Helper()
	w := &world{T: t, secret: webhook.NewSecret()}
	hq := http.NewServeMux()
	hq.HandleFunc("POST /portal/messages", func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer fhq_key" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.replies = append(w.replies, strings.TrimSpace(r.Header.Get("Idempotency-Key")+" "+read(t, r.Body)))
		rw.WriteHeader(http.StatusAccepted)
	})
	hqServer, otherServer := httptest.NewServer(hq), httptest.NewServer(other(w))
	t.Cleanup(hqServer.Close)
	t.Cleanup(otherServer.Close)
	b := newBridge(func(name string) string {
		switch name {
		case "FLOWHQ_URL":
			return hqServer.URL
		case "FLOWHQ_KEY":
			return "fhq_key"
		case "WEBHOOK_SECRET":
			return w.secret
		case "TYPEBOT_URL", "CHATWOOT_URL":
			if env[name] != "" {
				return otherServer.URL
			}
		}
		return env[name]
	})
	w.bridge = httptest.NewServer(b)
	t.Cleanup(w.bridge.Close)
	return w
}

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// say has a customer write, as Flow HQ tells it.
func (w *world) say(id string, message int64, text string) int {
	w.Helper()
	body := fmt.Sprintf(`{"id":%q,"type":"MESSAGE_RECEIVED","message":{"id":%d,"text":%q},"contact":{"id":34,"number":"+255712345678","name":"Asha"}}`, id, message, text)
	at := strconv.FormatInt(time.Now().Unix(), 10)
	return w.send("/flowhq", body, http.Header{
		"Webhook-Id": {id}, "Webhook-Timestamp": {at},
		"Webhook-Signature": {webhook.Signature(id, at, []byte(body),
			[]string{webhook.NewSecret(), w.secret})},
	})
}

func (w *world) send(path, body string, h http.Header) int {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.bridge.URL+path,
		strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.Header = h
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestTypebot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) http.Handler {
		typebot := http.NewServeMux()
		answer := func(rw http.ResponseWriter, r *http.Request) {
			w.said = append(w.said, r.URL.Path+" "+read(t, r.Body))
			fmt.Fprint(rw, `{"sessionId":"s1","messages":[{"type":"text","content":{"richText":[{"children":[{"text":"Karibu"}]},{"children":[{"text":"How many?"}]}]}}]}`)
		}
		typebot.HandleFunc("POST /api/v1/typebots/{id}/startChat", answer)
		typebot.HandleFunc("POST /api/v1/sessions/{id}/continueChat", answer)
		return typebot
	}, map[string]string{"TYPEBOT_URL": "yes", "TYPEBOT_ID": "salon"})
	for i, text := range []string{"hello", "two"} {
		// Each event comes twice.
		for range 2 {
			if got := w.say(fmt.Sprint("evt_", i), int64(812+i), text); got != http.StatusNoContent {
				t.Errorf("status %d", got)
			}
		}
	}
	if diff := cmp.Diff([]string{
		`/api/v1/typebots/salon/startChat {"message":{"text":"hello","type":"text"}}`,
		`/api/v1/sessions/s1/continueChat {"message":{"text":"two","type":"text"}}`,
	}, w.said); diff != "" {
		t.Errorf("Typebot was asked (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`{"in_reply_to":812,"text":"Karibu\nHow many?"}`,
		`{"in_reply_to":813,"text":"Karibu\nHow many?"}`}, w.replies); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
	if got := w.send("/flowhq", `{}`, http.Header{"Webhook-Id": {"a"}, "Webhook-Timestamp": {"1"},
		"Webhook-Signature": {"v1,x"}}); got != http.StatusUnauthorized {
		t.Errorf("a forged event: %d", got)
	}
}

func TestChatwoot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) http.Handler {
		chatwoot := http.NewServeMux()
		answer := func(with string) http.HandlerFunc {
			return func(rw http.ResponseWriter, r *http.Request) {
				w.said = append(w.said, r.URL.Path+" "+read(t, r.Body))
				fmt.Fprint(rw, with)
			}
		}
		const contacts = "POST /public/api/v1/inboxes/{inbox}/contacts"
		chatwoot.HandleFunc(contacts, answer(`{"source_id":"src"}`))
		chatwoot.HandleFunc(contacts+"/{source}/conversations", answer(`{"id":7}`))
		chatwoot.HandleFunc(contacts+"/{source}/conversations/{id}/messages", answer(`{"id":70}`))
		return chatwoot
	}, map[string]string{"CHATWOOT_URL": "yes", "CHATWOOT_INBOX": "inb"})
	w.say("evt_1", 812, "hello")
	w.say("evt_2", 813, "anybody?")
	const at = "/public/api/v1/inboxes/inb/contacts"
	if diff := cmp.Diff([]string{
		at + ` {"identifier":"34","name":"Asha","phone_number":"+255712345678"}`,
		at + `/src/conversations {}`,
		at + `/src/conversations/7/messages {"content":"hello"}`,
		at + `/src/conversations/7/messages {"content":"anybody?"}`,
	}, w.said); diff != "" {
		t.Errorf("Chatwoot was asked (-want +got):\n%s", diff)
	}
	// What Chatwoot tells of the agent's answer, of what came in, and of a note among agents.
	for _, m := range []string{
		`{"event":"message_created","id":71,"content":"Karibu","message_type":"outgoing","private":false,"conversation":{"contact_inbox":{"source_id":"src"}}}`,
		`{"event":"message_created","id":70,"content":"hello","message_type":"incoming","conversation":{"contact_inbox":{"source_id":"src"}}}`,
		`{"event":"message_created","id":72,"content":"a regular","message_type":"outgoing","private":true,"conversation":{"contact_inbox":{"source_id":"src"}}}`,
		`{"event":"conversation_updated","id":7}`,
	} {
		if got := w.send("/chatwoot", m, http.Header{}); got != http.StatusOK {
			t.Errorf("status %d", got)
		}
	}
	if diff := cmp.Diff([]string{`chatwoot-71 {"contact_id":34,"text":"Karibu"}`}, w.replies); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}

// TestTypebotForgets begins a session anew that Typebot does not have any more.
func TestTypebotForgets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) http.Handler {
		typebot := http.NewServeMux()
		typebot.HandleFunc("POST /api/v1/typebots/{id}/startChat",
			func(rw http.ResponseWriter, _ *http.Request) {
				w.said = append(w.said, "start")
				fmt.Fprintf(rw, `{"sessionId":"s%d","messages":[]}`, len(w.said))
			})
		typebot.HandleFunc("POST /api/v1/sessions/{id}/continueChat",
			func(rw http.ResponseWriter, r *http.Request) {
				w.said = append(w.said, "continue "+r.PathValue("id"))
				rw.WriteHeader(http.StatusNotFound)
			})
		return typebot
	}, map[string]string{"TYPEBOT_URL": "yes", "TYPEBOT_ID": "salon"})
	for i := range 3 {
		if got := w.say(fmt.Sprint("evt_", i), int64(812+i), "hello"); got != http.StatusNoContent {
			t.Errorf("status %d", got)
		}
	}
	want := []string{"start", "continue s1", "start", "continue s3", "start"}
	if diff := cmp.Diff(want, w.said); diff != "" {
		t.Errorf("Typebot was asked (-want +got):\n%s", diff)
	}
}

// TestChatwootAfterARestart: what an agent writes reaches the customer whom Chatwoot names, and is
// refused if it names nobody.
func TestChatwootAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(*world) http.Handler { return http.NewServeMux() },
		map[string]string{"CHATWOOT_URL": "yes", "CHATWOOT_INBOX": "inb"})
	const m = `{"event":"message_created","id":71,"content":"Karibu","message_type":"outgoing",` +
		`"conversation":{"contact_inbox":{"source_id":"src"},"meta":{"sender":{"identifier":%s}}}}`
	for identifier, status := range map[string]int{
		`"34"`: http.StatusOK, "null": http.StatusServiceUnavailable,
	} {
		got := w.send("/chatwoot", fmt.Sprintf(m, identifier), http.Header{})
		if got != status {
			t.Errorf("status %d with identifier %s; want %d", got, identifier, status)
		}
	}
	if diff := cmp.Diff([]string{`chatwoot-71 {"contact_id":34,"text":"Karibu"}`},
		w.replies); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}

// TestN8n evaluates the two expressions of the workflow as n8n does.
func TestN8n(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("n8n.json")
	if err != nil {
		t.Fatal(err)
	}
	var flow struct {
		Nodes []struct {
			Name, Type string
			Parameters struct{ Method, URL, JSONBody string }
		}
		Connections map[string]struct {
			Main [][]struct{ Node string }
		}
	}
	if err := json.Unmarshal(text, &flow); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, n := range flow.Nodes {
		names[n.Name] = true
	}
	for from, to := range flow.Connections {
		if !names[from] || !names[to.Main[0][0].Node] {
			t.Errorf("%s leads to %s, and one of them is not there", from, to.Main[0][0].Node)
		}
	}
	p := flow.Nodes[2].Parameters
	if p.Method != "POST" || !strings.HasSuffix(p.URL, "/portal/messages") {
		t.Errorf("the answer goes to %s %s", p.Method, p.URL)
	}
	body := strings.NewReplacer("{{ $json.body.message.id }}", "812",
		"{{ JSON.stringify('You said: ' + $json.body.message.text) }}",
		`"You said: \"hi\""`).Replace(strings.TrimPrefix(p.JSONBody, "="))
	var reply struct {
		InReplyTo int64 `json:"in_reply_to"`
		Text      string
	}
	if err := json.Unmarshal([]byte(body), &reply); err != nil || reply.InReplyTo != 812 ||
		reply.Text != `You said: "hi"` {
		t.Errorf("the answer is %s, %v", body, err)
	}
}
