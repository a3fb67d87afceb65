package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// onlyWords say that nothing else of it is wanted: "moja tu ya L". The lines of other sizes then
// go. Without such a word "moja ya L" comes beside these.
var onlyWords = keywords("tu, only, just, pekee, peke yake")

// sizesOf are the sizes of a product that the message wants, each with its count. Of several
// products each has those up to the next one's name. Up to the next name, as "shirt L na viatu 42"
// would else give the shirt a 42 where it has one.
func (t *turn) sizesOf(m entity.NameMatch) []entity.SizeCount {
	p := t.k.product[m.ID]
	if p == nil || len(p.Sizes) == 0 {
		return nil
	}
	from, to := 0, len(t.p.text)
	if len(t.p.products) > 1 {
		from = m.Start
		for _, other := range t.p.products {
			to = endBefore(m, other, to)
		}
	}
	return entity.SizeCounts(t.p.text[from:to], p.Sizes)
}

// endBefore is where what is said of a product ends, if another one follows it: before the other's
// name, or before a size that stands in front of that name, as in "gauni M na L ya shati".
func endBefore(m, other entity.NameMatch, end int) int {
	if other.Start <= m.Start {
		return end
	}
	if at := other.SizeAt; at.End > 0 && at.Start > m.Start {
		end = min(end, at.Start)
	}
	return min(end, other.Start)
}

// sizedProduct is the product whose sizes a message without a name may say: the one that was
// spoken of last, else the only one on the order that has sizes. Two products with sizes on the
// order leave it open whose size is meant, and nothing is taken.
func (t *turn) sizedProduct() string {
	if p := t.k.product[t.next.Topic]; p != nil && len(p.Sizes) > 1 {
		return p.ID
	}
	if t.next.Order == nil {
		return ""
	}
	found := ""
	for _, l := range t.next.Order.Lines {
		p := t.k.product[l.Product]
		// A product with a single size never needs it said.
		switch {
		case p == nil || len(p.Sizes) < 2 || l.Product == found:
		case found != "":
			return ""
		default:
			found = l.Product
		}
	}
	return found
}

// sizesTold are the sizes that a message without a product's name says. With a name in it, addLines
// reads the sizes beside the name.
func (t *turn) sizesTold() []entity.SizeCount {
	if len(t.p.products) > 0 {
		return nil
	}
	// "Not L, XL" made one of each.
	return slices.DeleteFunc(t.sizesOf(entity.NameMatch{ID: t.sizedProduct()}),
		func(c entity.SizeCount) bool {
			return slices.ContainsFunc(noSize.FindAllStringSubmatch(t.p.text, maxEdits),
				func(m []string) bool {
					return strings.EqualFold(m[1], c.Size)
				})
		})
}

// noSize finds a size that is taken back.
var noSize = regexp.MustCompile(`(?i)\b(?:not|no|sio|siyo|si|bado(?: ni| iko| ipo)?|still(?: in| a| at)?)\s+(?:(?:size|saizi|the|` +
	`ya)\s+)?([0-9a-z]{1,4})\b`)

// addSizes puts several sizes of one product on the order, a line for each. "L mbili na XL moja"
// became one line of three. It is false for fewer than two sizes, which addLine takes by itself.
func (t *turn) addSizes(m entity.NameMatch) bool {
	counts := t.sizesOf(m)
	if len(counts) < 2 {
		return false
	}
	o := t.next.Order
	t.countFirst(m, counts)
	// "20 t-shirts, size M and L" does not say how many of each, and neither does "6 za M na L".
	counted := slices.DeleteFunc(slices.Clone(counts), func(c entity.SizeCount) bool { return c.Count == 0 })
	if len(counted) == 0 || len(counted) == 1 && counted[0].Count == m.Quantity &&
		sharedSizes.MatchString(t.p.text) {
		if m.Quantity > len(counts) {
			t.addUnsized(m, counts)
			return true
		}
		for i := range counts {
			counts[i].Count = 0
		}
	}
	// A change replaces what is there, and anything else adds to it.
	replaces := t.p.has(actChange) || t.p.cued(cueInstead) || anyIn(t.p.reading.Words, onlyWords)
	o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool {
		// A line without a size waited for just this message.
		return l.Product == m.ID && (replaces || l.Size == "")
	})
	for _, c := range counts {
		// A size that is said counts at least once.
		t.addLine(entity.NameMatch{ID: m.ID, Size: c.Size, Quantity: max(1, c.Count), Exact: true})
	}
	return true
}

// countFirst gives the number of the product to the first size, where the others have numbers of
// their own: "2 shirts M and 1 L". In "3 shirts: M and 2 L" it is the number of all.
func (t *turn) countFirst(m entity.NameMatch, counts []entity.SizeCount) {
	rest := 0
	for _, c := range counts[1:] {
		if rest += c.Count; c.Count == 0 {
			return
		}
	}
	if counts[0].Count > 0 || m.Quantity < 1 || m.End < 0 || m.End > len(t.p.text) {
		return
	}
	counts[0].Count = m.Quantity
	if strings.HasPrefix(strings.TrimLeft(t.p.text[m.End:], " "), ",") ||
		strings.HasPrefix(strings.TrimLeft(t.p.text[m.End:], " "), ":") {
		counts[0].Count = max(1, m.Quantity-rest)
	}
}

// sharedSizes finds sizes that share the number in front of them.
var sharedSizes = regexp.MustCompile(`(?i)(?:\d|\pL)\s+(?:za|of|in|sizes?|saizi)\s+[0-9a-z]{1,4}\s*(?:,|na|and|&)\s*[0-9a-z]{1,4}\b`)

// addUnsized puts so many of a product on the order of which only is known that they are in some
// sizes.
func (t *turn) addUnsized(m entity.NameMatch, counts []entity.SizeCount) {
	o := t.next.Order
	o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool { return l.Product == m.ID })
	o.Lines = append(o.Lines, Line{Product: m.ID, Quantity: m.Quantity})
	t.speakOf(m.ID, "")
	t.next.Sizes = nil
	for _, c := range counts {
		t.next.Sizes = append(t.next.Sizes, c.Size)
	}
}

// eachOf finds how many of each are wanted: "10 each", "kila saizi 10". Group 1 or 2 is the number.
var eachOf = regexp.MustCompile(`(?i)\b(\d{1,3}|one|two|three|four|five|six|ten|moja|mbili|tatu|nne|tano|sita|kumi)\s+(?:of )?each\b|` +
	`\bkila (?:moja|mojawapo|saizi|size|rangi)\s+(\d{1,3}|moja|mbili|tatu|nne|tano|sita|kumi)\b`)

// eachLead are words beside such a number.
var eachLead = keywords("each, kila")

// takesEach takes so many of each size, and reports whether the message says that of an order.
func (t *turn) takesEach() bool {
	o := t.next.Order
	if o == nil || len(o.Lines) == 0 || t.p.names() || t.p.asks || !anyIn(t.p.reading.Words, eachLead) {
		return false
	}
	found := eachOf.FindStringSubmatch(t.p.text)
	if found == nil {
		return false
	}
	said := numbersSaid(found[1] + found[2])
	id := o.Lines[len(o.Lines)-1].Product
	if len(said) != 1 || within(int(said[0])) == 0 {
		return false
	}
	var lines []Line
	for _, size := range t.next.Sizes {
		lines = append(lines, Line{Product: id, Size: size, Quantity: int(said[0])})
	}
	open := slices.ContainsFunc(o.Lines, func(l Line) bool { return l.Product == id && l.Size == "" })
	if !open || len(lines) < 2 {
		lines = nil
		for _, l := range o.Lines {
			if l.Product == id {
				l.Quantity, l.Guessed = int(said[0]), false
				lines = append(lines, l)
			}
		}
	}
	if len(lines) < 2 {
		return false
	}
	before, place := slices.Clone(o.Lines), len(t.said)
	o.Lines = append(slices.DeleteFunc(o.Lines, func(l Line) bool { return l.Product == id }), lines...)
	o.At, t.next.Sizes = t.in.Message.At, nil
	t.did(actOrder)
	t.keepOrderWishes()
	t.tellBulk(before)
	t.continueOrder()
	t.tellAdded(before, place)
	return true
}

// fillSizes takes sizes that came without a product's name: "moja L na moja XL", "iwe moja tu ya
// L", "badilisha size iwe M". The cases go from what is certain, a removal, to what is a guess.
// False leaves the message to the reading of bare counts.
func (t *turn) fillSizes() bool {
	counts, o := t.sizesTold(), t.next.Order
	if len(counts) == 0 {
		return false
	}
	id, c := t.sizedProduct(), counts[0]
	of := func(l Line) bool { return l.Product == id }
	// same is the line of that size, first any line of the product, several says that there are
	// more.
	same := slices.IndexFunc(o.Lines, func(l Line) bool { return of(l) && l.Size == c.Size })
	first := slices.IndexFunc(o.Lines, of)
	several := first >= 0 && slices.ContainsFunc(o.Lines[first+1:], of)
	switch {
	case t.p.cued(cueRemove) && same >= 0:
		o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool {
			return of(l) && slices.ContainsFunc(counts, func(c entity.SizeCount) bool {
				return c.Size == l.Size
			})
		})
		t.tell("order.removed", "name", t.k.nameOf(id, t.say)+" ("+c.Size+")")
		// The question that follows asks what to order instead.
		if len(o.Lines) == 0 {
			t.tell("order.empty")
		}
	case len(counts) > 1:
		return t.addSizes(entity.NameMatch{ID: id})
	// "Iwe moja tu ya L": this line stays, the others of the product go.
	case first >= 0 && anyIn(t.p.reading.Words, onlyWords):
		o.Lines[first].Size = c.Size
		t.setLine(first, c.Count)
		// From the end, as each deletion moves the lines behind it.
		for i := len(o.Lines) - 1; i > first; i-- {
			if of(o.Lines[i]) {
				o.Lines = slices.Delete(o.Lines, i, i+1)
			}
		}
	case t.p.cued(cueAdd) && c.Count > 0:
		t.addLine(entity.NameMatch{ID: id, Size: c.Size, Quantity: c.Count})
	case same >= 0:
		t.setLine(same, c.Count)
	case first >= 0 && !several && t.sizesColour(first, c.Size):
	case first >= 0 && !several && t.sizesSome(first, c):
	// One line, another size: the size changes, and the count stays unless it was said.
	case first >= 0 && !several:
		o.Lines[first].Size = c.Size
		t.setLine(first, max(c.Count, t.countSaid()))
	case c.Count > 0:
		t.addLine(entity.NameMatch{ID: id, Size: c.Size, Quantity: c.Count})
	// A size without a count while there are several lines could be for any of them.
	default:
		return false
	}
	return true
}

// someOfThem are some of several that are on the order.
var someOfThem = regexp.MustCompile(`(?i)\b(?:one|1|mm?oja|two|2|mbili)\s+(?:of (?:them|the|those)|kati ya|iwe|liwe|awe|ziwe|to|be)\b|` +
	`\b(?:make|change|badilisha|badili|fanya)\s+(?:one|1|mm?oja|two|2|mbili)\b`)

// sizesSome gives a size to some of a line, and leaves the others as they are: "make one of them
// size M". It reports whether the message says so.
func (t *turn) sizesSome(i int, c entity.SizeCount) bool {
	o := t.next.Order
	l := &o.Lines[i]
	said := numbersSaid(someOfThem.FindString(t.p.text))
	if len(said) != 1 {
		return false
	}
	n := int(said[0])
	if n < 1 || n >= l.Quantity || l.Size == "" || strings.EqualFold(l.Size, c.Size) ||
		len(o.Lines) >= maxLines {
		return false
	}
	some := *l
	some.Size, some.Quantity = c.Size, n
	l.Quantity -= n
	o.Lines = slices.Insert(o.Lines, i+1, some)
	return true
}

// sizesColour gives a size to those of one colour of a line that has several: "nyekundu iwe M" of two
// black ones and a red one. It reports whether the size is only theirs. How many they are the note
// tells; where it does not, the size is left to the owner.
func (t *turn) sizesColour(i int, size string) bool {
	o := t.next.Order
	l := &o.Lines[i]
	said := colourRun.FindString(t.p.text)
	if said == "" || l.Quantity < 2 || strings.EqualFold(l.Size, size) {
		return false
	}
	n := countOfColour(o.Note, split(said))
	if n >= l.Quantity {
		return false
	}
	o.addNote(strings.Trim(t.p.text, " .,!"))
	if n > 0 && len(o.Lines) < maxLines {
		theirs := *l
		theirs.Size, theirs.Quantity = size, n
		l.Quantity -= n
		o.Lines = slices.Insert(o.Lines, i+1, theirs)
	}
	return true
}

// countOfColour is the number that stands before a colour in a note, 0 if none does.
func countOfColour(note string, colours []string) int {
	numbers := entity.Find(note).Numbers
	for _, at := range wordAt.FindAllStringIndex(note, maxEdits) {
		word := strings.Trim(note[at[0]:at[1]], ",.;")
		if !slices.ContainsFunc(colours, func(c string) bool { return sameColour(c, word) }) {
			continue
		}
		for _, n := range slices.Backward(numbers) {
			if n.End <= at[0] {
				return n.Value
			}
		}
	}
	return 0
}

// sameColour reports whether two words are the same colour. Swahili changes the beginning with the
// noun: "nyekundu", "jekundu".
func sameColour(a, b string) bool {
	if a, b = strings.ToLower(a), strings.ToLower(b); a == b {
		return hasWord(colourWords, a)
	}
	const root = 4 // letters of -eusi, -eupe and -kundu
	return len(a) > root && len(b) > root && a[len(a)-root:] == b[len(b)-root:] &&
		hasWord(colourWords, a) && hasWord(colourWords, b)
}

// setLine sets the quantity of a line, if one was said. A number that was said is not guessed: a
// later repetition of the order must not reset it to one.
func (t *turn) setLine(i, count int) {
	if count > 0 {
		t.next.Order.Lines[i].Quantity, t.next.Order.Lines[i].Guessed = count, false
	}
	t.limitToStock(i)
}

// takeSizeBeside takes the size that was asked for and stands in front of what else is ordered:
// "yes L. And a belt".
func (t *turn) takeSizeBeside() {
	a := t.next.Ask
	if a.For != askSize || len(t.p.products) == 0 || t.p.products[0].Start <= 0 ||
		slices.Contains(idsOf(t.p.products), a.About) {
		return
	}
	// In front of the other thing: behind it the size may be of that.
	size := t.sizeIn(a.About, t.p.text[:t.p.products[0].Start])
	for i := range t.next.Order.Lines {
		if l := &t.next.Order.Lines[i]; l.Product == a.About && l.Size == "" && size != "" {
			l.Size = size
		}
	}
}

// sizeMissing says that there is no such size as was answered, and which there are. It is false if
// the message says no size at all.
func (t *turn) sizeMissing(id string) bool {
	if _, asked := t.sizeAsked(id); !asked && !t.p.isChoice || t.p.names() {
		return false
	}
	t.did(actOffer)
	t.tell("product.size_out", "name", t.k.nameOf(id, t.say))
	t.continueOrder()
	return true
}
