package simulator

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"go.mau.fi/whatsmeow/util/keys"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"

	"github.com/flowhq/flowhq/internal/simulator/customers"
	"github.com/flowhq/flowhq/internal/simulator/signalstore"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// A bot is a companion under test: an unmodified client with a small store. It
// remembers what it is told.
type bot struct {
	*whatsmeow.Client
	t       testing.TB
	signals *signalstore.Store
	codes   chan string // the first code it shows

	mu       sync.Mutex
	messages []*events.Message
	receipts []*events.Receipt
	others   []any
	reply    func(*events.Message) // nil = silent
	reject   bool                  // acknowledge no message
	rejected int
}

// set changes what the bot does with messages.
func (b *bot) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// tries returns how many messages the bot has rejected.
func (b *bot) tries() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rejected
}

// newDevice returns a device that has not been linked.
func newDevice(signals *signalstore.Store) *store.Device {
	identity := keys.NewKeyPair()
	d := &store.Device{
		NoiseKey: keys.NewKeyPair(), IdentityKey: identity, SignedPreKey: identity.CreateSignedPreKey(1),
		RegistrationID: wire.NewRegistration(), AdvSecretKey: bytes.Repeat([]byte{7}, 32),
	}
	signals.Attach(d)
	return d
}

// bot returns a client that has not been linked.
func (r *rig) bot() *bot {
	return r.botOn(newDevice(signalstore.New(map[string][]byte{}, nil)))
}

// botOn returns a client for a device, whose store is a signalstore.Store.
func (r *rig) botOn(d *store.Device) *bot {
	logger := waLog.Noop
	if os.Getenv("SIMULATOR_LOG") != "" {
		logger = waLog.Stdout("bot", "DEBUG", false)
	}
	b := &bot{t: r.t, codes: make(chan string, 1), signals: d.EventBuffer.(*signalstore.Store)}
	b.Client = customers.NewClient(d, r.dialer, logger)
	b.UseRetryMessageStore = true
	b.AddEventHandlerWithSuccessStatus(b.handle)
	r.t.Cleanup(b.Disconnect)
	return b
}

// A deletable container lets a device be deleted. Without it, a bot that is
// logged out keeps its stores: the library replaces them while others read them.
type deletable struct{ *signalstore.Store }

func (deletable) DeleteDevice(context.Context, *store.Device) error { return nil }

func (b *bot) handle(event any) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *events.QR:
		select {
		case b.codes <- e.Codes[0]:
		default:
		}
	case *events.Message:
		if b.reject {
			b.rejected++
			return false
		}
		b.messages = append(b.messages, e)
		if b.reply != nil {
			go b.reply(e)
		}
	case *events.Receipt:
		b.receipts = append(b.receipts, e)
	default:
		b.others = append(b.others, e)
	}
	return true
}

// texts returns what the bot has received, in order.
func (b *bot) texts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []string{}
	for _, m := range b.messages {
		out = append(out, m.Message.GetConversation())
	}
	return out
}

// saw reports whether the bot was told of an event of this type.
func saw[T any](b *bot) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.others {
		if _, ok := e.(T); ok {
			return true
		}
	}
	return false
}

// received reports whether the bot got a receipt of this type for a message.
func (b *bot) received(id string, kind types.ReceiptType) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.receipts {
		for _, each := range r.MessageIDs {
			if each == id && r.Type == kind {
				return true
			}
		}
	}
	return false
}

// say sends a text under an id, or a new one if it is "".
func (b *bot) say(to types.JID, text, id string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var sent whatsmeow.SendResponse
	err := b.signals.Send(ctx, func(ctx context.Context) (err error) {
		sent, err = b.SendMessage(ctx, to, &waE2E.Message{Conversation: proto.String(text)},
			whatsmeow.SendRequestExtra{ID: id})
		return err
	})
	return sent.ID, err
}

// code connects an unlinked bot and returns the code it shows.
func (b *bot) code() string {
	b.t.Helper()
	b.connect()
	select {
	case code := <-b.codes:
		return code
	case <-time.After(patience):
		b.t.Fatal("the bot shows no code")
		return ""
	}
}

func (b *bot) connect() {
	b.t.Helper()
	if err := b.Connect(); err != nil {
		b.t.Fatalf("Connect() = %v", err)
	}
}

// redial has the bot come back without the library's own reconnecting, whose
// waiting the race detector rightly complains about.
func (b *bot) redial() {
	b.EnableAutoReconnect = false
	b.AddEventHandler(func(event any) {
		if _, ok := event.(*events.Disconnected); !ok {
			return
		}
		go func() {
			for b.t.Context().Err() == nil && b.Connect() != nil {
				<-time.After(pollTime)
			}
		}()
	})
}

func (r *rig) online(b *bot) {
	r.t.Helper()
	r.until("bot is online", func() bool { return b.IsLoggedIn() && saw[*events.Connected](b) })
}

// linked returns a bot that is linked to a phone and online.
func (r *rig) linked(number string) *bot {
	r.t.Helper()
	b := r.bot()
	r.must("POST", "/phones/"+number+"/scan", object{"code": b.code()}, nil)
	r.online(b)
	return b
}

// again returns a new client for the bot's device, as after a crash of its
// process: with what it has saved and nothing else.
func (r *rig) again(b *bot) *bot {
	d := *b.Store
	signalstore.New(b.signals.Records(), nil).Attach(&d)
	return r.botOn(&d)
}

func pn(number string) types.JID { return types.NewJID(number[1:], types.DefaultUserServer) }

func numbered(prefix string, i int) string { return fmt.Sprintf("%s%07d", prefix, i) }
