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
	beforeSize = set("tu only just ya za wa size saizi sz x of in the namba cha vya")
	behindSize = set("x - = : ni iwe ziwe")
)

// A sizeAt is a size in a text, by its tokens.
type sizeAt struct {
	size     string
	from, to int
}

// SizeCounts finds the sizes of a product in a text with the count of each: "moja L na moja XL",
// "M 2, L 1". Counts stand before all sizes or behind all of them. One number before several
// sizes, of which it is the number, is how many they are together.
func SizeCounts(text string, sizes []string) []SizeCount {
	tokens := token.Split(text)
	tokens = tokens[:min(len(tokens), maxNameTokens)]
	found := findSizes(tokens, sizes)
	if len(found) == 0 {
		return nil
	}
	before := countBefore(tokens, found[0].from, 0) > 0
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
		if !slices.ContainsFunc(all, func(o SizeCount) bool { return o.Size == c.Size }) {
			all = append(all, c)
		}
	}
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
