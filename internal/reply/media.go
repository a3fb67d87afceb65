package reply

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// What a message without words is, in [Message].Media. The pipeline names them after WhatsApp's
// kinds. The texts are looked up by these names.
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
// chat. A customer who has sent a voice note in Swahili and is answered in English, or with
// silence, may not write again. So each medium has words that say what to do instead.
func (t *turn) receiveMedia() {
	t.did(actMedia)
	m := t.in.Message
	switch m.Media {
	// A sticker or a reaction closes a talk. An answer to it would go back and forth without end.
	case mediaSticker, "reaction":
		t.acts = []act{actSilence}
		return
	case mediaLocation:
		t.receiveLocation()
		return
	// A picture belongs to what is spoken of. Only without anything to belong to is it answered as
	// a medium.
	case mediaImage, mediaVideo, mediaDocument:
		if t.attachPicture() {
			return
		}
	}
	switch {
	// An audio file is what a voice note is after it was forwarded.
	case m.Media == "audio":
		t.tell("media.voice")
	// New media of WhatsApp arrive before their texts do: the kind is then told instead.
	case t.hasText("media." + m.Media):
		t.tell("media." + m.Media)
	default:
		t.tell(mediaKeyOf(m.Kind))
	}
	// A picture in the middle of a booking must not end the booking.
	t.keepQuestion()
}

// hasText reports whether there is a text of this key. The catalog is the bot's: an owner can
// replace texts, and not add keys.
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

// pointing are words of a caption that only points at the picture: "hii iko?".
var pointing = keywords(`
	hii, hiyo, hizi, hizo, hili, hilo, ile, zile, huu, huo, this, that, these, those, one, it,
	iko, ipo,
	ziko, zipo, lipo, liko, upo, mnayo, mnazo, mnalo, mna, unayo, unazo, uko, mko, na, do, you,
	have,
	u, is, available, in, stock, bei, gani, ngapi, how, much, price, ni, sh, the, please, je,
	naitaka,
	nataka, want, i, like, kama, same, exact, a, inauzwa, mnauza, nipate, naomba
`)

// pointsAtPicture asks what a picture shows whose caption only points at it, and keeps a picture
// with the complaint that it belongs to.
func (t *turn) pointsAtPicture() bool {
	p := &t.p
	if !t.in.Message.isPicture() {
		return false
	}
	if v := t.next.Ticket; v != nil && v.Number != "" && !p.asks && !p.has(taskActs...) {
		t.did(actMedia)
		v.Note = oneLine(strings.TrimSuffix(v.Note, pictureNote)+" / "+t.note(), maxNote)
		return t.attachPicture()
	}
	if p.names() || p.has(actPaid, actComplaint) || slices.ContainsFunc(p.reading.Words,
		func(w string) bool {
			return !hasWord(pointing, w)
		}) {
		return false
	}
	t.did(actMedia)
	// With an order it shows what is ordered, and the next question must not be lost.
	if t.next.Order != nil && !p.asks {
		return t.attachPicture()
	}
	t.unanswered("media.image_which")
	return true
}

// keepQuestion keeps the open question open, as its answer may follow in words. The clock of the
// question begins again, as the customer is there. Prompted stays as it is: the question is still
// about the message that led to it.
func (t *turn) keepQuestion() {
	if t.next.Ask.For != "" {
		t.next.Ask.At = t.in.Message.At
	}
}

// attachPicture keeps a picture with what is spoken of: a problem, or an order. The picture itself
// stays in the chat, where people of the business see it. It is false if nothing is spoken of that
// the picture could belong to.
func (t *turn) attachPicture() bool {
	switch {
	case t.next.Ticket != nil && t.next.Ticket.Number != "":
		v := t.next.Ticket
		// The mark is set once, at the end: ten pictures must not fill the note that people read.
		v.Note = oneLine(strings.TrimSuffix(v.Note, pictureNote)+pictureNote, maxNote)
		t.fact(t.ticket())
		t.tell("ticket.picture", "number", v.Number)
	// The picture alone describes nothing. The words for it are still asked for.
	case t.next.Ask.For == askProblem:
		t.tell("media.image_noted")
		t.keepQuestion()
	// The order goes on, so that the picture does not leave its open question without an answer.
	case t.next.Order != nil:
		t.next.Order.Picture = true
		t.tell("order.picture")
		t.continueOrder()
	// A topic only: the picture shows probably that thing, and no fact can hold it yet.
	case t.next.Topic != "":
		t.tell("media.image_noted")
		t.keepQuestion()
	default:
		return false
	}
	return true
}

// isPicture reports whether the message shows something.
func (m Message) isPicture() bool {
	return m.Media == mediaImage || m.Media == mediaVideo || m.Media == mediaDocument
}

// pictureNote says in a ticket that there is a picture.
const pictureNote = " [picture]"

// receiveLocation takes a location as the place to deliver to. Without an order it is kept for one.
// It may come before the first word of an order: "deliver here", then what.
func (t *turn) receiveLocation() {
	// A placed order that waits for its address is served first.
	o := t.next.Order
	if a := t.next.Ask; o == nil && a.For == askAddress && a.About != "" && t.locateOrder(a.About) {
		return
	}
	// A business that does not deliver tells the customer so where delivery is asked for. Here the
	// location is only not used.
	if !t.keepLocation() || o == nil {
		t.tell("media.location")
		t.keepQuestion()
		return
	}
	t.did(actOrder)
	t.tell("media.location_noted")
	// Who sends a location wants it brought.
	o.How = howDeliver
	// The name of a place that comes with a pin may be an area of the list, and then has a fee.
	if area := t.named(t.k.areas, t.in.Message.Text); len(area) > 0 {
		o.Area = area[0].ID
	}
	t.useLocation()
	t.continueOrder()
}

// locateOrder puts the location on an order that is placed. It is false if the order has moved on:
// a person packs by the address of then.
func (t *turn) locateOrder(number string) bool {
	f, ok := t.orderNumbered(number)
	m := t.in.Message
	if !ok || f.Status != flowhq.OrderConfirmed || m.Latitude == nil || m.Longitude == nil {
		return false
	}
	t.did(actOrder)
	// The area stays: the fee was agreed to before.
	f.Delivery.Latitude, f.Delivery.Longitude = m.Latitude, m.Longitude
	t.fact(flowhq.FactChange{Order: &f})
	// Dropped, or the customer's next words would be taken for an address too.
	t.next.Ask = Ask{}
	t.tell("order.address_noted", "number", number)
	return true
}

// keepLocation keeps a location that came with the message. It is false if there is none, or the
// owner does not deliver. The location stays in the State after the order, for the next one of the
// same talk.
func (t *turn) keepLocation() bool {
	m := t.in.Message
	if m.Latitude == nil || m.Longitude == nil || !t.delivers() {
		return false
	}
	t.next.Latitude, t.next.Longitude = m.Latitude, m.Longitude
	t.useLocation()
	return true
}

// useLocation makes the location that was sent last the address of an order that is brought. An
// order that is fetched needs none, and its customer's location is nobody's business.
func (t *turn) useLocation() {
	o := t.next.Order
	if o == nil || o.How == howPickup || t.next.Latitude == nil {
		return
	}
	// The order is as fresh as its last change, and is kept for OrderFor from then.
	o.At = t.in.Message.At
	o.Latitude, o.Longitude = t.next.Latitude, t.next.Longitude
	o.Unlisted = o.Area == "" // in which area that is, only a person can tell
}
