package customers

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/simulator/database"
)

// MaxOutbox bounds what is kept of what one customer has sent. It is for people who look at the
// customer's phone; a test knows what it sent.
const MaxOutbox = 200

// A Tick says how far a message of a customer has come, as the marks beside it do on a phone.
type Tick string

// Ticks, in the order in which a message gets them.
const (
	TickSending   Tick = "sending"   // the server has not acknowledged it
	TickSent      Tick = "sent"      // one mark
	TickDelivered Tick = "delivered" // two: the bot has it
	TickRead      Tick = "read"
	TickRefused   Tick = "refused" // by the server
)

// rank orders ticks: receipts may come in any order, and a mark is never taken back.
var rank = map[Tick]int{TickSending: 0, TickSent: 1, TickRefused: 1, TickDelivered: 2, TickRead: 3}

// A Sent is a message that a customer has sent, as the customer's own phone shows it.
type Sent struct {
	ID   string    `json:"id"`
	To   string    `json:"to"`   // E.164
	Kind string    `json:"kind"` // as in a [Draft]; "" = text
	Text string    `json:"text"`
	At   time.Time `json:"at"` // by this machine's clock
	Tick Tick      `json:"tick"`

	index int // counts the messages of the customer
}

// An outbox is what a customer has sent last. It is safe for concurrent use.
type outbox struct {
	db     *database.DB
	number string // of the customer, digits only

	mu   sync.Mutex // guards all below
	list []*Sent    // by when they were sent, at most MaxOutbox
	sent int        // messages there have ever been
}

// newOutbox returns an empty outbox, whose messages are kept in db.
func newOutbox(db *database.DB, number string) *outbox { return &outbox{db: db, number: number} }

// add enters a message that is about to be sent. One that is sent again under its id stays where it
// is.
func (o *outbox) add(s Sent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	// A client sends a message again, under its id, when the connection broke before the
	// acknowledgement. A phone shows it once.
	if o.find(s.ID) != nil {
		return
	}
	s.index = o.sent
	o.sent++
	o.list = append(o.list, &s)
	o.save(&s)
	if len(o.list) > MaxOutbox {
		// The row goes with the message: rows that stay would be loaded at the next start, above
		// the bound.
		o.db.Remove(database.Outbox, o.recordName(o.list[0].index))
		o.list = slices.Delete(o.list, 0, 1)
	}
}

// mark notes how far messages have come. Messages that dropped out are nobody's any more.
func (o *outbox) mark(t Tick, ids ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		// "Read" may come before "delivered", as the two receipts travel by themselves.
		if s := o.find(id); s != nil && rank[t] > rank[s.Tick] {
			s.Tick = t
			o.save(s)
		}
	}
}

// find returns the message with an id, nil if there is none. The caller holds mu. Receipts are of
// the latest messages, so the search begins there.
func (o *outbox) find(id string) *Sent {
	for _, s := range slices.Backward(o.list) {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// save writes a message, soon. The caller holds mu, which keeps the changes in order.
func (o *outbox) save(s *Sent) {
	value, err := json.Marshal(s)
	if err != nil {
		panic(err) // plain fields: cannot fail
	}
	o.db.Put(database.Outbox, o.recordName(s.index), value)
}

// recordName names a message in the file, where names sort by when it was sent.
func (o *outbox) recordName(index int) string { return fmt.Sprintf("%s/%010d", o.number, index) }

// load enters a message of an earlier run. They are loaded in order.
func (o *outbox) load(index string, value []byte) error {
	var s Sent
	if err := json.Unmarshal(value, &s); err != nil {
		return err
	}
	// The index is in the record's name and not in its value, since names are what rows are sorted
	// by.
	if _, err := fmt.Sscanf(index, "%d", &s.index); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = s.index + 1 // the oldest are gone, so their number does not say it
	o.list = append(o.list, &s)
	return nil
}

// to returns copies of the messages to a number, oldest first.
func (o *outbox) to(number string) []Sent {
	o.mu.Lock()
	defer o.mu.Unlock()
	// An empty list and not nil: the page of the phone expects [] in JSON.
	out := []Sent{}
	for _, s := range o.list {
		if s.To == number {
			out = append(out, *s)
		}
	}
	return out
}

// tickOf is what a receipt of a bot says. "Inactive" is a delivery to a client that nobody looks at,
// as bots are.
func tickOf(kind types.ReceiptType) (t Tick, ok bool) {
	switch kind {
	case types.ReceiptTypeDelivered, types.ReceiptTypeInactive:
		return TickDelivered, true
	case types.ReceiptTypeRead, types.ReceiptTypePlayed:
		return TickRead, true
	default:
		return "", false // asks for the message again, for one
	}
}

// shown is what a phone shows of a message, and whether it shows the message as one of its own: an
// edit or a timer changes what is there.
func shown(m *waE2E.Message) (kind, text string, isShown bool) {
	switch {
	case m.GetConversation() != "":
		return "", m.GetConversation(), true
	case m.ExtendedTextMessage != nil:
		return "", m.GetExtendedTextMessage().GetText(), true
	// Of media the caption is shown. There is no picture behind a simulated message.
	case m.ImageMessage != nil:
		return "image", m.GetImageMessage().GetCaption(), true
	case m.AudioMessage != nil:
		return "voice", "", true
	case m.StickerMessage != nil:
		return "sticker", "", true
	case m.LocationMessage != nil:
		return "location", m.GetLocationMessage().GetName(), true
	case m.ContactMessage != nil:
		return "contact", m.GetContactMessage().GetDisplayName(), true
	default:
		return "", "", false
	}
}
