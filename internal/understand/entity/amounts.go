package entity

import (
	"math"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// maxQuantity is the largest bare number that is taken for a quantity. Larger ones are prices.
// "Unga 2000" tells what the flour may cost, and orders no 2,000 bags.
const maxQuantity = 500

// letterSizes are the words for sizes that are written as a letter.
// "Nataka kubwa" means L where the owner sells S, M and L.
var letterSizes = map[string]string{
	"small": "s", "ndogo": "s", "dogo": "s", "medium": "m", "kati": "m", "wastani": "m",
	"large": "l", "kubwa": "l",
}

// quantify gives each match the quantity and size that stand beside it: "mchele kilo 5 na mafuta
// lita 3". What is separated from a match by a comma or "na" belongs to another, unless it has
// none of its own.
// The sizes go first: the 42 of "viatu 42" must not become 42 pairs.
func (n *Names) quantify(text string, tokens []token.Token, matches []NameMatch) {
	if len(matches) == 0 {
		return
	}
	n.sizes(tokens, matches)
	amounts := amountsOf(text, tokens, matches)
	separators := separatorsOf(tokens, matches, amounts)
	used := make([]bool, len(amounts))
	// The second round, past separators, is only for a text with one name: "shati, mbili".
	for _, apart := range []bool{false, true} {
		for m := range matches {
			// With several names, a lone number cannot be told to be of one.
			if matches[m].Amount.Value != 0 || apart && len(matches) > 1 {
				continue
			}
			if best := nearest(matches, m, amounts, used, separators, apart); best >= 0 {
				used[best] = true
				n.give(&matches[m], amounts[best])
			}
		}
	}
}

// amountsOf returns the quantities of a text, and the numbers that may be some. What is part of
// a name or of its size is none.
// People are left out: "keki ya watu 10" is one cake. The separate pass over Find costs as much as
// the message is long, once for each message.
func amountsOf(text string, tokens []token.Token, matches []NameMatch) (amounts []Quantity) {
	e := Find(text)
	for _, q := range e.Quantities {
		if q.Unit != "people" && !inMatch(q.Place, tokens, matches) {
			amounts = append(amounts, q)
		}
	}
	for _, x := range e.Numbers {
		if x.Value > 0 && x.Value <= maxQuantity && !inMatch(x.Place, tokens, matches) {
			amounts = append(amounts, Quantity{Place: x.Place, Value: float64(x.Value)})
		}
	}
	return amounts
}

// inMatch reports whether a place is part of a name, or is said to be a size.
// Without it the 5 of a name such as "Mafuta lita 5" would order five.
func inMatch(p Place, tokens []token.Token, matches []NameMatch) bool {
	for _, m := range matches {
		if p.Start < m.End && m.Start < p.End {
			return true
		}
		if s := m.SizeAt; s.End > 0 && p.Start < s.End && s.Start < p.End {
			return true
		}
	}
	for i, t := range tokens {
		// "Size 42" is a size, although the owner may not have it.
		if t.Start == p.Start && i > 0 && sizeWords[tokens[i-1].Text] {
			return true
		}
	}
	return false
}

// "Namba 42" is how a shoe's size is said.
var sizeWords = set("size saizi saiz sz namba number no")

// separatorsOf returns where the items of a list are separated.
// A separator within a name ("mkate na siagi") or within an amount ("moja na nusu") separates
// nothing.
func separatorsOf(tokens []token.Token, matches []NameMatch, amounts []Quantity) (at []int) {
next:
	for _, t := range tokens {
		switch t.Text {
		case ",", ";", "\n", "na", "and", "&", "+", "n", "pamoja", "plus", "halafu", "then":
		default:
			continue
		}
		for _, m := range matches {
			if t.Start >= m.Start && t.End <= m.End {
				continue next
			}
		}
		for _, a := range amounts {
			if t.Start >= a.Start && t.End <= a.End {
				continue next
			}
		}
		at = append(at, t.Start)
	}
	return at
}

// nearest returns the unused amount that is nearest to a match, with neither another match nor,
// unless apart, a separator between them.
// The distance is in bytes between the two, 40 at most: about six words. A number that is further
// away has its own noun. The work is bounded by the limits on matches and entities.
func nearest(matches []NameMatch, m int, amounts []Quantity, used []bool, separators []int,
	apart bool) int {
	best, least := -1, math.MaxInt
	for k, a := range amounts {
		from, to := matches[m].End, a.Start // the stretch between them
		if a.End <= matches[m].Start {
			from, to = a.End, matches[m].Start
		}
		distance := to - from
		if used[k] || distance >= least || distance > 40 ||
			!apart && anyWithin(separators, from, to) {
			continue
		}
		// In "mchele na sukari kilo 5" the number is the sugar's.
		blocked := false
		for o := range matches {
			blocked = blocked || o != m && matches[o].Start >= from && matches[o].End <= to
		}
		if !blocked {
			best, least = k, distance
		}
	}
	return best
}

// anyWithin goes over all positions; a message has few.
func anyWithin(positions []int, from, to int) bool {
	for _, p := range positions {
		if p >= from && p < to {
			return true
		}
	}
	return false
}

// give sets the amount of a match. A dozen is 12, unless the name is sold by the dozen.
// A fraction leaves Quantity at 0: the caller then asks, or takes Amount where the thing is sold by
// weight.
func (n *Names) give(m *NameMatch, a Quantity) {
	m.Amount = a
	v := a.Value
	if a.Unit == "dozen" && !n.soldBy(m.ID, "dozen", "dazeni") {
		v *= 12
	}
	if v == math.Trunc(v) && v > 0 && v <= 1_000_000 {
		m.Quantity = int(v)
	}
}

// "Mayai (dazeni)" is sold by the dozen: "dazeni 2" are two of them, not 24.
func (n *Names) soldBy(id string, words ...string) bool {
	for _, e := range n.entries {
		if e.ID != id {
			continue
		}
		for _, name := range e.Names {
			for _, w := range words {
				if strings.Contains(strings.ToLower(name), w) {
					return true
				}
			}
		}
	}
	return false
}

// sizes gives each match the size that stands nearest to it, between the names beside it. A size
// that a separator cuts off is another item's, unless nothing else claims it: "the maxi in M and 2
// shirts size L" gave the M to the shirts as well.
// Only sizes that the owner sells are found. Each place is one match's size, so that two neighbours
// never share it.
func (n *Names) sizes(tokens []token.Token, matches []NameMatch) {
	separators := separatorsOf(tokens, matches, nil)
	for _, apart := range []bool{false, true} {
		for m := range matches {
			if matches[m].Size == "" {
				n.giveSize(tokens, matches, m, separators, apart)
			}
		}
	}
}

// giveSize gives a match the nearest size that no other match has. The longer of two sizes at the
// same distance wins: "2 XL" is no XL where both are sold.
func (n *Names) giveSize(tokens []token.Token, matches []NameMatch, m int, separators []int,
	apart bool) {
	low, high := 0, math.MaxInt
	if m > 0 {
		low = matches[m-1].End
	}
	if m+1 < len(matches) {
		high = matches[m+1].Start
	}
	name, least := matches[m].Place, math.MaxInt
	for _, size := range n.entry(matches[m].ID).Sizes {
		for _, at := range findSizePlaces(tokens, size, name, low, high) {
			from, to := name.End, at.Start // the stretch between them
			if at.End <= name.Start {
				from, to = at.End, name.Start
			}
			distance := max(0, to-from)
			if !apart && anyWithin(separators, from, to) || sizeTaken(matches, m, at) ||
				distance > least ||
				distance == least && at.End-at.Start <= matches[m].SizeAt.End-matches[m].SizeAt.Start {
				continue
			}
			least = distance
			matches[m].Size, matches[m].SizeAt = size, at
		}
	}
}

// sizeTaken reports whether a place is the size of another match already.
func sizeTaken(matches []NameMatch, except int, at Place) bool {
	for i, m := range matches {
		if i != except && m.SizeAt.Start < at.End && at.Start < m.SizeAt.End {
			return true
		}
	}
	return false
}

// entry goes over the list, which is done for a few matches only.
func (n *Names) entry(id string) Name {
	for _, e := range n.entries {
		if e.ID == id {
			return e
		}
	}
	return Name{}
}

// findSizePlaces finds where a size stands between two places of a text.
func findSizePlaces(tokens []token.Token, size string, name Place, low, high int) (all []Place) {
	// "1kg" is two tokens, "XL" one. Both must stand as they are in the list.
	want := nameTokens(size)
	if len(want) == 0 {
		return nil
	}
next:
	for i := 0; i+len(want) <= len(tokens); i++ {
		end := i + len(want)
		at := Place{tokens[i].Start, tokens[end-1].End}
		if at.Start < low || at.End > high {
			continue
		}
		for k, w := range want {
			if t := tokens[i+k].Text; t != w.Text && (len(want) > 1 || letterSizes[t] != w.Text) {
				continue next
			}
		}
		if len(want) == 1 && !standsAsSize(tokens, i, name) {
			continue
		}
		all = append(all, at)
	}
	return all
}

// standsAsSize tells a size from a quantity or the "m" of a unit: a number needs the word "size"
// before it, or to be two digits or more, and neither is glued to a number.
// "Saa 10", "5/3" and "10:30" hold no size either.
func standsAsSize(tokens []token.Token, i int, name Place) bool {
	t := tokens[i]
	if i > 0 && sizeWords[tokens[i-1].Text] {
		return true
	}
	if t.Kind == token.Number {
		after := i+1 < len(tokens) && (units[tokens[i+1].Text] != "" || tokens[i+1].Text == "/" ||
			tokens[i+1].Text == ":")
		before := i > 0 && (units[tokens[i-1].Text] != "" || timeWords[tokens[i-1].Text])
		return len(t.Text) >= 2 && !after && !before && t.Start >= name.End
	}
	return i == 0 || tokens[i-1].Kind != token.Number || !t.Glued
}
