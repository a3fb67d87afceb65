package activities

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/webhook"
)

// webhook reads a webhook.
func (h *hooked) webhook(id string) flowhq.Webhook {
	h.Helper()
	w, err := h.store.Webhook(h.Context(), h.tenant, id)
	if err != nil {
		h.Fatal(err)
	}
	return w
}

// TestDeliverEndsWith410 disables a webhook whose receiver wants no more. What waits is set aside,
// and what comes afterwards makes nothing due until somebody enables it.
func TestDeliverEndsWith410(t *testing.T) {
	t.Parallel()
	h, r := newHooked(t), newReceiver(t, func(w http.ResponseWriter, _ webhook.Event) bool {
		w.WriteHeader(http.StatusGone)
		return false
	})
	id, _ := h.hook(r.URL)
	asha := h.contact("+255700000001")
	h.says(asha, "one")
	h.says(asha, "two")
	h.due()
	if next := h.deliver(id); next.More || !next.At.IsZero() {
		t.Errorf("next %+v", next)
	}
	if w := h.webhook(id); w.Enabled || !strings.Contains(w.Reason, "410") {
		t.Errorf("webhook %+v", w)
	}
	for _, d := range h.deliveries(id) {
		if d.Status != flowhq.DeliverySetAside {
			t.Errorf("delivery %+v", d)
		}
	}
	h.says(asha, "three")
	if due := h.due(); due != nil {
		t.Errorf("due are %v", due)
	}
	r.mu.Lock()
	r.answer = nil
	r.mu.Unlock()
	enabled := true
	if _, err := h.store.ChangeWebhook(t.Context(), h.tenant, id,
		store.WebhookChange{Enabled: &enabled}, "admin"); err != nil {
		t.Fatal(err)
	}
	h.says(asha, "four")
	h.due()
	h.deliver(id)
	if diff := cmp.Diff([]string{"four"}, r.texts(asha)); diff != "" {
		t.Errorf("after it was enabled (-want +got):\n%s", diff)
	}
	// A replay sends what it has missed, in order.
	if _, err := h.store.ReplayWebhook(t.Context(), h.tenant, id, store.Replay{From: 1},
		"admin"); err != nil {
		t.Fatal(err)
	}
	if due := h.due(); len(due) != 1 {
		t.Errorf("due for the replay are %v", due)
	}
	h.deliver(id)
	if diff := cmp.Diff([]string{"four", "one", "two", "three", "four"}, r.texts(asha)); diff != "" {
		t.Errorf("after the replay (-want +got):\n%s", diff)
	}
}

// TestDeliverToDeadReceiver asks a receiver that refuses everything with one event at a time, and
// has everything delivered when it accepts that.
func TestDeliverToDeadReceiver(t *testing.T) {
	t.Parallel()
	var dead atomic.Bool
	var tried atomic.Int32
	dead.Store(true)
	h, r := newHooked(t), newReceiver(t, func(w http.ResponseWriter, _ webhook.Event) bool {
		tried.Add(1)
		if dead.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return !dead.Load()
	})
	id, _ := h.hook(r.URL)
	for n := range 30 {
		h.says(h.contact(fmt.Sprintf("+2557000000%02d", n)), "hello")
	}
	h.due()
	next := h.deliver(id)
	if n := tried.Load(); n > 2*chatsAtOnce {
		t.Errorf("%d attempts at a receiver that is dead", n)
	}
	if wait := time.Until(next.At); wait < time.Second || wait > time.Minute {
		t.Errorf("next in %v", wait)
	}
	// No event makes it due before: the workflow's timer does.
	h.says(h.contact("+255700000099"), "late")
	if due := h.due(); due != nil {
		t.Errorf("due are %v", due)
	}
	before := tried.Load()
	h.deliver(id)
	if n := tried.Load() - before; n != 1 {
		t.Errorf("%d attempts to find out whether it is alive; want 1", n)
	}
	dead.Store(false)
	h.deliver(id)
	if got := r.texts(0); len(got) != 31 {
		t.Errorf("%d events arrived; want 31", len(got))
	}
	if w := h.webhook(id); w.Failures != 0 || w.RetryAt != nil {
		t.Errorf("webhook %+v", w)
	}
}

// TestDeliverToAPickyReceiver: one that refuses some events, in as many chats as make it count as
// down, gets all others all the same, within moments.
func TestDeliverToAPickyReceiver(t *testing.T) {
	t.Parallel()
	h, r := newHooked(t), newReceiver(t, func(w http.ResponseWriter, e webhook.Event) bool {
		if e.Message.Text == "bad" {
			w.WriteHeader(http.StatusInternalServerError)
			return false
		}
		return true
	})
	id, _ := h.hook(r.URL)
	for n := range downChats {
		h.says(h.contact(fmt.Sprintf("+2557000000%02d", n)), "bad")
	}
	h.due()
	if next := h.deliver(id); next.At.IsZero() {
		t.Fatalf("next %+v; want it to count as down", next)
	}
	asha := h.contact("+255700000098")
	for _, text := range []string{"ok", "fine", "thanks"} {
		h.says(asha, text)
	}
	// Two pauses of the webhook, of seconds each.
	for range 2 {
		h.exec(`update flowhq.webhook_cursors set due_at = now() where tenant_id = $1`,
			string(h.tenant))
		h.deliver(id)
	}
	if diff := cmp.Diff([]string{"ok", "fine", "thanks"}, r.texts(asha)); diff != "" {
		t.Errorf("of a chat that is well (-want +got):\n%s", diff)
	}
}

// TestDisabledWhileItIsDown: a webhook that is disabled while its receiver is tried rests for good.
func TestDisabledWhileItIsDown(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	var id string
	var tried atomic.Int32
	r := newReceiver(t, func(w http.ResponseWriter, _ webhook.Event) bool {
		// The last failure is what makes it count as down.
		if tried.Add(1) == downAfter {
			off := false
			if _, err := h.store.ChangeWebhook(h.Context(), h.tenant, id,
				store.WebhookChange{Enabled: &off}, "admin"); err != nil {
				h.Error(err)
			}
		}
		w.WriteHeader(http.StatusInternalServerError)
		return false
	})
	id, _ = h.hook(r.URL)
	for n := range downChats {
		h.says(h.contact(fmt.Sprintf("+2557000000%02d", n)), "hello")
	}
	h.due()
	h.deliver(id)
	if _, rests, err := h.store.RestWebhook(t.Context(), h.tenant, id, time.Hour); rests ||
		err != nil {
		t.Errorf("a disabled webhook rests: %v, %v", rests, err)
	}
	var due bool
	if err := h.db.QueryRowContext(t.Context(), `select due_at is not null from flowhq.webhook_cursors
		where tenant_id = $1`, string(h.tenant)).Scan(&due); err != nil || due {
		t.Errorf("a disabled webhook is due: %v, %v", due, err)
	}
}

// TestWebhookOfAMergedContact: what waits for a receiver in two chats that become one is one
// chat's, in its order, and names the contact that there is.
func TestWebhookOfAMergedContact(t *testing.T) {
	t.Parallel()
	h, r := newHooked(t), newReceiver(t, nil)
	id, _ := h.hook(r.URL)
	epoch, err := h.store.Claim(t.Context(), h.tenant, "host")
	if err != nil {
		t.Fatal(err)
	}
	receive := func(lid, number, text string) {
		t.Helper()
		if _, err := h.store.Receive(t.Context(), h.tenant, epoch, store.Inbound{
			LID: lid, Number: number, WAID: text, Kind: flowhq.KindText, Text: text,
		}); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for n := range 6 {
		want = append(want, fmt.Sprint(n))
		if n%2 == 0 {
			receive("41@lid", "", want[n])
		} else {
			receive("", "+255700000041", want[n])
		}
		// Some are read before the two are known to be one, and some after.
		if n == 3 {
			if _, err := h.store.ReadForWebhook(t.Context(), h.tenant, id, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
	}
	receive("41@lid", "+255700000041", "both")
	h.due()
	h.deliver(id)
	if diff := cmp.Diff(append(want, "both"), r.texts(0)); diff != "" {
		t.Errorf("order of the chat (-want +got):\n%s", diff)
	}
	for _, e := range r.got {
		var data flowhq.MessageEvent
		if err := json.Unmarshal(e.Data, &data); err != nil || e.Contact == nil ||
			e.Contact.ID != data.ContactID || e.Message.ContactID != data.ContactID {
			t.Errorf("event %s has data %s, contact %+v, and a message of %d: %v", e.ID, e.Data,
				e.Contact, e.Message.ContactID, err)
		}
	}
}

// TestDeliverGivesUp sets aside what was not accepted for a day, and goes on with what follows in
// the chat.
func TestDeliverGivesUp(t *testing.T) {
	t.Parallel()
	h, r := newHooked(t), newReceiver(t, func(w http.ResponseWriter, e webhook.Event) bool {
		if e.Message.Text == "poison" {
			w.WriteHeader(http.StatusBadRequest)
			return false
		}
		return true
	})
	id, _ := h.hook(r.URL)
	asha := h.contact("+255700000001")
	h.says(asha, "poison")
	h.says(asha, "after")
	h.due()
	h.deliver(id)
	h.exec(`update flowhq.webhook_deliveries set expires_at = now(), next_at = now() where tenant_id = $1`, string(h.tenant))
	h.deliver(id)
	h.hasten(id)
	h.deliver(id)
	if diff := cmp.Diff([]string{"after"}, r.texts(asha)); diff != "" {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
	if d := h.deliveries(id)[1]; d.Status != flowhq.DeliverySetAside || d.Attempts != 2 || d.NextAt != nil {
		t.Errorf("delivery %+v", d)
	}
}

// TestSlowReceiverDelaysNobodyElse: while one webhook's receiver hangs, another one's gets its
// events.
func TestSlowReceiverDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	slow := newReceiver(t, func(http.ResponseWriter, webhook.Event) bool { <-end; return true })
	h, quick := newHooked(t), newReceiver(t, nil)
	slowID, _ := h.hook(slow.URL)
	quickID, _ := h.hook(quick.URL)
	asha := h.contact("+255700000001")
	h.says(asha, "hello")
	h.due()
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.deliver(slowID)
	}()
	h.deliver(quickID)
	if got := quick.texts(asha); len(got) != 1 {
		t.Errorf("the quick one has %v", got)
	}
	close(end)
	<-done
	if got := slow.texts(asha); len(got) != 1 {
		t.Errorf("the slow one has %v", got)
	}
}

// TestErasedContactIsNotSent: what waits for a receiver goes with the customer, and an event whose
// message retention has deleted is sent without it.
func TestErasedContactIsNotSent(t *testing.T) {
	t.Parallel()
	h, r := newHooked(t), newReceiver(t, nil)
	id, _ := h.hook(r.URL)
	asha, juma := h.contact("+255700000001"), h.contact("+255700000002")
	h.says(asha, "secret")
	h.says(juma, "old")
	h.due()
	if _, err := h.store.ReadForWebhook(t.Context(), h.tenant, id, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := h.store.EraseContactRows(t.Context(),
		store.Erasure{Tenant: h.tenant, Contact: asha}); err != nil {
		t.Fatal(err)
	}
	h.exec(`delete from flowhq.message_logs where tenant_id = $1`, string(h.tenant))
	h.deliver(id)
	if len(r.got) != 1 || r.got[0].Message != nil || r.got[0].Contact.ID != juma ||
		strings.Contains(r.bodies[0], "old") {
		t.Errorf("got %v", r.bodies)
	}
}

// TestTestEventGoesToItsWebhookAlone, and is signed with both secrets after a rotation.
func TestTestEventGoesToItsWebhookAlone(t *testing.T) {
	t.Parallel()
	h, r, other := newHooked(t), newReceiver(t, nil), newReceiver(t, nil)
	id, old := h.hook(r.URL)
	otherID, _ := h.hook(other.URL)
	secret := webhook.NewSecret()
	if _, err := h.store.RotateWebhookSecret(t.Context(), h.tenant, id, secret, "admin"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.TestWebhook(t.Context(), h.tenant, id,
		"operator asha@example.com (10.0.0.1)"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{id}, h.due()); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	h.deliver(id)
	h.deliver(otherID)
	if len(other.got) > 0 || len(r.got) != 1 || r.got[0].Type != flowhq.EventWebhookTested ||
		strings.Contains(r.bodies[0], "asha") {
		t.Fatalf("got %v and %v", r.bodies, other.bodies)
	}
	head := r.header[0]
	want := webhook.Signature(head.Get("webhook-id"), head.Get("webhook-timestamp"),
		[]byte(r.bodies[0]), []string{secret, old})
	if got := head.Get("webhook-signature"); got != want {
		t.Errorf("signature %s; want %s", got, want)
	}
}

// TestFactsAreSent as they are now, whatever they were when the event happened.
func TestFactsAreSent(t *testing.T) {
	t.Parallel()
	h, r := newHooked(t), newReceiver(t, nil)
	id, _ := h.hook(r.URL, flowhq.EventBookingCreated, flowhq.EventOrderCreated,
		flowhq.EventTicketCreated, flowhq.EventTicketChanged)
	asha := h.contact("+255700000001")
	h.exec(`insert into flowhq.bookings (tenant_id, number, contact_id, service, minutes, starts_at, ends_at, status, capacity)
		values ($1, 'K1', $2, 'a haircut', 30, now() + interval '3 hours', now() + interval '3.5 hours', 'CONFIRMED', 9)`, string(h.tenant), asha)
	h.exec(`insert into flowhq.orders (tenant_id, number, contact_id, status, lines, total, delivery) values ($1, 'O1', $2, 'OPEN', '[]', 0, '{}')`, string(h.tenant), asha)
	h.exec(`insert into flowhq.tickets (tenant_id, number, contact_id, status, subject) values ($1, 'T1', $2, 'OPEN', 'no water')`, string(h.tenant), asha)
	h.exec(`update flowhq.tickets set status = 'CLOSED' where tenant_id = $1`, string(h.tenant))
	h.due()
	h.deliver(id)
	if len(r.bodies) != 4 {
		t.Fatalf("got %v", r.bodies)
	}
	for i, want := range []string{`"service":"a haircut"`, `"number":"O1"`, `"status":"CLOSED"`,
		`"subject":"no water"`} {
		if !strings.Contains(string(r.got[i].Fact), want) {
			t.Errorf("%s with %s; want %s", r.got[i].Type, r.got[i].Fact, want)
		}
	}
}
