package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A service that is wanted beside another: before the doctor who is on the visit, or behind what is
// booked already.

// meanOnVisit takes a word that a service on the visit is called by for that service, where the
// message goes on with the visit: behind "daktari wa wanawake" the doctor is the women's doctor.
func (t *turn) meanOnVisit(p *perception) {
	v := t.next.Booking
	if t.k.template() == flowhq.BookingTemplate && (v == nil || v.Service == "") {
		t.dropBookedBeside(p)
	}
	t.meanAdded(p)
	t.dropConditional(p)
	if v == nil || v.Service == "" || v.Moves != "" || t.k.template() != flowhq.BookingTemplate {
		return
	}
	on := v.services()
	// "Not the general doctor" puts nobody on a visit who is not on it.
	p.services = slices.DeleteFunc(p.services, func(m entity.NameMatch) bool {
		return !slices.Contains(on, m.ID) && m.Start >= 0 && m.Start < m.End && m.End <= len(p.text) &&
			notOrdinary.MatchString(pieceAround(p.text, m.Start, m.End))
	})
	relates := besides.MatchString(p.text) || anyIn(p.reading.Words, orderWords)
	for i := range p.services {
		m := &p.services[i]
		if slices.Contains(on, m.ID) || m.Start < 0 || m.End > len(p.text) || m.Start >= m.End {
			continue
		}
		around := split(pieceAround(p.text, m.Start, m.End))
		if anyIn(around, ordinaryWords) || p.cued(cueInstead) ||
			len(p.services) == 1 && !relates && !p.asksSoftly() {
			continue
		}
		words := split(p.text[m.Start:m.End])
		id := t.amongKnown(*m, p.text, on)
		// "After the doctor" is behind whoever is on the visit.
		if id == "" && len(on) == 1 && anyIn(words, whoServes) &&
			besideBefore.MatchString(p.text[:m.Start]) {
			id = on[0]
		}
		if id != "" {
			m.ID, m.Others, m.Exact = id, nil, true
		}
	}
}

// dropConditional drops what the visit that is being made may turn into, and is only asked about:
// "kama linatakiwa kung'olewa, mtang'oa leo?" wants no other service.
func (t *turn) dropConditional(p *perception) {
	v := t.next.Booking
	if t.k.template() != flowhq.BookingTemplate || v == nil || ofPrice.MatchString(p.text) {
		return
	}
	on := v.services()
	if v.Service == "" {
		on = []string{t.next.Topic}
	}
	if t.k.service[on[0]] == nil {
		return
	}
	isOn := func(m entity.NameMatch) bool { return slices.Contains(on, m.ID) }
	if _, timed := t.timeIn(p.text); timed && p.done && !slices.ContainsFunc(p.services, isOn) {
		p.services = nil
	}
	for _, one := range piecesOf(p.text) {
		if at := strings.Index(p.text, one.text); at >= 0 && one.asks && anyIn(split(one.text), ifWords) {
			p.services = slices.DeleteFunc(p.services, func(m entity.NameMatch) bool {
				return m.Start >= at && m.End <= at+len(one.text) && !isOn(m)
			})
		}
	}
}

// ofPrice is a word of who asks what something costs.
var ofPrice = regexp.MustCompile(`(?i)\b(?:bei|ngapi|gharama|how much|hw much|price|cost)\b`)

// meanAdded takes the service that was spoken of, or the one that is being booked, for what a message
// adds to a booking without its name: "add it to tomorrow", "right after the dye please".
func (t *turn) meanAdded(p *perception) {
	v, all := t.next.Booking, t.appointments()
	if t.k.template() != flowhq.BookingTemplate || len(all) == 0 || v != nil &&
		(v.Moves != "" || !v.Start.IsZero()) {
		return
	}
	booked, wanted := visitOf(all[0]).services(), t.next.Topic
	if v != nil {
		wanted = v.Service
	}
	if t.k.service[wanted] == nil || slices.Contains(booked, wanted) ||
		slices.ContainsFunc(p.services, func(m entity.NameMatch) bool { return !slices.Contains(booked, m.ID) }) {
		return
	}
	named := entity.NameMatch{ID: wanted, Exact: true, Score: 1}
	before := p.services
	p.services = []entity.NameMatch{named}
	if _, _, ok := t.besideBooked(p); !ok || strings.Contains(p.text, "?") {
		p.services = before
	}
}

// addsBehind is the booking that was made a moment ago, where a message adds a service to it
// without an hour of its own.
func (t *turn) addsBehind(p *perception) (flowhq.Booking, bool) {
	if !p.cued(cueAdd) || !t.bookedJustNow() || p.hasTime && p.time.HasTime || p.cued(actPrice) ||
		anyIn(p.reading.Words, companions) {
		return flowhq.Booking{}, false
	}
	a := t.appointments()[0]
	last := a[len(a)-1]
	if p.hasTime && p.time.HasDay && !sameDay(p.time.Day, last.StartsAt.In(t.k.zone)) ||
		len(p.services) == 0 ||
		slices.ContainsFunc(p.services, func(m entity.NameMatch) bool {
			return slices.Contains(visitOf(a).services(), m.ID)
		}) {
		return flowhq.Booking{}, false
	}
	return last, true
}

// besideBooked is the booking before or behind which the message wants another service, and whether
// it wants it before.
func (t *turn) besideBooked(p *perception) (booked flowhq.Booking, before, ok bool) {
	at := besides.FindStringSubmatchIndex(p.text)
	if at == nil {
		booked, ok = t.addsBehind(p)
		return booked, false, ok
	}
	before = anyIn(split(p.text[at[2]:at[3]]), beforeWords)
	named := split(p.text[at[1]:])
	named = named[:min(len(named), maxKin+1)]
	// "And a blood test after that" behind a visit that was booked a moment ago.
	if len(named) > 0 && hasWord(thatVisit, named[0]) && t.bookedJustNow() {
		a := t.appointments()[0]
		if before {
			return a[0], before, true
		}
		return a[len(a)-1], before, true
	}
	for _, b := range t.bookings() {
		if slices.ContainsFunc(named, func(w string) bool {
			return !hasWord(seeing, w) && (t.hasNameWords(b.Service, []string{w}) || hasWord(whoServes, w))
		}) {
			return b, before, true
		}
	}
	return flowhq.Booking{}, false, false
}

// thatVisit point to a visit.
var thatVisit = keywords("that, it, hapo, hiyo, yake, this, hii")

// beforeWords say that something comes before.
var beforeWords = keywords("kabla, before")

// dropsAdded gives up what was to come beside a booking, for who keeps that alone: "forget the
// beard then, just the dye". It reports whether the message says so.
func (t *turn) dropsAdded() bool {
	v, p, all := t.next.Booking, &t.p, t.appointments()
	if v == nil || v.Moves != "" || v.Service == "" || len(all) == 0 || p.asks || p.hasTime &&
		p.time.HasTime {
		return false
	}
	kept := visitOf(all[0])
	named := t.named(t.k.services, p.text)
	off := slices.ContainsFunc(named, func(m entity.NameMatch) bool {
		return (p.takesBack(m) || p.editOf(m) == editOff || givesUpBefore.MatchString(p.text[:max(0, m.Start)])) &&
			(m.ID == v.Service || slices.Contains(m.Others, v.Service) || t.hasNameWords(v.Service, split(p.text[m.Start:m.End])))
	})
	off = off || anyIn(p.reading.Words, onlyWords)
	if slices.Contains(kept.services(), v.Service) || !off ||
		!slices.ContainsFunc(named, func(m entity.NameMatch) bool {
			return slices.Contains(kept.services(), m.ID)
		}) {
		return false
	}
	t.did(actDrop)
	t.dropBooking()
	return true
}

// givesUpBefore stands in front of what is not wanted after all.
var givesUpBefore = regexp.MustCompile(`(?i)\b(?:forget|leave|skip|drop|cancel|remove|acha|achana na|iache|toa|futa|ondoa)\s+(?:the\s+|about\s+|hiyo\s+)*$`)

// isBesideBooked reports whether the time of a visit comes from the booking that it is beside.
func (t *turn) isBesideBooked() bool {
	if v := t.next.Booking; v != nil && v.Moves == "" && t.isBesideOwn(v) {
		a := t.appointments()[0]
		if ends := v.Start.Add(time.Duration(t.visitMinutes(v)) * time.Minute); v.Start.Equal(a[len(a)-1].EndsAt) ||
			ends.Equal(a[0].StartsAt) {
			return true
		}
	}
	_, _, ok := t.besideBooked(&t.p)
	return ok
}

// dropBookedBeside drops what is booked already from what the message wants before or behind it.
func (t *turn) dropBookedBeside(p *perception) {
	if _, _, ok := t.besideBooked(p); !ok || len(p.services) < 2 {
		return
	}
	p.services = slices.DeleteFunc(slices.Clone(p.services), func(m entity.NameMatch) bool {
		return m.Start > 0 && m.Start <= len(p.text) && besideBefore.MatchString(p.text[:m.Start])
	})
}

// placeBesideBooked begins a visit that is wanted before or behind a booking where that begins or
// ends.
func (t *turn) placeBesideBooked(v *Visit) {
	b, before, ok := t.besideBooked(&t.p)
	if !ok || v.Service == "" || v.Moves != "" || !v.Start.IsZero() ||
		!v.Day.IsZero() && !sameDay(v.Day, b.StartsAt.In(t.k.zone)) {
		return
	}
	start := b.EndsAt.In(t.k.zone)
	if before {
		start = b.StartsAt.In(t.k.zone).Add(-time.Duration(t.visitMinutes(v)) * time.Minute)
	}
	v.Day, v.Start = startOfDay(start), start
	t.p.hasTime = false // "after the doctor" is no hour
}

// besideBefore ends what stands before the service that another one comes before or after.
var besideBefore = regexp.MustCompile(`(?i)\b(?:kabla ya|baada ya|before|after)\s+(?:\pL+\s+){0,2}$`)
