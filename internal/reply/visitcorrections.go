package reply

import (
	"regexp"
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// correctsVisit takes what the message corrects of the services of a visit, and reports whether
// that changes it: "just the ultrasound only", "cancel the consultations, I only want ultrasound",
// "si kung'oa, kucheki tu". Read as a wish, the one was put beside the others; read as a
// cancellation, all of them went.
func (t *turn) correctsVisit() bool {
	v, p := t.next.Booking, &t.p
	// Several people are corrected by their number, and a booking that is moved keeps its services.
	if v == nil || v.Service == "" || v.Moves != "" || len(p.services) == 0 || p.asks ||
		v.People > 1 {
		return false
	}
	// "Watu wawili tu" says how many come, and takes no service off.
	only := anyIn(split(peopleOnly.ReplaceAllString(p.text, "")), onlyWords)
	// What is named behind a verb for another one is not taken off: "remove the scrub, just shave".
	var wanted, off []string
	for _, m := range p.services {
		kept := anyIn(split(pieceAround(p.text, m.Start, m.End)), onlyWords)
		dropped := m.Start > 0 && m.Start <= len(p.text) && givesUpBefore.MatchString(p.text[:m.Start])
		if p.takesBack(m) || p.editOf(m) == editOff && !kept || dropped || t.onlyAskedOf(m) {
			off = append(off, m.ID)
			// A name that may be one of several takes all of them off: only one can be on the
			// visit.
			off = append(off, m.Others...)
		} else {
			wanted = append(wanted, m.ID)
		}
	}
	before := v.services()
	off = append(off, t.deniedOf(before, wanted)...)
	left := wanted
	switch {
	case len(wanted) > 0 && (only || p.denied && len(before) == 1):
	// Nothing is taken off, or nothing would be left: that is a cancellation.
	case len(off) == 0 || len(before) < 2 && len(wanted) == 0:
		return false
	default:
		left = slices.DeleteFunc(before, func(id string) bool { return slices.Contains(off, id) })
		for _, id := range wanted {
			if !slices.Contains(left, id) {
				left = append(left, id)
			}
		}
	}
	// "I only want the ultrasound, cancel the others" cancels nothing where the others are gone.
	if len(left) == 0 || slices.Equal(left, before) && len(off) == 0 && !(only && p.has(actCancel)) {
		return false
	}
	v.keepOnly(left)
	v.Together = v.Together && len(left) > 1
	// A question which of several is meant is settled by the correction.
	t.next.Topic, t.choices = v.Service, nil
	// The names are used up. fillVisit would put them beside what is left.
	p.services = nil
	t.fillVisit() // the time that was said with it
	return true
}

// deniedOf are the services of a visit that a message says are not meant, beside one that is:
// "ndevu ni kutengeneza sio kunyoa" takes the shave off, and no haircut.
func (t *turn) deniedOf(before, wanted []string) (off []string) {
	p := &t.p
	for _, m := range t.named(t.k.services, p.text) {
		if !p.takesBack(m) || m.Start >= m.End {
			continue
		}
		words := split(p.text[m.Start:m.End])
		clause := pieceAround(p.text, m.Start, m.End)
		for _, id := range before {
			like := slices.ContainsFunc(wanted, func(other string) bool {
				return t.shareName(id, other) && slices.ContainsFunc(split(clause), func(w string) bool {
					return t.hasNameWords(id, []string{w}) && t.hasNameWords(other, []string{w})
				})
			})
			if !slices.Contains(wanted, id) && t.hasNameWords(id, words) && (m.ID == id || like) {
				off = append(off, id)
			}
		}
	}
	return off
}

// shareName reports whether two services have a word of their names in common.
func (t *turn) shareName(one, other string) bool {
	return slices.ContainsFunc(t.namesOf(one), func(name []string) bool {
		return slices.ContainsFunc(name, func(w string) bool { return len(w) > 2 && t.hasNameWords(other, []string{w}) })
	})
}

// peopleOnly says how many come, and no more.
var peopleOnly = regexp.MustCompile(`(?i)\b(?:(?:watu|tupo|tuko|people)\s+)?(?:wawili|watatu|wanne|two|three|four|[2-9])\s+(?:of us\s+|people\s+)?(?:tu|only)\b|` +
	`\b(?:only|just)\s+(?:two|three|four|[2-9])\s+(?:of us|people)\b`)

// restatesVisit reports whether the message only says which service is meant and which is not, and
// the visit is so: "sio ndevu, nywele tu", "not the general doctor, the women's one".
func (t *turn) restatesVisit() bool {
	v, p := t.next.Booking, &t.p
	if v == nil || v.Moves != "" || v.Start.IsZero() || v.places() > 1 || p.asksSoftly() || p.hasTime ||
		p.has(actCancel, actChange) {
		return false
	}
	denied := false
	for _, piece := range piecesOf(p.text) {
		if t.deniesOther(piece.text) {
			denied = true
			continue
		}
		named := false
		for _, w := range split(piece.text) {
			own := slices.ContainsFunc(v.services(), func(id string) bool {
				return !hasWord(seeing, w) && t.hasNameWords(id, []string{w})
			})
			named = named || own
			if !own && !hasWord(onlyWords, w) && !hasWord(seeing, w) && !hasWord(countFillers, w) &&
				!hasWord(courtesyWords, w) && !hasWord(aroundParty, w) {
				return false
			}
		}
		if !named {
			return false
		}
	}
	if denied {
		p.services = nil
	}
	return denied
}

// restatesBooked tells who says again what was booked a moment ago, its service and its hour, that
// it is booked, and reports whether the message does. Booked twice, it would be another visit.
func (t *turn) restatesBooked() bool {
	p := &t.p
	if t.next.Booking != nil || !t.bookedJustNow() || !p.hasTime || !p.time.HasTime || p.asksSoftly() ||
		p.has(actCancel, actChange) || p.cued(cueInstead) || anyIn(p.reading.Words, anotherVisit) ||
		t.bringsPerson() || len(t.severalWanted()) > 0 || anyIn(p.reading.Words, companions) {
		return false
	}
	booked := t.appointments()[0]
	at := booked[0].StartsAt.In(t.k.zone)
	if p.time.Start.Hour()%12 != at.Hour()%12 || p.time.Start.Minute() != at.Minute() ||
		dayNamed.MatchString(p.text) && !sameDay(p.time.Day, at) {
		return false
	}
	named := slices.DeleteFunc(slices.Clone(p.services), p.takesBack)
	if len(named) == 0 || slices.ContainsFunc(named, func(m entity.NameMatch) bool {
		return !slices.ContainsFunc(booked, func(b flowhq.Booking) bool { return b.Service == m.ID })
	}) {
		return false
	}
	t.did(actStatus)
	p.hasTime = false
	t.tell("book.already", "service", t.appointmentName(booked), "time", t.at(at), "number", booked.number())
	return true
}

// alone say that nobody comes beside the customer after all.
var alone = listOf("alone")

// comesAlone takes back whoever was to come beside the customer, and reports whether the message
// says so and names nothing else: "just me", "mtoto haji tena".
func (t *turn) comesAlone() bool {
	v, p := t.next.Booking, &t.p
	if v == nil || v.Moves != "" || v.places() < 2 && !v.InTurn || p.asks ||
		!anyIn(p.reading.Words, alone) {
		return false
	}
	own := v.Service
	for _, m := range p.services {
		switch {
		case p.editOf(m) == editOff || p.takesBack(m):
		// "Mtoto haji tena" names the child who stays at home.
		case m.ID == t.childService() &&
			anyIn(split(pieceAround(p.text, m.Start, m.End)), alone):
		// "Only me for the fade, the boy needs a kids' cut" is of two.
		case m.ID == t.childService():
			return false
		case slices.Contains(v.services(), m.ID):
			own = m.ID
		}
	}
	v.Service, v.More, v.People, v.Together, v.InTurn = own, nil, 0, false, false
	p.services = nil
	t.fillVisit()
	return true
}

// ownOff takes oneself off a visit that is for a child too.
var ownOff = regexp.MustCompile(`(?i)\b(?:forget|cancel|remove|skip|leave|acha|futa|toa|ghairi)\s+(?:mine|yangu|me|my own)\b|` +
	`\b(?:just|only)\s+(?:for\s+)?(?:the|my)\s+(?:boy|son|kid|child|girl|daughter)\b|\b(?:mtoto|mwanangu|dogo)\s+(?:tu|peke yake|pekee)\b`)

// onlyChild leaves the child alone on a visit, and reports whether the message says so: "forget
// mine, just the boy".
func (t *turn) onlyChild() bool {
	v, child := t.next.Booking, t.childService()
	if v == nil || v.Moves != "" || child == "" || len(v.More) == 0 ||
		!slices.Contains(v.services(), child) ||
		!ownOff.MatchString(t.p.text) {
		return false
	}
	n := len(slices.DeleteFunc(v.services(), func(id string) bool { return id != child }))
	t.release()
	v.takeParty(slices.Repeat([]string{child}, n))
	v.Offsets, t.p.services = nil, nil
	t.fillVisit()
	return true
}

// onlyAsked say that something was asked about and not wanted.
var onlyAsked = listOf("only asked")

// onlyAskedOf reports whether the message names a service only to ask about it: "na kung'oa ni bei
// gani kama itabidi?" beside a day, or "kung'oa niliuliza bei". What is asked about takes no place
// on a visit. A clause with a time of its own asks for that time.
func (t *turn) onlyAskedOf(m entity.NameMatch) bool {
	if m.Start < 0 || m.End > len(t.p.text) || m.Start >= m.End {
		return false
	}
	clause := pieceAround(t.p.text, m.Start, m.End)
	words := split(clause)
	if anyIn(words, onlyAsked) || t.supposesMore() {
		return true
	}
	if t.asksThere(m) && t.p.asksSoftly() {
		return true
	}
	_, timed := t.timeIn(clause)
	return !timed && cuedBy(words, actPrice) && !anyIn(words, wishWords)
}

// cuedBy reports whether words have a cue for something.
func cuedBy(words []string, name act) bool {
	return slices.ContainsFunc(cues, func(c cue) bool { return c.act == name && c.fits(words) })
}

// wantedServices are the services of the message that are not only asked about, all of them where
// nothing else is left and the visit has none yet.
func (t *turn) wantedServices(v *Visit) []entity.NameMatch {
	left := slices.DeleteFunc(slices.Clone(t.p.services), t.onlyAskedOf)
	if len(left) == 0 && v.Service == "" {
		return t.p.services
	}
	return left
}
