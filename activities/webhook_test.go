package activities

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/flowhq/flowhq/internal/webhook"
)

// A receiver is a program of somebody else's, which answers as the test says.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []webhook.Event
	header []http.Header
	bodies []string
	// answer is called before the event counts as received; nil accepts all.
	answer func(w http.ResponseWriter, e webhook.Event) bool
}

func newReceiver(t *testing.T, answer func(http.ResponseWriter, webhook.Event) bool) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	var e webhook.Event
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	answer := r.answer
	r.mu.Unlock()
	if answer != nil && !answer(w, e) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got, r.header, r.bodies = append(r.got, e), append(r.header, req.Header), append(r.bodies, string(body))
}

// texts are those that were accepted of one contact, in the order in which they came; of all for 0.
func (r *receiver) texts(contact int64) (texts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.got {
		if e.Message != nil && (contact == 0 || e.Message.ContactID == contact) {
			texts = append(texts, e.Message.Text)
		}
	}
	return texts
}

// A hooked is a tenant with webhooks, and what delivers to them.
type hooked struct {
	*testing.T
	store  *store.Store
	db     *sql.DB
	tenant flowhq.TenantID
	run    *Activities
}

func newHooked(t *testing.T) *hooked {
	t.Helper()
	url := testdb.New(t)
	h := &hooked{T: t, store: testdb.OpenStore(t, url)}
	var err error
	if h.db, err = store.OpenWA(url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.db.Close() })
	h.tenant = testdb.NewTenant(t, h.store)
	h.run = &Activities{Store: h.store, Log: slog.New(slog.DiscardHandler),
		Poster: webhook.NewSender(webhook.Guard{
			PlainHTTP: true, Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		})}
	return h
}

// hook makes a webhook at a receiver, for all messages of customers.
func (h *hooked) hook(url string, types ...flowhq.EventType) (id, secret string) {
	h.Helper()
	if types == nil {
		types = []flowhq.EventType{flowhq.EventMessageReceived}
	}
	secret = webhook.NewSecret()
	w, err := h.store.AddWebhook(h.Context(), h.tenant,
		store.NewWebhook{URL: url, Types: types, Secret: secret}, "admin")
	if err != nil {
		h.Fatal(err)
	}
	return w.ID, secret
}

func (h *hooked) exec(q string, args ...any) {
	h.Helper()
	if _, err := h.db.ExecContext(h.Context(), q, args...); err != nil {
		h.Fatal(err)
	}
}

// contact makes a contact.
func (h *hooked) contact(number string) (id int64) {
	h.Helper()
	err := h.db.QueryRowContext(h.Context(),
		`insert into flowhq.contacts (tenant_id, number, name) values ($1, $2, 'Juma') returning id`,
		string(h.tenant), number).Scan(&id)
	if err != nil {
		h.Fatal(err)
	}
	return id
}

// says has a contact write.
func (h *hooked) says(contact int64, text string) {
	h.Helper()
	h.exec(`insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status)
		values ($1, 'IN', $2, 'c', 'TEXT', $3, gen_random_uuid()::text, 'RECEIVED')`, string(h.tenant), contact, text)
}

// due are the webhooks that the reconciler finds.
func (h *hooked) due() (ids []string) {
	h.Helper()
	all, err := h.store.ClaimWebhooks(h.Context(), time.Second, time.Minute, 10)
	if err != nil {
		h.Fatal(err)
	}
	for _, d := range all {
		ids = append(ids, d.Webhook)
	}
	return ids
}

// deliver runs Deliver once.
func (h *hooked) deliver(id string) WebhookNext {
	h.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivityWithOptions(h.run.Deliver, activity.RegisterOptions{Name: DeliverActivity})
	v, err := env.ExecuteActivity(DeliverActivity, WebhookInput{Tenant: h.tenant, Webhook: id})
	var next WebhookNext
	if err == nil {
		err = v.Get(&next)
	}
	if err != nil {
		h.Fatal(err)
	}
	return next
}

// hasten makes all deliveries due that wait.
func (h *hooked) hasten(id string) {
	h.Helper()
	if err := h.store.HastenDeliveries(h.Context(), h.tenant, id); err != nil {
		h.Fatal(err)
	}
}

// deliveries are the statuses of what was read for a webhook, the newest first.
func (h *hooked) deliveries(id string) []flowhq.WebhookDelivery {
	h.Helper()
	all, _, err := h.store.Deliveries(h.Context(), h.tenant, id, store.DeliveryFilter{})
	if err != nil {
		h.Fatal(err)
	}
	return all
}

// TestDeliver sends what was written, signed, in the order of each chat, and nothing while nothing
// happens.
func TestDeliver(t *testing.T) {
	t.Parallel()
	h, r := newHooked(t), newReceiver(t, nil)
	id, secret := h.hook(r.URL)
	if due := h.due(); due != nil {
		t.Errorf("an idle webhook is due: %v", due)
	}
	asha, juma := h.contact("+255700000001"), h.contact("+255700000002")
	for n := range 30 {
		h.says(asha, fmt.Sprintf("a%d", n))
		h.says(juma, fmt.Sprintf("j%d", n))
	}
	if due := h.due(); !cmp.Equal(due, []string{id}) {
		t.Errorf("due are %v; want the webhook", due)
	}
	if next := h.deliver(id); !next.At.IsZero() || next.More {
		t.Errorf("next = %+v; want nothing", next)
	}
	for contact, letter := range map[int64]string{asha: "a", juma: "j"} {
		var want []string
		for n := range 30 {
			want = append(want, fmt.Sprint(letter, n))
		}
		if diff := cmp.Diff(want, r.texts(contact)); diff != "" {
			t.Errorf("order of a chat (-want +got):\n%s", diff)
		}
	}
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", r.header[0].Get("webhook-id"),
		r.header[0].Get("webhook-timestamp"), r.bodies[0])
	if want, got := "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		r.header[0].Get("webhook-signature"); got != want {
		t.Errorf("signature %s; want %s", got, want)
	}
	if e := r.got[0]; e.ID != r.header[0].Get("webhook-id") || e.Contact == nil ||
		e.Contact.Number == "" || e.Type != flowhq.EventMessageReceived {
		t.Errorf("event %+v", e)
	}
	h.says(asha, "again")
	if due := h.due(); len(due) != 1 {
		t.Errorf("due after a rest are %v", due)
	}
	h.deliver(id)
	if got := r.texts(asha); got[len(got)-1] != "again" || len(got) != 31 {
		t.Errorf("got %v", got)
	}
}

// TestDeliverHoldsBackItsChatAlone: what a receiver does not accept keeps what follows in its chat
// waiting, and no other chat.
func TestDeliverHoldsBackItsChatAlone(t *testing.T) {
	t.Parallel()
	refuse := true
	r := newReceiver(t, nil)
	r.answer = func(w http.ResponseWriter, e webhook.Event) bool {
		if refuse && e.Message.Text == "bad" {
			w.WriteHeader(http.StatusInternalServerError)
			return false
		}
		return true
	}
	h := newHooked(t)
	id, _ := h.hook(r.URL)
	asha, juma := h.contact("+255700000001"), h.contact("+255700000002")
	h.says(asha, "bad")
	h.says(asha, "after")
	h.says(juma, "other")
	h.due()
	next := h.deliver(id)
	if wait := time.Until(next.At); wait < 3*time.Second || wait > 7*time.Second {
		t.Errorf("next in %v; want the first pause", wait)
	}
	if diff := cmp.Diff([]string{"other"}, r.texts(0)); diff != "" {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
	d := h.deliveries(id)[2]
	if d.Status != flowhq.DeliveryPending || d.ResponseCode != 500 || d.Attempts != 1 ||
		!strings.Contains(d.Reason, "500") {
		t.Errorf("delivery %+v", d)
	}
	// A message in another chat does not wait for the pause of this one.
	h.says(juma, "more")
	if due := h.due(); len(due) != 1 {
		t.Fatalf("due are %v", due)
	}
	h.deliver(id)
	if diff := cmp.Diff([]string{"other", "more"}, r.texts(0)); diff != "" {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
	r.mu.Lock()
	refuse = false
	r.mu.Unlock()
	h.hasten(id)
	h.deliver(id)
	if diff := cmp.Diff([]string{"bad", "after"}, r.texts(asha)); diff != "" {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
}
