package reply

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// An appointment is what a customer calls a booking: all rows of one visit, of which each has its
// own number. A father and his son who had booked together were asked which of their two bookings
// was to be moved.
type appointment []flowhq.Booking

// key names the rows of an appointment in a State, by their numbers.
func (a appointment) key() string {
	var numbers []string
	for _, b := range a {
		numbers = append(numbers, b.Number)
	}
	return strings.Join(numbers, ",")
}

// number is the one that the customer was told.
func (a appointment) number() string {
	base, _, _ := strings.Cut(a[0].Number, "-")
	return base
}

// together reports whether all are served at the same time.
func (a appointment) together() bool {
	return len(a) > 1 && !slices.ContainsFunc(a,
		func(b flowhq.Booking) bool { return !b.StartsAt.Equal(a[0].StartsAt) })
}

// sorted puts the rows in the order in which they are served, the first number first.
func (a appointment) sorted() appointment {
	slices.SortFunc(a, func(x, y flowhq.Booking) int {
		return cmp.Or(x.StartsAt.Compare(y.StartsAt), len(x.Number)-len(y.Number),
			strings.Compare(x.Number, y.Number))
	})
	return a
}

// appointments are the customer's confirmed visits ahead, in the order of the calendar.
func (t *turn) appointments() []appointment {
	var all []appointment
	for _, b := range t.bookings() {
		base, _, _ := strings.Cut(b.Number, "-")
		i := slices.IndexFunc(all, func(a appointment) bool { return a.number() == base })
		if i < 0 {
			all = append(all, appointment{b})
		} else {
			all[i] = append(all[i], b)
		}
	}
	for i := range all {
		all[i].sorted()
	}
	return all
}

// appointmentOf finds the rows that a key names. It is not ok if one of them is gone: half of what
// was read back is not what was agreed to.
func (t *turn) appointmentOf(key string) (appointment, bool) {
	var a appointment
	for number := range strings.SplitSeq(key, ",") {
		b, ok := t.bookingNumbered(number)
		if !ok {
			return nil, false
		}
		a = append(a, b)
	}
	return a.sorted(), len(a) > 0
}

// restOf are the rows of a visit beside some of them.
func (t *turn) restOf(some appointment) appointment {
	for _, a := range t.appointments() {
		if a.number() == some.number() {
			return slices.DeleteFunc(a, func(b flowhq.Booking) bool {
				return slices.ContainsFunc(some, func(c flowhq.Booking) bool { return b.Number == c.Number })
			})
		}
	}
	return nil
}

// visitOf is the visit that an appointment was booked as.
func visitOf(a appointment) *Visit {
	v := &Visit{Service: a[0].Service, Together: a.together()}
	for _, b := range a[1:] {
		v.More = append(v.More, b.Service)
	}
	if len(a) < 2 || v.Together {
		return v
	}
	// Services at hours of their own keep what lies between them when the visit is moved.
	for _, b := range a {
		v.Offsets = append(v.Offsets, int(b.StartsAt.Sub(a[0].StartsAt)/time.Minute))
	}
	return v
}

// appointmentName is what an appointment is for.
func (t *turn) appointmentName(a appointment) string { return t.visitName(visitOf(a)) }

// allOfThem say that all that was listed is meant.
var allOfThem = listOf("all of them")

// choosesAll is one option of all bookings that were listed, for who means all of them, or of two
// services that were to be chosen from.
func (t *turn) choosesAll() (Option, bool) {
	var all []string
	options := t.next.Ask.Options
	for _, o := range options {
		// Of a few services both may be wanted. A list of all that there are is no such few.
		few := o.Do == doService && len(options) <= maxKin
		if o.Do != doBooking && o.Do != doMove && !few {
			return Option{}, false
		}
		all = append(all, o.Value)
	}
	if !anyIn(t.p.reading.Words, allOfThem) && !anyIn(t.p.reading.Words, keepsBoth) || t.p.asks {
		return Option{}, false
	}
	return Option{Do: options[0].Do, Value: strings.Join(all, ",")}, true
}

// meantAppointments are the appointments that the message may mean, each cut to the rows that it
// names. unknown says that it has a number that is on none of them: such a number is never
// overlooked, for the only booking that is left may be another one.
func (t *turn) meantAppointments() (meant []appointment, unknown bool) {
	all := t.appointments()
	for _, r := range t.p.entities.References {
		// Phones write the first letter of a line large, and customers do not.
		for _, a := range all {
			if strings.EqualFold(r.Text, a.number()) {
				return []appointment{a}, false
			}
		}
		unknown = true
	}
	for _, a := range all {
		rows := slices.DeleteFunc(slices.Clone(a), func(b flowhq.Booking) bool {
			return !slices.Contains(idsOf(t.p.services), b.Service)
		})
		if len(rows) > 0 {
			meant = append(meant, rows)
		}
	}
	if len(meant) == 0 {
		meant = all
	}
	// "Both": one answer for all of them.
	if len(meant) > 1 && anyIn(t.p.reading.Words, allOfThem) {
		meant = []appointment{appointment(slices.Concat(meant...)).sorted()}
	}
	return meant, unknown
}

// atSaidTime keeps the appointments of the day or hour that a message names: "the one on thursday",
// "ile ya saa 12". A time narrows the choice only if it fits.
func (t *turn) atSaidTime(all []appointment) []appointment {
	p := &t.p
	keep := func(fits func(at time.Time) bool) {
		var some []appointment
		for _, a := range all {
			if fits(a[0].StartsAt.In(t.k.zone)) {
				some = append(some, a)
			}
		}
		if len(some) > 0 {
			all = some
		}
	}
	if p.hasTime && p.time.HasDay {
		keep(func(at time.Time) bool { return sameDay(at, p.time.Day) })
	}
	if p.hasTime && p.time.HasTime {
		keep(func(at time.Time) bool { return sameHour(at, p.time.Start) })
	}
	return all
}

// sameHour reports whether two times may be said alike: "saa 4" is four or ten, and only the hour
// of twelve tells.
func sameHour(a, b time.Time) bool { return a.Minute() == b.Minute() && a.Hour()%12 == b.Hour()%12 }

// deleteWords take a booking away without the word for it.
var deleteWords = listOf("delete")

// deletesBooking reports whether the message takes away what is booked: "ile ya saa 12 ifute".
func (t *turn) deletesBooking() bool {
	p := &t.p
	if t.next.Booking != nil || p.asks || p.cued(actChange) && p.hasTime || p.hasTime && anyIn(p.reading.Words, alone) && !t.onBookedDay() {
		return false
	}
	several := slices.ContainsFunc(t.appointments(),
		func(a appointment) bool { return len(a) > 1 })
	return len(t.bookings()) > 0 && anyIn(p.reading.Words, deleteWords) ||
		several && anyIn(p.reading.Words, alone) || t.leavesOne(t.appointments())
}

// onBookedDay reports whether the message names the day of the only booking, and no hour.
func (t *turn) onBookedDay() bool {
	all := t.appointments()
	return len(all) == 1 && t.p.hasTime && !t.p.time.HasTime && t.p.time.HasDay &&
		sameDay(t.p.time.Day, all[0][0].StartsAt.In(t.k.zone))
}

// leavesOne reports whether the message wants one of several bookings of the same service, which were
// made together: "mmeweka 2, nataka moja tu".
func (t *turn) leavesOne(all []appointment) bool {
	return len(all) == 1 && len(all[0]) > 1 &&
		!slices.ContainsFunc(all[0], func(b flowhq.Booking) bool { return b.Service != all[0][0].Service }) &&
		(oneOff.MatchString(t.p.text) || saysOnlyOne(t.p.text))
}

// namesOldTime takes a message that names the time at which a booking stands that is to be moved:
// "ndio, ile ya saa 12 ifute" wants the move, and "iwe saa 12 kama ilivyokuwa" wants none. Read as
// the new time, it moved the booking to where it was.
func (t *turn) namesOldTime() bool {
	v, p := t.next.Booking, &t.p
	if v == nil || v.Start.IsZero() || !p.hasTime || p.asks {
		return false
	}
	a, ok := t.appointmentOf(v.Moves)
	if !ok {
		return false
	}
	old := a[0].StartsAt.In(t.k.zone)
	switch {
	// "Ndio, ile ya leo itoe" names the old day alone.
	case !p.time.HasTime:
		if !sameDay(p.time.Day, old) || sameDay(old, v.Start) || !anyIn(p.reading.Words, deleteWords) {
			return false
		}
	case !sameHour(p.time.Start, old) || sameHour(old, v.Start) ||
		p.time.HasDay && !p.time.Likely && !sameDay(p.time.Day, old):
		return false
	}
	switch {
	case !anyIn(p.reading.Words, deleteWords):
		t.did(actNo)
		t.next.Ask, t.next.Booking = Ask{}, nil
		t.tell("cancel.kept")
	case p.yesNo == entity.Yes || anyIn(p.reading.Words[:1], yesWords):
		t.did(actYes)
		t.confirmMove()
	default:
		p.hasTime = false
		t.did(actChange)
		t.continueMove()
	}
	return true
}

// companionsOf are the rows of an appointment that are not the customer's own: the child's, or else
// those behind the first number.
func (t *turn) companionsOf(a appointment) appointment {
	rows := slices.DeleteFunc(slices.Clone(a),
		func(b flowhq.Booking) bool { return b.Service != t.childService() })
	if len(rows) > 0 && len(rows) < len(a) {
		return rows
	}
	return a[1:]
}

// cancelledOf are the rows of a visit of several services that the message cancels: of the dye alone in
// "rangi siitaki, kunyoa tu". All of them, unless it says that some are wanted.
func (t *turn) cancelledOf(a appointment) appointment {
	p := &t.p
	var off, named []string
	for _, m := range t.named(t.k.services, p.text) {
		if named = append(named, m.ID); p.takesBack(m) || p.editOf(m) == editOff {
			off = append(off, m.ID)
		}
	}
	rows := slices.DeleteFunc(slices.Clone(a), func(b flowhq.Booking) bool {
		switch is := slices.Contains(named, b.Service); {
		case len(off) > 0:
			return !slices.Contains(off, b.Service)
		case anyIn(p.reading.Words, onlyWords):
			return is // what is left is named
		default:
			return !is
		}
	})
	if len(rows) == 0 || len(named) == 0 {
		return a
	}
	return rows
}

// moved are the rows of an appointment at the time to which it moves. The row that moves farthest
// comes first: written in the other order, a row would lie upon the one that has not moved yet.
func (t *turn) moved(a appointment, v *Visit) []flowhq.Booking {
	later, starts := v.Start.After(a[0].StartsAt), t.startsOf(v)
	rows := slices.Clone(a)
	for i := range rows {
		b := &rows[i]
		// The length is the service's now: the owner may have changed it since.
		length := time.Duration(t.minutes(b.Service)) * time.Minute
		start := v.Start
		if !v.Together && i < len(starts) {
			start = starts[i]
		}
		b.StartsAt, b.EndsAt = start, start.Add(length)
		b.Status, b.HeldUntil = flowhq.BookingConfirmed, nil
	}
	if later {
		slices.Reverse(rows)
	}
	return rows
}
