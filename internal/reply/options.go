package reply

import (
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What an option does when it is chosen.
const (
	doService  = "service"  // the service Value
	doProduct  = "product"  // the product Value
	doTime     = "time"     // the time Value, RFC 3339
	doBooking  = "booking"  // cancels or moves the booking Value
	doMove     = "move"     // moves the booking Value
	doOrder    = "order"    // cancels the order Value
	doEdit     = "edit"     // changes the order Value
	doSize     = "size"     // the size Value
	doHow      = "how"      // deliver or pickup
	doArea     = "area"     // the area Value
	doAnswer   = "answer"   // the owner's answer Value
	doIntent   = "intent"   // as if the message had been of intent Value
	doHours    = "hours"    // hours and place
	doDelivery = "delivery" // facts of delivery
	doStatus   = "status"   // the customer's bookings, orders or tickets
	doProblem  = "problem"  // a ticket
	doPerson   = "person"
)

// showMenu shows what the bot can do, from the owner's own services and products. It is the last
// resort.
func (t *turn) showMenu(lead string) {
	t.tell(lead)
	var options []Option
	add := func(do, value, label string) {
		options = append(options, Option{Do: do, Value: value, Label: upperFirst(oneLine(label, maxOptionText))})
	}
	p := t.k.profile
	switch t.k.template() {
	case flowhq.EcommerceTemplate:
		for _, product := range firstOf(t.k.inStock(), maxOffered-1) {
			add(doProduct, product.ID, strings.TrimPrefix(t.productLine(product), "• "))
		}
		if p.Delivery.Offered != nil {
			add(doDelivery, "", t.say.first("menu.delivery"))
		}
		if len(t.in.Calendar.Orders) > 0 {
			add(doStatus, "", t.say.first("menu.order"))
		}
	case flowhq.SupportTemplate:
		add(doProblem, "", t.say.first("menu.problem"))
		for i := range p.Answers[:min(len(p.Answers), maxOffered-2)] {
			add(doAnswer, p.Answers[i].ID, t.questionOf(&p.Answers[i]))
		}
		if len(t.in.Calendar.Tickets) > 0 {
			add(doStatus, "", t.say.first("menu.status"))
		}
	default:
		for _, s := range firstOf(t.k.offered(), maxOffered-1) {
			add(doService, s.ID, strings.TrimPrefix(t.serviceLine(s), "• "))
		}
		if len(t.in.Calendar.Bookings) > 0 {
			add(doStatus, "", t.say.first("menu.booking"))
		}
	}
	if p.HoursTold() || !p.Place.Address.Empty() {
		add(doHours, "", t.say.first("menu.hours"))
	}
	add(doPerson, "", t.say.first("menu.person"))
	t.next.Ask = Ask{
		For: askOption, At: t.in.Message.At, Prompted: t.in.Message.written(), Options: options,
		Listed: true,
	}
	var lines []string
	for i, o := range options {
		lines = append(lines, strconv.Itoa(i+1)+". "+o.Label)
	}
	if t.tired(strings.Join(lines, "\n")) {
		a := t.next.Ask
		a.For = askPerson
		t.ask(a, "unanswered.offer")
		return
	}
	t.show(lines...)
	t.question = t.render("menu.close")
}

// firstOf returns the first n of a list.
func firstOf[T any](all []T, n int) []T { return all[:min(len(all), n)] }

// chosen returns the option that the message chooses, by its number or by its words.
func (t *turn) chosen() (Option, bool) {
	options, p := t.next.Ask.Options, &t.p
	if p.isChoice {
		if t.next.Ask.Listed && p.choice >= 1 && p.choice <= len(options) {
			return options[p.choice-1], true
		}
		return Option{}, false
	}
	if len(options) == 0 || len(p.reading.Words) > maxLabelWords || p.asks && p.has(infoActs...) {
		return Option{}, false
	}
	var names []entity.Name
	for i, o := range options {
		label, _, _ := strings.Cut(o.Label, ":") // without the price
		names = append(names, entity.Name{ID: strconv.Itoa(i), Names: []string{label}})
	}
	matches := entity.NewNames(names).Match(p.text)
	if len(matches) != 1 || len(matches[0].Others) > 0 ||
		!matches[0].Exact && len(p.reading.Words) > maxNaming {
		return Option{}, false
	}
	i, err := strconv.Atoi(matches[0].ID)
	if err != nil {
		return Option{}, false
	}
	return options[i], true
}

// maxLabelWords is how many words a message has at most that names an option.
const maxLabelWords = 6

// choose does what an option says.
func (t *turn) choose(o Option) {
	asked := t.next.Ask
	t.next.Ask = Ask{}
	switch o.Do {
	case doService:
		t.book(Visit{Service: o.Value})
	case doProduct:
		t.next.Topic = o.Value
		t.addProduct(o.Value, asked.About)
	case doAnswer:
		t.did(actAnswer)
		t.giveAnswer(o.Value)
	case doHours:
		t.did(actHours)
		if t.k.profile.HoursTold() {
			t.tell("hours.week")
			t.show(t.weekLines()...)
		}
		t.tellPlace()
	case doDelivery:
		t.did(actDelivery)
		t.tellDelivery()
	case doStatus:
		t.tellStatus()
	case doProblem:
		t.describeProblem(actProblem)
	case doPerson:
		t.handOver(flowhq.HandOverAsked)
	case doIntent:
		t.chooseIntent(understand.Intent(o.Value))
	default:
		t.chooseOwn(o)
	}
}

// chooseIntent goes on as if the message had been of an intent.
func (t *turn) chooseIntent(i understand.Intent) {
	a := actOf[i]
	t.p.acts = t.reconcileActs(acts{a})
	switch {
	case t.p.has(actAnger):
		t.handOver(flowhq.HandOverAnger)
		return
	case t.p.has(actPerson):
		t.handOver(flowhq.HandOverAsked)
		return
	}
	informed := t.inform()
	if !t.act(informed) && !informed && !t.courtesy() {
		t.did(actUnknown)
		t.showMenu("menu.lead")
	}
}

// reconcileActs is what acts mean to the template.
func (t *turn) reconcileActs(all acts) acts {
	p := perception{reading: t.p.reading, cues: t.p.cues}
	return t.reconcile(&p, all)
}

// chooseOwn does what an option of the template's own questions says.
func (t *turn) chooseOwn(o Option) {
	switch o.Do {
	case doTime:
		if at, ok := parseTime(o.Value, t.k.zone); ok {
			t.chooseTime(at)
		}
	case doBooking:
		t.confirmCancel(o.Value)
	case doMove:
		t.moveBooking(o.Value)
	case doOrder:
		t.confirmUndo(o.Value)
	case doEdit:
		t.editOrder(o.Value)
	case doSize, doHow, doArea:
		t.chooseForOrder(o)
	}
}
