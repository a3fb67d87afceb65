package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Some of several that are on the order get another size: "badilisha jeans moja iwe 34", "size 34
// moja badala ya zote 32". All of them got it, or one was left of two.

// A partSize is a size that some of a line are to have.
type partSize struct {
	line  int // of the order
	size  string
	count int
}

const (
	// partCounts count some of several, and partLinks may stand between a count and its size.
	partCounts = `one|mmoja|moja|1|two|mbili|2|three|tatu|3|four|nne|4|(?:the )?other(?: one)?|(?:the )?second(?: one)?|` +
		`(?:moja )?(?:nyingine|ingine|lingine)|ya pili`
	partLinks = `of|the|them|these|those|my|kati|ya|za|la|wa|yao|zao|yake|hizo|hiyo|zile|ile|pair|pairs|ones?|from|to|be|in|into|` +
		`should|must|is|as|a|an|size|saizi|namba|number|iwe|liwe|awe|yawe|viwe|ziwe|kuwa|ni|both|two|mbili|zote|for|instead|pls|please|nipe|nipeni|niwekee|weka|wekea|nataka|naomba|give|me|want|get`
)

var (
	// partChange says that something on the order becomes another thing.
	partChange = regexp.MustCompile(`(?i)\b(?:make|change|switch|swap|replace|exchange|badilisha\w*|nibadilishie\w*|badili|fanya|badala|instead|` +
		`iwe|liwe|awe|yawe|viwe|ziwe|should be|must be|to be|(?:of|kati ya) (?:them|those|these|the|my|hizo|zile)|kati yao)\b`)
	// partWhole stands in front of a count that is of all: "iwe moja", "just one".
	partWhole = regexp.MustCompile(`(?i)\b(?:iwe|liwe|ziwe|yawe|viwe|be|it|them|to|into|just|only|tu|have|need)\s+$`)
	// notAllOf stands behind a size and its count where not all are to have it: "badala ya zote 32".
	notAllOf = regexp.MustCompile(`(?i)^\s*(?:(` + partCounts + `)\s+)?(?:tu\s+|only\s+)?(?:badala ya|instead of|rather than|not|sio|siyo|si)\s+` +
		`(?:the\s+)?(?:zote|both|all|two|mbili|hizo mbili|zote mbili)\b`)
	// partBefore is a count at the end of a text, with a name or size between them that is masked.
	partBefore = regexp.MustCompile(`(?i)\b(` + partCounts + `)((?:\s+(?:` + partLinks + `|#+))*)\s*$`)
)

// partsSized are the sizes that the message gives to some of a line. There are none where it gives
// none, or where the line could be another one.
func (t *turn) partsSized() (parts []partSize) {
	p, o := &t.p, t.next.Order
	if o == nil || len(p.reading.Words) > maxEditWords || !partChange.MatchString(p.text) {
		return nil
	}
	for i, l := range o.Lines {
		product := t.k.product[l.Product]
		if product == nil || l.Size == "" || l.Quantity < 2 || !t.mayMeanLine(l) {
			continue
		}
		left := l.Quantity
		for _, size := range product.Sizes {
			for _, at := range sizeAt(p.text, size) {
				if strings.EqualFold(size, l.Size) || p.sizeOffAt(at, l.Product) {
					continue
				}
				if n := t.partCount(at, at+len(size), l); n > 0 {
					parts = append(parts, partSize{line: i, size: size, count: n})
					left -= n
				}
			}
		}
		if left < 0 {
			return nil
		}
	}
	if len(parts) == 0 || parts[0].line != parts[len(parts)-1].line || len(o.Lines)+len(parts) > maxLines {
		return nil // of two lines nobody knows which
	}
	return parts
}

// ofSizes reports whether both numbers of a correction are sizes of something on the order, and
// none is how many of it there are.
func (t *turn) ofSizes(c correction) bool {
	return slices.ContainsFunc(t.basket().Lines, func(l Line) bool {
		p := t.k.product[l.Product]
		return p != nil && l.Size == c.not && slices.Contains(p.Sizes, c.meant)
	})
}

// mayMeanLine reports whether a size in the message may be of a line: it names the product, or
// nothing that comes in sizes.
func (t *turn) mayMeanLine(l Line) bool {
	sized := false
	for _, m := range t.p.products {
		if m.ID == l.Product || slices.Contains(m.Others, l.Product) {
			return true
		}
		p := t.k.product[m.ID]
		sized = sized || p != nil && len(p.Sizes) > 1
	}
	return !sized
}

// partCount is how many of a line are to have the size between two places of the message, 0 if all or
// nobody knows.
func (t *turn) partCount(at, end int, l Line) int {
	from, to := sentenceAround(t.p.text, at, end)
	sentence := t.p.text[from:to]
	if !partChange.MatchString(sentence) || anyIn(split(sentence), addWords) {
		return 0
	}
	word := ""
	if m := partBefore.FindStringSubmatchIndex(t.masked(from, at, l)); m != nil {
		word = t.p.text[from+m[2] : from+m[3]]
		if partWhole.MatchString(t.p.text[from : from+m[2]]) {
			word = ""
		}
	}
	if m := notAllOf.FindStringSubmatch(t.p.text[end:to]); m != nil && word == "" {
		word = m[1]
	}
	n := 0
	if said := numbersSaid(word); len(said) > 0 {
		n = int(said[0])
	} else if word != "" && l.Quantity == 2 {
		n = 1 // the other one
	}
	if n >= l.Quantity {
		return 0
	}
	return n
}

// masked is a span of the message in which the names of a line's product and its size are marked.
func (t *turn) masked(from, to int, l Line) string {
	text := []byte(t.p.text)
	mark := func(a, b int) {
		for i := max(a, 0); i < min(b, len(text)); i++ {
			text[i] = '#'
		}
	}
	for _, m := range t.p.products {
		if m.ID == l.Product || slices.Contains(m.Others, l.Product) {
			// A count within the name stays one.
			for _, w := range wordAt.FindAllStringIndex(t.p.text[max(m.Start, 0):min(m.End, len(text))], maxEdits) {
				if word := t.p.text[m.Start+w[0] : m.Start+w[1]]; len(numbersSaid(word)) == 0 {
					mark(m.Start+w[0], m.Start+w[1])
				}
			}
		}
	}
	for _, at := range sizeAt(t.p.text, l.Size) {
		mark(at, at+len(l.Size))
	}
	return string(text[from:to])
}

// sizesPart gives a size to some of a line, and reports whether the message says so. The others
// stay as they are.
func (t *turn) sizesPart() bool {
	parts, o := t.partsSized(), t.next.Order
	if len(parts) == 0 {
		return false
	}
	line := parts[0].line
	id := o.Lines[line].Product
	next := line + 1
	for _, part := range parts {
		some := o.Lines[line]
		o.Lines[line].Quantity -= part.count
		some.Size, some.Quantity, some.Guessed = part.size, part.count, false
		i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.Product == id && l.Size == part.size })
		if i >= 0 {
			o.Lines[i].Quantity += part.count
		} else {
			i = next
			o.Lines = slices.Insert(o.Lines, i, some)
			next++
		}
		t.limitToStock(i)
	}
	o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool { return l.Product == id && l.Quantity == 0 })
	t.speakOf(id, "")
	t.p.products = slices.DeleteFunc(t.p.products, func(m entity.NameMatch) bool {
		return m.ID == id || slices.Contains(m.Others, id)
	})
	return true
}
