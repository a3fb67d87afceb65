package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Every clause of a message must be accounted for: by what was done or told, or by a note. No list
// of cases can tell which clause the turn has used, since a word may be read by any step. So the
// message is decided once more without the clause. If that gives the same turn, nobody has heard
// the clause.

// clauseJoin is where a clause begins inside a sentence: a joiner, and a word that wishes or asks.
var clauseJoin = regexp.MustCompile(`(?i)[\s,]+(?:` + alternatives("clause joiner") + `)\s+` +
	`(?:(?:pia|also|kama|pls|please)\s+)?(?:` + alternatives("clause begins") + `)\b`)

// clausesOf are the clauses of a message, at most a few, and whether each asks.
func clausesOf(text string) (all []piece) {
	for _, p := range joinSubjects(text, piecesOf(text)) {
		if head, rest := twoQuestions(p); rest != "" {
			first := clauseOf(head)
			first.asks = true
			all, p.text = append(all, first), rest
		}
		from := 0
		for _, at := range clauseJoin.FindAllStringIndex(p.text, maxPartsRead) {
			// "Do you also do beards" is one question.
			if at[0] > from && !subjectLast.MatchString(p.text[from:at[0]]) {
				all = append(all, clauseOf(p.text[from:at[0]]))
				from = at[0]
			}
		}
		last := clauseOf(p.text[from:])
		last.asks = last.asks || p.asks && from == 0
		all = append(all, last)
	}
	return all[:min(len(all), 2*maxPartsRead)]
}

// subjectLast ends what goes on with its verb.
var subjectLast = regexp.MustCompile(`(?i)\b(?:you|u|i|we|they)$`)

// nextQuestion joins a question to the one in front of it.
var nextQuestion = regexp.MustCompile(`(?i)\s+(?:na|and|pia|also)\s+`)

// twoQuestions parts a piece that asks two things: "mnapatikana wapi na parking ipo". rest is "" if
// it asks one.
func twoQuestions(p piece) (head, rest string) {
	if !p.asks {
		return p.text, ""
	}
	for _, at := range nextQuestion.FindAllStringIndex(p.text, maxPartsRead) {
		head, rest = p.text[:at[0]], p.text[at[1]:]
		begins := asksFrom.FindStringIndex(rest)
		if words := split(head); begins != nil && begins[0] == 0 && len(words) >= minPartWords &&
			asksInWords(words) {
			return head, rest
		}
	}
	return p.text, ""
}

// beginsJoined says that a clause is one thing more.
var beginsJoined = regexp.MustCompile(`(?i)^[\s,]*(?:` + alternatives("one more") +
	`)\s|\s(?:pia|too)$`)

// maxYes is how many words a yes has at most.
const maxYes = 3

// joinSubjects puts the few words in front of a question back to it where nothing stands between:
// "mtungi mnachukua nyumbani?" is one question with its subject.
func joinSubjects(text string, pieces []piece) (all []piece) {
	for _, p := range pieces {
		n := len(all)
		if n > 0 && p.asks && (len(split(all[n-1].text)) < minMeaning || asksOfIt.MatchString(p.text)) &&
			!strings.HasSuffix(all[n-1].text, ".") && !strings.HasSuffix(all[n-1].text, "?") {
			if both := all[n-1].text + " " + p.text; strings.Contains(text, both) {
				p.text, all = both, all[:n-1]
			}
		}
		all = append(all, p)
	}
	return all
}

// asksOfIt is a question for what stands in front of it: "we have jubilee insurance, do u take it".
var asksOfIt = regexp.MustCompile(`(?i)^\W*(?:and |na )?(?:do|can|will) (?:you|u|ya|i) (?:guys )?(?:also )?\w+ (?:it|that|this|them)\W*$|` +
	`^\W*m(?:na|ta)\w+\W*$`)

// clauseOf is a clause with the joiners around it taken off.
func clauseOf(text string) piece {
	bare := strings.TrimRight(joinBefore.ReplaceAllString(joinFirst.ReplaceAllString(text, ""), ""),
		" .,!;")
	return piece{text: bare, joined: beginsJoined.MatchString(text),
		asks: strings.HasSuffix(bare, "?") || asksAtBegin(bare) || asksInWords(split(bare))}
}

// mayAccount reports whether what nobody has heard of the message is to be answered or noted.
func (t *turn) mayAccount() bool {
	return !t.wordless() && !t.whole && !t.missed && !t.p.isReceipt && !t.p.cued(cueRisk) &&
		!t.p.cued(cueDanger) && t.next.Misses == 0 && !t.p.has(actSecret, actStop, actAnger,
		actComplaint, actDecision, actTrouble, actDrop) && !anyIn(t.p.reading.Words, secretWords)
}

// accountFor answers or notes each clause of the message that the turn has not heard.
func (t *turn) accountFor(in Input) {
	if !t.mayAccount() {
		return
	}
	clauses := clausesOf(t.p.text)
	if len(clauses) < 2 || len(clauses) > maxPartsRead {
		return
	}
	questions := 0
	for _, c := range clauses {
		if c.asks {
			questions++
		}
	}
	whole := t.p
	defer func() { t.p = whole }()
	for _, c := range clauses {
		if len(split(c.text)) < minPartWords {
			continue
		}
		t.p = t.readPart(c.text)
		t.p.asks = t.p.asks || c.asks
		switch {
		// "Yes, tell him" to the offer of a person must not vanish behind what else is said.
		case in.State.Ask.For == askPerson && t.next.Ask.For != askPerson && !c.asks &&
			len(split(c.text)) <= maxYes && anyIn(split(c.text), plainYes) && !t.notes():
			p := t.p
			t.p = whole
			t.noteUnanswered()
			t.p = p
			t.tell("unanswered.noted")
		// Who is called reads the questions, and is not asked again.
		case c.asks && !t.handedOver() && t.mayLoseQuestion():
			if p := t.p; t.unheard(in, whole, c.text) {
				t.p = p
				t.answerClause(questions == 1)
			}
		case !c.asks && t.mayLoseWish(c):
			if p := t.p; t.unheard(in, whole, c.text) {
				t.p = p
				t.noteClause()
			}
		}
	}
}

// mayLoseQuestion reports whether a clause asks what needs a word of its own.
func (t *turn) mayLoseQuestion() bool {
	p, words := &t.p, t.p.reading.Words
	return !t.hourSettled() && !p.onlyGreets() && !isThatOk.MatchString(p.text) &&
		!riderNote.MatchString(p.text) &&
		!anyIn(words, notAnswered) && !doIt.MatchString(p.text) &&
		!anyIn(words, languageWords) && !orNot.MatchString(p.text) && !t.toldTogether() && !t.toldBegin() &&
		!(slices.Contains(t.acts, actAnswer) && anyIn(words, asksIncluded)) && !t.toldCovered() &&
		len(words) > 0 && !hasWord(notThis, words[0])
}

// doIt begins as a question does, and agrees: "ok do it".
var doIt = regexp.MustCompile(`(?i)^(?:(?:ok|okay|yes|sure|please|pls|fine|so|then)[\s,.]+)*do (?:it|that|so)\b`)

// notThis begin the end of a question that says what is not meant: "the specialist, not the general
// one?".
var notThis = listOf("not this")

// mayLoseWish reports whether a clause that asks nothing says something that must not be dropped: a
// wish that says for what, a thing of the owner's lists, names, or a number to call.
func (t *turn) mayLoseWish(c piece) bool {
	p, words := &t.p, t.p.reading.Words
	if len(p.entities.Phones) > 0 || namesTheirs.MatchString(p.text) {
		return true
	}
	// What the clause does the turn has done, or the clause only begins a question.
	if anyIn(words, inquiring) || t.saysWhyMoved(p.text) || slices.ContainsFunc(p.acts, func(a act) bool {
		return slices.Contains(taskActs, a) && a != actBook && a != actOrder &&
			slices.Contains(t.acts, a)
	}) {
		return false
	}
	wished := anyIn(words, wishWords) || anyIn(words, passesOn)
	wishes := wished && slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(countFillers, w) && !hasWord(saysNothing, w) && !hasWord(passesOn, w)
	})
	// "Kiuno 34" is a measure of what is ordered, which no field of an order has.
	measured := len(words) <= maxYes && p.yesNo == entity.Neither && measure.MatchString(p.text)
	// What the bot was told of a fault stands in the ticket.
	if t.k.template() == flowhq.SupportTemplate {
		// Who wants to pay and was told how has no other wish.
		return wishes && !t.advised && !(slices.Contains(t.acts, actPayment) &&
			(anyIn(words, payingWords) || anyIn(words, waysWords)))
	}
	named := slices.ContainsFunc(slices.Concat(p.services, p.products),
		func(m entity.NameMatch) bool { return m.Exact && !t.settledThing(m) })
	return named && (wished || c.joined || p.counts()) || wishes && !p.names() ||
		measured && !p.names() && !p.hasTime && t.inTheMiddle()
}

// measure is a word with a number behind it.
var measure = regexp.MustCompile(`(?i)^\pL{4,} (?:ya |ni |wa |cha |is )?\d{1,3}$`)

// namesTheirs tells the names of several people, of whom a record has one.
var namesTheirs = regexp.MustCompile(`(?i)\b(?:names are|majina (?:ni|yetu))\b`)

var (
	// passesOn ask for something to be told to somebody, or made sure of.
	passesOn = listOf("passes on")
	// saysNothing are words of a wish that only point at what stands around it.
	saysNothing = listOf("says nothing")
)

// settledThing reports whether the turn has dealt with a thing that a clause names: it is on the
// order as the clause says, or is off it and not wanted.
func (t *turn) settledThing(m entity.NameMatch) bool {
	p := &t.p
	off := p.takesBack(m) || p.editOf(m) == editOff || anyIn(p.reading.Words, removeWords) ||
		anyIn(p.reading.Words, deniesWish)
	if t.k.template() != flowhq.EcommerceTemplate {
		return off
	}
	if off {
		return !t.ordered(m)
	}
	return t.ordered(m) && (p.editOf(m) == editNone || !p.cued(cueAdd))
}

// deniesWish say that something was not meant.
var deniesWish = listOf("denies wish")

// unheard reports whether the message decided without a clause gives the same turn.
func (t *turn) unheard(in Input, whole perception, clause string) bool {
	at := strings.Index(whole.text, clause)
	if at < 0 {
		return false
	}
	// What stands around the clause is kept apart by a sentence's end.
	rest := joinBefore.ReplaceAllString(whole.text[:at], "") + ". " +
		strings.TrimLeft(whole.text[at+len(clause):], " ,.?!")
	rest = strings.Trim(rest, " .")
	if len(split(rest)) == 0 {
		return false
	}
	// A mark alone changes how the rest is read, and nobody has answered it by that.
	tries := []string{rest}
	if strings.Contains(clause+whole.text[at+len(clause):], "?") && !strings.Contains(rest, "?") {
		tries = append(tries, rest+"?")
	}
	return slices.ContainsFunc(tries, func(text string) bool { return t.sameWithout(in, text) })
}

// answerClause answers a question that nobody has heard, or notes it.
//
// The only question of a message that was told a fact is taken to have it: who asks in other words
// than the owner's gets the owner's answer all the same.
func (t *turn) answerClause(only bool) {
	// "Where are the dresses?" beside an order that has them.
	if t.namesOrdered() {
		return
	}

	said, order := len(t.said), t.next.Order
	// What was just placed is no basket any more, and "when does it come?" still asks for it.
	if t.settles() {
		t.next.Order = t.in.State.Order
	}
	if t.tellMinutes() {
		return
	}
	if lost := t.lostActs(); len(lost) > 0 {
		t.p.acts = lost
		t.informBeside()
	} else {
		t.answerOwners()
	}
	t.next.Order = order
	told := slices.ContainsFunc(t.acts, func(a act) bool {
		return slices.Contains(infoActs, a) && (only || slices.Contains(t.p.acts, a))
	}) || t.p.has(actPrice) && !t.p.names() && len(t.in.memo.entitiesIn(t.reply()).Money) > 0
	// A ticket has the whole message, and a question in it is answered with the fault.
	if len(t.said) > said || told || t.notes() || t.namesTold() || t.answerTold() ||
		slices.Contains(t.acts, actProblem) {
		return
	}
	t.noteQuestion()
}

// answerOwners tells the owner's answer to a clause that is surely about it, unless it was told.
func (t *turn) answerOwners() {
	// What is paid for no technician mends.
	if t.isPaidMatter() && t.k.answer[t.p.answer] == t.answerTo(phrasesOf("repair"), 0) {
		return
	}
	if t.p.has(actAnswer) && t.p.sure && !t.answerTold() {
		t.p.acts = acts{actAnswer}
		t.informBeside()
	}
}

// answerTold reports whether the reply has the owner's answer that is nearest to the clause.
func (t *turn) answerTold() bool {
	a := t.k.answer[t.p.answer]
	return a != nil && slices.Contains(t.acts, actAnswer) && t.p.alike > 0 &&
		strings.Contains(strings.ToLower(t.reply()),
			strings.ToLower(ownersYes.ReplaceAllString(a.Answer.In(t.say.language), "")))
}

// namesOrdered reports whether the clause names goods, and the order has all of them.
func (t *turn) namesOrdered() bool {
	return len(t.p.products) > 0 && t.next.Order != nil && !slices.ContainsFunc(t.p.products,
		func(m entity.NameMatch) bool { return !t.ordered(m) }) && !t.p.has(actPrice)
}

// namesTold reports whether the clause names things, and the reply tells of all of them.
func (t *turn) namesTold() bool {
	reply := t.reply()
	return t.p.names() && !slices.ContainsFunc(slices.Concat(t.p.services, t.p.products),
		func(m entity.NameMatch) bool { return !t.tells(reply, m.ID) })
}

// noteClause notes a wish that nobody has heard, with the record that is at hand.
func (t *turn) noteClause() {
	if t.onTicket(t.p.text) || anyIn(t.p.reading.Words, asksOnce) {
		return
	}
	if t.namesTold() && len(t.p.entities.Phones) == 0 {
		return
	}
	if !t.p.names() {
		t.answerOwners()
	}
	t.noteSaid(t.note())
}

// noteSaid notes a wish with what it is of: what the turn has made, the visit, or the order.
func (t *turn) noteSaid(wish string) {
	o := t.next.Order
	switch {
	case t.k.template() == flowhq.BookingTemplate && t.nothingToNote(wish):
	case t.k.template() == flowhq.SupportTemplate && t.noteBesideTicket(wish):
	case len(t.p.products) == 0 && t.noteOnSettled(wish):
	case t.k.template() == flowhq.BookingTemplate && t.noteVisitWish(wish):
	// The note of an order must not ask for goods: what the next message adds would be packed
	// twice.
	case len(t.p.products) > 0:
		t.noteUnanswered()
		t.tellWish(wish)
	case o != nil && len(o.Lines) > 0:
		t.noteOnOrder(wish)
	case t.k.template() == flowhq.EcommerceTemplate && t.placedRecently() && t.noteOnPlaced(wish):
	default:
		t.noteUnanswered()
		t.tellWish(wish)
	}
}

// noteBesideTicket adds to the open ticket what stands beside a question, and reports whether it did.
// What the ticket has already is still a wish that somebody else has to see: more speed is no fault.
func (t *turn) noteBesideTicket(said string) bool {
	v := t.next.Ticket
	if v == nil || v.Number == "" || strings.Contains(v.Note, said) {
		return false
	}
	v.add(said)
	t.fact(t.ticket())
	t.tellWish(said)
	return true
}

// noteOnOrder notes a wish with the order in the making. The note stands in the reply, so that what
// was read back is still what a yes places.
func (t *turn) noteOnOrder(wish string) {
	o := t.next.Order
	same := o.Told == t.told()
	o.addNote(wish)
	if same {
		o.Told = t.told()
	}
	t.tellWish(wish)
}

// noteOnSettled notes a wish on what this turn has made for good, and reports whether it made
// anything. The calendar does not have that yet.
func (t *turn) noteOnSettled(wish string) bool {
	for i, f := range t.facts {
		switch {
		case f.Booking != nil && f.Booking.Status == flowhq.BookingConfirmed:
			b := *f.Booking
			b.Note = withNote(b.Note, wish, maxNote)
			t.facts[i].Booking = &b
		case f.Order != nil && f.Order.Status == flowhq.OrderConfirmed:
			o := *f.Order
			o.Note = withNote(o.Note, "note: "+wish, maxNote)
			t.facts[i].Order = &o
		default:
			continue
		}
		t.tellWish(wish)
		return true
	}
	return false
}

// noteVisitWish notes a wish with the visit, and reports whether there is one to note it with.
func (t *turn) noteVisitWish(wish string) bool {
	said := len(t.said)
	t.noteVisit(wish)
	return len(t.said) > said
}
