package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/webhook"
)

// A program is a bot of others: a webhook tells it of each message, and it answers over the API, as
// docs/integrations.md shows for n8n, Typebot and Chatwoot.
type program struct {
	*httptest.Server
	s   *stand
	key string
	// silent programs take messages and say nothing.
	silent bool
}

// answers posts the answer to an event twice, as a program does whose first request had no answer.
func (p *program) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e webhook.Event
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil || e.Message == nil {
		http.Error(w, "no message", http.StatusBadRequest)
		return
	}
	if p.silent {
		return
	}
	body := fmt.Sprintf(`{"in_reply_to":%d,"text":"You said %s"}`, e.Message.ID, e.Message.Text)
	for range 2 {
		req, _ := http.NewRequestWithContext(r.Context(), http.MethodPost,
			p.s.api+"/portal/messages", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+p.key)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusAccepted {
			http.Error(w, "could not answer", http.StatusBadGateway)
			return
		}
		resp.Body.Close()
	}
}

// program makes a bot that answers the customers of a business.
func (b *business) program() *program {
	b.s.t.Helper()
	var key struct{ Secret string }
	b.s.must(b.s.call("POST", b.path()+"/keys",
		map[string]any{"name": "bot", "scopes": []string{"send"}}, &key))
	p := &program{s: b.s, key: key.Secret}
	p.Server = httptest.NewServer(p)
	b.s.t.Cleanup(p.Close)
	b.s.must(b.s.call("POST", b.path()+"/webhooks",
		map[string]any{"url": p.URL, "types": []string{"MESSAGE_RECEIVED"}}, nil))
	return p
}

// answeredBy chooses who answers.
func (b *business) answeredBy(a flowhq.Answerer) {
	b.s.t.Helper()
	b.s.must(b.s.call("PUT", b.path()+"/answered-by", map[string]any{"answered_by": a}, nil))
}

// TestBotOfOthers has a program answer in place of the template: each message once, over the death
// of the worker; what the program leaves, a person is asked to answer.
func TestBotOfOthers(t *testing.T) {
	t.Parallel()
	s := newStand(t, webhooksInside...)
	w := s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	p := b.program()
	b.answeredBy(flowhq.ByWebhook)
	c := s.customer("+255711000001", "Amina")
	if got := ask(t, c, b, "hello", patience); got != "You said hello" {
		t.Errorf("answer %q", got)
	}
	w.kill()
	if _, err := c.write(b, "still there?"); err != nil {
		t.Fatal(err)
	}
	s.worker("second")
	eventually(t, patience, func() error {
		inbox, err := c.inbox(b)
		if err == nil && (len(inbox) != 2 || inbox[1].Text != "You said still there?") {
			err = fmt.Errorf("inbox %+v", inbox)
		}
		return err
	})
	// A message that answers nothing does not hand the chat over.
	s.must(s.call("POST", b.path()+"/messages",
		map[string]any{"number": c.number, "text": "One more thing"}, nil))
	// The customer has it before the program is silent.
	eventually(t, patience, func() error {
		inbox, err := c.inbox(b)
		if err == nil && len(inbox) != 3 {
			err = fmt.Errorf("inbox %+v", inbox)
		}
		return err
	})
	p.silent = true
	if _, err := c.write(b, "anybody?"); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, func() error {
		if n := s.scalar("select count(*) from flowhq.message_logs where status = 'FORWARDED'"); n != 1 {
			return fmt.Errorf("%d messages are FORWARDED", n)
		}
		return nil
	})
	if _, err := s.session().ExecContext(t.Context(),
		`update flowhq.message_logs set forwarded_at = now() - interval '6 minutes' where status = 'FORWARDED'`); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, func() error {
		var page struct {
			HandOvers []flowhq.HandOver `json:"handovers"`
		}
		_, err := s.call("GET", b.path()+"/handovers", nil, &page)
		if err == nil && (len(page.HandOvers) != 1 || page.HandOvers[0].Reason != flowhq.HandOverUnanswered) {
			err = fmt.Errorf("hand-overs %+v", page.HandOvers)
		}
		return err
	})
	b.leftToPeople()
}

// leftToPeople has a business whose customers a person answers: the bot is silent, and the chat
// waits for a person.
func (b *business) leftToPeople() {
	b.s.t.Helper()
	b.answeredBy(flowhq.ByPerson)
	c := b.s.customer("+255711000002", "Juma")
	if _, err := c.write(b, "hello"); err != nil {
		b.s.t.Fatal(err)
	}
	eventually(b.s.t, patience, func() error {
		n := b.s.scalar("select count(*) from flowhq.handovers h join flowhq.contacts c on c.tenant_id = h.tenant_id and c.id = h.contact_id " +
			"where c.number = '+255711000002' and h.reason = 'UNANSWERED' and h.ended_at is null")
		if n != 1 {
			return fmt.Errorf("%d hand-overs", n)
		}
		return nil
	})
	if inbox, err := c.inbox(b); err != nil || len(inbox) > 0 {
		b.s.t.Errorf("inbox %+v, %v; want the bot to be silent", inbox, err)
	}
}
