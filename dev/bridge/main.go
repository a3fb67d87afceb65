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
	timeout = 10 * time.Second // below the 15 s that Flow HQ waits
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

	mu sync.Mutex // one event at a time, so that the texts of a chat stay in order
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
	// Flow HQ sends the events of a chat one after the other, and those of other chats beside them.
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.Type == "MESSAGE_RECEIVED" && e.Message != nil && e.Contact != nil && !b.done[e.ID] {
		pass := b.toChatwoot
		if b.getenv("TYPEBOT_URL") != "" {
			pass = b.throughTypebot
		}
		if err := pass(r.Context(), e); err != nil {
			log.Print(err)
			http.Error(w, "the other side failed", http.StatusBadGateway)
			return
		}
		// Only now: an event whose handling failed is to be handled when it comes again. Should this
		// process die in between, Flow HQ refuses the second answer to the message.
		b.done[e.ID] = true
	}
	w.WriteHeader(http.StatusNoContent)
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
	url := b.getenv("TYPEBOT_URL") + "/api/v1/sessions/" + b.sessions[e.Contact.ID] +
		"/continueChat"
	if b.sessions[e.Contact.ID] == "" {
		url = b.getenv("TYPEBOT_URL") + "/api/v1/typebots/" + b.getenv("TYPEBOT_ID") + "/startChat"
	}
	text := map[string]any{"message": map[string]string{"type": "text", "text": e.Message.Text}}
	if err := b.post(ctx, url, nil, text, &said); err != nil {
		return err
	}
	if said.SessionID != "" {
		b.sessions[e.Contact.ID] = said.SessionID
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
	if b.sessions[e.Contact.ID] == "" {
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
			b.sessions[e.Contact.ID] = fmt.Sprintf("%s/%d/messages", at, conversation.ID)
		}
		// Half of the way is begun anew with the next attempt: Chatwoot knows the contact by its
		// identifier.
		if err != nil {
			delete(b.sessions, e.Contact.ID)
			return err
		}
		b.contacts[contact.SourceID] = e.Contact.ID
	}
	return b.post(ctx, b.sessions[e.Contact.ID], nil,
		map[string]string{"content": e.Message.Text}, nil)
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
		} `json:"conversation"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&m); err != nil {
		http.Error(w, "not a message", http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	contact := b.contacts[m.Conversation.ContactInbox.SourceID]
	// Chatwoot tells of what came in as well, and of notes that agents write to each other.
	if m.Event != "message_created" || m.Type != "outgoing" || m.Private || contact == 0 {
		return
	}
	err := b.reply(r.Context(), fmt.Sprintf("chatwoot-%d", m.ID), map[string]any{
		"contact_id": contact, "text": m.Content,
	})
	if err != nil {
		log.Print(err)
		http.Error(w, "Flow HQ failed", http.StatusBadGateway)
	}
}

// reply has Flow HQ write to a customer. 409 is an answer that came too late, or twice.
func (b *bridge) reply(ctx context.Context, key string, body map[string]any) error {
	headers := map[string]string{"Authorization": "Bearer " + b.getenv("FLOWHQ_KEY")}
	if key != "" {
		headers["Idempotency-Key"] = key
	}
	err := b.post(ctx, b.getenv("FLOWHQ_URL")+"/portal/messages", headers, body, nil)
	if status, ok := errors.AsType[statusError](err); ok && status == http.StatusConflict {
		log.Print("Flow HQ takes no such answer any more")
		return nil
	}
	return err
}

// A statusError is the status of an answer that is none of success.
type statusError int

func (s statusError) Error() string { return "answered " + strconv.Itoa(int(s)) }

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
