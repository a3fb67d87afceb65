package reply

import "slices"

// A child beside the customer has a service of its own where the owner sells one. "Mimi na mtoto" was
// booked as two adults, who pay more.

// childWords are one child, and childJoiners stand before it, with words of kin between.
var (
	childWords   = listOf("one child")
	childJoiners = listOf("beside child")
)

// maxKin is how many words may stand between the joiner and the child: "na huyu mtoto", "and my son".
const maxKin = 2

// childService is the owner's service for a child who comes beside the customer, "" if the message
// has no such child or the owner no such service.
func (t *turn) childService() string {
	words := t.p.reading.Words
	for i, w := range words {
		if i == 0 || !hasWord(childWords, w) ||
			!anyIn(words[max(0, i-maxKin):i], childJoiners) {
			continue
		}
		for _, name := range phrasesOf("one child") {
			m := t.k.services.Match(name)
			if len(m) != 1 || !m[0].Exact {
				continue
			}
			if s := t.k.service[m[0].ID]; s != nil && !s.Unavailable {
				return s.ID
			}
		}
	}
	return ""
}

// bringsChild reports whether a child comes beside the customer of the visit that is being made.
func (t *turn) bringsChild() bool {
	v := t.next.Booking
	if v == nil || v.Moves != "" || v.Service == "" || len(v.More) > 0 || t.p.asks || v.People > 2 {
		return false
	}
	id := t.childService()
	return id != "" && !slices.Contains(v.services(), id)
}

// addChild puts the child's service beside the customer's own.
func (t *turn) addChild() {
	if !t.bringsChild() {
		return
	}
	v := t.next.Booking
	v.More, v.Together, v.People = []string{t.childService()}, true, 0
}
