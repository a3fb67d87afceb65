package workers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/flowhq/flowhq/internal/whatsapp/keystore"
)

// What is known of the customer who is erased, and of one who stays.
const (
	erasedLID, erasedNumber, erasedName = "77001122334455@lid", "+255766123456", "Zuhura Mzee"
	keptLID, keptNumber, keptName       = "88001122334455@lid", "+255766999999", "Kept Person"
	device                              = "255700000001:7@s.whatsapp.net"
)

// An eraseBench is a database with both schemas.
type eraseBench struct {
	*testing.T
	store      *store.Store
	people     *keystore.Store
	raw        *sql.DB
	tenant     flowhq.TenantID
	epoch      int64
	control    *temporal
	reconciler *reconciler
}

func newEraseBench(t *testing.T) *eraseBench {
	url := testdb.New(t, keystore.Upgrade)
	db, err := store.OpenWA(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := &eraseBench{T: t, store: testdb.OpenStore(t, url), raw: db, control: &temporal{}}
	if b.people, err = keystore.New(db, nil); err != nil {
		t.Fatal(err)
	}
	b.tenant = testdb.NewTenant(t, b.store)
	if b.epoch, err = b.store.Claim(t.Context(), b.tenant, "host"); err != nil {
		t.Fatal(err)
	}
	b.exec(`update flowhq.whatsapp_sessions set device_jid = $1`, device)
	b.exec(`insert into wa.whatsmeow_device (jid, registration_id, noise_key, identity_key, signed_pre_key, signed_pre_key_id, signed_pre_key_sig,
			adv_key, adv_details, adv_account_sig, adv_account_sig_key, adv_device_sig)
		select $1, 1, k, k, k, 1, k || k, k, k, k || k, k, k || k from (select decode(repeat('00', 32), 'hex') as k) as keys`, device)
	b.reconciler = reconcilerOf(b.store, b.control, "worker")
	b.reconciler.people = b.people
	return b
}

func (b *eraseBench) exec(q string, args ...any) {
	b.Helper()
	if _, err := b.raw.ExecContext(b.Context(), q, args...); err != nil {
		b.Fatalf("%s: %v", q, err)
	}
}

// person leaves a customer in every table that has anything of customers, and returns the contact.
func (b *eraseBench) person(lid, number, name string) int64 {
	b.Helper()
	words := "the words of " + name
	in := store.Inbound{LID: lid, Number: number, Name: name, WAID: "1" + lid,
		Kind: flowhq.KindText, Text: words, SentAt: time.Now()}
	r, err := b.store.Receive(b.Context(), b.tenant, b.epoch, in)
	if err != nil {
		b.Fatal(err)
	}
	at := time.Now().Add(72*time.Hour + 3*time.Hour*time.Duration(lid[0]-'0')).Truncate(time.Hour)
	_, _, err = b.store.Answer(b.Context(), b.tenant, b.epoch, r.ID, store.Outcome{
		Status: flowhq.Answered, Reply: &store.Outbound{WAID: "R" + lid, Kind: flowhq.KindReply,
			Text: "dear " + name},
		State:      []byte(fmt.Sprintf(`{"name": %q}`, name)),
		Understood: []byte(fmt.Sprintf(`{"text": %q}`, words)), HandOverFor: time.Hour,
		OwnerNotice: &store.OwnerNotice{To: "+255700000099", WAID: "N" + lid,
			Text: "https://wa.me/" + number[1:] + " asks for you"},
		Facts: []flowhq.FactChange{
			{Booking: &flowhq.Booking{Service: "cut", Minutes: 30, StartsAt: at, Name: name,
				Note: words, Status: flowhq.BookingConfirmed}},
			{Order: &flowhq.Order{Lines: []flowhq.OrderLine{{Name: words, Quantity: 1}},
				Delivery: flowhq.Drop{Address: words}, Name: name, Status: flowhq.OrderOpen}},
			{Ticket: &flowhq.Ticket{Subject: "net", Note: words, Status: flowhq.TicketOpen}},
			{Unanswered: &flowhq.Unanswered{Text: words, Language: flowhq.English}},
			{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverAsked, Note: words}},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	// One that waits for its answer, and one that an operator has written.
	in.WAID, in.Text = "2"+lid, words+" again"
	if _, err := b.store.Receive(b.Context(), b.tenant, b.epoch, in); err != nil {
		b.Fatal(err)
	}
	contacts, _, err := b.store.Contacts(b.Context(), b.tenant, store.ContactFilter{Text: number})
	if err != nil || len(contacts) != 1 {
		b.Fatalf("contacts of %s: %v, %v", number, contacts, err)
	}
	id := contacts[0].ID
	if _, err := b.store.Write(b.Context(), b.tenant,
		store.NewMessage{Contact: id, Text: words, Key: lid, Actor: "operator"}); err != nil {
		b.Fatal(err)
	}
	b.keys(lid, number[1:], name)
	return id
}

// keys leaves a customer in the library's tables.
func (b *eraseBench) keys(lid, digits, name string) {
	b.Helper()
	user := strings.TrimSuffix(lid, "@lid")
	b.exec(`insert into wa.whatsmeow_lid_map (lid, pn) values ($1, $2)`, user, digits)
	key := make([]byte, 32)
	for i, signal := range []string{user + "_1:0", user + "_1:3", digits + ":0", digits + ":12"} {
		b.exec(`insert into wa.whatsmeow_sessions values ($1, $2, $3)`, device, signal, []byte(name))
		b.exec(`insert into wa.whatsmeow_identity_keys values ($1, $2, $3)`, device, signal, key)
		b.exec(`insert into wa.whatsmeow_sender_keys values ($1, $2, $3, $4)`, device,
			"status@broadcast", signal, key)
		jid := []string{lid, user + ":3@lid", digits + "@s.whatsapp.net", digits + ":12@s.whatsapp.net"}[i]
		b.exec(`insert into wa.whatsmeow_contacts values ($1, $2, $3, $3, $3, $3, $4)`, device, jid,
			name, digits)
		b.exec(`insert into wa.whatsmeow_chat_settings values ($1, $2)`, device, jid)
		b.exec(`insert into wa.whatsmeow_message_secrets values ($1, $2, $2, 'id', $3)`, device, jid, key)
		b.exec(`insert into wa.whatsmeow_message_secrets values ($1, 'group@g.us', $2, 'id', $3)`,
			device, jid, key)
		b.exec(`insert into wa.whatsmeow_privacy_tokens values ($1, $2, $3, 0)`, device, jid, key)
		b.exec(`insert into wa.whatsmeow_retry_buffer values ($1, $2, 'id', 'x', $3, 0)`, device,
			jid, []byte(name))
	}
}

// traces returns the columns of all tables in which something is found that tells of a person.
func (b *eraseBench) traces(words ...string) (found []string) {
	b.Helper()
	rows, err := b.raw.QueryContext(b.Context(), `select table_schema, table_name, column_name, data_type
		from information_schema.columns join information_schema.tables using (table_schema, table_name)
		where table_schema in ('flowhq', 'wa', 'public') and table_type = 'BASE TABLE'`)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	type column struct{ schema, table, name, kind string }
	var columns []column
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.schema, &c.table, &c.name, &c.kind); err != nil {
			b.Fatal(err)
		}
		columns = append(columns, c)
	}
	if err := rows.Err(); err != nil || len(columns) < 200 {
		b.Fatalf("%d columns, %v", len(columns), err)
	}
	for _, c := range columns {
		name := `"` + c.name + `"`
		if c.kind == "bytea" {
			name = "encode(" + name + ", 'escape')"
		}
		for _, word := range words {
			var n int
			q := fmt.Sprintf(`select count(*) from %q.%q where strpos(%s::text, $1) > 0`, c.schema,
				c.table, name)
			if err := b.raw.QueryRowContext(b.Context(), q, word).Scan(&n); err != nil {
				b.Fatalf("%s: %v", q, err)
			}
			if n > 0 {
				found = append(found, fmt.Sprintf("%s.%s.%s has %q in %d rows", c.schema, c.table,
					c.name, word, n))
			}
		}
	}
	return found
}

// TestErasedContactIsNowhere: no table has anything of a contact that was erased, whatever became
// of the worker on the way, and all of everybody else.
func TestErasedContactIsNowhere(t *testing.T) {
	b := newEraseBench(t)
	kept := b.person(keptLID, keptNumber, keptName)
	before := b.traces("88001122334455", keptNumber[1:], keptName)
	id := b.person(erasedLID, erasedNumber, erasedName)
	words := []string{"77001122334455", erasedNumber[1:], erasedName}
	if n := len(b.traces(words...)); n < 25 {
		t.Fatalf("the contact is in %d columns only: the test looks at too little", n)
	}
	if err := b.store.EraseContact(t.Context(), b.tenant, id, "operator asha@example.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.store.Contact(t.Context(), b.tenant, id); flowhq.ErrorCode(err) != flowhq.NotFound {
		t.Errorf("the contact is still there: %v", err)
	}
	waiting, err := b.store.Unsent(t.Context(), b.tenant, 0, 100)
	for _, m := range waiting {
		if err != nil || m.ContactID == id {
			t.Errorf("message %d is still to be sent, %v", m.ID, err)
		}
	}
	if err := b.store.EraseContact(t.Context(), b.tenant, id, "operator"); err != nil {
		t.Errorf("asked for again: %v", err)
	}
	// The worker dies after the rows and before the keys, and then after the keys.
	for _, step := range []string{"keys", "aliases"} {
		b.reconciler.people = dying{b.people, step}
		if err := b.reconciler.erasures(t.Context()); err == nil {
			t.Fatalf("the worker did not die at the %s", step)
		}
		b.exec(`update flowhq.erasures set tried_at = now() - interval '1 hour'`)
	}
	b.reconciler.people = b.people
	if err := b.reconciler.erasures(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, trace := range b.traces(words...) {
		t.Error(trace)
	}
	after := b.traces("88001122334455", keptNumber[1:], keptName)
	if strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Errorf("of contact %d, who stays:\n%s\nwas\n%s", kept, strings.Join(after, "\n"),
			strings.Join(before, "\n"))
	}
	events, err := b.store.Events(t.Context(), b.tenant, 2)
	if err != nil || len(events) != 2 || events[0].Type != flowhq.EventContactErased ||
		events[0].Reason != fmt.Sprintf("contact %d", id) {
		t.Errorf("events %+v, %v", events, err)
	}
	if err := b.store.EraseContact(t.Context(), b.tenant, id,
		"operator"); flowhq.ErrorCode(err) != flowhq.NotFound {
		t.Errorf("asked for afterwards: %v", err)
	}
}

// TestWritesWhileErased: a message that comes after the request is a new contact's, and stays.
func TestWritesWhileErased(t *testing.T) {
	b := newEraseBench(t)
	id := b.person(erasedLID, erasedNumber, erasedName)
	if err := b.store.EraseContact(t.Context(), b.tenant, id, "operator"); err != nil {
		t.Fatal(err)
	}
	in := store.Inbound{LID: erasedLID, Number: erasedNumber, WAID: "NEW", Kind: flowhq.KindText,
		Text: "I am back", SentAt: time.Now()}
	r, err := b.store.Receive(t.Context(), b.tenant, b.epoch, in)
	if err != nil || !r.New {
		t.Fatalf("Receive = %+v, %v", r, err)
	}
	if err := b.reconciler.erasures(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, _, err := b.store.Messages(t.Context(), b.tenant, store.MessageFilter{Contact: erasedNumber})
	if err != nil || len(page) != 1 || page[0].Text != "I am back" || page[0].ContactID == id {
		t.Errorf("messages of the new contact: %+v, %v", page, err)
	}
}

// dying is a key store whose process dies in a step.
type dying struct {
	*keystore.Store
	step string
}

var errDied = errors.New("the process died")

func (d dying) ErasePerson(ctx context.Context, of string, jids []string) error {
	if d.step == "keys" {
		return errDied
	}
	return d.Store.ErasePerson(ctx, of, jids)
}

func (d dying) ForgetAliases(context.Context, []string) error { return errDied }
