package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// The hours of several people: "11 for me and 12 for my son", "my son after me". Read as the hour of
// the visit, the last one that was said moved the father with his son.

// An ownHour is an hour that a message says of the customer, or else of who comes along.
type ownHour struct {
	own   bool // of the customer
	child bool // of a child
	at    when.Result
}

var (
	// whoNamed finds the customer, in group 1, and who comes along, in group 2.
	whoNamed = regexp.MustCompile(`(?i)\b(?:(me|mine|myself|mimi|yangu|kwangu|nami)|` +
		`(my (?:\pL+ )?(?:son|kid|boy|girl|child|daughter|brother|sister|friend|wife|husband|dad|father|mum|mom|mother|cousin)|` +
		`son|sons|kids?|boys?|girl|child|daughter|brother|sister|friend|wife|husband|cousin|mtoto|mwanangu|dogo|watoto|wanangu|` +
		`kijana|mdogo|kaka|dada|rafiki|mshkaji|mke|mume|baba|mama|he|him|his|she|her|hers|yeye|yake|naye|nae|wake))\b`)
	// noOwner has a word for the customer in it, of whom it says nothing.
	noOwner = regexp.MustCompile(`(?i)\b(?:let|tell|give|remind|call|excuse|after|before|behind|with|told|for|ask) me\s+(?:just |to |if )*` +
		`(?:say|see|think|know|ask|tell|put it)\b|\b(?:let|tell|excuse|call) me\b|\b(?:mdogo|mtoto|kijana|kaka|dada|rafiki|mshkaji)\s+(?:wangu|yangu)\b`)
	// hourSaid is an hour, with a word for it or as a bare number, and noHour a number that is none.
	hourSaid   = regexp.MustCompile(`(?i)\bsaa\s+(?:kumi na (?:moja|mbili)|\pL+|\d{1,2}(?:[:.]\d\d)?)|\b\d{1,2}(?:[:.]\d\d)?(?:\s*(?:am|pm)\b)?`)
	noHour     = regexp.MustCompile(`(?i)(?:\b(?:he|she|yeye)(?:'s| is)|\bana|\bmiaka|\baged?|\btarehe|\bx)\s*$`)
	behindNo   = regexp.MustCompile(`(?i)^\s*(?:years?|yrs?|y/?o\b|miaka|people|of us|watu|kids|min|dakika|dk|st\b|nd\b|rd\b|th\b|x\b|march|machi|,\d|adults?\b|wakubwa)`)
	digitFirst = regexp.MustCompile(`^\d`)
)

var (
	// behindMe says that who comes along is served behind the customer, and beforeMe in front.
	behindMe = regexp.MustCompile(`(?i)\b(?:(?:after|behind) (?:me|mine)|` +
		`baada yangu|baada ya (?:mimi|yangu)|nyuma yangu|(?:then|halafu|alafu|kisha|ndo|ndio) (?:him|her|yeye|my son|my brother|mtoto|mwanangu|dogo)|` +
		`(?:me|i go|i'll go|mimi) (?:first|kwanza)|nianze mimi|mimi nianze|(?:a|ata|ana|ani|atani)fuat[ae]|(?:he|she) (?:will )?follows?)\b`)
	// doneFirst says the same by when the customer is done; "after i finish work" says no order.
	doneFirst = regexp.MustCompile(`(?i)\b(?:(?:after|when|once) i(?:'m|m| am)? (?:finish\w*|done)|nikimaliza)\s*(?:$|[,.;!?])`)
	beforeMe  = regexp.MustCompile(`(?i)\b(?:before (?:me|mine)|kabla yangu|kabla ya (?:mimi|yangu)|` +
		`(?:him|her|he|she|son|kid|boy|child|daughter|brother|friend|mtoto|mwanangu|dogo|yeye|wangu|mdogo)(?: goes| can go| should go)? (?:first|kwanza)|` +
		`(?:aanze|anze|start with|begin with) (?:mtoto|mwanangu|dogo|yeye|him|her|my son|my brother|mdogo)|(?:mtoto|mwanangu|dogo|yeye|mdogo wangu) aanze|` +
		`(?:me|mimi|i) (?:after|baada ya) (?:him|her|my son|my brother|mtoto|mwanangu|dogo|yake|yeye)|mimi baada yake)\b`)
	// oneByOne says that several are not served at the same time.
	oneByOne = regexp.MustCompile(`(?i)\b(?:not|isn't|isnt) (?:at )?(?:the )?same time|\bone (?:by one|after (?:the other|another))|` +
		`\bm(?:m)?oja (?:baada ya|kwa|mmoja|kisha)\b|\b(?:si|sio|siyo|hapana) (?:kwa )?(?:wakati|muda|saa) (?:mmoja|moja|huo|ule ule|hiyo hiyo)|\bsi(?:o|yo)? pamoja\b|\bkwa zamu\b|` +
		`\b(?:at )?different (?:times|hours)|\bmuda tofauti|\bnyakati tofauti|\bsaa tofauti`)
)

// isParty reports whether several people are served on a visit.
func (t *turn) isParty(v *Visit) bool {
	services := v.services()
	return len(services) > 1 &&
		(v.People > 1 || v.Together || v.InTurn || slices.Contains(services, t.childService()) ||
			len(slices.Compact(slices.Sorted(slices.Values(services)))) < len(services))
}

// ownHours are the hours that a message says of single people, nil if it says one for all or says
// an hour of nobody. alone tells that the message names nobody else beside the one whose hour it
// has.
func (t *turn) ownHours() (all []ownHour, alone bool) {
	text := withoutOwner(t.p.text)
	if anyIn(t.p.reading.Words, allOfThem) || len(t.p.reading.Words) > maxPartyWords {
		return nil, false
	}
	own, others, last := false, false, []ownHour(nil)
	for _, part := range cutAtJoiners(text) {
		who := whosIn(part)
		own = own || slices.ContainsFunc(who, func(h ownHour) bool { return h.own })
		others = others || slices.ContainsFunc(who, func(h ownHour) bool { return !h.own })
		hours := t.hoursIn(part)
		if len(who) == 0 && len(hours) == 1 && len(last) == 1 {
			who = last // "for my son, 12"
		}
		last = nil
		switch {
		case len(hours) == 0:
			last = who
		case len(hours) != len(who):
			return nil, false
		}
		for i := range hours {
			who[i].at = hours[i]
			all = append(all, who[i])
		}
	}
	return all, own != others
}

// withoutOwner is a text without the words for the customer that say nothing of the customer.
func withoutOwner(text string) string {
	return noOwner.ReplaceAllStringFunc(text, func(s string) string {
		if who := whoNamed.FindString(s); !strings.EqualFold(who, "me") {
			return who
		}
		return " "
	})
}

// cutAtJoiners are the parts of a text between its joiners; those inside of an hour part nothing.
func cutAtJoiners(text string) (parts []string) {
	from := 0
	for _, at := range stepJoin.FindAllStringIndex(text, 4*maxPartsRead) {
		if !hourGoesOn.MatchString(text[at[1]:]) {
			parts, from = append(parts, text[from:at[0]]), at[1]
		}
	}
	return append(parts, text[from:])
}

// whosIn are those whom a part of a message is about, each once where it is named twice in a row.
func whosIn(part string) (all []ownHour) {
	for _, m := range whoNamed.FindAllStringSubmatch(part, maxParts) {
		h := ownHour{own: m[1] != "", child: anyIn(split(m[2]), childWords)}
		if n := len(all); n > 0 && all[n-1].own == h.own {
			all[n-1].child = all[n-1].child || h.child
			continue
		}
		all = append(all, h)
	}
	return all
}

// hoursIn are the hours that a part of a message says, in its order.
func (t *turn) hoursIn(part string) (all []when.Result) {
	var found [][]int
	for _, at := range hourSaid.FindAllStringIndex(part, maxParts) {
		// "1 fade (me) and 2 kids" counts.
		counts := slices.ContainsFunc(t.named(t.k.services, part[at[1]:]), func(m entity.NameMatch) bool { return m.Start <= 1 })
		if !noHour.MatchString(part[:at[0]]) && !behindNo.MatchString(part[at[1]:]) &&
			!(counts && digitsOnly(part[at[0]:at[1]])) {
			found = append(found, at)
		}
	}
	for i, at := range found {
		// A part of the day may stand behind the hour.
		said := part[at[0]:]
		if i+1 < len(found) {
			said = part[at[0]:found[i+1][0]]
		}
		if digitFirst.MatchString(said) {
			said = "at " + said
		}
		if r, ok := t.timeIn(said); ok && r.HasTime {
			all = append(all, r)
		}
	}
	return all
}

// digitsOnly reports whether a text is a number and no more.
func digitsOnly(text string) bool { return strings.Trim(text, "0123456789 ") == "" }

// inRow reports whether the message says that those of a visit come one after the other, and
// whether who comes along is the first.
func (t *turn) inRow() (otherFirst, ok bool) {
	switch text := t.p.text; {
	case beforeMe.MatchString(text):
		return true, true
	case behindMe.MatchString(text), doneFirst.MatchString(text), oneByOne.MatchString(text):
		return false, true
	}
	return false, false
}

// saysEach reports whether the message says hours, or an order, for those of the visit that is
// being made.
func (t *turn) saysEach() bool {
	v := t.next.Booking
	if v == nil || v.Moves != "" || v.Service == "" || !t.isParty(v) && !t.isBesideOwn(v) ||
		t.p.has(actCancel) {
		return false
	}
	if _, ok := t.inRow(); ok || !t.isParty(v) || t.joinsThem(v) {
		return ok || t.joinsThem(v)
	}
	all, alone := t.ownHours()
	return len(all) > 1 || len(all) == 1 && alone && !v.Start.IsZero()
}

// joinsThem reports whether the message wants those of a visit at once who come one after the other.
func (t *turn) joinsThem(v *Visit) bool {
	words := t.p.reading.Words
	return v.InTurn && len(v.services()) <= t.k.capacity() && (anyIn(words, atOnce) ||
		anyIn(words, allOfThem) && t.p.hasTime && t.p.time.HasTime)
}

// takesEachHour takes such hours, and reports whether the message says any.
func (t *turn) takesEachHour() bool {
	if !t.saysEach() {
		return false
	}
	t.p.services = nil // who was named is on the visit
	if v := t.next.Booking; !t.isParty(v) {
		own := t.appointments()[0]
		v.Start = own[len(own)-1].EndsAt.In(t.k.zone)
		if otherFirst, _ := t.inRow(); otherFirst {
			v.Start = own[0].StartsAt.In(t.k.zone).Add(-time.Duration(t.visitMinutes(v)) * time.Minute)
		}
		return true
	}
	t.fillVisit()
	return true
}

// isBesideOwn reports whether a visit is of who comes along beside the only booking of the customer.
func (t *turn) isBesideOwn(v *Visit) bool {
	all := t.appointments()
	return v.Another && len(all) == 1 && sameDay(v.Day, all[0][0].StartsAt.In(t.k.zone))
}

// rowsOf are the places on a list of services of those whose hour was said.
func (t *turn) rowsOf(services []string, h ownHour) (rows []int) {
	child := t.childService()
	own := slices.IndexFunc(services, func(id string) bool { return id != child })
	own = max(own, 0)
	for i, id := range services {
		switch {
		case h.own:
			if i == own {
				rows = append(rows, i)
			}
		case i != own && (child == "" || h.child == (id == child) || !t.serves(services, own, h)):
			rows = append(rows, i)
		}
	}
	return rows
}

// serves reports whether a list of services has one of the kind of who comes along: a child's, or
// else a grown-up's.
func (t *turn) serves(services []string, own int, h ownHour) bool {
	for i, id := range services {
		if i != own && (id == t.childService()) == h.child {
			return true
		}
	}
	return false
}

// addNamed puts those on a visit who come along with an hour of their own and have no place on it
// yet.
func (t *turn) addNamed(v *Visit, hours []ownHour) {
	services := v.services()
	own, grown := slices.IndexFunc(services, func(id string) bool { return id != t.childService() }), 0
	for _, h := range hours {
		if !h.own && !h.child {
			grown++
		}
	}
	if own < 0 || grown == 0 || len(hours) <= len(services) || len(hours) > maxInTurn ||
		t.serves(services, own, ownHour{}) {
		return
	}
	v.More = append(v.More, slices.Repeat([]string{services[own]}, grown)...)
	v.Together = true
}

// placeEach puts those of a visit at the hours, or in the order, that the message says for them.
// was is when the visit was to begin before.
func (t *turn) placeEach(v *Visit, was time.Time) {
	if v.Moves != "" || v.Service == "" || !t.isParty(v) {
		return
	}
	hours, alone := t.ownHours()
	t.addNamed(v, hours)
	otherFirst, inRow := t.inRow()
	if !inRow && t.joinsThem(v) {
		v.Together, v.InTurn, v.Offsets = true, false, nil
		return
	}
	if len(hours) == 1 && !inRow && (!alone || was.IsZero()) {
		hours = nil // "me and my son at 11"
	}
	if len(hours) == 0 && !inRow {
		return
	}
	services := v.services()
	if inRow && len(hours) < 2 {
		own := t.rowsOf(services, ownHour{own: true})[0]
		first := services[own]
		rest := slices.Delete(slices.Clone(services), own, own+1)
		services = append([]string{first}, rest...)
		if otherFirst {
			services = append(rest, first)
		}
		if v.Start.IsZero() || len(hours) == 0 && !t.p.hasTime {
			v.Start = was
		}
		v.Service, v.More, v.Offsets = services[0], services[1:], nil
		v.People, v.Together, v.InTurn = 0, false, true
		return
	}
	starts, ok := t.eachStart(v, hours, was)
	if !ok {
		return
	}
	t.setStarts(v, services, starts)
}

// eachStart is when each of a visit begins by the hours that were said; not ok if that is not known
// of all.
func (t *turn) eachStart(v *Visit, hours []ownHour, was time.Time) (starts []time.Time, ok bool) {
	before := *v
	before.Start = was
	if starts = t.startsOf(&before); was.IsZero() {
		starts = make([]time.Time, len(starts))
	}
	services := v.services()
	for _, h := range hours {
		day := v.Day
		if day.IsZero() {
			day = startOfDay(h.at.Start)
		}
		for _, i := range t.rowsOf(services, h) {
			starts[i] = t.clockOn(day, h.at, t.minutes(services[i]))
		}
	}
	return starts, !slices.ContainsFunc(starts, time.Time.IsZero)
}

// setStarts puts the services of a visit at their hours, the earliest first.
func (t *turn) setStarts(v *Visit, services []string, starts []time.Time) {
	order := make([]int, len(services))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return starts[a].Compare(starts[b]) })
	first := starts[order[0]]
	v.Day, v.Start, v.More, v.Offsets = startOfDay(first), first, nil, nil
	for n, i := range order {
		if v.Offsets = append(v.Offsets, int(starts[i].Sub(first)/time.Minute)); n == 0 {
			v.Service = services[i]
		} else {
			v.More = append(v.More, services[i])
		}
	}
	v.People, v.Together, v.InTurn = 0, false, true
	if last := len(order) - 1; v.Offsets[last] == 0 { // all at once after all
		v.Together, v.InTurn, v.Offsets = true, false, nil
	}
	r := t.p.time
	r.HasDay, r.HasTime, r.Likely, r.Day, r.Start = true, true, false, v.Day, v.Start
	r.Certainty = when.Default
	t.p.time, t.p.hasTime, t.timeTaken = r, true, true
}

// timesOf is when a visit begins, with the hours of the others who come where each has one.
func (t *turn) timesOf(v *Visit) string {
	all := []string{t.at(v.Start)}
	if services := v.services(); len(v.Offsets) == len(services) && !v.Together && t.isParty(v) {
		for i, at := range t.startsOf(v)[1:] {
			all = append(all, t.k.nameOf(services[i+1], t.say)+" "+t.clock(at))
		}
	}
	return strings.Join(all, ", ")
}

// eachSettled reports whether a text only says the order of those of the visit, who come one after
// the other.
func (t *turn) eachSettled(text string) bool {
	v := t.next.Booking
	return (v.Moves != "" || !v.Together && len(v.More) > 0) && len(split(text)) <= maxAssent &&
		(behindMe.MatchString(text) || beforeMe.MatchString(text) || oneByOne.MatchString(text))
}

// movesEach moves those of a booking whose own hour the message says, and reports whether it says
// one.
func (t *turn) movesEach() bool {
	all := t.appointments()
	if v := t.next.Booking; v != nil && v.Moves == "" || len(all) != 1 || t.p.has(actCancel) ||
		anyIn(t.p.reading.Words, onTopOf) || len(dayNamed.FindAllString(t.p.text, 2)) > 1 {
		return false
	}
	a := all[0]
	v := visitOf(a)
	hours, alone := t.ownHours()
	v.Start = a[0].StartsAt.In(t.k.zone)
	v.Day = startOfDay(v.Start)
	if t.p.hasTime && t.p.time.HasDay && dayNamed.MatchString(t.p.text) {
		v.Day = startOfDay(t.p.time.Day)
	}
	// "Can my son come at 11?" where the son alone is booked.
	if len(a) == 1 && a[0].Service == t.childService() && len(hours) == 1 && hours[0].child {
		t.did(actChange)
		t.moveRows(a, []time.Time{t.clockOn(v.Day, hours[0].at, t.minutes(a[0].Service))})
		return true
	}
	if !t.isParty(v) {
		return false
	}
	otherFirst, inRow := t.inRow()
	if len(hours) == 0 && !inRow || len(hours) == 1 && !alone {
		return false
	}
	starts, _ := t.eachStart(v, hours, v.Start)
	services := v.services()
	if len(hours) == 0 {
		own, others := t.rowsOf(services, ownHour{own: true}), t.rowsOf(services, ownHour{})
		if otherFirst {
			own, others = others, own
		}
		at := a[own[len(own)-1]].EndsAt.In(t.k.zone)
		for _, i := range others {
			starts[i] = at
			at = at.Add(time.Duration(t.minutes(services[i])) * time.Minute)
		}
	}
	var moved appointment
	var to []time.Time
	for i, b := range a {
		if !b.StartsAt.Equal(starts[i]) {
			moved, to = append(moved, b), append(to, starts[i])
		}
	}
	if len(moved) == 0 {
		return false
	}
	t.did(actChange)
	t.moveRows(moved, to)
	return true
}

// onTopOf say that a visit comes on top of another.
var onTopOf = keywords("another, second, one more, nyingine, ingine, mwingine")

// moveRows reads back the move of some rows of an appointment, each to an hour of its own.
func (t *turn) moveRows(rows []flowhq.Booking, to []time.Time) {
	v := visitOf(rows)
	v.Moves, v.Day, v.Start, v.Offsets = appointment(rows).key(), startOfDay(to[0]), to[0], nil
	v.Together = len(rows) > 1
	for _, at := range to {
		v.Offsets = append(v.Offsets, int(at.Sub(to[0])/time.Minute))
		v.Together = v.Together && at.Equal(to[0])
	}
	if v.Together || len(rows) == 1 {
		v.Offsets = nil
	}
	t.next.Booking = v
	t.p.services = nil
	t.continueMove()
}
