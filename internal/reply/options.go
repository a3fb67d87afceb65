package reply

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What an option does when it is chosen. The values are stored in the State with the open question.
// A renamed one would leave customers with a menu that does nothing.
const (
	// The service may be gone by the time it is chosen: each branch looks it up again.
	doService = "service" // the service Value
	doProduct = "product" // the product Value
	// It has the zone of the business, and is read back before it is booked.
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
// resort. A menu of fixed entries says nothing of the business. The owner's goods show what can be
// asked for.
func (t *turn) showMenu(lead string) {
	options := t.menu()
	// A list of one entry is no choice: a new business has told nothing that could be chosen.
	if len(options) == 1 {
		t.tell(map[bool]string{true: "unsure.again", false: "unanswered.list"}[lead == "menu.miss"])
		t.ask(Ask{For: askPerson}, "unanswered.offer")
		return
	}
	t.tell(lead)
	// Set before it is known whether the list is shown: the options can be chosen by name in any
	// case.
	t.next.Ask, t.hasAsked = Ask{
		For: askOption, At: t.in.Message.At, Prompted: t.in.Message.written(), Options: options,
		Listed: true,
	}, true
	var lines []string
	for i, o := range options {
		lines = append(lines, strconv.Itoa(i+1)+". "+o.Label)
	}
	// The third time the same list helps nobody: a person is offered instead, and the options stay.
	if t.tired(strings.Join(lines, "\n")) {
		a := t.next.Ask
		a.For = askPerson
		t.ask(a, "unanswered.offer")
		return
	}
	t.show(lines...)
	t.question = t.render("menu.close")
}

// menu lists what the bot can do. The last option is a person, whatever the owner has told.
func (t *turn) menu() []Option {
	var options []Option
	add := func(do, value, label string) {
		options = append(options,
			Option{Do: do, Value: value, Label: upperFirst(oneLine(label, maxOptionText))})
	}
	p := t.k.profile
	switch t.k.template() {
	case flowhq.EcommerceTemplate:
		// One place less than maxOffered: hours, delivery and a person need theirs within nine
		// digits.
		for _, product := range firstOf(t.k.inStock(), maxOffered-1) {
			add(doProduct, product.ID, strings.TrimPrefix(t.productLine(product), "• "))
		}
		if p.Delivery.Offered != nil {
			add(doDelivery, "", t.say.first("menu.delivery"))
		}
		// Facts that the customer does not have are no options: each leads to "you have none".
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
		// A business that has not told its services yet can be booked all the same.
		if len(options) == 0 {
			add(doIntent, string(understand.Book), t.say.first("label.book"))
		}
		if len(t.in.Calendar.Bookings) > 0 {
			add(doStatus, "", t.say.first("menu.booking"))
		}
	}
	// The option tells both, so that either suffices.
	if p.HoursTold() || !p.Place.Address.Empty() {
		add(doHours, "", t.say.first("menu.hours"))
	}
	add(doPerson, "", t.say.first("menu.person"))
	return options
}

// firstOf returns the first n of a list. n may be more than there are, where slicing alone would
// panic.
func firstOf[T any](all []T, n int) []T { return all[:min(len(all), n)] }

// chosen returns the option that the message chooses, by its number or by its words. A choice by
// words is strict, as a wrong one orders or cancels: one option must match, and a long message or a
// question is no choice.
func (t *turn) chosen() (Option, bool) {
	options, p := t.next.Ask.Options, &t.p
	if p.isChoice {
		if o, ok := t.saidInHours(); ok {
			return o, true
		}
		// A number counts only for a list that was shown with numbers. "2" after "how many?" is an
		// amount.
		if t.next.Ask.Listed && p.choice >= 1 && p.choice <= len(options) {
			return options[p.choice-1], true
		}
		return Option{}, false
	}
	// "How much is the second one?" asks for a fact. It chooses nothing.
	if len(options) == 0 || len(p.reading.Words) > maxLabelWords || p.asks && p.has(infoActs...) ||
		p.cued(actPlace) || p.cued(actHours) ||
		options[0].Do == doService && p.hasTime && p.time.HasTime {
		return Option{}, false
	}
	if options[0].Do == doTime && p.hasTime && p.time.HasTime {
		return t.chosenTime()
	}
	if o, ok := t.chosenFact(); ok {
		return o, true
	}
	var names []entity.Name
	for i, o := range options {
		// The price in the label would match amounts in the message.
		label, _, _ := strings.Cut(o.Label, ":") // without the price
		names = append(names, entity.Name{ID: strconv.Itoa(i), Names: []string{label}})
	}
	matches := entity.NewNames(names).Match(p.text)
	// Two that match equally well, or one that only resembles in more than a few words, are no
	// choice.
	// "3 na nusu" resembles every half hour.
	if len(matches) != 1 || len(matches[0].Others) > 0 ||
		!matches[0].Exact && (len(p.reading.Words) > maxNaming || options[0].Do == doTime && anyIn(p.reading.Words, halfWords)) {
		return Option{}, false
	}
	i, err := strconv.Atoi(matches[0].ID)
	if err != nil {
		return Option{}, false
	}
	return options[i], true
}

// halfWords say a half or a quarter of an hour.
var halfWords = keywords("nusu, robo, kasoro, half, quarter")

// chosenTime is the offered time that the message says, and none that only resembles it: "saa 3 na
// nusu" is not half past five.
func (t *turn) chosenTime() (Option, bool) {
	for _, o := range t.next.Ask.Options {
		if at, ok := parseTime(o.Value, t.k.zone); ok && o.Do == doTime && sameHour(at, t.p.time.Start.In(t.k.zone)) {
			return o, true
		}
	}
	return Option{}, false
}

// chosenFact is the booking or order among the options that a message means by what is booked or ordered,
// or by its day: "the scrub", "ile ya jumamosi".
func (t *turn) chosenFact() (chosen Option, ok bool) {
	p := &t.p
	for _, o := range t.next.Ask.Options {
		var has []string
		var at time.Time
		switch o.Do {
		case doBooking, doMove:
			a, found := t.appointmentOf(o.Value)
			if !found {
				continue
			}
			has, at = visitOf(a).services(), a[0].StartsAt.In(t.k.zone)
		case doOrder, doEdit:
			for _, order := range t.in.Calendar.Orders {
				if order.Number == o.Value {
					for _, l := range order.Lines {
						has = append(has, l.Product)
					}
				}
			}
		default:
			return Option{}, false
		}
		named := slices.ContainsFunc(slices.Concat(p.services, p.products), func(m entity.NameMatch) bool {
			return slices.Contains(has, m.ID) || slices.ContainsFunc(m.Others, func(id string) bool { return slices.Contains(has, id) })
		})
		if !named && !(!p.names() && p.hasTime && p.time.HasDay && !p.time.HasTime && sameDay(p.time.Day, at)) {
			continue
		}
		if ok {
			return Option{}, false // two of them
		}
		chosen, ok = o, true
	}
	return chosen, ok
}

// swahiliHours are the numbers of hours as Swahili says them, from one on.
var swahiliHours = []string{
	"moja", "mbili", "tatu", "nne", "tano", "sita", "saba", "nane", "tisa", "kumi",
}

// saidInHours is the offered time whose hour the message says in a Swahili word: "nne" to a list
// that has saa nne is the hour, for who means the fourth of a list writes a 4. It is read back.
func (t *turn) saidInHours() (Option, bool) {
	if len(t.p.reading.Words) != 1 {
		return Option{}, false
	}
	hour := slices.Index(swahiliHours, t.p.reading.Words[0]) + 1
	for _, o := range t.next.Ask.Options {
		at, ok := parseTime(o.Value, t.k.zone)
		if ok && o.Do == doTime && at.Minute() == 0 && (at.Hour()+6)%12 == hour%12 && hour > 0 {
			return o, true
		}
	}
	return Option{}, false
}

// maxLabelWords is how many words a message has at most that names an option. A longer one tells
// something beside the choice that would be lost.
const maxLabelWords = 6

// choose does what an option says. The question is closed first, as the branch may open the next
// one.
func (t *turn) choose(o Option) {
	// A quantity that was said before the menu is kept with its question.
	asked := t.next.Ask
	t.next.Ask = Ask{}
	switch o.Do {
	case doService:
		all := strings.Split(o.Value, ",") // "both"
		t.book(Visit{Service: all[0], More: all[1:]})
	case doProduct:
		// The topic is set for "how much is it?" after a choice that orders nothing. The size that
		// was spoken of is of another thing.
		t.speakOf(o.Value, "")
		t.addProduct(o.Value, asked.About)
	case doAnswer:
		t.did(actAnswer)
		t.giveAnswer(o.Value)
	case doHours:
		t.did(actHours)
		// Hours that were not told are left out here, as the option may have been shown for the
		// place.
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
	// The bot has asked what was meant, and the intent is as good as said.
	case doIntent:
		t.chooseIntent(understand.Intent(o.Value))
	default:
		t.chooseOwn(o, asked)
	}
}

// chooseIntent goes on as if the message had been of an intent. The message itself stays: the names
// and times in it are for the intent that was chosen.
func (t *turn) chooseIntent(i understand.Intent) {
	a := actOf[i]
	t.p.acts = t.reconcileActs(acts{a})
	// A person and anger come before all else, here as in the reading of a message.
	switch {
	case t.p.has(actAnger):
		t.handOver(flowhq.HandOverAnger)
		return
	case t.p.has(actPerson):
		t.handOver(flowhq.HandOverAsked)
		return
	}
	informed := t.inform()
	// An intent that the template has no use for leads back to the menu, and never to silence.
	if !t.act(informed) && !informed && !t.courtesy() {
		t.did(actUnknown)
		t.showMenu("menu.lead")
	}
}

// reconcileActs is what acts mean to the template. An empty perception but for the words: the names
// and amounts of "2" would contradict the choice.
func (t *turn) reconcileActs(all acts) acts {
	p := perception{reading: t.p.reading, cues: t.p.cues}
	return t.reconcile(&p, all)
}

// chooseOwn does what an option of the template's own questions says. It is apart from choose only
// to keep each within a length that can be read.
func (t *turn) chooseOwn(o Option, asked Ask) {
	switch o.Do {
	case doTime:
		// A value that cannot be read books nothing.
		if at, ok := parseTime(o.Value, t.k.zone); ok {
			t.chooseTime(at)
		}
	case doBooking:
		t.confirmCancel(o.Value)
	case doMove:
		t.moveChosen(o.Value, asked)
	case doOrder:
		t.confirmUndo(o.Value)
	case doEdit:
		t.editOrder(o.Value)
	case doSize, doHow, doArea:
		t.chooseForOrder(o)
	}
}
