package customers

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"github.com/flowhq/flowhq"
)

const (
	// MaxText bounds the text of one message, in bytes, as WhatsApp does.
	MaxText = 64 << 10
	// maxTimer is the longest timer of a chat, in seconds: a year.
	maxTimer = 366 * 24 * 60 * 60
)

// A Draft says what a customer sends. Of Text, Kind, Message, Edit, Revoke and Timer
// exactly one says what it is, but Text also goes with Kind, as caption, and with Edit.
type Draft struct {
	// Text is what the person writes, or a caption, or what an edit makes of a message.
	Text string
	// Kind is one of kinds, such as "image". What it is made of is up to the simulator.
	Kind string
	// Message is a waE2E.Message, encoded and in base64: what the other fields cannot say.
	Message string
	// Edit is the id of an earlier message, whose text is to be Text now.
	Edit string
	// Revoke is the id of an earlier message that is to be deleted for everybody.
	Revoke string
	// Timer is after how many seconds messages of the chat disappear from now on; 0 = never.
	Timer *int
	// Expiration is the timer that a message is sent under, in seconds.
	Expiration int
	// Album is the id of the message that announced the album it is part of.
	Album string
}

// Compose returns the message to send to a number. It fails with [flowhq.Invalid] and says
// what would be right. The same draft gives an equal message each time, but for the time in
// it.
func (d Draft) Compose(to string) (*waE2E.Message, error) {
	if n := d.contents(); n != 1 {
		return nil, invalid("give one of text, kind, message, edit, revoke and timer")
	}
	// WhatsApp refuses a longer text, and a bot must not be tested with what cannot come.
	if len(d.Text) > MaxText {
		return nil, invalid("text must have 1 to %d bytes", MaxText)
	}
	if d.Expiration < 0 || d.Expiration > maxTimer {
		return nil, invalid("expiration must be 0 to %d", maxTimer)
	}
	// Phones name the chat by number in what refers to earlier messages.
	chat := types.NewJID(to, types.DefaultUserServer)
	// The text's length was checked; other contents are bounded by the request's size.
	m, err := d.content(chat)
	if err != nil {
		return nil, err
	}
	// A picture of an album says which album, beside the picture itself.
	if d.Album != "" {
		m.MessageContextInfo = &waE2E.MessageContextInfo{
			MessageAssociation: &waE2E.MessageAssociation{
				AssociationType:  waE2E.MessageAssociation_MEDIA_ALBUM.Enum(),
				ParentMessageKey: key(chat, d.Album),
			},
		}
	}
	return m, nil
}

// contents counts the fields that say what is to be sent. A draft with two of them has a
// mistake that would otherwise show only in what a bot answers.
func (d Draft) contents() (n int) {
	// A caption and an edit's text do not count by themselves.
	for _, isSet := range []bool{
		d.Kind != "", d.Message != "", d.Edit != "", d.Revoke != "", d.Timer != nil,
		d.Text != "" && d.Kind == "" && d.Edit == "",
	} {
		if isSet {
			n++
		}
	}
	return n
}

// content returns the message without what surrounds it, in the form that phones give it.
func (d Draft) content(chat types.JID) (*waE2E.Message, error) {
	switch {
	case d.Kind != "":
		// The error lists all kinds, sorted, since a map has no order and a message should read the
		// same twice.
		build, isKnown := kinds[d.Kind]
		if !isKnown {
			names := slices.Sorted(maps.Keys(kinds))
			return nil, invalid("kind must be one of %s", strings.Join(names, ", "))
		}
		return build(d.Text), nil
	case d.Message != "":
		return decodeMessage(d.Message)
	case d.Edit != "":
		if d.Text == "" { // a person who wants that deletes the message
			return nil, invalid("an edit needs a text")
		}
		return edited(chat, d.Edit, d.Text), nil
	case d.Revoke != "": // "delete for everybody"
		return &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
			Type: waE2E.ProtocolMessage_REVOKE.Enum(), Key: key(chat, d.Revoke),
		}}, nil
	case d.Timer != nil: // the phone tells the other side that the chat has a timer now
		if *d.Timer < 0 || *d.Timer > maxTimer {
			return nil, invalid("timer must be 0 to %d", maxTimer)
		}
		return &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
			Type:                      waE2E.ProtocolMessage_EPHEMERAL_SETTING.Enum(),
			EphemeralExpiration:       proto.Uint32(uint32(*d.Timer)),
			EphemeralSettingTimestamp: proto.Int64(time.Now().Unix()),
		}}, nil
	case d.Expiration > 0: // a text in a chat that has a timer
		// Only the longer form of a text has a place for the timer.
		return &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{
			Text: &d.Text,
			ContextInfo: &waE2E.ContextInfo{
				Expiration: proto.Uint32(uint32(d.Expiration)),
			},
		}}, nil
	default:
		return &waE2E.Message{Conversation: &d.Text}, nil
	}
}

// decodeMessage reads a message in base64. It may be of any kind, also one that this
// version of the library does not know.
func decodeMessage(text string) (*waE2E.Message, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	m := &waE2E.Message{}
	if err == nil {
		err = proto.Unmarshal(raw, m)
	}
	if err != nil {
		return nil, invalid("message must be a waE2E.Message in base64: %v", err)
	}
	return m, nil
}

// invalid returns an error that the author of a draft must mend.
func invalid(format string, args ...any) error {
	return flowhq.Errorf(flowhq.Invalid, format, args...)
}

// key names a message that the sender has sent to a chat. FromMe is as the sender sees it;
// the recipient's client turns it round.
func key(chat types.JID, id string) *waCommon.MessageKey {
	return &waCommon.MessageKey{
		RemoteJID: proto.String(chat.String()), FromMe: proto.Bool(true), ID: &id,
	}
}

// edited changes the text of a message, in the envelope that phones put around it. Clients
// recognise an edit by the envelope, before they look into it.
func edited(chat types.JID, id, text string) *waE2E.Message {
	return &waE2E.Message{EditedMessage: &waE2E.FutureProofMessage{Message: &waE2E.Message{
		ProtocolMessage: &waE2E.ProtocolMessage{
			Type: waE2E.ProtocolMessage_MESSAGE_EDIT.Enum(), Key: key(chat, id),
			EditedMessage: &waE2E.Message{Conversation: &text},
			TimestampMS:   proto.Int64(time.Now().UnixMilli()),
		},
	}}}
}
