package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

// tellPayment says how to pay. Nothing is said of ways that owners have not told, not even that
// cash is fine.
func (t *turn) tellPayment() {
	if len(t.k.profile.Payments) == 0 {
		t.unanswered("unanswered.payment")
		return
	}
	if t.tellPayChoice() || t.tellInsurance() {
		return
	}
	// "Can I pay by Airtel Money before they come?" is told of the way, and only when it is due is
	// open.
	if t.p.asksWhenDue() && !t.tellsWhenPaid() && t.tellsNamedWay() {
		return
	}
	if t.p.asksWhenDue() && !t.tellsWhenPaid() {
		defer t.passQuestion()
		if !anyIn(t.p.reading.Words, waysWords) {
			return
		}
	}
	i := t.wayNamed()
	// Told with the order that was just placed.
	if i >= 0 && t.toldToPay() {
		return
	}
	// "Can I pay by M-Pesa?" is answered with that way alone.
	if i >= 0 && anyIn(t.p.reading.Words, whetherWords) {
		t.tell("payment.yes", "payment", strings.TrimSuffix(t.payment(i), "."))
		return
	} else if i >= 0 && t.k.profile.Payments[i].Number != "" {
		// "Till ya M-Pesa ni ngapi" asks for one number.
		t.tell("order.pay_to", "payment", strings.TrimSuffix(t.payment(i), "."))
		// Who asks for the number of a way pays in it. It is read back with the order.
		if o := t.next.Order; o != nil && len(o.Lines) > 0 {
			o.Payment = t.k.profile.Payments[i].Name
		}
		return
	} else if way := t.unlistedWay(); i < 0 && way != "" {
		t.tell("payment.unlisted", "way", way)
	}
	if t.toldToPay() {
		return
	}
	t.tellWays()
}

// tellWays lists all ways to pay.
func (t *turn) tellWays() {
	t.tell("payment.lead")
	var lines []string
	for i := range t.k.profile.Payments {
		lines = append(lines, "• "+t.payment(i))
	}
	t.show(lines...)
}

var (
	// whenPaid asks whether the money comes first or last.
	whenPaid = regexp.MustCompile(`(?i)\b(?:before|kabla)\b[^.?!\n]{0,30}\b(?:or|au|ama)\b[^.?!\n]{0,20}\b(?:after|baada|when|wakati)\b|` +
		`\b(?:after|baada)\b[^.?!\n]{0,30}\b(?:or|au|ama)\b[^.?!\n]{0,20}\b(?:before|kabla)\b`)
	// dueFirst asks whether it comes first.
	dueFirst = regexp.MustCompile(`(?i)\b(?:paid|pay|paying|payment|nalipa|kulipa|nilipe|tunalipa|inalipwa|malipo)\b[^.?!\n]{0,30}\b` +
		`(?:up ?front|in advance|first|kwanza|mapema)\b`)
	// waysWords ask for the ways to pay.
	waysWords = keywords("how, vipi, vp, *lipaje, njia, namba, number, till, mpesa, m-pesa, account, lipa")
	// payingWords are words of who pays.
	payingWords = keywords("pay, paying, paid, payment, *lip*")
	// paidWhen says it, in what an owner tells of a way to pay.
	paidWhen = regexp.MustCompile(`(?i)\b(?:before|after|first|advance|baada|kabla|kwanza)\b`)
)

// reconcilePayments hears a question for the way to pay, and one for when: "is it before
// installation or after they finish?" behind the ways to pay.
func (t *turn) reconcilePayments(p *perception, all *acts) {
	if t.asksPayChoice(p) {
		all.add(actPayment)
	}
	// "Tumetuma mpesa SCK4R8T2LQ" says that it is paid.
	if t.k.template() == flowhq.EcommerceTemplate && hasPaid.MatchString(p.text) && !p.asksSoftly() {
		all.drop(actPayment, actStatus)
		all.add(actPaid)
	}
	// "I want to pay for this month, how" asks for no bill.
	if t.k.template() == flowhq.SupportTemplate && anyIn(p.reading.Words, wantsToPay) && !p.cued(actPaid) &&
		!p.cued(actProblem) && !anyIn(p.reading.Words, priceAsked) && !p.has(actCancel) {
		all.drop(actAccount)
		// Where the number of a forgotten account stands is asked beside it.
		if !anyIn(p.reading.Words, accountWords) || accountIn(p.text, p.entities.References) != "" {
			all.drop(actAnswer)
			p.sure = false
		}
		all.add(actPayment)
	}
	if t.asksWhenPaid(p) {
		all.drop(actProblem, actOrder, actStatus, actOffer, actAccount)
		all.add(actPayment)
	}
}

// toldWays reports whether the last reply has told the ways to pay.
func (t *turn) toldWays() bool {
	return slices.ContainsFunc(t.say.variants("payment.lead"), t.saidLast)
}

// wantsToPay are words of who is about to pay.
var wantsToPay = listOf("wants to pay")

// asksWhenDue reports whether the message asks whether the money comes first or last.
func (p *perception) asksWhenDue() bool {
	return whenPaid.MatchString(p.text) || p.asksSoftly() && dueFirst.MatchString(p.text)
}

// asksWhenPaid reports whether a message asks when the money is due: by its words, or behind what
// was told of payments.
func (t *turn) asksWhenPaid(p *perception) bool {
	return p.asksWhenDue() && !p.sure && !p.hasTime &&
		(p.cued(actPayment) || anyIn(p.reading.Words, payingWords) || t.toldWays())
}

// tellsNamedWay tells who asks whether a way to pay is taken that it is, notes what else is asked
// of it, and reports whether the message asks so.
func (t *turn) tellsNamedWay() bool {
	i := t.wayNamed()
	if i < 0 || !anyIn(t.p.reading.Words, whetherWords) {
		return false
	}
	t.did(actPayment)
	t.tell("payment.yes", "payment", strings.TrimSuffix(t.payment(i), "."))
	t.noteUnanswered()
	t.tell("unanswered.noted")
	return true
}

// tellsWhenPaid reports whether the owner has told of a way to pay whether it is used before or
// after.
func (t *turn) tellsWhenPaid() bool {
	return slices.ContainsFunc(t.k.profile.Payments, func(p flowhq.Payment) bool {
		return paidWhen.MatchString(p.Note.EN + " " + p.Note.SW)
	})
}

// toldToPay reports whether the turn has told with what it places how to pay, in the way that the
// message names if it names one.
func (t *turn) toldToPay() bool {
	return t.settles() && len(t.k.profile.Payments) > 0 &&
		strings.Contains(t.reply(), strings.TrimSuffix(t.payment(max(0, t.wayNamed())), "."))
}

// payBeside takes a way to pay that is said beside a question: "I only have a 50,000 note, is that
// ok? cash".
func (t *turn) payBeside(informed bool) {
	i := t.wayNamed()
	if o := t.next.Order; o != nil && informed && t.p.has(actAnswer) && i >= 0 &&
		!anyIn(t.p.reading.Words, whetherWords) {
		o.Payment = t.k.profile.Payments[i].Name
	}
}

// whetherWords ask whether something can be done. With them and one way that is named, the answer
// is yes or no; without them the customer wants to be told how.
var whetherWords = keywords(`
	can, could, do you, you accept, you take, accept, is it, possible, naweza, tunaweza, unaweza,
	mnapokea, unapokea, mnakubali, unakubali, mnachukua, inawezekana, nilipe, nalipa, nitalipa,
	ntalipa, mna, mko na, kuna, je
`)

// knownWays are ways to pay that customers ask for, whether or not the owner takes them. The names
// are written as the services write their own.
var knownWays = []struct {
	name   string
	words  []keyword
	mobile bool // money of a phone: its name means nothing else, as "kadi" does
}{
	{"M-Pesa", keywords("mpesa, m pesa"), true},
	{"Airtel Money", keywords("airtel money, airtel"), true},
	{"Tigo Pesa", keywords("tigopesa, tigo pesa, tigo, mixx"), true},
	{"HaloPesa", keywords("halopesa, halo pesa"), true},
	{"T-Pesa", keywords("tpesa, t pesa, ttcl pesa"), true},
	{"Azam Pesa", keywords("azampesa, azam pesa"), true},
	{"Equitel", keywords("equitel"), true},
	{"PayPal", keywords("paypal"), false},
	{"Visa", keywords("visa, mastercard, card, kadi, credit card"), false},
	{"Bank", keywords("bank, benki, bank transfer, crdb, nmb, nbc, equity, kcb"), false},
	{"Bitcoin", keywords("bitcoin, crypto, usdt"), false},
	{"Cheque", keywords("cheque, cheki"), false}, {"Cash", keywords("cash, taslimu, keshi"), false},
}

// unlistedWay is a way to pay that the message names and the owner has not listed; "" if none. It
// is denied by its name: a list of other ways alone left customers to guess whether Visa works.
func (t *turn) unlistedWay() string {
	i := knownWay(t.p.reading.Words)
	// "Card" is the bank card of the list.
	if i < 0 || slices.ContainsFunc(t.k.profile.Payments, func(p flowhq.Payment) bool {
		return anyIn(split(p.Name), knownWays[i].words)
	}) {
		return ""
	}
	return t.wayName(i)
}

// knownWay is the place in knownWays of the way that words name, or -1.
func knownWay(words []string) int {
	for i, way := range knownWays {
		if anyIn(words, way.words) {
			return i
		}
	}
	return -1
}

// payment is a way to pay with all that the customer needs for it. Name, number and the holder's
// name stand on one line, so that the customer can compare the name with the one that the payment
// app shows.
func (t *turn) payment(i int) string {
	p := t.k.profile.Payments[i]
	line := p.Name
	if p.Number != "" {
		line += ": " + p.Number
	}
	if p.AccountName != "" {
		line += " (" + p.AccountName + ")"
	}
	if note := p.Note.In(t.say.language); note != "" {
		line += " – " + note
	}
	return line
}

// paymentNamed is the way to pay that the message names. One that is only alike is none: "on
// delivery" is no cash. The ID of a way to pay is its place in the owner's list: ways have no other
// key.
func (t *turn) paymentNamed() string {
	if i := t.wayNamed(); i >= 0 {
		return t.k.profile.Payments[i].Name
	}
	return ""
}

// wayNamed is the place of the way to pay in the owner's list, or -1. Who pays when the goods come
// pays in cash, where the owner takes it.
func (t *turn) wayNamed() int {
	for _, m := range t.named(t.k.payments, t.p.text) {
		if i, err := strconv.Atoi(m.ID); err == nil && m.Exact && i < len(t.k.profile.Payments) {
			return i
		}
	}
	// Owners and customers write one way in several forms: "M-Pesa", "mpesa", "m pesa".
	if way := knownWay(t.p.reading.Words); way >= 0 && knownWays[way].mobile {
		return slices.IndexFunc(t.k.profile.Payments, func(pay flowhq.Payment) bool {
			return knownWay(split(pay.Name)) == way
		})
	}
	if i := t.wayByWord(); i >= 0 {
		return i
	}
	if !anyIn(t.p.reading.Words, paysOnDelivery) {
		return -1
	}
	for _, m := range t.named(t.k.payments, "cash") {
		if i, err := strconv.Atoi(m.ID); err == nil && i < len(t.k.profile.Payments) {
			return i
		}
	}
	return -1
}

// payNumbers are words for numbers to pay to, each of which may be in the name of one way.
var payNumbers = keywords("paybill, till, lipa namba, buy goods")

// wayByWord is the one way whose name has a word of the message such as "paybill", or -1.
func (t *turn) wayByWord() int {
	found := -1
	for i, pay := range t.k.profile.Payments {
		for _, w := range split(pay.Name) {
			// "Hold it till tomorrow" names no till.
			if w == "till" && untilHour.MatchString(t.p.text) || !hasWord(payNumbers, w) ||
				!slices.Contains(t.p.reading.Words, w) {
				continue
			}
			if found >= 0 && found != i {
				return -1
			}
			found = i
		}
	}
	return found
}

// paysOnDelivery say that the goods are paid when they come.
var paysOnDelivery = keywords(`
	lipa nikipokea, nalipa nikipokea, nitalipa nikipokea, ntalipa nikipokea, kulipa nikipokea,
	nilipe nikipokea, nalipa ikifika, nitalipa ikifika, ntalipa ikifika, nalipa ukifika,
	nitalipa ukifika, ntalipa ukifika, nalipa mzigo ukifika, nitalipa mzigo ukifika,
	ntalipa mzigo ukifika, nalipa mkileta, nitalipa mkileta, ntalipa mkileta, pay on delivery,
	pay on arrival, cash on delivery, pay when it comes, pay when it arrives, pay the rider,
	pay when they arrive, pay when he comes, pay when the rider, pay when i get, pay when i receive,
	*lipa akifika, *lipa akileta, *lipa zikifika, *lipa mzigo ukifika, *lipa nikipata, *lipa baada ya kupokea,
	kulipa ukifika, kulipa ikifika, nilipe ikifika, nilipe ukifika, *lipa akija, *lipa mkifika
`)

// paysAhead reports whether the customer has chosen a way to pay that has a number to pay to. Cash
// is paid when the order comes. Only who chose such a way is asked about the money later. Asking
// who pays in cash would be rude.
func (t *turn) paysAhead(o *Basket) bool {
	return slices.ContainsFunc(t.k.profile.Payments, func(p flowhq.Payment) bool {
		return p.Name == o.Payment && p.Number != ""
	})
}

// tellHowToPay says where to pay for an order: in the way that the customer has chosen, else in
// any of them. Nothing is said of a way that has no number: there is nothing to send money to.
func (t *turn) tellHowToPay(o *Basket) {
	ways := t.k.profile.Payments
	i := slices.IndexFunc(ways, func(p flowhq.Payment) bool { return p.Name == o.Payment })
	switch {
	// The number was asked for a moment ago or in this message, and stands above.
	case i >= 0 && ways[i].Number != "" && (t.saidLast(t.payment(i)) ||
		strings.Contains(t.reply(), strings.TrimSuffix(t.payment(i), "."))):
	case i >= 0 && ways[i].Number != "":
		t.tell("order.pay_to", "payment", strings.TrimSuffix(t.payment(i), "."))
	case i < 0 && len(ways) > 0 && !strings.Contains(t.reply(), "• "+t.payment(0)):
		t.tellPayment()
	}
}
