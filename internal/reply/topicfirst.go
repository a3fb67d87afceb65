package reply

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What was spoken of before is ordered without its name in front of what is named: "leta moja na
// waya mbili" after a charger, "nipee moja ya 42 na jeans 32" after shoes.

// countFirst is a count in front of what else is ordered.
var countFirst = regexp.MustCompile(`(?i)^\W*(?:(?:sawa|poa|ok|okay|basi|fiti|haya|yes|ndio|` +
	`leta|nipe|nipee|nipeni|niletee|weka|niwekee|nataka|naomba|nachukua|give me|get me|i want|` +
	`i'?ll take|ill have|send|bring)\W+)*` +
	`(moja|mbili|tatu|nne|tano|one|two|three|four|five|\d{1,2})\b`)

// countWord are the counts of it in words.
var countWord = map[string]int{
	"moja": 1, "mbili": 2, "tatu": 3, "nne": 4, "tano": 5,
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
}

// addTopicFirst puts what was spoken of before on the order, where a count stands in front of the
// other things and belongs to none of them.
func (t *turn) addTopicFirst() {
	p, id := &t.p, t.next.Topic
	product := t.k.product[id]
	if product == nil || p.asks || len(p.products) == 0 || slices.Contains(idsOf(p.products), id) ||
		t.next.Ask.For != askQuantity || slices.ContainsFunc(t.next.Order.Lines,
		func(l Line) bool { return l.Product == id }) {
		return
	}
	m := countFirst.FindStringSubmatchIndex(p.text)
	first := slices.MinFunc(p.products,
		func(a, b entity.NameMatch) int { return a.Start - b.Start })
	// A joiner tells the two apart: "moja na waya mbili".
	if m == nil || m[1] > first.Start || !listBreak.MatchString(p.text[m[1]:first.Start]) {
		return
	}
	word := split(p.text[m[2]:m[3]])[0]
	n := countWord[word]
	if n == 0 {
		n, _ = strconv.Atoi(word)
	}
	size := ""
	for _, s := range product.Sizes {
		if at := sizeAt(p.text[m[1]:first.Start], s); len(at) > 0 &&
			!p.sizeOffAt(m[1]+at[0], id) {
			size = s
		}
	}
	if within(n) > 0 {
		t.addLine(entity.NameMatch{ID: id, Size: size, Quantity: n, Exact: true})
	}
}
