package reply

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// askUnclear asks again which product was meant where that is still open. An order is never read
// back while a wish is open: the oil that was asked for would be missing from it.
func (t *turn) askUnclear() bool {
	o := t.next.Order
	// What the owner has taken off the list since cannot be chosen.
	o.Unclear = slices.DeleteFunc(o.Unclear, func(u Unclear) bool {
		return !slices.ContainsFunc(u.Products,
			func(id string) bool { return t.k.product[id] != nil })
	})
	if len(o.Unclear) == 0 {
		return false
	}
	// One question at a time: with two lists of numbers a "2" may answer either.
	t.askAmong(o.Unclear[0])
	return true
}

// sizeOfAny is a size in the message of one of the products that a name may mean.
func (t *turn) sizeOfAny(m entity.NameMatch) string {
	// The candidates have sizes of their own: 40 is one of shoes and of sandals.
	for _, id := range append([]string{m.ID}, m.Others...) {
		one := m
		if one.ID = id; t.sizeNear(one) != "" {
			return t.sizeNear(one)
		}
	}
	return ""
}

// leaveUnclear leaves open which product is meant. What is said of it once more adds to what is
// open: "suruali 34" behind "trousers".
func (o *Basket) leaveUnclear(u Unclear) {
	for i, open := range o.Unclear {
		if len(open.Products) == len(u.Products) &&
			!slices.ContainsFunc(u.Products, func(id string) bool { return !slices.Contains(open.Products, id) }) {
			o.Unclear[i].Quantity, o.Unclear[i].Size = cmp.Or(u.Quantity, open.Quantity), cmp.Or(u.Size, open.Size)
			return
		}
	}
	o.Unclear = append(o.Unclear, u)
}

// namesUnclear reports whether a part of a message names no more than what is open of the order.
func (t *turn) namesUnclear(text string) bool {
	o := t.next.Order
	if o == nil || len(o.Unclear) == 0 || len(split(text)) > maxNaming {
		return false
	}
	named := t.named(t.k.products, text)
	return len(named) > 0 && !slices.ContainsFunc(named, func(m entity.NameMatch) bool {
		return !slices.ContainsFunc(o.Unclear, func(u Unclear) bool { return slices.Contains(u.Products, m.ID) })
	})
}

// unclearSize is the size that was said with the wish that a product settles, "" if the product
// does not have it.
func (o *Basket) unclearSize(p *flowhq.Product) string {
	for _, u := range o.Unclear {
		if slices.Contains(u.Products, p.ID) && slices.Contains(p.Sizes, u.Size) {
			return u.Size
		}
	}
	return ""
}

// settle ends what was open of a product: it was named or chosen.
func (o *Basket) settle(id string) {
	o.Unclear = slices.DeleteFunc(o.Unclear, func(u Unclear) bool {
		return slices.Contains(u.Products, id)
	})
}

// settleUnclear takes the product that a message names for the one that was asked for, where it
// says more than the name: "kitenge, size M. What colours do you have" was asked once more which
// one.
func (t *turn) settleUnclear() {
	o, p := t.next.Order, &t.p
	if t.next.Ask.For != askProduct || o == nil || len(o.Unclear) == 0 || len(p.products) != 1 ||
		!p.products[0].Exact || !slices.Contains(o.Unclear[0].Products, p.products[0].ID) ||
		p.takesBack(p.products[0]) {
		return
	}
	// What else the message asks is answered by the rest of the turn.
	before, place := slices.Clone(o.Lines), len(t.said)
	m := p.products[0]
	m.Quantity = max(m.Quantity, o.Unclear[0].Quantity)
	if m.Size == "" && t.sizeNear(m) == "" {
		m.Size = o.unclearSize(t.k.product[m.ID])
	}
	t.did(actOrder)
	t.addLine(m)
	t.tellAdded(before, place)
}

// askAmong asks which of several products was meant.
func (t *turn) askAmong(u Unclear) {
	var options []Option
	for _, id := range u.Products {
		if p := t.k.product[id]; p != nil {
			options = append(options, Option{Do: doProduct, Value: id,
				Label: strings.TrimPrefix(t.productLine(p), "• ")})
		}
	}
	t.askOf(Ask{For: askProduct, About: strconv.Itoa(u.Quantity)}, options, "order.which")
}

// minimumQuestions are how owners write the question for the smallest order that they bring.
var minimumQuestions = []string{
	"what is the smallest order", "is there a minimum order", "oda ya chini ni kiasi gani",
	"mnaleta hata kitu kimoja",
}

// tooSmall is the owner's answer about the smallest order that is brought, for an order that is
// smaller; "" if it is not.
func (t *turn) tooSmall() string {
	o := t.next.Order
	total, ok := t.lineTotal()
	if o.How != howDeliver || !ok {
		return ""
	}
	a := t.answerTo(minimumQuestions, minUsual)
	if a == nil {
		return ""
	}
	answer := a.Answer.In(t.say.language)
	// The first sum of the answer is taken for the minimum. An answer without a sum is told to
	// nobody unasked.
	if sums := t.in.memo.entitiesIn(answer).Money; len(sums) > 0 && total < sums[0].Amount {
		return answer
	}
	return ""
}

// askToPlace asks for the yes to the order. "Is that right?" behind "we deliver from 10,000" has no
// answer: who orders less is asked to add to it, and a yes all the same leaves it to a person.
func (t *turn) askToPlace() {
	o, rule := t.next.Order, t.tooSmall()
	// The rule is told once.
	if rule != "" && !o.Small {
		t.show(rule)
	}
	if o.Small = rule != ""; o.Small {
		o.Told = t.told()
		t.ask(Ask{For: askOrder}, "order.too_small")
		return
	}
	o.Told = t.told()
	t.ask(Ask{For: askOrder}, "order.confirm")
}

// confirmWords place an order in so many words, whatever was asked last.
var confirmWords = keywords(`
	confirm, confirmed, thibitisha, nathibitisha, nimethibitisha, place it, place order,
	place the order,
	weka oda, iweke, kamilisha, kamilisha oda, complete the order, go ahead, proceed, endelea na oda
`)

// maxConfirm is how many words such a message has at most.
const maxConfirm = 5

// confirmsOrder places the order that was read back, or reads it back, for who says to place it
// while another question stands. Only what was read back as it is now is placed.
func (t *turn) confirmsOrder() bool {
	o, p := t.next.Order, &t.p
	if t.saysYesAndPays() {
		t.did(actYes)
		t.payAndPlace()
		return true
	}
	if t.saysYesAndPaid() {
		t.did(actYes)
		t.did(actPaid)
		o.Paid = true
		t.payAndPlace()
		return true
	}
	if t.saysYesAndMore() {
		t.did(actYes)
		t.placeWithMore()
		return true
	}
	if t.placesBeside() {
		return true
	}
	if o == nil || len(o.Lines) == 0 || p.asks || len(p.reading.Words) > maxConfirm || p.names() ||
		!anyIn(p.reading.Words, confirmWords) || saysBut(p.reading.Words) ||
		p.has(actCancel, actChange, actPaid) || t.next.Ask.For == askUndo || t.countSaid() > 0 {
		return false
	}
	// Otherwise the order has changed since it was read back, and is read back first.
	if o.Told == t.told() && len(o.Unclear) == 0 {
		t.did(actYes)
		t.payAndPlace()
		return true
	}
	t.did(actOrder)
	t.fillDelivery()
	t.continueOrder()
	return true
}

// told is what the customer was read back of an order, in a number.
func (t *turn) told() uint32 {
	o := *t.next.Order
	// Both change by themselves, and must not make another order of the same one.
	o.Told, o.At = 0, t.in.Message.At
	f := t.order(flowhq.OrderConfirmed)
	text := o.How + "|" + o.Area + "|" + o.Address + "|" + o.Payment + "|" + f.Currency + "|" +
		strconv.FormatInt(f.Total, 10)
	if o.Note != "" {
		text += "|" + o.Note
	}
	for _, l := range f.Lines {
		text += "|" + l.Product + "," + l.Size + "," + strconv.Itoa(l.Quantity)
	}
	return hash(text)
}
