package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/token"
)

// packOf is how much one of a product is: "Rice, 5 kg". ok is false if its name does not say.
// Profiles have no field for it: owners write the pack into the name.
func packOf(p *flowhq.Product) (pack entity.Quantity, ok bool) {
	// Either language: some owners translate a name without its measure.
	for _, name := range []string{p.Name.EN, p.Name.SW} {
		for _, q := range entity.Find(name).Quantities {
			if isMeasure(q.Unit) && q.Value > 0 {
				// In one unit, so that 500 g and half a kilo are equal.
				return inUnit(q), true
			}
		}
	}
	return entity.Quantity{}, false
}

// isMeasure reports whether a unit weighs or measures, and does not count packs. "Two cans" counts,
// and does not say how much is in one.
func isMeasure(unit string) bool { return slices.Contains([]string{"kg", "g", "l", "ml"}, unit) }

// packWords are the words of a name that say how it is packed, and not what it is. Each that is
// missing keeps two packs of one thing apart: the bottle and the can of an oil.
var packWords = keywords(`
	kg, kilo*, g, gram*, l, lita, litre*, liter*, ml, mililita, bag, mfuko, pack*, pakiti, chupa,
	bottle,
	dumu, can, tin, box, boksi, of, ya, wa, za, la, cha, size, big, small, kubwa, ndogo
`)

// bareName is what a product is, without how it is packed. Packs of one thing have the same. Either
// name may be missing. The callers compare only names that are there.
func bareName(name string) string {
	var kept []string
	for _, w := range split(name) {
		if _, err := strconv.Atoi(w); err != nil && !hasWord(packWords, w) &&
			(w[0] < '0' || w[0] > '9') { // "5kg"
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// packsOf lists the products that are packs of the same thing, among them the product itself. Only
// what can be had now: a pack that is sold out makes no amount.
func (t *turn) packsOf(p *flowhq.Product) []*flowhq.Product { return t.k.packs[p.ID] }

// compilePacks finds the packs of each product. Each message of a shop asks for them several times,
// and reading the names anew took a fifth of a turn.
func (k *Knowledge) compilePacks() {
	type named struct {
		*flowhq.Product
		en, sw string // bare names
		isPack bool
	}
	var all []named
	for i := range k.profile.Products {
		p := &k.profile.Products[i]
		_, isPack := packOf(p)
		all = append(all, named{p, bareName(p.Name.EN), bareName(p.Name.SW), isPack})
	}
	for _, p := range all {
		for _, other := range all {
			// A product whose name says no pack is only like itself.
			same := other.ID == p.ID || other.isPack &&
				(other.en == p.en && p.Name.EN != "" || other.sw == p.sw && p.Name.SW != "")
			if same && available(other.Product) {
				k.packs[p.ID] = append(k.packs[p.ID], other.Product)
			}
		}
	}
}

// fitPack takes the pack of a product that makes the amount that was said: 5 litres are one can of
// five, 3 litres are three bottles of one. Of several that do, the largest. A smaller pack that
// makes it as well would cost the customer more, and the owner more work.
func (t *turn) fitPack(m *entity.NameMatch) {
	p := t.k.product[m.ID]
	if p == nil {
		return
	}
	for _, q := range t.p.entities.Quantities {
		if m.Amount.Value == 0 && m.Quantity == 0 && isMeasure(q.Unit) &&
			q.Start < m.End && m.Start < q.End {
			m.Amount = q // "mchele kilo 5" is in whole a name of the bag
		}
	}
	t.splitAmount(m)
	// A bare number counts packs, and is no pack's size: "mafuta 5" are five of what is named.
	if !isMeasure(m.Amount.Unit) {
		return
	}
	best := 0.0
	wanted := inUnit(m.Amount)
	// Three litres were refused where only the can of five was tried, and the bottle of one fits.
	for _, other := range t.packsOf(p) {
		pack, ok := packOf(other)
		one := *m
		one.ID = other.ID
		if n, whole := t.packs(one); !ok || pack.Unit != wanted.Unit || !whole || n < 1 ||
			pack.Value <= best {
			continue
		}
		best, m.ID = pack.Value, other.ID
	}
	if best > 0 {
		// The amount has told which pack it is, so that nothing is left to ask.
		m.Others, m.Exact = nil, true
	}
}

// splitAmount tells the size of a pack from how many of them: "two 5 litre cans". Two numbers in
// one message are read as one amount otherwise: ten litres, or two.
func (t *turn) splitAmount(m *entity.NameMatch) {
	e := &t.p.entities
	// With several products it is not certain whose number is whose.
	if len(t.p.products) != 1 {
		return
	}
	var measures, counts []entity.Quantity
	for _, q := range e.Quantities {
		if isMeasure(q.Unit) {
			measures = append(measures, q)
			// People are counted for bookings, not for packs.
		} else if q.Unit != "people" {
			counts = append(counts, q)
		}
	}
	for _, n := range e.Numbers {
		// "Today before 5" counts no bags.
		if before := t.p.text[:n.Start]; !houseBefore.MatchString(before) &&
			!sizeBefore.MatchString(before) && !dayPart.MatchString(t.p.text[n.End:]) {
			counts = append(counts, entity.Quantity{Value: float64(n.Value)})
		}
	}
	// More than one of either kind is a list, which assignAmounts reads.
	if len(measures) != 1 || len(counts) != 1 || within(int(counts[0].Value)) == 0 {
		return
	}
	for _, p := range t.packsOf(t.k.product[m.ID]) {
		if pack, ok := packOf(p); ok && pack.Unit == inUnit(measures[0]).Unit &&
			pack.Value == inUnit(measures[0]).Value {
			m.ID, m.Others, m.Exact = p.ID, nil, true
			m.Quantity, m.Amount = int(counts[0].Value), entity.Quantity{Value: counts[0].Value}
		}
	}
}

// tellPacks says which packs there are of what does not come in the amount that was said. The
// question for the quantity follows. Rounding up for the customer would sell more than was asked
// for.
func (t *turn) tellPacks(id string) {
	p := t.k.product[id]
	if p == nil {
		return
	}
	packs := t.packsOf(p)
	if len(packs) < 2 {
		t.tell("order.whole", "name", p.Name.In(t.say.language))
		return
	}
	var names []string
	for _, other := range packs {
		names = append(names, other.Name.In(t.say.language))
	}
	t.tell("order.whole", "name", or(t.say.language, names))
}

// dropPackNames leaves out a name that is found in nothing but a word for a pack, beside another
// product: the bags of "unga wa sembe mifuko 3" are of flour, and three bags of rice were noted.
func (p *perception) dropPackNames() {
	all := p.products
	p.products = slices.DeleteFunc(slices.Clone(all), func(m entity.NameMatch) bool {
		words := split(p.text[m.Start:m.End])
		if slices.ContainsFunc(words, func(w string) bool {
			_, err := strconv.Atoi(w)
			return err != nil && !hasWord(packNames, w) && !token.Spelled(w)
		}) {
			return false
		}
		return slices.ContainsFunc(all, func(other entity.NameMatch) bool {
			if other.ID == m.ID && other.Place == m.Place {
				return false
			}
			from, to := min(other.End, m.End), max(other.Start, m.Start)
			return from <= to && to-from <= maxGap && !listBreak.MatchString(p.text[from:to])
		})
	})
}

// dropPlaceNames leaves out goods that a word behind "kwa" only resembles, in a clause that says
// where the customer is: "nipo tegeta kwa ndevu" is near nobody's bananas.
func (t *turn) dropPlaceNames(p *perception) {
	if len(p.products) == 0 || t.k.template() != flowhq.EcommerceTemplate {
		return
	}
	p.products = slices.DeleteFunc(p.products, func(m entity.NameMatch) bool {
		if m.Exact || m.Start < 0 || m.End > len(p.text) || !behindKwa.MatchString(p.text[:m.Start]) {
			return false
		}
		clause := p.clauseOf(m, wishClause)
		return len(t.named(t.k.areas, clause)) > 0 || isAtPlace.MatchString(clause)
	})
}

// behindKwa ends in front of whose place it is, and isAtPlace says where the customer is.
var (
	behindKwa = regexp.MustCompile(`(?i)\b(?:kwa|karibu na|mtaa wa|near|opposite|mkabala na)\s+$`)
	isAtPlace = regexp.MustCompile(`(?i)\b(?:nipo|niko|tupo|tuko|naishi|mniletee|nileteeni|niletee|leteni|i'?m (?:in|at)|i am (?:in|at)|deliver to)\b`)
)

// packNames are the words for packs, in either number.
var packNames = keywords(`
	bag*, mfuko, mifuko, pack*, pakiti, paketi, chupa, bottle*, dumu, madumu, can, cans, tin,
	tins, box, boxes, boksi, maboksi,
	kilo, kg, gram*, lita, litre*, liter*, of, ya, wa, za, la, cha, katoni, carton*, debe, tray*,
	trei
`)

// tellLeftOut says of what waits for its number, as it is sold in whole packs only, that it is not on
// the order that is read back: the customer has told a place instead, and would believe it is.
func (t *turn) tellLeftOut(before *turn) {
	a, o := before.next.Ask, t.next.Order
	p := t.k.product[a.About]
	if a.For != askQuantity || p == nil || before.next.Order == nil || o == nil ||
		t.next.Ask.For != askOrder || o.pieces(p.ID) > 0 || t.p.yesNo == entity.No ||
		anyIn(t.p.reading.Words, wantsNone) || t.p.cued(cueRemove) {
		return
	}
	t.tell("order.left_out", "name", t.k.nameOf(p.ID, t.say))
}
