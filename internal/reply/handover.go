package reply

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// callsAndAsks answers the question beside a yes to the offer of a person, who is called then.
func (t *turn) callsAndAsks() bool {
	p := &t.p
	if t.callsWithWords() {
		return true
	}
	if t.next.Ask.For != askPerson || len(t.next.Ask.Options) > 0 ||
		len(p.reading.Words) < 2 || !anyIn(p.reading.Words[:1], plainYes) || !saysYesInPart(p.text) {
		return false
	}
	// "Yes please, this is really annoying" has no question, and wants the person all the same.
	if !p.asks && (p.names() || p.hasTime || p.has(actCancel, actChange) || saysBut(p.reading.Words)) {
		return false
	}
	if p.asks {
		t.inform()
	}
	t.question = ""
	t.handOver(flowhq.HandOverAsked)
	return true
}

// handOver calls a person, and says when somebody is there. It is said once: from then on the
// pipeline keeps the bot silent in the chat until it is given back.
func (t *turn) handOver(reason flowhq.HandOverReason) {
	keys := map[flowhq.HandOverReason]string{
		flowhq.HandOverAsked: "handover.asked", flowhq.HandOverAnger: "handover.anger",
		flowhq.HandOverMissed: "handover.missed", flowhq.HandOverDecision: "handover.decision",
	}
	if reason == flowhq.HandOverMissed {
		t.keepMissed()
	}
	t.handOverSaying(reason, keys[reason])
	t.keepNumber()
}

// keepNumber keeps the number that the customer wants to be called at with what is handed over, and
// says so: who answers here reads it there.
func (t *turn) keepNumber() {
	phones := t.p.entities.Phones
	if len(phones) != 1 || t.p.isReceipt || t.p.has(actPaid) {
		return
	}
	number := strings.TrimSpace(t.p.text[phones[0].Start:phones[0].End])
	t.noteHandOver(number)
	if v := t.next.Ticket; v != nil && v.Number != "" && !strings.Contains(v.Note, number) {
		v.add(number)
		t.fact(t.ticket())
	}
	if !strings.Contains(t.reply(), number) {
		t.tellWish(number)
	}
}

// keepMissed notes what was not understood with what it is about: a person who is called reads the
// ticket or the booking first, and not the chat.
func (t *turn) keepMissed() {
	switch v := t.next.Ticket; {
	case v != nil && v.Number != "" && !t.p.asks:
		t.noteOnTicket()
	case t.k.template() == flowhq.BookingTemplate && !t.p.asksSoftly() &&
		len(t.p.reading.Words) >= minMeaning && !anyIn(t.p.reading.Words, secretWords):
		t.noteVisit(t.note())
	}
}

// handOverSaying is handOver with another opening. A payment opens with words of its own: "a person
// will look into it" alone would leave open whether the bot believes the customer.
func (t *turn) handOverSaying(reason flowhq.HandOverReason, key string) {
	t.did(actHandOver)
	t.tell(key)
	at := t.in.Message.At
	// The deadline counts from when somebody can be there. Counted from a message at night, the
	// customer would be told that nobody came before the business has opened.
	from := at // since when somebody is expected to look at the chat
	switch open, _, next := t.k.openAt(at); {
	case open:
		t.tell("handover.now")
	case t.k.profile.HoursTold() && !next.IsZero():
		t.tell("handover.later", "when", t.soon(next))
		from = next
	default:
		t.tell("handover.soon")
	}
	// After this time the pipeline says that nobody came, and the bot answers again. The fact has
	// to hold it: a timer that only a workflow knows is lost with Temporal.
	until := from.Add(t.k.profile.HandOver())
	t.fact(flowhq.FactChange{HandOver: &flowhq.HandOver{
		Reason: reason, At: at, Until: &until, Note: t.about(),
	}})
	// The open question is dropped: whoever answers it now answers a person, not the bot.
	t.next.Ask, t.next.Misses, t.question = Ask{}, 0, ""
}

// about says for the owner what a chat was about, in words of the owner's own lists. Words of the
// customer stay out of it: they may hold a PIN, and the note is shown in lists.
func (t *turn) about() string {
	name := t.next.Topic
	switch {
	case len(t.p.services) > 0:
		name = t.p.services[0].ID
	case len(t.p.products) > 0:
		name = t.p.products[0].ID
	}
	if name == "" {
		return ""
	}
	return t.k.nameOf(name, t.say)
}

// refuseBargain answers who wants another price than the owner's: with that price. Only the owner
// may change it, who is told.
func (t *turn) refuseBargain() {
	// Only what is named counts first: "last price?" about shoes must not be answered with the
	// price of what was spoken of before.
	ids := t.subjects()
	if len(ids) == 0 && t.next.Topic != "" {
		ids = []string{t.next.Topic}
	}
	if t.tellDiscount() {
		return
	}
	t.did(actDecision)
	// Without one thing to name a price of, a person is offered. "Last price?" alone silenced the
	// bot for somebody who had not said yet what it is about. Who tells more, such as of a group at
	// a wedding, has told what a person decides about.
	switch {
	case len(ids) == 1:
	// Whether there is a discount is asked of a help desk in passing. A chat that goes silent for
	// it could not be told the number to pay to.
	case t.k.template() == flowhq.SupportTemplate && t.p.asksSoftly():
		t.unanswered("bargain")
		return
	// An order goes on meanwhile: a silent chat would lose it.
	case len(t.p.reading.Words) > maxAllusion && !t.inTheMiddle():
		t.passOn(actDecision)
		return
	default:
		t.unanswered("bargain")
		return
	}
	// The price is not told twice in a reply. The part for prices has told it if it was asked for.
	if !t.p.has(actPrice) {
		t.tellPriceOf(ids[0])
	}
	t.next.Topic = ids[0]
	// The chat stays with the bot: who bargains may go on to buy, and would wait for a person if
	// the chat was handed over.
	t.unanswered("bargain")
}

// passOn passes a question to a person that only a person decides. Unlike refuseBargain it ends the
// bot's part: nothing useful can be said before the decision.
func (t *turn) passOn(a act) {
	t.did(a)
	t.noteUnanswered()
	t.handOver(flowhq.HandOverDecision)
}

// claimPaid answers a customer who says that money was sent. The bot cannot see that, and must
// not say that it came.
func (t *turn) claimPaid() {
	t.did(actPaid)
	// With an order in the making the claim is noted on the order, which is completed first.
	if t.notePaid() {
		return
	}
	// Each unpaid order is marked: a claim rarely says which one was paid, and a reminder after
	// "nimeshalipa" reads as an accusation.
	for _, o := range t.in.Calendar.Orders {
		if o.Unpaid { // a person finds out; the customer must not be asked for it again
			o.Unpaid = false
			t.fact(flowhq.FactChange{Order: &o})
		}
	}
	t.handOverSaying(flowhq.HandOverDecision, "handover.payment")
}

// unanswered says that the owner has not told something, notes the question, and offers a person.
// The offer is a question with yes and no, so that a plain "ndio" after it calls the person. The
// text says only what is not known: "I have asked a colleague. Shall I call a colleague?" was one
// sentence against the other.
func (t *turn) unanswered(key string, pairs ...string) {
	t.tell(key, pairs...)
	t.noteUnanswered()
	// The offer's "ndio" was taken from the order: "sawa hizo tu" called a person, and five things
	// stood in a silent chat.
	if t.inTheMiddle() || slices.Contains(weighty, t.next.Ask.For) {
		t.tell("unanswered.noted")
		return
	}
	t.ask(Ask{For: askPerson, Behind: t.next.Ask.behind()}, "unanswered.offer")
	t.offered = len(t.said)
}

// weighty are questions about what was made already, or is wrong. The offer of a person does not take
// their place.
var weighty = []string{
	askCancel, askUndo, askMove, askMoveTo, askMean, askAddress, askProblem, askHelped, askChildren,
	askBring,
}

// inTheMiddle reports whether an order or a booking is being made. It goes on, whatever else could
// not be answered: silence there loses what the customer came for.
func (t *turn) inTheMiddle() bool {
	b, o := t.next.Booking, t.next.Order
	return b != nil && !(b.Start.IsZero() && b.Day.IsZero()) || o != nil && len(o.Lines) > 0
}

// tooManyMisses reports whether so much was not understood in a row that a person is called. In the
// middle of an order it takes twice as many, since the call silences the bot, and the order with
// it.
func (t *turn) tooManyMisses() bool {
	if t.inTheMiddle() {
		return t.next.Misses >= 2*maxMisses
	}
	return t.next.Misses >= maxMisses
}

// tellNoted says that a question is noted, where another question has taken the place of the offer
// of a person. "The price is not on my list. Which day suits you?" alone says nothing of who will
// find out.
func (t *turn) tellNoted() {
	text := ""
	if t.offered > 0 && t.next.Ask.For != askPerson && !t.handedOver() {
		text = t.render("unanswered.noted")
	}
	if text != "" {
		t.said = slices.Insert(t.said, min(t.offered, len(t.said)), part{text: text})
	}
}

// handedOver reports whether this turn has called a person.
func (t *turn) handedOver() bool { return slices.Contains(t.acts, actHandOver) }

// noteUnanswered notes the question for the owner, once a turn. Several parts of a turn may each
// miss a fact. The owner needs the message once.
func (t *turn) noteUnanswered() {
	for _, f := range t.facts {
		if f.Unanswered != nil {
			return
		}
	}
	u := &flowhq.Unanswered{
		// Digits beside the word for a secret are hidden: the note is read by people of the
		// business.
		Text: oneLine(withoutSecrets(&t.p), maxNote), Language: t.say.language,
		Status: flowhq.UnansweredOpen,
	}
	for _, s := range t.p.reading.Intents {
		// The best intents let the owner's list be sorted by what customers asked about.
		if len(u.Intents) < maxCandidates && s.Score >= minStoredScore {
			u.Intents = append(u.Intents, string(s.Intent))
		}
	}
	t.fact(flowhq.FactChange{Unanswered: u})
}

// maxCandidates is how many intents a question is noted with that it may be about.
const maxCandidates = 3
