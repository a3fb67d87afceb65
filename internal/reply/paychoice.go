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
		name := knownWays[way].name
		// Who asks for a card asks for no brand of it.
		if card := map[flowhq.Language]string{flowhq.English: "card", flowhq.Swahili: "kadi"}[t.say.language]; card != "" &&
			anyIn(words, cardWords) && anyIn([]string{"card"}, knownWays[way].words) {
			name = upperFirst(card)
		}
		t.tell("payment.unlisted", "way", name)
		break
	}
	t.tell("payment.lead")
	var lines []string
	for i := range t.k.profile.Payments {
		lines = append(lines, "• "+t.payment(i))
	}
	t.show(lines...)
	return true
}

// cardWords are words for a card of a bank.
var cardWords = keywords("card, cards, kadi")
