package reply

import (
	"regexp"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// pastToMe are Swahili verbs of what somebody did to the customer: "alininyoa", "mmenichoma".
var pastToMe = regexp.MustCompile(`^(?:a|m|u|wa|mu)?(?:li|me)(?:ni|tu)[a-z]{3,}$`)

// hurtWords say that what was done was bad, and pastWords that it was before today.
var (
	hurtWords = listOf("done badly")
	pastWords = listOf("in the past")
	doneWords = listOf("done to me")
)

// tellsStory reports whether the message tells what went wrong for the customer before: "juzi
// Hassan alininyoa vibaya", "last week your guy left my sides uneven". Such a story names services
// and days, and wants none of them.
func (p *perception) tellsStory() bool {
	words := p.reading.Words
	if !anyIn(words, hurtWords) {
		return false
	}
	for _, w := range words {
		if pastToMe.MatchString(w) {
			return true
		}
	}
	return anyIn(words, doneWords) || anyIn(words, pastWords) && !p.cued(cueSick)
}

// forgetPast drops a time that has passed: it says since when, and is no time for a visit.
func (t *turn) forgetPast(p *perception) {
	if !p.hasTime || !anyIn(p.reading.Words, pastWords) {
		return
	}
	// "Ana homa toka jana usiku, naweza kumleta leo saa nane?" has both, and the night is of the
	// fever.
	if rest := sinceTime.ReplaceAllString(p.text, " "); p.cued(cueSick) && rest != p.text {
		if r, ok := t.timeIn(rest); ok && r.HasTime {
			p.time = r
			return
		}
	}
	today := startOfDay(t.now)
	at := p.time.Day
	if at.IsZero() {
		at = p.time.Start
	}
	if p.cued(cueSick) && !p.time.HasTime && anyIn(p.reading.Words, sinceWords) ||
		!at.IsZero() && at.Before(today.Add(time.Second)) && at.Before(today) || p.tellsStory() {
		p.time, p.hasTime = when.Result{}, false
		// "Fever since Tuesday, can I come this morning" has both.
		if rest := sinceTime.ReplaceAllString(p.text, " "); p.cued(cueSick) && rest != p.text {
			p.time, p.hasTime = t.timeIn(rest)
		}
	}
}

// sinceTime is since when somebody is ill.
var sinceTime = regexp.MustCompile(`(?i)\b(?:since|tangu|toka|kuanzia)\s+(?:last\s+|` +
	`the\s+)?\pL+(?:\s+(?:night|morning|evening|usiku|asubuhi|jioni|mchana))?`)

// sinceWords say since when.
var sinceWords = listOf("since")

// reconcileStory drops what a story, a sickness, a place or a refusal is mistaken for.
func (t *turn) reconcileStory(p *perception, all *acts) {
	story := p.tellsStory()
	if story && !p.asks && t.k.template() != flowhq.EcommerceTemplate &&
		!all.has(actAnger, actSecret) {
		*all = acts{actComplaint}
	}
	// Who is ill has a complaint of the body, and none of the business.
	if p.cued(cueSick) && !p.cued(actComplaint) && !story {
		all.drop(actProblem, actComplaint)
	}
	// "Ni Mbezi beach" says where the customer is.
	if !p.asksSoftly() && !p.cued(actPlace) &&
		anyIn(p.reading.Words[:min(len(p.reading.Words), 2)], ownWhere) {
		all.drop(actPlace)
	}
	// "In a meeting till half past 4" asks for no number to pay to.
	if untilHour.MatchString(p.text) && t.wayNamed() < 0 {
		all.drop(actPayment)
	}
	// "Sitaki kuambiwa bei" wants no prices.
	if anyIn(p.reading.Words, wantsNot) && !p.asks {
		all.drop(actPrice, actOffer)
	}
}
