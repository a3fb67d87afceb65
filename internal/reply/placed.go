package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// ordersAny reports whether a product that the message names is on the order.
func (t *turn) ordersAny() bool {
	named := idsOf(t.p.products)
	return slices.ContainsFunc(t.next.Order.Lines, func(l Line) bool { return slices.Contains(named, l.Product) })
}

// editsPlaced reports whether the message changes an order that was placed a moment ago: "make the
// rice 4 kilos", "actually just one", "iwe moja tu ya L".
func (t *turn) editsPlaced() bool {
	p := &t.p
	takesOff := p.cued(cueRemove) || p.has(actCancel)
	if t.next.Order != nil || p.asks || p.has(actCancel) && !t.cancelsLines() || !takesOff && !p.cued(cueInstead) && !anyIn(p.reading.Words, ratherWords) {
		return false
	}
	meant, _ := t.meantOrders()
	if len(meant) != 1 || t.now.Sub(meant[0].CreatedAt) > AskedFor {
		return false
	}
	ordered := func(id string) bool {
		return slices.ContainsFunc(meant[0].Lines, func(l flowhq.OrderLine) bool { return l.Product == id })
	}
	if len(p.products) > 0 {
		return slices.ContainsFunc(p.products, func(m entity.NameMatch) bool { return ordered(m.ID) })
	}
	if t.countSaid() > 0 && len(p.reading.Words) <= maxRather {
		return !p.has(actCancel)
	}
	return slices.ContainsFunc(meant[0].Lines, func(l flowhq.OrderLine) bool {
		product := t.k.product[l.Product]
		return product != nil && len(product.Sizes) > 1 && len(entity.SizeCounts(p.text, product.Sizes)) > 0
	})
}

// ratherWords put something else in place of what was said, and maxRather is how many words such a
// message has at most.
var ratherWords = keywords("actually, rather, only, just, tu, pekee, badili, badilisha, kubadilisha, nibadilishie, change")

const maxRather = 7
