package entity

import (
	"slices"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// A SizeCount is how many of one size a text wants; Count is 0 if it does not say.
type SizeCount struct {
	Size  string // as the owner wrote it
	Count int
}

// Words that may stand between a size and its count.
var (
	// "Mbili za size M" has two such words between the count and the size.
	beforeSize = set("tu only just ya za wa size saizi sz x of in the namba cha vya")
	// "M - 2", "L x 1" and "M ni 2" are how lists are typed.
	behindSize = set("x - = : ni iwe ziwe")
)

// A sizeAt is a size in a text, by its tokens.
type sizeAt struct {
	size string
	// from and to are tokens; to is the first behind the size.
	from, to int
}

// SizeCounts finds the sizes of a product in a text with the count of each: "moja L na moja XL",
// "M 2, L 1". Counts stand before all sizes or behind all of them. One number before several
// sizes, of which it is the number, is how many they are together.
// Which side counts stand on is settled once by the first size. Otherwise the 1 of "M 2, L 1" would
// be tried for both neighbours.
func SizeCounts(text string, sizes []string) []SizeCount {
	tokens := token.Split(text)
	tokens = tokens[:min(len(tokens), maxNameTokens)]
	found := findSizes(tokens, sizes)
	if len(found) == 0 {
		return nil
	}
	// The first size decides for the whole text. Of "shirts M and 1 L" it has no count, and the
	// others have.
	before := countBefore(tokens, found[0].from, 0) > 0
	if !before {
		before = !slices.ContainsFunc(found, func(at sizeAt) bool { return countBehind(tokens, at.to, len(tokens)) > 0 })
	}
	var all []SizeCount
	for i, at := range found {
		c := SizeCount{Size: at.size}
		end := len(tokens)
		if i+1 < len(found) {
			end = found[i+1].from
		}
		switch {
		case before && i == 0:
			c.Count = countBefore(tokens, at.from, 0)
		case before:
			c.Count = countBefore(tokens, at.from, found[i-1].to)
		default:
			c.Count = countBehind(tokens, at.to, end)
		}
		// A size that is named twice keeps its first count: the second is mostly a repetition.
		if !slices.ContainsFunc(all, func(o SizeCount) bool { return o.Size == c.Size }) {
			all = append(all, c)
		}
	}
	// "Two, M and L" is one of each. Read as a count, the two would belong to M.
	together := len(all) > 1 && all[0].Count == len(all)
	for _, c := range all[1:] {
		together = together && c.Count == 0
	}
	if together {
		all[0].Count = 0 // "two, M and L"
	}
	return all
}

// findSizes finds the owner's sizes, the longest first: "2XL" is no "XL" where there are both.
// Sizes that the owner does not sell are not found: the caller then asks for the size.
func findSizes(tokens []token.Token, sizes []string) (found []sizeAt) {
	for i := 0; i < len(tokens); i++ {
		best := sizeAt{}
		for _, size := range sizes {
			want := token.Split(size)
			n := len(want)
			if n == 0 || i+n > len(tokens) || n <= best.to-best.from || !isSize(tokens, i, want) {
				continue
			}
			best = sizeAt{size, i, i + n}
		}
		if best.size != "" {
			found = append(found, best)
			i = best.to - 1
		}
	}
	return found
}

// "42" may be a shoe's size or a count. A number alone is a size only behind "size", or with two
// digits and no unit behind: "size 42", "nataka 42", but not "42 kg".
func isSize(tokens []token.Token, i int, want []token.Token) bool {
	for k, w := range want {
		t := tokens[i+k].Text
		if t != w.Text && (len(want) > 1 || letterSizes[t] != w.Text) {
			return false
		}
	}
	t := tokens[i]
	if len(want) > 1 || t.Kind != token.Number {
		return true
	}
	return i > 0 && sizeWords[tokens[i-1].Text] ||
		len(t.Text) >= 2 && (i+1 == len(tokens) || units[tokens[i+1].Text] == "")
}

// countBefore reads the number that ends before a token, not earlier than another one.
// Only numerals of one token are read, as the reader goes backwards.
func countBefore(tokens []token.Token, at, least int) int {
	at--
	for n := 0; at >= least && n < 2 && beforeSize[tokens[at].Text]; n++ {
		at--
	}
	if at < least {
		return 0
	}
	if v, n := token.Numeral(tokens, at); n == 1 && v > 0 && v <= maxQuantity {
		return int(v)
	}
	return 0
}

// countBehind reads the number that begins behind a size, before the next one.
// The count must end before the next size, or "M 2 L" would give L's count to M.
func countBehind(tokens []token.Token, at, end int) int {
	if at < end && behindSize[tokens[at].Text] {
		at++
	}
	if at >= end {
		return 0
	}
	if v, n := token.Numeral(tokens, at); n > 0 && at+n <= end && v > 0 && v <= maxQuantity {
		return int(v)
	}
	return 0
}
