package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// The order and the hours of the services of a visit: "ultrasound kwanza saa nne, halafu daktari saa
// nne na nusu", "the scan before the doctor", "kinyume chake".

// A step is a service of a visit as a message orders it.
type step struct {
	service string
	at      when.Result
	timed   bool
	// first and last say where it stands among all.
	first, last bool
}

var (
	// stepJoin stands between the steps of a message.
	stepJoin = regexp.MustCompile(`(?i)[,.;:!?\n]+(?:\s+|$)|\s+(?:na|and|halafu|alafu|kisha|then|plus|&)\s+`)
	// hourGoesOn follows a joiner inside an hour: "saa nne na nusu", "kumi na moja".
	hourGoesOn = regexp.MustCompile(`(?i)^(?:nusu|robo|dakika|dk|half|a half|moja\b|mbili\b)`)
	// besides is the relation of one service to another.
	besides = regexp.MustCompile(`(?i)\b(kabla ya|before|baada ya|after|behind)\b`)
	// besideThem follows "before" and "after" and points to who is on the visit.
	besideThem = regexp.MustCompile(`(?i)^\s*(?:(?:ku|ni|ta)?(?:muona|mwona|onana nae|onana naye)|seeing (?:him|her|them|the \pL+)|` +
		`(?:i|we) see \pL+|him|her|them|hapo|yake|that|it)\b`)
	// stepFirst and stepLast say of the service that they stand with where it is in the order.
	stepFirst = regexp.MustCompile(`(?i)\b(?:kwanza|first|mwanzo|ianze|aanze|tuanze na|nianze na|kuanza na|` +
		`start with|starting with|begin with)\b`)
	stepLast = regexp.MustCompile(`(?i)\b(?:baada ya hapo|baada ya hiyo|baadaye|baadae|mwisho|mwishoni|ifuate|ifuatie|` +
		`afuate|after that|afterwards|afterward|later|last|after it|next|after\s*$)`)
)

var (
	// orderWords say in which order services come.
	orderWords = listOf("order of services")
	// swapWords turn that order round.
	swapWords = listOf("other way round")
	// whoServes are words for who serves, whatever service it is.
	whoServes = listOf("who serves")
)

// stepParts are the parts of a message that have a step each, with where each begins.
func (t *turn) stepParts(text string) (parts []strike) {
	from := 0
	for _, at := range stepJoin.FindAllStringIndex(text, 4*maxPartsRead) {
		if hourGoesOn.MatchString(text[at[1]:]) {
			continue
		}
		parts, from = append(parts, strike{text[from:at[0]], from, at[0]}), at[1]
	}
	parts = append(parts, strike{text[from:], from, len(text)})
	var all []strike
	for _, part := range parts {
		if strings.TrimSpace(part.text) != "" {
			all = append(all, t.hourEach(part)...)
		}
	}
	return all
}

// stepHour is an hour as it is said of a step.
var stepHour = regexp.MustCompile(`(?i)\bsaa\s+(?:kumi na (?:moja|mbili)|\pL+|\d{1,2})|\b\d{1,2}(?:[:.]\d\d)?\s*(?:am|pm)\b|` +
	`\b\d{1,2}[:.]\d\d\b|\bat\s+\d{1,2}\b`)

// hourEach parts what names two services with an hour each and has nothing between them: "scrub saa nne
// rangi saa sita".
func (t *turn) hourEach(part strike) []strike {
	hours := stepHour.FindAllStringIndex(part.text, maxParts+1)
	if len(hours) != 2 || besides.MatchString(part.text) {
		return []strike{part}
	}
	var starts []int
	for _, m := range t.named(t.k.services, part.text) {
		if m.Start >= 0 && m.Start < m.End {
			starts = append(starts, m.Start)
		}
	}
	slices.Sort(starts)
	if len(starts) < 2 {
		return []strike{part}
	}
	// The hours stand behind the services, or in front of them.
	at := hours[1][0]
	if starts[0] < hours[0][0] {
		i := slices.IndexFunc(starts, func(s int) bool { return s > hours[0][1]-1 })
		if i < 0 {
			return []strike{part}
		}
		at = starts[i]
	}
	return []strike{{part.text[:at], part.from, part.from + at}, {part.text[at:], part.from + at, part.to}}
}

// steps are the services of the visit, or of the message, in the order in which the message has them.
// ordered tells that it says an order, or an hour for each.
func (t *turn) steps(v *Visit) (all []step, ordered bool) {
	p := &t.p
	known := append(idsOf(p.services), v.services()...)
	var bare step // an hour without a service
	for _, part := range t.stepParts(p.text) {
		words := split(part.text)
		if len(words) > 0 && hasWord(notThis, words[0]) {
			continue
		}
		named := t.stepsIn(part, known)
		if len(named) == 0 {
			if r, ok := t.timeIn(part.text); ok && r.HasTime && len(words) <= maxHourWords && bare.at.Start.IsZero() {
				bare.at, bare.timed = r, true
			}
			continue
		}
		// "Afterwards at ten" is no time after ten.
		if r, ok := t.timeIn(stepLast.ReplaceAllString(part.text, " ")); ok && r.HasTime && len(named) == 1 {
			named[0].at, named[0].timed = r, true
		}
		if at := besides.FindStringIndex(part.text); at != nil && len(named) == 2 {
			ordered = true
		} else if at != nil && len(named) == 1 && besideThem.MatchString(part.text[at[1]:]) {
			// "Before seeing her" is before whoever is on the visit.
			ordered = true
			named[0].first = anyIn(split(part.text[at[0]:at[1]]), beforeWords)
			named[0].last = !named[0].first
		} else if stepLast.MatchString(part.text) {
			named[len(named)-1].last, ordered = true, true
		}
		if stepFirst.MatchString(part.text) {
			named[0].first, ordered = true, true
		}
		for _, s := range named {
			i := slices.IndexFunc(all, func(o step) bool { return o.service == s.service })
			switch {
			case i < 0:
				all = append(all, s)
			case s.timed || s.first || s.last:
				all[i].first, all[i].last = all[i].first || s.first, all[i].last || s.last
				if s.timed {
					all[i].at, all[i].timed = s.at, true
				}
			}
		}
	}
	// "Saa tano, na daktari saa nne": the hour alone is of the other service.
	others := slices.DeleteFunc(v.services(), func(id string) bool {
		return slices.ContainsFunc(all, func(s step) bool { return s.service == id })
	})
	if bare.timed && len(others) == 1 && slices.ContainsFunc(all, func(s step) bool { return s.timed }) {
		bare.service = others[0]
		all = append(all, bare)
	}
	return all, ordered || len(all) > 1 && anyIn(p.reading.Words, orderWords)
}

// stepsIn are the services that a part of a message names, in the order in which they are wanted: of
// "before" and "after" the part says which of two comes first.
func (t *turn) stepsIn(part strike, known []string) (all []step) {
	type found struct {
		id string
		at int
	}
	var named []found
	for _, m := range t.p.services {
		if m.Start >= part.from && m.End <= part.to && m.Start < m.End {
			named = append(named, found{m.ID, m.Start - part.from})
		}
	}
	for _, m := range t.named(t.k.services, part.text) {
		if m.Start < 0 || m.Start >= m.End || slices.ContainsFunc(named, func(f found) bool {
			return f.at >= m.Start && f.at < m.End
		}) {
			continue
		}
		if id := t.amongKnown(m, part.text, known); id != "" {
			named = append(named, found{id, m.Start})
		}
	}
	slices.SortStableFunc(named, func(a, b found) int { return a.at - b.at })
	named = slices.CompactFunc(named, func(a, b found) bool { return a.id == b.id })
	for _, f := range named {
		all = append(all, step{service: f.id})
	}
	if at := besides.FindStringSubmatchIndex(part.text); at != nil && len(named) == 2 {
		before := strings.HasPrefix(strings.ToLower(part.text[at[2]:at[3]]), "kabla") ||
			strings.EqualFold(part.text[at[2]:at[3]], "before")
		// "The scan after the doctor", and "after the doctor the scan".
		if between := named[0].at < at[0]; between != before {
			slices.Reverse(all)
		}
	}
	return all
}

// amongKnown is the one of some services that a name means, "" if none: "daktari" is the specialist
// who is on the visit.
func (t *turn) amongKnown(m entity.NameMatch, text string, known []string) string {
	if slices.Contains(known, m.ID) {
		return m.ID
	}
	var meant []string
	for _, id := range known {
		if t.hasNameWords(id, split(text[m.Start:m.End])) && !slices.Contains(meant, id) {
			meant = append(meant, id)
		}
	}
	if len(meant) == 1 {
		return meant[0]
	}
	return ""
}

// hasNameWords reports whether a service is called by some words, or described with them.
func (t *turn) hasNameWords(id string, words []string) bool {
	s := t.k.service[id]
	if s == nil {
		return false
	}
	all := append(slices.Concat(t.namesOf(id)...), split(s.Description.EN+" "+s.Description.SW)...)
	content := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return hasWord(seeing, w) })
	return len(content) > 0 && !slices.ContainsFunc(content, func(w string) bool { return !slices.Contains(all, w) })
}

// seeing are verbs of who goes to somebody.
var seeing = keywords("kumuona, kuonana, kumwona, nimuone, nimwone, nionane, see, seeing, a, the, na, wa")

// ordinaryWords say that the plain one of several kinds is meant.
var ordinaryWords = keywords("kawaida, general, ordinary, normal, gp, mwingine, another, other")

// ordersSteps reports whether the message says in which order, or at which hours, the services of the
// visit are wanted, and names no other.
func (t *turn) ordersSteps() bool {
	v, p := t.next.Booking, &t.p
	if v == nil || v.Moves != "" || v.Together || len(v.More) == 0 || p.has(actCancel) ||
		p.cued(cueRemove) || anyIn(p.reading.Words, onlyWords) {
		return false
	}
	if slices.ContainsFunc(p.services, func(m entity.NameMatch) bool {
		return !slices.Contains(v.services(), m.ID)
	}) {
		return false
	}
	all, ordered := t.steps(v)
	timed := slices.ContainsFunc(all, func(s step) bool { return s.timed })
	return anyIn(p.reading.Words, swapWords) && !p.asksSoftly() || len(all) > 0 && (ordered || timed)
}

// reconcileSteps drops what is heard by likeness in what orders or adds the services of a visit.
func (t *turn) reconcileSteps(p *perception, all *acts) {
	p.keepsBooked(all)
	if !all.has(actBook, actCancel, actChange) && t.wishesService(p) {
		all.add(actBook)
	}
	if t.reducesParty() {
		all.drop(actDecision, actCancel, actAnswer)
		all.add(actBook)
	}
	if t.ordersSteps() && !p.cued(actPrice) {
		all.drop(actOffer, actPrice, actAnswer, actStatus)
		all.add(actBook)
	}
	if _, _, ok := t.besideBooked(p); ok && len(p.services) > 0 && t.next.Booking == nil && !p.has(actCancel) &&
		!p.cued(actPrice) && p.alike < surelyTheSame && (anyIn(p.reading.Words, wishWords) ||
		p.cued(cueAdd) || all.has(actBook) || hasWord(joiners, p.reading.Words[0])) {
		all.drop(actAnswer, actOffer, actChange, actStatus)
		all.add(actBook)
	}
	// What is added to a visit, or put right, asks nothing by its likeness to a question.
	if v := t.next.Booking; v != nil && !p.asksSoftly() && p.alike < surelyTheSame && (t.addsService(v) || p.denied) {
		all.drop(actAnswer)
	}
	// "Mnapima malaria ni sh ngapi" asks for the price of what it names, and "na kipimo cha malaria?" for
	// it. Neither is any other question of the owner's that has a word of it.
	if p.alike < surelyTheSame && all.has(actAnswer) && !all.has(taskActs...) && t.asksOnlyOf(p) {
		all.drop(actAnswer)
		p.sure = false
		if !all.has(actPrice, actOffer) {
			all.add(actPrice)
		}
	}
}

// asksOnlyOf reports whether a message names one service and says no more of it than its price.
func (t *turn) asksOnlyOf(p *perception) bool {
	if len(p.services) == 0 || len(p.reading.Words) > maxAssent || p.hasTime || p.has(actCancel) ||
		p.cued(cueSick) || t.next.Ask.For != "" || t.next.Booking != nil || t.in.State.Ask.For != "" {
		return false
	}
	m := p.services[0]
	if !m.Exact && m.Score < nearlyExact {
		return false
	}
	return !slices.ContainsFunc(p.reading.Words, func(w string) bool {
		return !t.hasNameWords(m.ID, []string{w}) && !hasWord(asksPrice, w) && !hasWord(countFillers, w) &&
			!hasWord(aroundWish, w) && !hasWord(courtesyWords, w) && !hasWord(aroundPrice, w) &&
			!(m.Start >= 0 && m.End <= len(p.text) && slices.Contains(split(p.text[m.Start:m.End]), w))
	})
}

// aroundPrice are words around the question for a price.
var aroundPrice = keywords("sh, tsh, ksh, shilingi, ni, na, je, ya, cha, wa, za, gani, how, is, it, the, a, and, what, about, of, for, sh, ngapi, gharama")

// takesOrder takes the order and the hours that a message says for the services of the visit, and
// reports whether it says any.
func (t *turn) takesOrder() bool {
	if !t.ordersSteps() {
		return false
	}
	t.p.services = nil
	t.fillVisit()
	return true
}

// orderSteps puts the services of a visit in the order and at the hours that the message says. was is
// when the visit was to begin before.
func (t *turn) orderSteps(v *Visit, was time.Time) {
	if v.Moves != "" || v.Together || len(v.More) == 0 {
		return
	}
	all, ordered := t.steps(v)
	if several := len(slices.Compact(slices.Sorted(slices.Values(v.services())))) < len(v.services()); several {
		t.orderParty(v, all, ordered)
		return
	}
	all = slices.DeleteFunc(all, func(s step) bool { return !slices.Contains(v.services(), s.service) })
	if len(all) == 0 && anyIn(t.p.reading.Words, swapWords) {
		services := v.services()
		slices.Reverse(services)
		v.Service, v.More, v.Offsets = services[0], services[1:], nil
		return
	}
	timed := 0
	for i, s := range all {
		if s.timed {
			timed++
			day := v.Day
			if day.IsZero() {
				day = startOfDay(s.at.Start)
			}
			all[i].at.Start = t.clockOn(day, s.at, t.minutes(s.service))
		}
	}
	if !ordered && timed == 0 {
		return
	}
	order := orderOf(all, v.services(), ordered || timed > 1)
	v.Service, v.More = order[0], order[1:]
	if !ordered && timed == 1 && (len(all) > 1 || was.IsZero()) {
		return // "the scan and the doctor at ten" begin at ten
	}
	if timed > 0 {
		t.placeSteps(v, all, was)
	} else {
		v.Offsets = nil
		// The order alone keeps the hour of the visit.
		if !was.IsZero() && !t.p.hasTime {
			v.Start = was
		}
	}
}

// orderParty puts the services of several people, who come one after the other, in the order that the
// message says.
func (t *turn) orderParty(v *Visit, all []step, ordered bool) {
	if !ordered || t.p.hasTime {
		return
	}
	before := v.services()
	order := orderOf(all, slices.Compact(slices.Clone(before)), true)
	slices.SortStableFunc(before, func(a, b string) int { return indexOr(order, a) - indexOr(order, b) })
	v.Service, v.More = before[0], before[1:]
}

// orderOf are services in the order of some steps. Those that no step names stand in front of what
// comes last, and behind everything else.
func orderOf(all []step, services []string, ordered bool) []string {
	if !ordered {
		return services
	}
	steps := slices.Clone(all)
	slices.SortStableFunc(steps, func(a, b step) int {
		switch {
		case a.timed && b.timed:
			return a.at.Start.Compare(b.at.Start)
		case a.first != b.first:
			return map[bool]int{true: -1, false: 1}[a.first]
		case a.last != b.last:
			return map[bool]int{true: 1, false: -1}[a.last]
		}
		return 0
	})
	var order, rest []string
	for _, id := range services {
		if !slices.ContainsFunc(steps, func(s step) bool { return s.service == id }) {
			rest = append(rest, id)
		}
	}
	for _, s := range steps {
		if s.last {
			order, rest = append(order, rest...), nil
		}
		order = append(order, s.service)
	}
	return append(order, rest...)
}

// placeSteps sets when each service of a visit begins: at the hour that was said for it, else behind
// the one before.
func (t *turn) placeSteps(v *Visit, all []step, was time.Time) {
	var starts []time.Time
	for i, id := range v.services() {
		at := time.Time{}
		for _, s := range all {
			if s.service == id && s.timed {
				at = s.at.Start
			}
		}
		switch {
		case i == 0 && at.IsZero():
			at = was
			if was.IsZero() || !sameDay(was, v.Day) {
				at = v.Start
			}
		case i > 0:
			end := starts[i-1].Add(time.Duration(t.minutes(v.services()[i-1])) * time.Minute)
			if at.Before(end) { // or was not said
				at = end
			}
		}
		if at.IsZero() {
			return
		}
		starts = append(starts, at)
	}
	v.Day, v.Start, v.Offsets = startOfDay(starts[0]), starts[0], nil
	for _, at := range starts {
		v.Offsets = append(v.Offsets, int(at.Sub(starts[0])/time.Minute))
	}
	r := t.p.time
	r.HasDay, r.HasTime, r.Likely, r.Day, r.Start = true, true, false, v.Day, v.Start
	r.Certainty = when.Default
	t.p.time, t.p.hasTime, t.timeTaken = r, true, true
}

// clockOn is an hour on a day, in the half of it in which the business is open.
func (t *turn) clockOn(day time.Time, r when.Result, minutes int) time.Time {
	y, m, d := day.Date()
	start := time.Date(y, m, d, r.Start.Hour(), r.Start.Minute(), 0, 0, t.k.zone)
	for _, other := range []time.Time{start.Add(12 * time.Hour), start.Add(-12 * time.Hour)} {
		if !t.isOpen(start, minutes) && sameDay(other, start) && t.isOpen(other, minutes) {
			return other
		}
	}
	return start
}

// startsOf are when the services of a visit begin, one after the other, as their hours were said.
func (t *turn) startsOf(v *Visit) (all []time.Time) {
	at := v.Start
	services := v.services()
	for i, id := range services {
		if len(v.More) > 0 && !v.Together && len(v.Offsets) == len(services) {
			at = v.Start.Add(time.Duration(v.Offsets[i]) * time.Minute)
		}
		all = append(all, at)
		if len(v.More) > 0 && !v.Together {
			at = at.Add(time.Duration(t.minutes(id)) * time.Minute)
		}
	}
	return all
}

// keepOnly takes the services off a visit that are not left, and keeps the hours of the others.
func (v *Visit) keepOnly(left []string) {
	var offsets []int
	services := v.services()
	if len(v.Offsets) == len(services) && len(left) > 0 {
		for i, id := range services {
			if slices.Contains(left, id) {
				offsets = append(offsets, v.Offsets[i])
			}
		}
	}
	v.Service, v.More, v.Offsets = left[0], slices.Clone(left[1:]), nil
	if len(offsets) != len(left) || v.Start.IsZero() {
		return
	}
	v.Start = v.Start.Add(time.Duration(offsets[0]) * time.Minute)
	for _, at := range offsets {
		v.Offsets = append(v.Offsets, at-offsets[0])
	}
}
