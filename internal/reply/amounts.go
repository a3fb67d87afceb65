package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/token"
)

// hasQuantity reports whether the message says how many. A number is a quantity only for one
// product at a time: with several, each number belongs to the product beside it.
func (t *turn) hasQuantity() bool {
	for _, m := range t.p.products {
		if m.Quantity > 0 {
			return true
		}
	}
	return len(t.p.products) == 0 && t.countSaid() > 0
}

// countSaid is the quantity that a message without a product's name says; 0 if none. Callers set
// the last line of the order to the count, so a number that is a size or an hour must not come
// through.
func (t *turn) countSaid() int {
	e := t.p.entities
	e.Numbers = slices.DeleteFunc(slices.Clone(e.Numbers), func(n entity.Number) bool {
		before := t.p.text[:n.Start]
		return pointsAtOne.MatchString(t.p.text[:n.End]) || sizeBefore.MatchString(before) ||
			houseBefore.MatchString(before) || t.isTimeFound(n)
	})
	e.Numbers = wholeOf(e.Numbers)
	switch {
	// A bare number is no place, and counts nothing where a place was asked for.
	case t.p.isChoice && (t.next.Ask.For == askArea || t.next.Ask.For == askAddress),
		len(e.Numbers) == 1 && len(e.Quantities) == 0 && len(t.p.products) == 0 &&
			t.sizeIn(t.next.Topic, "") == strconv.Itoa(e.Numbers[0].Value),
		len(t.p.products) == 1 && t.p.products[0].Size != "" && len(e.Numbers) < 2:
		return 0 // "42" is a size of shoes
	// "2" alone, or "two please", after "how many?".
	case t.p.isChoice && !t.agreesToTime():
		return within(t.p.choice)
	// "one and a half" is no count of pieces: such an amount needs a pack, see [turn.packs].
	case len(e.Quantities) == 1 && e.Quantities[0].Value == float64(int(e.Quantities[0].Value)):
		return within(int(e.Quantities[0].Value))
	case len(e.Numbers) == 1 && len(e.Quantities) == 0 &&
		(t.next.Ask.For == askQuantity || t.saysOnlyCount() || len(t.p.entities.Numbers) > 2):
		return within(e.Numbers[0].Value)
	}
	return 0
}

// wholeOf leaves the count where its parts follow: "I'll take 2, one brown one black" are two.
func wholeOf(all []entity.Number) []entity.Number {
	sum := 0
	for _, n := range all[min(1, len(all)):] {
		sum += n.Value
	}
	if len(all) > 2 && all[0].Value == sum {
		return all[:1]
	}
	return all
}

// saysOnlyCount reports whether the words beside the number of a message say nothing else: "make it
// 2", "nipe tatu hizo". A number beside other words is an hour, a size or a floor: "ok 10 is fine"
// made ten loaves, and "i wear 14" four dresses.
func (t *turn) saysOnlyCount() bool {
	for _, w := range t.p.reading.Words {
		if _, err := strconv.Atoi(w); err != nil && !t.k.words[w] && !token.Spelled(w) &&
			!hasWord(countFillers, w) {
			return false
		}
	}
	return true
}

// countFillers are the words that stand beside a count. A word too many in the list makes counts of
// hours, a word too few asks once more how many: the list is short on purpose.
var countFillers = listOf("count")

// pointsAtOne finds a "one" that stands for a thing: "the right one" is no count of one.
var pointsAtOne = regexp.MustCompile(`(?i)\b(?:the|this|that|which|right|wrong|other|another|` +
	`same|` +
	`good|bad|new|old|big|small|black|white|red|blue|green|first|last|next)\s+one$`)

// within is n if a line of an order may have that many, else 0. An absurd number, such as a phone
// number read as a count, must not become an order.
func within(n int) int {
	if n < 1 || n > maxQuantity {
		return 0
	}
	return n
}

// worth takes an amount of money for what it buys: "sugar for 6,000". It asks how many if that is
// no whole number, and reports whether it did. Shops sell by money as much as by weight: "sukari ya
// elfu sita" at 3,000 a kilo is two kilos. What does not divide is asked about, for a rounded
// amount is one the customer did not ask for.
func (t *turn) worth(m *entity.NameMatch) (asked bool) {
	p, sums := t.k.product[m.ID], t.p.entities.Money
	if p == nil || p.Price == 0 || len(sums) != 1 || len(t.p.products) != 1 ||
		m.Quantity > 0 || m.Amount.Value > 0 {
		return false
	}
	if n := sums[0].Amount / p.Price; n >= 1 && n <= maxQuantity && n*p.Price == sums[0].Amount {
		m.Quantity = int(n)
		return false
	}
	t.tell("price.one", "name", p.Name.In(t.say.language), "price", t.k.money(p.Price))
	t.ask(Ask{For: askQuantity, About: m.ID}, "order.quantity")
	// The line has no quantity yet: the order must not be read back with a guess of one.
	t.unsettled = true
	return true
}

// packs is how many of a product make the amount that was said: "2 kilos" of what is sold by the
// half kilo are four. whole is false if no number of them does. What the customer says is an
// amount, what an order has is a number of packs. Taken for each other, the 5 of "mafuta lita 5"
// made five cans of five litres.
func (t *turn) packs(m entity.NameMatch) (n int, whole bool) {
	p := t.k.product[m.ID]
	if p == nil || m.Amount.Value == 0 {
		return m.Quantity, true
	}
	// The owner writes the size of a pack in the name, "Rice 5 kg", and nowhere else. A name
	// without an amount is sold by one of whatever the customer says.
	pack := entity.Quantity{Value: 1}
	for _, q := range t.in.memo.entitiesIn(p.Name.EN).Quantities {
		if inUnit(q).Unit == inUnit(m.Amount).Unit && q.Value > 0 {
			pack = inUnit(q)
		}
	}
	// A division of floats may fall short of the whole number: .3 / .1 is less than three. The
	// thousandth below makes up for that, and no pack is as small.
	count := inUnit(m.Amount).Value / pack.Value
	if pack.Unit == "" {
		count = m.Amount.Value
	}
	n = int(count + .001)
	return n, n >= 1 && float64(n) > count-.001
}

// inUnit writes an amount in the larger unit: 500 g are .5 kg. Amounts of different units are never
// compared. "Half a kilo" and "500 g" must be, so both are written the same way.
func inUnit(q entity.Quantity) entity.Quantity {
	switch q.Unit {
	case "g":
		return entity.Quantity{Value: q.Value / 1000, Unit: "kg"}
	case "ml":
		return entity.Quantity{Value: q.Value / 1000, Unit: "l"}
	}
	return q
}

// onlyPack takes the one of several products that comes in packs of which a whole number makes the
// amount: two litres of oil are two bottles of one and no can of five. Without the rule "mafuta
// lita tatu" was refused because the can of five litres was the likelier name. If two packs fit,
// the customer is asked.
func (t *turn) onlyPack(m *entity.NameMatch) bool {
	var fitting []string
	for _, id := range append([]string{m.ID}, m.Others...) {
		one := *m
		one.ID = id
		if n, whole := t.packs(one); m.Amount.Unit != "" && whole && n > 0 {
			fitting = append(fitting, id)
		}
	}
	if len(fitting) != 1 {
		return false
	}
	m.ID, m.Others = fitting[0], nil
	return true
}

// maxGap is how far from a product's name its amount may stand, in bytes: "kilo 3 za". The room is
// for one short word between the two. With more, the number of the next item in a list is taken for
// this item's.
const maxGap = 8

// negated finds words that take back what follows: "sio tano". The words must stand directly before
// the number: in "no no sio tano, trei moja tu" five is taken back, and one is not.
var negated = regexp.MustCompile(`(?i)\b(sio|siyo|si|not|no|hapana)\s+$`)

// sizeBefore finds words behind which a number is a size. "viatu namba 40" is one pair, and not
// forty.
var sizeBefore = regexp.MustCompile(`(?i)\b(?:size|sizes|saizi|saiz|namba|no\.?|wear|wears|` +
	`wearing|` +
	`navaa|ninavaa|huvaa|anavaa|hvaa|waist|kiuno|i'?m|i am|she is|she's|he is|he's)\s+(?:(?:a|an|` +
	`ya)\s+)?$`)

// houseBefore finds words behind which a number is of a house, an hour or a day: "house 41",
// "ghorofa ya 15", "saa 11", "by 8". Such a number became the count of the last line.
var houseBefore = regexp.MustCompile(`(?i)\b(?:house|nyumba|block|floor|ghorofa|gorofa|room|` +
	`chumba|` +
	`plot|apartment|apt|flat|gate|geti|saa|tarehe|shop|duka|mtaa|stage|road|rd|street|door|` +
	`mlango|` +
	`form|class|darasa|miaka|number|code|box|aged?|by|at|before|after|until|till|` +
	`around)\.?,?\s+(?:(?:ya|wa|la|namba|no)\.?\s+){0,2}$`)

// isSize reports whether a number is the size that one of the products was named with. A number can
// only have one meaning: as a size it is used up.
func (p *perception) isSize(q entity.Quantity) bool {
	return slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
		return m.Size != "" && m.Size == strconv.Itoa(int(q.Value))
	})
}

// assignAmounts gives each amount to the product that it stands in or beside, once. What is left
// over is for what was spoken of before: "nachukua kilo mbili na unga kilo 2". Invariant: an amount
// is in one product or in p.left, never in both. p.counted has the index of each product whose
// amount is settled.
func (p *perception) assignAmounts() {
	amounts := slices.Clone(p.entities.Quantities)
	for _, n := range p.entities.Numbers {
		amounts = append(amounts, entity.Quantity{Place: n.Place, Value: float64(n.Value)})
	}
	refused := func(q entity.Quantity) bool {
		before := p.text[:q.Start]
		return negated.MatchString(before) ||
			q.Unit == "" && (sizeBefore.MatchString(before) || houseBefore.MatchString(before) ||
				p.isSize(q))
	}
	p.left = slices.DeleteFunc(amounts, refused)
	p.keepAmounts()
	// An amount in the same item of a list goes before one behind a comma: in "2 bags of 5kg, red
	// onions 1kg" the five kilos were of onions.
	p.giveNearest(func(a, b entity.Place) bool { return p.listed(a, b, false) })
	p.giveNearest(p.apart)
	for i := range p.products { // an amount that was taken back, or belongs to another product
		if m := &p.products[i]; !slices.Contains(p.counted, i) && len(amounts) > 0 {
			m.Amount, m.Quantity = entity.Quantity{}, 0
		}
	}
}

// giveNearest gives amounts to the products beside them that are not apart. The nearest pair of all
// goes first: by the order of the products, "mchele kilo 5 na mafuta lita 3" gave the five to the
// oil.
func (p *perception) giveNearest(apart func(a, b entity.Place) bool) {
	for gap := 0; gap <= maxGap; gap++ {
		for i := range p.products {
			m := &p.products[i]
			at := slices.IndexFunc(p.left, func(q entity.Quantity) bool {
				return gapBetween(q.Place, m.Place) == gap &&
					strconv.Itoa(int(q.Value)) != m.Size && !apart(q.Place, m.Place)
			})
			if m.Amount.Value > 0 && m.Amount.Place == m.Place || at < 0 ||
				slices.Contains(p.counted, i) {
				continue
			}
			m.Amount = p.left[at]
			m.Quantity = int(m.Amount.Value)
			p.counted = append(p.counted, i)
			p.left = slices.Delete(p.left, at, at+1)
		}
	}
}

// keepAmounts keeps the amounts that stand with a name in one item of a list: "kilo 2 na mafuta ya
// kula lita 1". Those pairs are settled before distances are: the name matcher has read the item as
// a whole, and an amount of the next item may stand nearer.
func (p *perception) keepAmounts() {
	for i, m := range p.products {
		at := slices.IndexFunc(p.left, func(q entity.Quantity) bool {
			return q.Place == m.Amount.Place
		})
		if m.Amount.Value > 0 && at >= 0 && !p.listed(m.Amount.Place, m.Place, false) &&
			!p.nearerTo(i) {
			p.counted = append(p.counted, i)
			p.left = slices.Delete(p.left, at, at+1)
		}
	}
}

// nearerTo reports whether the amount of a product stands far from it and beside another one: the
// two of "instead of bread give me 2 milk" was taken for the bread.
func (p *perception) nearerTo(i int) bool {
	at := p.products[i].Amount.Place
	gap := gapBetween(at, p.products[i].Place)
	return gap > maxGap && slices.ContainsFunc(p.products, func(other entity.NameMatch) bool {
		return gapBetween(at, other.Place) < min(gap, maxGap) && !p.apart(at, other.Place)
	})
}

// listBreak separates the items of a list. Customers type lists with commas, with "na", or one item
// a line. Each is a break that an amount does not cross.
var listBreak = regexp.MustCompile(
	`(?i)[,;\n&+]|(?:^|\s)(?:na|and|n|plus|pamoja|halafu|then)(?:\s|$)`)

// apart reports whether a list is broken between two places. With one product there is no list: a
// comma is then only a pause between the product and its number.
func (p *perception) apart(a, b entity.Place) bool {
	return p.listed(a, b, len(p.products) == 1)
}

// listed is apart, which lets a comma pass as a pause if it may.
func (p *perception) listed(a, b entity.Place, pause bool) bool {
	if a.Start > b.Start {
		a, b = b, a
	}
	if a.End >= b.Start {
		return false
	}
	between := p.text[a.End:b.Start]
	if pause {
		between = strings.ReplaceAll(between, ",", " ") // "t-shirt M, 2"
	}
	return listBreak.MatchString(between)
}

// gapBetween is how many bytes are between two places; 0 if one is in the other. Bytes do, for all
// text between is short and both places are of the same text.
func gapBetween(a, b entity.Place) int { return max(0, a.Start-b.End, b.Start-a.End) }

// addTopic puts what was spoken of before on the order, if an amount with a unit is left over.
// Without a unit the number left over is likelier an hour, a house number or a size, and would put
// something on the order that nobody asked for.
func (t *turn) addTopic() {
	if t.addPacksOfTopic() {
		return
	}
	if len(t.p.left) != 1 || t.p.left[0].Unit == "" || t.k.product[t.next.Topic] == nil ||
		t.p.left[0].Unit == "people" || slices.Contains(idsOf(t.p.products), t.next.Topic) {
		return
	}
	// The 12 of "2 bottles of the 12 litre water" is the pack of what is named, and twelve of nothing else.
	if t.isPackOf(t.p.left[0]) || len(t.p.products) > 0 && t.hasPieces(t.next.Topic) {
		return
	}
	m := entity.NameMatch{ID: t.next.Topic, Amount: t.p.left[0], Exact: true}
	if n, whole := t.packs(m); whole {
		m.Quantity = n
		t.addLine(m)
	}
}

// isPackOf reports whether an amount is the pack that a product of the message comes in.
func (t *turn) isPackOf(q entity.Quantity) bool {
	return slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool {
		p := t.k.product[m.ID]
		if p == nil {
			return false
		}
		pack, ok := packOf(p)
		said := inUnit(entity.Quantity{Value: q.Value, Unit: q.Unit})
		from, to := min(q.End, m.End), max(q.Start, m.Start)
		return ok && pack.Value == said.Value && pack.Unit == said.Unit &&
			(from >= to || !listBreak.MatchString(t.p.text[from:to]))
	})
}

// hasPieces reports whether the order in the making has a product.
func (t *turn) hasPieces(id string) bool {
	o := t.next.Order
	return o != nil && o.pieces(id) > 0
}

// addPacksOfTopic puts packs of what was spoken of before on the order, if their number and size
// are left over: "2 bags of 5kg, red onions 1kg".
func (t *turn) addPacksOfTopic() bool {
	p, id := &t.p, t.next.Topic
	if len(p.left) != 2 || t.k.product[id] == nil || slices.Contains(idsOf(p.products), id) ||
		p.listed(p.left[0].Place, p.left[1].Place, false) {
		return false
	}
	count, measure := p.left[0], p.left[1]
	if isMeasure(count.Unit) {
		count, measure = measure, count
	}
	if !isMeasure(measure.Unit) || isMeasure(count.Unit) || within(int(count.Value)) == 0 {
		return false
	}
	for _, other := range t.packsOf(t.k.product[id]) {
		if pack, ok := packOf(other); ok && pack == inUnit(entity.Quantity{Value: measure.Value,
			Unit: measure.Unit}) {
			t.addLine(entity.NameMatch{ID: other.ID, Quantity: int(count.Value), Exact: true})
			return true
		}
	}
	return false
}

// counts reports whether one of the products has a quantity.
func (p *perception) counts() bool {
	return slices.ContainsFunc(p.products, func(m entity.NameMatch) bool { return m.Quantity > 0 })
}
