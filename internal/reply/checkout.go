package reply

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Ways for an order to reach the customer. The values are in stored conversations: another spelling
// would lose the choice of every open order.
const (
	howDeliver = "deliver"
	howPickup  = "pickup"
)

// continueOrder asks for what is missing of an order, or reads it back. The order of the questions
// is that of what depends on what: the total needs the lines and sizes, the fee needs the area.
// Each ask… reports whether it asked, and one question is asked a turn.
func (t *turn) continueOrder() {
	o := t.next.Order
	switch {
	case len(o.Lines) == 0 && len(o.Unclear) == 0:
		t.askProduct()
	// An address and a way to pay are not asked for here. They can follow the confirmation, and
	// each question before it costs orders.
	case t.askUnclear(), t.askSize(), t.askHow(), t.askArea():
	default:
		t.confirmOrder()
	}
}

// askProduct asks what to order, with the owner's products to choose from. With nothing in stock
// there is nothing to order: the question would have no answer.
func (t *turn) askProduct() {
	products := t.k.inStock()
	if len(products) == 0 {
		t.next.Order = nil
		t.unanswered("unanswered.stock")
		return
	}
	// A long list is not read on a phone, and the customer has a product in mind already.
	if len(products) > maxOffered {
		t.ask(Ask{For: askProduct}, "order.what")
		return
	}
	var options []Option
	for _, p := range products {
		options = append(options, Option{Do: doProduct, Value: p.ID,
			Label: strings.TrimPrefix(t.productLine(p), "• ")})
	}
	t.askOf(Ask{For: askProduct}, options, "order.what")
}

// askSize asks for the size of the first line without one. A size that is guessed comes back as a
// return. The only size that there is needs no question.
func (t *turn) askSize() bool {
	// A product that the owner has deleted since has no sizes to ask for.
	for i, l := range t.next.Order.Lines {
		p := t.k.product[l.Product]
		if p == nil || len(p.Sizes) == 0 || l.Size != "" {
			continue
		}
		if len(p.Sizes) == 1 {
			t.next.Order.Lines[i].Size = p.Sizes[0]
			continue
		}
		if sizes := t.next.Sizes; t.next.Topic == l.Product && len(sizes) > 1 {
			t.ask(Ask{For: askSize, About: l.Product}, "order.sizes_each",
				"name", t.k.nameOf(l.Product, t.say), "sizes", and(t.say.language, sizes))
			return true
		}
		t.ask(Ask{For: askSize, About: l.Product}, "order.size",
			"name", p.Name.In(t.say.language), "sizes", or(t.say.language, p.Sizes))
		return true
	}
	return false
}

// delivers reports whether the owner brings orders at all. What was not told is agreed on with a
// person. Areas with fees say as much as the switch does: owners fill in the list and forget the
// switch.
func (t *turn) delivers() bool {
	d := t.k.profile.Delivery
	return d.Offered != nil && *d.Offered || d.Offered == nil && len(d.Areas) > 0
}

// askHow asks whether the order is brought or fetched. Without delivery there is no choice, and a
// question with one answer helps nobody.
func (t *turn) askHow() bool {
	o := t.next.Order
	switch {
	case o.How != "":
		return false
	case !t.delivers():
		o.How = howPickup
		return false
	// Who asked what it costs to have it brought to Mikocheni wants it there. It is read back.
	case t.k.area[t.next.Area] != nil:
		t.setArea(t.next.Area)
		return false
	}
	// Each has cues in texts/cues.txt as well, for who types the answer and not its number.
	options := []Option{
		{Do: doHow, Value: howDeliver, Label: t.say.first("order.deliver")},
		{Do: doHow, Value: howPickup, Label: t.say.first("order.pickup")},
	}
	t.ask(Ask{For: askHow, Options: options}, "order.how")
	return true
}

// askArea asks for the area of a delivery, which its fee depends on. The address in it can follow
// when the order is placed. A location that was sent stands for the address. It does not tell the
// fee, so the fee is left to a person then.
func (t *turn) askArea() bool {
	o := t.next.Order
	if o.How != howDeliver {
		return false
	}
	// Customers send the pin before they are asked for the area as often as after.
	t.useLocation()
	// An area that is on no list was asked for once. Asked again, the customer could only repeat
	// it.
	if o.Area == "" && !o.Unlisted && o.Latitude == nil && len(t.k.profile.Delivery.Areas) > 0 {
		t.ask(Ask{For: askArea}, "order.area")
		return true
	}
	// Without any place the owner could not even call back with a fee.
	if o.Area == "" && o.Address == "" && o.Latitude == nil {
		t.ask(Ask{For: askAddress}, "order.address_any")
		return true
	}
	return false
}

// fee is what the delivery costs. known is false if the owner has not told. A fee that is not known
// must not read as none: the caller says that a person tells it, and the order is noted so.
func (t *turn) fee() (fee int64, known bool) {
	o := t.next.Order
	if o.How != howDeliver {
		return 0, true
	}
	total, _ := t.lineTotal()
	// The owner's limit is for any area, also for one without a fee of its own.
	if from := t.k.profile.Delivery.FreeFrom; from > 0 && total >= from {
		return 0, true
	}
	a := t.k.area[o.Area]
	if a == nil || a.Fee == nil {
		return 0, false
	}
	return *a.Fee, true
}

// readOrderBack reads the order back line by line. Everything that will be in the fact is in the
// text, because the customer's yes is to the text. What is missing from it was never agreed on.
func (t *turn) readOrderBack() {
	o := t.next.Order
	t.tell("order.summary")
	var lines []string
	for _, l := range o.Lines {
		lines = append(lines, "• "+t.lineText(l))
	}
	fee, known := t.fee()
	switch {
	case o.How != howDeliver:
		if t.delivers() {
			lines = append(lines, "• "+t.say.first("order.pickup_line"))
		}
	case !known && o.Area == "":
		lines = append(lines, "• "+t.say.first("order.fee_later"))
	case !known:
		lines = append(lines, "• "+t.say.first("order.fee_unknown", "area", o.Area))
	case o.Area != "":
		// A fee of nothing is told as free. "TSh 0" reads like a mistake.
		word := t.say.first("delivery.free_word")
		if fee > 0 {
			word = t.k.money(fee)
		}
		line := "• " + t.say.first("order.fee", "area", o.Area, "fee", word)
		// What the owner says of the area is part of what is agreed to, such as its hours.
		if a := t.k.area[o.Area]; a != nil && !a.Note.Empty() {
			line += " (" + strings.TrimSuffix(a.Note.In(t.say.language), ".") + ")"
		}
		lines = append(lines, line)
	}
	switch {
	case o.How != howDeliver:
	case o.Address != "":
		lines = append(lines, "• "+t.say.first("order.address_line", "address", o.Address))
	case o.Latitude != nil:
		lines = append(lines, "• "+t.say.first("order.location_line"))
	}
	if o.Payment != "" {
		lines = append(lines, "• "+t.say.first("order.payment_line", "payment", o.Payment))
	}
	if o.Note != "" {
		lines = append(lines, "• "+t.say.first("order.note_line", "note", o.Note))
	}
	// With a line that has no price there is no total: a sum of the others would be held against
	// the owner.
	if total, ok := t.lineTotal(); ok {
		lines = append(lines, "• "+t.say.first("order.total", "total", t.k.money(total+fee)))
	}
	t.dropTotal()
	t.show(lines...)
	if rule := t.discount(); rule != "" {
		t.tellOff(rule)
	}
	t.askToPlace()
}

// takeHow takes delivery or pick-up as the answer to the question for it. The area says delivery
// with it: "nileteeni Sinza" answers two questions.
func (t *turn) takeHow() bool {
	if t.next.Order == nil {
		return false
	}
	if !t.p.cued(cuePickup) && !t.p.cued(cueDeliver) && len(t.p.areas) == 0 {
		return t.delivers() && t.takeArea()
	}
	// What else it orders is put on the order with it.
	if slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool {
		return m.Exact || t.p.changesIn(m) || t.ordered(m)
	}) {
		return false
	}
	// "delivery Sinza ni bei gani?" asks for the fee and decides nothing yet.
	if t.p.has(infoActs...) && (t.p.asks || t.p.cued(actPrice) || t.p.cued(actPlace) ||
		t.p.cued(actHours)) {
		return false
	}
	// "Nileteeni Mbagala" names an area that is on no list, and was asked for the area.
	if t.bringsElsewhere() && t.takeArea() {
		return true
	}
	t.did(actOrder)
	t.fillDelivery()
	t.continueOrder()
	return true
}

// fillDelivery takes from the message where the order goes and how it is paid. A message that says
// nothing of these changes nothing, so every message of an order may pass here.
func (t *turn) fillDelivery() {
	o, p := t.next.Order, &t.p
	if o == nil {
		return
	}
	o.At = t.in.Message.At
	switch {
	// Area and address go with delivery: left behind, they would put a fee on an order that is
	// fetched.
	case p.cued(cuePickup), t.comesAtTime():
		o.How, o.Area, o.Address = howPickup, "", ""
	case len(p.areas) > 0 && t.delivers():
		t.setArea(p.areas[0].ID)
	// A house without its area is in the area that was spoken of.
	case t.place(false) != "" && t.delivers() && o.How != howPickup:
		o.How = howDeliver
		if o.Area == "" && t.k.area[t.next.Area] != nil {
			t.setArea(t.next.Area)
		}
		o.Address = t.addressNow(o.Address, t.place(false))
		// The place was said, and to ask for its area would ask for the same again.
		if o.Area == "" && !o.Unlisted && t.namesOtherPlace() {
			o.Unlisted = true
			t.tellAreaUnknown()
		}
	case t.sentElsewhere() != "" && t.delivers():
		o.How, o.Area, o.Unlisted, o.Address = howDeliver, "", true, t.sentElsewhere()
		t.tellAreaUnknown()
	// If the owner does not deliver, the order stays to be fetched.
	case p.cued(cueDeliver) && t.delivers():
		o.How = howDeliver
		if o.Area == "" && t.k.area[t.next.Area] != nil {
			t.setArea(t.next.Area) // "deliver there", after the question for its fee
		}
	}
	// "Pay on delivery possible?" has chosen nothing yet.
	if way := t.paymentNamed(); way != "" && !(p.asks && anyIn(p.reading.Words, whetherToPay)) {
		o.Payment = way
		// "Nalipa Airtel Money, nitumie namba" wants its number at once.
		if i := t.wayNamed(); anyIn(p.reading.Words, asksNumber) &&
			t.k.profile.Payments[i].Number != "" && !slices.Contains(t.acts, actPayment) {
			t.tell("order.pay_to", "payment", strings.TrimSuffix(t.payment(i), "."))
		}
	}
	if o.How == howDeliver {
		t.keepReceiver()
	}
	t.keepRiderNote()
	t.keepOrderWishes()
}

// comesAtTime reports whether the message says when the customer comes for the goods: "niwekee moja,
// nitakuja saa kumi na moja".
func (t *turn) comesAtTime() bool {
	p, o := &t.p, t.next.Order
	return o.How == "" && p.hasTime && !p.asks && !p.cued(cueDeliver) && len(p.areas) == 0 &&
		anyIn(p.reading.Words, passingBy)
}

// asksNumber ask for the number to pay to.
var asksNumber = listOf("asks number")

// setArea takes an area. What else the message says is likely to be the address in it. The fee
// follows the area, so the address of another area must not stay: the rider would be sent to the
// first place for the fee of the second.
func (t *turn) setArea(area string) {
	o := t.next.Order
	if o.Area != "" && o.Area != area {
		o.Address = ""
	}
	o.How, o.Area, o.Unlisted = howDeliver, area, false
	t.keepPart(area)
	for _, line := range []string{t.addressSaid(), t.addressLine(area), t.addressBehind(area)} {
		if line != "" {
			o.Address = t.addressNow(o.Address, line)
			return
		}
	}
	// Only after the question: in "mchele kilo 2 Sinza" the rest of the message is the order, and
	// no address.
	if a := t.next.Ask.For; a == askArea || a == askAddress {
		if place := t.place(true); t.saysMoreThan(area, place) {
			o.Address = t.addressNow(o.Address, place)
		}
	}
}

// saysMoreThan reports whether what is said of a place has a word that may be of an address beside an
// area: "its in Kilimani side" has none.
func (t *turn) saysMoreThan(area, place string) bool {
	// Its other names say no more than its name.
	named := area
	if a := t.k.area[area]; a != nil {
		named += " " + strings.Join(a.Aliases, " ")
	}
	known := split(named)
	return slices.ContainsFunc(split(place), func(w string) bool {
		return !slices.Contains(known, w) && !hasWord(fillers, w) && !hasWord(selfWords, w) &&
			!hasWord(addressEnd, w) && !hasWord(besideArea, w)
	})
}

// besideArea may stand beside an area and say nothing of where in it.
var besideArea = keywords("its, it, is, in, at, the, that, this, of, to, ni, iko, ipo, upande, " +
	"wa, ya, kwenye, around, sehemu, deliver, send, bring, niletee, lete")

// addressLine is the line of a burst that names the area and more of the address. Customers send
// the order and the address as two lines that arrive as one burst. The line of the products is not
// the address.
func (t *turn) addressLine(area string) string {
	lines := strings.Split(t.p.text, "\n")
	if len(lines) < 2 {
		return ""
	}
	for _, line := range lines {
		inLine := t.named(t.k.areas, line)
		if len(inLine) > 0 && inLine[0].ID == area && len(strings.Fields(line)) >= minAddress &&
			len(t.named(t.k.products, line)) == 0 && !asksInLine(line) {
			return plainAddress(line)
		}
	}
	return ""
}

// minAddress is how many words an answer to the question for an area has at least that is an
// address too: "Sinza, Mori, near the petrol station". With fewer, the answer is the name of the
// area and a courtesy, such as "Sinza tu".
const minAddress = 3

// takeArea takes an area as the answer to the question for it. One that is on no list is noted, and
// its fee left to a person. To refuse a place on no list would refuse a customer whom the owner may
// be glad to reach.
func (t *turn) takeArea() bool {
	o, place := t.next.Order, t.place(true)
	if o == nil || place == "" && (t.elsewhere() || len(t.p.areas) == 0 && !t.p.cued(cuePickup)) {
		return false
	}
	t.did(actOrder)
	if len(t.p.areas) > 0 || t.p.cued(cuePickup) ||
		t.k.area[t.next.Area] != nil && t.place(false) != "" {
		t.fillDelivery()
		t.continueOrder()
		return true
	}
	o.At = t.in.Message.At
	o.How, o.Unlisted = howDeliver, true
	o.Address = place
	t.keepReceiver()
	t.keepRiderNote()
	t.keepOrderWishes()
	o.Area = "" // a person tells the fee
	// The areas that are on the list are named, for the place may be part of one.
	t.tellAreaUnknown()
	t.continueOrder()
	return true
}

// takeAddress takes the answer to the question for an address, which may be any words. An order
// that is placed already takes its address too: the number in the question says which.
func (t *turn) takeAddress() bool {
	o := t.next.Order
	if number := t.next.Ask.About; o == nil && number != "" {
		return t.addAddress(number)
	}
	place := t.place(true)
	if o == nil || place == "" && (t.elsewhere() || len(t.p.areas) == 0 && !t.p.cued(cuePickup)) {
		return false
	}
	t.did(actOrder)
	o.At = t.in.Message.At
	t.keepReceiver()
	// "nitakuja mwenyewe" is an answer to the question for an address, and not an address.
	if t.p.cued(cuePickup) {
		t.fillDelivery()
	} else {
		if len(t.p.areas) > 0 {
			t.setArea(t.p.areas[0].ID)
		}
		if place != "" {
			o.Address = t.addressNow(o.Address, place)
		}
		t.keepRiderNote()
	}
	t.continueOrder()
	return true
}

// takeDeliveryArea answers which area the question for a fee was about. A product or task in the
// message is the greater wish: an area with it belongs to the order.
func (t *turn) takeDeliveryArea() bool {
	if len(t.p.areas) == 0 || t.p.names() || t.p.has(taskActs...) {
		return false
	}
	t.did(actDelivery)
	t.next.Ask = Ask{}
	for _, m := range t.p.areas {
		t.tellArea(t.k.area[m.ID])
	}
	return true
}

// chooseForOrder takes an option of a question of the order. An old list may be answered after the
// order is gone. The menu is then the honest answer.
func (t *turn) chooseForOrder(o Option) {
	b := t.next.Order
	if b == nil {
		t.showMenu("menu.lead")
		return
	}
	t.did(actOrder)
	b.At = t.in.Message.At
	switch o.Do {
	case doHow:
		b.How = o.Value
		// The area that was last spoken of, as in [turn.fillDelivery].
		if b.How == howDeliver && b.Area == "" && t.k.area[t.next.Area] != nil {
			t.setArea(t.next.Area)
		}
	}
	t.continueOrder()
}

// note is what the customer wrote, as a fact keeps it. It is bounded, and a PIN in the message is
// cut out: a fact is read by everybody who works for the owner.
func (t *turn) note() string { return oneLine(withoutSecrets(&t.p), maxNote) }
