package whatsapp

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/whatsapp/keystore"
)

// An Event is a step of a connection on its way to being online.
type Event struct {
	Kind EventKind
	// QR is the text of the code to show, with Kind QR. It is a secret: whoever scans it
	// is linked. A later code replaces it.
	QR        string
	QRExpires time.Time
	// CodesEnd is when the last QR code expires that this connection can show, and a link
	// code with it; with Kind QR or LinkCode.
	CodesEnd time.Time
	LinkCode string // to be typed into the phone, with Kind LinkCode; as secret as QR
	Device   Device // with Linked and Online
}

// EventKind tells the events apart.
type EventKind string

const (
	QR EventKind = "QR" // show this code, replacing the one before
	// LinkCode is the code that was asked for with [Conn.AskLinkCode].
	LinkCode EventKind = "LINK_CODE"
	Linked   EventKind = "LINKED" // a phone has scanned, and WhatsApp has confirmed
	// Online means logged in. Messages may have arrived before: the library reports the
	// login in a goroutine of its own.
	Online EventKind = "ONLINE"
)

// A Device is a linked device: what a phone lists under "linked devices".
type Device struct {
	JID    string // key for [Network.Dial]; carries the device number, unlike other JIDs
	LID    string // the account's hidden identity, without device number; may be ""
	Number string // the account's number, E.164 with the plus sign
}

// A Handler is the caller's side of a connection. Its methods are called by the
// connection's goroutines, one message at a time, and must return soon: while one runs,
// nothing else of this connection is handled. A call that takes longer than 10 s has
// failed. A panic in a call ends the connection with [flowhq.EndNotRecorded].
type Handler interface {
	// Link records the device before the pairing is confirmed to WhatsApp. An error
	// rejects the pairing and is found in the chain of the [EndError].
	Link(context.Context, Device) error
	// Receive records a message. Only after it returned nil is the message acknowledged;
	// an error ends the connection with [flowhq.EndNotRecorded].
	Receive(context.Context, Inbound) error
	// ReceiveOwn records what the owner wrote to a customer from another device of the account.
	// LID and Number are the customer's. An error has the consequence of one of Receive.
	ReceiveOwn(context.Context, Inbound) error
	// Receipt notes how far sent messages have come. It must not block. It may be called
	// twice for the same receipt, and not at all for some.
	Receipt(Receipt)
	// Revise records that a customer has changed or deleted a message, which may be
	// unknown. An error has the consequence of one of Receive.
	Revise(context.Context, Revision) error
	// SetTimer records after how long the messages of a person's chat disappear. An error
	// has the consequence of one of Receive.
	SetTimer(context.Context, Person, flowhq.DisappearingTimer) error
	// Sent returns the message that was sent under id: a customer's phone that could not
	// read a message asks for it again, perhaps days later. An error ends the connection,
	// so that the phone's request is delivered again.
	Sent(ctx context.Context, id string) (m flowhq.Message, isFound bool, err error)
	// Media returns what is kept of media that are to be sent as a kind of message, and
	// MediaBytes the bytes. They fail with code NotFound if nothing is kept any more.
	Media(ctx context.Context, id int64, kind flowhq.Media) (Media, error)
	MediaBytes(ctx context.Context, id int64) ([]byte, error)
	// MediaUploaded records where WhatsApp has media. It fails with code Fenced if this
	// connection's host was replaced by a newer one.
	MediaUploaded(ctx context.Context, id int64, kind flowhq.Media, u flowhq.MediaUpload) error
	// Holds reports whether this connection's host still holds the number. It is asked
	// before anything is written to WhatsApp, and nothing is written if it does not: a
	// process that stood still for a while may go on in the middle of a step. It must not
	// block.
	Holds() bool
	// Fence returns an error of code Fenced if this connection's host was replaced by a
	// newer one. Otherwise it makes sure that none replaces it before tx ends. tx is a
	// transaction that is about to change the keys.
	Fence(ctx context.Context, tx Tx) error
	// Change is Fence together with the changes, in one statement on db. changes are common
	// table expressions that select what they insert from the one named fence, which Change
	// puts before them. Their arguments are args, the first of which is $3.
	Change(ctx context.Context, db Tx, changes string, args ...any) error
}

// A Tx is a transaction on the database of the keys, or the database itself.
type Tx = keystore.Tx

// An Inbound is something a customer said.
type Inbound struct {
	LID    string // JID of the writer, "" if it is not known; then Number is
	Number string // the writer's, E.164, "" if it is not known; then LID is
	Name   string // that the writer has chosen, "" if there is none
	ID     string // unique per writer, whose phone has chosen it
	Kind   flowhq.Kind
	Text   string // what was written, or the caption; as of flowhq.CleanText
	// Wordless says that it is nothing written or chosen: a voice note, a place. Text then
	// says what there is to see, if anything.
	Wordless bool
	// Media says what a voice note, picture, … is, and "" of all others.
	Media     flowhq.Media
	Latitude  *float64 // of a place, nil if it is none or not known
	Longitude *float64
	Silent    bool                      // there is nothing to answer, such as the record of a call
	Timer     *flowhq.DisappearingTimer // of the chat, nil if the message tells of none
	Album     string                    // id of the message that announced the album it is part of
	SentAt    time.Time                 // by the sender's clock
	// Undecryptable says that the message could not be read and was asked for again; a
	// readable copy with the same id may follow.
	Undecryptable bool
}

// A Person is who a chat is with. One of the two is known at least.
type Person struct {
	LID    string // JID
	Number string // E.164
}

// A Revision is what a person made of a message that they had sent.
type Revision struct {
	Person
	ID       string // of the message
	At       time.Time
	Revoked  bool    // the message is deleted
	Text     *string // what the message says now, as in Inbound; nil if that cannot be read
	Wordless bool    // as in Inbound
	Kind     flowhq.Kind
}

// A Receipt says that messages were delivered or read.
type Receipt struct {
	IDs    []string
	Status flowhq.MessageStatus // flowhq.Delivered or flowhq.Read
	At     time.Time
}
