package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// editsPlaced reports whether the message changes an order that was placed a moment ago: "make the
// rice 4 kilos", "actually just one", "iwe moja tu ya L", "niongezee sukari". Without it such a
// message would begin a second order.
func (t *turn) editsPlaced() bool {
	p := &t.p
	takesOff := p.cued(cueRemove) || p.has(actCancel)
	adds := !takesOff && len(p.products) > 0 && anyIn(p.reading.Words, addWords)
	if t.next.Order != nil || p.asks || p.has(actCancel) && !t.cancelsLines() ||
		!takesOff && !adds && !p.cued(cueInstead) && !anyIn(p.reading.Words, ratherWords) {
		return false
	}
	// Of several orders nobody knows which. After half an hour "just one" is more likely a new
	// wish.
	meant, _ := t.meantOrders()
	if len(meant) != 1 || t.now.Sub(meant[0].CreatedAt) > AskedFor {
		return false
	}
	if adds {
		return true
	}
	ordered := func(id string) bool {
		return slices.ContainsFunc(meant[0].Lines, func(l flowhq.OrderLine) bool {
			return l.Product == id
		})
	}
	// A product that is not on the order is a new order, not a change.
	if len(p.products) > 0 {
		return slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
			return ordered(m.ID)
		})
	}
	// A count alone with "cancel" is unclear: of what, and down to what.
	if t.countSaid() > 0 && len(p.reading.Words) <= maxRather {
		return !p.has(actCancel)
	}
	// A size alone is a change if the order has something with sizes.
	return slices.ContainsFunc(meant[0].Lines, func(l flowhq.OrderLine) bool {
		product := t.k.product[l.Product]
		return product != nil && len(product.Sizes) > 1 &&
			len(entity.SizeCounts(p.text, product.Sizes)) > 0
	})
}

// addWords put something on an order that is placed. "Also" and "pia" are left out: they join two
// wishes of one message as well.
var addWords = keywords(`
	add, ongeza, niongezee, niongezeeni, mniongezee, uniongezee, ongezea, nimesahau, nilisahau,
	i forgot,
	add me, weka na, niwekee na
`)

// ratherWords put something else in place of what was said, and maxRather is how many words such a
// message has at most.
var ratherWords = keywords(`
	actually, rather, only, just, tu, pekee, badili, badilisha, kubadilisha, nibadilishie, change
`)

// A longer message with such a word speaks of something else: "just" is in every other sentence.
const maxRather = 7
