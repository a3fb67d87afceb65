package reply

import (
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
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
	named := idsOf(t.p.products)
	var ordered []string
	if o := t.next.Order; o != nil {
		for _, l := range o.Lines {
			ordered = append(ordered, l.Product)
		}
	} else if meant, _ := t.meantOrders(); len(meant) == 1 {
		for _, l := range meant[0].Lines {
			ordered = append(ordered, l.Product)
		}
	}
	some := slices.ContainsFunc(ordered, func(id string) bool { return slices.Contains(named, id) })
	return some && slices.ContainsFunc(ordered, func(id string) bool {
		return !slices.Contains(named, id)
	})
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
	case p.has(actOrder), p.has(actCancel) && t.cancelsLines():
		return true
	// "Bei ya kilo 5?" asks what five come to. What it has found out the customer may order then.
	case informed && !open:
		return t.hasQuantity() && (t.wishes() || !p.asks && !p.has(actPrice, actOffer, actAnswer))
	case len(p.products) > 0:
		return (!informed || t.hasQuantity()) && len(p.reading.Words) <= maxUnasked
	case open && (p.has(actChange) || t.hasQuantity() ||
		t.sizeIn(t.next.Topic, "") != "" && !informed || len(p.areas) > 0 && !informed ||
		p.cued(cuePickup) || p.cued(cueDeliver) && !informed ||
		!p.asks && t.paymentNamed() != ""):
		return true
	case t.next.Topic != "" && t.k.product[t.next.Topic] != nil && !informed:
		// "I'll take two", or only how it is to come.
		return t.hasQuantity() || len(t.sizesTold()) > 1 ||
			t.next.Ask.For == askQuantity && !p.asks &&
				(p.cued(cuePickup) || p.cued(cueDeliver))
	}
	return false
}

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
	before, place := slices.Clone(o.Lines), len(t.said)
	var unclear *entity.NameMatch
	switch {
	case len(p.products) > 0 && (p.cued(cueRemove) || p.has(actCancel)) && len(o.Lines) > 0:
		if o.Number != "" && !t.cancelsLines() && t.ordersAny() {
			t.wantUndo() // nothing would be left of the order that is placed
			return
		}
		for _, m := range p.products {
			t.removeLine(m.ID)
		}
	case len(p.products) > 0:
		unclear = t.addLines()
	case t.fillSizes():
	case t.countSaid() > 0:
		t.setCount(t.countSaid())
	case len(o.Lines) == 0 && t.next.Topic != "" && t.k.product[t.next.Topic] != nil:
		t.addLine(entity.NameMatch{ID: t.next.Topic}) // "I'll take it"
	default:
		t.setSize()
	}
	t.fillDelivery()
	if o.How == howDeliver && o.Area == "" && len(p.areas) == 0 && t.namesOtherPlace() {
		t.tell("order.area_unknown")
	}
	switch {
	case unclear != nil:
		t.askWhichProduct(*unclear)
	case !t.unsettled:
		t.continueOrder()
	}
	t.tellAdded(before, place)
}

// tellAdded says at a place in the reply which lines are new and what the order comes to, unless
// all of it is read back. The place is before the next question, which the lines lead to.
func (t *turn) tellAdded(before []Line, place int) {
	if t.next.Order == nil || t.next.Ask.For == askOrder {
		return
	}
	var added []string
	for _, l := range t.next.Order.Lines {
		if !slices.Contains(before, l) {
			added = append(added, t.lineText(l))
		}
	}
	if len(added) > 0 {
		text := t.render("order.added", "line", strings.Join(added, "; "))
		t.said = slices.Insert(t.said, place, part{text: text})
	}
	lines := t.next.Order.Lines
	if total, ok := t.lineTotal(); ok && len(lines) > 0 &&
		(len(lines) > 1 || len(before) > len(lines)) {
		t.tell("order.so_far", "total", t.k.money(total))
	}
}

// addLines puts the products of the message on the order. It returns one that may be several. One
// that only resembles is asked about, and the others are still taken.
func (t *turn) addLines() (unclear *entity.NameMatch) {
	t.addTopic()
	for _, m := range t.p.products {
		if len(t.p.products) == 1 && m.Quantity == 0 && m.Amount.Value == 0 {
			m.Quantity = t.countSaid()
		}
		t.fitPack(&m)
		if len(m.Others) > 0 && !m.Exact && !t.onlyPack(&m) {
			unclear = &m
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
		t.tellPacks(m.ID)
		t.ask(Ask{For: askQuantity, About: m.ID}, "order.quantity")
		t.unsettled = true
	}
	return unclear
}

// askWhichProduct asks which of several products was meant. The quantity is kept with the
// question. The number in About is all that the answer needs from the message of before.
func (t *turn) askWhichProduct(m entity.NameMatch) {
	var options []Option
	for _, id := range append([]string{m.ID}, m.Others...) {
		if p := t.k.product[id]; p != nil {
			label := strings.TrimPrefix(t.productLine(p), "• ")
			options = append(options, Option{Do: doProduct, Value: id, Label: label})
		}
	}
	t.askOf(Ask{For: askProduct, About: strconv.Itoa(m.Quantity)}, options, "order.which")
}

// addLine puts a product on the order, or changes its quantity and size. A line of the same product
// is changed, not doubled: customers repeat the whole order to change it.
func (t *turn) addLine(m entity.NameMatch) {
	p, o := t.k.product[m.ID], t.next.Order
	if p == nil {
		return
	}
	name := p.Name.In(t.say.language)
	if !available(p) {
		t.tell("product.out", "name", name)
		return
	}
	line := Line{Product: m.ID, Size: m.Size, Quantity: m.Quantity}
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
			(l.Size == line.Size || l.Size == "" || line.Size == "" || t.p.cued(cueInstead))
	})
	switch {
	case i >= 0 && t.p.cued(cueAdd):
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
		t.next.Size = ""
	}
	t.next.Topic = id
	if size != "" {
		t.next.Size = size
	}
}

// limitToStock lowers the quantity of a line to what is left.
func (t *turn) limitToStock(i int) {
	l := &t.next.Order.Lines[i]
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
		if containsRun(words, split(size)) && len(size) > len(found) {
			found = size
		}
	}
	return found
}

// sizeNear finds the size of a product in the message: anywhere, or in front of the next product if
// there are several. In "shirt L na viatu 42" each has its own.
func (t *turn) sizeNear(m entity.NameMatch) string {
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
func containsRun(words, run []string) bool {
	for i := 0; len(run) > 0 && i+len(run) <= len(words); i++ {
		if slices.Equal(words[i:i+len(run)], run) {
			return true
		}
	}
	return false
}

// removeLine takes a product off the order.
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

// setSize takes a size that came without a name for the line that was spoken of last.
func (t *turn) setSize() {
	for i := range t.next.Order.Lines {
		if l := &t.next.Order.Lines[i]; l.Product == t.next.Topic {
			if size := t.sizeIn(l.Product, ""); size != "" {
				l.Size = size
			}
		}
	}
}

// setCount takes a number that came without a name for the line that was spoken of last.
func (t *turn) setCount(n int) {
	o := t.next.Order
	id := t.next.Topic
	if a := t.next.Ask; a.For == askQuantity && a.About != "" {
		id = a.About
	}
	i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.Product == id })
	switch {
	case i < 0 && t.k.product[id] != nil:
		t.addLine(entity.NameMatch{ID: id, Quantity: n})
	case i < 0 && len(o.Lines) > 1:
		var lines []string
		for _, l := range o.Lines {
			lines = append(lines, "• "+t.lineText(l))
		}
		t.tell("order.summary")
		t.show(lines...)
		t.ask(Ask{For: askProduct, About: strconv.Itoa(n)}, "order.which")
		t.unsettled = true
	case i < 0 && len(o.Lines) == 1:
		i = 0
		fallthrough
	case i >= 0:
		o.Lines[i].Quantity, o.Lines[i].Guessed = n, false
		t.limitToStock(i)
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
		t.addLine(entity.NameMatch{ID: id, Quantity: count})
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
	if a.For == askSize && o != nil {
		for i := range o.Lines {
			if l := &o.Lines[i]; l.Product == a.About && l.Size == "" {
				size := t.sizeIn(l.Product, "")
				if size == "" {
					return false
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
	if a.For != askQuantity || t.p.has(infoActs...) || len(t.p.products) > 0 || t.countSaid() == 0 {
		return false
	}
	t.did(actOrder)
	t.next.Topic = a.About
	t.fillOrder()
	return true
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

// lineTotal is what the lines come to. ok is false if a price was not told.
func (t *turn) lineTotal() (total int64, ok bool) {
	ok = true
	for _, l := range t.next.Order.Lines {
		p := t.k.product[l.Product]
		if p == nil || p.Price == 0 {
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
