package simulator

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq/internal/simulator/signalstore"
)

func TestTextBothWays(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	r.say(anna, shop, "Habari")
	r.until("bot has the message", func() bool { return len(b.texts()) == 1 })
	if diff := cmp.Diff([]string{"Habari"}, b.texts()); diff != "" {
		t.Errorf("bot received (-want +got):\n%s", diff)
	}
	info := b.messages[0].Info
	if info.Chat.Server != types.HiddenUserServer || info.SenderAlt.User != anna[1:] || info.PushName != "Customer" {
		t.Errorf("message is from %s, also known as %s, called %q; want a hidden identity with a number and a name",
			info.Chat, info.SenderAlt, info.PushName)
	}
	id, err := b.say(info.Chat, "Karibu", "")
	if err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("customer has the reply", func() bool { return len(r.inbox(anna)) == 1 })
	if got := r.inbox(anna)[0]; got.Text != "Karibu" || got.From != shop || got.ID != id || got.Repeats != 0 {
		t.Errorf("inbox holds %+v; want Karibu from %s, once", got, shop)
	}
	r.until("bot is told of delivery", func() bool { return b.received(id, types.ReceiptTypeDelivered) })
	r.until("bot is told of reading", func() bool { return b.received(id, types.ReceiptTypeRead) })
	r.until("all is acknowledged", func() bool { return r.stats().Queued == 0 })
	if got := r.stats().Numbers; got[shop].Acked != 1 || got[anna].Acked != 1 {
		t.Errorf("acknowledged: %d by the bot, %d by the customer; want 1 and 1", got[shop].Acked, got[anna].Acked)
	}
}

// The first to write may be the bot, which knows only a number.
func TestBotWritesFirst(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	if _, err := b.say(pn(anna), "Karibu", ""); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("customer has it", func() bool { return len(r.inbox(anna)) == 1 })
	if _, err := b.say(pn(ben), "Karibu", ""); err == nil {
		t.Error("SendMessage() to a number that nobody has = nil; want an error")
	}
	found, err := b.IsOnWhatsApp(t.Context(), []string{anna, ben})
	if err != nil || len(found) != 2 || !found[0].IsIn || found[1].IsIn {
		t.Errorf("IsOnWhatsApp() = %+v, %v; want the first only", found, err)
	}
}

// A bot that sends an id twice shows as a repeat, and not as two messages.
func TestRepeatedID(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	for range 3 {
		if _, err := b.say(pn(anna), "Karibu", "3EB0AAAAAAAAAAAA"); err != nil {
			t.Fatalf("SendMessage() = %v", err)
		}
	}
	r.until("repeats are counted", func() bool { got := r.inbox(anna); return len(got) == 1 && got[0].Repeats == 2 })
}

// What arrives while a bot is away waits, and comes in order at the next login.
func TestOfflineQueue(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	b.Disconnect()
	r.until("bot is gone", func() bool { return r.stats().Numbers[shop].Connected == 0 })
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprint("message ", i))
		r.say(anna, shop, want[i])
	}
	if got := r.devices(shop)[0]; got.Connected || got.Queued < len(want) {
		t.Errorf("device is %+v; want offline with %d messages queued", got, len(want))
	}
	b.connect()
	r.until("bot has all", func() bool { return len(b.texts()) == len(want) })
	if diff := cmp.Diff(want, b.texts()); diff != "" {
		t.Errorf("bot received (-want +got):\n%s", diff)
	}
	r.until("bot knows that it has all", func() bool { return saw[*events.OfflineSyncCompleted](b) })
	r.until("queue is empty", func() bool { return r.devices(shop)[0].Queued == 0 })
}

// A message that the bot could not keep comes again at every login until it is
// acknowledged.
func TestRedeliveryUntilAcknowledged(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	b.set(func() { b.reject = true })
	r.say(anna, shop, "Habari")
	for tries := 1; tries <= 3; tries++ {
		r.until("bot was offered the message", func() bool { return b.tries() == tries })
		r.must("POST", "/faults", object{"kind": "drop", "number": shop}, nil)
	}
	r.until("bot was offered the message", func() bool { return b.tries() == 4 })
	if got := r.devices(shop)[0].Queued; got != 1 {
		t.Errorf("%d messages are queued; want 1", got)
	}
	b.set(func() { b.reject = false })
	r.must("POST", "/faults", object{"kind": "drop", "number": shop}, nil)
	r.until("bot has it", func() bool { return len(b.texts()) == 1 })
	r.until("queue is empty", func() bool { return r.devices(shop)[0].Queued == 0 })
}

func TestDuplicate(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	b.set(func() { b.reject = true }) // otherwise the library hides the second
	r.must("POST", "/faults", object{"kind": "duplicate", "number": shop, "count": 2}, nil)
	for i := range 3 {
		r.say(anna, shop, fmt.Sprint("message ", i))
	}
	r.until("two of three came twice", func() bool { return b.tries() == 5 })
	b.set(func() { b.reject = false })
	r.must("POST", "/faults", object{"kind": "drop", "number": shop}, nil)
	r.until("bot has all", func() bool { return len(b.texts()) == 3 })
	r.until("queue is empty", func() bool { return r.devices(shop)[0].Queued == 0 })
}

// loseSessions has the bot forget its sessions and one-time keys.
func (b *bot) loseSessions() {
	ctx := b.t.Context()
	for name := range b.signals.Records() {
		if address, isSession := strings.CutPrefix(name, "s/"); isSession {
			if err := b.signals.DeleteSession(ctx, address); err != nil {
				b.t.Fatal(err)
			}
		}
		if id, isPreKey := strings.CutPrefix(name, "p/"); isPreKey {
			n, err := strconv.ParseUint(id, 16, 32)
			if err == nil {
				err = b.signals.RemovePreKey(ctx, uint32(n))
			}
			if err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// A bot that has lost a session asks for the message again, and gets it from the
// customer, whose client repeats it.
func TestRetry(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.phone(kiosk)
	r.customer(anna)
	b, other := r.linked(shop), r.linked(kiosk)
	r.say(anna, shop, "one")
	if _, err := other.say(pn(shop), "one", ""); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("bot has the first", func() bool { return len(b.texts()) == 2 })
	b.loseSessions()
	r.say(anna, shop, "two")
	if _, err := other.say(pn(shop), "two", ""); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("bot has the second", func() bool { return len(b.texts()) == 4 })
	if !saw[*events.UndecryptableMessage](b) {
		t.Error("bot could read a message without its session")
	}
}

// Another companion sees what the bot writes.
func TestOwnDevices(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b, second := r.linked(shop), r.linked(shop)
	if _, err := b.say(pn(anna), "Karibu", ""); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("other companion has a copy", func() bool { return len(second.texts()) == 1 })
	if info := second.messages[0].Info; !info.IsFromMe || info.RecipientAlt.User != anna[1:] {
		t.Errorf("copy says it is from %s to %s; want from me to %s", info.Sender, info.RecipientAlt, anna)
	}
	r.say(anna, shop, "Asante")
	r.until("both have the answer", func() bool { return len(b.texts()) == 1 && len(second.texts()) == 2 })
}

// Replying while more messages of the chat arrive is where clients lose messages
// if nobody keeps encryption and decryption apart.
func TestBurst(t *testing.T) {
	const total, writers = 200, 4
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	b.set(func() {
		b.reply = func(m *events.Message) {
			if _, err := b.say(m.Info.Chat, "re: "+m.Message.GetConversation(), ""); err != nil {
				t.Errorf("SendMessage() = %v", err)
			}
		}
	})
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range total / writers {
				r.say(anna, shop, fmt.Sprint(w, "-", i))
			}
		})
	}
	writing.Wait()
	r.until("all replies are there", func() bool { return len(r.inbox(anna)) == total })
	seen := map[string]bool{}
	for _, l := range r.inbox(anna) {
		seen[l.Text] = true
	}
	if len(seen) != total || len(b.texts()) != total {
		t.Errorf("bot received %d, customer %d different replies; want %d each", len(b.texts()), len(seen), total)
	}
}

// A bot whose one-time keys run out is asked for more in time.
func TestPreKeysAreRefilled(t *testing.T) {
	r := start(t)
	r.phone(shop)
	b := r.linked(shop)
	var writing sync.WaitGroup
	for i := range signalstore.PreKeyBatch + 2 {
		writing.Go(func() {
			number := numbered("+25571", i)
			r.customer(number)
			r.say(number, shop, "Habari")
		})
	}
	writing.Wait()
	r.until("bot has all", func() bool { return len(b.texts()) == signalstore.PreKeyBatch+2 })
	// The last key of the second batch: its first ones may be used up before anybody looks.
	r.until("bot has made more keys", func() bool {
		_, hasMore := b.signals.Records()[fmt.Sprintf("p/%08x", 2*signalstore.PreKeyBatch)]
		return hasMore
	})
}
