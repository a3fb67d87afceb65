package simulator

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"github.com/flowhq/flowhq/internal/simulator/server"
)

func (r *rig) fault(in object) { r.t.Helper(); r.must("POST", "/faults", in, nil) }

// Both ends come back after their connections were cut, and nothing is lost.
func TestDrop(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	for _, number := range []string{shop, anna, ""} {
		before := r.stats()
		r.fault(object{"kind": "drop", "number": number})
		r.say(anna, shop, "after dropping "+number)
		r.until("both are back", func() bool {
			now := r.stats()
			return now.Numbers[shop].Connected == 1 && now.Numbers[anna].Connected == 1 && now.Logins > before.Logins
		})
	}
	r.until("bot has all", func() bool { return len(count(b.texts())) == 3 })
	if _, err := b.say(pn(anna), "Karibu", ""); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("customer has the reply", func() bool { return len(r.inbox(anna)) == 1 })
	if got := r.stats().Replaced; got != 0 {
		t.Errorf("%d connections were replaced; want none", got)
	}
}

func TestRefuseLogins(t *testing.T) {
	r := start(t)
	r.phone(shop)
	b := r.linked(shop)
	b.AutoReconnectErrors = 0
	r.fault(object{"kind": "refuse_logins", "number": shop, "seconds": 60})
	r.fault(object{"kind": "drop", "number": shop})
	r.until("bot is refused", func() bool { return r.stats().Refused > 0 })
	r.fault(object{"kind": "refuse_logins", "number": shop, "seconds": 0})
	r.until("bot is back", func() bool { return r.stats().Numbers[shop].Connected == 1 })
	if saw[*events.LoggedOut](b) {
		t.Error("a refusal with reason 503 logged the bot out")
	}
}

func TestRefuseLoginsWithReason(t *testing.T) {
	r := start(t)
	r.phone(shop)
	b := r.linked(shop)
	r.fault(object{"kind": "refuse_logins", "seconds": 60, "reason": 402})
	r.fault(object{"kind": "drop", "number": shop})
	r.until("bot is banned for a while", func() bool { return saw[*events.TemporaryBan](b) })
	for _, e := range b.others {
		if ban, ok := e.(*events.TemporaryBan); ok && (ban.Expire < 50*time.Second || ban.Code != 101) {
			t.Errorf("ban is %+v; want code 101 for about a minute", ban)
		}
	}
	// Everybody is refused, also who wants to pair.
	pairing := r.bot()
	pairing.connect()
	r.until("pairing is refused", func() bool { return r.stats().Refused >= 2 })
	r.fault(object{"kind": "refuse_logins", "seconds": 0})
	r.linked(shop)
}

// A login throws out a live connection of the same device, and is counted.
func TestReplaced(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	second := r.again(b)
	second.connect()
	r.online(second)
	r.until("first is told", func() bool { return saw[*events.StreamReplaced](b) })
	if got := r.stats(); got.Replaced != 1 || got.Numbers[shop].Replaced != 1 || got.Numbers[shop].Connected != 1 {
		t.Errorf("stats = %+v; want one connection, and one replaced", got)
	}
	r.say(anna, shop, "Habari")
	r.until("second has the message", func() bool { return len(second.texts()) == 1 })
	if got := b.texts(); len(got) != 0 {
		t.Errorf("first received %v; want nothing", got)
	}
}

// What comes on a connection that was thrown out is counted, and reaches nobody.
func TestReplacedSaysMore(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	if _, err := b.say(pn(anna), "Karibu", ""); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	second := r.again(b)
	second.connect()
	r.online(second)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	more := &waE2E.Message{Conversation: proto.String("Karibu tena")}
	if _, err := b.SendMessage(ctx, pn(anna), more); err == nil {
		t.Error("SendMessage() of the first = nil; want an error")
	}
	r.until("it is counted", func() bool { return r.logins(shop)[1].Late == 1 })
	r.restart()
	if got := r.logins(shop); len(got) < 2 || got[0].Replaced != "" || got[1].Replaced != got[0].Peer || got[1].Late != 1 {
		t.Errorf("logins = %+v; want a second that replaced the first, which said one thing more", got)
	}
	if got := r.inbox(anna); len(got) != 1 || got[0].Text != "Karibu" {
		t.Errorf("customer received %+v; want what the first said in time", got)
	}
}

// logins returns the logins of a phone's companions.
func (r *rig) logins(number string) []server.Login {
	r.t.Helper()
	var out struct{ Logins []server.Login }
	r.must("GET", "/phones/"+number+"/logins", nil, &out)
	return out.Logins
}

// A stranger with the keys throws the bot out and is gone.
func TestReplace(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	r.fault(object{"kind": "replace", "number": shop})
	r.until("bot is told", func() bool { return saw[*events.StreamReplaced](b) })
	if got := r.stats().Numbers[shop]; got.Replaced != 1 || got.Connected != 0 {
		t.Errorf("stats = %+v; want one connection replaced, and none left", got)
	}
	if got := r.logins(shop); len(got) != 2 || got[1].Peer != "" || got[1].Replaced != got[0].Peer {
		t.Errorf("logins = %+v; want a stranger that replaced the first", got)
	}
	r.say(anna, shop, "Habari")
	next := r.again(b)
	next.connect()
	r.until("it has the message on its return", func() bool { return len(next.texts()) == 1 })
	if status, _ := r.call("POST", "/faults", object{"kind": "replace", "number": anna}, nil); status != 409 {
		t.Errorf("replacing a customer: status %d; want 409", status)
	}
}

// A message whose acknowledgement is lost has arrived all the same; sent again
// under its id it is shown once.
func TestLoseAcks(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	r.fault(object{"kind": "lose_acks", "number": shop, "count": 1})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	hello := &waE2E.Message{Conversation: proto.String("Karibu")}
	if _, err := b.SendMessage(ctx, pn(anna), hello, whatsmeow.SendRequestExtra{ID: "3EB0AAAAAAAAAAAA"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("SendMessage() = %v; want no answer", err)
	}
	r.until("customer has it", func() bool { return len(r.inbox(anna)) == 1 })
	if _, err := b.say(pn(anna), "Karibu", "3EB0AAAAAAAAAAAA"); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("it is a repeat", func() bool { got := r.inbox(anna); return len(got) == 1 && got[0].Repeats == 1 })
}

// Late acknowledgements and deliveries come, in order, and others do not wait.
func TestDelays(t *testing.T) {
	const late = 300 * time.Millisecond
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	for _, kind := range []string{"delay", "delay_acks"} {
		r.fault(object{"kind": kind, "number": shop, "count": 1, "seconds": late.Seconds()})
	}
	began := time.Now()
	if _, err := b.say(pn(anna), "Karibu", ""); err != nil || time.Since(began) < late {
		t.Errorf("SendMessage() = %v after %v; want nil after %v", err, time.Since(began), late)
	}
	began = time.Now()
	r.say(anna, shop, "one")
	r.say(anna, shop, "two")
	r.until("bot has both", func() bool { return len(b.texts()) == 2 })
	if took := time.Since(began); took < late {
		t.Errorf("the messages took %v; want %v", took, late)
	}
	if diff := cmp.Diff([]string{"one", "two"}, b.texts()); diff != "" {
		t.Errorf("bot received (-want +got):\n%s", diff)
	}
	r.fault(object{"kind": "delay_acks", "number": shop, "count": 1, "seconds": 60})
	r.fault(object{"kind": "clear"})
	if _, err := b.say(pn(anna), "Karibu", ""); err != nil {
		t.Errorf("SendMessage() after the faults were cleared = %v", err)
	}
}

// A connection that its client closed is not replaced by the next, however soon
// that comes.
func TestNotReplaced(t *testing.T) {
	r := start(t)
	r.phone(shop)
	b := r.linked(shop)
	for range 20 {
		b.Disconnect()
		next := r.again(b)
		next.connect()
		b = next
	}
	r.online(b)
	if got := r.stats(); got.Replaced != 0 || got.Logins != 21 {
		t.Errorf("stats = %+v; want 21 logins, none of which replaced another", got)
	}
}

// Customers come back from whatever is done to them.
func TestCustomersComeBack(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	for _, reason := range []int{401, 402, 405, 503} {
		before := r.stats().Refused
		r.fault(object{"kind": "refuse_logins", "number": anna, "seconds": 60, "reason": reason})
		r.fault(object{"kind": "drop", "number": anna})
		r.until("customer is refused", func() bool { return r.stats().Refused > before })
		r.fault(object{"kind": "refuse_logins", "number": anna, "seconds": 0})
		r.say(anna, shop, "Habari")
	}
	r.until("bot has all", func() bool { return len(b.texts()) == 4 })
}

// What the server is asked for in vain is said, and done to nobody.
func TestFaultsAreChecked(t *testing.T) {
	r := start(t)
	r.phone(shop)
	for _, in := range []object{
		{"kind": "few_codes", "count": 7}, {"kind": "wrong_tls", "seconds": -1}, {"kind": "unresponsive"}, {"kind": "want_passkey"}, {"kind": "fire"},
	} {
		if status, message := r.call("POST", "/faults", in, nil); status != 400 || message == "" {
			t.Errorf("POST /faults %v = %d, %q; want 400 and why", in, status, message)
		}
	}
}

// An unresponsive connection stays open and gets nothing; the next one is as good as ever.
func TestUnresponsive(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	r.fault(object{"kind": "unresponsive", "number": shop})
	r.say(anna, shop, "Habari")
	if got := b.texts(); len(got) != 0 || r.stats().Numbers[shop].Connected != 1 {
		t.Errorf("the bot received %v; want nothing, on an open connection", got)
	}
	b.Disconnect()
	second := r.again(b)
	second.connect()
	r.until("the next connection has the message", func() bool { return len(second.texts()) == 1 })
}
