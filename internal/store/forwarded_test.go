package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// byWebhook has programs of others answer a tenant's customers.
func (b *bench) byWebhook(t testing.TB, tenant flowhq.TenantID) {
	t.Helper()
	by, within := flowhq.ByWebhook, flowhq.MaxAnswerWithin
	must(b.UpdateTenant(t.Context(), tenant, flowhq.TenantChange{AnsweredBy: &by,
		AnswerWithinMinutes: flowhq.Optional[int]{Set: true, Value: &within}}, "admin"))(t)
}

// forwarded receives a message that waits for a program.
func (b *bench) forwarded(
	t testing.TB, tenant flowhq.TenantID, epoch int64, waID string,
) (id int64) {
	t.Helper()
	id = b.written(t, tenant, epoch, waID)
	b.forward(t, tenant, epoch, id)
	return id
}

// written receives a message of just now: the age of one that programs answer is limited.
func (b *bench) written(
	t testing.TB, tenant flowhq.TenantID, epoch int64, waID string,
) (id int64) {
	t.Helper()
	m := text(waID)
	m.SentAt = time.Now()
	return must(b.Receive(t.Context(), tenant, epoch, m))(t).ID
}

// forward is what the host does with a message that a program is to answer.
func (b *bench) forward(t testing.TB, tenant flowhq.TenantID, epoch, id int64) {
	t.Helper()
	_, _, err := b.Answer(t.Context(), tenant, epoch, id, store.Outcome{Status: flowhq.Forwarded})
	ok(t, err)
}

// late has everything waited for long enough that is FORWARDED, and gives it up.
func (b *bench) late(t testing.TB) {
	t.Helper()
	b.exec(t, `update flowhq.message_logs set forwarded_at = now() - interval '6 minutes'
		where status = 'FORWARDED'`)
	must(b.GiveUpForwarded(t.Context(), 5*time.Minute, 100))(t)
}

// handedOver is how many hand-overs of a tenant are open.
func (b *bench) handedOver(t testing.TB, tenant flowhq.TenantID) int {
	t.Helper()
	return scalar[int](t, b, `select count(*) from flowhq.handovers
		where tenant_id = $1 and ended_at is null and (until is null or until > now())`, tenant)
}

// TestForwardedOrNot has things happen to messages of a tenant whose customers a program answers:
// what becomes of the messages, whether a reply to the last one is taken afterwards, and whether a
// person is asked when nothing else happens.
func TestForwardedOrNot(t *testing.T) {
	t.Parallel()
	b := open(t)
	type scene struct {
		tenant     flowhq.TenantID
		epoch      int64
		one, other int64 // messages
		contact    int64
	}
	reply := func(t *testing.T, s scene, message int64) error {
		t.Helper()
		return last(b.Reply(t.Context(), s.tenant,
			store.NewReply{InReplyTo: message, Text: "Karibu", Actor: "program"}))
	}
	write := func(t *testing.T, s scene, text string) error {
		t.Helper()
		return last(b.Write(t.Context(), s.tenant, store.NewMessage{
			Contact: s.contact, Text: text, Key: text, Actor: "program", Bot: true,
		}))
	}
	const answered, ignored, failed = flowhq.Answered, flowhq.Ignored, flowhq.Failed
	tests := []struct {
		name string
		// waits says that the host has put neither message aside; else it has both.
		waits  bool
		happen func(*testing.T, scene)
		want   [2]flowhq.MessageStatus // of the two, when they are given up
		late   flowhq.Code             // of a reply to the other message
		person bool
	}{
		{"nothing", false, func(*testing.T, scene) {},
			[2]flowhq.MessageStatus{ignored, ignored}, flowhq.Conflict, true},
		{"answered", false, func(t *testing.T, s scene) { ok(t, reply(t, s, s.other)) },
			[2]flowhq.MessageStatus{answered, answered}, "", false},
		{"answered before the host forwards", true, func(t *testing.T, s scene) {
			ok(t, reply(t, s, s.other))
			b.forward(t, s.tenant, s.epoch, s.one)
			b.forward(t, s.tenant, s.epoch, s.other)
		}, [2]flowhq.MessageStatus{answered, answered}, "", false},
		{"written to before the host forwards", true, func(t *testing.T, s scene) {
			ok(t, write(t, s, "Hello"))
			b.forward(t, s.tenant, s.epoch, s.one)
			b.forward(t, s.tenant, s.epoch, s.other)
		}, [2]flowhq.MessageStatus{answered, answered}, "", false},
		{"written to, and then answered", false, func(t *testing.T, s scene) {
			ok(t, write(t, s, "Hello"))
			ok(t, reply(t, s, s.other))
		}, [2]flowhq.MessageStatus{answered, answered}, "", false},
		{"a person has written since", false, func(t *testing.T, s scene) {
			must(b.Write(t.Context(), s.tenant, store.NewMessage{
				Contact: s.contact, Text: "I am here", Key: "p", Actor: "asha",
				HandOverFor: time.Hour}))(t)
			b.exec(t, `update flowhq.handovers set ended_at = now() where tenant_id = $1`, s.tenant)
		}, [2]flowhq.MessageStatus{answered, answered}, flowhq.Conflict, false},
		{"deleted", false, func(t *testing.T, s scene) {
			for _, id := range []int64{s.one, s.other} {
				ok(t, b.Revise(t.Context(), s.tenant, s.epoch, id,
					store.Revision{At: time.Now(), Revoked: true}))
			}
		}, [2]flowhq.MessageStatus{ignored, ignored}, flowhq.Conflict, false},
		{"left alone", false, func(t *testing.T, s scene) {
			b.leaveAlone(t, s.tenant, aNumber, true)
			wantCode(t, "a message by itself", write(t, s, "Hello"), flowhq.Conflict)
		}, [2]flowhq.MessageStatus{ignored, ignored}, flowhq.Conflict, false},
		{"muted", true, func(t *testing.T, s scene) {
			ok(t, b.MuteContact(t.Context(), s.tenant,
				store.ContactOrder{Contact: s.contact, Actor: "admin", Length: time.Hour}))
			wantCode(t, "a reply", reply(t, s, s.other), flowhq.Conflict)
			wantCode(t, "a message by itself", write(t, s, "Hello"), flowhq.Conflict)
			b.forward(t, s.tenant, s.epoch, s.one)
			b.forward(t, s.tenant, s.epoch, s.other)
		}, [2]flowhq.MessageStatus{ignored, ignored}, flowhq.Conflict, false},
		{"muted, and tried again", true, func(t *testing.T, s scene) {
			ok(t, b.MuteContact(t.Context(), s.tenant,
				store.ContactOrder{Contact: s.contact, Actor: "admin", Length: time.Hour}))
			b.exec(t, `update flowhq.message_logs set retried_at = now()
				where tenant_id = $1 and id = $2`, s.tenant, s.other)
			ok(t, reply(t, s, s.other))
		}, [2]flowhq.MessageStatus{answered, answered}, "", false},
		{"another number", false, func(t *testing.T, s scene) {
			_, other := b.numbers(t, s.tenant)
			must(b.UpdateTenant(t.Context(), s.tenant,
				flowhq.TenantChange{PhoneNumber: &other}, "admin"))(t)
			b.linked(t, s.tenant, s.epoch, other)
			ok(t, b.Unlink(t.Context(), s.tenant, s.epoch))
		}, [2]flowhq.MessageStatus{failed, failed}, flowhq.Conflict, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scene{}
			s.tenant, s.epoch = b.hosted(t)
			b.byWebhook(t, s.tenant)
			b.linked(t, s.tenant, s.epoch, b.number(t, s.tenant))
			defer func() { _ = b.Unlink(t.Context(), s.tenant, s.epoch) }()
			s.one, s.other = b.written(t, s.tenant, s.epoch, "1"),
				b.written(t, s.tenant, s.epoch, "2")
			s.contact = b.logged(t, s.tenant, s.one).ContactID
			if !tt.waits {
				b.forward(t, s.tenant, s.epoch, s.one)
				b.forward(t, s.tenant, s.epoch, s.other)
			}
			tt.happen(t, s)
			b.late(t)
			got := [2]flowhq.MessageStatus{
				b.logged(t, s.tenant, s.one).Status, b.logged(t, s.tenant, s.other).Status}
			if got != tt.want {
				t.Errorf("messages are %v; want %v", got, tt.want)
			}
			if over := b.handedOver(t, s.tenant) > 0; over != tt.person {
				t.Errorf("a person is asked: %v; want %v", over, tt.person)
			}
			wantCode(t, "a reply at last", reply(t, s, s.other), tt.late)
		})
	}
}

// TestForwardedOfTheErased cannot be answered any more, from the moment that it is decided on.
func TestForwardedOfTheErased(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	b.byWebhook(t, tenant)
	id := b.forwarded(t, tenant, epoch, "1")
	contact := b.logged(t, tenant, id).ContactID
	ok(t, b.EraseContact(t.Context(), tenant, contact, "admin"))
	err := last(b.Reply(t.Context(), tenant, store.NewReply{InReplyTo: id, Text: "hi", Actor: "p"}))
	wantCode(t, "a reply to who was erased", err, flowhq.NotFound)
	// A row without its contact, whatever left it, is answered no more than that.
	other := b.forwarded(t, tenant, epoch, "2")
	b.exec(t, `delete from flowhq.contacts where tenant_id = $1`, tenant)
	err = last(b.Reply(t.Context(), tenant, store.NewReply{InReplyTo: other, Text: "hi", Actor: "p"}))
	wantCode(t, "a reply to nobody", err, flowhq.Conflict)
	b.late(t)
	if n := b.handedOver(t, tenant); n != 0 {
		t.Errorf("%d chats of nobody are handed over", n)
	}
}

// TestRepliesAtOnce: a program that repeats its request while the first is under way is told of the
// one reply.
func TestRepliesAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	b.byWebhook(t, tenant)
	for n := range 5 {
		id := b.forwarded(t, tenant, epoch, fmt.Sprint(n))
		var group sync.WaitGroup
		ids := make([]int64, 8)
		for i := range ids {
			group.Go(func() {
				m, err := b.Reply(t.Context(), tenant,
					store.NewReply{InReplyTo: id, Text: "Karibu", Actor: "program"})
				if ids[i] = m.ID; err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if all := slices.Compact(ids); len(all) != 1 {
			t.Errorf("replies %v to one message", ids)
		}
	}
}

// TestGivenUpForAWhile: a chat whose message no program has answered goes to the program again by
// itself, without news for the customer, and is handed over again if that happens again.
func TestGivenUpForAWhile(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	b.byWebhook(t, tenant)
	over := func() float64 {
		t.Helper()
		return scalar[float64](t, b, `
			select extract(epoch from until - now())::float8 / 60 from flowhq.handovers
			where tenant_id = $1 and ended_at is null`, tenant)
	}
	for n := range 2 {
		b.forwarded(t, tenant, epoch, fmt.Sprint(n))
		b.late(t)
		if got := over(); got < flowhq.DefaultHandOverMinutes-1 ||
			got > flowhq.DefaultHandOverMinutes {
			t.Errorf("time %d: handed over for %v minutes", n, got)
		}
		// Its time is over, and no host was there to end it.
		b.exec(t, `update flowhq.handovers set until = now() where tenant_id = $1`, tenant)
	}
	due, _, err := b.DueHandOvers(t.Context(), tenant, 10)
	ok(t, err)
	if len(due) != 1 || due[0].NobodyCame {
		t.Errorf("due are %+v; want one, of which nobody is told", due)
	}
	// A hand-over of a person's that has time is left as it is.
	b.exec(t, `update flowhq.handovers set until = null, reason = 'OWNER' where tenant_id = $1`, tenant)
	b.written(t, tenant, epoch, "last")
	b.exec(t, `update flowhq.message_logs set status = 'FORWARDED', forwarded_at = now()
		where tenant_id = $1 and status = 'RECEIVED'`, tenant)
	b.late(t)
	if why := scalar[string](t, b, `select concat(reason, until) from flowhq.handovers
		where tenant_id = $1 and ended_at is null`, tenant); why != "OWNER" {
		t.Errorf("the hand-over is %s", why)
	}
}

// TestWhatBecomesReadableIsTold: the feed tells of a message when there is something to read, once,
// and again when an operator tries it again.
func TestWhatBecomesReadableIsTold(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	told := func() (n int) {
		t.Helper()
		for _, e := range b.fed(t, tenant) {
			if e == flowhq.EventMessageReceived {
				n++
			}
		}
		return n
	}
	for n, silent := range []bool{false, true} {
		m := text(fmt.Sprint("3EB", n))
		m.Silent = silent
		closed := m
		closed.Undecryptable, closed.Text = true, ""
		must(b.Receive(t.Context(), tenant, epoch, closed))(t)
		if got := told(); got != n {
			t.Errorf("%d were told before message %d could be read", got, n)
		}
		must(b.Receive(t.Context(), tenant, epoch, m))(t)
		must(b.Receive(t.Context(), tenant, epoch, closed))(t)
		if got := told(); got != n+1 {
			t.Errorf("%d were told of %d messages", got, n+1)
		}
	}
	want := told()
	for _, status := range []flowhq.MessageStatus{
		flowhq.Failed, flowhq.Suppressed, flowhq.Overflowed, flowhq.Expired,
	} {
		id := b.receive(t, tenant, epoch, string(status))
		b.exec(t, `update flowhq.message_logs set status = $3 where tenant_id = $1 and id = $2`,
			tenant, id, status)
		must(b.Retry(t.Context(), tenant, id, "admin"))(t)
		want += 2
		if got := told(); got != want {
			t.Errorf("%d were told; want %d, with one that was %s and is tried again",
				got, want, status)
		}
	}
}

// TestReviseForwarded: what waits for a program says what it says now, as what waits for the bot.
func TestReviseForwarded(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	b.byWebhook(t, tenant)
	id, now := b.forwarded(t, tenant, epoch, "1"), "a shave"
	ok(t, b.Revise(t.Context(), tenant, epoch, id, store.Revision{At: time.Now(), Text: &now}))
	m := b.logged(t, tenant, id)
	got := []string{m.Text, deref(m.OriginalText), string(m.Status)}
	if diff := cmp.Diff([]string{now, "book a cut", "FORWARDED"}, got); diff != "" {
		t.Errorf("text, original, status (-want +got):\n%s", diff)
	}
}
