package reply

import (
	"slices"
	"strings"
)

// A child beside the customer has a service of its own where the owner sells one. "Mimi na mtoto"
// was booked as two adults, who pay more.

// childWords are one child, and childJoiners stand before it, with words of kin between.
var (
	childWords   = listOf("one child")
	childJoiners = listOf("beside child")
)

// maxKin is how many words may stand between the joiner and the child: "and my son".
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

// counts are the services that the message wants with a number each, one entry for each who comes:
// "2 haircuts and one shave" was one haircut with a beard. It is nil where no service has more than
// one.
func (t *turn) counts() []string {
	p := &t.p
	if all := t.numbered(); all != nil {
		return all
	}
	var all []string
	several, end := false, -1
	for _, m := range p.services {
		if m.Start < end || m.Start >= m.End || len(p.services) < 2 {
			return nil
		}
		end = m.End
		n := 1
		for _, x := range p.entities.Numbers {
			if x.End <= m.Start && strings.TrimSpace(p.text[x.End:m.Start]) == "" && x.Value > 1 {
				n, several = min(x.Value, maxPeople), true
			}
		}
		for range n {
			all = append(all, m.ID)
		}
	}
	if !several {
		return nil
	}
	return all
}

// numbered are the services of a message that has a number right before each, nil if there are less
// than two such. Read as a whole, "haircuts and one shave" is the owner's service of both.
func (t *turn) numbered() []string {
	var all, kinds []string
	numbers := t.p.entities.Numbers
	for i, x := range numbers {
		end := len(t.p.text)
		if i+1 < len(numbers) {
			end = numbers[i+1].Start
		}
		if x.Value < 1 || x.End > end {
			continue
		}
		rest := strings.TrimLeft(t.p.text[x.End:end], " x×")
		m := t.k.services.Match(rest)
		if len(m) == 0 || m[0].Start != 0 {
			continue
		}
		kinds = append(kinds, m[0].ID)
		for range min(x.Value, maxPeople) {
			all = append(all, m[0].ID)
		}
	}
	if len(kinds) < 2 || len(all) == len(kinds) {
		return nil
	}
	return all
}
