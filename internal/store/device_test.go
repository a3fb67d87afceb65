package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

// numbers returns the tenant's number and one that nobody else has.
func (b *bench) numbers(t testing.TB, tenant flowhq.TenantID) (own, other string) {
	t.Helper()
	own = must(b.Tenant(t.Context(), tenant))(t).PhoneNumber
	return own, own + "9"
}

// linked links a device of the number.
func (b *bench) linked(t testing.TB, tenant flowhq.TenantID, epoch int64, number string) store.Linking {
	t.Helper()
	return must(b.Link(t.Context(), tenant, epoch,
		store.Device{JID: number[1:] + ":1@s.whatsapp.net", Number: number}))(t)
}

// mixed leaves a message in each state that is not final, and in some that are.
func (b *bench) mixed(t testing.TB, tenant flowhq.TenantID, epoch int64) {
	t.Helper()
	b.receive(t, tenant, epoch, "waits")
	b.reply(t, tenant, epoch, "due")
	ok(t, b.SetOutbound(t.Context(), tenant, epoch, b.reply(t, tenant, epoch, "unknown"), flowhq.Unknown, ""))
	ok(t, b.SetOutbound(t.Context(), tenant, epoch, b.reply(t, tenant, epoch, "sent"), flowhq.Sent, ""))
}

// states are the tenant's messages that are not ANSWERED, by their ids.
func (b *bench) states(t testing.TB, tenant flowhq.TenantID) map[string]flowhq.MessageStatus {
	t.Helper()
	ms, _, err := b.Messages(t.Context(), tenant, store.MessageFilter{})
	ok(t, err)
	states := map[string]flowhq.MessageStatus{}
	for _, m := range ms {
		if m.Status != flowhq.Answered {
			states[m.WAMessageID] = m.Status
		}
	}
	return states
}

// changes counts the tenant's events that its number has changed.
func (b *bench) changes(t testing.TB, tenant flowhq.TenantID) (reasons []string) {
	t.Helper()
	for _, e := range must(b.Events(t.Context(), tenant, 0))(t) {
		if e.Type == flowhq.EventNumberChanged {
			reasons = append(reasons, e.Reason)
		}
	}
	return reasons
}

var (
	left = map[string]flowhq.MessageStatus{
		"waits": flowhq.Received, "due": flowhq.Pending, "unknown": flowhq.Unknown, "sent": flowhq.Sent,
	}
	failed = map[string]flowhq.MessageStatus{
		"waits": flowhq.Failed, "due": flowhq.Failed, "unknown": flowhq.Failed, "sent": flowhq.Sent,
	}
)

// TestAnotherTakesOver: what was to be answered or sent by a number is not by the
// next one, whichever way that is linked.
func TestAnotherTakesOver(t *testing.T) {
	t.Parallel()
	b := open(t)
	var own, other string // of the subtest's tenant
	change := func(t *testing.T, tenant flowhq.TenantID, number string) {
		t.Helper()
		must(b.UpdateTenant(t.Context(), tenant, flowhq.TenantChange{PhoneNumber: &number}, "admin"))(t)
	}
	tests := map[string]func(t *testing.T, tenant flowhq.TenantID, epoch int64){
		"told before": func(t *testing.T, tenant flowhq.TenantID, epoch int64) {
			ok(t, b.Unlink(t.Context(), tenant, epoch))
			change(t, tenant, other)
			if l := b.linked(t, tenant, epoch, other); !l.Confirmed {
				t.Errorf("Link = %+v; want it confirmed", l)
			}
		},
		"told after": func(t *testing.T, tenant flowhq.TenantID, epoch int64) {
			ok(t, b.Unlink(t.Context(), tenant, epoch))
			l := b.linked(t, tenant, epoch, other)
			if want := (store.Linking{Number: other, TenantNumber: own}); l != want {
				t.Errorf("Link = %+v; want %+v", l, want)
			}
			if l := must(b.ConfirmNumber(t.Context(), tenant, epoch))(t); l.Confirmed {
				t.Errorf("ConfirmNumber before anybody has = %+v", l)
			}
			if diff := cmp.Diff(left, b.states(t, tenant)); diff != "" || len(b.changes(t, tenant)) > 0 {
				t.Errorf("before anybody has confirmed, %v (-want +got):\n%s", b.changes(t, tenant), diff)
			}
			change(t, tenant, other)
			if l := must(b.ConfirmNumber(t.Context(), tenant, epoch))(t); !l.Confirmed {
				t.Errorf("ConfirmNumber = %+v; want it confirmed", l)
			}
		},
		"not unlinked": func(t *testing.T, tenant flowhq.TenantID, epoch int64) {
			change(t, tenant, other)
			b.linked(t, tenant, epoch, other)
		},
	}
	for name, take := range tests {
		t.Run(name, func(t *testing.T) {
			tenant, epoch := b.hosted(t)
			own, other = b.numbers(t, tenant)
			b.linked(t, tenant, epoch, own)
			b.mixed(t, tenant, epoch)
			must(b.SetTimer(t.Context(), tenant, epoch, text("x"),
				flowhq.DisappearingTimer{Seconds: 60, SetAt: noon}))(t)
			take(t, tenant, epoch)
			if n := scalar[int](t, b, `select sum(timer_seconds) from flowhq.contacts where tenant_id = $1`, tenant); n != 0 {
				t.Errorf("chats of the number have timers of %d s; want none, the other number's had", n)
			}
			if diff := cmp.Diff(failed, b.states(t, tenant)); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			want := other + " instead of " + own +
				"; what was to be answered or sent by that one has failed: 3 messages"
			if diff := cmp.Diff([]string{want}, b.changes(t, tenant)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			must(b.ConfirmNumber(t.Context(), tenant, epoch))(t) // as each later host does
			if len(b.changes(t, tenant)) != 1 {
				t.Errorf("events: %v; want no other one", b.changes(t, tenant))
			}
			ms, _, err := b.Messages(t.Context(), tenant, store.MessageFilter{Status: flowhq.Failed})
			ok(t, err)
			for _, m := range ms {
				if !strings.Contains(m.Reason, own) || !strings.Contains(m.Reason, other) {
					t.Errorf("message %s failed because %q; want both numbers", m.WAMessageID, m.Reason)
				}
				if attempts := must(b.CountAttempt(t.Context(), tenant, epoch, m.ID))(t); attempts != 0 {
					t.Errorf("%d attempts of message %s; want none", attempts, m.WAMessageID)
				}
				_, err := b.Retry(t.Context(), tenant, m.ID, "admin")
				wantCode(t, "Retry", err, flowhq.Conflict)
				if err != nil && (!strings.Contains(err.Error(), own) ||
					!strings.Contains(err.Error(), other)) {
					t.Errorf("Retry = %v; want both numbers named", err)
				}
			}
			b.receive(t, tenant, epoch, "new")
			if got := b.message(t, tenant); got.ToNumber != other {
				t.Errorf("a message is recorded as to %s", got.ToNumber)
			}
			if v := must(b.Conversation(t.Context(), tenant, b.message(t, tenant).ID))(t); v.State != nil {
				t.Errorf("the conversation goes on with %s", v.State)
			}
			ok(t, b.Unlink(t.Context(), tenant, epoch))
		})
	}
}

// TestTheSameNumberAgain: what waits is answered and sent when the number comes back, in
// whichever spelling, also after another one was scanned by mistake.
func TestTheSameNumberAgain(t *testing.T) {
	t.Parallel()
	b := open(t)
	written := 0
	for name, prefix := range map[string]string{"as it was": "+521", "as people write it": "+52"} {
		for _, mistake := range []bool{false, true} {
			written++
			rest := fmt.Sprintf("551234567%d", written)
			number := prefix + rest
			tenant, epoch := b.hosted(t)
			_, other := b.numbers(t, tenant)
			b.exec(t, `update flowhq.tenants set phone_number = $2 where id = $1`, tenant, "+52"+rest)
			b.linked(t, tenant, epoch, "+521"+rest)
			b.mixed(t, tenant, epoch)
			ok(t, b.Unlink(t.Context(), tenant, epoch))
			if mistake {
				b.linked(t, tenant, epoch, other)
				ok(t, b.Unlink(t.Context(), tenant, epoch))
			}
			if l := b.linked(t, tenant, epoch, number); !l.Confirmed {
				t.Errorf("%s: Link = %+v; want it confirmed", name, l)
			}
			if diff := cmp.Diff(left, b.states(t, tenant)); diff != "" || len(b.changes(t, tenant)) > 0 {
				t.Errorf("%s: %v (-want +got):\n%s", name, b.changes(t, tenant), diff)
			}
			ok(t, b.Unlink(t.Context(), tenant, epoch))
		}
	}
}

// TestThereAndBack: a number that comes back after another one finds nothing of that.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	own, other := b.numbers(t, tenant)
	for i, number := range []string{own, other, own} {
		b.exec(t, `update flowhq.tenants set phone_number = $2 where id = $1`, tenant, number)
		b.linked(t, tenant, epoch, number)
		b.receive(t, tenant, epoch, strings.Repeat("x", i+1))
	}
	want := map[string]flowhq.MessageStatus{"x": flowhq.Failed, "xx": flowhq.Failed, "xxx": flowhq.Received}
	if diff := cmp.Diff(want, b.states(t, tenant)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	ms, _, err := b.Messages(t.Context(), tenant, store.MessageFilter{Status: flowhq.Failed})
	ok(t, err)
	wantCode(t, "Retry of the other number's",
		last(b.Retry(t.Context(), tenant, ms[0].ID, "admin")), flowhq.Conflict)
	if m := must(b.Retry(t.Context(), tenant, ms[1].ID, "admin"))(t); m.Status != flowhq.Received {
		t.Errorf("Retry of the number's own: %+v; want it to be answered after all", m)
	}
}

// TestRelinkIsTakenBack: what was asked for and not done yet is not done when nobody
// expects it any more.
func TestRelinkIsTakenBack(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	own, _ := b.numbers(t, tenant)
	key := 0
	steps := []struct {
		name string
		do   func()
		want bool
	}{
		{"start", nil, true},
		{"restart", nil, true},
		{"force-restart", nil, true},
		{"stop", nil, false},
		{"a phone that scans", func() { b.linked(t, tenant, epoch, own) }, false},
		{"dropping the link", func() { ok(t, b.Unlink(t.Context(), tenant, epoch)) }, false},
	}
	for _, s := range steps {
		key += 2
		b.command(t, tenant, flowhq.Relink, fmt.Sprint(key))
		if !must(b.RelinkAsked(t.Context(), tenant))(t) {
			t.Errorf("before %s: no relink is asked for", s.name)
		}
		if s.do != nil {
			s.do()
		} else {
			b.command(t, tenant, flowhq.Command(s.name), fmt.Sprint(key+1))
		}
		if asked := must(b.RelinkAsked(t.Context(), tenant))(t); asked != s.want {
			t.Errorf("after %s: a relink is asked for: %t; want %t", s.name, asked, s.want)
		}
	}
}
