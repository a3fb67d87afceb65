package reply

import (
	"slices"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// onlyWords say that nothing else of it is wanted: "moja tu ya L".
var onlyWords = keywords("tu, only, just, pekee, peke yake")

// sizesOf are the sizes of a product that the message wants, each with its count. Of several
// products each has those up to the next one's name.
func (t *turn) sizesOf(m entity.NameMatch) []entity.SizeCount {
	p := t.k.product[m.ID]
	if p == nil || len(p.Sizes) == 0 {
		return nil
	}
	from, to := 0, len(t.p.text)
	if len(t.p.products) > 1 {
		from = m.Start
		for _, other := range t.p.products {
			if other.Start > m.Start && other.Start < to {
				to = other.Start
			}
		}
	}
	return entity.SizeCounts(t.p.text[from:to], p.Sizes)
}

// sizedProduct is the product whose sizes a message without a name may say: the one that was
// spoken of last, else the only one on the order that has sizes.
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

// sizesTold are the sizes that a message without a product's name says.
func (t *turn) sizesTold() []entity.SizeCount {
	if len(t.p.products) > 0 {
		return nil
	}
	return t.sizesOf(entity.NameMatch{ID: t.sizedProduct()})
}

// addSizes puts several sizes of one product on the order, a line for each.
func (t *turn) addSizes(m entity.NameMatch) bool {
	counts := t.sizesOf(m)
	if len(counts) < 2 {
		return false
	}
	o := t.next.Order
	replaces := t.p.has(actChange) || t.p.cued(cueInstead) || anyIn(t.p.reading.Words, onlyWords)
	o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool {
		return l.Product == m.ID && (replaces || l.Size == "")
	})
	for _, c := range counts {
		t.addLine(entity.NameMatch{ID: m.ID, Size: c.Size, Quantity: max(1, c.Count), Exact: true})
	}
	return true
}

// fillSizes takes sizes that came without a product's name: "moja L na moja XL", "iwe moja tu ya
// L", "badilisha size iwe M".
func (t *turn) fillSizes() bool {
	counts, o := t.sizesTold(), t.next.Order
	if len(counts) == 0 {
		return false
	}
	id, c := t.sizedProduct(), counts[0]
	of := func(l Line) bool { return l.Product == id }
	same := slices.IndexFunc(o.Lines, func(l Line) bool { return of(l) && l.Size == c.Size })
	first := slices.IndexFunc(o.Lines, of)
	several := first >= 0 && slices.ContainsFunc(o.Lines[first+1:], of)
	switch {
	case t.p.cued(cueRemove) && same >= 0:
		o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool {
			return of(l) && slices.ContainsFunc(counts, func(c entity.SizeCount) bool { return c.Size == l.Size })
		})
		t.tell("order.removed", "name", t.k.nameOf(id, t.say)+" ("+c.Size+")")
		if len(o.Lines) == 0 {
			t.tell("order.empty")
		}
	case len(counts) > 1:
		return t.addSizes(entity.NameMatch{ID: id})
	case first >= 0 && anyIn(t.p.reading.Words, onlyWords):
		o.Lines[first].Size = c.Size
		t.setLine(first, c.Count)
		for i := len(o.Lines) - 1; i > first; i-- {
			if of(o.Lines[i]) {
				o.Lines = slices.Delete(o.Lines, i, i+1)
			}
		}
	case t.p.cued(cueAdd) && c.Count > 0:
		t.addLine(entity.NameMatch{ID: id, Size: c.Size, Quantity: c.Count})
	case same >= 0:
		t.setLine(same, c.Count)
	case first >= 0 && !several:
		o.Lines[first].Size = c.Size
		t.setLine(first, max(c.Count, t.countSaid()))
	case c.Count > 0:
		t.addLine(entity.NameMatch{ID: id, Size: c.Size, Quantity: c.Count})
	default:
		return false
	}
	return true
}

// setLine sets the quantity of a line, if one was said.
func (t *turn) setLine(i, count int) {
	if count > 0 {
		t.next.Order.Lines[i].Quantity, t.next.Order.Lines[i].Guessed = count, false
	}
	t.limitToStock(i)
}
