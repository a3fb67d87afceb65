package reply

import (
	"slices"
	"strings"
	"unicode"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
)

// Decide returns what the bot makes of a message. It is a pure function of its Input: it cannot
// fail, block or send, so the pipeline may call it inside a transaction and again after a crash.
// Facts and reply are written together by the caller: what the customer reads and what is booked
// cannot differ.
func Decide(in Input) Turn { return decided(in).finish() }

// decided is a turn whose reply is decided. It is not finished: suggestion.go looks at the turn
// before the reply is joined.
func decided(in Input) *turn {
	in.memo = newMemo()
	// A tenant that has told nothing yet still gets courtesy, hand-over and the menu.
	if in.Knowledge == nil {
		in.Knowledge = Compile(flowhq.Profile{}, flowhq.Config{})
	}
	in.Message.Text = withSaidAsked(someOff(withoutRest(in.Message.Text)))
	first := newTurn(in)
	in.Message.Text = first.withoutFolk(first.withAsked(first.withSecondThoughts(in.Message.Text)))
	in = first.startedOver(in)
	in = newTurn(in).withoutRiderNote(in)
	in = newTurn(in).headCounted(in)
	before := newTurn(in)
	in.Message.Text = before.topicCounted(before.packsTimes(before.takesOffPlainly(in.Message.Text)))
	text, denied := before.withoutDenied(in.Message.Text)
	text, in.placeAnew = before.correctedAddress(before.withoutOthers(before.withoutOrdered(text)))
	in.Message.Text = before.yesFirst(before.withoutDeniedNumber(before.corrected(before.correctedSize(text))))
	in, strange := before.withoutStrange(before.withoutDeniedCount(before.withAge(in)))
	t := decidedBeside(in)
	before = newTurn(in)
	t.keepHeld(before)
	t.leaveUnsaid(before)
	t.keepTimeRequested(in.Message.Text)
	t.keepWhereabouts(in.Message.Text)
	t.noteAskedBeside()
	t.tellDenied(denied)
	t.noteStrange(strange)
	t.noteRider()
	t.tellColours()
	t.tellLeftOut(before)
	t.tellOrderName()
	t.heard = t.reply()
	t.accountFor(in)
	t.accountForParts(in)
	return t
}

// decidedBeside decides the message by what it does, where its questions hide that, else whole.
func decidedBeside(in Input) *turn {
	if t := decidedInTurn(in); t != nil {
		return t
	}
	return decidedAtOnce(in)
}

// decidedAtOnce decides the message by what it does, or whole, as one thing.
func decidedAtOnce(in Input) *turn {
	t := decidedWhole(in)
	if act := besideQuestions(in, t); act != nil {
		t = act
	}
	if both := placeBeside(in, t); both != nil {
		return both
	}
	return t
}

// decidedWhole decides the message as it was read as a whole.
func decidedWhole(in Input) *turn {
	t := newTurn(in)
	if t.wordless() {
		t.receiveMedia()
		return t
	}
	t.keepLocation() // one of a burst
	t.perceive()
	t.chooseLanguage()
	t.readClauseHour()
	t.deniesFault()
	t.noteReferences()
	t.decide()
	t.noteUntold()
	t.answerParts()
	t.tellChosen()
	return t
}

// wordless reports whether there is nothing written to read. Emoji are written. A voice note or
// picture goes to media.go. Read as text, its empty words would count as a miss.
func (t *turn) wordless() bool {
	m := t.in.Message
	text := strings.TrimSpace(m.Text)
	// A location has the name of the place with it. In a burst there is also what was written.
	return text == "" || m.Media == mediaLocation && !strings.Contains(text, "\n")
}

// decide answers what was written. Whatever wants a person or must not be repeated comes first;
// then the answer to an open question; then everything that the message asks for, facts before
// tasks; then what is only courtesy. What is left was not understood. Invariant: a message ends in
// exactly one of an answer, a hand-over, a silence that is meant, and a miss. Only a miss adds to
// Misses, and only [turn.understoodIt] and a hand-over end the row.
func (t *turn) decide() {
	if t.comesFirst() {
		return
	}
	// The open question has the first right to the message: "mbili" after "how many?" is no hour.
	// Each question takes only what can be its answer, see answers.go.
	if t.beforeAnswer(); t.callsAndAsks() {
		return
	}
	if t.confirmsAndAsks() || t.returns() {
		t.understoodIt()
		return
	}
	if t.takesPackage() || t.tellsOfGoods() || t.takesFolk() || t.takesTwice() || t.takesYesCount() || t.takePlaced() || t.confirmsOrder() || t.takesEach() || !t.saysEach() && t.takeAnswer() || t.takeBehindGreeting() ||
		t.takeReference() || t.goesOnWithGoods() {
		t.understoodIt()
		return
	}
	t.greet()
	t.settleUnclear()
	// Before facts and tasks: the past tense looks for an order, and a name with a number makes
	// one.
	if t.tellsOldPrice() {
		t.resume(t.next.Ask)
		t.understoodIt()
		return
	}
	if t.p.name != "" {
		t.next.Name = t.p.name
	}
	// Taken before facts and tasks, for these may open questions of their own.
	pending := t.next.Ask // what was open before this message
	informed := t.inform()
	t.payBeside(informed)
	// Facts first: "bei gani, na nibook kesho" has the price in the reply before the booking is
	// read back. A task that was done asks its own question, so the old one is not asked again.
	acted := t.act(informed)
	if informed && !acted {
		t.keepBeside()
	}
	switch {
	case acted:
	// "Sawa ila aninyoe Hassan": the wish is noted, and the visit read back with it.
	case t.wished && !informed:
		t.resume(pending)
	// The offer of a person dies with a question that was answered: behind three full answers it
	// was made three times, and "fine, I will pass by" called somebody.
	case informed && pending.For == askPerson && !t.hasAsked:
		t.close(pending)
	case informed:
		t.resume(pending)
	// "naitwa Asha" alone: the name is kept for what is booked next, and put on what is booked
	// already.
	case t.p.name != "":
		t.takeName(pending)
	case t.bareName() != "" && len(t.p.acts) == 0:
		t.next.Name = t.bareName()
		t.p.name = t.next.Name
		t.takeName(pending)
	case t.offerDoctor():
	case t.offerNamed(), t.offerArea(), t.tellUnlisted():
	case t.courtesy():
		t.confirmAgain(pending)
		return
	default:
		t.miss(pending)
		return
	}
	t.understoodIt()
}

// beforeAnswer takes from the message what the answer to an open question is read with.
func (t *turn) beforeAnswer() {
	t.keepVisitWishes()
	// Where the customer of a provider lives, the way there has its price.
	if all := idsOf(t.p.areas); len(all) > 0 && t.k.template() == flowhq.SupportTemplate {
		t.next.Area = all[len(all)-1]
	}
	// What is confirmed with a name is booked for that name, and so is what is told beside one.
	if t.p.name != "" && (t.next.Ask.For == askBook || t.next.Order != nil ||
		t.nameBeside(&t.p) == t.p.name) {
		t.next.Name = t.p.name
	}
	t.takeMeant()
}

// comesFirst answers what comes before any open question, and reports whether it did.
func (t *turn) comesFirst() bool {
	switch p := &t.p; {
	// Before everything, even anger: a PIN must be neither noted nor passed on. Nothing else in the
	// message is answered, so that the warning is not overlooked.
	case p.has(actSecret):
		t.did(actSecret)
		t.tell("secret")
		return true
	// Before anger too: who fears for a life may well be angry.
	case p.cued(cueDanger) && !anyIn(p.reading.Words, noDanger) && t.tellEmergency():
		return true
	case t.tellAskDoctor(), t.tellAwaited(), t.passCancelRule(), t.bringsToShop():
		return true
	// A "yes, we do" to "does the dye have ammonia, I am allergic" can hurt.
	case p.cued(cueRisk) && t.allergyTold() == "" &&
		!p.has(actAnswer, actCancel, actChange, actPerson, actAnger):
		t.did(actUnknown)
		t.unanswered("unanswered.any")
		return true
	// Whoever is angry is not sold anything: "mmeniibia, nataka kubook" goes to a person whole.
	case p.has(actAnger):
		t.handOver(flowhq.HandOverAnger)
		return true
	case p.has(actPerson):
		t.callPerson()
		return true
	case p.has(actTrouble):
		t.did(actTrouble)
		t.handOverSaying(flowhq.HandOverDecision, "handover.trouble")
		return true
	// "Name is Wanjiku, Kasarani" after an order was not found is for who looks for it.
	case t.next.Ask.For == askPerson && p.name != "" && !p.asks &&
		t.k.template() == flowhq.EcommerceTemplate:
		t.next.Name = p.name
		t.handOver(flowhq.HandOverAsked)
		return true
	// "Hello??" after a person was offered asks for that person.
	case t.next.Ask.For == askPerson && !p.has(infoActs...) &&
		(p.cued(cueHere) || p.onlyGreets() && p.asks):
		t.handOver(flowhq.HandOverAsked)
		return true
	// Stopped reminders are a fact, for they are sent outside of any conversation. A slot that is
	// held lapses by itself.
	case p.has(actStop):
		t.did(actStop)
		t.next.Ask, t.next.Booking, t.next.Order = Ask{}, nil, nil
		t.fact(flowhq.FactChange{Reminders: &flowhq.Reminders{Stopped: true}})
		t.tell("followup.stopped")
		return true
	// The whole message must be the word: "what time do you start" wants no reminders.
	case strings.EqualFold(strings.TrimSpace(p.text), startWord):
		t.fact(flowhq.FactChange{Reminders: &flowhq.Reminders{}})
		t.tell("followup.started")
		return true
	case !hasLetters(p.text) && !p.isChoice && p.yesNo == 0:
		t.wordsMissing()
		return true
	// The bot cannot write first about goods that are back: the owner is told that somebody waits.
	case anyIn(p.reading.Words, wantsNews) && !p.has(taskActs...) &&
		t.k.template() == flowhq.EcommerceTemplate && t.next.Order == nil:
		t.did(actUnknown)
		t.tell("noted.wish", "note", oneLine(t.note(), maxWish))
		t.noteUnanswered()
		return true
	// A picture that is only pointed at says nothing without being seen.
	case t.waits(), t.pointsAtPicture():
		return true
	}
	return false
}

// wordsMissing answers what has neither letters nor digits: emoji need no answer, "?" asks for one.
// To answer each thumb with a text would keep a chat going that the customer has ended.
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

// startWord is what a customer writes who wants reminders again: [followup.stopped] says so. It
// does not depend on the language, for the text that names it may be older than the chat's language
// now.
const startWord = "START"

// understoodIt ends a row of misses. A row is of misses one after the other: two in a long chat
// that otherwise goes well call nobody.
func (t *turn) understoodIt() { t.next.Misses = 0 }

// hasLetters reports whether there is a letter or digit in the text. Letters of any script count: a
// message in one that the bot cannot read is a miss, and no silence.
func hasLetters(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r)
	})
}

// act does what the message wants done. informed says that it was given facts already. Acts of
// every business come first, then those of the template. One task is done in a turn: its question
// is the one that the customer sees last, and two of them could not be told apart by a yes.
func (t *turn) act(informed bool) bool {
	p := &t.p
	switch {
	// "mnapunguza?" with an owner's answer about discounts needs no person.
	case p.has(actDecision) && informed:
		return false // the owner's answer has decided
	case p.has(actDecision):
		t.refuseBargain()
		return true
	// The bot never says that money came: only a person can look. With support the message is about
	// an account, and goes the way of a ticket.
	case p.has(actPaid) && !informed && t.k.template() != flowhq.SupportTemplate:
		t.claimPaid()
		return true
	// "basi tena" must not leave a slot held, nor a basket that a later yes would order.
	// "Iache tu" to "shall I cancel it?" keeps what there is.
	case p.has(actDrop) && slices.Contains([]string{askCancel, askUndo, askMove}, t.next.Ask.For):
		return t.takeNo(t.next.Ask)
	case p.has(actDrop):
		t.did(actDrop)
		t.abandon()
		return true
	// A complaint is no anger: the chat goes on, and a person is told.
	case p.has(actComplaint) && t.pressProblem():
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
		return t.noteLate(informed) || t.actOnBookings(informed)
	}
}

// miss answers what was not understood: with a question if it may be one of two things, with the
// menu, and the second time in a row with a person. The order is from what costs the customer least
// to what costs the owner most. What was not understood is noted, for the owner to teach the bot an
// answer.
func (t *turn) miss(pending Ask) {
	// A language model may say what was meant, if the tenant has one. Its words are held against
	// the facts first.
	if t.missed = true; t.takeSuggestion(pending) {
		t.understoodIt()
		return
	}
	// What follows a problem is more of it: a menu of goods would be an insult.
	if t.pressProblem() {
		return
	}
	if t.missedInParts() || t.notesPlea(pending) || t.notesAfterBooking() || t.answersDescribed(pending) {
		t.understoodIt()
		return
	}
	// The words under a picture are about the picture.
	if t.in.Message.isPicture() && t.next.Order != nil && t.attachPicture() {
		t.did(actMedia)
		return
	}
	p := &t.p
	// "Even if I did not buy from you?" goes on with what was asked, which nobody has told.
	if anyIn(p.reading.Words[:min(len(p.reading.Words), 2)], evenIf) {
		t.unanswered("unanswered.any")
		return
	}
	// A choice of two is likelier to have the right one than the menu.
	asksMuch := p.asks && len(p.reading.Words) >= minQuestion
	// In the middle of something the question that is open says more than one between two guesses.
	open := pending.For != "" && pending.For != askOption
	if t.offerAnswers(pending) ||
		p.reading.Band == understand.Unsure && !asksMuch && !open && t.askWhich() {
		return
	}
	t.did(actUnknown)
	t.next.Misses++
	t.noteUnanswered()
	if t.tooManyMisses() {
		t.handOver(flowhq.HandOverMissed)
		return
	}
	// In the middle of a booking the menu would only lead away. The apology stands before the
	// question, and the question is what the customer must see last.
	if open {
		// A question is passed on, and the order goes on meanwhile.
		if t.inTheMiddle() && p.asksSoftly() && len(p.reading.Words) >= minQuestion {
			t.next.Misses = 0
			t.tell("unanswered.any")
			t.resume(pending)
			return
		}
		place := len(t.said)
		t.resume(pending)
		if t.question != "" {
			again := part{text: t.render("unsure.again")}
			t.said = slices.Insert(t.said, place, again)
			return
		}
	}
	// What follows an answer of a help desk goes on with it: the menu would begin anew.
	goesOn := t.k.template() == flowhq.SupportTemplate && len(t.in.State.Last) > 0 &&
		t.written().Sub(t.in.State.At) <= AskedFor && t.in.State.Asked != ""
	if (p.asksSoftly() || goesOn) && len(p.reading.Words) >= minQuestion {
		t.passQuestion()
		t.resume(pending)
		return
	}
	t.showMenu("menu.miss")
}

// evenIf goes on with a question.
var evenIf = keywords("hata kama, even if")

// minQuestion is how many words a question has at least that is passed on as it is. With fewer the
// customer is likelier helped by the menu. "mnatengeneza simu zilizoingia maji?" is for the owner;
// "nini?" is for nobody.
const minQuestion = 4

// maxMisses is how many messages in a row the bot may fail to understand. With more, a customer
// would repeat one message to nobody. With one, each typing error would call the owner.
const maxMisses = 2

// minCandidate is from which score on an intent is named as one that may be meant. Below that the
// second of the two is noise, and a question between sense and nonsense looks foolish.
const minCandidate = .08

// askWhich asks which of the two likeliest intents was meant. Only intents with a label are named:
// the others, such as thanks, are nothing that a customer would choose.
func (t *turn) askWhich() bool {
	var options []Option
	for _, s := range t.p.reading.Intents {
		label := "label." + string(s.Intent)
		_, known := t.say.catalog[label]
		if !known || len(options) == 2 || s.Score < minCandidate {
			continue
		}
		options = append(options, Option{Do: doIntent, Value: string(s.Intent),
			Label: t.say.first(label)})
	}
	if len(options) < 2 {
		return false
	}
	t.did(actUnsure)
	t.next.Misses++
	// A question of this kind counts as a miss: asked again and again it is no better than the
	// menu.
	if t.tooManyMisses() {
		t.noteUnanswered()
		t.handOver(flowhq.HandOverMissed)
		return true
	}
	t.askOf(Ask{For: askOption}, options, "unsure.which")
	return true
}
