package store_test

import (
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

func TestDeadLetterAndRetry(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "poison")
	for want := 1; want <= 3; want++ {
		if attempts, err := b.CountAttempt(t.Context(), tenant, epoch, id); err != nil || attempts != want {
			t.Fatalf("CountAttempt = %d, %v; want %d", attempts, err, want)
		}
	}
	_, err := b.Retry(t.Context(), tenant, id, "admin")
	wantCode(t, "Retry of a message that has not failed", err, flowhq.Conflict)

	ok(t, b.DeadLetter(t.Context(), tenant, epoch, id, "handling it failed 3 times"))
	if waiting := must(b.Unanswered(t.Context(), tenant, 0, 0))(t); len(waiting) != 0 {
		t.Errorf("a message that is a dead letter still waits: %+v", waiting)
	}
	failed, _, err := b.Messages(t.Context(), tenant, store.MessageFilter{Status: flowhq.Failed})
	if err != nil || len(failed) != 1 || failed[0].Reason != "handling it failed 3 times" {
		t.Errorf("Messages that are FAILED = %+v, %v; want the one, with its reason", failed, err)
	}

	notices := b.listen(t)
	m, err := b.Retry(t.Context(), tenant, id, "admin")
	if err != nil || m.Status != flowhq.Received || m.Reason != "" {
		t.Errorf("Retry = %+v, %v; want it RECEIVED again", m, err)
	}
	wantNotice(t, notices, store.Notice{Kind: store.NewWork, Tenant: tenant})
	if attempts, err := b.CountAttempt(t.Context(), tenant, epoch, id); err != nil || attempts != 1 {
		t.Errorf("CountAttempt after Retry = %d, %v; want 1", attempts, err)
	}
	_, err = b.Retry(t.Context(), tenant, id+1000, "admin")
	wantCode(t, "Retry of no message", err, flowhq.NotFound)
}

// What the customer has deleted since is not answered after all.
func TestRetryOfWhatWasDeleted(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	for _, status := range []flowhq.MessageStatus{flowhq.Failed, flowhq.Suppressed,
		flowhq.Overflowed, flowhq.Expired} {
		id := b.receive(t, tenant, epoch, "deleted when "+string(status))
		b.exec(t, `update flowhq.message_logs set status = $3 where tenant_id = $1 and id = $2`,
			tenant, id, status)
		ok(t, b.Revise(t.Context(), tenant, epoch, id, store.Revision{At: noon, Revoked: true}))
		_, err := b.Retry(t.Context(), tenant, id, "admin")
		wantCode(t, "Retry of a deleted message", err, flowhq.Conflict)
		if err != nil && !strings.Contains(err.Error(), "deleted") {
			t.Errorf("Retry = %v; want the reason", err)
		}
		if m := b.logged(t, tenant, id); m.Status != status {
			t.Errorf("it is %s; want %s", m.Status, status)
		}
	}
}

// A reply that was acknowledged meanwhile is no failure.
func TestDeadLetterComesTooLate(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	waID := b.reply(t, tenant, epoch, "reply")
	ok(t, b.SetOutbound(t.Context(), tenant, epoch, waID, flowhq.Sent, ""))
	out := b.message(t, tenant)
	ok(t, b.DeadLetter(t.Context(), tenant, epoch, out.ID, "too late"))
	if got := b.message(t, tenant); got.Status != flowhq.Sent || got.Reason != "" {
		t.Errorf("the reply is %s (%s); want it SENT", got.Status, got.Reason)
	}
}
