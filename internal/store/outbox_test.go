package store_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

func TestAnswer(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "3EB0")
	replyID, done, err := b.Answer(t.Context(), tenant, epoch, id, answer("BAE5"))
	if err != nil || !done || replyID <= id {
		t.Fatalf("Answer = %d, %v, %v; want done", replyID, done, err)
	}
	want := flowhq.Message{
		Direction: flowhq.Out, Chat: "41@lid", Contact: "+255700000041",
		FromNumber: b.number(t, tenant), ToNumber: "+255700000041",
		Kind: flowhq.KindReply, Text: "for which day?", WAMessageID: "BAE5", Status: flowhq.Pending,
		InReplyTo: &id, Attempts: 1,
	}
	got := b.message(t, tenant)
	if diff := cmp.Diff(want, got, ignoreRowID); diff != "" || got.ID != replyID {
		t.Errorf("reply %d, want %d (-want +got):\n%s", got.ID, replyID, diff)
	}
	wantState(t, b, tenant, `{"step": "day"}`)
	if ms := must(b.Unanswered(t.Context(), tenant, 0, 10))(t); len(ms) != 0 {
		t.Errorf("Unanswered after Answer = %v", ms)
	}
	if sent := must(b.Outbound(t.Context(), tenant, "BAE5"))(t); sent.Text != "for which day?" {
		t.Errorf("Outbound = %q", sent.Text)
	}
	_, err = b.Outbound(t.Context(), tenant, "3EB0")
	wantCode(t, "Outbound of an inbound message", err, flowhq.NotFound)
}

func wantState(t testing.TB, b *bench, tenant flowhq.TenantID, want string) {
	t.Helper()
	id := scalar[int64](t, b, `select coalesce(max(id), 0) from flowhq.message_logs where tenant_id = $1`, tenant)
	if got := must(b.Conversation(t.Context(), tenant, id))(t).State; string(got) != want {
		t.Errorf("Conversation = %s; want %s", got, want)
	}
}

func TestAnswerWithoutReply(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	for _, status := range []flowhq.MessageStatus{flowhq.Answered, flowhq.Suppressed, flowhq.Overflowed} {
		id := b.receive(t, tenant, epoch, string(status))
		replyID, done, err := b.Answer(t.Context(), tenant, epoch, id,
			store.Outcome{Status: status, Reason: "because"})
		if err != nil || !done || replyID != 0 {
			t.Errorf("Answer = %d, %v, %v; want 0, true", replyID, done, err)
		}
		if got := b.message(t, tenant); got.Status != status || got.Reason != "because" {
			t.Errorf("message is %s %q; want %s", got.Status, got.Reason, status)
		}
	}
	wantState(t, b, tenant, "")
}

func TestAnswerTwice(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "3EB0")
	const hosts = 16
	var answered atomic.Int64
	var group sync.WaitGroup
	for i := range hosts {
		group.Go(func() {
			o := answer(fmt.Sprint("reply-", i))
			o.State = fmt.Appendf(nil, `{"step":%d}`, i)
			replyID, done, err := b.Answer(t.Context(), tenant, epoch, id, o)
			if err != nil || done != (replyID != 0) {
				t.Errorf("Answer = %d, %v, %v", replyID, done, err)
			}
			if done {
				answered.Add(1)
			}
		})
	}
	group.Wait()
	if answered.Load() != 1 {
		t.Errorf("%d of %d answered; want 1", answered.Load(), hosts)
	}
	before := dump(t, b, tenant)
	if _, done, err := b.Answer(t.Context(), tenant, epoch, id, answer("late")); done || err != nil {
		t.Errorf("Answer again = %v, %v; want false", done, err)
	}
	if diff := cmp.Diff(before, dump(t, b, tenant)); diff != "" {
		t.Errorf("Answer again wrote (-want +got):\n%s", diff)
	}
}

// TestAnswerUnderAUsedID: the statement fails as a whole.
func TestAnswerUnderAUsedID(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	used := b.reply(t, tenant, epoch, "BAE5")
	id := b.receive(t, tenant, epoch, "3EB0")
	before := dump(t, b, tenant)
	o := answer(used)
	o.State = []byte(`{}`)
	_, _, err := b.Answer(t.Context(), tenant, epoch, id, o)
	wantCode(t, "Answer", err, flowhq.Conflict)
	if diff := cmp.Diff(before, dump(t, b, tenant)); diff != "" {
		t.Errorf("Answer wrote (-want +got):\n%s", diff)
	}
}

// TestOneReplyPerMessage asks the database itself, past every check of Answer.
func TestOneReplyPerMessage(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	b.reply(t, tenant, epoch, "BAE5")
	const again = `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status, in_reply_to)
		select tenant_id, 'OUT', contact_id, chat, $1, 'again', $2, 'PENDING', in_reply_to
		from flowhq.message_logs where wa_message_id = 'BAE5'`
	if _, err := b.raw.Exec(t.Context(), again, "REPLY",
		"BAE6"); flowhq.ErrorCode(store.Classify(err)) != flowhq.Conflict {
		t.Errorf("a second reply: %v; want a conflict", err)
	}
	b.exec(t, again, "WARNING", "BAE7")
}

func TestConversationState(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	wantState(t, b, tenant, "")
	for i, state := range []string{`{"step":"day"}`, `{"note":"nul \u0000, quote \" and é"}`, ""} {
		id := b.receive(t, tenant, epoch, fmt.Sprint("in-", i))
		o := store.Outcome{Status: flowhq.Answered}
		want := `{"note":"nul \u0000, quote \" and é"}`
		if state != "" {
			o.State, want = []byte(state), state
		}
		ok(t, second(b.Answer(t.Context(), tenant, epoch, id, o)))
		wantState(t, b, tenant, want)
	}
}

var ladder = []flowhq.MessageStatus{
	flowhq.Pending, flowhq.Unknown, flowhq.Failed, flowhq.Sent, flowhq.Delivered, flowhq.Read,
}

// TestOutboundNeverGoesBack tries every step from every state.
func TestOutboundNeverGoesBack(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	for i, from := range ladder {
		for j, to := range ladder {
			waID := b.reply(t, tenant, epoch, fmt.Sprintf("%s-%s", from, to))
			ok(t, b.SetOutbound(t.Context(), tenant, epoch, waID, from, ""))
			ok(t, b.SetOutbound(t.Context(), tenant, epoch, waID, to, "new reason"))
			want, reason := ladder[max(i, j)], ""
			if j > i {
				reason = "new reason"
			}
			got := b.message(t, tenant)
			if got.Status != want || got.Reason != reason {
				t.Errorf("%s, then %s = %s %q; want %s %q", from, to, got.Status, got.Reason, want, reason)
			}
			if sent := got.SentAt != nil; sent != (from == flowhq.Sent || want == flowhq.Sent) {
				t.Errorf("%s, then %s: sent at %v", from, to, got.SentAt)
			}
		}
	}
	ok(t, b.SetOutbound(t.Context(), tenant, epoch, "no such message", flowhq.Sent, ""))
	ok(t, b.SetOutbound(t.Context(), tenant, epoch, "in-PENDING-READ", flowhq.Sent, ""))
	for _, m := range must(b.Unanswered(t.Context(), tenant, 0, 0))(t) {
		t.Errorf("an inbound message changed: %+v", m)
	}
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	at := func(minutes int) *time.Time {
		t := noon.Add(time.Duration(minutes) * time.Minute)
		return &t
	}
	type times struct {
		Status          flowhq.MessageStatus
		Delivered, Read *time.Time
	}
	receipt := func(waID string, status flowhq.MessageStatus, minutes int) store.Receipt {
		return store.Receipt{WAID: waID, Status: status, At: *at(minutes)}
	}
	for _, waID := range []string{"a", "b", "c", "d", "e"} {
		b.reply(t, tenant, epoch, waID)
	}
	ok(t, b.SetOutbound(t.Context(), tenant, epoch, "a", flowhq.Sent, ""))
	ok(t, b.SetOutbound(t.Context(), tenant, epoch, "d", flowhq.Failed, "refused"))
	ok(t, b.Receipts(t.Context(), tenant, epoch, nil))
	ok(t, b.Receipts(t.Context(), tenant, epoch, []store.Receipt{
		receipt("a", flowhq.Delivered, 1), receipt("a", flowhq.Read, 2), // both at once
		receipt("b", flowhq.Read, 2), // delivery is not reported
		receipt("c", flowhq.Delivered, 1), receipt("c", flowhq.Delivered, 3),
		receipt("d", flowhq.Delivered, 1), // it arrived all the same
		receipt("nobody's", flowhq.Read, 1), receipt("in-e", flowhq.Read, 1),
	}))
	ok(t, b.Receipts(t.Context(), tenant, epoch, []store.Receipt{
		receipt("a", flowhq.Delivered, 9), receipt("b", flowhq.Read, 9), // late and repeated
		receipt("c", flowhq.Read, 4),
	}))
	want := map[string]times{
		"a": {flowhq.Read, at(1), at(2)},
		"b": {flowhq.Read, at(2), at(2)},
		"c": {flowhq.Read, at(1), at(4)},
		"d": {flowhq.Delivered, at(1), nil},
		"e": {flowhq.Pending, nil, nil},
	}
	ms, _, err := b.Messages(t.Context(), tenant, store.MessageFilter{})
	ok(t, err)
	got := map[string]times{}
	for _, m := range ms {
		if m.Direction == flowhq.In {
			if m.Status != flowhq.Answered || m.ReadAt != nil {
				t.Errorf("an inbound message changed: %+v", m)
			}
			continue
		}
		got[m.WAMessageID] = times{m.Status, m.DeliveredAt, m.ReadAt}
		if m.Status != flowhq.Pending && m.SentAt == nil {
			t.Errorf("%s has arrived and was not sent", m.WAMessageID)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the receipts (-want +got):\n%s", diff)
	}
}

func TestReceiptsAtOnceDoNotDeadlock(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	var delivered, read []store.Receipt
	for i := range 50 {
		waID := b.reply(t, tenant, epoch, fmt.Sprint("reply-", i))
		delivered = append(delivered, store.Receipt{WAID: waID, Status: flowhq.Delivered, At: noon})
		read = append(read, store.Receipt{WAID: waID, Status: flowhq.Read, At: noon})
	}
	slices.Reverse(read)
	var group sync.WaitGroup
	for _, batch := range [][]store.Receipt{delivered, read, delivered, read} {
		group.Go(func() {
			if err := b.Receipts(t.Context(), tenant, epoch, batch); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := scalar[int](t, b, `select count(*)::int from flowhq.message_logs where status = 'READ'`); n != len(read) {
		t.Errorf("%d messages read; want %d", n, len(read))
	}
}

func TestUnsent(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	var want []string
	for i, status := range ladder {
		waID := b.reply(t, tenant, epoch, string(status))
		ok(t, b.SetOutbound(t.Context(), tenant, epoch, waID, status, ""))
		if i < 2 { // PENDING and UNKNOWN
			want = append(want, waID)
		}
	}
	var got []string
	for _, m := range must(b.Unsent(t.Context(), tenant, 0, 0))(t) {
		got = append(got, m.WAMessageID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Unsent (-want +got):\n%s", diff)
	}
}

func TestRecentReplies(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	b.reply(t, tenant, epoch, "old")
	cut := scalar[time.Time](t, b, `select clock_timestamp()`)
	b.reply(t, tenant, epoch, "new")
	id := b.receive(t, tenant, epoch, "too many")
	ok(t, second(b.Answer(t.Context(), tenant, epoch, id, store.Outcome{
		Status: flowhq.Suppressed, Reason: "over the limit",
		Reply: &store.Outbound{WAID: "slow", Kind: flowhq.KindWarning, Text: "slow down", Reason: "contact"},
	})))
	ok(t, b.SetOutbound(t.Context(), tenant, epoch, "slow", flowhq.Sent, ""))
	got := must(b.RecentReplies(t.Context(), tenant, cut))(t)
	contact := scalar[int64](t, b, `select id from flowhq.contacts`)
	want := []store.Reply{
		{Contact: contact, Kind: flowhq.KindReply},
		{Contact: contact, Kind: flowhq.KindWarning, Warning: "contact"},
	}
	for i := range got {
		if got[i].At.Before(cut) {
			t.Errorf("reply of %v is older than %v", got[i].At, cut)
		}
		got[i].At = time.Time{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("RecentReplies (-want +got):\n%s", diff)
	}
}
