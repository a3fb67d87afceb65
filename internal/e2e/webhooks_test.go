package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/webhook"
)

// A hook is a receiver of webhooks, which fails now and then, and remembers what it has accepted.
type hook struct {
	*httptest.Server
	id       string
	failEach int // one of so many attempts fails; 0: none
	mu       sync.Mutex
	attempts int
	accepted []webhook.Event
	refused  map[string]int // times by event
}

// maxRefused bounds how often a hook refuses one event. After a third failure an event waits for
// 2 min, which is as long as the tests have patience.
const maxRefused = 2

// hook makes a receiver, and a webhook of the business that leads to it.
func (b *business) hook(failEach int, types ...flowhq.EventType) *hook {
	b.s.t.Helper()
	h := &hook{failEach: failEach, refused: map[string]int{}}
	h.Server = httptest.NewServer(h)
	b.s.t.Cleanup(h.Close)
	var made flowhq.Webhook
	b.s.must(b.s.call("POST", b.path()+"/webhooks", map[string]any{"url": h.URL, "types": types}, &made))
	h.id = made.ID
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var e webhook.Event
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	// Counted, not drawn: a draw would now and then refuse one event many times in a row.
	h.attempts++
	if h.failEach > 0 && h.attempts%h.failEach == 0 && h.refused[e.ID] < maxRefused {
		h.refused[e.ID]++
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	h.accepted = append(h.accepted, e)
}

// chats are the texts that each contact's events came with, each event's first time alone.
func (h *hook) chats() map[string][]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen, all := map[string]bool{}, map[string][]string{}
	for _, e := range h.accepted {
		if !seen[e.ID] && e.Message != nil {
			seen[e.ID] = true
			all[e.Message.Contact] = append(all[e.Message.Contact], e.Message.Text)
		}
	}
	return all
}

// has returns an error unless every chat has its texts, each once and in order.
func (h *hook) has(customers []*customer, want []string) error {
	got := h.chats()
	for _, c := range customers {
		if fmt.Sprint(got[c.number]) != fmt.Sprint(want) {
			return fmt.Errorf("events of %s: %v; want %v", c.number, got[c.number], want)
		}
	}
	return nil
}

// webhooksInside lets webhooks reach this machine, and has an outage noticed soon.
var webhooksInside = []string{"WEBHOOK_NETWORKS=127.0.0.0/8", "WEBHOOK_HTTP=true"}

// TestWebhooks has a receiver that fails at every tenth attempt, workers that are killed between
// what is read and what is sent, and Temporal lost: every message arrives, those of a chat in
// order.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	s := newStand(t, webhooksInside...)
	b := s.business(unlimited(barbers))
	first := s.armed("first", "FLOWHQ_FAILPOINTS=webhook.posted=kill:0.1")
	b.link()
	h := b.hook(10, flowhq.EventMessageReceived)
	var customers []*customer
	for i := range 4 {
		customers = append(customers, s.customer(fmt.Sprintf("+25571100000%d", i), "Amina"))
	}
	var texts []string
	write := func(n int) {
		t.Helper()
		for range n {
			text := fmt.Sprintf("message %d", len(texts))
			for _, c := range customers {
				if _, err := c.write(b, text); err != nil {
					t.Fatal(err)
				}
			}
			texts = append(texts, text)
		}
	}
	write(5)
	first.ended(patience)
	second := s.armed("second", "FLOWHQ_FAILPOINTS=webhook.read=kill:0.2")
	write(5)
	second.ended(patience)
	s.loseTemporal()
	write(2)
	s.startTemporal()
	s.worker("third")
	write(3)
	// A failed attempt waits for 5 s, and one after it for 30 s.
	eventually(t, 3*time.Minute, func() error { return h.has(customers, texts) })
	if len(h.refused) == 0 {
		t.Error("the receiver has refused nothing")
	}
	t.Logf("%d attempts were accepted, and %d events refused of %d", len(h.accepted),
		len(h.refused), len(texts)*len(customers))
	// When nothing waits there is no workflow, and no row that is due.
	eventually(t, patience, func() error {
		if n := s.scalar("select count(*) from flowhq.webhook_cursors where due_at is not null or not resting"); n != 0 {
			return fmt.Errorf("%d webhooks do not rest", n)
		}
		return nil
	})
	h.latency(b, customers[0])
}

// latency logs how long an event takes from the customer's phone to the receiver, when nothing else
// is under way.
func (h *hook) latency(b *business, c *customer) {
	b.s.t.Helper()
	h.mu.Lock()
	h.failEach = 0
	h.mu.Unlock()
	for range 5 {
		h.mu.Lock()
		before := len(h.accepted)
		h.mu.Unlock()
		began := time.Now()
		if _, err := c.write(b, "how long"); err != nil {
			b.s.t.Fatal(err)
		}
		eventually(b.s.t, patience, func() error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if len(h.accepted) == before {
				return fmt.Errorf("nothing came")
			}
			return nil
		})
		b.s.t.Logf("an event took %v", time.Since(began).Round(time.Millisecond))
	}
}
