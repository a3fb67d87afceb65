package simulator

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// maxTimer is the longest timer of a chat, in seconds: a year.
const maxTimer = 366 * 24 * 60 * 60

// A sendRequest says what a customer sends. Of Text, Kind, Message, Edit, Revoke and
// Timer exactly one says what it is, but Text also goes with Kind, as caption, and
// with Edit.
type sendRequest struct {
	To   string
	ID   string // "" = one is drawn
	Text string
	// Kind is one of kinds: what that is made of is up to the simulator.
	Kind string
	// Message is a waE2E.Message, encoded and in base64.
	Message string
	Edit    string // id of an earlier message, whose text is to be Text now
	Revoke  string // id of an earlier message that is to be deleted
	Timer   *int   // seconds after which messages of the chat disappear from now on; 0 = never
	// Expiration is the timer that a message is sent under, in seconds.
	Expiration int
	// Album is the id of the message that announced the album it is part of.
	Album string
}

// kinds are messages that people send, by name. Each takes a caption, which most
// have no place for.
var kinds = map[string]func(caption string) *waE2E.Message{
	"image": func(caption string) *waE2E.Message {
		return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{Caption: optional(caption)}}
	},
	"voice": func(string) *waE2E.Message {
		return &waE2E.Message{AudioMessage: &waE2E.AudioMessage{PTT: proto.Bool(true)}}
	},
	"sticker": func(string) *waE2E.Message {
		return &waE2E.Message{StickerMessage: &waE2E.StickerMessage{Mimetype: proto.String("image/webp")}}
	},
	"location": func(string) *waE2E.Message {
		return &waE2E.Message{LocationMessage: &waE2E.LocationMessage{
			DegreesLatitude: proto.Float64(-6.8161), DegreesLongitude: proto.Float64(39.2804), Name: proto.String("Kariakoo Market"),
		}}
	},
	"contact": func(string) *waE2E.Message {
		return &waE2E.Message{ContactMessage: &waE2E.ContactMessage{
			DisplayName: proto.String("Asha"), Vcard: proto.String("BEGIN:VCARD\nVERSION:3.0\nFN:Asha\nTEL:+255700000009\nEND:VCARD"),
		}}
	},
	"order": func(caption string) *waE2E.Message {
		return &waE2E.Message{OrderMessage: &waE2E.OrderMessage{
			OrderID: proto.String("1"), ItemCount: proto.Int32(3), Message: optional(caption),
			TotalAmount1000: proto.Int64(45_000_000), TotalCurrencyCode: proto.String("TZS"),
		}}
	},
	"product": func(caption string) *waE2E.Message {
		return &waE2E.Message{ProductMessage: &waE2E.ProductMessage{
			Body: optional(caption), Product: &waE2E.ProductMessage_ProductSnapshot{Title: proto.String("Kitenge dress")},
		}}
	},
	"poll": func(caption string) *waE2E.Message {
		return &waE2E.Message{PollCreationMessageV3: &waE2E.PollCreationMessage{
			Name:    optional(caption),
			Options: []*waE2E.PollCreationMessage_Option{{OptionName: proto.String("Monday")}, {OptionName: proto.String("Tuesday")}},
		}}
	},
	"call": func(string) *waE2E.Message {
		return &waE2E.Message{CallLogMesssage: &waE2E.CallLogMessage{CallOutcome: waE2E.CallLogMessage_MISSED.Enum()}}
	},
	"album": func(string) *waE2E.Message { // announces pictures, which follow with its id as album
		return &waE2E.Message{AlbumMessage: &waE2E.AlbumMessage{ExpectedImageCount: proto.Uint32(6)}}
	},
	"reaction": func(caption string) *waE2E.Message {
		return &waE2E.Message{ReactionMessage: &waE2E.ReactionMessage{
			Key: &waCommon.MessageKey{ID: proto.String("3EB0")}, Text: optional(caption),
		}}
	},
	"sticker_sync": func(string) *waE2E.Message {
		return &waE2E.Message{StickerSyncRmrMessage: &waE2E.StickerSyncRMRMessage{}}
	},
	"payment_declined": func(string) *waE2E.Message {
		return &waE2E.Message{DeclinePaymentRequestMessage: &waE2E.DeclinePaymentRequestMessage{}}
	},
}

// optional is a field that is left out when there is nothing in it.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// message returns what is to be sent, to the given JID.
func (in sendRequest) message(to types.JID) (*waE2E.Message, error) {
	if n := in.told(); n != 1 {
		return nil, fail(http.StatusBadRequest, "give one of text, kind, message, edit, revoke and timer")
	}
	if len(in.Text) > maxText {
		return nil, fail(http.StatusBadRequest, "text must have 1 to %d bytes", maxText)
	}
	if in.Expiration < 0 || in.Expiration > maxTimer {
		return nil, fail(http.StatusBadRequest, "expiration must be 0 to %d", maxTimer)
	}
	m, err := in.content(to)
	if err != nil {
		return nil, err
	}
	if in.Album != "" {
		m.MessageContextInfo = &waE2E.MessageContextInfo{MessageAssociation: &waE2E.MessageAssociation{
			AssociationType: waE2E.MessageAssociation_MEDIA_ALBUM.Enum(), ParentMessageKey: key(to, in.Album),
		}}
	}
	return m, nil
}

// told counts what says what is to be sent.
func (in sendRequest) told() (n int) {
	for _, told := range []bool{
		in.Kind != "", in.Message != "", in.Edit != "", in.Revoke != "", in.Timer != nil,
		in.Text != "" && in.Kind == "" && in.Edit == "",
	} {
		if told {
			n++
		}
	}
	return n
}

func (in sendRequest) content(to types.JID) (*waE2E.Message, error) {
	switch {
	case in.Kind != "":
		build, known := kinds[in.Kind]
		if !known {
			return nil, fail(http.StatusBadRequest, "kind must be one of %s", strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
		}
		return build(in.Text), nil
	case in.Message != "":
		raw, err := base64.StdEncoding.DecodeString(in.Message)
		m := &waE2E.Message{}
		if err == nil {
			err = proto.Unmarshal(raw, m)
		}
		if err != nil {
			return nil, fail(http.StatusBadRequest, "message must be a waE2E.Message in base64: %v", err)
		}
		return m, nil
	case in.Edit != "":
		if in.Text == "" {
			return nil, fail(http.StatusBadRequest, "an edit needs a text")
		}
		return edited(to, in.Edit, in.Text), nil
	case in.Revoke != "":
		return &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
			Type: waE2E.ProtocolMessage_REVOKE.Enum(), Key: key(to, in.Revoke),
		}}, nil
	case in.Timer != nil:
		if *in.Timer < 0 || *in.Timer > maxTimer {
			return nil, fail(http.StatusBadRequest, "timer must be 0 to %d", maxTimer)
		}
		return &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
			Type:                      waE2E.ProtocolMessage_EPHEMERAL_SETTING.Enum(),
			EphemeralExpiration:       proto.Uint32(uint32(*in.Timer)),
			EphemeralSettingTimestamp: proto.Int64(time.Now().Unix()),
		}}, nil
	case in.Expiration > 0:
		return &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{
			Text: &in.Text, ContextInfo: &waE2E.ContextInfo{Expiration: proto.Uint32(uint32(in.Expiration))},
		}}, nil
	default:
		return &waE2E.Message{Conversation: &in.Text}, nil
	}
}

// key names a message that the sender has sent to a chat.
func key(chat types.JID, id string) *waCommon.MessageKey {
	return &waCommon.MessageKey{RemoteJID: proto.String(chat.String()), FromMe: proto.Bool(true), ID: &id}
}

// edited changes the text of a message, as phones do.
func edited(chat types.JID, id, text string) *waE2E.Message {
	return &waE2E.Message{EditedMessage: &waE2E.FutureProofMessage{Message: &waE2E.Message{
		ProtocolMessage: &waE2E.ProtocolMessage{
			Type: waE2E.ProtocolMessage_MESSAGE_EDIT.Enum(), Key: key(chat, id),
			EditedMessage: &waE2E.Message{Conversation: &text},
			TimestampMS:   proto.Int64(time.Now().UnixMilli()),
		},
	}}}
}
