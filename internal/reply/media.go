package reply

import (
	"strings"

	"github.com/flowhq/flowhq"
)

// What a message without words is, in [Message].Media.
const (
	mediaVoice    = "voice"
	mediaImage    = "image"
	mediaVideo    = "video"
	mediaSticker  = "sticker"
	mediaDocument = "document"
	mediaContact  = "contact"
	mediaLocation = "location"
	mediaCall     = "call"
)

// receiveMedia answers a message without words with what helps instead, in the language of the
// chat.
func (t *turn) receiveMedia() {
	t.did(actMedia)
	m := t.in.Message
	switch m.Media {
	case mediaSticker, "reaction":
		t.acts = []act{actSilence}
		return
	case mediaLocation:
		t.receiveLocation()
		return
	case mediaImage, mediaVideo, mediaDocument:
		if t.attachPicture() {
			return
		}
	}
	switch {
	case m.Media == "audio":
		t.tell("media.voice")
	case t.hasText("media." + m.Media):
		t.tell("media." + m.Media)
	default:
		t.tell(mediaKeyOf(m.Kind))
	}
	t.keepQuestion()
}

// hasText reports whether there is a text of this key.
func (t *turn) hasText(key string) bool { return len(t.say.catalog[key]) > 0 }

// mediaKeyOf is the answer to a kind of message whose medium is not known.
func mediaKeyOf(k flowhq.Kind) string {
	switch k {
	case flowhq.KindMedia:
		return "media.image"
	case flowhq.KindContact:
		return "media.contact"
	case flowhq.KindCall:
		return "media.call"
	case flowhq.KindOrder:
		return "media.catalogue"
	case flowhq.KindPayment:
		return "media.payment"
	default:
		return "media.other"
	}
}

// keepQuestion keeps the open question open, as its answer may follow in words.
func (t *turn) keepQuestion() {
	if t.next.Ask.For != "" {
		t.next.Ask.At = t.in.Message.At
	}
}

// attachPicture keeps a picture with what is spoken of: a problem, or an order. The picture itself
// stays in the chat, where people of the business see it.
func (t *turn) attachPicture() bool {
	switch {
	case t.next.Ticket != nil && t.next.Ticket.Number != "":
		v := t.next.Ticket
		v.Note = oneLine(strings.TrimSuffix(v.Note, pictureNote)+pictureNote, maxNote)
		t.fact(t.ticket())
		t.tell("ticket.picture", "number", v.Number)
	case t.next.Ask.For == askProblem:
		t.tell("media.image_noted")
		t.keepQuestion()
	case t.next.Order != nil:
		t.next.Order.Picture = true
		t.tell("order.picture")
		t.continueOrder()
	case t.next.Topic != "":
		t.tell("media.image_noted")
		t.keepQuestion()
	default:
		return false
	}
	return true
}

// pictureNote says in a ticket that there is a picture.
const pictureNote = " [picture]"

// receiveLocation takes a location as the place to deliver to. Without an order it is kept for one.
func (t *turn) receiveLocation() {
	o := t.next.Order
	if a := t.next.Ask; o == nil && a.For == askAddress && a.About != "" && t.locateOrder(a.About) {
		return
	}
	if !t.keepLocation() || o == nil {
		t.tell("media.location")
		t.keepQuestion()
		return
	}
	t.did(actOrder)
	t.tell("media.location_noted")
	o.How = howDeliver
	if area := t.k.areas.Match(t.in.Message.Text); len(area) > 0 {
		o.Area = area[0].ID
	}
	t.useLocation()
	t.continueOrder()
}

// locateOrder puts the location on an order that is placed.
func (t *turn) locateOrder(number string) bool {
	f, ok := t.orderNumbered(number)
	m := t.in.Message
	if !ok || f.Status != flowhq.OrderConfirmed || m.Latitude == nil || m.Longitude == nil {
		return false
	}
	t.did(actOrder)
	f.Delivery.Latitude, f.Delivery.Longitude = m.Latitude, m.Longitude
	t.fact(flowhq.FactChange{Order: &f})
	t.next.Ask = Ask{}
	t.tell("order.address_noted", "number", number)
	return true
}

// keepLocation keeps a location that came with the message. It is false if there is none, or the
// owner does not deliver.
func (t *turn) keepLocation() bool {
	m := t.in.Message
	if m.Latitude == nil || m.Longitude == nil || !t.delivers() {
		return false
	}
	t.next.Latitude, t.next.Longitude = m.Latitude, m.Longitude
	t.useLocation()
	return true
}

// useLocation makes the location that was sent last the address of an order that is brought.
func (t *turn) useLocation() {
	o := t.next.Order
	if o == nil || o.How == howPickup || t.next.Latitude == nil {
		return
	}
	o.At = t.in.Message.At
	o.Latitude, o.Longitude = t.next.Latitude, t.next.Longitude
	o.Unlisted = o.Area == "" // in which area that is, only a person can tell
}
