package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
)

// languageOf is the language of one of the owner's texts. Owners write in either language, and a
// profile does not say in which.
func languageOf(text string, template flowhq.Template) flowhq.Language {
	return understand.Read(text, template).Language
}

// subjects are the services and products that the message is about: those it names, else the one
// that was spoken of last. The bound keeps a name that many entries share, such as "shirt", from
// filling the reply.
func (t *turn) subjects() []string {
	var ids []string
	add := func(id string) {
		if !slices.Contains(ids, id) && len(ids) < maxOffered {
			ids = append(ids, id)
		}
	}
	// "Kunyoa na ndevu" is one service of the owner's, with a price of its own.
	if both := t.combined(); both != "" && t.k.template() == flowhq.BookingTemplate {
		return []string{both}
	}
	for _, m := range slices.Concat(t.p.services, t.p.products) {
		add(m.ID)
		// A name that fits several entries as well is answered for each: the bot must not choose a
		// price. An exact name leaves no doubt.
		for _, other := range m.Others {
			if !m.Exact {
				add(other)
			}
		}
	}
	if id := t.cheapest(ids); id != "" {
		return []string{id}
	}
	return ids
}

// cheapestWords ask for the lowest price.
var cheapestWords = listOf("cheapest")

// cheapest is the least dear of what the message asks for the cheapest of: of what it names, of the
// packages, or of what has a word of it in its name. It is "" for who asks for no such thing.
func (t *turn) cheapest(named []string) (id string) {
	words := t.p.reading.Words
	if !anyIn(words, cheapestWords) {
		return ""
	}
	of := named
	if len(of) < 2 && t.k.template() == flowhq.SupportTemplate {
		of = t.packages()
	} else if len(of) == 0 {
		for _, s := range t.k.offered() {
			of = append(of, s.ID)
		}
		for _, p := range t.k.profile.Products {
			of = append(of, p.ID)
		}
	}
	shared := func(id string) bool {
		return slices.ContainsFunc(split(t.k.nameOf(id, t.say)), func(w string) bool {
			return len(w) >= minSubject && slices.Contains(words, w)
		})
	}
	some := slices.ContainsFunc(of, shared)
	least := int64(0)
	for _, other := range of {
		price := t.priceOf(other)
		if p := t.k.product[other]; p != nil && !available(p) || price == 0 || some && !shared(other) {
			continue
		}
		if least == 0 || price < least {
			id, least = other, price
		}
	}
	return id
}

// tellPrice says what the message asks the price of, or the whole list.
func (t *turn) tellPrice() bool {
	ids := t.subjects()
	if id := t.wantedAfterAll(); id != "" {
		ids = []string{id}
	}
	if t.supposesMore() {
		t.tellSupposed()
		return true
	}
	// "Na kupunguza ndevu pia, jumla itakua ngapi" asks for both.
	if own := t.k.service[t.next.Topic]; len(ids) == 1 && own != nil && ids[0] != own.ID &&
		t.p.cued(cueAdd) &&
		t.p.cued(cueTotal) && t.k.template() == flowhq.BookingTemplate {
		ids = []string{own.ID, ids[0]}
	}
	if len(ids) == 0 && t.tellTotalOfAll() {
		return true
	}
	// "How much is it?": the thing spoken of last, unless the message is long or asks for all.
	if len(ids) == 0 && t.next.Topic != "" && t.speaksOfTopic() {
		ids = []string{t.next.Topic}
	}
	// What is being booked is what is asked about, however long the question: nine prices were the
	// answer to "each session how much, he was told three a week".
	if v := t.next.Booking; len(ids) == 0 && v != nil && v.Service != "" &&
		!anyIn(t.p.reading.Words, wholeList) {
		ids = []string{v.Service}
	}
	if len(ids) == 0 {
		ids = t.justBooked()
	}
	if len(ids) == 0 {
		return t.tellUnlisted() || t.tellPrices()
	}
	t.tellReached()
	if all := t.withChildren(ids); all != nil {
		t.tellVisitSum(all)
	} else if len(ids) > 1 && t.k.template() == flowhq.BookingTemplate && t.asksInAll() {
		t.tellVisitSum(ids)
	} else {
		for _, id := range ids {
			t.tellPriceOf(id)
		}
	}
	t.next.Pair = nil
	if all := t.joined(); len(all) > 1 && len(all) == len(ids) &&
		t.k.template() == flowhq.BookingTemplate && t.sideBySide() {
		t.next.Pair = all
		if t.next.Booking == nil && !t.p.has(taskActs...) && !t.p.hasTime && t.question == "" &&
			len(t.bookings()) == 0 {
			t.ask(Ask{For: askWhen}, "book.when")
		}
	}
	if t.pricesUnlisted() {
		t.noteUnanswered()
		t.tell("unanswered.noted")
	}
	if len(ids) == 1 {
		// What is told alone is what "it" is from then on, with its size. Of several none is.
		t.speakOf(ids[0], t.sizeIn(ids[0], ""))
		t.nextStep(ids[0])
	}
	return true
}

// wantedAfterAll is the one service that a message wants, where another is named only by what is
// wrong: the tooth in "jino linaniuma, nataka kung'oa ni bei gani" is no check-up. It is "" if
// there is none.
func (t *turn) wantedAfterAll() (id string) {
	p := &t.p
	if len(p.services) < 2 || !p.cued(cueSick) || t.k.template() != flowhq.BookingTemplate {
		return ""
	}
	for _, m := range p.services {
		if m.Start > 0 && m.Start <= len(p.text) && wantsBefore.MatchString(p.text[:m.Start]) {
			if id != "" {
				return ""
			}
			id = m.ID
		}
	}
	// What is named behind it is wanted too.
	if last := p.services[len(p.services)-1]; last.ID != id {
		return ""
	}
	return id
}

// asksInAll reports whether the message asks what several things come to.
func (t *turn) asksInAll() bool { return t.p.cued(cueTotal) || anyIn(t.p.reading.Words, inAll) }

// sumAsked asks for a sum.
var sumAsked = regexp.MustCompile(`(?i)\b(?:jumla|total)\b(?:\s+\S+){0,2}\s+(?:ngapi|gani|how much)\b|\b(?:how much|what(?:'s| is| will)?)\b(?:\s+\S+){0,4}\s+(?:total|in all|altogether)\b`)

// tellTotalOfAll says what the order, the visit or the bookings of this talk come to, to who asks
// for that and names nothing: the prices of everything would be no answer to "jumla ngapi".
func (t *turn) tellTotalOfAll() bool {
	if t.next.Order != nil && len(t.next.Order.Lines) > 0 && t.p.cued(cueTotal) {
		t.tellTotal()
		return true
	}
	if !t.asksInAll() {
		return false
	}
	var wanted []string
	if v := t.next.Booking; v != nil {
		wanted = v.services()
	} else {
		for _, b := range t.bookings() {
			if t.now.Sub(b.CreatedAt) <= AskedFor {
				wanted = append(wanted, b.Service)
			}
		}
	}
	if len(wanted) < 2 {
		return false
	}
	t.tellVisitSum(wanted)
	return true
}

// justBooked are the services that this turn has booked, or else the one visit that was booked in
// this talk: "yes, and how much is it?" is about these.
func (t *turn) justBooked() (ids []string) {
	for _, f := range t.facts {
		if f.Booking != nil && f.Booking.Status == flowhq.BookingConfirmed &&
			!slices.Contains(ids, f.Booking.Service) && !anyIn(t.p.reading.Words, wholeList) {
			ids = append(ids, f.Booking.Service)
		}
	}
	if len(ids) == 0 && t.bookedJustNow() && !anyIn(t.p.reading.Words, wholeList) {
		return visitOf(t.appointments()[0]).services()
	}
	return ids
}

// tellReached says of the places that are named to a help desk whether it reaches them: its prices
// are for these.
func (t *turn) tellReached() {
	if t.k.template() != flowhq.SupportTemplate || t.p.has(actDelivery) {
		return
	}
	for _, id := range idsOf(t.p.areas) {
		t.tellArea(t.k.area[id])
	}
}

// tellTotal says what the order in the making comes to so far. It is not readOrderBack: nothing is
// asked, so a "sawa" behind it places no order.
func (t *turn) tellTotal() {
	var lines []string
	for _, l := range t.next.Order.Lines {
		lines = append(lines, "• "+t.lineText(l))
	}
	fee, _ := t.fee()
	// The fee counts from when the area is known. Before that the total is of the lines alone.
	if fee > 0 {
		lines = append(lines, "• "+t.say.first("order.fee",
			"area", t.next.Order.Area, "fee", t.k.money(fee)))
	}
	// A line without a price leaves the total out: a sum of the others would be taken for all of
	// it.
	if total, ok := t.lineTotal(); ok {
		lines = append(lines, "• "+t.say.first("order.total", "total", t.k.money(total+fee)))
	}
	t.tell("order.summary")
	t.show(lines...)
}

// dropTotal takes back what was told of the total, where the order is read back whole behind it.
func (t *turn) dropTotal() {
	if len(t.next.Order.Lines) == 0 {
		return
	}
	first := "• " + t.lineText(t.next.Order.Lines[0])
	if i := slices.IndexFunc(t.said, func(p part) bool {
		return p.block && strings.HasPrefix(p.text, first)
	}); i > 0 {
		t.said = slices.Delete(t.said, i-1, i+1) // with its lead
	}
}

// maxAllusion is how many words a question has at most that is about what was spoken of last:
// "how much is it", "bei gani". A longer question has a subject of its own, which the bot has
// failed to find. The price of another thing would then be a wrong answer.
const maxAllusion = 5

// Beside another question the length says nothing: "mko wapi, mnafunga saa ngapi na bei gani" is
// about what was spoken of as well.
func (t *turn) speaksOfTopic() bool {
	words := t.p.reading.Words
	// "How much do I pay now then" has no subject of its own, however long it is.
	alludes := !slices.ContainsFunc(words, func(w string) bool { return !hasWord(allusions, w) })
	return len(words) <= maxAllusion || alludes ||
		t.p.has(actHours, actPlace, actPayment) && !anyIn(words, allPrices)
}

// allusions may all stand in a question for the price of what was spoken of last.
var allusions = listOf("allusion")

// allPrices ask for more than one price. None of these words is about the one thing that was spoken
// of last.
var allPrices = keywords("prices, list, orodha, zote, zenu, all, services, huduma, kila")

// wholeList ask for the prices of everything, also while one thing is being booked.
var wholeList = keywords(`
	prices, price list, list, orodha, bei zote, bei zenu, zenu, all your, services, huduma zote,
	huduma zenu, others, nyingine, zingine
`)

// tellPriceOf says what one service or product costs.
func (t *turn) tellPriceOf(id string) {
	if t.foreignPrice(id) {
		return
	}
	t.remember(id)
	name := t.k.nameOf(id, t.say)
	// IDs may be of entries that a newer profile has not: price stays 0, and the owner is asked.
	var price, to int64
	minutes := 0
	switch {
	case t.k.service[id] != nil:
		s := t.k.service[id]
		// A price would invite a booking that cannot be had.
		if s.Unavailable {
			t.tell("service.unavailable", "name", name)
			return
		}
		price, to, minutes = s.Price, s.PriceTo, s.Minutes
	case t.k.product[id] != nil:
		if !available(t.k.product[id]) {
			t.tellOut(t.k.product[id])
			return
		}
		price = t.k.product[id].Price
	}
	count := t.quantityOf(id)
	switch {
	// A price that was not told is no price of zero.
	case price == 0:
		t.unanswered("unanswered.price", "name", name)
	// A range is told whole: its lower end alone would be held against the owner.
	// What it depends on, the owner may have told.
	case to > price && t.tellsSpan(id):
		t.tell("price.span", "name", name, "price", t.k.money(price), "to", t.k.money(to))
		t.tellDescription(id)
	case to > price:
		t.tell("price.range", "name", name, "price", t.k.money(price), "to", t.k.money(to))
	// With the amount worked out: "bei ya 3" asks what three come to, and not what one does.
	case count > 1:
		t.tell("price.unit", "name", name, "price", t.k.money(price),
			"count", thousands(int64(count)), "total", t.k.money(price*int64(count)))
	default:
		t.tell("price.one", "name", name, "price", t.k.money(price))
		t.tellCondition(id)
	}
	// "How long" is asked for with a "when" and without a time. The duration is then the answer.
	if minutes > 0 && t.p.reading.Concepts.Has("when") && !t.p.hasTime &&
		!strings.Contains(t.reply(), thousands(int64(minutes))) {
		t.tell("service.minutes", "minutes", thousands(int64(minutes)))
	}
}

// tellsSpan reports whether the owner has described what costs from one price to another. Such a
// description says what the price depends on: "the dentist tells the price after looking at it".
func (t *turn) tellsSpan(id string) bool {
	s := t.k.service[id]
	return s != nil && s.Description.In(t.say.language) != "" && !t.p.has(actOffer)
}

// conditions are words of what a price depends on.
var conditions = keywords("free, bure, if, only, kama, ikiwa, unless, isipokuwa, tu")

// tellCondition tells the description of a service whose price depends on it: "free if the fault is
// ours" was left out where the fault was.
func (t *turn) tellCondition(id string) {
	if s := t.k.service[id]; s != nil && anyIn(split(s.Description.EN), conditions) &&
		!t.wasSaid(s.Description.In(t.say.language)) && !strings.Contains(strings.ToLower(t.reply()),
		strings.ToLower(strings.TrimSuffix(s.Description.In(t.say.language), "."))) {
		t.tellDescription(id)
	}
}

// tellDescription says what the owner has told of a service.
func (t *turn) tellDescription(id string) {
	d := t.k.service[id].Description.In(t.say.language)
	// Once a reply is enough.
	if d != "" && !slices.ContainsFunc(t.said, func(p part) bool { return p.text == d }) {
		t.said = append(t.said, part{text: d})
	}
}

// quantityOf is the number that the message says of a product; 0 if it says none. A number beyond
// maxQuantity is a price or a phone number that stands near the name.
func (t *turn) quantityOf(id string) int {
	for _, m := range t.p.products {
		if m.ID != id || m.Quantity > maxQuantity {
			continue
		}
		// "Size 41 or 42" are sizes.
		if p := t.k.product[id]; p != nil && slices.Contains(p.Sizes, strconv.Itoa(m.Quantity)) {
			return 0
		}
		// Five kilos are one bag of five: "5kg rice" was priced as five bags.
		if n, whole := t.packs(m); isMeasure(m.Amount.Unit) && whole {
			return n
		}
		return m.Quantity
	}
	return 0
}

// tellPrices lists the prices of everything. Services come first: they are what a business that has
// both is known for.
func (t *turn) tellPrices() bool {
	var lines []string
	for _, s := range t.k.offered() {
		lines = append(lines, t.serviceLine(s))
	}
	for _, p := range t.k.inStock() {
		lines = append(lines, t.productLine(p))
	}
	switch {
	// An empty list is not told as an empty shop. The owner has only not told prices.
	case len(lines) == 0:
		t.unanswered("unanswered.prices")
		return true
	case len(lines) > maxListed:
		lines = append(lines[:maxListed:maxListed], "…")
	}
	t.tell("price.list")
	t.show(lines...)
	switch {
	// Another part of the turn asks already, and a turn has one question.
	case t.question != "":
	case t.k.template() == flowhq.BookingTemplate:
		t.ask(Ask{For: askService}, "book.service")
	// While an order is made, its next question comes from the order.
	case t.k.template() == flowhq.EcommerceTemplate && t.next.Order == nil:
		t.ask(Ask{For: askProduct}, "order.what")
	}
	return true
}

// serviceLine leaves the price out where none is told, as a line with 0 would say free.
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

// productLine is the same line for a product, in lists and, without its bullet, in menus.
func (t *turn) productLine(p *flowhq.Product) string {
	line := "• " + p.Name.In(t.say.language)
	if p.Price > 0 {
		line += ": " + t.k.money(p.Price)
	}
	return line
}

// nextStep asks what comes after the price of a thing: when to come, or how many. A message that
// wants more itself decides on the next step. Without a next step the price would be the end of the
// chat.
func (t *turn) nextStep(id string) {
	// What waits for its answer is asked again instead.
	if slices.Contains([]string{askCancel, askUndo, askAddress}, t.next.Ask.For) {
		return
	}
	// With a time in the message or a booking begun, the booking asks what it needs.
	if t.question != "" || t.p.has(taskActs...) || t.p.hasTime || len(t.bookings()) > 0 ||
		t.settles() || t.reportedGoods() {
		return
	}
	switch {
	case t.k.template() == flowhq.BookingTemplate && t.k.service[id] != nil &&
		!t.k.service[id].Unavailable:
		if t.next.Booking == nil {
			t.next.Booking = &Visit{}
		}
		// What another service costs changes no visit that was read back, nor one that is for more
		// than a price that was asked.
		if v := t.next.Booking; v.Service != "" && !slices.Contains(v.services(), id) &&
			(!v.Start.IsZero() || !slices.Contains(t.in.State.Spoken, v.Service)) {
			return
		}
		if slices.Contains(t.next.Booking.services(), id) {
			t.continueBooking()
			return
		}
		// Asked for the price of it, the customer need not name the service again to book it.
		// Nothing is booked before a time is read back and agreed to.
		t.next.Booking.Service = id
		t.continueBooking()
	case t.k.template() == flowhq.EcommerceTemplate && t.k.product[id] != nil &&
		available(t.k.product[id]):
		// "Bei ya 3" has said how many: what comes next is for the customer to say. Of what was
		// ordered a moment ago no more is wanted by a question about it.
		if t.next.Order == nil && t.quantityOf(id) == 0 && !t.placedHas(id) {
			t.ask(Ask{For: askQuantity, About: id}, "order.quantity")
		}
		t.offerToAdd(id)
	}
}
