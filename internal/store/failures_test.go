package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// setAside has one event of a tenant's new webhook set aside, and returns the webhook and the id of
// the delivery.
func (b *bench) setAside(t *testing.T, tenant flowhq.TenantID, epoch int64, reason string) (webhook string, id int64) {
	t.Helper()
	w := must(b.AddWebhook(t.Context(), tenant, store.NewWebhook{
		URL: "https://key:secret@hooks.example.com:8443/in?token=s", Types: aWebhook.Types,
		Secret: aWebhook.Secret,
	}, "admin"))(t)
	b.receive(t, tenant, epoch, "hello "+reason)
	must(b.ReadForWebhook(t.Context(), tenant, w.ID, time.Minute))(t)
	all, _, err := b.Deliveries(t.Context(), tenant, w.ID, store.DeliveryFilter{})
	ok(t, err)
	id = all[0].ID
	must(b.RecordAttempt(t.Context(), tenant, w.ID, id,
		store.WebhookAttempt{Final: true, Reason: reason, Code: 502}))(t)
	return w.ID, id
}

// refuses wants an error with a code.
func refuses(t *testing.T, err error, code flowhq.Code) {
	t.Helper()
	if flowhq.ErrorCode(err) != code {
		t.Errorf("failed with %v; want code %s", err, code)
	}
}

// TestAsideDeliveries: what was set aside of all tenants is listed by reason, without the secrets of
// an address, and one of them is tried again, once.
func TestAsideDeliveries(t *testing.T) {
	t.Parallel()
	b := open(t)
	a, epochA := b.hosted(t)
	other, epochB := b.hosted(t)
	webhook, first := b.setAside(t, a, epochA, "it answered 502")
	// A page that has the last delivery is the last page, also if it is full.
	own, next, err := b.Deliveries(t.Context(), a, webhook, store.DeliveryFilter{Limit: 1})
	if ok(t, err); len(own) != 1 || own[0].ID != first || next != 0 {
		t.Errorf("deliveries of the webhook %+v, next %d; want delivery %d alone", own, next, first)
	}
	_, second := b.setAside(t, other, epochB, "it answered 502")
	_, third := b.setAside(t, other, epochB, "no answer")
	page, next, err := b.AsideDeliveries(t.Context(), store.FailureFilter{Reason: "it answered 502", Limit: 1})
	if ok(t, err); len(page) != 1 || page[0].ID != second || next != second {
		t.Fatalf("first page %+v, next %d; want delivery %d alone", page, next, second)
	}
	page, next, err = b.AsideDeliveries(t.Context(),
		store.FailureFilter{Reason: "it answered 502", Cursor: next})
	ok(t, err)
	got := page[0]
	got.TenantName, got.EventID, got.ContactID, got.CreatedAt, got.TriedAt = "", 0, 0, time.Time{}, nil
	want := flowhq.AsideDelivery{Tenant: a, Webhook: webhook, Host: "hooks.example.com:8443",
		WebhookDelivery: flowhq.WebhookDelivery{ID: first, Type: flowhq.EventMessageReceived,
			Status: flowhq.DeliverySetAside, Attempts: 1, Reason: "it answered 502", ResponseCode: 502}}
	if diff := cmp.Diff(want, got); diff != "" || len(page) != 1 || next != 0 {
		t.Errorf("second page of %d, next %d (-want +got):\n%s", len(page), next, diff)
	}
	// A retry goes through them the other way.
	var oldest []int64
	f := store.FailureFilter{OldestFirst: true, Limit: 1}
	for done := false; !done; done = f.Cursor == 0 {
		page, f.Cursor, err = b.AsideDeliveries(t.Context(), f)
		ok(t, err)
		oldest = append(oldest, page[0].ID)
	}
	if diff := cmp.Diff([]int64{first, second, third}, oldest); diff != "" {
		t.Errorf("the oldest first (-want +got):\n%s", diff)
	}
	reasons := must(b.AsideReasons(t.Context(), store.FailureFilter{}))(t)
	if len(reasons) != 2 || reasons[0].Deliveries != 2 || reasons[0].Tenants != 2 ||
		reasons[1].Reason != "no answer" {
		t.Errorf("reasons %+v", reasons)
	}
	page, next, err = b.AsideDeliveries(t.Context(), store.FailureFilter{Tenant: other, Limit: 1})
	if ok(t, err); len(page) != 1 || page[0].ID != third || next != third {
		t.Errorf("first page of one tenant %+v, next %d; want delivery %d alone", page, next, third)
	}
	reasons = must(b.AsideReasons(t.Context(), store.FailureFilter{Tenant: a}))(t)
	if len(reasons) != 1 || reasons[0].Deliveries != 1 || reasons[0].Tenants != 1 {
		t.Errorf("reasons of one tenant %+v", reasons)
	}

	b.exec(t, `update flowhq.webhook_cursors set due_at = null, resting = true`)
	ok(t, b.RetryDelivery(t.Context(), a, first, "admin"))
	due := must(b.ClaimWebhooks(t.Context(), 0, time.Minute, 10))(t)
	if diff := cmp.Diff([]store.DueWebhook{{Tenant: a, Webhook: webhook}}, due); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	d, there, err := b.NextDelivery(t.Context(), a, webhook, must(b.WaitingChats(t.Context(), a,
		webhook, nil, false, 1))(t)[0], false)
	if ok(t, err); !there || d.ID != first || d.Attempts != 0 {
		t.Errorf("next delivery %+v, %t; want %d, not tried", d, there, first)
	}
	refuses(t, b.RetryDelivery(t.Context(), a, first, "admin"), flowhq.Conflict)
	refuses(t, b.RetryDelivery(t.Context(), a, second, "admin"), flowhq.NotFound)
	off := false
	for _, w := range must(b.Webhooks(t.Context(), other))(t) {
		must(b.ChangeWebhook(t.Context(), other, w.ID, store.WebhookChange{Enabled: &off}, "admin"))(t)
	}
	refuses(t, b.RetryDelivery(t.Context(), other, third, "admin"), flowhq.Conflict)
}

// TestIntake counts who wrote since a time, what, and what of that was answered.
func TestIntake(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	b.exec(t, `insert into flowhq.message_logs (
			tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status, created_at)
		select $1, d, c, 'c', 'TEXT', 'x', concat(n), s, now() - make_interval(hours => h)
		from (values (1, 'IN', 1, 'ANSWERED', 1), (2, 'IN', 1, 'IGNORED', 1),
			(3, 'IN', 2, 'ANSWERED', 2), (4, 'OUT', 3, 'SENT', 1), (5, 'IN', 4, 'ANSWERED', 30))
			as m (n, d, c, s, h)`, tenant)
	for hours, want := range map[int]flowhq.Intake{
		3: {Customers: 2, Received: 3, Answered: 2}, 48: {Customers: 3, Received: 4, Answered: 3},
		0: {},
	} {
		got := must(b.Intake(t.Context(), tenant, time.Now().Add(-time.Duration(hours)*time.Hour)))(t)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("of %d hours (-want +got):\n%s", hours, diff)
		}
	}
}
