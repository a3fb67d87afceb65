package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

const (
	aLID, aNumber = "41@lid", "+255700000041"
	bLID, bNumber = "42@lid", "+255700000042"
)

// from is the same message with these addresses of its writer.
func from(lid, number, waID string) store.Inbound {
	m := text(waID)
	m.LID, m.Number = lid, number
	return m
}

// forms are the ways in which a message names its writer. What is not named is looked up
// before the store is asked, if it is known by then.
var forms = []struct{ name, lid, number string }{
	{"number", "", aNumber},
	{"LID", aLID, ""},
	{"number with LID", aLID, aNumber},
	{"LID with number", aLID, aNumber},
}

// knowledge is whether the mapping is known when a message is delivered the first and
// the second time.
var knowledge = []struct {
	name          string
	first, second bool
}{{"known", true, true}, {"learnt", false, true}, {"never", false, false}}

// TestReceiveFromAnyAddress: one row, one answer, one chat and one count of the limits,
// whichever addresses of its writer a message comes with, and again with.
func TestReceiveFromAnyAddress(t *testing.T) {
	t.Parallel()
	b := open(t)
	as := func(i int, known bool) store.Inbound {
		m := from(forms[i].lid, forms[i].number, "3EB0")
		if known {
			m.LID, m.Number = aLID, aNumber
		}
		return m
	}
	for i, first := range forms {
		for j, again := range forms {
			for _, k := range knowledge {
				for _, between := range []string{"", "edited", "answered", "edited, answered",
					"answered, edited"} {
					t.Run(fmt.Sprintf("%s, %s, %s, %s in between", first.name, again.name, k.name,
						between), func(t *testing.T) {
						tenant, epoch := b.hosted(t)
						r := must(b.Receive(t.Context(), tenant, epoch, as(i, k.first)))(t)
						edited := "edited in between"
						for what := range strings.SplitSeq(between, ", ") {
							if what == "edited" {
								ok(t, b.Revise(t.Context(), tenant, epoch, r.ID,
									store.Revision{At: noon, Text: &edited}))
							}
							if what != "answered" {
								continue
							}
							ok(t, second(b.Answer(t.Context(), tenant, epoch, r.ID, answer("re"))))
						}
						if r := must(b.Receive(t.Context(), tenant, epoch,
							as(j, k.second)))(t); r.New || r.ID != 0 {
							t.Errorf("again: %+v; want nothing new", r)
						}
						for _, m := range must(b.Unanswered(t.Context(), tenant, 0, 10))(t) {
							ok(t, second(b.Answer(t.Context(), tenant, epoch, m.ID,
								answer("late "+m.WAMessageID))))
						}
						b.onePerson(t, tenant, 1)
					})
				}
			}
		}
	}
}

// onePerson checks that the tenant has one contact with one chat and one conversation,
// who wrote so many messages and got as many replies.
func (b *bench) onePerson(t *testing.T, tenant flowhq.TenantID, messages int) {
	t.Helper()
	got := scalar[string](t, b, `
		select concat_ws(' ', count(*) filter (where direction = 'IN'), count(*) filter (where direction = 'OUT'),
			count(distinct chat), count(distinct contact_id),
			(select count(*) from flowhq.contacts where tenant_id = $1),
			(select count(*) from flowhq.conversations where tenant_id = $1))
		from flowhq.message_logs where tenant_id = $1`, tenant)
	if want := fmt.Sprintf("%d %d 1 1 1 1", messages, messages); got != want {
		t.Errorf("messages, replies, chats, writers, contacts, conversations: %s; want %s", got, want)
	}
	replies := must(b.RecentReplies(t.Context(), tenant, noon.AddDate(-1, 0, 0)))(t)
	count := map[int64]int{}
	for _, r := range replies {
		count[r.Contact]++
	}
	if len(count) != 1 || len(replies) != messages {
		t.Errorf("the limits count %v; want %d replies to one contact", count, messages)
	}
}

// TestConversationGoesOn: whoever writes first from the number, then from the LID, and
// then from both, is one person with one conversation, that of the latest answer.
func TestConversationGoesOn(t *testing.T) {
	t.Parallel()
	b := open(t)
	for name, beside := range map[string]store.Inbound{
		"LID first":    from(aLID, aNumber, "3"),
		"number first": from(aLID, aNumber, "3"),
	} {
		t.Run(name, func(t *testing.T) {
			tenant, epoch := b.hosted(t)
			apart := []store.Inbound{from(aLID, "", "1"), from("", aNumber, "2")}
			if name == "number first" {
				apart[0], apart[1] = from("", aNumber, "1"), from(aLID, "", "2")
			}
			var ids []int64
			for i, m := range apart {
				r := must(b.Receive(t.Context(), tenant, epoch, m))(t)
				ids = append(ids, r.Contact)
				o := answer(fmt.Sprint("re ", i))
				o.State = fmt.Appendf(nil, `{"step":%d}`, i)
				ok(t, second(b.Answer(t.Context(), tenant, epoch, r.ID, o)))
			}
			r := must(b.Receive(t.Context(), tenant, epoch, beside))(t)
			if want := (store.Received{
				ID: r.ID, New: true, Contact: ids[0], Merged: ids[1:], Chat: aLID, Number: aNumber,
				Text: beside.Text, Conversation: store.Conversation{
					State: []byte(`{"step":1}`), MutedUntil: time.Unix(0, 0),
				},
			}); !cmp.Equal(r, want) {
				t.Errorf("Receive = %+v; want %+v", r, want)
			}
			if state := must(b.Conversation(t.Context(), tenant,
				r.ID))(t).State; string(state) != `{"step":1}` {
				t.Errorf("the conversation goes on with %s; want that of the latest answer", state)
			}
			ok(t, second(b.Answer(t.Context(), tenant, epoch, r.ID, answer("re 3"))))
			b.onePerson(t, tenant, 3)
			if got := b.message(t, tenant); got.Contact != aNumber || got.ToNumber != aNumber {
				t.Errorf("the reply is to %q, %q; want %s", got.Contact, got.ToNumber, aNumber)
			}
		})
	}
}

// TestReceiveFromOthers: what only looks alike is not one message.
func TestReceiveFromOthers(t *testing.T) {
	t.Parallel()
	b := open(t)
	other := from(bLID, "", "3EB0")
	other.Text = "something else"
	tests := map[string][]store.Inbound{
		"two LIDs":                     {from(aLID, "", "3EB0"), from(bLID, "", "3EB0")},
		"two numbers":                  {from("", aNumber, "3EB0"), from("", bNumber, "3EB0")},
		"a LID with another number":    {from(aLID, aNumber, "3EB0"), from(bLID, bNumber, "3EB0")},
		"a number that changed hands":  {from(aLID, aNumber, "3EB0"), from(bLID, aNumber, "3EB0")},
		"another text, unknown before": {from("", aNumber, "3EB0"), other},
	}
	for name, ms := range tests {
		t.Run(name, func(t *testing.T) {
			tenant, epoch := b.hosted(t)
			contacts := map[int64]bool{}
			for range 2 { // the second time each is recognised
				for _, m := range ms {
					r := must(b.Receive(t.Context(), tenant, epoch, m))(t)
					contacts[r.Contact] = true
				}
			}
			if n := scalar[int](t, b, `select count(*)::int from flowhq.message_logs where tenant_id = $1`, tenant); n != 2 || len(contacts) != 2 {
				t.Errorf("%d messages of %d contacts; want 2 of 2", n, len(contacts))
			}
		})
	}
}

// TestNumberChanges: a person who takes another number stays who they are, and who gets
// the old one is somebody else.
func TestNumberChanges(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	steps := []struct {
		m    store.Inbound
		want string // contacts as "LID number", oldest first
	}{
		{from(aLID, aNumber, "1"), "41@lid +255700000041"},
		{from(aLID, bNumber, "2"), "41@lid +255700000042"},
		{from("", aNumber, "3"), "41@lid +255700000042,  +255700000041"},
		{from(bLID, aNumber, "4"), "41@lid +255700000042, 42@lid +255700000041"},
		{from(bLID, bNumber, "5"), "41@lid , 42@lid +255700000042"},
		{from("", bNumber, "6"), "41@lid , 42@lid +255700000042"},
		{from("", aNumber, "7"), "41@lid , 42@lid +255700000042,  +255700000041"},
		{from(aLID, aNumber, "8"), "41@lid +255700000041, 42@lid +255700000042"},
	}
	for _, s := range steps {
		if r := must(b.Receive(t.Context(), tenant, epoch, s.m))(t); !r.New {
			t.Errorf("message %s is not new", s.m.WAID)
		}
		got := scalar[string](t, b, `select string_agg(lid || ' ' || number, ', ' order by id) from flowhq.contacts`)
		if got != s.want {
			t.Fatalf("contacts after message %s: %q; want %q", s.m.WAID, got, s.want)
		}
	}
}

// TestMergeCopies: copies of a message that nothing told apart are one when their
// writers turn out to be: one that waits is not answered again, one that was is kept.
func TestMergeCopies(t *testing.T) {
	t.Parallel()
	b := open(t)
	for status, want := range map[flowhq.MessageStatus]string{
		flowhq.Received:      "3EB0 ANSWERED",
		flowhq.Undecryptable: "3EB0 ANSWERED",
		flowhq.Answered:      "3EB0 ANSWERED, 3EB0~ ANSWERED",
	} {
		tenant, epoch := b.hosted(t)
		for i, m := range []store.Inbound{from("", aNumber, "3EB0"), from(aLID, "", "first")} {
			r := must(b.Receive(t.Context(), tenant, epoch, m))(t)
			if i == 0 {
				ok(t, second(b.Answer(t.Context(), tenant, epoch, r.ID,
					store.Outcome{Status: flowhq.Answered})))
			}
		}
		b.exec(t, `update flowhq.message_logs set wa_message_id = '3EB0', status = $2 where tenant_id = $1 and wa_message_id = 'first'`,
			tenant, status)
		must(b.Receive(t.Context(), tenant, epoch, from(aLID, aNumber, "next")))(t)
		got := scalar[string](t, b, `
			select string_agg(regexp_replace(wa_message_id, '~.*', '~') || ' ' || status, ', ' order by id)
			from flowhq.message_logs where tenant_id = $1 and wa_message_id <> 'next'`, tenant)
		if got != want {
			t.Errorf("with a copy that is %s: %s; want %s", status, got, want)
		}
	}
}

func TestPruneContacts(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	b.keep(t, tenant, 40)
	for i, m := range []store.Inbound{from("1@lid", "", "with a message"), from("2@lid", "", "old"),
		from("3@lid", "", "of late")} {
		r := must(b.Receive(t.Context(), tenant, epoch, m))(t)
		if i > 0 {
			b.exec(t, `delete from flowhq.message_logs where id = $1`, r.ID)
		}
	}
	b.exec(t, `update flowhq.contacts set last_seen_at = now() - interval '41 days' where lid <> '3@lid'`)
	if deleted, next, err := b.PruneContacts(t.Context(), tenant, 0); err != nil || deleted != 1 || next != 0 {
		t.Errorf("PruneContacts = %d, %d, %v; want 1, and no further page", deleted, next, err)
	}
	if left := scalar[string](t, b, `select string_agg(lid, ' ' order by id) from flowhq.contacts`); left != "1@lid 3@lid" {
		t.Errorf("left: %s", left)
	}
}

// TestLongLog: what is learnt about somebody who has written much keeps the tenant's row,
// and so the leases of a whole worker, for a moment only.
func TestLongLog(t *testing.T) {
	t.Parallel()
	b := open(t)
	const long, often, limit = 100_000, 100 * time.Millisecond, 2 * time.Second
	for name, tt := range map[string]struct {
		first, second, both store.Inbound
		atOnce              bool // nothing has to be moved
		rows                int
	}{
		"a LID is learnt": {first: from("", aNumber, "1"), both: from(aLID, aNumber, "3"),
			atOnce: true, rows: long},
		"two are one": {first: from("", aNumber, "1"), second: from(aLID, "", "2"),
			both: from(aLID, aNumber, "3"), rows: long / 5},
		"two are one by what they wrote": {
			first: from("", aNumber, "1"), second: from(aLID, "", "2"),
			both: from("", aNumber, "long 2"), rows: long / 10,
		},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, epoch := b.hosted(t)
			r := must(b.Receive(t.Context(), tenant, epoch, tt.first))(t)
			chat, wait := aNumber[1:]+"@s.whatsapp.net", r.ID
			if tt.second.WAID != "" {
				r, chat = must(b.Receive(t.Context(), tenant, epoch, tt.second))(t), aLID
			}
			b.exec(t, `
				insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, contact, kind, text, wa_message_id, status, sent_at)
				select $1, 'IN', $2, $3, '', m.kind, m.text, 'long ' || n, 'ANSWERED', now()
				from generate_series(1, $5::int) as n, flowhq.message_logs m where m.tenant_id = $1 and m.id = $4`,
				tenant, r.Contact, chat, r.ID, tt.rows)
			held := make(chan time.Duration)
			ctx, cancel := context.WithCancel(t.Context())
			go func() { // as the renewal of a worker's leases does
				var longest time.Duration
				next := time.NewTicker(often)
				defer next.Stop()
				for ; ctx.Err() == nil; <-next.C {
					began := time.Now()
					_, _, err := b.RenewLeases(t.Context(),
						[]store.Lease{{Tenant: tenant, Epoch: epoch}}, time.Minute)
					if err != nil {
						t.Error(err)
					}
					longest = max(longest, time.Since(began))
				}
				held <- longest
			}()
			patient, done := context.WithTimeout(t.Context(), time.Minute)
			defer done()
			began := time.Now()
			got, err := b.Receive(patient, tenant, epoch, tt.both)
			took := time.Since(began)
			cancel()
			longest := <-held
			ok(t, err)
			t.Logf("received in %v; a renewal took %v at most", took, longest)
			if longest > limit || tt.atOnce && took > limit {
				t.Errorf("received in %v, and a renewal took up to %v; want at most %v", took, longest, limit)
			}
			if got.New != (tt.both.WAID == "3") {
				t.Errorf("Receive = %+v", got)
			}
			if n := scalar[int](t, b, `select count(distinct contact_id)::int from flowhq.message_logs where tenant_id = $1`, tenant); n != 1 {
				t.Errorf("the rows are of %d contacts; want 1", n)
			}
			if n := scalar[int](t, b, `select count(*)::int from flowhq.contacts where tenant_id = $1`, tenant); n != 1 {
				t.Errorf("%d contacts; want 1", n)
			}
			// What waits is answered to the new address, however old it is.
			if tt.both.LID != "" && scalar[string](t, b,
				`select chat from flowhq.message_logs where id = $1`, wait) != aLID {
				t.Errorf("the answer to the oldest message goes to another address than %s", aLID)
			}
		})
	}
}
