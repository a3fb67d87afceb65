package flowhq

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxTextBytes bounds the text of one stored message, in bytes. WhatsApp clients
// stop at 65,536 characters; longer texts are cut at a character boundary.
const MaxTextBytes = 64 << 10

// CleanText returns s as it is stored: valid UTF-8 of at most MaxTextBytes, with U+FFFD
// for each control character but newline and tab. PostgreSQL takes no NUL, and a message
// that can never be stored would be delivered for ever; the others are six bytes each in
// JSON, and do things to a terminal.
func CleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
	if len(s) <= MaxTextBytes {
		return s
	}
	end := MaxTextBytes
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// A Message is one row of a tenant's message log, which is inbox, outbox and
// history in one.
type Message struct {
	ID         int64     `json:"id"` // grows in the order of arrival
	Direction  Direction `json:"direction"`
	ContactID  int64     `json:"contact_id"` // the customer, whatever the address
	Chat       string    `json:"chat"`       // WhatsApp JID, a LID where one is known
	Contact    string    `json:"contact"`    // the customer's number, E.164, or "" if unknown
	FromNumber string    `json:"from_number"`
	ToNumber   string    `json:"to_number"`
	Kind       Kind      `json:"kind"`
	Text       string    `json:"text"`
	// Wordless says that a customer's message is nothing written or chosen, such as a
	// voice note or a place. Text then says what there is to see of it, if anything.
	Wordless bool `json:"wordless"`
	// Media says what a picture, voice note, … is, and "" of all other messages. Text is then the
	// caption, or says where a place is.
	Media     Media    `json:"media"`
	Latitude  *float64 `json:"latitude"` // of a place that was sent; nil = it is none
	Longitude *float64 `json:"longitude"`
	// Attachment is what the bot or a person has sent besides words, nil if it was nothing. What
	// customers attach is not downloaded, and has none.
	Attachment  *Attachment   `json:"attachment"`
	Album       string        `json:"-"` // wa_message_id of what announced its album, or ""
	WAMessageID string        `json:"wa_message_id"`
	Status      MessageStatus `json:"status"`
	// Reason says why a message was suppressed, ignored or refused, or is a dead letter.
	Reason string `json:"reason"`
	// InReplyTo is the ID of the inbound message that this one answers.
	InReplyTo *int64 `json:"in_reply_to"`
	// AnsweredWith is the ID of the last line of the burst that the message is part of. The
	// reply to that line answers this one too.
	AnsweredWith *int64 `json:"answered_with"`
	// Understood says how the bot read the message, as JSON, and is nil if it did not. Of a
	// burst it is with the last line.
	Understood json.RawMessage `json:"understood"`
	CreatedAt  time.Time       `json:"created_at"`
	// SentAt is, of an inbound message, when it was written, nil if that time cannot be. Of an
	// outbound one it is when WhatsApp acknowledged it.
	SentAt      *time.Time `json:"sent_at"`
	DeliveredAt *time.Time `json:"delivered_at"`
	ReadAt      *time.Time `json:"read_at"`
	RetriedAt   *time.Time `json:"retried_at"` // by an operator, last
	// OriginalText is what the customer wrote first, if that was changed before it was
	// answered. Text is what was, or will be, answered.
	OriginalText *string `json:"original_text"`
	// EditedText is what the customer changed the message to last, nil if they did not
	// (see EditedAt) or that could not be read.
	EditedText *string    `json:"edited_text"`
	EditedAt   *time.Time `json:"edited_at"`
	RevokedAt  *time.Time `json:"revoked_at"` // when the customer deleted it
	// TimerSeconds is, of the bot's messages, after how long they disappear; 0 = never.
	TimerSeconds int        `json:"timer_seconds"`
	TimerSetAt   *time.Time `json:"-"`
	// ExpiresAt is from when on a follow-up must not be sent, nil of all other messages.
	ExpiresAt *time.Time `json:"-"`
	// Attempts is how many attempts to handle or send the message have begun.
	Attempts int `json:"-"`
}

// Timer is the timer that the message is sent under.
func (m Message) Timer() DisappearingTimer {
	t := DisappearingTimer{Seconds: m.TimerSeconds}
	if m.TimerSetAt != nil {
		t.SetAt = *m.TimerSetAt
	}
	return t
}

// A DisappearingTimer is after how long the messages of a chat disappear. In the zero one they
// stay.
type DisappearingTimer struct {
	Seconds int
	SetAt   time.Time // when somebody in the chat chose that; zero = unknown
}

// Direction tells messages of customers from those of the bot.
type Direction string

const (
	In  Direction = "IN"
	Out Direction = "OUT"
)

// Kind says what a message is.
type Kind string

const (
	KindText     Kind = "TEXT"      // what a customer typed, or chose of what they were offered
	KindMedia    Kind = "MEDIA"     // a picture, voice note, …; Text holds its caption
	KindLocation Kind = "LOCATION"  // Text says where
	KindContact  Kind = "CONTACT"   // Text says whose card it is
	KindOrder    Kind = "ORDER"     // an order from the catalogue, or a question about a product
	KindPoll     Kind = "POLL"      // Text holds the question and what to choose from
	KindInvite   Kind = "INVITE"    // to an event, a call, a group or a channel
	KindPayment  Kind = "PAYMENT"   // money sent or asked for; Text holds the note
	KindCall     Kind = "CALL"      // the record of a call
	KindOther    Kind = "OTHER"     // nothing that this program can read
	KindReply    Kind = "REPLY"     // the bot's answer
	KindWarning  Kind = "WARNING"   // "slow down" or "please wait"
	KindNotice   Kind = "NOTICE"    // news of a hand-over, to the owner or the customer
	KindFollowUp Kind = "FOLLOW_UP" // a reminder, or the question what becomes of an order
	KindOwner    Kind = "OWNER"     // what the owner wrote to a customer, from the phone
	KindOperator Kind = "OPERATOR"  // what a person wrote to a customer, over the API
)

// Kinds lists every Kind.
var Kinds = []Kind{
	KindText, KindMedia, KindLocation, KindContact, KindOrder, KindPoll, KindInvite, KindPayment,
	KindCall, KindOther,
	KindReply, KindWarning, KindNotice, KindFollowUp, KindOwner, KindOperator,
}

// Media says what a message is that holds more than words.
type Media string

const (
	MediaVoice    Media = "VOICE" // a voice note or other sound
	MediaImage    Media = "IMAGE"
	MediaVideo    Media = "VIDEO"
	MediaSticker  Media = "STICKER"
	MediaDocument Media = "DOCUMENT"
	MediaLocation Media = "LOCATION"
	MediaContact  Media = "CONTACT"
)

// MessageStatus is how far a message has come. Inbound messages begin as
// RECEIVED, outbound ones as PENDING.
type MessageStatus string

const (
	Received      MessageStatus = "RECEIVED"      // recorded, not yet handled
	Answered      MessageStatus = "ANSWERED"      // its reply is in the log
	Suppressed    MessageStatus = "SUPPRESSED"    // over a reply limit
	Overflowed    MessageStatus = "OVERFLOWED"    // its chat's queue was full
	Expired       MessageStatus = "EXPIRED"       // too old to be answered; see Config.AnswerWithinMinutes
	Ignored       MessageStatus = "IGNORED"       // there is nothing to answer
	Forwarded     MessageStatus = "FORWARDED"     // a program of others answers it, or is to
	Undecryptable MessageStatus = "UNDECRYPTABLE" // asked the sender to send it again

	Pending   MessageStatus = "PENDING"   // to be sent
	Unknown   MessageStatus = "UNKNOWN"   // sent, but WhatsApp did not say whether it arrived
	Sent      MessageStatus = "SENT"      // acknowledged by WhatsApp
	Delivered MessageStatus = "DELIVERED" // on the customer's phone
	Read      MessageStatus = "READ"

	// Failed is the end of a message of either direction that WhatsApp refused, or
	// that is a dead letter because handling it failed too often. Reason says which. An
	// operator may have it tried again.
	Failed MessageStatus = "FAILED"
)

// MessageStatuses lists every MessageStatus.
var MessageStatuses = []MessageStatus{
	Received, Answered, Suppressed, Overflowed, Expired, Ignored, Forwarded, Undecryptable,
	Pending, Unknown, Sent, Delivered, Read, Failed,
}
