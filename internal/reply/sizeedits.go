package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

var (
	// sizeOff stands in front of a size that is not wanted: "badala ya 42", "toa raba za 42", "not
	// L".
	sizeOff = regexp.MustCompile(`(?i)\b(?:badala|instead of|rather than|not|no|sio|siyo|si|toa|` +
		`ondoa|futa|remove|without|drop|` +
		`take off|take out|bila|sitaki|usilete|usiweke|delete|from|kutoka|still|bado ni|bado)\s+(?:(?:the|a|size|` +
		`saizi|ya|za|wa|la|namba|hiyo|ile|one|ones|` +
		`pair|in|of)\s+){0,3}$`)
	// sizeDoubted is a size that may not fit: "L might be big".
	sizeDoubted = regexp.MustCompile(`(?i)^\w{1,4}\s+(?:might be|may be|is|will be|could be|itakuwa|inaweza kuwa|litakuwa|ni)\s+(?:too\s+|very\s+)?` +
		`(?:big|small|large|tight|loose|(?:ku|ma)?kubwa|ndogo|inabana|linabana)\b`)
	// sizeMark is what stands between the name of a product and the size of it.
	sizeMark = regexp.MustCompile(`(?i)^(?:\s+(?:ya|za|wa|la|size|saizi|namba|in|of|the|\())*\s*$`)
)

// A sizeEdit is what a message does with the sizes of one product on the order.
type sizeEdit struct {
	product string
	off     string // not wanted any more
	on      string // in its place, "" if nothing is
}

// sizeEdits finds the sizes on the order that the message takes back. A size is governed by the
// words in front of it, with the product's name between them or not.
func (t *turn) sizeEdits() (edits []sizeEdit) {
	// A question changes nothing, and a story names sizes of other things.
	p, o := &t.p, t.next.Order
	if o == nil || p.asks || len(p.reading.Words) > maxEditWords {
		return nil
	}
	var ids []string
	for _, l := range o.Lines {
		named := slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
			return m.ID == l.Product || slices.Contains(m.Others, l.Product)
		})
		if l.Size != "" && !slices.Contains(ids, l.Product) &&
			(named || len(p.products) == 0 && t.hasSizeOff(l)) {
			ids = append(ids, l.Product)
		}
	}
	// Which of two products is meant by a size alone is not known.
	if len(ids) > 1 && len(p.products) == 0 {
		return nil
	}
	for _, id := range ids {
		// Each size of the product is looked for, as two may stand in one message.
		e := sizeEdit{product: id}
		var on []string
		for _, size := range t.k.product[id].Sizes {
			for _, at := range sizeAt(p.text, size) {
				switch off := p.sizeOffAt(at, id); {
				case off && t.hasLine(id, size) && e.off == "":
					e.off = size
				case !off && !slices.Contains(on, size):
					on = append(on, size)
				}
			}
		}
		if on = slices.DeleteFunc(on, func(s string) bool { return s == e.off }); len(on) == 1 {
			e.on = on[0]
		}
		if e.off != "" && len(on) < 2 {
			edits = append(edits, e)
		}
	}
	return edits
}

// sizeAt is where a size stands in a text as a word of its own, at most maxEdits times.
func sizeAt(text, size string) (starts []int) {
	for at := 0; at+len(size) <= len(text) && size != "" && len(starts) < maxEdits; at++ {
		end := at + len(size)
		if strings.EqualFold(text[at:end], size) && !insideWord(text, at) && !insideWord(text, end) {
			starts = append(starts, at)
		}
	}
	return starts
}

// insideWord reports whether a place of a text has a letter or digit on both sides.
func insideWord(text string, at int) bool {
	letter := func(i int) bool {
		return i >= 0 && i < len(text) && (text[i] == '_' || text[i] >= '0' && text[i] <= '9' ||
			text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z')
	}
	return letter(at-1) && letter(at)
}

// sizeOffAt reports whether the words in front of a size take it back.
func (p *perception) sizeOffAt(at int, id string) bool {
	// Right in front of the size first: "not 42".
	before := p.text[:at]
	if sizeOff.MatchString(before) || sizeDoubted.MatchString(p.text[at:]) {
		return true
	}
	// "Toa raba za 42": the name stands between.
	for _, m := range p.products {
		if m.ID == id && m.Start >= 0 && m.Start < at && (m.End >= at ||
			sizeMark.MatchString(p.text[m.End:at])) &&
			sizeOff.MatchString(p.text[:m.Start]) {
			return true
		}
	}
	return false
}

// hasSizeOff reports whether the message takes back the size of a line.
func (t *turn) hasSizeOff(l Line) bool {
	for _, at := range sizeAt(t.p.text, l.Size) {
		if t.p.sizeOffAt(at, l.Product) {
			return true
		}
	}
	return false
}

// hasLine reports whether a size of a product is on the order.
func (t *turn) hasLine(id, size string) bool {
	return slices.ContainsFunc(t.next.Order.Lines,
		func(l Line) bool { return l.Product == id && l.Size == size })
}

// editSizes changes one size on the order to another, or takes off the line of it and no other. It
// reports whether it did: what else is named is read as ever.
func (t *turn) editSizes() bool {
	if t.sizesPart() {
		return true
	}
	p, o := &t.p, t.next.Order
	edits := t.sizeEdits()
	for _, e := range edits {
		// sizeEdits has seen that the line is there.
		i := slices.IndexFunc(o.Lines, func(l Line) bool {
			return l.Product == e.product &&
				l.Size == e.off
		})
		switch {
		case e.on != "" && !t.hasLine(e.product, e.on):
			o.Lines[i].Size = e.on
			t.takeCountOf(i)
			t.limitToStock(i)
		default:
			o.Lines = slices.Delete(o.Lines, i, i+1)
			t.tell("order.removed", "name", t.k.nameOf(e.product, t.say)+" ("+e.off+")")
			if len(o.Lines) == 0 {
				t.tell("order.empty")
			}
		}
		t.speakOf(e.product, e.on)
		p.products = slices.DeleteFunc(p.products, func(m entity.NameMatch) bool {
			return m.ID == e.product || slices.Contains(m.Others, e.product)
		})
	}
	return len(edits) > 0
}

// takeCountOf takes the count that the message names with a product whose size it changes:
// "badilisha jeans iwe mbili, size 34 sio 32". A number that is one of its sizes is no count.
func (t *turn) takeCountOf(i int) {
	l := &t.next.Order.Lines[i]
	sizes := t.k.product[l.Product].Sizes
	for _, m := range t.p.products {
		if m.ID == l.Product && within(m.Quantity) > 0 && t.changesLine() &&
			!slices.Contains(sizes, strconv.Itoa(m.Quantity)) {
			l.Quantity, l.Guessed = m.Quantity, false
		}
	}
}

// sizeKept is the size of a product that the message wants where it takes another one back: "raba
// ni moja tu, ya 41. toa ya 42". ok is false where it takes none back.
func (t *turn) sizeKept(id string) (kept string, ok bool) {
	p := t.k.product[id]
	if p == nil || len(p.Sizes) < 2 {
		return "", false
	}
	// The size that is taken back may be on no line, and is no wish in any case.
	for _, size := range p.Sizes {
		for _, at := range sizeAt(t.p.text, size) {
			if t.p.sizeOffAt(at, id) {
				ok = true
			} else {
				kept = size
			}
		}
	}
	return kept, ok
}

// sizeDenied is a size of a product that the message takes back, "" if it takes none.
func (t *turn) sizeDenied(id string) string {
	p := t.k.product[id]
	if p == nil || len(p.Sizes) < 2 {
		return ""
	}
	for _, size := range p.Sizes {
		for _, at := range sizeAt(t.p.text, size) {
			if t.p.sizeOffAt(at, id) {
				return size
			}
		}
	}
	return ""
}
