package reply

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Goods that were asked about together are ordered together: "one of each", "moja moja", "both".

// eachWords want one of each thing that was spoken of.
var eachWords = keywords(`
	one of each, one each, each of them, one of both, moja moja, mojamoja, kimoja kimoja, moja kila,
	kila moja, kila kimoja, one piece each
`)

// keepBeside keeps what stands beside a question that was answered: goods for an order of all of
// them, the day, and wishes.
func (t *turn) keepBeside() {
	if r := t.p.time; t.p.hasTime && r.HasDay && !r.Likely {
		t.next.Day = startOfDay(r.Day)
	}
	// "Jina Baraka, nitachelewa kidogo" names the visit that was booked.
	if facts := len(t.facts); t.p.name != "" && t.k.template() == flowhq.BookingTemplate {
		if t.nameBookings(); len(t.facts) > facts {
			t.tellName()
		}
	}
	t.keepNameBeside()
	t.next.Staff = cmp.Or(t.staffNamed(), t.next.Staff)
	t.keepGoods()
	t.tellGoodsSum()
	t.keepBesideWishes()
}

// keepGoods keeps the goods that the message asks about together. One thing asked about afterwards
// takes their place: "both" no longer means them.
func (t *turn) keepGoods() {
	if len(t.p.products) == 0 {
		return
	}
	t.next.Goods = nil
	if len(idsOf(t.p.products)) < 2 || t.next.Order != nil {
		return
	}
	for _, m := range t.p.products {
		if !m.Exact || len(t.next.Goods) == maxStoredNames {
			t.next.Goods = nil // which one is meant is open
			return
		}
		t.next.Goods = append(t.next.Goods, Line{Product: m.ID, Size: m.Size, Quantity: 1})
	}
}

// tellGoodsSum says what these come to, to who asks for all of it.
func (t *turn) tellGoodsSum() {
	words := t.p.reading.Words
	if len(t.next.Goods) < 2 || !t.p.has(actPrice) || !t.p.cued(cueTotal) && !anyIn(words, inAll) &&
		!anyIn(words, bothWords) {
		return
	}
	var items []string
	sum := int64(0)
	for _, g := range t.next.Goods {
		p := t.k.product[g.Product]
		if p == nil || p.Price == 0 || p.Unavailable {
			return // a sum without one of them would be too little
		}
		items = append(items, t.k.nameOf(g.Product, t.say)+" "+t.k.money(p.Price))
		sum += p.Price
	}
	t.tell("price.sum", "items", strings.Join(items, " + "), "total", t.k.money(sum))
}

// wantsEach reports whether the message wants one of each of the goods that were asked about
// together.
func (t *turn) wantsEach() bool {
	return len(t.next.Goods) > 1 && len(t.p.products) == 0 && !t.p.has(actPrice) &&
		(anyIn(t.p.reading.Words, eachWords) || anyIn(t.p.reading.Words, bothWords) && t.wishes())
}

// addEach puts one of each of these on the order, but for what it has already.
func (t *turn) addEach() {
	for _, g := range t.next.Goods {
		if !slices.ContainsFunc(t.next.Order.Lines, g.sameAs) {
			t.addLine(entity.NameMatch{ID: g.Product, Size: g.Size, Quantity: 1, Exact: true})
		}
	}
	t.next.Goods = nil
}
