// Command bridge connects a tenant of Flow HQ with Typebot or Chatwoot. It is an example to copy:
// it imports nothing of Flow HQ, and keeps in memory what a real one would keep in a database.
//
//	FLOWHQ_URL=https://hq.example.com FLOWHQ_KEY=fhq_… WEBHOOK_SECRET=whsec_… \
//	TYPEBOT_URL=https://typebot.io TYPEBOT_ID=my-bot  bridge
//
//	… CHATWOOT_URL=https://app.chatwoot.com CHATWOOT_INBOX=… bridge
//
// The webhook of Flow HQ leads to /flowhq, and the one of Chatwoot's inbox to /chatwoot.
package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Bounds of a request, and of how old one may be: who has recorded it must not repeat it.
const (
	maxBody = 1 << 20
	maxAge  = 5 * time.Minute
	// timeout is for all that one request has to ask for together: Flow HQ waits for 15 s, and
	// sends an event again that was not accepted by then.
	timeout = 10 * time.Second
)

func main() {
	b := newBridge(os.Getenv)
	server := &http.Server{Addr: os.Getenv("ADDR"), Handler: b, ReadHeaderTimeout: timeout}
	log.Fatal(server.ListenAndServe())
}

// A bridge is what leads from one side to the other.
type bridge struct {
	*http.ServeMux
	getenv func(string) string
	client http.Client

	chats sync.Map // *sync.Mutex of each contact: one event of a chat at a time
	mu    sync.Mutex
	// sessions are Typebot's sessions and Chatwoot's conversations, by the contact. A bridge that
	// has lost them begins new ones.
	sessions map[int64]string
	contacts map[string]int64 // of Flow HQ, by the source of Chatwoot
	done     map[string]bool  // events that were handled: each may come more than once
}

// newBridge returns a bridge that is set up by variables.
func newBridge(getenv func(string) string) *bridge {
	b := &bridge{
		ServeMux: http.NewServeMux(), getenv: getenv, client: http.Client{Timeout: timeout},
		sessions: map[int64]string{}, contacts: map[string]int64{}, done: map[string]bool{},
	}
	b.HandleFunc("POST /flowhq", b.flowhq)
	b.HandleFunc("POST /chatwoot", b.chatwoot)
	return b
}

// An event is what Flow HQ tells.
type event struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Message *struct {
		ID   int64  `json:"id"`
		Text string `json:"text"`
	} `json:"message"`
	Contact *struct {
		ID     int64  `json:"id"`
		Number string `json:"number"`
		Name   string `json:"name"`
	} `json:"contact"`
}

// flowhq takes an event of Flow HQ. An error makes Flow HQ send it again, later.
func (b *bridge) flowhq(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || !valid(b.getenv("WEBHOOK_SECRET"), r.Header, body) {
		http.Error(w, "the signature does not match", http.StatusUnauthorized)
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "not an event", http.StatusBadRequest)
		return
	}
	if e.Type == "MESSAGE_RECEIVED" && e.Message != nil && e.Contact != nil {
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		if err := b.handle(ctx, e); err != nil {
			log.Print(err)
			http.Error(w, "the other side failed", http.StatusBadGateway)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// handle passes a message on, once. Flow HQ sends the events of a chat one after the other, and
// those of other chats beside them. One that comes again while it is under way waits.
func (b *bridge) handle(ctx context.Context, e event) error {
	lock, _ := b.chats.LoadOrStore(e.Contact.ID, new(sync.Mutex))
	chat := lock.(*sync.Mutex)
	chat.Lock()
	defer chat.Unlock()
	if look(b, b.done, e.ID) {
		return nil
	}
	pass := b.toChatwoot
	if b.getenv("TYPEBOT_URL") != "" {
		pass = b.throughTypebot
	}
	err := pass(ctx, e)
	// The other side has forgotten the session, or somebody has deleted the conversation: they
	// would be asked for in vain for good.
	if isStatus(err, http.StatusNotFound) && look(b, b.sessions, e.Contact.ID) != "" {
		note(b, b.sessions, e.Contact.ID, "")
		err = pass(ctx, e)
	}
	// Only now: an event whose handling failed is to be handled when it comes again. Should this
	// process die in between, Flow HQ refuses the second answer to the message.
	if err == nil {
		note(b, b.done, e.ID, true)
	}
	return err
}

// look reads what is known of a key, and note writes it: chats go on beside each other.
func look[K comparable, V any](b *bridge, known map[K]V, key K) V {
	b.mu.Lock()
	defer b.mu.Unlock()
	return known[key]
}

func note[K comparable, V any](b *bridge, known map[K]V, key K, value V) {
	b.mu.Lock()
	defer b.mu.Unlock()
	known[key] = value
}

// valid reports whether a request is signed with the secret, and not long ago.
func valid(secret string, h http.Header, body []byte) bool {
	id, timestamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > maxAge {
		return false
	}
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for s := range strings.FieldsSeq(h.Get("Webhook-Signature")) {
		if hmac.Equal([]byte(s), []byte(want)) {
			return true
		}
	}
	return false
}

// throughTypebot has Typebot answer a message. All that it says goes into one reply, as Flow HQ
// takes one for each message.
func (b *bridge) throughTypebot(ctx context.Context, e event) error {
	type bubble struct {
		Type    string `json:"type"`
		Content struct {
			RichText []struct {
				Children []struct {
					Text string `json:"text"`
				} `json:"children"`
			} `json:"richText"`
		} `json:"content"`
	}
	var said struct {
		SessionID string   `json:"sessionId"`
		Messages  []bubble `json:"messages"`
	}
	session := look(b, b.sessions, e.Contact.ID)
	url := b.getenv("TYPEBOT_URL") + "/api/v1/sessions/" + session + "/continueChat"
	if session == "" {
		url = b.getenv("TYPEBOT_URL") + "/api/v1/typebots/" + b.getenv("TYPEBOT_ID") + "/startChat"
	}
	text := map[string]any{"message": map[string]string{"type": "text", "text": e.Message.Text}}
	if err := b.post(ctx, url, nil, text, &said); err != nil {
		return err
	}
	if said.SessionID != "" {
		note(b, b.sessions, e.Contact.ID, said.SessionID)
	}
	var lines []string
	for _, m := range said.Messages {
		for _, line := range m.Content.RichText {
			for _, part := range line.Children {
				lines = append(lines, part.Text)
			}
		}
	}
	if len(lines) == 0 {
		return nil // after five minutes a person is asked
	}
	return b.reply(ctx, "", map[string]any{
		"in_reply_to": e.Message.ID, "text": strings.Join(lines, "\n"),
	})
}

// toChatwoot puts a message into the conversation of its customer, where a person or a bot of
// Chatwoot's answers.
func (b *bridge) toChatwoot(ctx context.Context, e event) error {
	inbox := b.getenv("CHATWOOT_URL") + "/public/api/v1/inboxes/" + b.getenv("CHATWOOT_INBOX") +
		"/contacts"
	messages := look(b, b.sessions, e.Contact.ID)
	if messages == "" {
		var contact struct {
			SourceID string `json:"source_id"`
		}
		var conversation struct {
			ID int64 `json:"id"`
		}
		err := b.post(ctx, inbox, nil, map[string]string{
			"identifier": strconv.FormatInt(e.Contact.ID, 10), "name": e.Contact.Name,
			"phone_number": e.Contact.Number,
		}, &contact)
		if err == nil {
			at := inbox + "/" + contact.SourceID + "/conversations"
			err = b.post(ctx, at, nil, map[string]any{}, &conversation)
			messages = fmt.Sprintf("%s/%d/messages", at, conversation.ID)
		}
		// Half of the way is begun anew with the next attempt: Chatwoot knows the contact by its
		// identifier.
		if err != nil {
			return err
		}
		note(b, b.sessions, e.Contact.ID, messages)
		note(b, b.contacts, contact.SourceID, e.Contact.ID)
	}
	return b.post(ctx, messages, nil, map[string]string{"content": e.Message.Text}, nil)
}

// chatwoot takes what an agent or a bot of Chatwoot's has written. The id of the message there is
// the key here, so that a call that Chatwoot repeats writes nothing twice.
func (b *bridge) chatwoot(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Event        string `json:"event"`
		ID           int64  `json:"id"`
		Content      string `json:"content"`
		Type         string `json:"message_type"`
		Private      bool   `json:"private"`
		Conversation struct {
			ContactInbox struct {
				SourceID string `json:"source_id"`
			} `json:"contact_inbox"`
			Meta struct {
				Sender struct {
					Identifier string `json:"identifier"` // as toChatwoot has given it
				} `json:"sender"`
			} `json:"meta"`
		} `json:"conversation"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&m); err != nil {
		http.Error(w, "not a message", http.StatusBadRequest)
		return
	}
	// Chatwoot tells of what came in as well, and of notes that agents write to each other.
	if m.Event != "message_created" || m.Type != "outgoing" || m.Private {
		return
	}
	contact := look(b, b.contacts, m.Conversation.ContactInbox.SourceID)
	if contact == 0 { // this process was started since
		contact, _ = strconv.ParseInt(m.Conversation.Meta.Sender.Identifier, 10, 64)
	}
	// Success would have the agent believe that the customer has read it.
	if contact == 0 {
		http.Error(w, "nobody knows whose conversation it is", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	err := b.reply(ctx, fmt.Sprintf("chatwoot-%d", m.ID), map[string]any{
		"contact_id": contact, "text": m.Content,
	})
	if err != nil {
		log.Print(err)
		http.Error(w, "Flow HQ failed", http.StatusBadGateway)
	}
}

// reply has Flow HQ write to a customer. 409 is an answer that came too late, or twice; and without
// a key 404 is one to a message that was erased.
func (b *bridge) reply(ctx context.Context, key string, body map[string]any) error {
	headers := map[string]string{"Authorization": "Bearer " + b.getenv("FLOWHQ_KEY")}
	if key != "" {
		headers["Idempotency-Key"] = key
	}
	err := b.post(ctx, b.getenv("FLOWHQ_URL")+"/portal/messages", headers, body, nil)
	if isStatus(err, http.StatusConflict) || key == "" && isStatus(err, http.StatusNotFound) {
		log.Print("Flow HQ takes no such answer any more")
		return nil
	}
	return err
}

// A statusError is the status of an answer that is none of success.
type statusError int

func (s statusError) Error() string { return "answered " + strconv.Itoa(int(s)) }

// isStatus reports whether an error is an answer with this status.
func isStatus(err error, status int) bool {
	got, ok := errors.AsType[statusError](err)
	return ok && int(got) == status
}

// post sends JSON, and reads the answer into out unless that is nil.
func (b *bridge) post(
	ctx context.Context, url string, headers map[string]string, body, out any,
) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusMultipleChoices {
		return statusError(resp.StatusCode)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(out)
}
