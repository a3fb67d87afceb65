package reply

import (
	"regexp"
	"slices"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Two packs of one thing on an order have one name, and the size of the pack tells them apart: "toa
// hiyo ya kilo 1, iwe tu mfuko wa kilo 5" took off the bag.

// packAt is the product on the order that comes in packs of an amount, "" if none or several do.
func (t *turn) packAt(q entity.Quantity) string {
	found := ""
	for _, l := range t.next.Order.Lines {
		p := t.k.product[l.Product]
		if p == nil || len(t.packsOf(p)) < 2 {
			continue
		}
		pack, ok := packOf(p)
		if said := inUnit(q); !ok || pack.Value != said.Value || pack.Unit != said.Unit {
			continue
		}
		if found != "" && found != l.Product {
			return ""
		}
		found = l.Product
	}
	return found
}

// packsOff are the products on the order whose packs the message takes off, where another pack of the
// same thing stays or is named.
func (t *turn) packsOff() (off []string) {
	p, o := &t.p, t.next.Order
	if o == nil || len(o.Lines) == 0 || p.asks || len(p.reading.Words) > maxEditWords {
		return nil
	}
	for _, q := range p.entities.Quantities {
		if !isMeasure(q.Unit) {
			continue
		}
		if id := t.packAt(q); id != "" && t.packOffAt(q, id) && t.otherPackStays(id) {
			off = append(off, id)
		}
	}
	return off
}

// packOffAt reports whether the message takes off the pack that it names by an amount.
func (t *turn) packOffAt(q entity.Quantity, id string) bool {
	p := &t.p
	if p.sizeOffAt(q.Start, id) || packOffBehind.MatchString(p.text[q.End:]) {
		return true
	}
	// "Toa mchele wa kilo 1": the name that stands between may be of each pack.
	return slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
		return m.Start >= 0 && m.Start < q.Start &&
			(m.End >= q.Start || sizeMark.MatchString(p.text[m.End:q.Start])) &&
			(m.ID == id || t.samePack(m.ID, id)) && sizeOff.MatchString(p.text[:m.Start])
	})
}

// packOffBehind stands behind a pack that is not wanted: "ya kilo 1 toa".
var packOffBehind = regexp.MustCompile(`(?i)^\s*(?:one|ones|moja)?\s*(?:(?:hiyo|ile)\s+)?(?:toa|utoe|mtoe|itoe|iondoe|ondoa|sitaki|` +
	`siitaki|remove|take off|usiweke|futa)(?:\s*$|[\s,.;!]+(?:na|and|but|ila|just|only|keep|iwe|weka|ibaki)\b|[,.;!])`)

// otherPackStays reports whether another pack of a thing is on the order, or is named beside it.
func (t *turn) otherPackStays(id string) bool {
	for _, l := range t.next.Order.Lines {
		if l.Product != id && t.samePack(l.Product, id) {
			return true
		}
	}
	return slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool {
		return m.ID != id && t.samePack(m.ID, id) && t.p.editOf(m) != editOff
	})
}

// editPacks takes the lines off whose packs are not wanted any more, and reports whether there are
// such. What the message says of the packs that stay is how it names them.
func (t *turn) editPacks() bool {
	p := &t.p
	off := t.packsOff()
	for _, id := range off {
		t.removeLine(id)
		p.products = slices.DeleteFunc(p.products, func(m entity.NameMatch) bool {
			stays := m.ID != id && t.hasPieces(m.ID) && (m.Quantity < 2 || isMeasure(m.Amount.Unit))
			return m.ID == id || stays && t.samePack(m.ID, id) || len(m.Others) > 0 &&
				slices.Contains(m.Others, id)
		})
	}
	t.packsLeft = off
	return len(off) > 0
}

// keepsPack reports whether a part of a message only says which pack stays, where another one was
// taken off: "iwe tu mfuko wa kilo 5".
func (t *turn) keepsPack(text string) bool {
	if t.next.Order == nil {
		return false
	}
	if len(t.packsLeft) == 0 {
		return t.packSettled(text)
	}
	left := func(id string) bool {
		return t.hasPieces(id) &&
			slices.ContainsFunc(t.packsLeft, func(off string) bool { return t.samePack(off, id) })
	}
	return slices.ContainsFunc(t.named(t.k.products, text), func(m entity.NameMatch) bool {
		return left(m.ID) || slices.ContainsFunc(m.Others, left)
	}) || slices.ContainsFunc(entity.Find(text).Quantities, func(q entity.Quantity) bool {
		return isMeasure(q.Unit) && left(t.packAt(q))
	})
}

// packSettled reports whether a part of a message takes off a pack that is not on the order, or
// wants only the one that is.
func (t *turn) packSettled(text string) bool {
	words := split(text)
	if len(words) > maxNaming+2 || len(t.next.Order.Lines) == 0 {
		return false
	}
	for _, q := range entity.Find(text).Quantities {
		if !isMeasure(q.Unit) {
			continue
		}
		on := t.packAt(q) != ""
		return on && anyIn(words, onlyWords) || !on && sizeOff.MatchString(text[:q.Start])
	}
	return false
}

// bagWords are of a large pack.
var bagWords = keywords("mfuko, bag, dumu, can, gunia, sack, jerrycan")

// namesPackNotOn reports whether the message names a large pack by its size, where only another
// pack of the thing is on the order: the five kilos of rice stay where "the 5 kg bag" is gone
// already.
func (t *turn) namesPackNotOn(m entity.NameMatch) bool {
	p := t.k.product[m.ID]
	if p == nil || !anyIn(t.p.reading.Words, bagWords) ||
		!anyIn(split(p.Name.EN+" "+p.Name.SW), bagWords) ||
		slices.ContainsFunc(t.next.Order.Lines, func(l Line) bool { return l.Product == m.ID }) {
		return false
	}
	pack, ok := packOf(p)
	return ok && slices.ContainsFunc(t.p.entities.Quantities, func(q entity.Quantity) bool {
		said := inUnit(q)
		return said.Value == pack.Value && said.Unit == pack.Unit
	})
}

// saysAnew reports whether the message names a thing in another amount than it was ordered in, and
// does not put it beside that: "niwekee kilo 5 za mchele", where there is a kilo on the order.
func (t *turn) saysAnew(m entity.NameMatch) bool {
	o := t.in.State.Order
	if o == nil || !isMeasure(m.Amount.Unit) || t.addsTo(m) || t.p.cued(cueAdd) ||
		m.Start > 0 && m.Start <= len(t.p.text) &&
			oneMore.MatchString(t.p.text[:min(m.Start, max(m.Amount.Start, 0))]) {
		return false
	}
	return slices.ContainsFunc(o.Lines, func(l Line) bool { return t.samePack(l.Product, m.ID) }) &&
		!slices.ContainsFunc(t.p.products, func(other entity.NameMatch) bool {
			return other.ID != m.ID && other.Place != m.Place && t.samePack(other.ID, m.ID) &&
				other.Quantity > 0
		})
}

// oneMore stands at the end of what is in front of one thing more.
var oneMore = regexp.MustCompile(`(?i)(?:^|\s)(?:na|and|plus|pia|also)\s*(?:\pL+\s+)?$`)

// countedElsewhere reports whether a name without an amount, or no more than a pack, is in the
// message once more with its count: "mchele nautaka, niwekee kilo 5 za mchele", "you left out the
// water. 2 of the 12 litre".
func (t *turn) countedElsewhere(m entity.NameMatch) bool {
	only := m.Start >= 0 && m.End <= len(t.p.text) && m.Start < m.End &&
		bareName(t.p.text[m.Start:m.End]) == ""
	bare := m.Quantity == 0 && m.Amount.Value == 0
	return (bare || only) && slices.ContainsFunc(t.p.products, func(other entity.NameMatch) bool {
		return other.Place != m.Place && other.Quantity > 0 && (bare || !isMeasure(other.Amount.Unit)) &&
			(other.ID == m.ID || t.samePack(other.ID, m.ID))
	})
}
