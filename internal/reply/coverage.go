package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Whether a provider reaches a place. The owner has told each area with its fee and how it is reached,
// and every wording of the question is answered with that: "do you guys reach pangani", "mko pangani".

var (
	// covers are words of who asks whether a place is reached, and isThere those that ask it only in a
	// question or in a few words: "nyumba ipo Pangani" says where a house is.
	covers  = listOf("covers")
	isThere = listOf("is there")
	// wayFee are words for what the way to a place costs, which is told with it.
	wayFee = keywords("fee, fees, extra, charge, charges, nauli, ada, usafiri")
	// asksPlaceAfter finds the place that is asked about, where it is on no list.
	asksPlaceAfter = regexp.MustCompile(`(?i)\b(?:reach|cover|serve|get to|mnafika|mnafikaga|mnafikia|` +
		`mnahudumia|available (?:in|at)|works? in|(?:internet|network|coverage|fiber|fibre|wifi) ` +
		`(?:\pL+ ){0,2}?(?:ipo|iko|in|at))\s+` +
		`(?:(?:to|in|at|ya|kwa|huku|huko|mpaka|hadi)\s+)?((?-i:\p{Lu}\pL{2,})|\pL{4,})|\b(?:mko|mpo)\s+(?-i:(\p{Lu}\pL{2,}))`)
)

// readArea takes a word that differs in one letter from the name of an area for it, where the message
// asks whether a place is reached.
func (t *turn) readArea(p *perception) {
	if t.k.template() != flowhq.SupportTemplate || len(p.areas) > 0 || !anyIn(p.reading.Words, covers) &&
		!anyIn(p.reading.Words, isThere) {
		return
	}
	for _, w := range p.reading.Words {
		if len(w) < minNearArea || t.k.words[w] {
			continue
		}
		for _, a := range t.k.profile.Delivery.Areas {
			for _, name := range append([]string{a.Name}, a.Aliases...) {
				at := strings.Index(strings.ToLower(p.text), w)
				if at >= 0 && oneLetterOff(w, strings.ToLower(name)) {
					p.areas = []entity.NameMatch{{Place: entity.Place{Start: at, End: at + len(w)},
						ID: a.Name, Exact: true, Score: 1}}
					return
				}
			}
		}
	}
}

// minNearArea is how long a word is at least that is taken for an area that has another letter.
const minNearArea = 5

// oneLetterOff reports whether two words differ in one letter: one more, one less, or another.
func oneLetterOff(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i < len(a) && (a[i+1:] == b[i+1:] ||
			// Two letters that changed places are one slip of the fingers.
			i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:])
	}
	return a[i:] == b[i+1:]
}

// asksCoverage reports whether the message asks whether a place is reached.
func (t *turn) asksCoverage(p *perception) bool {
	words := p.reading.Words
	if t.k.template() != flowhq.SupportTemplate || len(p.areas) == 0 && t.placeAsked() == "" ||
		p.cued(actProblem) ||
		p.reading.Concepts.Has("broken") || anyIn(words, whenMended) || p.hasTime && t.next.Ticket != nil {
		return false
	}
	asks := p.asksSoftly() || entity.BeginsAsQuestion(p.text)
	if anyIn(words, covers) {
		return asks || t.next.Ticket == nil
	}
	return anyIn(words, isThere) && (asks || t.next.Ticket == nil && len(words) <= maxShort)
}

// toldCovered reports whether a part asks whether a place is reached that another part has named, and the
// reply tells it: "naishi Muheza, naweza kupata internet yenu?".
func (t *turn) toldCovered() bool {
	words := t.p.reading.Words
	return t.k.template() == flowhq.SupportTemplate && slices.Contains(t.acts, actDelivery) && !t.p.names() &&
		len(t.p.areas) == 0 && (anyIn(words, covers) || anyIn(words, isThere) || anyIn(words, wayFee))
}

// placeAsked is a place on no list that the message asks about, "" if there is none.
func (t *turn) placeAsked() string {
	if t.k.template() != flowhq.SupportTemplate || len(t.p.areas) > 0 {
		return ""
	}
	m := asksPlaceAfter.FindStringSubmatch(t.p.text)
	if m == nil {
		return ""
	}
	place := m[1] + m[2]
	if w := strings.ToLower(place); hasWord(notPlaces, w) || t.k.words[w] || hasWord(whenMended, w) {
		return ""
	}
	return place
}

// reconcileCoverage keeps the question whether a place is reached, and drops what it is taken for: an
// answer of the owner's about all areas, a fault, or the question whether anybody is there.
func (t *turn) reconcileCoverage(p *perception, all *acts) {
	if !t.asksCoverage(p) {
		return
	}
	all.drop(actProblem, actComplaint, actPlace, actStatus, actAccount, actHours)
	p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return a == cueHere })
	if !p.names() {
		all.drop(actOffer)
	}
	if a := t.answerTo(phrasesOf("coverage"), 0); all.has(actAnswer) &&
		(p.alike < surelyTheSame || a != nil && t.k.answer[p.answer] == a) {
		all.drop(actAnswer)
		p.sure = false
	}
	all.add(actDelivery)
}
