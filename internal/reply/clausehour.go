package reply

import (
	"regexp"
	"slices"
	"strconv"
)

// An hour in a clause of its own is the wish, and what stands around it the reason: "9 is
// too soon, 11.30", "make it 5, I am in a meeting till half past 4".

var (
	// hourClause ends a clause. A point inside "11.30" ends none.
	hourClause = regexp.MustCompile(`[,;!?\n]+|\.(?:\s|$)`)
	// correctionWords may stand beside an hour that takes the place of another.
	correctionWords = listOf("correction")
	// reasonWords say why another hour is not possible.
	reasonWords = listOf("hour refused")
	// untilHour is "till" of a time, and no till that is paid to.
	untilHour = regexp.MustCompile(
		`(?i)\btill\s+(?:\d|half|quarter|about|around|noon|then|late|tomorrow|its?\b|it's|i\b|we\b)`)
)

// insteadHour is a bare hour that a visit is to have instead: "can u make it 5 instead".
var insteadHour = regexp.MustCompile(`(?i)\b(?:make it|move it to|move (?:me|us) to|change (?:it )?to|` +
	`push it to|iwe|ifanye|ifanyike|fanya(?: iwe)?|badilisha iwe|` +
	`can (?:you|u|we|i) (?:do|make|make it|come|have|get)|give me|put me(?: down)?(?: for)?|book me(?: for)?|nipe|niwekee)\s+(?:at\s+|saa\s+)?` +
	`(\d{1,2}(?:[:.][0-5]\d)?)\b(?:\s*(?:instead|badala|please|pls|tafadhali)|\s*[,.!?\n]|\s*$)`)

// readClauseHour takes the hour of a clause of its own for the time of the visit that is spoken of,
// the last one where there are several.
func (t *turn) readClauseHour() {
	v, p := t.next.Booking, &t.p
	asked := []string{askWhen, askBook, askMean, askMoveTo}
	if v == nil || v.Day.IsZero() || !slices.Contains(asked, t.next.Ask.For) ||
		len(p.entities.Phones)+len(p.entities.References) > 0 {
		return
	}
	// Behind the question for a time "8.30 not 8" is no price.
	if exact := hourMinute.FindAllString(p.text, 2); len(exact) == 1 && !p.hasTime && !p.asks &&
		len(p.entities.Money) == 0 && t.setHour(exact[0]) {
		p.acts.drop(actChange, actOffer)
		p.acts.add(actBook)
		return
	}
	if m := saidHour.FindStringSubmatch(p.text); m != nil && t.next.Ask.For == askWhen && !p.hasTime &&
		!p.asks && !p.isChoice && len(m[1]) == 2 && t.setHour(m[1]) {
		p.acts.add(actBook) // "11 is good. Both of us at once": no list has so many numbers
		return
	}
	if m := insteadHour.FindStringSubmatch(p.text); m != nil && !p.hasTime && !v.Start.IsZero() &&
		t.setHour(m[1]) {
		p.acts.drop(actChange, actOffer)
		p.acts.add(actBook)
		return
	}
	reason := anyIn(p.reading.Words, reasonWords) || p.cued(cueInstead)
	clauses := hourClause.Split(p.text, -1)
	if len(clauses) < 2 || p.hasTime && !reason {
		return
	}
	for _, clause := range slices.Backward(clauses) {
		c := perception{text: clause, entities: t.in.memo.entitiesIn(clause)}
		c.reading.Words = split(clause)
		if len(c.reading.Words) > maxHourWords ||
			!c.tellsOnlyNumber(slices.Concat(hourWords, correctionWords)) ||
			!reason && !hourMinute.MatchString(clause) {
			continue
		}
		hour, before, had := c.hour(), p.time, p.hasTime
		if hour == "" || !t.setHour(hour) {
			continue
		}
		// The hour that was read back corrects nothing: "half past 4, I leave work at 4".
		if v.Start.Hour() == p.time.Start.Hour() && v.Start.Minute() == p.time.Start.Minute() &&
			had {
			p.time, p.hasTime = before, had
			continue
		}
		p.acts.add(actBook)
		return
	}
}

// inMinutes is a time from now on, without the word for it: "dakika 20 nitakuwa hapo".
var inMinutes = regexp.MustCompile(`(?i)\b(?:dakika|dk)\s+(\d{1,3})\b|\b(\d{1,3})\s*(?:mins?|` +
	`minutes)\b`)

// readMinutes reads how soon the customer comes, where a time was asked for.
func (t *turn) readMinutes(p *perception) {
	m := inMinutes.FindStringSubmatch(p.text)
	if p.hasTime || m == nil || t.next.Ask.For != askWhen || p.asks {
		return
	}
	p.time, p.hasTime = t.timeIn("in " + m[1] + m[2] + " minutes")
}

// insteadWords put another time in place of one.
var insteadWords = cueWords(cueInstead)

// readInstead takes the time of the clause that puts one in place of another, where several clauses
// have one: "make it half past 4, I leave work at 4" stayed at four.
func (t *turn) readInstead(p *perception) {
	clauses := hourClause.Split(p.text, maxPartsRead)
	if !p.hasTime || len(clauses) < 2 {
		return
	}
	for _, clause := range clauses {
		if !anyIn(split(clause), insteadWords) {
			continue
		}
		if r, ok := t.timeIn(clause); ok &&
			(r.HasTime || r.HasDay) {
			p.time = r
			if !p.cued(cueInstead) {
				p.cues = append(p.cues, cueInstead)
			}
			return
		}
	}
}

// hour is the one number of a message as an hour is written, "" if there is none.
func (p *perception) hour() string {
	if hour := hourMinute.FindString(p.text); hour != "" {
		return hour
	}
	if len(p.entities.Numbers) == 1 {
		return strconv.Itoa(p.entities.Numbers[0].Value)
	}
	return ""
}
