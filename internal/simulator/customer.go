package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"
)

const (
	firstRetry = 100 * time.Millisecond // before dialling again, doubling
	lastRetry  = 2 * time.Second
	tryTimeout = 10 * time.Second // for one attempt to send a message
	readDelay  = 50 * time.Millisecond
	maxInbox   = 10_000 // messages kept for one customer
	onlineWait = 5 * time.Second
)

// A customer is a person with a phone, that is, a whatsmeow client of its own.
type customer struct {
	pool    *customerPool
	account *account
	client  *whatsmeow.Client
	signals *signalStore
	lost    chan struct{} // the connection is over; one is enough

	mu      sync.Mutex
	online  chan struct{} // closed while the client is logged in
	inbox   map[string]*letter
	letters []*letter // by first arrival
	unread  map[types.JID][]types.MessageID
	arrived int // letters there have ever been
}

// A letter is a message in a customer's inbox.
type letter struct {
	ID   string    `json:"id"`
	From string    `json:"from"` // E.164
	Text string    `json:"text"`
	At   time.Time `json:"at"` // by the server's clock
	// Expiration is after how many seconds it disappears; 0 = never.
	Expiration int `json:"expiration"`
	// ExpirationSetAt is when that was set, in seconds since 1970; 0 = unknown.
	ExpirationSetAt int64 `json:"expiration_set_at"`
	// Repeats counts how often the same id came again: a phone shows it once.
	Repeats int `json:"repeats"`

	index int
}

// stayConnected dials until the pool ends.
func (c *customer) stayConnected() {
	defer c.pool.running.Done()
	ctx := c.pool.ctx
	wait := firstRetry
	for ctx.Err() == nil {
		if c.connect(ctx) {
			wait = firstRetry
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, lastRetry)
	}
	c.client.Disconnect()
}

// connect dials and returns when the connection is over; up reports whether it
// was ever logged in.
func (c *customer) connect(ctx context.Context) (up bool) {
	select {
	case <-c.lost: // of an earlier connection
	default:
	}
	select {
	case c.pool.dialing <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	err := c.client.ConnectContext(c.pool.server.ctx) // outlives ctx: hanging up takes a connection
	<-c.pool.dialing
	if errors.Is(err, whatsmeow.ErrAlreadyConnected) {
		c.client.Disconnect()
		return false
	} else if err != nil {
		return false
	}
	select {
	case <-c.lost:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.online:
		c.online = make(chan struct{})
		return true
	default:
		return false
	}
}

// handle is told everything by the client. What it does not return from is not
// acknowledged.
func (c *customer) handle(event any) {
	switch e := event.(type) {
	case *events.Connected:
		c.setOnline()
	case *events.Message:
		c.receive(e)
	case *events.Disconnected, *events.LoggedOut, *events.StreamReplaced, *events.StreamError,
		*events.ConnectFailure, *events.TemporaryBan, *events.ClientOutdated:
		select {
		case c.lost <- struct{}{}:
		default:
		}
	}
}

func (c *customer) setOnline() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.online:
	default:
		close(c.online)
	}
}

// waitOnline waits until the client is logged in.
func (c *customer) waitOnline(ctx context.Context) error {
	c.mu.Lock()
	online := c.online
	c.mu.Unlock()
	select {
	case <-online:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send sends a message and returns when the server has acknowledged it. Whenever
// that is uncertain it sends again under the same id, until ctx is done.
func (c *customer) send(ctx context.Context, to string, m *waE2E.Message, id string) (at time.Time, err error) {
	wait := firstRetry
	for {
		if err := c.waitOnline(ctx); err != nil {
			return at, fmt.Errorf("customer is not connected: %w", err)
		}
		at, err = c.try(ctx, to, m, id)
		if err == nil || errors.Is(err, whatsmeow.ErrServerReturnedError) {
			return at, err
		}
		select {
		case <-ctx.Done():
			return at, err
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, lastRetry)
	}
}

func (c *customer) try(ctx context.Context, to string, m *waE2E.Message, id string) (at time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	err = c.signals.sending(ctx, func(ctx context.Context) error {
		// The library adds to what it is given, and may be given it again.
		sent, err := c.client.SendMessage(ctx, types.NewJID(to, types.DefaultUserServer),
			proto.CloneOf(m), whatsmeow.SendRequestExtra{ID: id})
		at = sent.Timestamp
		return err
	})
	return at, err
}

// receive puts a message into the inbox, and has it marked as read.
func (c *customer) receive(e *events.Message) {
	text := e.Message.GetConversation()
	if text == "" {
		text = e.Message.GetExtendedTextMessage().GetText()
	}
	if e.Info.IsFromMe || text == "" {
		return
	}
	from := e.Info.SenderAlt
	if e.Info.Sender.Server == types.DefaultUserServer {
		from = e.Info.Sender
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := from.User + "/" + e.Info.ID
	l := c.inbox[key]
	if l != nil {
		l.Repeats++
	} else {
		context := e.Message.GetExtendedTextMessage().GetContextInfo()
		l = &letter{
			ID: e.Info.ID, From: "+" + from.User, Text: text, At: e.Info.Timestamp.UTC(), index: c.arrived,
			Expiration: int(context.GetExpiration()), ExpirationSetAt: context.GetEphemeralSettingTimestamp(),
		}
		c.file(key, l)
	}
	c.pool.server.db.put(bucketInbox, c.letterKey(l), encode(l))
	c.markRead(e.Info.Chat, e.Info.ID)
}

func (c *customer) letterKey(l *letter) string {
	return fmt.Sprintf("%s/%010d", c.account.Number, l.index)
}

// file adds a letter to the inbox, from which the oldest drops out when it is
// full. The caller holds mu.
func (c *customer) file(key string, l *letter) {
	c.arrived = l.index + 1
	c.inbox[key] = l
	c.letters = append(c.letters, l)
	if len(c.letters) > maxInbox {
		oldest := c.letters[0]
		c.letters = c.letters[1:]
		delete(c.inbox, oldest.From[1:]+"/"+oldest.ID)
		c.pool.server.db.remove(bucketInbox, c.letterKey(oldest))
	}
}

// loadLetter restores one letter; the database yields them in order.
func (s *server) loadLetter(key string, value []byte) error {
	number, index, _ := strings.Cut(key, "/")
	c := s.customers[number]
	if c == nil {
		return errors.New("no such customer")
	}
	var l letter
	if err := json.Unmarshal(value, &l); err != nil {
		return err
	}
	if _, err := fmt.Sscanf(index, "%d", &l.index); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.file(strings.TrimPrefix(l.From, "+")+"/"+l.ID, &l)
	return nil
}

// messages returns the newest messages, oldest first, from one number or, if
// from is "", from anybody.
func (c *customer) messages(from string, limit int) []letter {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []letter{}
	for _, l := range slices.Backward(c.letters) {
		if len(out) == limit {
			break
		}
		if from == "" || l.From == from {
			out = append(out, *l)
		}
	}
	slices.Reverse(out)
	return out
}

// markRead has the sender told, a moment later, that the message was read; what
// comes in that moment is told together. The caller holds mu.
func (c *customer) markRead(chat types.JID, id types.MessageID) {
	if c.unread == nil {
		c.unread = map[types.JID][]types.MessageID{}
		time.AfterFunc(readDelay, c.tellRead)
	}
	c.unread[chat] = append(c.unread[chat], id)
}

// tellRead sends read receipts. They are lost if the connection is: that happens
// to real ones, too.
func (c *customer) tellRead() {
	c.mu.Lock()
	unread := c.unread
	c.unread = nil
	c.mu.Unlock()
	for chat, ids := range unread {
		_ = c.client.MarkRead(c.pool.ctx, ids, time.Now(), chat, types.EmptyJID)
	}
}
