package reply

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// A value is one thing that a conversation holds: of a visit, an order, a ticket, or the name of
// the customer. What is held is taken apart into values, so that two rules can be checked of every
// turn without knowing which step has decided it. Nothing that is held vanishes unless the message
// takes it away or names another in its place (lost). Nothing comes to be held that nobody has said
// (unfounded, in founded.go).
type value struct {
	kind valueKind
	of   string // the product that a quantity or size is of
	text string // an ID, a number, or words, by the kind
}

// A valueKind says what a value is of.
type valueKind string

const (
	valService  valueKind = "service"
	valDay      valueKind = "day"  // of a visit, as 2006-01-02
	valHour     valueKind = "hour" // of a visit, as 15:04
	valProduct  valueKind = "product"
	valQuantity valueKind = "quantity"
	valSize     valueKind = "size"
	valArea     valueKind = "area"
	valAddress  valueKind = "address"
	valPayment  valueKind = "payment"
	valNote     valueKind = "note" // one wish of a note
	valName     valueKind = "name"
)

// visitValues are the values of a visit in the making. One that moves a booking has only the new
// time, which is read back: the booking itself stands until then.
func visitValues(v *Visit, zone *time.Location) (all []value) {
	if v == nil || v.Moves != "" {
		return nil
	}
	for _, id := range v.services() {
		if id != "" {
			all = append(all, value{valService, "", id})
		}
	}
	if !v.Day.IsZero() {
		all = append(all, value{valDay, "", v.Day.In(zone).Format(time.DateOnly)})
	}
	if !v.Start.IsZero() {
		all = append(all, value{valHour, "", v.Start.In(zone).Format("15:04")})
	}
	return append(all, noteValues(v.Note)...)
}

// basketValues are the values of an order in the making.
func basketValues(o *Basket) (all []value) {
	if o == nil {
		return nil
	}
	for _, l := range o.Lines {
		all = append(all, value{valProduct, "", l.Product})
		if !l.Guessed {
			all = append(all, value{valQuantity, l.Product, strconv.Itoa(l.Quantity)})
		}
		if l.Size != "" {
			all = append(all, value{valSize, l.Product, l.Size})
		}
	}
	for _, one := range []value{{valArea, "", o.Area}, {valAddress, "", o.Address},
		{valPayment, "", o.Payment}} {
		if one.text != "" {
			all = append(all, one)
		}
	}
	return append(all, noteValues(o.Note)...)
}

// noteValues are the wishes of a note, one value each.
func noteValues(note string) (all []value) {
	for _, wish := range strings.FieldsFunc(note, func(r rune) bool { return r == ';' }) {
		wish = strings.TrimPrefix(strings.TrimSpace(wish), "note: ")
		if wish != "" {
			all = append(all, value{valNote, "", wish})
		}
	}
	return all
}

// stateValues are all values that a State holds.
func stateValues(s *State, zone *time.Location) []value {
	all := append(visitValues(s.Booking, zone), basketValues(s.Order)...)
	if s.Ticket != nil {
		all = append(all, ticketValues(s.Ticket.Note)...)
	}
	if s.Name != "" {
		all = append(all, value{valName, "", s.Name})
	}
	return all
}

// ticketValues are what the note of a ticket has, message by message.
func ticketValues(note string) (all []value) {
	for said := range strings.SplitSeq(note, " / ") {
		if said = strings.TrimSpace(said); said != "" {
			all = append(all, value{valNote, "", said})
		}
	}
	return all
}

// factValues are the values of what a turn writes for good: bookings that are made or changed,
// orders that are placed, and tickets. What is held or open stands in the State as well.
func (t *turn) factValues() (all []value) {
	for _, f := range t.facts {
		switch {
		case f.Booking != nil && f.Booking.Status == flowhq.BookingConfirmed:
			all = append(all, bookingValues(*f.Booking, t.k.zone)...)
		case f.Order != nil && f.Order.Status == flowhq.OrderConfirmed:
			all = append(all, t.orderValues(*f.Order)...)
		case f.Ticket != nil:
			all = append(all, ticketValues(f.Ticket.Note)...)
		}
	}
	return all
}

// bookingValues are the values of a booking.
func bookingValues(b flowhq.Booking, zone *time.Location) []value {
	at := b.StartsAt.In(zone)
	all := []value{{valDay, "", at.Format(time.DateOnly)}, {valHour, "", at.Format("15:04")}}
	if b.Service != "" {
		all = append(all, value{valService, "", b.Service})
	}
	if b.Name != "" {
		all = append(all, value{valName, "", b.Name})
	}
	return append(all, noteValues(b.Note)...)
}

// ownNotes are what the bot itself puts into the note of an order.
var ownNotes = []string{paidNote, feeNote, smallNote, discountNote, pictureInChat}

// orderValues are the values of an order that is placed.
func (t *turn) orderValues(f flowhq.Order) []value {
	o := Basket{Area: f.Delivery.Area, Address: f.Delivery.Address, Note: f.Note}
	for _, l := range f.Lines {
		o.Lines = append(o.Lines, Line{Product: l.Product, Size: l.Size, Quantity: l.Quantity})
	}
	// The way to pay stands first, and is the owner's word for it. The bot's own notes are no wishes.
	if first, rest, _ := strings.Cut(f.Note, "; "); slices.ContainsFunc(t.k.profile.Payments,
		func(p flowhq.Payment) bool { return p.Name == first }) {
		o.Payment, o.Note = first, rest
	}
	all := slices.DeleteFunc(basketValues(&o), func(v value) bool {
		return v.kind == valNote && slices.Contains(ownNotes, v.text)
	})
	if f.Name != "" {
		all = append(all, value{valName, "", f.Name})
	}
	return all
}

// holds is what the turn leaves held: its State, and what it has written for good.
func (t *turn) holds() []value {
	return append(stateValues(&t.next, t.k.zone), t.factValues()...)
}

// less are the values of all that are not among others, each as often as it is missing.
func less(all, others []value) (left []value) {
	others = slices.Clone(others)
	for _, v := range all {
		i := slices.IndexFunc(others, v.sameAs)
		if i < 0 {
			left = append(left, v)
		} else {
			others = slices.Delete(others, i, i+1)
		}
	}
	return left
}

// sameAs reports whether two values are one. A note may have been made longer or shorter by what
// was said of it again, and names and addresses by their ends.
func (v value) sameAs(other value) bool {
	if v.kind != other.kind || v.of != other.of {
		return false
	}
	if v.kind == valNote || v.kind == valAddress || v.kind == valName {
		a, b := strings.ToLower(v.text), strings.ToLower(other.text)
		return strings.Contains(a, b) || strings.Contains(b, a)
	}
	return v.text == other.text
}

// lost are the values that were held before the message and that the turn has dropped, though the
// message takes nothing away and names nothing of the kind in their place. before is the turn as it
// began.
func (t *turn) lost(before *turn) (all []value) {
	held, now := stateValues(&before.next, t.k.zone), t.holds()
	gone, added := less(held, now), less(now, held)
	if len(gone) == 0 || t.mayDrop() {
		return nil
	}
	words := split(t.p.text)
	removes := anyIn(words, removing)
	all = t.lostThings(gone, added)
	for _, v := range gone {
		replaced := slices.ContainsFunc(added,
			func(a value) bool { return a.kind == v.kind && a.of == v.of })
		switch v.kind {
		case valService, valProduct: // see lostThings
		case valDay, valHour:
			// Another time is looked for: one is said, or this one is full.
			if !replaced && !removes && !t.looksForTime() {
				all = append(all, v)
			}
		case valQuantity, valSize:
			// Of a line that is gone the line itself is missed.
			if !replaced && !removes && !slices.Contains(gone, value{valProduct, "", v.of}) {
				all = append(all, v)
			}
		case valArea, valAddress:
			// The address of another area goes with it.
			replaced = replaced || slices.ContainsFunc(added, func(a value) bool { return a.kind == valArea })
			if !replaced && !removes && !t.fetches() {
				all = append(all, v)
			}
		default:
			if !replaced && !removes {
				all = append(all, v)
			}
		}
	}
	return all
}

// lostThings are the services and products that the turn has dropped without a word of it. One that
// is named takes the place of one, and not of two; "only" and its kin take the place of all.
func (t *turn) lostThings(gone, added []value) (lost []value) {
	words := split(t.p.text)
	both := anyIn(words, keepsBoth)
	if !both && (anyIn(words, onlyWords) || anyIn(words, alone)) {
		return nil
	}
	off, named := t.takenOff()
	off = append(off, t.packsLeft...)
	for _, v := range t.likestFirst(gone, added) {
		if v.kind != valService && v.kind != valProduct || slices.Contains(off, v.text) ||
			!named && !both && anyIn(words, removing) {
			continue
		}
		i := slices.IndexFunc(added, func(a value) bool { return a.kind == v.kind })
		// The owner's own service of two has both.
		if i >= 0 && t.pairOf([]string{v.text}, t.otherServices(v.text)) == added[i].text {
			continue
		}
		if i < 0 || both {
			lost = append(lost, v)
			continue
		}
		added = slices.Delete(slices.Clone(added), i, i+1)
	}
	return lost
}

// takenOff are the things that the message names and does not want, and whether it names any.
func (t *turn) takenOff() (ids []string, named bool) {
	p := &t.p
	all := slices.Concat(t.named(t.k.services, p.text), t.named(t.k.products, p.text))
	for _, m := range all {
		if p.takesBack(m) || p.editOf(m) == editOff || p.removesIn(m) {
			ids = append(append(ids, m.ID), m.Others...)
			if product := t.k.product[m.ID]; product != nil {
				for _, other := range t.packsOf(product) {
					ids = append(ids, other.ID)
				}
			}
		}
	}
	return ids, len(all) > 0
}

// likestFirst puts the values first that are most like what was added: a beard's shave is what a
// beard's trim replaces, and not the haircut beside it.
func (t *turn) likestFirst(gone, added []value) []value {
	gone = slices.Clone(gone)
	like := func(v value) bool {
		return slices.ContainsFunc(added, func(a value) bool {
			return a.kind == v.kind && t.alike(a.text, v.text)
		})
	}
	slices.SortStableFunc(gone, func(a, b value) int {
		switch {
		case like(a) == like(b):
			return 0
		case like(a):
			return -1
		}
		return 1
	})
	return gone
}

// alike reports whether the names of two services or products share a word.
func (t *turn) alike(a, b string) bool {
	words := func(id string) (all []string) {
		for _, name := range t.namesOf(id) {
			all = append(all, name...)
		}
		if p := t.k.product[id]; p != nil {
			all = split(strings.Join(namesOf(p.Name, p.Aliases), " "))
		}
		return all
	}
	others := words(b)
	return slices.ContainsFunc(words(a), func(w string) bool {
		return len(w) >= minSubject && slices.Contains(others, w) && !hasWord(genericWords, w)
	})
}

// otherServices are the services that are offered, but for one.
func (t *turn) otherServices(id string) (ids []string) {
	for _, s := range t.k.offered() {
		if s.ID != id {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// mayDrop reports whether the turn has given something up or refused it, has cancelled it, or has
// called a person. What was asked for with these is read back or told by itself.
func (t *turn) mayDrop() bool {
	return t.handedOver() || slices.ContainsFunc(t.acts, func(a act) bool {
		return a == actDrop || a == actCancel || a == actStop || a == actNo
	})
}

// looksForTime reports whether the turn asks for another time or day.
func (t *turn) looksForTime() bool {
	a := t.next.Ask.For
	return a == askWhen || a == askMean || a == askMoveTo || t.p.hasTime
}

// fetches reports whether the order is fetched, and needs no place.
func (t *turn) fetches() bool { return t.next.Order != nil && t.next.Order.How == howPickup }

var (
	// removing are words that take something away or put something in its place.
	removing = listOf("removing")
	// keepsBoth say that each of two is wanted.
	keepsBoth = listOf("keeps both")
)
