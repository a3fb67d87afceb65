package reply

import (
	"regexp"
	"slices"

	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/token"
)

// What was spoken of before is ordered without its name in front of what is named: "leta moja na
// waya mbili" after a charger, "nipee moja ya 42 na jeans 32" after shoes.

// countLead is all that stands in front of a count that belongs to what was spoken of before.
var countLead = regexp.MustCompile(`(?i)^\W*(?:(?:` + alternatives("before a count") + `)\W+)*$`)

// addTopicFirst puts what was spoken of before on the order, where a count stands in front of the
// other things and belongs to none of them. Where nobody was asked for a count, a word must say that
// something is wanted: "1 and bread" may be the number of an option.
func (t *turn) addTopicFirst() bool {
	p, id := &t.p, t.in.State.Topic
	if t.next.Ask.For == askQuantity {
		id = t.next.Ask.About
	}
	product := t.k.product[id]
	if product == nil || p.asks || len(p.products) == 0 || slices.Contains(idsOf(p.products), id) ||
		slices.ContainsFunc(t.next.Order.Lines, func(l Line) bool { return l.Product == id }) ||
		t.next.Ask.For != askQuantity && !anyIn(p.reading.Words, wishWords) {
		return false
	}
	first := slices.MinFunc(p.products,
		func(a, b entity.NameMatch) int { return a.Start - b.Start })
	count, end := p.countFirst(first.Start)
	// A joiner tells the two apart: "moja na waya mbili".
	if within(count) == 0 || !listBreak.MatchString(p.text[end:first.Start]) {
		return false
	}
	// "Nataka mbili, moja L moja M, na mkoba" says of which sizes the two are.
	if counts := entity.SizeCounts(p.text[:first.Start], product.Sizes); len(counts) > 1 {
		for _, c := range counts {
			t.addLine(entity.NameMatch{ID: id, Size: c.Size, Quantity: max(1, c.Count), Exact: true})
		}
		return true
	}
	size := ""
	for _, s := range product.Sizes {
		if at := sizeAt(p.text[end:first.Start], s); len(at) > 0 && !p.sizeOffAt(end+at[0], id) {
			size = s
		}
	}
	// "Do you have it in L?", and then "ok one, and the white shirt M".
	if size == "" && t.in.State.Topic == id && slices.Contains(product.Sizes, t.in.State.Size) {
		size = t.in.State.Size
	}
	t.addLine(entity.NameMatch{ID: id, Size: size, Quantity: count, Exact: true})
	return true
}

// countFirst is the count that the message begins with, but for a wish, and where it ends; 0 if there
// is none in front of a place.
func (p *perception) countFirst(before int) (count, end int) {
	tokens := token.Split(p.text)
	for i, w := range tokens {
		if w.Start >= before {
			break
		}
		if value, n := token.Numeral(tokens, i); n > 0 && tokens[i+n-1].End <= before &&
			countLead.MatchString(p.text[:w.Start]) {
			return int(min(value, maxQuantity+1)), tokens[i+n-1].End
		}
	}
	return 0, 0
}
