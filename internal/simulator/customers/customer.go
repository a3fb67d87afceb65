package customers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/simulator/database"
	"github.com/flowhq/flowhq/internal/simulator/signalstore"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
)

const (
	// firstRetry and lastRetry bound the wait before dialling or sending again, which
	// doubles in between. Customers must be back within seconds of a fault.
	firstRetry = 100 * time.Millisecond
	lastRetry  = 2 * time.Second
	// tryTimeout is for one attempt to send a message. The server may lose the
	// acknowledgement, as a fault, and the library would wait 75 s for it.
	tryTimeout = 10 * time.Second
)

// A Customer is a person with a phone. It is safe for concurrent use. Each of its parts has
// its own lock, or none because it never changes.
type Customer struct {
	pool   *Pool
	person person
	device *store.Device
	client atomic.Pointer[whatsmeow.Client]
	// spent says that the server has ended the connection itself: see [Customer.connect].
	spent  atomic.Bool
	memory *signalstore.Store // what the client remembers
	inbox  *inbox
	outbox *outbox
	unread unread
	online signal
	lost   chan struct{} // an element when the connection is over; one is enough
}

// newCustomer builds a customer whose client has the given keys, and the records that an
// earlier one has saved. It does not connect: [Customer.stayConnected] does.
func (p *Pool) newCustomer(who person, k clientKeys, records map[string][]byte) *Customer {
	c := &Customer{
		pool: p, person: who, inbox: newInbox(p.db, who.number),
		outbox: newOutbox(p.db, who.number), lost: make(chan struct{}, 1),
		online: signal{raised: make(chan struct{})},
	}
	if records == nil { // a new customer; the store writes into the map
		records = map[string][]byte{}
	}
	c.memory = signalstore.New(records, c.save)
	// The library learns its own LID when it is linked, which a customer never is. Without
	// the mapping it could not read copies of what its own other devices send.
	_ = c.memory.PutLIDMapping(p.ctx, who.hiddenJID(), who.jid()) // never fails
	c.device = k.device(who, c.memory)
	c.renewClient()
	return c
}

// renewClient gives the customer a client that has had no connection yet.
func (c *Customer) renewClient() {
	client := NewClient(c.device, c.pool.dialer, waLog.Noop)
	// The library's own reconnecting gives up on some refusals, and waits up to minutes.
	client.EnableAutoReconnect = false // stayConnected does it
	// Kept in the store, a message can be repeated also after a restart.
	client.UseRetryMessageStore = true
	// Otherwise its receipts say "inactive", as it never announces its presence, and bots
	// would not see that their messages have arrived.
	client.SetForceActiveDeliveryReceipts(true)
	client.AddEventHandler(func(event any) {
		switch event.(type) {
		case *events.Message, *events.Receipt: // acknowledged by now, and not sent again
			c.handle(event)
		default:
			if c.client.Load() == client {
				c.handle(event)
			}
		}
	})
	c.client.Store(client)
}

// save writes what the customer's client remembers, soon. The signal store calls it with each
// change in turn, which keeps the changes of one customer in order.
func (c *Customer) save(records map[string][]byte) {
	out := make(database.Changes, len(records))
	for name, value := range records {
		// All customers are in one file, so the number is a part of each record's name.
		out[database.Key{Bucket: database.Signal, Name: c.person.number + "/" + name}] = value
	}
	c.pool.db.Change(out)
}

// stayConnected dials until the pool ends. It is the customer's only goroutine of its own.
func (c *Customer) stayConnected() {
	ctx := c.pool.ctx
	wait := firstRetry
	// No bound on the tries: a simulator that runs for days has customers all the time.
	for ctx.Err() == nil {
		if c.connect(ctx) {
			wait = firstRetry
		}
		select {
		case <-ctx.Done():
		case <-time.After(jitter(wait)):
		}
		wait = min(2*wait, lastRetry)
	}
	c.client.Load().Disconnect()
}

// jitter spreads a wait, so that customers who lost their connections together do not
// come back together.
func jitter(wait time.Duration) time.Duration { return wait/2 + rand.N(wait) }

// connect dials and returns when the connection is over. It reports whether the client
// was ever logged in: a login, unlike a refusal, has the next wait begin short again.
func (c *Customer) connect(ctx context.Context) (wasOnline bool) {
	select {
	case <-c.lost: // of an earlier connection
	default:
	}
	// Where the server has ended a connection, the library says so before it has closed its socket,
	// and a dial meanwhile would write what the closing reads.
	if c.spent.Swap(false) {
		c.renewClient()
	}
	select {
	// The places bound how many dial at once: each login costs a handshake on both sides.
	case c.pool.dialing <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	// The connection outlives ctx: see Pool.connected.
	client := c.client.Load()
	err := client.ConnectContext(c.pool.connected)
	<-c.pool.dialing // connected or not, others may dial now
	// The client may have noticed the loss of its connection only in part.
	if errors.Is(err, whatsmeow.ErrAlreadyConnected) {
		client.Disconnect()
		return false
	} else if err != nil {
		return false
	}
	select {
	case <-c.lost:
	case <-ctx.Done():
	}
	return c.online.lower()
}

// handle receives every event of the client. The library acknowledges a message when
// handle has returned.
func (c *Customer) handle(event any) {
	switch e := event.(type) {
	case *events.Connected:
		c.online.raise()
	case *events.Message:
		c.receive(e)
	case *events.Receipt:
		if t, ok := tickOf(e.Type); ok {
			c.outbox.mark(t, e.MessageIDs...)
		}
	// Whatever the reason, the customer dials again: a person would not give up either.
	case *events.Disconnected:
		c.redial()
	case *events.LoggedOut, *events.StreamReplaced, *events.StreamError,
		*events.ConnectFailure, *events.TemporaryBan, *events.ClientOutdated:
		c.spent.Store(true)
		c.redial()
	}
}

// redial says that the connection is over.
func (c *Customer) redial() {
	select {
	case c.lost <- struct{}{}:
	default:
	}
}

// receive puts a message into the inbox, and marks it as read a moment later.
func (c *Customer) receive(e *events.Message) {
	text, context := textOf(e.Message)
	attached := attachedTo(e.Message)
	if e.Info.IsFromMe || text == "" && attached == nil { // nothing that a phone shows
		return
	}
	// A phone that cannot fetch a picture shows that, too.
	if attached != nil && attached.Message != nil {
		attached.fetch(c.pool.ctx, c)
	}
	// The number is wanted, whichever of the two addresses the message came from.
	from := e.Info.SenderAlt
	if e.Info.Sender.Server == types.DefaultUserServer {
		from = e.Info.Sender
	}
	// Both times are kept. The server's says when the bot has sent, and the other when the customer
	// could read it.
	c.inbox.receive(Letter{
		ID: e.Info.ID, From: "+" + from.User, Text: text, At: e.Info.Timestamp.UTC(),
		Attached:        attached,
		ArrivedAt:       time.Now().UTC(),
		Expiration:      int(context.GetExpiration()),
		ExpirationSetAt: context.GetEphemeralSettingTimestamp(),
	})
	c.unread.add(e.Info.Chat, e.Info.ID, c.markRead)
}

// markRead sends read receipts. They are lost if the connection is, which happens to real
// ones, too.
func (c *Customer) markRead(chat types.JID, ids []types.MessageID) {
	_ = c.client.Load().MarkRead(c.pool.ctx, ids, time.Now(), chat, types.EmptyJID)
}

// WaitOnline waits until the client is logged in. It returns ctx's error when ctx is done
// first. The connection may be lost again by the time that it returns.
func (c *Customer) WaitOnline(ctx context.Context) error { return c.online.wait(ctx) }

// NewMessageID draws the id of a message, in the form that the library gives its own.
func (c *Customer) NewMessageID() string { return c.client.Load().GenerateMessageID() }

// Letters returns the newest letters, at most limit, oldest first. They are those from
// one number, or from anybody if from is "".
func (c *Customer) Letters(from string, limit int) []Letter { return c.inbox.letters(from, limit) }

// Outbox returns what the customer has sent to a number, of the last [MaxOutbox] messages, oldest
// first.
func (c *Customer) Outbox(to string) []Sent { return c.outbox.to(to) }

// Send sends a message and returns when the server has acknowledged it, with the server's
// time. Whenever that is uncertain it sends again under the same id, until ctx is done.
// It fails with [flowhq.Refused] if the server takes no such message.
func (c *Customer) Send(
	ctx context.Context, to string, m *waE2E.Message, id string,
) (at time.Time, err error) {
	// It is there before it is sent, as a phone shows a message with a clock beside it.
	if kind, text, ok := shown(m); ok {
		c.outbox.add(Sent{
			ID: id, To: "+" + to, Kind: kind, Text: text, At: time.Now().UTC(), Tick: TickSending,
		})
	}
	wait := firstRetry
	for {
		// Without a connection the library fails at once, and the loop would turn until ctx is
		// done.
		if err := c.WaitOnline(ctx); err != nil {
			return at, fmt.Errorf("customer is not connected: %w", err)
		}
		at, err = c.try(ctx, to, m, id)
		if err == nil {
			c.outbox.mark(TickSent, id)
			return at, nil
		}
		// A refusal is certain. After everything else the message may have arrived: the id
		// stays the same, so that its recipient recognises the repetition.
		if errors.Is(err, whatsmeow.ErrServerReturnedError) {
			c.outbox.mark(TickRefused, id)
			return at, &flowhq.Error{
				Code: flowhq.Refused, Message: "the message was refused", Err: err,
			}
		}
		select {
		case <-ctx.Done():
			return at, err
		case <-time.After(jitter(wait)):
		}
		wait = min(2*wait, lastRetry)
	}
}

// try makes one attempt to send a message, with decryptions kept out while it encrypts.
func (c *Customer) try(
	ctx context.Context, to string, m *waE2E.Message, id string,
) (at time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	err = c.memory.Send(ctx, func(ctx context.Context) error {
		// The library adds to the message that it is given, and may be given it again.
		sent, err := c.client.Load().SendMessage(ctx, types.NewJID(to, types.DefaultUserServer),
			proto.CloneOf(m), whatsmeow.SendRequestExtra{ID: id})
		at = sent.Timestamp
		return err
	})
	return at, err
}

// A signal is a state that goroutines can wait for: here, that the client is logged in. A
// channel is closed to raise it, and replaced to lower it.
type signal struct {
	mu     sync.Mutex
	raised chan struct{} // closed while the signal is raised
}

// raise ends all waiting. It may be called again: the library reports Connected at each
// login.
func (s *signal) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.raised:
	default:
		close(s.raised)
	}
}

// lower has goroutines wait from now on, and reports whether the signal was raised.
func (s *signal) lower() (wasRaised bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.raised:
		s.raised = make(chan struct{})
		return true
	default:
		return false
	}
}

// wait waits until the signal is raised, or returns ctx's error.
func (s *signal) wait(ctx context.Context) error {
	s.mu.Lock()
	raised := s.raised
	s.mu.Unlock()
	select {
	case <-raised:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
