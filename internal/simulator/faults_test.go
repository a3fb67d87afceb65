package simulator

import (
	"testing"
	"time"

	"go.mau.fi/whatsmeow/types/events"
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
	r.fault(object{"kind": "refuse_logins", "number": shop, "seconds": 0.5})
	r.fault(object{"kind": "drop", "number": shop})
	r.until("bot is refused", func() bool { return r.stats().Refused > 0 })
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
		r.fault(object{"kind": "refuse_logins", "number": anna, "seconds": 0.3, "reason": reason})
		r.fault(object{"kind": "drop", "number": anna})
		before := r.stats().Refused
		r.until("customer is refused", func() bool { return r.stats().Refused > before })
		r.say(anna, shop, "Habari")
	}
	r.until("bot has all", func() bool { return len(b.texts()) == 4 })
}
