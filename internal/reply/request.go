package reply

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// A request is a ticket of a help desk for a service that somebody drives out for, such as an
// installation. It was passed on as a question about an account in every wording.

// installNames are what owners call the service of connecting a new customer.
var installNames = phrasesOf("installation")

// installWords ask to be connected.
var installWords = listOf("install")

// requested is the service that the message asks somebody to come for, "" if it asks for none.
func (t *turn) requested() string {
	p := &t.p
	if id := t.installation(); id != "" && (t.wantsBesideQuestion() || t.wantsSpoken()) && t.isNew() {
		return id
	}
	// Whose connection does not work reports a fault.
	if p.has(actProblem, actCancel, actPaid, actStatus, actPerson, actComplaint) ||
		anyIn(p.reading.Words, whenMended) && !anyIn(p.reading.Words, installWords) {
		return ""
	}
	// "Can I move with your net?" asks whether, and how much.
	if p.asks && anyIn(p.reading.Words, askWhether) && !p.time.HasTime {
		return ""
	}
	if t.onlyCompares() {
		return ""
	}
	// A day says that somebody is to come, as "Saturday morning is fine" does after a price.
	wants := anyIn(p.reading.Words, wishWords) || anyIn(p.reading.Words, askToCome) ||
		p.hasTime && p.time.HasDay || p.has(actOrder)
	if !wants || p.has(actPrice) && !p.hasTime {
		return ""
	}
	if id := t.installation(); id != "" && anyIn(p.reading.Words, installWords) {
		return id
	}
	// Whoever takes a package and says when to come is to be connected.
	if id := t.installation(); id != "" && t.packageChosen() != "" && t.next.Ticket == nil &&
		anyIn(p.reading.Words, comeWords) && p.hasTime {
		return id
	}
	// "Ok I want it" takes the package that was spoken of last.
	if id := t.installation(); id != "" && t.next.Ticket == nil && !p.names() && !p.asksSoftly() &&
		len(p.reading.Words) <= maxNaming && slices.Contains(t.packages(), t.next.Topic) &&
		anyIn(p.reading.Words, thatThing) {
		return id
	}
	for _, m := range p.services {
		if s := t.k.service[m.ID]; s != nil && m.Exact && s.Minutes > 0 && !s.Unavailable {
			return s.ID
		}
	}
	// The visit was told of, and now its day and place are said.
	if s := t.k.service[t.next.Topic]; s != nil && s.Minutes > 0 && !s.Unavailable && p.hasTime &&
		p.time.HasDay && !p.asksSoftly() && (len(p.areas) > 0 || t.next.Area != "" ||
		len(p.entities.References) > 0 || anyIn(p.reading.Words[:1], yesWords) ||
		anyIn(p.reading.Words, landmarkWords)) {
		return s.ID
	}
	return ""
}

// visitSpoken is the service that somebody drives out for and that was spoken of last, "" if there is
// none. The visit for a fault is none of these.
func (t *turn) visitSpoken() string {
	for _, id := range append([]string{t.next.Topic}, t.next.Spoken...) {
		if s := t.k.service[id]; s != nil && s.Minutes > 0 && id != t.siteVisit() && !s.Unavailable {
			return id
		}
	}
	return ""
}

// thatThing points to what was spoken of last.
var thatThing = keywords("it, that, that one, this one, hicho, hiyo, hii, hilo, huo, hizo, nakichukua, naichukua")

// askWhether ask whether something can be had.
var askWhether = keywords(`
	naweza, can i, could i, may i, is it possible, inawezekana, do you, je, mna*
`)

// askToCome are words of who asks for such a visit.
var askToCome = listOf("ask to come")

// addsToRequest reports whether the message says more of a request: when, where, or for whom.
func (t *turn) addsToRequest() bool {
	v, p := t.next.Ticket, &t.p
	return v != nil && v.Number != "" && v.Subject == string(actOrder) &&
		!p.has(actProblem, actCancel, actStatus, actPerson, actPaid) &&
		(p.hasTime && (!p.asksSoftly() || t.saysTime() || t.asksToComeThen()) || !p.asksSoftly() && (p.name != "" || t.bareName() != "" ||
			len(p.areas) > 0 || len(p.entities.Phones)+len(p.entities.References) > 0))
}

// asksToComeThen reports whether the message asks for somebody to come at another time.
func (t *turn) asksToComeThen() bool {
	words := t.p.reading.Words
	return anyIn(words, canYou) && anyIn(words, comesWords) && !asksExactHour.MatchString(t.p.text)
}

// saysTime reports whether a time stands beside a question, and not in it: "around ten is fine. Do I
// need to be there?".
func (t *turn) saysTime() bool {
	return slices.ContainsFunc(piecesOf(t.p.text), func(one piece) bool {
		_, ok := t.timeIn(one.text)
		return ok && !one.asks
	})
}

// asksOfDay reports whether the only day of the message is in a question whether the business works
// then, and is no wish: "do you install on Sundays?".
func (t *turn) asksOfDay() bool {
	return t.p.hasTime && !t.p.time.HasTime && !t.saysTime() && worksThen.MatchString(t.p.text) &&
		!t.asksToComeThen()
}

// worksThen asks whether a business works at a time.
var worksThen = regexp.MustCompile(`(?i)\b(?:(?:do|are|is|will) (?:you|u|ya|the office)(?: guys)?\s+(?:also\s+)?(?:\w+\s+){0,3}?(?:on|over|during|open|closed|working)|` +
	`mnafunga|mnafanya kazi|mnafungua|mpo|mko|kuna kazi)\b`)

// changesPackage reports whether the message takes another package for the connection that was
// asked for: "badala ya 10 niwekee 20".
func (t *turn) changesPackage() bool {
	v, p := t.next.Ticket, &t.p
	if v == nil || v.Number == "" || v.Subject != string(actOrder) || v.Service != t.installation() ||
		p.asksSoftly() || p.has(actProblem, actCancel, actPaid) {
		return false
	}
	all := t.packages()
	wanted := slices.DeleteFunc(slices.Clone(p.services), func(m entity.NameMatch) bool {
		return p.takesBack(m) || !slices.Contains(all, m.ID)
	})
	if len(idsOf(wanted)) != 1 {
		return false
	}
	p.services, t.next.Topic = wanted, wanted[0].ID
	return true
}

// noteRequest notes the request, or what is said of it, and names what was understood.
func (t *turn) noteRequest(service string) {
	t.answerAsked()
	p, v := &t.p, t.next.Ticket
	begun := v == nil || v.Number == "" || v.Subject != string(actOrder)
	if begun {
		v = &Problem{Subject: string(actOrder), Number: t.in.Reference, Service: service,
			At: t.in.Message.At, Note: t.note()}
		t.next.Ticket = v
	} else {
		// The words of each message are kept, since the technician needs the place and the landmark
		// as they were written.
		v.add(t.note())
	}
	t.did(actOrder)
	t.next.Ask = Ask{}
	name := t.k.nameOf(v.Service, t.say)
	// Whoever drives out has to know for which package.
	if id := cmp.Or(t.packageChosen(), t.packageOn(v)); id != "" && v.Service == t.installation() {
		name += " (" + t.k.nameOf(id, t.say) + ")"
		t.keepPackage(v, id)
	}
	// So has the place that was asked about before.
	if begun && len(p.areas) == 0 && t.k.area[t.next.Area] != nil {
		name += ", " + t.next.Area
		v.add(t.next.Area)
	}
	t.keepRequestDay(begun)
	t.fact(t.ticket())
	switch {
	// The time is repeated in the reply, as nobody reads a visit back here before somebody calls.
	case p.hasTime && p.time.HasTime:
		name += ", " + when.FormatTime(t.say.language, p.time.Start, t.now)
	case p.hasTime && p.time.HasDay && p.time.Certainty == when.Part && !p.time.End.IsZero():
		name += ", " + t.nearDay(p.time.Day) + ", " + t.clock(p.time.Start) + " – " +
			t.clock(p.time.End)
	case p.hasTime && p.time.HasDay:
		name += ", " + t.nearDay(p.time.Day)
	}
	if begun || p.hasTime || len(p.services) > 0 {
		t.tell("ticket.request", "service", name, "number", v.Number)
	} else {
		t.tell("ticket.added", "number", v.Number)
	}
	t.tellPlaceKept()
	if begun {
		if t.next.Topic != v.Service && !p.has(actPrice) &&
			!strings.Contains(t.reply(), t.k.money(t.priceOf(v.Service))) {
			t.tellPriceOf(v.Service)
			// The way there is paid as well.
			if name, fee := t.way(); fee > 0 {
				t.tellArea(t.k.area[name])
			}
		}
		if !p.hasTime && (len(p.areas) > 0 || t.k.area[t.next.Area] != nil) {
			t.tell("ticket.day")
		} else if !p.hasTime {
			t.tell("ticket.when")
		} else if len(p.areas) == 0 && t.k.area[t.next.Area] == nil &&
			!anyIn(p.reading.Words, landmarkWords) {
			t.tell("ticket.where")
		}
	}
	// A package stays what is spoken of: the next "how much is it" is about the package and not
	// about the visit.
	if t.packageChosen() == "" {
		t.next.Topic = v.Service
	}
}

// keepRequestDay keeps the day of a request for an hour that is said without one: "can it be 10am
// rather".
func (t *turn) keepRequestDay(begun bool) {
	p := &t.p
	// "Do you install on Sundays?" wishes for none.
	p.hasTime = p.hasTime && !t.asksOfDay()
	switch {
	case !p.hasTime:
	case !begun && !t.next.Day.IsZero() && !dayNamed.MatchString(p.text):
		at := p.time.Start.In(t.k.zone)
		y, m, d := t.next.Day.Date()
		p.time.HasDay, p.time.Day = true, t.next.Day
		if !p.time.Start.IsZero() {
			p.time.Start = time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, t.k.zone)
		}
	case p.time.HasDay:
		t.next.Day = startOfDay(p.time.Day)
	}
}

// bareName is the name that the whole message is, "" if it is none: "Grace Mushi" to a read-back.
func (t *turn) bareName() string {
	p := &t.p
	text := strings.Trim(strings.TrimSpace(p.text), ".!")
	begun := t.next.Booking != nil || t.next.Order != nil || t.next.Ticket != nil ||
		len(t.bookings()) > 0
	if !begun || p.asks || p.names() || len(p.areas) > 0 || p.hasTime || p.yesNo != 0 ||
		p.isChoice || len(p.cues) > 0 || !nameForm.MatchString(text) {
		return ""
	}
	words := strings.Fields(text)
	if slices.ContainsFunc(split(text), func(w string) bool {
		return t.k.words[w] || hasWord(notNames, w)
	}) {
		return ""
	}
	for _, w := range words {
		// A lone word is a name if it is written as one.
		if strings.ToUpper(w[:1]) != w[:1] || len(words) == 1 && strings.ToUpper(w) == w {
			return ""
		}
	}
	// A lone word that does something, such as "Cancel", has been read as that.
	if p.has(taskActs...) && len(words) == 1 {
		return ""
	}
	return oneLine(text, maxNameRunes)
}

// findBareName finds the name that a part of the message is, where a visit waits for its yes: "ok
// book me. Peter" was booked without it.
func (t *turn) findBareName(p *perception) {
	if p.name == "" && (t.next.Booking != nil || t.next.Order != nil) {
		p.name = t.nameBeside(p)
	}
	// Only beside a yes to a visit: elsewhere a word with a capital begins a sentence.
	parts := partsOf(p.text)
	if p.name != "" || t.next.Ask.For != askBook || len(parts) == 0 {
		return
	}
	// One word stands behind the part before.
	// A name stands last: "Yes. Peter".
	last := parts[len(parts)-1]
	if i := strings.LastIndexByte(last, '\n'); i >= 0 {
		last = last[i+1:]
	} else if len(parts) < 2 {
		return
	}
	last = strings.Trim(last, ".! ")
	if !nameForm.MatchString(last) || entity.ReadYesNo(last) != entity.Neither ||
		slices.ContainsFunc(split(last), func(w string) bool {
			return t.k.words[w] || t.k.otherNames[w] || hasWord(notNames, w) ||
				hasWord(dayWords, w) || t.k.staff[w] != "" || hasWord(yesHead, w) ||
				hasWord(courtesyWords, w) || hasWord(titles, w) || hasWord(softQuestion, w)
		}) {
		return
	}
	p.name = oneLine(last, maxNameRunes)
}

// nameBeside is the name that is the message, or stands first or last in it, "" if there is none:
// "Grace Wanjiru. Is there parking?", "Brian Otieno, TRM drive". One of its words is a common name:
// "Lenana Road" is written alike.
func (t *turn) nameBeside(p *perception) string {
	pieces := besideName.Split(p.text, maxPartsRead)
	for _, piece := range []string{pieces[0], pieces[len(pieces)-1]} {
		piece = strings.TrimSpace(piece)
		words := split(piece)
		if !nameForm.MatchString(piece) || !slices.ContainsFunc(words, understand.IsPerson) ||
			len(words) == 1 && t.next.Booking == nil && len(pieces) > 1 ||
			slices.ContainsFunc(words, func(w string) bool {
				return t.k.words[w] || t.k.otherNames[w] || t.k.staff[w] != "" ||
					hasWord(landmarkWords, w)
			}) {
			continue
		}
		return oneLine(piece, maxNameRunes)
	}
	return ""
}

// besideName ends a name that other matter stands beside.
var besideName = regexp.MustCompile(`[.,;!?\n]+(?:\s+|$)`)

// nameForm is the form of one to three words that may be a name.
var nameForm = regexp.MustCompile(`^[A-Z][a-z'.-]+(?: [A-Z][a-z'.-]*){0,2}$`)

// notNames begin a message with a capital, and are no names.
var notNames = listOf("no name")

// offerNamed answers a message that names one service and does nothing else that was understood,
// with what the owner has told of it: better than the menu.
func (t *turn) offerNamed() bool {
	p := &t.p
	if t.k.template() == flowhq.EcommerceTemplate || len(p.services) != 1 || !p.services[0].Exact ||
		p.yesNo != 0 || t.next.Booking != nil && !t.next.Booking.Start.IsZero() {
		return false
	}
	id := p.services[0].ID
	if s := t.k.service[id]; s == nil || t.k.template() == flowhq.SupportTemplate &&
		s.Minutes == 0 {
		return false
	}
	t.did(actOffer)
	t.tellPriceOf(id)
	t.tellDescription(id)
	t.speakOf(id, "")
	t.nextStep(id)
	return true
}
