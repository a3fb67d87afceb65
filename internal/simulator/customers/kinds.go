package customers

import (
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"
)

// kinds are messages that people send besides text, by name. They have no content: a bot
// must recognise their type and has no use for pictures that do not exist. Each takes a
// caption, which most have no place for.
//
// The last four are what phones send without anybody having written something. A bot must
// not answer them.
var kinds = map[string]func(caption string) *waE2E.Message{
	// A picture often comes with the question in its caption, so the caption is what a bot reads.
	"image": func(caption string) *waE2E.Message {
		return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{Caption: optional(caption)}}
	},
	// PTT (push to talk) tells a voice message from a song.
	"voice": func(string) *waE2E.Message {
		return &waE2E.Message{AudioMessage: &waE2E.AudioMessage{PTT: proto.Bool(true)}}
	},
	// Stickers are pictures of their own type.
	"sticker": func(string) *waE2E.Message {
		return &waE2E.Message{StickerMessage: &waE2E.StickerMessage{
			Mimetype: proto.String("image/webp"),
		}}
	},
	// The place is a market in Dar es Salaam: a bot that knows areas of delivery has one to find.
	"location": func(string) *waE2E.Message {
		return &waE2E.Message{LocationMessage: &waE2E.LocationMessage{
			DegreesLatitude: proto.Float64(-6.8161), DegreesLongitude: proto.Float64(39.2804),
			Name: proto.String("Kariakoo Market"),
		}}
	},
	// A contact is shared as a card in the form of address books.
	"contact": func(string) *waE2E.Message {
		return &waE2E.Message{ContactMessage: &waE2E.ContactMessage{
			DisplayName: proto.String("Asha"),
			Vcard: proto.String(
				"BEGIN:VCARD\nVERSION:3.0\nFN:Asha\nTEL:+255700000009\nEND:VCARD"),
		}}
	},
	// An order and a product come from a shop's catalogue. Businesses get them often.
	"order": func(caption string) *waE2E.Message {
		return &waE2E.Message{OrderMessage: &waE2E.OrderMessage{
			OrderID: proto.String("1"), ItemCount: proto.Int32(3), Message: optional(caption),
			TotalAmount1000: proto.Int64(45_000_000), TotalCurrencyCode: proto.String("TZS"),
		}}
	},
	"product": func(caption string) *waE2E.Message {
		return &waE2E.Message{ProductMessage: &waE2E.ProductMessage{
			Body: optional(caption),
			Product: &waE2E.ProductMessage_ProductSnapshot{
				Title: proto.String("Kitenge dress"),
			},
		}}
	},
	// Polls are in their third form; phones of late send no other.
	"poll": func(caption string) *waE2E.Message {
		return &waE2E.Message{PollCreationMessageV3: &waE2E.PollCreationMessage{
			Name: optional(caption),
			Options: []*waE2E.PollCreationMessage_Option{
				{OptionName: proto.String("Monday")}, {OptionName: proto.String("Tuesday")},
			},
		}}
	},
	// An album announces pictures. They follow, each with the announcement's id as Album.
	"album": func(string) *waE2E.Message {
		return &waE2E.Message{AlbumMessage: &waE2E.AlbumMessage{
			ExpectedImageCount: proto.Uint32(6),
		}}
	},
	// A call that was missed is a message on both phones.
	"call": func(string) *waE2E.Message {
		return &waE2E.Message{CallLogMesssage: &waE2E.CallLogMessage{
			CallOutcome: waE2E.CallLogMessage_MISSED.Enum(),
		}}
	},
	// A reaction names the message that it is about. No message here has this id.
	"reaction": func(caption string) *waE2E.Message {
		return &waE2E.Message{ReactionMessage: &waE2E.ReactionMessage{
			Key: &waCommon.MessageKey{ID: proto.String("3EB0")}, Text: optional(caption),
		}}
	},
	// These two are between phones, about stickers and payments.
	"sticker_sync": func(string) *waE2E.Message {
		return &waE2E.Message{StickerSyncRmrMessage: &waE2E.StickerSyncRMRMessage{}}
	},
	"payment_declined": func(string) *waE2E.Message {
		return &waE2E.Message{
			DeclinePaymentRequestMessage: &waE2E.DeclinePaymentRequestMessage{},
		}
	},
}

// optional is a field that is left out when there is nothing in it, as phones do: an
// empty caption is not the same as none.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
