package reply

import (
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
)

// languageOf is the language of one of the owner's texts.
func languageOf(text string, template flowhq.Template) flowhq.Language {
	return understand.Read(text, template).Language
}

// subjects are the services and products that the message is about: those it names, else the one
// that was spoken of last.
func (t *turn) subjects() []string {
	var ids []string
	add := func(id string) {
		if !slices.Contains(ids, id) && len(ids) < maxOffered {
			ids = append(ids, id)
		}
	}
	for _, m := range slices.Concat(t.p.services, t.p.products) {
		add(m.ID)
		for _, other := range m.Others {
			if !m.Exact {
				add(other)
			}
		}
	}
	return ids
}

// tellPrice says what the message asks the price of, or the whole list.
func (t *turn) tellPrice() bool {
	ids := t.subjects()
	if len(ids) == 0 && t.next.Order != nil && len(t.next.Order.Lines) > 0 && t.p.cued(cueTotal) {
		t.tellTotal()
		return true
	}
	if len(ids) == 0 && t.next.Topic != "" && t.speaksOfTopic() {
		ids = []string{t.next.Topic}
	}
	if len(ids) == 0 {
		return t.tellPrices()
	}
	for _, id := range ids {
		t.tellPriceOf(id)
	}
	if len(ids) == 1 {
		t.speakOf(ids[0], t.sizeIn(ids[0], ""))
		t.nextStep(ids[0])
	}
	return true
}

// tellTotal says what the order in the making comes to so far.
func (t *turn) tellTotal() {
	var lines []string
	for _, l := range t.next.Order.Lines {
		lines = append(lines, "• "+t.lineText(l))
	}
	fee, _ := t.fee()
	if fee > 0 {
		lines = append(lines, "• "+t.say.first("order.fee", "area", t.next.Order.Area, "fee", t.k.money(fee)))
	}
	if total, ok := t.lineTotal(); ok {
		lines = append(lines, "• "+t.say.first("order.total", "total", t.k.money(total+fee)))
	}
	t.tell("order.summary")
	t.show(lines...)
}

// maxAllusion is how many words a question has at most that is about what was spoken of last:
// "how much is it", "bei gani".
const maxAllusion = 5

func (t *turn) speaksOfTopic() bool {
	words := t.p.reading.Words
	return len(words) <= maxAllusion ||
		t.p.has(actHours, actPlace, actPayment) && !anyIn(words, allPrices)
}

// allPrices ask for more than one price.
var allPrices = keywords("prices, list, orodha, zote, zenu, all, services, huduma, kila")

// tellPriceOf says what one service or product costs.
func (t *turn) tellPriceOf(id string) {
	name := t.k.nameOf(id, t.say)
	var price, to int64
	minutes := 0
	switch {
	case t.k.service[id] != nil:
		s := t.k.service[id]
		if s.Unavailable {
			t.tell("service.unavailable", "name", name)
			return
		}
		price, to, minutes = s.Price, s.PriceTo, s.Minutes
	case t.k.product[id] != nil:
		if !available(t.k.product[id]) {
			t.tell("product.out", "name", name)
			return
		}
		price = t.k.product[id].Price
	}
	count := t.quantityOf(id)
	switch {
	case price == 0:
		t.unanswered("unanswered.price", "name", name)
	case to > price:
		t.tell("price.range", "name", name, "price", t.k.money(price), "to", t.k.money(to))
	case count > 1:
		t.tell("price.unit", "name", name, "price", t.k.money(price),
			"count", thousands(int64(count)), "total", t.k.money(price*int64(count)))
	default:
		t.tell("price.one", "name", name, "price", t.k.money(price))
	}
	if minutes > 0 && t.p.reading.Concepts.Has("when") && !t.p.hasTime {
		t.tell("service.minutes", "minutes", thousands(int64(minutes)))
	}
}

// quantityOf is the number that the message says of a product; 0 if it says none.
func (t *turn) quantityOf(id string) int {
	for _, m := range t.p.products {
		if m.ID == id && m.Quantity <= maxQuantity {
			return m.Quantity
		}
	}
	return 0
}

// tellPrices lists the prices of everything.
func (t *turn) tellPrices() bool {
	var lines []string
	for _, s := range t.k.offered() {
		lines = append(lines, t.serviceLine(s))
	}
	for _, p := range t.k.inStock() {
		lines = append(lines, t.productLine(p))
	}
	switch {
	case len(lines) == 0:
		t.unanswered("unanswered.prices")
		return true
	case len(lines) > maxListed:
		lines = append(lines[:maxListed:maxListed], "…")
	}
	t.tell("price.list")
	t.show(lines...)
	switch {
	case t.question != "":
	case t.k.template() == flowhq.BookingTemplate:
		t.ask(Ask{For: askService}, "book.service")
	case t.k.template() == flowhq.EcommerceTemplate && t.next.Order == nil:
		t.ask(Ask{For: askProduct}, "order.what")
	}
	return true
}

func (t *turn) serviceLine(s *flowhq.Service) string {
	line := "• " + s.Name.In(t.say.language)
	switch {
	case s.PriceTo > s.Price && s.Price > 0:
		line += ": " + t.k.money(s.Price) + " – " + t.k.money(s.PriceTo)
	case s.Price > 0:
		line += ": " + t.k.money(s.Price)
	}
	return line
}

func (t *turn) productLine(p *flowhq.Product) string {
	line := "• " + p.Name.In(t.say.language)
	if p.Price > 0 {
		line += ": " + t.k.money(p.Price)
	}
	return line
}

// nextStep asks what comes after the price of a thing: when to come, or how many. A message that
// wants more itself decides on the next step.
func (t *turn) nextStep(id string) {
	if t.question != "" || t.p.has(taskActs...) || t.p.hasTime || len(t.bookings()) > 0 {
		return
	}
	switch {
	case t.k.template() == flowhq.BookingTemplate && t.k.service[id] != nil && !t.k.service[id].Unavailable:
		if t.next.Booking == nil {
			t.next.Booking = &Visit{}
		}
		t.next.Booking.Service = id
		t.continueBooking()
	case t.k.template() == flowhq.EcommerceTemplate && t.k.product[id] != nil && available(t.k.product[id]):
		if t.next.Order == nil && t.quantityOf(id) == 0 {
			t.ask(Ask{For: askQuantity, About: id}, "order.quantity")
		}
	}
}

// tellOffer says what there is, or whether a thing is.
func (t *turn) tellOffer() bool {
	ids := t.subjects()
	if t.k.template() == flowhq.BookingTemplate && (t.p.hasTime || len(ids) > 0 && t.p.reading.Concepts.Has("free")) {
		return false // whether a time is free is for the booking to say
	}
	switch {
	case len(ids) == 0 && t.asksForUnlisted():
		t.unanswered("unanswered.stock")
		return true
	case len(ids) == 0 && t.next.Topic != "" && t.speaksOfTopic() &&
		t.k.product[t.next.Topic] != nil:
		ids = []string{t.next.Topic}
	case len(ids) == 0:
		return t.tellCatalogue()
	}
	for _, id := range ids {
		t.tellOfferOf(id, len(ids) == 1)
	}
	if len(ids) == 1 {
		t.speakOf(ids[0], "")
		t.nextStep(ids[0])
	}
	return true
}

// tellOfferOf says whether there is a service or product, and what it is like.
func (t *turn) tellOfferOf(id string, alone bool) {
	if s := t.k.service[id]; s != nil {
		if !s.Unavailable && alone && t.p.asks {
			t.tell("service.have")
		}
		if d := s.Description.In(t.say.language); d != "" && alone {
			t.show(d)
		}
		if !t.p.has(actPrice) {
			t.tellPriceOf(id)
		}
		return
	}
	p := t.k.product[id]
	if p == nil {
		return
	}
	name := p.Name.In(t.say.language)
	size, asksSize := t.sizeAsked(id)
	switch {
	case !available(p):
		t.tell("product.out", "name", name)
		return
	case asksSize && size != "":
		t.tell("product.size_have", "name", name, "size", size)
		t.speakOf(id, size)
	case asksSize && len(p.Sizes) > 0:
		t.tell("product.size_out", "name", name)
		t.tell("product.sizes", "sizes", strings.Join(p.Sizes, ", "))
	default:
		t.tell("product.have", "name", name)
		if len(p.Sizes) > 0 {
			t.tell("product.sizes", "sizes", strings.Join(p.Sizes, ", "))
		}
	}
	if d := p.Description.In(t.say.language); d != "" && alone {
		t.show(d)
	}
	if !t.p.has(actPrice) && p.Price > 0 {
		t.tell("price.one", "name", name, "price", t.k.money(p.Price))
	}
}

// sizeAsked is the size of a product that the message asks for; "" if it does not exist.
func (t *turn) sizeAsked(id string) (size string, asked bool) {
	for _, m := range t.p.products {
		if m.ID == id && m.Size != "" {
			return m.Size, true
		}
	}
	size = t.sizeIn(id, "")
	if p := t.k.product[id]; size == "" && p != nil && len(p.Sizes) > 0 && anyIn(t.p.reading.Words, letterSizes) {
		return "", true // a size that does not exist
	}
	return size, size != "" || t.p.reading.Concepts.Has("size") && len(t.p.entities.Numbers) > 0
}

// letterSizes are sizes of clothes that a product may not have.
var letterSizes = keywords("xs, xl, xxl, xxxl, 2xl, 3xl, 4xl, small, medium, large")

// tellCatalogue lists what there is.
func (t *turn) tellCatalogue() bool {
	if products := t.k.inStock(); len(products) > 0 {
		var lines []string
		for _, p := range products[:min(len(products), maxListed)] {
			lines = append(lines, t.productLine(p))
		}
		if len(products) > maxListed {
			t.tell("product.some")
		} else {
			t.tell("product.list")
		}
		t.show(lines...)
		if t.k.template() == flowhq.EcommerceTemplate && t.next.Order == nil {
			t.ask(Ask{For: askProduct}, "order.what")
		}
		return true
	}
	services := t.k.offered()
	if len(services) == 0 {
		t.unanswered("unanswered.any")
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
// hats?". A question for everything names nothing.
func (t *turn) asksForUnlisted() bool {
	if !t.p.reading.Concepts.Has("stock") || t.p.reading.Concepts.Has("product") {
		return false
	}
	for _, w := range t.p.reading.Words {
		if _, err := strconv.Atoi(w); err != nil && !hasWord(stockWords, w) && !t.k.words[w] {
			return true
		}
	}
	return false
}

var stockWords = keywords(`
	do, you, have, u, in, stock, what, sell, is, are, there, any, left, still, available, got, the,
	it, this, that, which, mna, mnayo, mnazo, una, unayo, unazo, zipo, ipo, yapo, vipo, kuna, nini,
	size*, saizi, namba, no, please, tafadhali, sasa, vitu, gani, mko, na, je, mnauza, hi, hello,
	habari, mambo, leo, bado, iko, ziko, hii, hiyo, hizo
`)
