package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A service may be had on some days only, and owners say so in its description: "children's doctor
// on Tuesdays, women's doctor on Thursdays". The bot booked a gynaecologist on a Wednesday.

// serviceDays are the weekdays that the description of a service names; none = every day.
func (t *turn) serviceDays(id string) map[time.Weekday]bool {
	s := t.k.service[id]
	if s == nil {
		return nil
	}
	return weekdaysIn(split(s.Description.EN + " " + s.Description.SW))
}

// weekdaysIn are the weekdays among some words.
func weekdaysIn(words []string) map[time.Weekday]bool {
	days := map[time.Weekday]bool{}
	for _, w := range words {
		for i, name := range weekdayNames {
			// "Tuesdays" too.
			if strings.HasPrefix(w, name) {
				days[time.Weekday(i/2)] = true
			}
		}
	}
	return days
}

// weekdayNames are the names of the days from Sunday on, two a day.
var weekdayNames = phrasesOf("weekdays")

// tellServiceDays says on which days a service can be had, in the owner's words, when a day is
// said, and reports whether the day is none of these. Which of the days is for whom only a reader
// of the description knows, so that the customer names the day.
func (t *turn) tellServiceDays(v *Visit) bool {
	// The days of somebody else leave the visit as it was read back.
	other := t.in.State.Booking != nil && !t.in.State.Booking.Start.IsZero() && t.p.asksSoftly() &&
		slices.ContainsFunc(t.p.services, func(m entity.NameMatch) bool { return !slices.Contains(v.services(), m.ID) })
	if t.otherDays(v.Day) && !other {
		v.Day, v.Start = time.Time{}, time.Time{}
		t.ask(Ask{For: askWhen}, "book.day")
		return true
	}
	days := t.daysSaid(v.Service)
	if len(days) == 0 || v.Day.IsZero() {
		return false
	}
	fits := days[v.Day.Weekday()]
	// Said once: neither a further time of the same day nor another day that fits asks for it.
	before := t.in.State.Booking
	if !fits || t.timeTaken && t.p.time.HasDay && !t.p.time.Likely &&
		(before == nil || !before.Day.Equal(v.Day)) &&
		!t.saidLast(t.k.service[v.Service].Description.In(t.say.language)) {
		t.tellDescription(v.Service)
	}
	if fits {
		return false
	}
	// A booking that moves keeps its day until another is said.
	v.Day, v.Start = time.Time{}, time.Time{}
	if v.Moves != "" {
		t.ask(Ask{For: askMoveTo}, "change.when")
		return true
	}
	t.ask(Ask{For: askWhen}, "book.day")
	return true
}

// otherDays reports whether the owner's answer that this turn gives names days, and none is the one that
// is asked for: "is there a female doctor tomorrow?" was answered with hers, and with the times of
// tomorrow.
func (t *turn) otherDays(day time.Time) bool {
	a := t.k.answer[t.p.answer]
	if a == nil || !t.p.has(actAnswer) || day.IsZero() || !t.p.hasTime || !t.p.time.HasDay {
		return false
	}
	words := split(a.Answer.EN + " " + a.Answer.SW)
	// Days on which somebody is not there say nothing of the others.
	days := weekdaysIn(words)
	return len(days) > 0 && !anyIn(words, notThereWords) && !days[day.Weekday()]
}

// notThereWords say of a day that something is not had on it.
var notThereWords = keywords("not, no, except, closed, off, hayupo, hawapo, haupo, hakuna, isipokuwa, hatupo, tumefunga, from, kuanzia")

// howLong ask how long a service takes.
var howLong = listOf("how long")

// allAsked are the services that a question for how long means together: those that it names, or all that are
// booked one behind the other for who asks of all. It is nil if it means one.
func (t *turn) allAsked() (all []string) {
	if named := idsOf(t.p.services); len(named) > 1 {
		return named
	}
	if !anyIn(t.p.reading.Words, inAll) && !wholeVisit.MatchString(t.p.text) {
		return nil
	}
	for _, a := range t.appointments() {
		if !sameDay(a[0].StartsAt, t.appointments()[0][0].StartsAt) {
			return nil
		}
		all = append(all, visitOf(a).services()...)
	}
	slices.Reverse(all) // the latest booking is listed first
	for _, f := range t.facts {
		if f.Booking != nil && f.Booking.Status == flowhq.BookingConfirmed {
			all = append(all, f.Booking.Service)
		}
	}
	return all
}

// wholeVisit asks of all that is booked.
var wholeVisit = regexp.MustCompile(`(?i)\b(?:it all|all of it|both|everything|altogether|zote|vyote|yote|mbili zote)\b`)

// tellMinutes says how long the service takes that is named, else the one of the visit or booking.
// It was answered with the list of all services.
func (t *turn) tellMinutes() bool {
	p := &t.p
	if t.k.template() != flowhq.BookingTemplate || !anyIn(p.reading.Words, howLong) ||
		p.has(actCancel, actChange) || p.sure && p.alike >= surelyAlike {
		return false
	}
	// The nearest first: what is being booked, what is booked, what was spoken of.
	id := t.next.Topic
	if v := t.next.Booking; v != nil && v.Service != "" {
		id = v.Service
	} else if all := t.bookings(); len(all) > 0 {
		id = all[0].Service
	}
	if len(p.services) == 1 {
		id = p.services[0].ID
	}
	s := t.k.service[id]
	if s == nil || s.Minutes == 0 {
		return false
	}
	name, minutes := s.Name.In(t.say.language), s.Minutes
	if v := t.next.Booking; v != nil && len(v.More) > 0 && len(p.services) == 0 {
		name, minutes = t.visitName(v), t.visitMinutes(v)
	} else if all := t.allAsked(); len(all) > 1 {
		both := &Visit{Service: all[0], More: all[1:]}
		name, minutes = t.visitName(both), t.visitMinutes(both)
	}
	t.did(actOffer)
	p.acts.drop(actOffer, actHours, actAnswer, actBook, actStatus)
	t.tell("service.takes", "name", name, "minutes", thousands(int64(minutes)))
	// "How much is it and how long does it take" asks for both.
	if p.cued(actPrice) {
		t.tellPriceOf(id)
	}
	t.speakOf(id, "")
	return true
}
