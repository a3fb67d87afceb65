package reply

import (
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

// Ways for an order to reach the customer.
const (
	howDeliver = "deliver"
	howPickup  = "pickup"
)

// continueOrder asks for what is missing of an order, or reads it back.
func (t *turn) continueOrder() {
	o := t.next.Order
	switch {
	case len(o.Lines) == 0:
		t.askProduct()
	case t.askSize(), t.askHow(), t.askArea():
	default:
		t.readOrderBack()
	}
}

// askProduct asks what to order, with the owner's products to choose from.
func (t *turn) askProduct() {
	products := t.k.inStock()
	if len(products) == 0 {
		t.next.Order = nil
		t.unanswered("unanswered.stock")
		return
	}
	if len(products) > maxOffered {
		t.ask(Ask{For: askProduct}, "order.what")
		return
	}
	var options []Option
	for _, p := range products {
		options = append(options, Option{Do: doProduct, Value: p.ID, Label: strings.TrimPrefix(t.productLine(p), "• ")})
	}
	t.askOf(Ask{For: askProduct}, options, "order.what")
}

// askSize asks for the size of the first line without one.
func (t *turn) askSize() bool {
	for i, l := range t.next.Order.Lines {
		p := t.k.product[l.Product]
		if p == nil || len(p.Sizes) == 0 || l.Size != "" {
			continue
		}
		if len(p.Sizes) == 1 {
			t.next.Order.Lines[i].Size = p.Sizes[0]
			continue
		}
		t.ask(Ask{For: askSize, About: l.Product}, "order.size",
			"name", p.Name.In(t.say.language), "sizes", or(t.say.language, p.Sizes))
		return true
	}
	return false
}

// delivers reports whether the owner brings orders at all. What was not told is agreed on with a
// person.
func (t *turn) delivers() bool {
	d := t.k.profile.Delivery
	return d.Offered != nil && *d.Offered || d.Offered == nil && len(d.Areas) > 0
}

// askHow asks whether the order is brought or fetched.
func (t *turn) askHow() bool {
	o := t.next.Order
	switch {
	case o.How != "":
		return false
	case !t.delivers():
		o.How = howPickup
		return false
	}
	options := []Option{
		{Do: doHow, Value: howDeliver, Label: t.say.first("order.deliver")},
		{Do: doHow, Value: howPickup, Label: t.say.first("order.pickup")},
	}
	t.ask(Ask{For: askHow, Options: options}, "order.how")
	return true
}

// askArea asks for the area of a delivery, which its fee depends on. The address in it can follow
// when the order is placed.
func (t *turn) askArea() bool {
	o := t.next.Order
	if o.How != howDeliver {
		return false
	}
	t.useLocation()
	if o.Area == "" && !o.Unlisted && o.Latitude == nil && len(t.k.profile.Delivery.Areas) > 0 {
		t.ask(Ask{For: askArea}, "order.area")
		return true
	}
	if o.Area == "" && o.Address == "" && o.Latitude == nil {
		t.ask(Ask{For: askAddress}, "order.address_any")
		return true
	}
	return false
}

// fee is what the delivery costs. known is false if the owner has not told.
func (t *turn) fee() (fee int64, known bool) {
	o := t.next.Order
	if o.How != howDeliver {
		return 0, true
	}
	total, _ := t.lineTotal()
	if from := t.k.profile.Delivery.FreeFrom; from > 0 && total >= from {
		return 0, true
	}
	a := t.k.area[o.Area]
	if a == nil || a.Fee == nil {
		return 0, false
	}
	return *a.Fee, true
}

// readOrderBack reads the order back line by line.
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
		word := t.say.first("delivery.free_word")
		if fee > 0 {
			word = t.k.money(fee)
		}
		lines = append(lines, "• "+t.say.first("order.fee", "area", o.Area, "fee", word))
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
	if total, ok := t.lineTotal(); ok {
		lines = append(lines, "• "+t.say.first("order.total", "total", t.k.money(total+fee)))
	}
	t.show(lines...)
	t.ask(Ask{For: askOrder}, "order.confirm")
}

// takeHow takes delivery or pick-up as the answer to the question for it.
func (t *turn) takeHow() bool {
	if t.next.Order == nil {
		return false
	}
	if !t.p.cued(cuePickup) && !t.p.cued(cueDeliver) && len(t.p.areas) == 0 {
		return t.delivers() && t.saysPlace() && t.takeArea()
	}
	if t.p.has(infoActs...) && (t.p.asks || t.p.cued(actPrice)) {
		return false
	}
	t.did(actOrder)
	t.fillDelivery()
	t.continueOrder()
	return true
}

// fillDelivery takes from the message where the order goes and how it is paid.
func (t *turn) fillDelivery() {
	o, p := t.next.Order, &t.p
	if o == nil {
		return
	}
	o.At = t.in.Message.At
	switch {
	case p.cued(cuePickup):
		o.How, o.Area, o.Address = howPickup, "", ""
	case len(p.areas) > 0 && t.delivers():
		t.setArea(p.areas[0].ID)
	case p.cued(cueDeliver) && t.delivers():
		o.How = howDeliver
		if o.Area == "" && t.k.area[t.next.Area] != nil {
			t.setArea(t.next.Area) // "deliver there", after the question for its fee
		}
	}
	if way := t.paymentNamed(); way != "" {
		o.Payment = way
	}
}

// paymentNamed is the way to pay that the message names. One that is only alike is none: "on
// delivery" is no cash.
func (t *turn) paymentNamed() string {
	for _, m := range t.k.payments.Match(t.p.text) {
		if i, err := strconv.Atoi(m.ID); err == nil && m.Exact && i < len(t.k.profile.Payments) {
			return t.k.profile.Payments[i].Name
		}
	}
	return ""
}

// setArea takes an area. What else the message says is likely to be the address in it.
func (t *turn) setArea(area string) {
	o := t.next.Order
	if o.Area != area {
		o.Address = ""
	}
	o.How, o.Area, o.Unlisted = howDeliver, area, false
	if line := t.addressLine(area); line != "" {
		o.Address = line
		return
	}
	if a := t.next.Ask.For; a == askArea || a == askAddress {
		if rest := t.note(); len(strings.Fields(rest)) >= minAddress {
			o.Address = oneLine(rest, maxAddress)
		}
	}
}

// addressLine is the line of a burst that names the area and more of the address.
func (t *turn) addressLine(area string) string {
	lines := strings.Split(t.p.text, "\n")
	if len(lines) < 2 {
		return ""
	}
	for _, line := range lines {
		inLine := t.k.areas.Match(line)
		if len(inLine) > 0 && inLine[0].ID == area && len(strings.Fields(line)) >= minAddress &&
			len(t.k.products.Match(line)) == 0 {
			return oneLine(line, maxAddress)
		}
	}
	return ""
}

// minAddress is how many words an answer to the question for an area has at least that is an
// address too: "Sinza, Mori, near the petrol station".
const minAddress = 3

// takeArea takes an area as the answer to the question for it. One that is on no list is noted,
// and its fee left to a person.
func (t *turn) takeArea() bool {
	o := t.next.Order
	if o == nil || t.elsewhere() {
		return false
	}
	t.did(actOrder)
	if len(t.p.areas) > 0 || t.p.cued(cuePickup) {
		t.fillDelivery()
		t.continueOrder()
		return true
	}
	o.At = t.in.Message.At
	o.How, o.Unlisted = howDeliver, true
	o.Address = oneLine(t.note(), maxAddress)
	o.Area = "" // a person tells the fee
	t.tellAreaUnknown()
	t.continueOrder()
	return true
}

// takeAddress takes the answer to the question for an address, which may be any words.
func (t *turn) takeAddress() bool {
	o := t.next.Order
	if number := t.next.Ask.About; o == nil && number != "" {
		return t.addAddress(number)
	}
	if o == nil || t.elsewhere() {
		return false
	}
	t.did(actOrder)
	o.At = t.in.Message.At
	if t.p.cued(cuePickup) {
		t.fillDelivery()
	} else {
		if len(t.p.areas) > 0 {
			t.setArea(t.p.areas[0].ID)
		}
		o.Address = oneLine(t.note(), maxAddress)
	}
	t.continueOrder()
	return true
}

// elsewhere reports whether the message is clearly about something else than the free words that
// were asked for.
func (t *turn) elsewhere() bool {
	p := &t.p
	switch {
	case p.asks:
		return true // no address ends with a question mark
	case p.has(actCancel, actStatus, actReturn, actPaid, actDecision, actThanks, actBye, actMenu):
		return true
	case p.has(actPrice, actHours, actPayment):
		return true
	case len(p.products) > 0 && (p.has(actOrder, actOffer) || t.hasQuantity()):
		return true // a "petrol station" near the house is no petrol
	case !hasLetters(p.text):
		return true
	}
	return false
}

// minAddressWords is how many words an address has at least that comes instead of a yes.
const minAddressWords = 3

// addsAddress takes what comes instead of a yes for the address that is still missing.
func (t *turn) addsAddress() bool {
	o, p := t.next.Order, &t.p
	if o != nil && o.Unlisted && o.Area == "" && o.Address != "" && len(p.areas) == 0 && t.saysPlace() {
		t.did(actOrder)
		o.At = t.in.Message.At
		o.Address = oneLine(o.Address+", "+t.note(), maxAddress) // "buza", and then the landmark there
		t.continueOrder()
		return true
	}
	if o == nil || o.How != howDeliver || o.Address != "" || len(p.acts) > 0 || p.hasTime ||
		len(p.entities.Money) > 0 || len(p.reading.Words) < minAddressWords || t.paymentNamed() != "" ||
		t.countSaid() > 0 || p.name != "" {
		return false
	}
	return t.takeAddress()
}

// takeDeliveryArea answers which area the question for a fee was about.
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

// chooseForOrder takes an option of a question of the order.
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
		if b.How == howDeliver && b.Area == "" && t.k.area[t.next.Area] != nil {
			t.setArea(t.next.Area)
		}
	}
	t.continueOrder()
}

// note is what the customer wrote, as a fact keeps it.
func (t *turn) note() string { return oneLine(withoutSecrets(&t.p), maxNote) }

// order is the fact of a basket.
func (t *turn) order(status flowhq.OrderStatus) flowhq.Order {
	o := t.next.Order
	total, _ := t.lineTotal()
	fee, known := t.fee()
	f := flowhq.Order{
		Number: o.Number, Lines: t.orderLines(), Total: total + fee, Currency: t.k.profile.Currency,
		Status: status, Name: t.next.Name,
	}
	if o.How == howDeliver {
		f.Delivery = flowhq.Drop{
			Area: o.Area, Address: o.Address, Latitude: o.Latitude, Longitude: o.Longitude, Fee: fee,
		}
	}
	var notes []string
	if o.Payment != "" {
		notes = append(notes, o.Payment)
	}
	if o.Paid {
		notes = append(notes, paidNote)
	}
	if !known {
		notes = append(notes, "delivery fee to be told")
	}
	if o.Picture {
		notes = append(notes, "picture in the chat")
	}
	f.Note = strings.Join(notes, "; ")
	return f
}
