package reply

import (
	"math"
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

// maxNearKilometres is how far from a known place an area may be for a location to be in it.
const maxNearKilometres = 3

// receiveLocation takes a location as a place to deliver to.
func (t *turn) receiveLocation() {
	m, o := t.in.Message, t.next.Order
	if o == nil || m.Latitude == nil || m.Longitude == nil || !t.delivers() {
		t.tell("media.location")
		t.keepQuestion()
		return
	}
	t.did(actOrder)
	t.tell("media.location_noted")
	o.At, o.How = m.At, howDeliver
	o.Latitude, o.Longitude = m.Latitude, m.Longitude
	t.p.text = m.Text
	if area := t.k.areas.Match(m.Text); len(area) > 0 {
		o.Area, o.Unlisted = area[0].ID, false
	}
	if o.Area == "" {
		o.Unlisted = true // where that is, only a person can tell
	}
	t.continueOrder()
}

// kilometres is the distance between two places on a sphere, which is good to half a per cent.
func kilometres(lat1, long1, lat2, long2 float64) float64 {
	const earth, degree = 6371, math.Pi / 180
	x := (long2 - long1) * degree * math.Cos((lat1+lat2)/2*degree)
	y := (lat2 - lat1) * degree
	return earth * math.Hypot(x, y)
}
