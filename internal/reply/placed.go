package reply

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// editsPlaced reports whether the message changes an order that was placed a moment ago: "make the
// rice 4 kilos", "actually just one", "iwe moja tu ya L", "niongezee sukari". Without it such a
// message would begin a second order.
func (t *turn) editsPlaced() bool {
	p := &t.p
	takesOff := p.cued(cueRemove) || p.has(actCancel)
	adds := !takesOff && len(p.products) > 0 && anyIn(p.reading.Words, addWords)
	if t.next.Order != nil || p.asks && !asksToAdd.MatchString(p.text) && !t.addsInPiece() ||
		p.has(actCancel) && !t.cancelsLines() ||
		!takesOff && !adds && !p.cued(cueInstead) && !anyIn(p.reading.Words, ratherWords) &&
			!someOfThem.MatchString(p.text) {
		return false
	}
	// Of several orders nobody knows which. After half an hour "just one" is more likely a new
	// wish.
	meant, _ := t.meantOrders()
	if len(meant) != 1 || t.now.Sub(meant[0].CreatedAt) > AskedFor {
		return false
	}
	if adds {
		return true
	}
	ordered := func(id string) bool {
		return slices.ContainsFunc(meant[0].Lines, func(l flowhq.OrderLine) bool {
			return l.Product == id
		})
	}
	// A product that is not on the order is a new order, not a change.
	if len(p.products) > 0 {
		return slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
			return ordered(m.ID)
		})
	}
	// A count alone with "cancel" is unclear: of what, and down to what.
	if t.countSaid() > 0 && len(p.reading.Words) <= maxRather {
		return !p.has(actCancel)
	}
	// A size alone is a change if the order has something with sizes.
	return slices.ContainsFunc(meant[0].Lines, func(l flowhq.OrderLine) bool {
		product := t.k.product[l.Product]
		return product != nil && len(product.Sizes) > 1 &&
			len(entity.SizeCounts(p.text, product.Sizes)) > 0
	})
}

// takePlaced takes what is said of an order that was placed a moment ago: something more, the way
// to pay, where it goes, or a word to the rider.
func (t *turn) takePlaced() bool {
	return t.takeRiderTold() || t.takePlacedWish() || t.takePlacedPay() || t.takePlacedAddress() ||
		t.takeRiderNote()
}

// addsInPiece reports whether a part that asks nothing puts something on an order: "maziwa mnayo?
// ongezea pakiti 2 kwenye hiyo oda".
func (t *turn) addsInPiece() bool {
	return slices.ContainsFunc(piecesOf(t.p.text), func(one piece) bool {
		return !one.asks && anyIn(split(one.text), addWords)
	})
}

// asksToAdd is a wish in the form of a question: "can you also add salt?".
var asksToAdd = regexp.MustCompile(`(?i)\b(?:can|could|pls|please|will)\s+(?:you|u|i|we)\s+` +
	`(?:also\s+|please\s+|pls\s+)?add\b|\b(?:naweza|mnaweza|unaweza|inawezekana)\s+` +
	`(?:ku|mkani|uka)?(?:ni)?ongez`)

// addWords put something on an order that is placed. "Also" and "pia" are left out: they join two
// wishes of one message as well.
var addWords = keywords(`
	add, ongeza, *ongeze*, ongezea, naongeza, nimesahau, nilisahau,
	i forgot,
	add me, weka na, niwekee na
`)

// ratherWords put something else in place of what was said, and maxRather is how many words such a
// message has at most.
var ratherWords = keywords(`
	actually, rather, only, just, tu, pekee, badili, badilisha, kubadilisha, nibadilishie, change
`)

// A longer message with such a word speaks of something else: "just" is in every other sentence.
const maxRather = 7

// placedOrder is the order that was placed last in this talk, as this turn has made it. ok is false
// while another one is being made.
func (t *turn) placedOrder() (o flowhq.Order, ok bool) {
	if !t.placedRecently() {
		return o, false
	}
	meant, _ := t.meantOrders()
	for _, f := range t.facts {
		if f.Order != nil && f.Order.Number == meant[0].Number {
			return *f.Order, true
		}
	}
	return meant[0], true
}

// placedHas reports whether the order that was placed last in this talk has a product.
func (t *turn) placedHas(id string) bool {
	f, ok := t.placedOrder()
	return ok && slices.ContainsFunc(f.Lines,
		func(l flowhq.OrderLine) bool { return l.Product == id })
}

// rewrite writes an order that is placed once more. Two facts of one order in a turn would be two
// versions of it.
func (t *turn) rewrite(o flowhq.Order) {
	t.facts = slices.DeleteFunc(t.facts, func(f flowhq.FactChange) bool {
		return f.Order != nil && f.Order.Number == o.Number
	})
	t.fact(flowhq.FactChange{Order: &o})
}

// takePlacedPay takes the way to pay for an order that is placed: "nalipa cash akifika". It is told
// after the order as often as before.
func (t *turn) takePlacedPay() bool {
	p, i := &t.p, t.wayNamed()
	f, ok := t.placedOrder()
	changes := t.changeWished() != ""
	if !ok || t.k.template() != flowhq.EcommerceTemplate || i < 0 ||
		p.asksSoftly() && !changes || p.names() || len(p.reading.Words) > maxAssent+4 &&
		!(changes && len(p.reading.Words) <= maxExtra) ||
		anyIn(p.reading.Words, whetherToPay) || p.isReceipt ||
		p.has(actPaid, actCancel, actReturn, actSecret) || hasPaid.MatchString(p.text) {
		return false
	}
	way := t.k.profile.Payments[i]
	// "Sinza kwa Remmy karibu na kanisa. Nitalipa cash" says where as well.
	place := t.placeFirst()
	if place != "" {
		f.Delivery.Address = t.addressNow(f.Delivery.Address, place)
		t.next.Ask = Ask{}
	}
	// The way stands first in the note, see [turn.order].
	rest := f.Note
	if first, behind, _ := strings.Cut(f.Note, "; "); slices.ContainsFunc(t.k.profile.Payments,
		func(other flowhq.Payment) bool { return other.Name == first }) {
		rest = behind
	}
	if f.Note = way.Name; rest != "" {
		f.Note += "; " + rest
	}
	f.Unpaid = way.Number != "" && !strings.Contains(rest, paidNote)
	t.rewrite(f)
	t.did(actOrder)
	if place != "" {
		t.tell("order.address_noted", "number", f.Number)
	}
	t.tell("order.paid_by", "payment", way.Name)
	if way.Number != "" {
		t.tell("order.pay_to", "payment", strings.TrimSuffix(t.payment(i), "."))
	}
	if changes {
		t.notesChange()
	}
	t.askAddressAgain()
	return true
}

// namesOtherArea reports whether the message names another area than an order goes to.
func (t *turn) namesOtherArea(f flowhq.Order) bool {
	return slices.ContainsFunc(idsOf(t.p.areas), func(id string) bool { return id != f.Delivery.Area })
}

// takePlacedAddress takes the address of an order that is placed, which the customer says once more
// or corrects: "nimesema karibu na Sinza Mori, nyumba ya bluu".
func (t *turn) takePlacedAddress() bool {
	p := &t.p
	f, ok := t.placedOrder()
	place := t.place(false)
	if t.in.placeAnew {
		place = cmp.Or(t.addressSaid(), place)
	}
	if ok && t.in.placeAnew && !p.names() && t.namesOtherArea(f) {
		t.did(actChange)
		t.editOrder(f.Number) // another area has another fee
		return true
	}
	// "I asked about the 3rd floor" says no place.
	if !ok || t.k.template() != flowhq.EcommerceTemplate || place == "" || p.asksSoftly() ||
		anyIn(p.reading.Words, onlyAsked) || someOfThem.MatchString(p.text) && t.editsPlaced() ||
		p.names() || f.Delivery == (flowhq.Drop{}) || t.next.Ask.For == askAddress ||
		p.has(actCancel, actReturn, actPaid, actComplaint, actStatus) ||
		t.namesOtherArea(f) {
		return false
	}
	t.did(actOrder)
	f.Delivery.Address = t.addressNow(f.Delivery.Address, place)
	t.rewrite(f)
	t.tell("order.address_noted", "number", f.Number)
	return true
}

// asksOfPlaced asks what an order comes to, and where it goes.
var asksOfPlaced = regexp.MustCompile(`(?i)\b(?:my|the)\s+total\b|\btotal\s+(?:again|of my order|and (?:the |my )?address)\b|\bjumla\s+(?:yangu|ya oda)\b|` +
	`\b(?:address|anwani)\s+(?:(?:do|did)\s+)?(?:u|you)\s+(?:have|got|put)\b|\b(?:address|anwani)\s+(?:gani\s+)?m(?:nayo|me(?:andika|weka))\b`)

// tellsPlaced says what the order that was placed in this talk comes to and where it goes, to who
// asks for that once more, and reports whether the message does.
func (t *turn) tellsPlaced() bool {
	o, ok := t.placedOrder()
	if !ok || t.p.names() || !asksOfPlaced.MatchString(t.p.text) ||
		t.p.has(actCancel, actReturn, actComplaint) {
		return false
	}
	t.did(actStatus)
	t.tellOrder(o)
	if o.Delivery.Address != "" {
		t.show(t.render("order.address_line", "address", o.Delivery.Address))
	}
	return true
}
