package reply

import (
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Many of a thing. Owners tell the price for many in words, such as "from 12 pieces you get 15 % off".
// The bot does not work it out: it says the rule with the order, and whoever packs it takes it off.

// bulk is from how many of a product on the owner's price for many may be asked for.
const bulk = 12

// bulkQuestions are how owners write the question for that price.
var bulkQuestions = []string{
	"what is the price for many pieces", "do you have a bulk price", "do you sell wholesale",
	"mnauza jumla", "bei ya jumla ni ngapi", "nikichukua nyingi bei inapungua",
}

// tellBulk gives the owner's answer about many of a thing to who orders many, once: an order of
// twenty at the full price is a customer lost.
func (t *turn) tellBulk(before []Line) {
	if t.p.has(actAnswer) || len(t.next.Order.Lines) == 0 {
		return
	}
	rule := t.bulkRule(t.next.Order.most(before))
	if rule != "" && !t.wasSaid(rule) {
		t.did(actAnswer)
		t.show(rule)
	}
}

// most is how many there are of the product that there is most of, in all its sizes. Lines that stood
// before count only beside new ones: they have had their answer.
func (o *Basket) most(before []Line) (most int) {
	counts := map[string]int{}
	for _, l := range o.Lines {
		if counts[l.Product] += l.Quantity; !slices.Contains(before, l) {
			most = max(most, counts[l.Product])
		}
	}
	return most
}

// bulkRule is what the owner says of so many of a thing, "" if nothing. "From 12 pieces" is for twelve
// and more; a sack of 100 kg says nothing of twenty loaves.
func (t *turn) bulkRule(count int) string {
	if count < bulk {
		return ""
	}
	a := t.answerTo(bulkQuestions, minUsual)
	if a == nil {
		return ""
	}
	answer := a.Answer.In(t.say.language)
	for _, w := range split(answer) {
		if n, err := strconv.Atoi(w); err == nil && n > 1 {
			if n <= count {
				return answer
			}
			return ""
		}
	}
	return ""
}

// discountNote tells who packs an order that something is to be taken off its total.
const discountNote = "discount to be taken off"

// discount is the rule by which something is taken off the order in the making, "" if nothing is.
func (t *turn) discount() string {
	if t.next.Order == nil {
		return ""
	}
	return discountIn(t.bulkRule(t.next.Order.most(nil)))
}

// discountIn is the sentence of a rule that tells a discount, "" if it tells none.
func discountIn(rule string) string {
	first, _, _ := strings.Cut(rule, ". ")
	if !strings.Contains(first, "%") && !anyIn(split(first), discountWords) {
		return ""
	}
	return strings.TrimSuffix(first, ".")
}

// discountWords speak of a lower price for many.
var discountWords = listOf("discount")

// tellDiscount answers who asks for a discount with the owner's rule, and reports whether there is one.
func (t *turn) tellDiscount() bool {
	a := t.answerTo(bulkQuestions, minUsual)
	// Who bargains about one piece is told the owner's price.
	many := t.discount() != "" || slices.ContainsFunc(t.p.entities.Quantities, func(q entity.Quantity) bool {
		return q.Value >= bulk && (q.Unit == "pcs" || q.Unit == "pair")
	}) || slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool { return m.Quantity >= bulk })
	if a == nil || !many || !anyIn(t.p.reading.Words, discountWords) {
		return false
	}
	rule := discountIn(a.Answer.In(t.say.language))
	if rule == "" {
		return false
	}
	t.did(actAnswer)
	if t.discount() != "" {
		t.tellOff(rule)
	} else {
		t.show(rule + ".")
	}
	return true
}

// tellOff says that a discount is taken off the total of the order, with the rule unless it was just
// told.
func (t *turn) tellOff(rule string) {
	if t.wasSaid(rule + ".") {
		t.tell("order.discount_off")
		return
	}
	t.tell("order.discount", "rule", rule)
}
