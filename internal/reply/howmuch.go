package reply

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// How much is wanted, said by other things than an amount: for how many people it is, or twice of
// what is ordered.

var (
	// folkForm counts people.
	folkForm = func() *regexp.Regexp {
		number := `(?:\d{1,3}|` + alternatives("counted") + `)`
		return regexp.MustCompile(`(?i)\b(?:(?:is |are |its |it's |ni |enough )?(?:for|of|to feed|feeds?|serves?|wa|ya|za|kwa|kulisha|inatosha|kutosha)\s+)?(?:a |the )?(?:about |kama )?` +
			`(?:` + number + `\s+(?:people|persons?|pax|guests|heads|adults|mouths)|(?:(?:familia ya|family of)\s+(?:watu\s+)?|(?:watu|wageni|walaji|vichwa)\s+(?:kama\s+)?)` + number + `|` + number + `\s+(?:watu|wageni))\b`)
	}()
	// twice says that there is to be so many times as much, in group 1 three times.
	twice = regexp.MustCompile(`(?i)\b(?:double|twice|times two|times 2|x2|mara mbili|mara 2|maradufu|(triple|treble|thrice|mara tatu|mara 3|times three|times 3))\b`)
	// noTwice goes on as something else: "double check", "double bed".
	noTwice = regexp.MustCompile(`(?i)\b(?:double|twice)[ -](?:check|bed|room|decker|sure|door|breasted|a|per|daily|charged?|paid|paying|booked)\b|\b(?:paid|charged|nimelipa|nililipa|umenikata)\b`)
	// everything is all of an order.
	everything = keywords("everything, all, the order, my order, whole order, zote, vyote, yote, kila kitu, oda, oda yangu, order")
	// mayDouble begins a wish that is asked.
	mayDouble = regexp.MustCompile(`(?i)\b(?:can|could|pls|please|naweza|mnaweza|unaweza|may)\b`)
	// yesCount is a yes with how many, and in group 1 or 2 the number: "yes but two of them, so
	// 5600 total?".
	yesCount = regexp.MustCompile(`(?i)^\W*(?:yes|yeah|yep|ok|okay|sure|ndio|ndiyo|sawa|eeh)\b[\s,.]*(?:but|lakini|ila)?\s*(?:please |for |make it |nataka |iwe |ziwe |i want |give me )?` +
		`(?:(both|two|2|three|3|four|4|five|5)(?: of (?:them|those|it|these))?|(?:zote |vyote )?(mbili|tatu|nne|tano|\d{1,2}))\s*(?:of them|of those|pieces|pcs|pairs)?\s*[,.]`)
)

// withoutFolk is a text of an order without how many people it is for, where it says how much as
// well.
func (t *turn) withoutFolk(text string) string {
	if t.k.template() != flowhq.EcommerceTemplate || len(text) > maxRead {
		return text
	}
	at := folkForm.FindStringIndex(text)
	if at == nil || len(t.named(t.k.products, text)) == 0 {
		return text
	}
	rest := text[:at[0]] + text[at[1]:]
	if p := t.readPart(rest); !slices.ContainsFunc(p.products, func(m entity.NameMatch) bool { return m.Quantity > 0 }) {
		return text
	}
	return rest
}

// folkWords are in what says for how many people something is.
var folkWords = keywords("people, person*, pax, guests, heads, adults, mouths, familia, family, watu, wageni, walaji, vichwa")

// takesFolk asks how much is wanted of what is said to be for so many people, and reports whether
// it did. Five people eat no five kilos.
func (t *turn) takesFolk() bool {
	p := &t.p
	if t.k.template() != flowhq.EcommerceTemplate ||
		p.has(actPaid, actCancel, actReturn, actProblem, actComplaint, actHours) ||
		t.reportedGoods() || !anyIn(p.reading.Words, folkWords) || !folkForm.MatchString(p.text) {
		return false
	}
	id := t.next.Topic
	if ids := idsOf(p.products); len(ids) == 1 {
		id = ids[0]
	} else if len(ids) > 1 {
		return false
	}
	product := t.k.product[id]
	// A dress for each of five people is five dresses.
	if product == nil || len(product.Sizes) > 0 || !available(product) {
		return false
	}
	t.did(actOffer)
	t.whole = true
	t.speakOf(id, "")
	t.tell("order.people")
	for i := range p.products {
		p.products[i].Quantity = 0 // the people
	}
	p.entities.Numbers = nil
	t.tellPriceOf(id)
	t.ask(Ask{For: askQuantity, About: id}, "order.quantity")
	return true
}

// takesTwice makes what is on the order so many times as much, and reports whether the message says
// that.
func (t *turn) takesTwice() bool {
	p, o := &t.p, t.next.Order
	// What was placed a moment ago is read back with it.
	if f, ok := t.placedOrder(); o == nil && ok && f.Status == flowhq.OrderConfirmed &&
		t.now.Sub(f.CreatedAt) <= AskedFor {
		if o = t.basketOf(f); o != nil {
			o.Paid = !f.Unpaid && t.paysAhead(o)
		}
	}
	m := twice.FindStringSubmatch(p.text)
	if o == nil || len(o.Lines) == 0 || m == nil || noTwice.MatchString(p.text) || p.asks &&
		!mayDouble.MatchString(p.text) ||
		p.has(actPaid, actCancel, actReturn, actProblem, actComplaint) || p.cued(cueRemove) ||
		len(p.reading.Words) > maxEditWords {
		return false
	}
	factor := 2
	if m[1] != "" {
		factor = 3
	}
	meant := func(l Line) bool { return l.Product == t.next.Topic }
	switch {
	case len(p.products) > 0:
		meant = func(l Line) bool {
			return slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
				return m.ID == l.Product || slices.Contains(m.Others, l.Product) ||
					t.samePack(m.ID, l.Product)
			})
		}
	case len(o.Lines) == 1, anyIn(p.reading.Words, everything):
		meant = func(Line) bool { return true }
	}
	if !slices.ContainsFunc(o.Lines, meant) {
		return false
	}
	t.did(actOrder)
	o.At = t.in.Message.At
	t.next.Order = o
	before, place := slices.Clone(o.Lines), len(t.said)
	for i := range o.Lines {
		if meant(o.Lines[i]) {
			o.Lines[i].Quantity, o.Lines[i].Guessed = factor*o.Lines[i].Quantity, false
			t.limitToStock(i)
		}
	}
	t.p.products = nil
	t.fillDelivery()
	t.continueOrder()
	t.tellAdded(before, place)
	t.whole = true
	return true
}

// takesYesCount takes a yes that says how many beside a sum, where that is another number than was
// read back: the order is read back with it, and the right sum.
func (t *turn) takesYesCount() bool {
	o := t.next.Order
	if t.asksSumOfAll() {
		t.did(actOrder)
		t.continueOrder()
		t.whole = true
		return true
	}
	m := yesCount.FindStringSubmatch(t.p.text)
	if o == nil || len(o.Lines) != 1 || len(o.Unclear) > 0 || m == nil ||
		t.next.Ask.For == askQuantity || len(t.p.products) > 0 || t.p.isChoice {
		return false
	}
	n := 2 // both
	if said := numbersSaid(m[1] + m[2]); len(said) > 0 {
		n = int(said[0])
	}
	p := t.k.product[o.Lines[0].Product]
	if within(n) == 0 || n == o.Lines[0].Quantity || p != nil && slices.Contains(p.Sizes, strconv.Itoa(n)) {
		return false
	}
	t.did(actOrder)
	o.At = t.in.Message.At
	t.setLine(0, n)
	t.fillDelivery()
	before, place := slices.Clone(t.in.State.Order.Lines), len(t.said)
	t.continueOrder()
	t.tellAdded(before, place)
	t.whole = true
	return true
}

// asksSumOfAll reports whether the message is a yes that names what is on the order, and nothing
// else, and asks whether it comes to a sum: "yes both dresses and the belt, so 6600 total?".
func (t *turn) asksSumOfAll() bool {
	p, o := &t.p, t.next.Order
	return o != nil && t.next.Ask.For == askOrder && len(p.products) > 0 && p.asksSoftly() &&
		sumOfAll.MatchString(p.text) &&
		!p.cued(cueAdd) && !p.cued(cueRemove) && len(p.areas) == 0 &&
		!slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
			return !t.ordered(m) || within(m.Quantity) > 0 && m.Quantity != o.pieces(m.ID) &&
				len(m.Others) == 0 || m.Size != "" && !t.hasLine(m.ID, m.Size)
		})
}

// sumOfAll is a yes that ends with a sum.
var sumOfAll = regexp.MustCompile(`(?i)^\W*(?:yes|yeah|yep|ok|okay|sure|ndio|ndiyo|sawa|eeh)\b.*\b(?:total|altogether|in all|all together|jumla|pamoja)\b`)
