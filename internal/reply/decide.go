package reply

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
)

// Decide returns what the bot makes of a message. It is a pure function of its Input: it cannot
// fail, block or send, so the pipeline may call it inside a transaction and again after a crash.
func Decide(in Input) Turn { return decided(in).finish() }

// decided is a turn whose reply is decided.
func decided(in Input) *turn {
	if in.Knowledge == nil {
		in.Knowledge = Compile(flowhq.Profile{}, flowhq.Config{})
	}
	t := newTurn(in)
	if t.wordless() {
		t.receiveMedia()
		return t
	}
	t.keepLocation() // one of a burst
	t.perceive()
	t.chooseLanguage()
	t.decide()
	return t
}

// wordless reports whether there is nothing written to read. Emoji are written.
func (t *turn) wordless() bool {
	m := t.in.Message
	text := strings.TrimSpace(m.Text)
	// A location has the name of the place with it. In a burst there is also what was written.
	return text == "" || m.Media == mediaLocation && !strings.Contains(text, "\n")
}

// decide answers what was written. Whatever wants a person or must not be repeated comes first;
// then the answer to an open question; then everything that the message asks for, facts before
// tasks; then what is only courtesy. What is left was not understood.
func (t *turn) decide() {
	switch p := &t.p; {
	case p.has(actSecret):
		t.did(actSecret)
		t.tell("secret")
		return
	case p.has(actAnger):
		t.handOver(flowhq.HandOverAnger)
		return
	case p.has(actPerson):
		t.handOver(flowhq.HandOverAsked)
		return
	case p.has(actStop):
		t.did(actStop)
		t.next.Ask, t.next.Booking, t.next.Order = Ask{}, nil, nil
		t.fact(flowhq.FactChange{Reminders: &flowhq.Reminders{Stopped: true}})
		t.tell("followup.stopped")
		return
	case strings.EqualFold(strings.TrimSpace(p.text), startWord):
		t.fact(flowhq.FactChange{Reminders: &flowhq.Reminders{}})
		t.tell("followup.started")
		return
	case !hasLetters(p.text) && !p.isChoice && p.yesNo == 0:
		t.wordsMissing()
		return
	}
	if t.takeAnswer() || t.takeReference() {
		t.understoodIt()
		return
	}
	t.greet()
	if t.p.name != "" {
		t.next.Name = t.p.name
	}
	pending := t.next.Ask // what was open before this message
	informed := t.inform()
	acted := t.act(informed)
	switch {
	case acted:
	case informed:
		t.resume(pending)
	case t.p.name != "":
		t.tell("allright")
		t.nameBookings()
		t.resume(pending)
	case t.courtesy():
		return
	default:
		t.miss(pending)
		return
	}
	t.understoodIt()
}

// wordsMissing answers what has neither letters nor digits: emoji need no answer, "?" asks for one.
func (t *turn) wordsMissing() {
	if !t.p.asks {
		t.did(actSilence)
		return
	}
	t.resume(t.next.Ask)
	if t.question == "" {
		t.did(actGreet)
		t.tell("greet.here")
		t.tell("greet.welcome")
	}
}

// startWord is what a customer writes who wants reminders again: [followup.stopped] says so.
const startWord = "START"

// understoodIt ends a row of misses.
func (t *turn) understoodIt() { t.next.Misses = 0 }

// hasLetters reports whether there is a letter or digit in the text.
func hasLetters(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// resume asks again what was open before the message asked for something else. That question was
// not answered, and it must not be forgotten either.
func (t *turn) resume(pending Ask) {
	if t.question != "" || pending.For == "" {
		return
	}
	switch pending.For {
	case askBook, askMean, askWhen, askService, askMoveTo, askMove:
		switch v := t.next.Booking; {
		case v == nil:
		case pending.For == askWhen && len(pending.Options) > 0 && v.Start.IsZero() && !v.Day.IsZero() &&
			v.Moves == "" && len(t.slots(v.Day, t.minutes(v.Service), time.Time{}, time.Time{})) == 0:
			t.askOf(Ask{For: askWhen}, pending.Options, "book.nearest") // that day is known to be full
		case pending.For == askService && len(pending.Options) > 0 && v.Service == "":
			t.ask(pending, "book.service") // the list stands above
		default:
			t.continueBooking()
		}
	case askProduct, askSize, askQuantity, askHow, askArea, askAddress, askOrder:
		if t.next.Order != nil {
			t.continueOrder()
		}
	}
	if t.question == "" {
		t.repeatQuestion(pending)
	}
}

// questionKeys are the questions that stand without a booking or order behind them.
var questionKeys = map[string]string{
	askService: "book.service", askWhen: "book.when", askMoveTo: "change.when",
	askProduct: "order.what", askQuantity: "order.quantity", askProblem: "ticket.what",
	askDelivery: "delivery.which", askPerson: "unanswered.offer",
}

// repeatQuestion asks again what needs no booking or order.
func (t *turn) repeatQuestion(a Ask) {
	if key := questionKeys[a.For]; key != "" {
		t.ask(Ask{For: a.For, About: a.About, Options: a.Options, Listed: a.Listed}, key)
	}
}

// act does what the message wants done. informed says that it was given facts already.
func (t *turn) act(informed bool) bool {
	p := &t.p
	switch {
	case p.has(actDecision) && informed:
		return true // the owner's answer has decided
	case p.has(actDecision):
		t.refuseBargain()
		return true
	case p.has(actPaid) && !informed && t.k.template() != flowhq.SupportTemplate:
		t.claimPaid()
		return true
	case p.has(actDrop):
		t.did(actDrop)
		t.abandon()
		return true
	case p.has(actComplaint):
		t.did(actComplaint)
		t.unanswered("ticket.sorry")
		return true
	}
	switch t.k.template() {
	case flowhq.EcommerceTemplate:
		return t.actOnOrders(informed)
	case flowhq.SupportTemplate:
		return t.actOnTickets(informed)
	default:
		return t.actOnBookings(informed)
	}
}

// miss answers what was not understood: with a question if it may be one of two things, with the
// menu, and the second time in a row with a person.
func (t *turn) miss(pending Ask) {
	if t.missed = true; t.takeSuggestion(pending) {
		t.understoodIt()
		return
	}
	p := &t.p
	if t.offerAnswers() || p.reading.Band == understand.Unsure && t.askWhich() {
		return
	}
	t.did(actUnknown)
	t.next.Misses++
	t.noteUnanswered()
	if t.next.Misses >= maxMisses {
		t.handOver(flowhq.HandOverMissed)
		return
	}
	if pending.For != "" && pending.For != askOption {
		place := len(t.said)
		t.resume(pending)
		if t.question != "" {
			again := part{text: t.render("unsure.again")}
			t.said = slices.Insert(t.said, place, again)
			return
		}
	}
	if p.asks && len(p.reading.Words) >= minQuestion {
		t.unanswered("unanswered.any")
		return
	}
	t.showMenu("menu.miss")
}

// minQuestion is how many words a question has at least that is passed on as it is. With fewer the
// customer is likelier helped by the menu.
const minQuestion = 4

// maxMisses is how many messages in a row the bot may fail to understand.
const maxMisses = 2

// minCandidate is from which score on an intent is named as one that may be meant.
const minCandidate = .08

// askWhich asks which of the two likeliest intents was meant.
func (t *turn) askWhich() bool {
	var options []Option
	for _, s := range t.p.reading.Intents {
		label := "label." + string(s.Intent)
		_, known := t.say.catalog[label]
		if !known || len(options) == 2 || s.Score < minCandidate {
			continue
		}
		options = append(options, Option{Do: doIntent, Value: string(s.Intent), Label: t.say.first(label)})
	}
	if len(options) < 2 {
		return false
	}
	t.did(actUnsure)
	t.next.Misses++
	if t.next.Misses >= maxMisses {
		t.noteUnanswered()
		t.handOver(flowhq.HandOverMissed)
		return true
	}
	t.askOf(Ask{For: askOption}, options, "unsure.which")
	return true
}
