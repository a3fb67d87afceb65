package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// sameDrop reports whether two orders go to one place, are paid in one way, and have one note.
func (o *Basket) sameDrop(other *Basket) bool {
	return o.How == other.How && o.Area == other.Area && o.Address == other.Address &&
		o.Payment == other.Payment && o.Note == other.Note
}

// sameAs reports whether two lines tell the customer the same.
func (l Line) sameAs(other Line) bool {
	// The mark is not shown, so a line that differs only in it was told already.
	l.Guessed, other.Guessed = false, false
	return l == other
}

// limitToStock lowers the quantity of a line to what is left.
func (t *turn) limitToStock(i int) {
	l := &t.next.Order.Lines[i]
	// The bound comes first: a number of a phone that was read as a count would overflow the total.
	l.Quantity = min(l.Quantity, maxQuantity)
	p := t.k.product[l.Product]
	if p == nil || p.Stock == nil || l.Quantity <= *p.Stock {
		return
	}
	l.Quantity = *p.Stock
	t.tell("product.few", "name", p.Name.In(t.say.language), "count", thousands(int64(*p.Stock)))
}

// sizeIn finds a size of a product in words: those given, else those of the message.
func (t *turn) sizeIn(id, text string) string {
	p := t.k.product[id]
	if p == nil || len(p.Sizes) == 0 {
		return ""
	}
	words := t.p.reading.Words
	if text != "" {
		words = split(text)
	}
	found := ""
	for _, size := range p.Sizes {
		// The longest counts: "10" is in "10 kg" too.
		if containsRun(words, split(size)) && len(size) > len(found) {
			found = size
		}
	}
	return found
}

// sizeNear finds the size of a product in the message: anywhere, or in front of the next product if
// there are several. In "shirt L na viatu 42" each has its own.
func (t *turn) sizeNear(m entity.NameMatch) string {
	if size, ok := t.sizeKept(m.ID); ok {
		return size
	}
	// With one product a size may stand anywhere, also in front of the name.
	if len(t.p.products) < 2 {
		return t.sizeIn(m.ID, "")
	}
	end := len(t.p.text)
	for _, other := range t.p.products {
		end = endBefore(m, other, end)
	}
	if m.Start >= end {
		return ""
	}
	return t.sizeIn(m.ID, t.p.text[m.Start:end])
}

// containsRun reports whether words has all of run side by side.
// An empty run is in nothing, or a size without words would be in every message.
func containsRun(words, run []string) bool {
	for i := 0; len(run) > 0 && i+len(run) <= len(words); i++ {
		if slices.Equal(words[i:i+len(run)], run) {
			return true
		}
	}
	return false
}

// takeOff takes a product off the order, or as many of it as were said: "remove one bag of rice" of
// two leaves one.
func (t *turn) takeOff(m entity.NameMatch) {
	o := t.next.Order
	// Whichever pack of it is on the order: who takes rice off names no pack.
	ids := append([]string{m.ID}, m.Others...)
	if p := t.k.product[m.ID]; p != nil {
		for _, other := range t.packsOf(p) {
			ids = append(ids, other.ID)
		}
	}
	for _, id := range ids {
		i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.Product == id })
		if i < 0 {
			continue
		}
		// "Cancel the two bags" of three takes off the line, as whoever cancels a thing does not
		// count it.
		if n := m.Quantity; n > 0 && n < o.Lines[i].Quantity && !t.p.has(actCancel) {
			o.Lines[i].Quantity, o.Lines[i].Guessed = o.Lines[i].Quantity-n, false
			return
		}
		t.removeLine(id)
		return
	}
}

// sellsBy reports whether a product comes in a unit that counts packs, such as a sack. A unit that
// weighs or measures is for [turn.packs] to say, and a piece is what every product comes in.
func (t *turn) sellsBy(id, unit string) bool {
	p := t.k.product[id]
	if p == nil || !slices.Contains(bigUnits, unit) {
		return true
	}
	for _, name := range namesOf(p.Name, p.Aliases) {
		for _, w := range split(name) {
			if entity.UnitOf(w) == unit {
				return true
			}
		}
	}
	return false
}

// removeLine takes a product off the order, with all its sizes, and says so. Without the word of
// it customers repeated the removal, and took off what they had put on meanwhile.
func (t *turn) removeLine(id string) {
	o := t.next.Order
	before := len(o.Lines)
	o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool { return l.Product == id })
	if len(o.Lines) < before {
		t.tell("order.removed", "name", t.k.nameOf(id, t.say))
	}
	if len(o.Lines) == 0 {
		t.tell("order.empty")
	}
}

// setSize takes a size that came without a name for the line that was spoken of last. A size that
// the product does not have is none: the question for it stays open.
func (t *turn) setSize() {
	for i := range t.next.Order.Lines {
		if l := &t.next.Order.Lines[i]; l.Product == t.next.Topic {
			if size := t.sizeIn(l.Product, ""); size != "" {
				l.Size = size
			}
		}
	}
}

// setCount takes a number that came without a name for the line that was spoken of last, or for the
// only one. Where several could be meant it asks, for a count on the wrong line is paid for.
func (t *turn) setCount(n int) {
	o := t.next.Order
	id := t.next.Topic
	// The open question says which line is meant, whatever was spoken of since.
	if a := t.next.Ask; a.For == askQuantity && a.About != "" {
		id = a.About
	}
	i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.Product == id })
	switch {
	case i < 0 && t.k.product[id] != nil:
		t.addLine(entity.NameMatch{ID: id, Quantity: n})
	// The number is kept with the question, so that the customer need not say it twice.
	case i < 0 && len(o.Lines) > 1:
		var options []Option
		for _, l := range firstOf(o.Lines, min(len(o.Lines), maxOptions)) {
			options = append(options, Option{Do: doProduct, Value: l.Product, Label: t.lineText(l)})
		}
		t.askOf(Ask{For: askProduct, About: strconv.Itoa(n)}, options, "order.which")
		t.unsettled = true
	case i < 0 && len(o.Lines) == 1:
		i = 0
		fallthrough
	case i >= 0:
		o.Lines[i].Quantity, o.Lines[i].Guessed = n, false
		t.limitToStock(i)
	}
}

// lineText is a line as it is read back: "2 × Shirt (M): TSh 40,000". A price that was not told is
// left out with its mark.
func (t *turn) lineText(l Line) string {
	name := t.k.nameOf(l.Product, t.say)
	if l.Size != "" {
		name += " (" + l.Size + ")"
	}
	price := "?"
	if p := t.k.product[l.Product]; p != nil && p.Price > 0 {
		price = t.k.money(p.Price * int64(l.Quantity))
	}
	return strings.TrimSuffix(t.say.first("order.line",
		"count", thousands(int64(l.Quantity)), "name", name, "price", price), ": ?")
}

// lineTotal is what the lines come to, in the currency of the profile. ok is false if a price was
// not told.
func (t *turn) lineTotal() (total int64, ok bool) {
	ok = true
	for _, l := range t.next.Order.Lines {
		p := t.k.product[l.Product]
		if p == nil || p.Price == 0 {
			// The loop goes on: the sum of what is known is of no use, and the callers look at ok.
			ok = false
			continue
		}
		total += p.Price * int64(l.Quantity)
	}
	return total, ok
}

// orderLines are the lines as facts. Name and price are those of now: a later change of the profile
// must not change what was agreed to.
func (t *turn) orderLines() []flowhq.OrderLine {
	var lines []flowhq.OrderLine
	for _, l := range t.next.Order.Lines {
		line := flowhq.OrderLine{
			Product: l.Product, Name: t.k.nameOf(l.Product, t.say),
			Size: l.Size, Quantity: l.Quantity,
		}
		if p := t.k.product[l.Product]; p != nil {
			line.Price = p.Price
		}
		lines = append(lines, line)
	}
	return lines
}

// setsTo stands behind what is to be so many in all: "sukari iwe kilo 3".
var setsTo = regexp.MustCompile(`(?i)^\s*(?:jumla\s+)?(?:iwe|ziwe|uwe|liwe|yawe|viwe|to be|should be|be|in total|in all)\b`)

// addsTo reports whether a product comes on top of what is on the order: its own sentence says so, and
// not that it is to be so many. "I'll take 2 trays. Also do you have bananas?" has two trays in all.
func (t *turn) addsTo(m entity.NameMatch) bool {
	p := &t.p
	// "Add 1 bread and make the beans 2kg" adds no beans.
	if makesBefore.MatchString(p.text[:max(0, min(m.Start, len(p.text)))]) {
		return false
	}
	if !p.cued(cueAdd) || m.Start < 0 || m.End > len(p.text) || m.Start >= m.End {
		return p.cued(cueAdd)
	}
	return !setsTo.MatchString(p.text[m.End:]) &&
		(anyIn(split(pieceAround(p.text, m.Start, m.End)), addCues) || t.addedInList(m))
}

// addedInList reports whether the words for more stand in front of a list that the product is in.
func (t *turn) addedInList(m entity.NameMatch) bool {
	from := strings.LastIndexAny(t.p.text[:m.Start], ".!?\n") + 1
	return anyIn(split(t.p.text[from:m.Start]), addCues)
}

var addCues = cueWords(cueAdd)

// makesBefore stands in front of what gets another count.
var makesBefore = regexp.MustCompile(`(?i)\b(?:make|change)\s+(?:the\s+|my\s+|those\s+)?$`)
