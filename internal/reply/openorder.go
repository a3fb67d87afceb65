package reply

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// An order that the customer was read and has not confirmed is a row that is OPEN, so that the
// follow-ups ask about it and the owner sees it. The basket in the State knows the row's number.
// The row is changed in place with the basket, and is CONFIRMED by a yes and CANCELLED by a no.
// Each of these is a fact of the turn, written in the statement that answers and stores the State,
// so that the two cannot differ.

// drafts are the orders of a calendar that nobody has confirmed, the newest first: OPEN ones, and
// CANCELLED ones that were never placed. The customer has not been told their numbers, so they are
// none of the orders that a turn tells about.
func drafts(c Calendar) (placed Calendar, drafts []flowhq.Order) {
	all := c.Orders
	c.Orders = nil
	for _, o := range all {
		if o.Placed() {
			c.Orders = append(c.Orders, o)
		} else {
			drafts = append(drafts, o)
		}
	}
	return c, drafts
}

// draftNumbered finds an order that nobody has confirmed.
func (t *turn) draftNumbered(number string) (flowhq.Order, bool) {
	i := slices.IndexFunc(t.drafts, func(o flowhq.Order) bool { return o.Number == number })
	if number == "" || i < 0 {
		return flowhq.Order{}, false
	}
	return t.drafts[i], true
}

// resumeOrder makes the basket agree with its row, of which somebody else may have made something
// since the last turn, and opens the question of a follow-up that came since.
func (t *turn) resumeOrder() {
	t.leaveSettled()
	written := t.in.Message.written()
	asked, isAsked := flowhq.Order{}, false
	for _, o := range t.drafts {
		if o.AskedAt != nil && o.AskedAt.After(t.in.State.At) && !written.Before(*o.AskedAt) &&
			(!isAsked || o.AskedAt.After(*asked.AskedAt)) {
			asked, isAsked = o, true
		}
	}
	open := func(o flowhq.Order) bool {
		return o.Status == flowhq.OrderOpen && written.Sub(o.UpdatedAt) <= OrderFor
	}
	i := slices.IndexFunc(t.drafts, open)
	switch b := t.next.Order; {
	case isAsked && open(asked):
		// When two contacts have become one, the basket may be that of another order.
		if b == nil || b.Open != asked.Number {
			if b = t.basketOf(asked); b == nil {
				break
			}
			b.Open, b.Number, b.At = asked.Number, "", asked.UpdatedAt
			t.next.Order = b
		}
		t.next.Ask = Ask{
			For: askOrder, About: asked.Number, At: *asked.AskedAt, Prompted: *asked.AskedAt,
		}
	// The basket is lost with a State of another version, and with that of the other contact when
	// two become one. The row is what counts.
	case b == nil && i >= 0 && t.settled == nil:
		if b = t.basketOf(t.drafts[i]); b != nil {
			b.Open, b.Number, b.At = t.drafts[i].Number, "", t.drafts[i].UpdatedAt
			t.next.Order = b
		}
	case b == nil && isAsked:
		t.lapsed = &asked
	}
	if t.next.Order != nil {
		t.open = t.next.Order.Open
	}
}

// leaveSettled takes leave of a basket whose row is OPEN no more: an operator has confirmed or
// cancelled it, or it was given up. After a cancellation a yes makes a new order, with a number of
// its own.
func (t *turn) leaveSettled() {
	b := t.next.Order
	if b == nil || b.Open == "" {
		return
	}
	if o, ok := t.orderNumbered(b.Open); ok {
		if t.settled = &o; t.next.Ask.For == askOrder {
			t.next.Ask = Ask{}
		}
		t.next.Order = nil
		return
	}
	if o, ok := t.draftNumbered(b.Open); ok && o.Status == flowhq.OrderCancelled {
		b.Open = ""
	}
}

// basketOf makes a basket of an order again. It is nil if a product is gone: to drop the line
// silently would lower the order, and only a person knows what it was.
func (t *turn) basketOf(f flowhq.Order) *Basket {
	o := &Basket{
		Number: f.Number, At: t.in.Message.At, How: howPickup, Area: f.Delivery.Area,
		Address: f.Delivery.Address, Latitude: f.Delivery.Latitude, Longitude: f.Delivery.Longitude,
	}
	switch {
	case f.Delivery != (flowhq.Drop{}):
		o.How, o.Unlisted = howDeliver, f.Delivery.Area == ""
	// Pick-up has no delivery at all in the fact, and neither has an order that is not that far.
	case !f.Placed():
		o.How = ""
	}
	for _, l := range f.Lines {
		if t.k.product[l.Product] == nil {
			return nil
		}
		o.Lines = append(o.Lines, Line{Product: l.Product, Size: l.Size, Quantity: l.Quantity})
	}
	t.readNotes(o, f.Note)
	return o
}

// readNotes takes what stands in the note of an order back into its basket, see [turn.order].
func (t *turn) readNotes(o *Basket, note string) {
	for i, one := range strings.Split(note, "; ") {
		wish := strings.TrimPrefix(one, "note: ")
		switch {
		case i == 0 && slices.ContainsFunc(t.k.profile.Payments,
			func(p flowhq.Payment) bool { return p.Name == one }):
			o.Payment = one
		case one == paidNote:
			o.Paid = true
		case one == smallNote:
			o.Small = true
		case one == pictureInChat:
			o.Picture = true
		case slices.Contains(ownNotes, one), wish == "": // worked out anew
		default:
			o.addNote(wish)
		}
	}
}

// takeOrderYes takes a yes to an order. One to a follow-up places that very order, if it is the
// one that the follow-up told of: with other prices, or without all that is needed, it is gone on
// with.
func (t *turn) takeOrderYes(a Ask) {
	if a.About == "" || t.next.Order == nil {
		t.placeOrder()
		return
	}
	told, ok := t.draftNumbered(a.About)
	said := len(t.said)
	t.continueOrder()
	if !ok || t.next.Order == nil || t.next.Ask.For != askOrder || !t.agrees(told) {
		return
	}
	// Nothing is missing, so what was read back just now was agreed to already.
	t.said, t.question, t.hasAsked = t.said[:said], "", false
	t.placeOrder()
}

// agrees reports whether the basket comes to what a row of it says. The names of products depend
// on the language alone.
func (t *turn) agrees(f flowhq.Order) bool {
	now := t.order(f.Status)
	return now.Total == f.Total && now.Note == f.Note &&
		reflect.DeepEqual(now.Delivery, f.Delivery) &&
		slices.EqualFunc(now.Lines, f.Lines, func(a, b flowhq.OrderLine) bool {
			a.Name, b.Name = "", ""
			return a == b
		})
}

// refuseOrder takes a no to an order: another one may be wanted than was read back. A no to a
// follow-up gives the order up.
func (t *turn) refuseOrder(a Ask) {
	if a.About != "" {
		t.dropOrder()
		return
	}
	t.ask(Ask{For: askProduct}, "order.instead")
}

// keepOpen writes what the turn has made of the basket. An order is worth asking about as soon as
// it has a line: each line is told with its quantity. It is written when it has changed, or was
// read back once more: the follow-ups count from then.
func (t *turn) keepOpen() {
	o := t.next.Order
	isOpen := o != nil && o.Number == "" && len(o.Lines) > 0
	if t.open != "" && (!isOpen || o.Open != t.open) && !t.writes(t.open) {
		if row, ok := t.draftNumbered(t.open); ok {
			row.Status, row.AskedAt = flowhq.OrderCancelled, nil
			t.fact(flowhq.FactChange{Order: &row})
		}
	}
	if !isOpen {
		if o != nil {
			o.Open = ""
		}
		return
	}
	row, known := t.draftNumbered(o.Open)
	readBack := t.hasAsked && t.next.Ask.For == askOrder
	if known && !readBack && t.agrees(row) && row.Name == t.next.Name {
		return
	}
	o.Open = cmp.Or(o.Open, t.in.Reference)
	f := t.order(flowhq.OrderOpen)
	f.Number = o.Open
	t.fact(flowhq.FactChange{Order: &f})
}

// writes reports whether the turn has a fact for the order with this number.
func (t *turn) writes(number string) bool {
	return slices.ContainsFunc(t.facts, func(f flowhq.FactChange) bool {
		return f.Order != nil && f.Order.Number == number
	})
}

// lapsedFor is how long after a follow-up a yes still means an order that was given up.
const lapsedFor = 7 * 24 * time.Hour

// lateOrderYes answers a yes that comes too late for an order: somebody has confirmed it already,
// or it was given up, and is read back once more as a new one.
func (t *turn) lateOrderYes() bool {
	switch o := t.lapsed; {
	case t.settled != nil:
		t.tellOrder(*t.settled)
	case o != nil && t.in.Message.written().Sub(*o.AskedAt) <= lapsedFor:
		b := t.basketOf(*o)
		if b == nil {
			return false
		}
		b.Number = ""
		t.next.Order = b
		t.continueOrder()
	default:
		return false
	}
	return true
}
