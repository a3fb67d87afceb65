package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A move or a cancellation with something else behind it: "yes move it, and add a shave", "can we
// come at four instead, my brother wants a cut too". The message is decided as two: first what is
// done with the booking, and then the rest, on what the first has made of it. Where the move waits
// for a yes, the rest waits with it (Visit.Then).

// thenFrom is where one thing may end in a message and another begin.
var thenFrom = regexp.MustCompile(`(?i)[.!,;\n]+\s*|\s+(?:and|na|then|kisha|halafu|alafu|pia|also|plus)\s`)

// doesAsked say a yes in the words of what was asked: "ndio hamisha", "yes move it".
var doesAsked = listOf("does what was asked")

// decidedInTurn decides a message of two things one after the other. It is nil for any other message.
func decidedInTurn(in Input) *turn {
	before := newTurn(in)
	text := in.Message.Text
	if before.k.template() != flowhq.BookingTemplate || len(text) > maxRead || in.Message.Media != "" {
		return nil
	}
	switch before.next.Ask.For {
	case askMove, askCancel:
		if yes, rest := before.yesAndThen(text); rest != "" {
			return before.inTurn(in, yes, rest)
		}
		return nil
	case askBook:
		if yes, rest := before.yesAndAnother(text); rest != "" {
			return before.inTurn(in, yes, rest)
		}
		return nil
	}
	if len(before.appointments()) != 1 || before.next.Booking != nil {
		return nil
	}
	for _, at := range thenFrom.FindAllStringIndex(text, maxPartsRead) {
		first, rest := text[:at[0]], strings.Trim(text[at[0]:], " .,;!\n")
		if _, timed := before.timeIn(first); !timed || !before.wantsBeside(rest) {
			continue
		}
		move := in
		move.Suggestion, move.Message.Text = nil, first
		if t := decidedWhole(move); t.next.Ask.For == askMove && t.next.Booking != nil {
			t.next.Booking.Then = rest
			t.in.Message.Text, t.whole = text, true
			t.question += " " + t.render("change.then")
			return t
		}
	}
	return nil
}

// inTurn decides the yes, and then the rest on what that has made. It is nil if the yes does nothing.
func (t *turn) inTurn(in Input, yes, rest string) *turn {
	first, then := in, in
	first.Suggestion, first.Message.Text = nil, yes
	done := decidedWhole(first)
	if !done.settles() && !done.undoes() || done.handedOver() || done.missed {
		return nil
	}
	then.Suggestion, then.Message.Text, then.State = nil, afterwards.ReplaceAllString(rest, "after that "), done.next
	then.State.At = in.Message.At
	then.Calendar.Bookings = after(in.Calendar.Bookings, done.facts)
	next := decidedAtOnce(then)
	next.said, next.facts, next.acts = append(done.said, next.said...), append(done.facts, next.facts...), append(done.acts, next.acts...)
	next.in.Message.Text, next.whole = in.Message.Text, true
	return next
}

// after are bookings as facts leave them, without those that are cancelled.
func after(bookings []flowhq.Booking, facts []flowhq.FactChange) []flowhq.Booking {
	bookings = slices.Clone(bookings)
	for _, f := range facts {
		if f.Booking == nil {
			continue
		}
		same := func(b flowhq.Booking) bool { return b.Number == f.Booking.Number }
		if i := slices.IndexFunc(bookings, same); i >= 0 {
			bookings[i] = *f.Booking
		}
	}
	return slices.DeleteFunc(bookings, func(b flowhq.Booking) bool { return b.Status == flowhq.BookingCancelled })
}

// yesAndThen are the yes of a message and what it wants besides, in the same message or in the one
// that asked for the move. rest is "" if there is nothing else.
func (t *turn) yesAndThen(text string) (yes, rest string) {
	if v := t.next.Booking; v != nil && v.Then != "" && t.doesIt(text) {
		return text, v.Then
	}
	for _, at := range thenFrom.FindAllStringIndex(text, maxPartsRead) {
		first, rest := text[:at[0]], strings.Trim(text[at[0]:], " .,;!\n")
		if !t.doesIt(first) {
			continue
		}
		if name := nameIn(rest); name != "" && len(split(rest)) <= len(split(name))+maxNameLead+1 {
			return first, rest
		}
		if t.wantsBeside(rest) || t.next.Ask.For == askCancel && t.wantsBooking(rest) {
			return first, rest
		}
	}
	return "", ""
}

// yesAndAnother are the yes to a visit that was read back, and what wants a visit of another
// service behind it, for somebody else or at a time of its own. rest is "" if nothing does.
func (t *turn) yesAndAnother(text string) (yes, rest string) {
	v := t.next.Booking
	if v == nil || v.Moves != "" || v.Start.IsZero() {
		return "", ""
	}
	for _, at := range thenFrom.FindAllStringIndex(text, maxPartsRead) {
		first, rest := text[:at[0]], strings.Trim(text[at[0]:], " .,;!\n")
		// What it costs is read back.
		rest = asksPriceLast.ReplaceAllString(rest, "")
		if t.doesIt(first) && t.wantsAnother(rest, v) {
			return first, rest
		}
	}
	return "", ""
}

// wantsAnother reports whether a text wants a service that is not of the visit v, for somebody who
// is not on it or at a time of its own.
func (t *turn) wantsAnother(text string, v *Visit) bool {
	whole := t.p
	defer func() { t.p = whole }()
	t.p = t.readPart(text)
	p := &t.p
	words := p.reading.Words
	if len(p.services) != 1 || slices.Contains(v.services(), p.services[0].ID) || p.cued(cueInstead) ||
		p.has(actCancel, actDrop, actPerson, actAnger) || saysBut(words) || anyIn(words, ifWords) ||
		anyIn(words, comesAlong) {
		return false
	}
	wants := wantsService.MatchString(text) || wantsItToo.MatchString(text)
	return wants && (anyIn(words, companions) || p.hasTime && p.time.HasTime)
}

// asksPriceLast asks at the end what something costs.
var asksPriceLast = regexp.MustCompile(`(?i)[,;.?!\s]+(?:(?:and|na|ni|kwani|so|pls|please)\s+)?(?:how much(?:\s+(?:is|will|does|for)\b[^,.;?]*)?|` +
	`(?:ni |yake )?bei (?:gani|yake|ngapi|je)|(?:ni )?(?:shilingi |sh |tsh |pesa )?ngapi|(?:what(?:'s| is) )?the (?:price|cost)|what does (?:it|that) cost)\W*$`)

// meanOther is all acts of a message, with a booking in place of a question about one: it takes a
// service that is not booked for what somebody else is to have, with an hour of its own, where the
// words about a booking hide that: "na mke wangu je? yeye kumuona daktari saa 2 kesho".
func (t *turn) meanOther(p *perception, all acts) acts {
	if t.k.template() != flowhq.BookingTemplate || t.next.Booking != nil || !all.has(actStatus) ||
		!p.hasTime || !p.time.HasTime ||
		len(p.services) != 1 || !anyIn(p.reading.Words, companions) || all.has(actCancel, actChange) ||
		anyIn(p.reading.Words, hadWords) {
		return all
	}
	for _, b := range t.bookings() {
		if b.Service == p.services[0].ID {
			return all
		}
	}
	all.replace(actStatus, actBook)
	return all
}

// doesIt reports whether a text is a yes to what was asked and nothing else.
func (t *turn) doesIt(text string) bool {
	words := split(text)
	return len(words) > 0 && (hasWord(yesHead, words[0]) || hasWord(doesAsked, words[0])) &&
		entity.ReadYesNo(text) != entity.No && !slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(yesHead, w) && !hasWord(courtesyWords, w) && !hasWord(doesAsked, w) &&
			!hasWord(clearYes, w) && !hasWord(confirmWords, w)
	})
}

// wantsBeside reports whether a text wants a service besides what is booked, for the customer or for
// somebody else.
func (t *turn) wantsBeside(text string) bool {
	p := t.readPart(text)
	words := p.reading.Words
	if len(words) < 2 || p.cued(cueInstead) || p.has(actCancel, actDrop, actPerson, actAnger) ||
		saysBut(words) || anyIn(words, ifWords) || p.cued(actPrice) {
		return false
	}
	comes := anyIn(words, companions) && (alsoServed.MatchString(text) || wantsService.MatchString(text))
	if p.asksSoftly() {
		return comes && anyIn(words, comesAlong)
	}
	return comes || len(p.services) > 0 &&
		(p.cued(cueAdd) || wantsService.MatchString(text) || besides.MatchString(text) ||
			p.has(actBook) && alsoServed.MatchString(text) || wantsItToo.MatchString(text))
}

// afterwards is behind what is booked, where nothing follows that would say behind what.
var afterwards = regexp.MustCompile(`(?i)\b(?:baadaye|baadae|afterwards?|after(?:\s*$)|baada(?:\s*$))\s*`)

// wantsItToo wants one more thing for the customer: "baadaye nataka scrub", "also i want a shave".
var wantsItToo = regexp.MustCompile(`(?i)\b(?:nataka|nitataka|naomba|i want|i need|i'd like|i would like)\b`)

// wantsBooking reports whether a text wants another booking: "and book me for saturday at ten".
func (t *turn) wantsBooking(text string) bool {
	p := t.readPart(text)
	return !p.asksSoftly() && !p.cued(cueInstead) && wantsService.MatchString(text) &&
		(p.hasTime || len(p.services) > 0)
}
