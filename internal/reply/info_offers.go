package reply

import (
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// tellOffer says what there is, or whether a thing is. "Do you have it" and "what do you have"
// score alike. What is named tells them apart.
func (t *turn) tellOffer() bool {
	ids := t.subjects()
	// "Do you have insurance for the router?" asks for no router.
	if t.asksInsurer(&t.p) && len(insurersNamed(t.p.text))+len(ids) > 0 &&
		anyIn(t.p.reading.Words, insurerWords) {
		return t.tellInsurance()
	}
	if t.k.template() == flowhq.BookingTemplate &&
		(t.p.hasTime || len(ids) > 0 && t.p.reading.Concepts.Has("free")) {
		return false // whether a time is free is for the booking to say
	}
	switch {
	// "Do you have it in M" has a size of the product that was spoken of.
	case len(ids) == 0 && t.sizeIn(t.next.Topic, "") != "" && len(t.p.reading.Words) <= maxSizeWords:
		ids = []string{t.next.Topic}
	// A thing on no list is not denied: owners forget entries, and "no" would end the sale.
	// An answer of the owner's that has its words is nearer than "not on my list".
	case len(ids) == 0 && t.asksForUnlisted():
		if len(t.p.nearest) != 1 || t.p.alike < mayHelp || !t.perhaps(t.p.nearest[0]) {
			t.unanswered("unanswered.stock")
		}
		return true
	// "Do you have it in red?" is about the product that was spoken of.
	case len(ids) == 0 && t.next.Topic != "" && t.speaksOfTopic() &&
		t.k.product[t.next.Topic] != nil:
		ids = []string{t.next.Topic}
	case len(ids) == 0:
		return t.tellUnlisted() || t.tellCatalogue()
	}
	for _, id := range ids {
		// Descriptions are told of one thing only. Several would make a reply of pages.
		t.tellOfferOf(id, len(ids) == 1)
	}
	if len(ids) == 1 {
		t.speakOf(ids[0], "")
		if t.namesUnlisted() {
			t.noteUnanswered()
			t.tell("unanswered.noted")
		}
		t.nextStep(ids[0])
	}
	return true
}

// namesUnlisted reports whether the message asks for one of two things of which the other is on no
// list: "ultrasound au xray?" must not pass over the second.
func (t *turn) namesUnlisted() bool {
	words := t.p.reading.Words
	i := slices.IndexFunc(words, func(w string) bool { return hasWord(orWords, w) })
	if i < 1 || i+1 >= len(words) || !t.p.asks {
		return false
	}
	next := words[i+1]
	return !t.k.words[next] && !hasWord(stockWords, next) && len(next) > 2 && i+2 >= len(words)
}

// pricesUnlisted reports whether the price of a second thing is asked for that is on no list: "how
// much for cleaning and a filling".
func (t *turn) pricesUnlisted() bool {
	words := t.p.reading.Words
	if slices.ContainsFunc(t.p.acts,
		func(a act) bool { return a != actPrice && a != actOffer && a != actGreet }) {
		return false
	}
	i := slices.IndexFunc(words, func(w string) bool { return hasWord(joiners, w) })
	// A second thing is a joiner and one or two words at the end. More words ask something of their
	// own.
	if i < 1 || i+1 >= len(words) || len(words)-i > maxKin+1 {
		return false
	}
	last := words[len(words)-1]
	return len(last) >= minSubject && !t.k.words[last] && !hasWord(stockWords, last) &&
		!hasWord(allusions, last) && !hasWord(courtesyWords, last) &&
		!hasWord(genericWords, last) && !hasWord(inAll, last)
}

// tellOfferOf says whether there is a service or product, and what it is like. Stock is looked at
// first: praise of what is sold out serves nobody.
func (t *turn) tellOfferOf(id string, alone bool) {
	if s := t.k.service[id]; s != nil {
		// "Yes, we do" is the answer to a question, and odd in front of a list.
		// "Yes" answers no "or", "which" or "how".
		if !s.Unavailable && alone && t.asksForOffer() {
			t.tell("service.have")
		}
		if d := s.Description.In(t.say.language); d != "" && alone && !t.wasSaid(d) {
			t.show(d)
		}
		// The price is the next question anyway, unless another part of the turn tells it.
		if !t.p.has(actPrice) {
			t.tellPriceOf(id)
		}
		return
	}
	p := t.k.product[id]
	if p == nil || t.foreignPrice(id) {
		return
	}
	name := p.Name.In(t.say.language)
	size, asksSize := t.sizeAsked(id)
	switch {
	// Sizes of what cannot be had are not told: they would sound like an offer.
	case !available(p):
		t.tellOut(p)
		return
	case slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool {
		return m.ID == id && t.wantsOtherKind(m)
	}):
		t.tell("product.other_kind", "name", name)
	// The size that was asked for is kept: "I take it" then means that size.
	case asksSize && size != "":
		sizes := []string{size}
		if all := t.sizesOf(entity.NameMatch{ID: id}); len(all) > 1 {
			sizes = nil
			for _, c := range all {
				sizes = append(sizes, c.Size)
			}
		}
		t.tell("product.size_have", "name", name, "size", and(t.say.language, sizes))
		t.speakOf(id, size)
		if len(sizes) > 1 {
			t.next.Size, t.next.Sizes = "", sizes
		}
	// What sizes there are is the useful part of a no.
	case asksSize && len(p.Sizes) > 0:
		t.tell("product.size_out", "name", name)
		t.tell("product.sizes", "sizes", strings.Join(p.Sizes, ", "))
	// The sizes are told before they are asked for, which spares a question when it is ordered.
	default:
		t.tell("product.have", "name", name)
		if len(p.Sizes) > 0 {
			t.tell("product.sizes", "sizes", strings.Join(p.Sizes, ", "))
		}
	}
	if anyIn(t.p.reading.Words, parts) {
		t.tellPacks(id) // "mnauza nusu kilo?"
	}
	if d := p.Description.In(t.say.language); d != "" && alone {
		t.show(d)
	}
	if !t.p.has(actPrice) && p.Price > 0 && !t.reportedGoods() {
		t.tell("price.one", "name", name, "price", t.k.money(p.Price))
	}
}

// asksForOffer reports whether the message asks in so many words whether there is such a thing: "do
// you do beards?". "Yes, that is what we do" answers nothing else.
func (t *turn) asksForOffer() bool {
	p := &t.p
	return p.asks && !anyIn(p.reading.Words, noYesOrNo) &&
		(p.cued(actOffer) || anyIn(p.reading.Words, askWhether))
}

// noYesOrNo are words of a question that a yes does not answer.
var noYesOrNo = keywords(`
	or, au, ama, which, what, how, when, who, why, gani, ipi, nini, lini, vipi, ngapi, nani,
	enough, inatosha, kutosha, good for
`)

// tellOut says that a product cannot be had now, and what the owner says of it: a uniform that is
// made to order is on no shelf.
func (t *turn) tellOut(p *flowhq.Product) {
	for _, text := range t.say.variants("product.out") {
		if strings.Contains(t.reply(), upperFirst(t.say.fill(text, "name",
			p.Name.In(t.say.language)))) {
			return
		}
	}
	t.tell("product.out", "name", p.Name.In(t.say.language))
	if d := p.Description.In(t.say.language); d != "" && p.Unavailable {
		t.show(d)
	}
}

// maxSizeWords is how many words a question has at most for a size of what was spoken of: "ok do you
// have size 42 in stock now?". A longer one has a subject of its own.
const maxSizeWords = 12

// sizeAsked is the size of a product that the message asks for; "" if it does not exist. asked
// tells "no size was said" from "a size that the product does not have".
func (t *turn) sizeAsked(id string) (size string, asked bool) {
	// A size that the matcher has found beside the name belongs to this product for sure.
	for _, m := range t.p.products {
		if m.ID == id && m.Size != "" {
			return m.Size, true
		}
	}
	size = t.sizeIn(id, "")
	if p := t.k.product[id]; size == "" && p != nil && len(p.Sizes) > 0 &&
		anyIn(t.p.reading.Words, letterSizes) {
		return "", true // a size that does not exist
	}
	// "Size 42" where sizes are letters: the number was a size, of which there is none.
	return size, size != "" || t.p.reading.Concepts.Has("size") && len(t.p.entities.Numbers) > 0
}

// letterSizes are sizes of clothes that a product may not have. The letters S, M and L are left
// out: they are also "is", "I'm" and a typo, and a product that has these finds them itself.
var letterSizes = keywords("xs, xl, xxl, xxxl, 2xl, 3xl, 4xl, small, medium, large")

// tellCatalogue lists what there is. Products come before services here, the other way round than
// prices: a shop's catalogue is what "mna nini" asks for.
func (t *turn) tellCatalogue() bool {
	// Behind a yes a list of everything is an echo of the models.
	if len(t.justBooked()) > 0 && !t.p.cued(actOffer) {
		return false
	}
	if products := t.k.inStock(); len(products) > 0 {
		var lines []string
		for _, p := range products[:min(len(products), maxListed)] {
			lines = append(lines, t.productLine(p))
		}
		// The text says that these are some. The customer would otherwise take the rest for
		// missing.
		if len(products) > maxListed {
			t.tell("product.some")
		} else {
			t.tell("product.list")
		}
		t.show(lines...)
		// The question for a product must not replace the one that an order has open.
		if t.k.template() == flowhq.EcommerceTemplate && t.next.Order == nil {
			t.ask(Ask{For: askProduct}, "order.what")
		}
		return true
	}
	services := t.k.offered()
	if len(services) == 0 {
		t.unanswered("unanswered.list")
		return true
	}
	var lines []string
	for _, s := range services[:min(len(services), maxListed)] {
		lines = append(lines, t.serviceLine(s))
	}
	t.tell("service.list")
	t.show(lines...)
	if t.k.template() == flowhq.BookingTemplate {
		t.ask(Ask{For: askService}, "book.service")
	}
	return true
}

// asksForUnlisted reports whether the message asks for a thing that is on no list: "do you have
// hats?". A question for everything names nothing. False is the safe answer: the catalogue is then
// shown, which holds no lie.
func (t *turn) asksForUnlisted() bool {
	// The concept "product" is what stands on lists in general: "do you have products" asks for
	// all.
	has := t.p.reading.Concepts.Has
	// "What about a red one" asks for the thing that was spoken of.
	if !has("stock") && !t.p.same || has("product") || t.p.same && has("colour") {
		return false
	}
	// A word that is no filler, no number and of no name on the lists must be what is asked for.
	// "Is there L" asks for a size of what was spoken of.
	var sizes []string
	if p := t.k.product[t.next.Topic]; p != nil {
		sizes = split(strings.Join(p.Sizes, " "))
	}
	for _, w := range t.p.reading.Words {
		if _, err := strconv.Atoi(w); err != nil && !hasWord(stockWords, w) && !t.k.words[w] &&
			!slices.Contains(sizes, w) {
			return true
		}
	}
	return false
}

// stockWords are the fillers of a question for stock in both languages. A filler that is missing
// here turns "mna nini leo" into a question for a thing called so.
var stockWords = keywords(`
	do, you, have, u, in, stock, what, sell, is, are, there, any, left, still, available, got, the,
	it, this, that, which, mna, mnayo, mnazo, una, unayo, unazo, zipo, ipo, yapo, vipo, kuna, nini,
	size*, saizi, namba, no, please, tafadhali, sasa, vitu, gani, mko, na, je, mnauza, hi, hello,
	habari, mambo, leo, bado, iko, ziko, hii, hiyo, hizo, about, how, of, a, one, vipi, kuhusu
`)
