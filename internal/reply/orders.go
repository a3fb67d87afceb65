package reply

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// placeOrder places the order that was read back. The yes may come a day after the question.
// Whatever the owner has changed meanwhile leads to the next question, and never to another order
// than the one that was read back.
func (t *turn) placeOrder() {
	o := t.next.Order
	if o == nil || len(o.Lines) == 0 {
		t.next.Ask = Ask{}
		t.ask(Ask{For: askProduct}, "order.what")
		return
	}
	// A copy, as limitToStock changes the lines in place.
	lines := slices.Clone(o.Lines)
	for i := range o.Lines { // what the owner has sold meanwhile
		t.limitToStock(i)
	}
	o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool { return l.Quantity <= 0 })
	// Fewer than were read back are not what the customer has agreed to.
	if !slices.Equal(lines, o.Lines) || t.incomplete() {
		t.continueOrder()
		return
	}
	t.did(actConfirm)
	// An order keeps its number, so that the row is updated. One that has no row yet takes the
	// message's, so that a turn that is computed twice places one.
	if o.Number == "" {
		o.Number = cmp.Or(o.Open, t.in.Reference)
	}
	f := t.order(flowhq.OrderConfirmed)
	// The follow-up that asks about the payment starts from this mark.
	f.Unpaid = !o.Paid && t.paysAhead(o)
	t.fact(flowhq.FactChange{Order: &f})
	t.tell("order.done", "number", f.Number, "total", t.k.money(f.Total))
	if !o.Paid {
		t.tellHowToPay(o)
	}
	// The topic goes too: "moja tena" after an order is a new wish, and is asked about.
	t.next.Order, t.next.Ask, t.next.Topic = nil, Ask{}, ""
	switch {
	// The address can follow: customers answered the question for it, asked before the order, with
	// a yes to the order.
	case o.How == howDeliver && (o.Address == "" || t.isPart(o.Address)) && o.Latitude == nil:
		t.ask(Ask{For: askAddress, About: f.Number}, "order.address", "area", cmp.Or(upperFirst(o.Address), o.Area))
	case o.Paid:
		// Whether the money came only a person can see. With an address still missing that waits
		// for it.
		t.handOverSaying(flowhq.HandOverDecision, "handover.payment")
	}
}

// addAddress puts the address on an order that is placed. Any text may be an address, so that all
// that is surely something else is ruled out: another wish, a change of the order, a question for
// its arrival.
func (t *turn) addAddress(number string) bool {
	// A person packs by the address of a confirmed order. Later it is too late.
	f, ok := t.orderNumbered(number)
	place := t.place(true)
	if !ok || f.Status != flowhq.OrderConfirmed || t.editsPlaced() || t.p.has(taskActs...) ||
		t.p.has(actAnswer, actDelivery) && t.p.asksSoftly() || t.asksArrival() ||
		// The area alone was known.
		place == "" || strings.EqualFold(place, f.Delivery.Area) {
		return false
	}
	t.did(actOrder)
	f.Delivery.Address = t.addressNow(f.Delivery.Address, place)
	if t.keepReceiver(); f.Name == "" {
		f.Name = t.next.Name
	}
	t.fact(flowhq.FactChange{Order: &f})
	// Dropped before the answer, so that a second text is not taken for a second address.
	t.next.Ask = Ask{}
	t.tell("order.address_noted", "number", number)
	// The claim to have paid was put off until the order was complete.
	if strings.Contains(f.Note, paidNote) {
		t.handOverSaying(flowhq.HandOverDecision, "handover.payment")
	}
	return true
}

// askAddressAgain asks once more for the address of an order that is placed: the rider of an order
// without one finds nobody. Listed marks that it was asked again; an address has no options.
func (t *turn) askAddressAgain() bool {
	a := t.next.Ask
	if a.For != askAddress || a.Listed {
		return false
	}
	return t.askAddressOf(Ask{About: a.About, Listed: true})
}

// askAddressOf asks for the address of an order that is placed without one.
func (t *turn) askAddressOf(a Ask) bool {
	o, ok := t.orderNumbered(a.About)
	if !ok || o.Delivery.Address != "" && !t.isPart(o.Delivery.Address) {
		return false
	}
	t.ask(Ask{For: askAddress, About: a.About, Listed: a.Listed}, "order.address",
		"area", cmp.Or(upperFirst(o.Delivery.Address), o.Delivery.Area))
	return true
}

// incomplete reports whether the order lacks what only a newer profile asks for. An owner may have
// removed a product, or given it sizes, since the order was read back.
func (t *turn) incomplete() bool {
	return slices.ContainsFunc(t.next.Order.Lines, func(l Line) bool {
		p := t.k.product[l.Product]
		return p == nil || l.Size == "" && len(p.Sizes) > 1
	})
}

// dropOrder gives up the order that was being made. Dropping a change leaves the placed order, and
// the customer must hear that it still stands.
func (t *turn) dropOrder() {
	changed := t.next.Order != nil && t.next.Order.Number != ""
	t.next.Order, t.next.Ask, t.next.Topic = nil, Ask{}, ""
	if changed {
		t.tell("cancel.kept")
		return
	}
	t.tell("order.dropped")
}

// meantOrders are the orders that the message may mean: the one whose number it says, else those
// that are not done yet. A number that is not this customer's is unknown, and never looked up:
// numbers are short, and anybody can type one.
func (t *turn) meantOrders() (meant []flowhq.Order, unknown bool) {
	for _, r := range t.p.entities.References {
		for _, o := range t.in.Calendar.Orders {
			if strings.EqualFold(r.Text, o.Number) {
				return []flowhq.Order{o}, false
			}
		}
		unknown = true
	}
	// A wrong number must not fall back to another order, which could be cancelled by it.
	if unknown {
		return nil, true
	}
	for _, o := range t.in.Calendar.Orders {
		if o.Status == flowhq.OrderConfirmed {
			meant = append(meant, o)
		}
	}
	return meant, false
}

// wantUndo begins to cancel an order: what is only being made is dropped, a placed one is read
// back first. The second look is for a misreading: "cancel" was also said of a booking or of a
// line.
func (t *turn) wantUndo() {
	// A number in the message means that order, also while another one is being made.
	if o := t.next.Order; o != nil && len(t.p.entities.References) == 0 {
		if o.Number == "" {
			t.dropOrder()
			return
		}
		t.next.Order, t.next.Ask, t.next.Topic = nil, Ask{}, ""
		t.confirmUndo(o.Number) // who cancels while changing means the order, not the change
		return
	}
	meant, unknown := t.meantOrders()
	switch {
	case unknown:
		t.unanswered("unanswered.reference")
	// An order of the counter or the phone only a person can stop, and a rider may be on the way.
	case len(meant) == 0 && len(t.in.Calendar.Orders) == 0:
		t.unanswered("order.none")
	case len(meant) == 0:
		t.tell("order.none")
	case len(meant) == 1:
		t.confirmUndo(meant[0].Number)
	// Several: the bot never picks which order is cancelled.
	default:
		t.askOf(Ask{For: askOption}, t.orderOptions(meant, doOrder), "order.cancel_which")
	}
}

// orderOptions labels orders by number and total, which is what customers remember of them.
func (t *turn) orderOptions(all []flowhq.Order, do string) []Option {
	var options []Option
	for _, o := range firstOf(all, maxOptions) {
		options = append(options,
			Option{Do: do, Value: o.Number, Label: o.Number + ", " + t.k.money(o.Total)})
	}
	return options
}

// orderNumbered looks among this contact's orders only. An order without a number is not placed
// yet.
func (t *turn) orderNumbered(number string) (flowhq.Order, bool) {
	for _, o := range t.in.Calendar.Orders {
		if o.Number != "" && o.Number == number {
			return o, true
		}
	}
	return flowhq.Order{}, false
}

// confirmUndo reads back the order that is to be cancelled. One that is done already is for a
// person. The bot must not say that a sent parcel is cancelled.
func (t *turn) confirmUndo(number string) {
	o, ok := t.orderNumbered(number)
	switch {
	case !ok:
		t.tell("order.none")
	case o.Status != flowhq.OrderConfirmed:
		t.tellOrder(o)
		t.ask(Ask{For: askPerson}, "unanswered.offer")
	default:
		t.ask(Ask{For: askUndo, About: number}, "order.cancel_confirm",
			"number", number, "total", t.k.money(o.Total))
	}
}

// cancelOrder cancels an order that was read back. Its status is looked at again, as the owner may
// have sent it since the question.
func (t *turn) cancelOrder(number string) {
	t.next.Ask = Ask{}
	o, ok := t.orderNumbered(number)
	if !ok || o.Status != flowhq.OrderConfirmed {
		t.tell("order.none")
		return
	}
	t.did(actConfirm)
	o.Status = flowhq.OrderCancelled
	t.fact(flowhq.FactChange{Order: &o})
	t.tell("order.cancel_done", "number", o.Number)
}

// wantEdit begins to change a placed order. It is wantUndo's like, and asks as that does if several
// may be meant.
func (t *turn) wantEdit() {
	meant, unknown := t.meantOrders()
	switch {
	case unknown:
		t.unanswered("unanswered.reference")
	case len(meant) == 0:
		t.tell("order.none")
	case len(meant) == 1:
		t.editOrder(meant[0].Number)
	default:
		t.askOf(Ask{For: askOption}, t.orderOptions(meant, doEdit), "order.cancel_which")
	}
}

// editOrder takes a placed order up again. It stays as it is until the change is confirmed. Until
// then the owner sees the order as it was placed, and may pack it.
func (t *turn) editOrder(number string) {
	f, ok := t.orderNumbered(number)
	if !ok || f.Status != flowhq.OrderConfirmed {
		t.tell("order.none")
		return
	}
	o := t.basketOf(f)
	if o == nil {
		t.passOn(actChange)
		return
	}
	// What an operator has marked as paid is not asked for again.
	o.Paid = o.Paid || !f.Unpaid && t.paysAhead(o)
	// "Make it two" then needs no name.
	if len(o.Lines) == 1 {
		t.next.Topic = o.Lines[0].Product
	}
	t.next.Order = o
	// The message may hold the change: "badilisha iwe mbili". It is taken at once.
	if t.fillsOrder(false) {
		before, lines, said := *o, slices.Clone(o.Lines), len(t.said)
		t.fillOrder()
		// "No, just the one gas that I ordered" changes nothing, and is no order to be agreed to.
		if o.At = before.At; len(t.p.products) > 0 && t.next.Order == o &&
			slices.EqualFunc(lines, o.Lines, Line.sameAs) && o.sameDrop(&before) {
			t.next.Order, t.next.Ask, t.question, t.said = nil, Ask{}, "", t.said[:said]
			t.tell("cancel.kept")
		}
		return
	}
	var lines []string
	for _, l := range o.Lines {
		lines = append(lines, "• "+t.lineText(l))
	}
	t.tell("order.summary")
	t.show(lines...)
	t.ask(Ask{For: askProduct}, "order.instead")
}

// tellOrders says how the customer's orders stand. An order in the making is one as well for who
// asks "order yangu iko wapi" before the yes.
func (t *turn) tellOrders() {
	meant, unknown := t.meantOrders()
	if len(meant) == 0 && !unknown {
		// A delivered order is the answer to "did my order go out?". "You have none" would alarm.
		meant = firstOf(t.in.Calendar.Orders, 1) // the last one is done or cancelled
	}
	switch {
	case unknown:
		t.unanswered("unanswered.reference")
		return
	case len(meant) == 0 && t.next.Order != nil && len(t.next.Order.Lines) > 0:
		t.readOrderBack()
		return
	case len(meant) == 0:
		t.unanswered("order.none")
		return
	}
	confirmed := false
	// More than maxOffered do not fit a screen, and the newest come first.
	for _, o := range firstOf(meant, maxOffered) {
		t.tellOrder(o)
		confirmed = confirmed || o.Status == flowhq.OrderConfirmed
	}
	// The owner's list shows that somebody waits, even if the customer refuses the person.
	if confirmed || t.p.cued(cuePast) || t.p.reading.Concepts.Has("late") {
		t.noteUnanswered()
		t.ask(Ask{For: askPerson}, "order.status_ask")
	}
}

// tellOrder says how one order stands. Where it is nobody has told the bot. So a person is offered
// beside the status, who can look.
func (t *turn) tellOrder(o flowhq.Order) {
	key := map[flowhq.OrderStatus]string{
		flowhq.OrderFulfilled: "order.status_fulfilled",
		flowhq.OrderCancelled: "order.status_cancelled",
	}[o.Status]
	if key == "" {
		key = "order.status_confirmed"
	}
	t.tell(key, "number", o.Number,
		"day", t.nearDay(o.CreatedAt.In(t.k.zone)), "total", t.k.money(o.Total))
}
