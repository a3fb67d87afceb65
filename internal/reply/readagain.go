package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// Nobody at a counter reads the whole list back after each word. An order is read back whole once.
// After that a change is confirmed in one line with what the order comes to now, and a question in
// between is followed by the sum alone.

// briefFor is how long after the whole list was read one line is enough. Later the list is no
// longer on the customer's screen.
const briefFor = 20 * time.Minute

// maxBrief is how many changes are told in one line. With more the whole list is clearer.
const maxBrief = 3

// confirmOrder reads back what is new since the order was read back, and all of it where it was not
// yet, or is another order.
func (t *turn) confirmOrder() {
	before, changes, ok := t.sinceRead()
	if !ok || len(changes) > maxBrief {
		t.readOrderBack()
		return
	}
	o := t.next.Order
	total, known := t.lineTotal()
	fee, feeKnown := t.fee()
	if !known || !feeKnown {
		t.readOrderBack()
		return
	}
	sum := t.k.money(total + fee)
	if len(changes) > 0 {
		t.tell("order.changed", "changes", strings.Join(changes, "; "))
	}
	// The fee is a part of the sum that the customer has not seen where it changed by itself.
	if fee != before {
		word := t.say.first("delivery.free_word")
		if fee > 0 {
			word = t.k.money(fee)
		}
		t.tell("order.fee_now", "fee", word)
	}
	switch brought := o.How == howDeliver && o.Area != ""; {
	case len(changes) > 0 && brought:
		t.tell("order.total_now_to", "total", sum, "area", o.Area)
	case len(changes) > 0:
		t.tell("order.total_now", "total", sum)
	case brought:
		t.tell("order.total_still_to", "total", sum, "area", o.Area)
	default:
		t.tell("order.total_still", "total", sum)
	}
	// The one line counts as a read-back: a yes to it places the order with the changes.
	t.askToPlace()
}

// sinceRead are the changes since the order was read back, each as it is told, and the fee of then.
// It is not ok if what was read back is not what the last turn left.
func (t *turn) sinceRead() (fee int64, changes []string, ok bool) {
	was, o := t.in.State.Order, t.next.Order
	if was == nil || o.Told == 0 || t.in.State.Ask.For == "" || was.Open != o.Open ||
		was.Number != o.Number || t.written().Sub(t.in.State.At) > briefFor || was.How != o.How ||
		o.Unlisted || o.Area != was.Area {
		return 0, nil, false
	}
	// The basket of before is looked at as it stood, by the same functions.
	now := t.next.Order
	t.next.Order = was
	same := was.Told == t.told()
	fee, _ = t.fee()
	t.next.Order = now
	if !same {
		return 0, nil, false
	}
	for _, l := range o.Lines {
		if !slices.ContainsFunc(was.Lines, l.sameAs) {
			changes = append(changes, t.lineText(l))
		}
	}
	gone := func(l Line) bool {
		return !slices.ContainsFunc(o.Lines, func(k Line) bool { return k.Product == l.Product }) &&
			// What was taken off by name has been told.
			!t.toldRemoved(l.Product)
	}
	// A line that is gone without a word of it is worth the whole list.
	if slices.ContainsFunc(was.Lines, gone) {
		return 0, nil, false
	}
	if o.Address != was.Address && o.Address != "" {
		changes = append(changes, t.say.first("order.address_line", "address", o.Address))
	}
	if o.Payment != was.Payment && o.Payment != "" {
		changes = append(changes, t.say.first("order.payment_line", "payment", o.Payment))
	}
	// A wish that was just said to be noted is not said again.
	if added := strings.Trim(strings.TrimPrefix(o.Note, was.Note), "; "); added != "" &&
		o.Note != was.Note && !strings.Contains(t.reply(), added) {
		changes = append(changes, t.say.first("order.note_line", "note", o.Note))
	}
	return fee, changes, true
}

// toldRemoved reports whether the reply says that a product was taken off.
func (t *turn) toldRemoved(id string) bool {
	name := t.k.nameOf(id, t.say)
	for _, text := range t.say.variants("order.removed") {
		text = upperFirst(t.say.fill(text, "name", name))
		if slices.ContainsFunc(t.said, func(p part) bool {
			return strings.Contains(p.text,
				text)
		}) {
			return true
		}
	}
	return false
}

// payAndPlace places the order that was read back, paid in the way that the message names beside
// its yes: "cash. confirm" lost the cash, and "yes, I'll pay cash" was asked again.
func (t *turn) payAndPlace() {
	way := t.paymentNamed()
	if way != "" && t.next.Order != nil {
		t.next.Order.Payment = way
	}
	// "Ok 6 pm then. Confirm" says when as well.
	if o := t.next.Order; o != nil {
		note := o.Note
		if t.keepOrderWishes(); o.Note != note {
			t.tellWish(o.Note)
		}
	}
	// The facts tell whether the order was placed. It may have been refused.
	placed := len(t.facts)
	t.placeOrder()
	// A way that has a number is named with it. The customer must see that the other was
	// understood.
	if way != "" && len(t.facts) > placed && !slices.ContainsFunc(t.said, func(p part) bool {
		return strings.Contains(p.text, way)
	}) {
		t.tell("order.paid_by", "payment", way)
	}
}

// saysYesAndPays reports whether the message is a yes to the order that was read back, with the way
// to pay: "ndiyo, cash", "yes, I'll pay cash on delivery".
func (t *turn) saysYesAndPays() bool {
	p, o := &t.p, t.next.Order
	if t.next.Ask.For != askOrder || o == nil || o.Told != t.told() || p.asks || p.names() ||
		len(p.areas) > 0 || len(p.reading.Words) > maxAssent || t.wayNamed() < 0 ||
		p.has(actPaid, actCancel, actChange) || p.hasTime || saysBut(p.reading.Words) ||
		anyIn(p.reading.Words, whetherToPay) || o.How == howDeliver && t.place(false) != "" {
		return false
	}
	words := p.reading.Words
	return anyIn(words[:1], plainYes) || anyIn(words[len(words)-1:], plainYes) ||
		anyIn(words, confirmWords) || saysYesInPart(t.p.text) // "cash. yes send"
}

// hasPaid says that the money was sent.
var hasPaid = regexp.MustCompile(`(?i)\b(?:paid|nimelipa|ni(?:me)?shalipa|(?:ni|tu)metuma\s+(?:hela|pesa|malipo|m-?pesa|\w*pesa)|tumelipa|(?:i have |i )?sent\s+(?:the\s+)?(?:money|payment|cash))\b`)

// saysYesAndPaid reports whether a message says yes to the order that was read back, and that it is paid:
// "yes. paid on mpesa already, ref SJK4H7T2QP". The number is the payment service's, and none of ours.
func (t *turn) saysYesAndPaid() bool {
	p, o := &t.p, t.next.Order
	if t.next.Ask.For != askOrder || o == nil || o.Told != t.told() || p.asks || p.names() || len(p.areas) > 0 ||
		len(p.reading.Words) > maxAssent || p.has(actCancel, actChange) || saysBut(p.reading.Words) || t.place(false) != "" {
		return false
	}
	return hasPaid.MatchString(p.text) && anyIn(p.reading.Words[:1], plainYes)
}

// plainYes are a yes to what was asked. "Sawa" and "haya" in front of a way to pay may only lead to
// it, and the order is asked about once more.
var plainYes = keywords("yes, yeah, yep, yap, ndio, ndiyo, ndyo, eeh, eh, naam, confirmed")

// whetherToPay ask whether a way to pay is taken.
var whetherToPay = keywords("can, could, naweza, inawezekana, mnapokea, mnakubali, accept, je, " +
	"possible, do you")

// onlyPlace reports whether what the message has of another language than the chat's may be no more
// than a place: "Masaki, Haile Selassie road, Kaya apartments" made English of a Swahili chat.
func (t *turn) onlyPlace(l flowhq.Language) bool {
	p := &t.p
	if p.asks || len(p.areas) == 0 && !housePlace.MatchString(p.text) {
		return false
	}
	said := 0
	for _, w := range p.reading.Words {
		if hasWord(sentenceWords[l], w) {
			said++
		}
	}
	return said < minSentence
}

// sentenceWords are in sentences of a language, and not in addresses. minSentence is how many of
// them make a sentence.
var sentenceWords = map[flowhq.Language][]keyword{
	flowhq.English: keywords(`
		i, you, we, is, are, was, do, does, can, could, will, would, my, me, your, please, it,
		its, this, that, have, has,
		what, how, when, want, need, pay, bring, send, im, ill, they, them, if, because, should,
		come, call
	`),
	flowhq.Swahili: keywords(`
		ni, si, nina, niko, nipo, nataka, naomba, nitalipa, nalipa, tafadhali, asante, kama,
		lakini, hiyo, hii, mimi, sisi,
		gani, ngapi, lini, vipi, je, leo, kesho, niletee, mniletee, nileteeni, mlete, nipigie,
		yangu, wangu, sawa
	`),
}

const minSentence = 2
