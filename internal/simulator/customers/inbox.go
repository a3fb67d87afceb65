package customers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/simulator/database"
)

// MaxInbox bounds the letters kept for one customer. The chaos test reads all of an
// inbox at its end, and writes less than this to each customer.
const MaxInbox = 10_000

// readDelay is how long after its arrival a message is marked as read. What arrives in
// that time is marked together.
const readDelay = 50 * time.Millisecond

// A Letter is a message in a customer's inbox.
type Letter struct {
	ID   string    `json:"id"`
	From string    `json:"from"` // E.164
	Text string    `json:"text"` // or a caption
	At   time.Time `json:"at"`   // by the server's clock, in whole seconds
	// Attached is what came besides words, nil if it was nothing.
	Attached *Attached `json:"attached,omitempty"`
	// ArrivedAt is by this machine's clock. It orders the letters and what was sent meanwhile.
	ArrivedAt time.Time `json:"arrived_at"`
	// Expiration is after how many seconds it disappears; 0 = never.
	Expiration int `json:"expiration"`
	// ExpirationSetAt is when that was set, in seconds since 1970; 0 = unknown.
	ExpirationSetAt int64 `json:"expiration_set_at"`
	// Repeats counts how often the same id came again. A phone shows the message once.
	Repeats int `json:"repeats"`

	index int // counts the letters of the customer
}

// key is what a letter is recognised by when it comes again.
func (l *Letter) key() string { return strings.TrimPrefix(l.From, "+") + "/" + l.ID }

// An inbox is what a customer has received, of which the oldest drops out when it is full. It
// is safe for concurrent use.
type inbox struct {
	db     *database.DB
	number string // of the customer, digits only
	limit  int    // letters that are kept

	mu       sync.Mutex         // guards all below
	byKey    map[string]*Letter // what list holds
	list     []*Letter          // by first arrival
	received int                // letters there have ever been
}

// newInbox returns an empty inbox, whose letters are kept in db.
func newInbox(db *database.DB, number string) *inbox {
	return &inbox{db: db, number: number, limit: MaxInbox, byKey: map[string]*Letter{}}
}

// receive enters a letter, or counts it as a repeat of one that is there, and saves it. It
// need not wait for the file. The acknowledgement that follows removes the message from the
// server's queue by a later change, so a crash cannot lose both.
func (i *inbox) receive(l Letter) {
	i.mu.Lock()
	defer i.mu.Unlock()
	// The library drops what it remembers to have shown. What comes again all the same has
	// been sent twice by the bot, which tests look for.
	known := i.byKey[l.key()]
	if known != nil {
		known.Repeats++
		l = *known
	} else {
		l.index = i.received
		i.received++
		kept := l
		i.byKey[l.key()] = &kept
		i.list = append(i.list, &kept)
	}
	value, err := json.Marshal(l)
	if err != nil {
		panic(err) // plain fields: cannot fail
	}
	// With the lock held, so that a repeat does not overtake the letter on its way.
	i.db.Put(database.Inbox, i.recordName(l.index), value)
	if len(i.list) > i.limit {
		oldest := i.list[0]
		i.list = i.list[1:]
		delete(i.byKey, oldest.key())
		i.db.Remove(database.Inbox, i.recordName(oldest.index))
	}
}

// recordName names a letter in the file, where names sort by first arrival: in this order
// they are loaded.
func (i *inbox) recordName(index int) string { return fmt.Sprintf("%s/%010d", i.number, index) }

// load enters a letter of an earlier run. Letters are loaded in order, and there are never
// more than MaxInbox of them in the file.
func (i *inbox) load(index string, value []byte) error {
	var l Letter
	if err := json.Unmarshal(value, &l); err != nil {
		return err
	}
	if _, err := fmt.Sscanf(index, "%d", &l.index); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.received = l.index + 1 // the oldest may be gone, so their number does not say it
	i.byKey[l.key()] = &l
	i.list = append(i.list, &l)
	return nil
}

// letters returns copies of the newest letters from a number, or from anybody if it is "". It
// returns at most limit of them, oldest first.
func (i *inbox) letters(from string, limit int) []Letter {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := []Letter{}
	for _, l := range slices.Backward(i.list) {
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

// An unread is the messages of one customer that have arrived and are not marked as read yet.
type unread struct {
	mu  sync.Mutex
	ids map[types.JID][]types.MessageID // by chat; nil = nothing is unread
}

// add notes a message. The first one has all marked that are noted within [readDelay], with
// one receipt for each chat: a person opens the chat and reads what is there.
func (u *unread) add(
	chat types.JID, id types.MessageID, mark func(types.JID, []types.MessageID),
) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ids == nil {
		u.ids = map[types.JID][]types.MessageID{}
		time.AfterFunc(readDelay, func() {
			for chat, ids := range u.take() {
				mark(chat, ids)
			}
		})
	}
	u.ids[chat] = append(u.ids[chat], id)
}

// take returns what is unread, and forgets it. The next message starts a new delay.
func (u *unread) take() map[types.JID][]types.MessageID {
	u.mu.Lock()
	defer u.mu.Unlock()
	ids := u.ids
	u.ids = nil
	return ids
}
