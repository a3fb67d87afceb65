package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What is asked of a shop beside its order: how many are left, and why a price has gone up.

// leftWords ask how many of a thing there are.
var leftWords = keywords(`
	how many do you have, how many are left, how many left, how many remain, how many are there,
	how many are in stock,
	how many in stock, zimebaki ngapi, imebaki ngapi, yamebaki mangapi, vimebaki vingapi,
	mmebaki nazo ngapi, zipo ngapi,
	mnazo ngapi, mko nazo ngapi, mna ngapi, ziko ngapi, mmebakiwa na ngapi, only that many
`)

var (
	howMany    = keywords("how many")
	whatIsLeft = keywords("left, remain*, in stock, do you have, do u have, are there")
)

// tellStock says how many of a thing are left, where the owner counts it: of what is named, else of
// what was spoken of last.
func (t *turn) tellStock() bool {
	words := t.p.reading.Words
	named := len(t.p.products) == 1 && anyIn(words, howMany) && anyIn(words, whatIsLeft)
	if t.k.template() != flowhq.EcommerceTemplate || !named && !anyIn(words, leftWords) {
		return false
	}
	id := t.next.Topic
	// Of several the number would be told of one, and nobody could say of which.
	if ids := idsOf(t.p.products); len(ids) == 1 {
		id = ids[0]
	} else if len(ids) > 1 {
		return false
	}
	p := t.k.product[id]
	if p == nil {
		return false
	}
	t.did(actOffer)
	// "That is not on my list" was false: it is, and only its number is not told.
	if p.Stock == nil {
		t.unanswered("unanswered.any")
		return true
	}
	// "None are left" comes with what the owner says of it, as for whoever wants to buy.
	if *p.Stock <= 0 {
		t.tellOut(p)
	} else {
		t.tell("product.few", "name", p.Name.In(t.say.language), "count",
			thousands(int64(*p.Stock)))
	}
	t.speakOf(id, "")
	return true
}

// tellAmount says what so much costs of what was spoken of last: "and 10 kg?" ordered it.
func (t *turn) tellAmount() bool {
	p := &t.p
	if t.k.template() != flowhq.EcommerceTemplate || !p.asks || p.names() ||
		t.k.product[t.next.Topic] == nil || len(p.entities.Quantities) != 1 ||
		!isMeasure(p.entities.Quantities[0].Unit) || len(p.reading.Words) > maxSame {
		return false
	}
	m := entity.NameMatch{ID: t.next.Topic, Amount: p.entities.Quantities[0]}
	// The pack is chosen as for an order, so that the price is the one that will be read back.
	t.fitPack(&m)
	n, whole := t.packs(m)
	if !whole || within(n) == 0 || !available(t.k.product[m.ID]) || t.k.product[m.ID].Price == 0 {
		return false
	}
	m.Quantity, m.Amount = n, entity.Quantity{}
	p.products = append(p.products, m)
	// The answer is given here, and what the words scored for would give it twice.
	p.acts.drop(actOrder, actOffer, actPrice)
	t.tellPriceOf(m.ID)
	t.speakOf(m.ID, "")
	return true
}

var (
	// onceWords are of a price of another time.
	onceWords = keywords(`
		last month, last week, last time, yesterday, used to be, it was, they were, was it,
		before it was, ilikuwa, ilikua, zilikuwa,
		zilikua, ilikuwaga, mwezi uliopita, wiki iliyopita, juzi, jana, zamani, mwanzo, nilinunua,
		nilinunuaga, i bought, i paid,
		imepanda, mmepandisha, imepandishwa, has gone up, gone up, went up, increased, raised,
		zimepanda
	`)
	// whyWords wonder at it.
	whyWords = keywords("why, mbona, kwa nini, kwanini, how come, imepanda, mmepandisha, gone " +
		"up, went up, increased, zimepanda, used to be")
)

// risen says in so many words that a price has gone up.
var risen = keywords("imepanda, mmepandisha, gone up, went up, increased, zimepanda, used to be")

// tellsOldPrice answers who wonders that a thing has cost less before: with the price of now, which
// is the owner's. Nothing was ordered by it, and no order is looked for.
func (t *turn) tellsOldPrice() bool {
	p := &t.p
	if t.k.template() != flowhq.EcommerceTemplate || !anyIn(p.reading.Words, onceWords) ||
		!anyIn(p.reading.Words, whyWords) || p.has(actCancel, actReturn, actPaid, actComplaint) ||
		len(p.entities.References) > 0 {
		return false
	}
	ids := idsOf(p.products)
	if len(ids) == 0 && t.next.Topic != "" {
		ids = []string{t.next.Topic}
	}
	if len(ids) != 1 || t.k.product[ids[0]] == nil || t.k.product[ids[0]].Price == 0 {
		return false
	}
	// A number must be a price: "why did you bring 2, I bought 3" is a complaint.
	if len(p.entities.Money) == 0 && !slices.ContainsFunc(p.entities.Numbers,
		func(n entity.Number) bool {
			return n.Value > maxQuantity
		}) && !p.cued(actPrice) && !anyIn(p.reading.Words, risen) {
		return false
	}
	t.did(actPrice)
	t.tellPriceOf(ids[0])
	t.tell("price.owner")
	t.next.Topic = ids[0]
	return true
}
