package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Questions that want a yes or a no of what the owner has told of a service: whether it can be had
// on a day, and whether one name means the same as another.

// tellThere answers whether a service that is not had on each day can be had on the day that is
// spoken of: "is the women's doctor there also that day?". Such a question names no wish: an
// ultrasound that was being booked stays what is booked.
func (t *turn) tellThere() bool {
	p := &t.p
	if t.k.template() != flowhq.BookingTemplate || !p.asksSoftly() ||
		!anyIn(p.reading.Words, staffThere) && !sheThere.MatchString(p.text) ||
		p.has(actCancel, actChange) {
		return false
	}
	i := slices.IndexFunc(p.services, t.asksThere)
	if i < 0 {
		return false
	}
	id, day := p.services[i].ID, time.Time{}
	v := t.next.Booking
	switch {
	case p.hasTime && p.time.HasDay:
		day = p.time.Day
	case v != nil:
		day = v.Day
	}
	t.did(actOffer)
	fits := t.daysSaid(id)[day.Weekday()]
	switch {
	case day.IsZero():
	case fits:
		t.tell("service.there", "name", t.k.nameOf(id, t.say), "day", t.nearDay(day))
	default:
		t.tell("service.not_there", "name", t.k.nameOf(id, t.say), "day", t.nearDay(day))
	}
	t.tellDescription(id)
	t.tellPriceOf(id)
	p.acts.drop(actOffer, actPrice, actAnswer, actHours, actStatus)
	t.speakOf(id, "")
	if v == nil && len(t.bookings()) == 0 {
		t.next.Booking = &Visit{Service: id}
		if fits && !day.IsZero() {
			t.next.Booking.Day = day
		}
		p.acts.add(actBook)
	}
	return true
}

// asksThere reports whether the clause that names a service asks whether it is there, and it is not
// there on each day.
func (t *turn) asksThere(m entity.NameMatch) bool {
	if m.Start < 0 || m.End > len(t.p.text) || m.Start >= m.End || len(t.serviceDays(m.ID)) == 0 {
		return false
	}
	clause := pieceAround(t.p.text, m.Start, m.End)
	return anyIn(split(clause), staffThere) || len(t.p.services) == 1 && sheThere.MatchString(t.p.text)
}

// sheThere asks in a clause of its own whether who was named is there: "i need the gynae, is she in
// today?".
var sheThere = regexp.MustCompile(`(?i)\b(?:(?:is|are|will) (?:she|he|they)(?: be)? (?:in|there|around|available|on duty|working|present)|(?:she|he) (?:in|there|around|available) (?:today|tomorrow|now)|` +
	`(?:yeye |leo |kesho |je )?(?:yupo|yuko|atakuwepo|anakuwepo|anapatikana|atakuwa hapo)(?: leo| kesho| hapo| kazini| sasa)?\s*(?:[?,.]|$))`)

// daysSaid are the days of a service of which the message names who is there: its description may
// have other days for others, "children's doctor on Tuesdays, women's doctor on Thursdays".
func (t *turn) daysSaid(id string) map[time.Weekday]bool {
	s := t.k.service[id]
	if s == nil {
		return nil
	}
	for _, text := range []string{s.Description.EN, s.Description.SW} {
		for _, clause := range strings.FieldsFunc(text, func(r rune) bool {
			return r == ',' || r == '.' || r == ';'
		}) {
			words := split(clause)
			named := slices.ContainsFunc(words, func(w string) bool {
				return len(w) >= minSubject && strings.Count(strings.ToLower(text), w) < 2 &&
					slices.Contains(t.p.reading.Words, w)
			})
			if days := weekdaysIn(words); named && len(days) > 0 {
				return days
			}
		}
	}
	return t.serviceDays(id)
}

// tags ask for a yes to what stands before them: "that is the specialist, right?".
var tags = listOf("tag")

// tellSame says yes to who asks whether two names mean one service, and what it costs.
func (t *turn) tellSame() bool {
	p := &t.p
	if !p.asks || !anyIn(p.reading.Words, tags) || len(p.services) < 2 || p.hasTime ||
		len(idsOf(p.services)) != 1 || t.k.service[p.services[0].ID] == nil {
		return false
	}
	id := p.services[0].ID
	t.did(actOffer)
	t.tell("service.same", "name", t.k.nameOf(id, t.say))
	t.tellPriceOf(id)
	p.acts.drop(actOffer, actPrice, actAnswer, actBook)
	p.services = nil
	return true
}
