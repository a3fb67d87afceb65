package reply

import (
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// actOnOrders does what the message wants done with orders. The first that fits is done, so that
// the order of the cases decides. Returns and status come before orders: "nilioda viatu,
// havijafika" names a product and orders nothing.
func (t *turn) actOnOrders(informed bool) bool {
	p := &t.p
	switch {
	case t.next.Order == nil && t.editsPlaced():
		t.did(actChange)
		t.wantEdit()
	case t.tellsPlaced(), t.wantsUnlisted():
	case p.has(actReturn):
		t.did(actReturn)
		t.describeProblem(actReturn)
	case p.has(actStatus) && (len(p.products) == 0 || !p.has(actOrder)):
		t.did(actStatus)
		t.tellStatus()
	case p.has(actCancel) && !t.cancelsLines():
		t.did(actCancel)
		t.wantUndo()
	case p.has(actProblem):
		t.did(actProblem)
		t.describeProblem(actProblem)
	case p.has(actAccount):
		t.did(actAccount)
		t.unanswered("unanswered.account")
	case p.has(actChange) && t.next.Order == nil:
		t.did(actChange)
		t.wantEdit()
	// Last, as it takes nearly anything that names a product.
	case t.fillsOrder(informed):
		t.did(actOrder)
		t.fillOrder()
	default:
		return false
	}
	return true
}

// cancelsLines reports whether what is cancelled is a part of an order: "ghairi sabuni". Who
// cancels all of its products cancels the order.
func (t *turn) cancelsLines() bool {
	ordered := t.orderedIDs()
	off := t.offIDs()
	some := slices.ContainsFunc(ordered, func(id string) bool { return slices.Contains(off, id) })
	return some && slices.ContainsFunc(ordered, func(id string) bool {
		return !slices.Contains(off, id)
	})
}

// orderedIDs are the products of the order in the making, else of the one that is placed.
func (t *turn) orderedIDs() (ids []string) {
	if o := t.next.Order; o != nil {
		for _, l := range o.Lines {
			ids = append(ids, l.Product)
		}
	} else if meant, _ := t.meantOrders(); len(meant) == 1 {
		for _, l := range meant[0].Lines {
			ids = append(ids, l.Product)
		}
	}
	return ids
}

// offIDs are the products of the message that are not wanted: those behind a verb that says so, and
// all where the whole message takes off.
func (t *turn) offIDs() (ids []string) {
	for _, m := range t.p.products {
		switch t.p.editOf(m) {
		case editOff:
			ids = append(ids, m.ID)
		case editNone:
			if (t.p.removesIn(m) || t.p.has(actCancel)) && !t.p.changesIn(m) {
				ids = append(ids, m.ID)
			}
		case editOn, editChange:
		}
	}
	return ids
}

// takesAnyOff and takesAllOff report whether the message takes something off the order, and whether
// nothing would be left of it.
func (t *turn) takesAnyOff() bool {
	off := t.offIDs()
	return slices.ContainsFunc(t.orderedIDs(),
		func(id string) bool { return slices.Contains(off, id) }) ||
		len(off) > 0 && slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool {
			return slices.Contains(off, m.ID) && t.ordered(m)
		})
}

func (t *turn) takesAllOff() bool {
	off, ordered := t.offIDs(), t.orderedIDs()
	return len(ordered) > 0 && !slices.ContainsFunc(ordered, func(id string) bool {
		return !slices.Contains(off, id)
	}) && !t.p.counts() && len(off) == len(idsOf(t.p.products))
}

// maxUnasked is how many words a message has at most that orders by naming a product. A longer
// one, such as a forwarded joke, must say that it orders.
const maxUnasked = 20

// fillsOrder reports whether the message orders something, or says more of the order that is
// being made. A question that was answered orders only with an amount: "bei gani ya viatu" must not
// become an order of one pair.
func (t *turn) fillsOrder(informed bool) bool {
	p := &t.p
	open := t.next.Order != nil
	switch {
	// There is nothing to take anything off.
	case !open && p.cued(cueRemove) && !p.has(actOrder):
		return false
	// "Na mayai je? trei moja bei gani" asks what one costs.
	case !open && t.asksPricesOnly():
		return false
	// "I'll come to change it, keep one XL" buys none.
	case !open && anyIn(p.reading.Words, exchanging):
		return false
	// "Can someone bring the right one" after a complaint orders nothing.
	case t.reportedGoods() && !open && len(p.products) == 0:
		return false
	case p.has(actOrder), p.has(actCancel) && t.cancelsLines(), t.endsList(), t.wantsEach():
		return true
	case open && (t.swaps() || t.editsLines() || t.agreesToTime() ||
		(t.timeWished() != "" || t.phoneClause() != "") && !informed && len(p.acts) == 0):
		return true
	// "Bei ya kilo 5?" asks what five come to. What it has found out the customer may order then.
	case informed && !open:
		return t.hasQuantity() && (t.wishes() || !p.asks && !p.has(actPrice, actOffer, actAnswer))
	case len(p.products) > 0:
		return (!informed || t.hasQuantity()) && len(p.reading.Words) <= maxUnasked &&
			(t.wishes() || t.hasQuantity() ||
				open && len(p.reading.Words) <= maxNaming && !anyIn(p.reading.Words, musing))
	case open && len(p.areas) > 0 && t.delivers() && t.addressBehind(p.areas[0].ID) != "":
		return true // beside a question that was answered
	case open && (p.has(actChange) || t.hasQuantity() ||
		t.sizeIn(t.next.Topic, "") != "" && !informed || len(p.areas) > 0 && !informed ||
		p.cued(cuePickup) || (p.cued(cueDeliver) || t.place(false) != "") && !informed ||
		!p.asks && t.paymentNamed() != ""):
		return true
	case t.next.Topic != "" && t.k.product[t.next.Topic] != nil && !informed:
		// "I'll take two", or only how it is to come.
		return t.hasQuantity() && !p.asks || len(t.sizesTold()) > 1 ||
			t.next.Ask.For == askQuantity && !p.asks &&
				(p.cued(cuePickup) || p.cued(cueDeliver))
	}
	return false
}

// bothWords mean each of two that were spoken of.
var bothWords = keywords("both, zote mbili, zote, vyote viwili, yote mawili, all of them")

// exchanging are words of who brings goods back for others.
var exchanging = keywords("to change it, to exchange, exchange it, change it for, swap it, " +
	"kubadilisha, nibadilishe, kuibadilisha")

// fillOrder takes from the message what it says of the order, and goes on with it. What it cannot
// settle it leaves to one question: a product that may be several first, then what continueOrder
// finds missing.
func (t *turn) fillOrder() {
	p := &t.p
	if t.next.Order == nil {
		t.next.Order = &Basket{}
	}
	o := t.next.Order
	o.At = t.in.Message.At
	before, place, note := slices.Clone(o.Lines), len(t.said), o.Note
	swapped := t.swapKinds()
	packed := t.editPacks()
	switch sized := t.editSizes(); {
	case t.wantsEach():
		t.addEach()
	case (sized || packed) && len(p.products) == 0: // nothing else is named
	case !swapped && len(p.products) > 0 && len(o.Lines) > 0 &&
		(t.takesAnyOff() || len(t.offIDs()) > 0):
		if o.Number != "" && t.takesAllOff() {
			t.wantUndo() // nothing would be left of the order that is placed
			return
		}
		if !t.takeOffNamed() {
			t.addLines()
		}
	case len(p.products) > 0:
		t.addLines()
	case t.fillSizes():
		t.tellBulk(before)
	case t.countSaid() > 0:
		t.setCount(t.countSaid())
	case len(o.Lines) == 0 && len(t.next.Sizes) > 1 && anyIn(p.reading.Words, bothWords):
		for _, size := range t.next.Sizes {
			t.addLine(entity.NameMatch{ID: t.next.Topic, Size: size, Quantity: 1, Exact: true})
		}
	case len(o.Lines) == 0 && t.next.Topic != "" && t.k.product[t.next.Topic] != nil:
		t.addLine(entity.NameMatch{ID: t.next.Topic}) // "I'll take it"
	default:
		t.setSize()
	}
	if t.namesForeign() {
		note = o.Note // it was just said
	}
	t.fillDelivery()
	if o.How == howDeliver && o.Area == "" && !o.Unlisted && len(p.areas) == 0 &&
		t.namesOtherPlace() {
		t.tell("order.area_unknown")
	}
	t.warnTooLate()
	if !t.unsettled {
		t.continueOrder()
	}
	t.tellAdded(before, place)
	if o.Note != note && t.next.Ask.For != askOrder && t.next.Order != nil {
		t.tell("noted.wish", "note", o.Note)
	}
}

// tellAdded says at a place in the reply which lines are new and what the order comes to, unless
// all of it is read back. The place is before the next question, which the lines lead to.
func (t *turn) tellAdded(before []Line, place int) {
	if t.next.Order == nil || t.next.Ask.For == askOrder {
		return
	}
	var added []string
	for _, l := range t.next.Order.Lines {
		if !slices.ContainsFunc(before, l.sameAs) {
			added = append(added, t.lineText(l))
		}
	}
	if len(added) > 0 {
		text := t.render("order.added", "line", strings.Join(added, "; "))
		t.said = slices.Insert(t.said, place, part{text: text})
	}
	lines := t.next.Order.Lines
	// Nothing has come to the order while a question is open of what was asked for.
	listed := t.unsettled && len(added) == 0
	if total, ok := t.lineTotal(); ok && len(lines) > 0 && !listed &&
		(len(lines) > 1 || len(before) > len(lines)) {
		t.tell("order.so_far", "total", t.k.money(total))
	}
}

// meanOrdered takes a word that several products share for the one of these that is on the order,
// where something on the order is changed. "Make the dress an L" added another dress, and the one
// that was ordered stayed an M.
func (t *turn) meanOrdered(m *entity.NameMatch) {
	if !t.changesLine() && !t.p.has(actChange) && !t.p.changesIn(*m) {
		return
	}
	words := split(t.p.text[m.Start:m.End])
	var meant []string
	for _, l := range t.next.Order.Lines {
		p := t.k.product[l.Product]
		if p == nil {
			return
		}
		names := split(strings.Join(namesOf(p.Name, p.Aliases), " "))
		if !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(names, w) }) {
			meant = append(meant, l.Product)
		}
	}
	if meant = slices.Compact(meant); len(meant) == 1 {
		m.ID, m.Others = meant[0], nil
	}
}

// changesLine reports whether the message puts something in place of what is on the order.
func (t *turn) changesLine() bool {
	return t.p.cued(cueInstead) || anyIn(t.p.reading.Words, madeWords)
}

// madeWords change something on an order in a sentence of any length. The cue for it holds for
// short messages alone, since "iwe" and "instead" stand in many long ones.
var madeWords = keywords("make the, change the, make my, change my, badilisha, nibadilishie")

// addLines puts the products of the message on the order. What only resembles is asked about
// later, and the others are still taken.
func (t *turn) addLines() {
	if t.takesTopicToo() {
		t.addLine(entity.NameMatch{ID: t.next.Ask.About})
	}
	t.addTopic()
	counted := t.addTopicFirst()
	t.takeSizeBeside()
	var foreign []entity.NameMatch
	before := slices.Clone(t.next.Order.Lines)
	for i, m := range t.p.products {
		// "I don't want bread" orders none.
		if t.p.takesBack(m) || t.p.editOf(m) == editOff || t.staysSo(m) {
			continue
		}
		t.meanOrdered(&m)
		// "Soda kreti moja ya coca" names one thing in two places.
		if m.Quantity == 0 && slices.Contains(idsOf(t.p.products[:i]), m.ID) || t.countedElsewhere(m) {
			continue
		}
		if !counted && len(t.p.products) == 1 && m.Quantity == 0 && m.Amount.Value == 0 {
			m.Quantity = t.countSaid()
		}
		if t.askOtherKind(m) {
			continue
		}
		t.fitPack(&m)
		if len(m.Others) > 0 && !m.Exact && !t.onlyPack(&m) {
			t.next.Order.leaveUnclear(Unclear{Products: append([]string{m.ID}, m.Others...), Quantity: m.Quantity, Size: t.sizeOfAny(m)})
			continue
		}
		// Two sacks are not two of the small pack: only the owner knows what these cost.
		if !t.sellsBy(m.ID, m.Amount.Unit) {
			foreign = append(foreign, m)
			continue
		}
		if t.worth(&m) || t.addSizes(m) {
			continue
		}
		if n, whole := t.packs(m); whole {
			m.Quantity = n
			t.addLine(m)
			continue
		}
		// With its price, so that one word settles it.
		t.tellPacks(m.ID)
		if p := t.k.product[m.ID]; p != nil && p.Price > 0 {
			t.tell("price.one", "name", p.Name.In(t.say.language), "price", t.k.money(p.Price))
		}
		t.ask(Ask{For: askQuantity, About: m.ID}, "order.quantity")
		t.unsettled = true
	}
	// Of several that were named together "make it 3" is of none for sure.
	if len(idsOf(t.p.products)) > 1 && len(t.next.Order.Lines) > 1 && len(before) == 0 {
		t.next.Topic, t.next.Size = "", ""
	}
	if t.noteForeign(foreign); t.unsettled {
		return
	}
	t.tellBulk(before)
}

// addLine puts a product on the order, or changes its quantity and size. A line of the same product
// is changed, not doubled: customers repeat the whole order to change it.
func (t *turn) addLine(m entity.NameMatch) {
	p, o := t.k.product[m.ID], t.next.Order
	if p == nil {
		return
	}
	o.settle(m.ID)
	if !available(p) {
		// A question for it beside the wish has been answered with the same.
		if !slices.Contains(t.acts, actOffer) {
			t.tellOut(p)
		}
		return
	}
	line := Line{Product: m.ID, Size: m.Size, Quantity: m.Quantity}
	if size, back := t.sizeKept(m.ID); back && len(idsOf(t.p.products)) < 2 {
		line.Size = size
	}
	if line.Size == "" {
		line.Size = t.sizeNear(m)
	}
	if line.Size == "" && m.ID == t.next.Topic {
		line.Size = t.next.Size
	}
	t.speakOf(m.ID, line.Size)
	// A count of one that nobody has said is marked, so that it does not overwrite a count that was
	// said.
	if line.Quantity <= 0 || line.Quantity > maxQuantity {
		line.Quantity, line.Guessed = 1, true
	}
	i := slices.IndexFunc(o.Lines, func(l Line) bool {
		return l.Product == m.ID &&
			(l.Size == line.Size || l.Size == "" || line.Size == "" || t.changesLine() || t.p.changesIn(m))
	})
	if i < 0 && (t.p.changesIn(m) || t.saysAnew(m)) {
		i = t.otherPack(p)
	}
	switch {
	case i >= 0 && o.Lines[i].Product != m.ID:
		o.Lines[i] = line // "change the rice to 3 kg", where a bag of 5 kg was ordered
	case i >= 0 && t.addsTo(m):
		o.Lines[i].Quantity += line.Quantity
	case i >= 0:
		if !line.Guessed {
			o.Lines[i].Quantity, o.Lines[i].Guessed = line.Quantity, false
		}
		if line.Size != "" {
			o.Lines[i].Size = line.Size
		}
	case len(o.Lines) >= maxLines:
		t.tell("order.too_many")
		return
	default:
		o.Lines = append(o.Lines, line)
		i = len(o.Lines) - 1
	}
	t.limitToStock(i)
}

// speakOf remembers what was spoken of last.
func (t *turn) speakOf(id, size string) {
	if t.next.Topic != id {
		t.next.Size, t.next.Sizes = "", nil
	}
	t.next.Topic = id
	if size != "" {
		t.next.Size = size
	}
}

// addProduct puts a product on the order that was chosen from a menu. The quantity is what was
// said before the menu, if anything. Without an order the choice only asks about the product, so
// that nothing is ordered by a number.
func (t *turn) addProduct(id, quantity string) {
	t.did(actOffer)
	p := t.k.product[id]
	if p == nil {
		t.showMenu("menu.lead")
		return
	}
	if t.next.Order != nil || t.p.has(actOrder) {
		if t.next.Order == nil {
			t.next.Order = &Basket{}
		}
		t.next.Order.At = t.in.Message.At
		count, _ := strconv.Atoi(quantity) // 0 if there is none
		before, place := slices.Clone(t.next.Order.Lines), len(t.said)
		t.addLine(entity.NameMatch{ID: id, Quantity: count, Size: t.next.Order.unclearSize(p)})
		t.continueOrder()
		t.tellAdded(before, place)
		return
	}
	t.tellOfferOf(id, true)
	if available(p) {
		t.ask(Ask{For: askQuantity, About: id}, "order.quantity")
	}
}

// takeAmount takes a size or a quantity as the answer to the question for it. It is false if the
// answer is none: the message is then read as if nothing had been asked.
func (t *turn) takeAmount(a Ask) bool {
	o := t.next.Order
	// "Hamuuzi nusu?" after "how many?": what is sold whole is told with its price.
	if a.For == askQuantity && len(t.p.products) == 0 && t.k.product[a.About] != nil &&
		len(t.p.reading.Words) <= maxNaming && anyIn(t.p.reading.Words, parts) &&
		t.countSaid() == 0 {
		t.did(actOffer)
		t.tellPacks(a.About)
		t.tellPriceOf(a.About)
		t.ask(Ask{For: askQuantity, About: a.About}, "order.quantity")
		return true
	}
	// "No office dress! just 2 maxi L" gave the office dress an L.
	if a.For == askSize && slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool {
		return m.ID != a.About && !slices.Contains(m.Others, a.About) || t.p.editOf(m) == editOff
	}) {
		return false
	}
	if a.For == askSize && o != nil {
		for i := range o.Lines {
			if l := &o.Lines[i]; l.Product == a.About && l.Size == "" {
				size := t.sizeIn(l.Product, "")
				if c := t.sizesOf(entity.NameMatch{ID: a.About}); size == "" && len(c) > 0 {
					size = c[0].Size // "12 medium 8 large"
				}
				if size == "" {
					return t.sizeMissing(l.Product)
				}
				t.did(actOrder)
				if o.At = t.in.Message.At; !t.addSizes(entity.NameMatch{ID: a.About}) {
					l.Size = size
				}
				t.fillDelivery()
				t.continueOrder()
				return true
			}
		}
		return false
	}
	// "1 nyeusi, Kilimani" asks for no colours.
	coloured := !t.p.asksSoftly() && t.coloursWished() != ""
	if a.For != askQuantity || t.p.has(infoActs...) && !coloured || len(t.p.products) > 0 ||
		t.countSaid() == 0 {
		return false
	}
	t.did(actOrder)
	t.next.Topic = a.About
	t.fillOrder()
	return true
}

// parts are less than one of a thing.
var parts = keywords("nusu, robo, half, quarter, halves")
