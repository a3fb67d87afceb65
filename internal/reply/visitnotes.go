package reply

import (
	"slices"
	"strings"
)

// What stands beside the wishes of a visit and is no wish. Noted for the owner, it reads as if nobody
// had listened.

// nothingToNote reports whether a text of the message says nothing that a note could keep: who comes
// for what as it was read back, what it comes to, or that something was wrong.
func (t *turn) nothingToNote(text string) bool {
	v := t.next.Booking
	return v != nil && v.Service != "" && (t.partySettled(text) || t.sumSettled(text) || onlyCorrects(text))
}

// partySettled reports whether a text says who comes for what, and the visit is so.
func (t *turn) partySettled(text string) bool {
	services := t.next.Booking.services()
	var all []place
	for _, part := range t.partyParts(text) {
		all = append(all, t.placesIn(part)...)
	}
	rest := split(text)
	for _, p := range all {
		n := 0
		for _, id := range services {
			if id == p.service {
				n++
			}
		}
		if n == 0 || p.said && n != p.count {
			return false
		}
		names := slices.Concat(t.namesOf(p.service)...)
		rest = slices.DeleteFunc(rest, func(w string) bool {
			return slices.ContainsFunc(names, func(name string) bool {
				return name == w || name+"s" == w
			})
		})
	}
	return len(all) > 0 && !slices.ContainsFunc(rest, func(w string) bool {
		return !hasWord(aroundParty, w) && !hasWord(countFillers, w) && !hasWord(aroundWish, w) &&
			!hasWord(saysNothing, w) && !hasWord(peopleWords, w) && !hasWord(correctionWords, w) &&
			!hasWord(courtesyWords, w) && numberSaid(w) == 0
	})
}

// aroundParty are words that stand around the services of several people.
var aroundParty = listOf("around a party")

// sumSettled reports whether a text says what the visit comes to, and the visit does.
func (t *turn) sumSettled(text string) bool {
	money := t.in.memo.entitiesIn(text).Money
	return len(money) == 1 && len(split(text)) <= maxNaming+1 && t.partySum(money[0].Amount)
}

// onlyCorrects reports whether a text says no more than that something was wrong.
func onlyCorrects(text string) bool {
	words := split(strings.ToLower(text))
	return len(words) > 0 && anyIn(words, saysMistaken) && !slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(saysMistaken, w) && !hasWord(courtesyWords, w) && !hasWord(countFillers, w) &&
			!hasWord(aroundWish, w)
	})
}

// saysMistaken say that the bot has got something wrong.
var saysMistaken = listOf("mistaken")
