package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
)

// tellPayChoice answers who asks which of several ways to pay is taken, or whether only one is, and
// reports whether the message does: "card or only cash?". A yes says nothing of two, so that what is not
// taken is named, and all that is taken listed.
func (t *turn) tellPayChoice() bool {
	words := t.p.reading.Words
	var named []int
	for i, way := range knownWays {
		if anyIn(words, way.words) {
			named = append(named, i)
		}
	}
	if len(named) == 0 || !t.p.asksSoftly() || len(named) == 1 && !anyIn(words, onlyWords) ||
		len(named) > 1 && !anyIn(words, orWords) && !anyIn(words, onlyWords) {
		return false
	}
	for _, way := range named {
		if slices.ContainsFunc(t.k.profile.Payments, func(pay flowhq.Payment) bool {
			return knownWay(split(pay.Name)) == way
		}) {
			continue
		}
		t.tell("payment.unlisted", "way", t.wayName(way))
		break
	}
	t.tellWays()
	return true
}

// wayName is what a way to pay is called. Who asks for a card asks for no brand of it.
func (t *turn) wayName(way int) string {
	switch {
	case !anyIn(t.p.reading.Words, cardWords) || anyIn(t.p.reading.Words, cardBrands) || !anyIn([]string{"card"}, knownWays[way].words):
		return knownWays[way].name
	case t.say.language == flowhq.Swahili:
		return "Kadi"
	}
	return "Card"
}

// asksPayChoice reports whether the message asks which of several ways to pay is taken.
func (t *turn) asksPayChoice(p *perception) bool {
	named := 0
	for _, way := range knownWays {
		if anyIn(p.reading.Words, way.words) {
			named++
		}
	}
	return named > 1 && p.asksSoftly() && anyIn(p.reading.Words, orWords)
}

// cardWords are words for a card of a bank, and cardBrands for one of a brand.
var (
	cardWords  = keywords("card, cards, kadi")
	cardBrands = keywords("visa, mastercard")
)
