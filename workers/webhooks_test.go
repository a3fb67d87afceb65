package workers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// TestWebhooksAreSignalled: an idle webhook costs nothing, one with an event is signalled once, and
// again only after a while, and one that could not be signalled is not forgotten.
func TestWebhooksAreSignalled(t *testing.T) {
	t.Parallel()
	s, c := testdb.OpenStore(t, testdb.New(t)), &temporal{}
	tenant := testdb.NewTenant(t, s)
	w, err := s.AddWebhook(t.Context(), tenant, store.NewWebhook{
		URL: "https://example.com", Types: []flowhq.EventType{flowhq.EventMessageReceived}, Secret: "whsec_",
	}, "admin")
	if err != nil {
		t.Fatal(err)
	}
	r := reconcilerOf(s, c, "a")
	look := func() []store.DueWebhook {
		t.Helper()
		c.mu.Lock()
		c.hooked = nil
		c.mu.Unlock()
		if err := r.webhooks(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.hooked
	}
	if got := look(); got != nil {
		t.Errorf("an idle webhook is signalled: %v", got)
	}
	if _, err := s.TestWebhook(t.Context(), tenant, w.ID, "admin"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]store.DueWebhook{{Tenant: tenant, Webhook: w.ID}}, look()); diff != "" {
		t.Errorf("with an event (-want +got):\n%s", diff)
	}
	if got := look(); got != nil {
		t.Errorf("signalled again at once: %v", got)
	}
}

// TestWebhookNotices leave one note at most, and none in a worker that does not reconcile.
func TestWebhookNotices(t *testing.T) {
	t.Parallel()
	n := newWebhookNotices()
	n.Notice(store.Notice{Kind: store.WebhookDue})
	if len(n.note) > 0 {
		t.Error("a note in a worker that does not reconcile")
	}
	n.mine.Store(true)
	n.Notice(store.Notice{Kind: store.NewWork})
	for range 3 {
		n.Notice(store.Notice{Kind: store.WebhookDue})
	}
	if len(n.note) != 1 {
		t.Errorf("%d notes; want 1", len(n.note))
	}
}

// TestForwardedIsGivenUp hands a chat over that no program has answered in time, and leaves one
// alone in which there is time.
func TestForwardedIsGivenUp(t *testing.T) {
	t.Parallel()
	url := testdb.New(t)
	s := testdb.OpenStore(t, url)
	tenant := testdb.NewTenant(t, s)
	db, err := store.OpenWA(url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const q = `
		with c as (
			insert into flowhq.contacts (tenant_id, number)
			select $1, '+25571100000' || n from generate_series(0, 2) n
			returning id, right(number, 1)::integer as n
		)
		insert into flowhq.message_logs (
			tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status, forwarded_at)
		select $1, 'IN', c.id, 'c', 'TEXT', 'hello', n.n::text, 'FORWARDED',
			now() - n.n * interval '1 minute'
		from generate_series(1, 8) n(n)
		join c on c.n = n.n % 3`
	if _, err := db.ExecContext(t.Context(), q, string(tenant)); err != nil {
		t.Fatal(err)
	}
	if err := reconcilerOf(s, &temporal{}, "a").forwarded(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, _, err := s.Messages(t.Context(), tenant, store.MessageFilter{Status: flowhq.Forwarded})
	if err != nil || len(all) != 4 { // of 1 to 4 minutes
		t.Errorf("%d messages wait, %v; want 4", len(all), err)
	}
	over, _, err := s.HandOvers(t.Context(), tenant, store.FactFilter{})
	if err != nil || len(over) != 3 || over[0].Reason != flowhq.HandOverUnanswered ||
		over[0].Until == nil || time.Until(*over[0].Until) > flowhq.DefaultHandOverMinutes*time.Minute {
		t.Errorf("hand-overs %+v, %v; want one for each contact", over, err)
	}
	if time.Since(over[0].At) > time.Minute {
		t.Errorf("handed over at %v", over[0].At)
	}
}
