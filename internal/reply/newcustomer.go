package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A help desk hears more than faults. Who wants to be connected, asks for a contract or says that
// nothing is broken was given the number of a fault, which then took in all that was written.

var (
	// noFault say that there is no fault, or that the customer is a new one.
	noFault = listOf("no fault")
	// ourFaultWords say whose fault it would be.
	ourFaultWords = listOf("our fault")
	// seenWords ask whether something that was sent has come.
	seenWords = listOf("seen")
)

// dropFault drops a fault, and the time of its repair, that the models alone took a message for
// which has another wish: to be connected, or to be told something.
func (t *turn) dropFault(p *perception, all *acts) {
	words := p.reading.Words
	if anyIn(words, noFault) {
		all.drop(actProblem, actStatus, actAnswer)
		return
	}
	if p.cued(actProblem) || p.reading.Concepts.Has("broken") || p.cued(actPaid) || p.hasTried() {
		return
	}
	installs := anyIn(words, installWords)
	switch {
	case installs && (p.cued(cueWish) || p.hasTime || p.asksSoftly()):
		all.drop(actProblem, actStatus)
		dropHours(all, p)
		// "When can they come to install" asks for no repair.
		if id, _, sure, _ := t.bestAnswer(phrasesOf("repair")[0]); sure && p.answer == id {
			all.drop(actAnswer)
		}
	case p.asksSoftly() && t.next.Ticket == nil && all.has(actAnswer, actPrice, actOffer, actDelivery):
		all.drop(actProblem)
	}
}

// deniesFault closes a fault that was opened for who reports none, and says so. What the message
// wants instead is done by the rest of the turn.
func (t *turn) deniesFault() {
	v, p := t.next.Ticket, &t.p
	if t.k.template() != flowhq.SupportTemplate || v == nil || !anyIn(p.reading.Words, noFault) ||
		v.Subject != string(actProblem) {
		return
	}
	t.next.Ticket = nil
	if t.next.Ask.For == askHelped || t.next.Ask.For == askProblem {
		t.next.Ask = Ask{}
	}
	i := slices.IndexFunc(t.in.Calendar.Tickets,
		func(k flowhq.Ticket) bool { return k.Number == v.Number })
	if v.Number == "" || i < 0 {
		return
	}
	k := t.in.Calendar.Tickets[i]
	k.Status = flowhq.TicketClosed
	t.fact(flowhq.FactChange{Ticket: &k})
	t.tell("ticket.withdrawn", "number", v.Number)
}

// ifOurs begins a question for what happens if something is so.
var ifOurs = regexp.MustCompile(`(?i)(?:^|[\s,.])(?:kama|ikiwa|iwapo|if|when it is|suppose)\b`)

// asksCharge reports whether the message asks whether a visit must be paid for: in so many words,
// or by whose fault it is.
func (t *turn) asksCharge() bool {
	p := &t.p
	if p.cued(cueCharge) {
		return true
	}
	for _, piece := range piecesOf(p.text) {
		words := split(piece.text)
		if piece.asks && cuedBy(words, cueCharge) ||
			anyIn(words, ourFaultWords) && (piece.asks || ifOurs.MatchString(piece.text)) {
			return true
		}
	}
	return false
}

// noteReferences adds numbers to an open ticket that stand beside a question. The question alone
// was answered, and the customer sent the number again.
func (t *turn) noteReferences() {
	v, p := t.next.Ticket, &t.p
	if t.k.template() != flowhq.SupportTemplate || v == nil || v.Number == "" ||
		!p.asksSoftly() || p.has(actCancel) || t.movesPackage() {
		return
	}
	for _, piece := range piecesOf(p.text) {
		e := t.in.memo.entitiesIn(piece.text)
		if piece.asks || len(e.References)+len(e.Phones) == 0 || t.ownNumber(e.References) ||
			len(e.Phones) == 0 && v.hasAll(e.References) {
			continue
		}
		t.did(actProblem)
		t.noteOnTicket()
		return
	}
}

// keepNameBeside puts a name that stands alone or beside a question on the open ticket, says so, and
// reports whether it did.
func (t *turn) keepNameBeside() bool {
	v, name := t.next.Ticket, t.p.name
	if t.k.template() != flowhq.SupportTemplate || v == nil || v.Number == "" || name == "" ||
		strings.Contains(v.Note, name) {
		return false
	}
	v.add(name)
	// Whoever drives out needs the place that stands behind the name.
	if _, behind, found := strings.Cut(t.p.text, name); found {
		if place := strings.Trim(pieceEnd.Split(behind, 2)[0], " ,.;!"); anyIn(split(place), landmarkWords) {
			v.add(place)
		}
	}
	t.fact(t.ticket())
	t.tell("ticket.name", "name", name, "number", v.Number)
	return true
}

// hasAll reports whether all of some numbers stand on the ticket already.
func (p *Problem) hasAll(all []entity.Reference) bool {
	return !slices.ContainsFunc(all, func(r entity.Reference) bool { return !strings.Contains(p.Note, r.Text) })
}

// ownNumber reports whether one of these is the number of a ticket of ours.
func (t *turn) ownNumber(all []entity.Reference) bool {
	return slices.ContainsFunc(all, func(r entity.Reference) bool {
		return ownReference.MatchString(r.Text)
	})
}

// tellSeen says that what was sent is with the ticket, to who asks whether it was seen.
func (t *turn) tellSeen() bool {
	v, p := t.next.Ticket, &t.p
	if t.k.template() != flowhq.SupportTemplate || v == nil || v.Number == "" || !p.asks ||
		!anyIn(p.reading.Words, seenWords) || p.has(actPrice, actPlace, actHours) {
		return false
	}
	t.did(actStatus)
	t.tell("ticket.seen", "number", v.Number)
	p.acts.drop(actStatus, actPaid, actProblem, actAccount, actAnswer, actPayment)
	return true
}

// tellChosen says what the package costs that the message names and the reply does not: "I think
// the 20 mbps one" beside a question got no word.
func (t *turn) tellChosen() {
	p := &t.p
	if t.k.template() != flowhq.SupportTemplate || t.handedOver() || len(t.said) == 0 ||
		p.has(actProblem, actPaid) {
		return
	}
	all := t.packages()
	var named []string
	for _, id := range idsOf(p.services) {
		if slices.Contains(all, id) {
			named = append(named, id)
		}
	}
	if len(named) != 1 || t.tells(t.reply(), named[0]) {
		return
	}
	t.tellPriceOf(named[0])
	t.next.Topic = named[0]
}

// wantsBesideQuestion reports whether the message takes a package beside a question: "is there a
// contract? And I want the 20mbps one". The question is answered, and the package is wanted all the
// same.
func (t *turn) wantsBesideQuestion() bool {
	p := &t.p
	id := t.packageTold()
	if t.k.template() != flowhq.SupportTemplate || id == "" || t.movesPackage() ||
		p.has(actProblem, actPaid, actCancel) || t.onlyCompares() || t.next.Ticket != nil &&
		t.next.Ticket.Number != "" {
		return false
	}
	for _, c := range clausesOf(p.text) {
		words := split(ifYes.ReplaceAllString(c.text, ""))
		if c.asks || anyIn(words, whatIfs) {
			continue
		}
		// What is taken was named in the question: "can you do 50mbps? if yes sign me up".
		if anyIn(words, signsUp) {
			return true
		}
		named := slices.ContainsFunc(p.services, func(m entity.NameMatch) bool {
			return m.ID == id && strings.Contains(c.text, p.text[m.Start:m.End])
		})
		if named && (anyIn(words, wishWords) || anyIn(words, takesWords)) && !anyIn(words, inquiring) {
			return true
		}
	}
	return false
}

var (
	// ifYes stands before what is wanted if the answer is a yes.
	ifYes = regexp.MustCompile(`(?i)\b(?:if (?:yes|so|ok|okay|you do|you can|it is|possible)|kama (?:ndio|ndiyo|ipo|iko|inawezekana|ni sawa|mnaweza|mnafika))\b`)
	// signsUp say that a connection is taken, without its name.
	signsUp = keywords("sign me up, sign us up, put me down, hook me up, count me in, register me, nifungie, nifungieni, mnifungie, tufungie, niunganishe, " +
		"niunganishie, niandikie, niandikieni")
)

// wantsSpoken reports whether the message wants the package that was spoken of last, and asks what
// comes first: "sawa nataka, lini mnaweza kuja".
func (t *turn) wantsSpoken() bool {
	p := &t.p
	return t.next.Ticket == nil && len(p.services) == 0 && slices.Contains(t.packages(), t.next.Topic) &&
		!p.has(actProblem, actPaid, actCancel, actPrice) && anyIn(p.reading.Words, asksAtFirst) &&
		(p.cued(cueWish) || anyIn(p.reading.Words, takesWords)) && !anyIn(p.reading.Words, inquiring)
}

// answerAsked gives the owner's answer to a question that stands beside the package that is taken.
func (t *turn) answerAsked() {
	if !t.wantsBesideQuestion() {
		return
	}
	for _, text := range partsOf(t.p.text) {
		id, alike, sure, _ := t.bestAnswer(text)
		asks := asksInWords(split(text)) || strings.HasSuffix(strings.TrimSpace(text), "?")
		if a := t.k.answer[id]; a != nil && asks && sure && alike >= mayAnswer {
			t.did(actAnswer)
			t.show(t.answerText(a))
		}
	}
}

// takesWords are words of who takes what was spoken of.
var takesWords = listOf("takes package")

// isNew reports whether the customer has no connection yet, as far as the talk tells: the place, the
// installation or the contract was asked about, and no account was told.
func (t *turn) isNew() bool {
	p := &t.p
	installs := t.installation()
	// Who says on which day to come has no connection yet.
	return t.accountTold() == "" &&
		(p.hasTime && p.time.HasDay && !p.time.Day.Before(startOfDay(t.now)) || t.k.area[t.next.Area] != nil || len(p.areas) > 0 ||
			installs != "" && slices.Contains(append(idsOf(p.services), t.next.Spoken...), installs) ||
			anyIn(p.reading.Words, hasNoneYet) || anyIn(p.reading.Words, asksAtFirst))
}

// asksAtFirst are words of what is asked before one is a customer.
var asksAtFirst = listOf("asks at first")

// lacksAccount reports whether a new customer, who has no account yet, asks what to give instead of
// its number. Where the number stands is no answer to that.
func (t *turn) lacksAccount() bool {
	words := t.p.reading.Words
	return t.k.template() == flowhq.SupportTemplate && t.p.asksSoftly() && anyIn(words, accountWords) &&
		anyIn(words, hasNoneYet) && !anyIn(words, whereFound)
}

var (
	accountWords = keywords("account, akaunti, acc, acct, akaunt")
	// whereFound ask where the number stands, of who has one and not at hand.
	whereFound = keywords("wapi, where, naipata, naiona, nitaipata, find")
	hasNoneYet = keywords("dont have, do not have, havent, have no, no account, not yet, sina akaunti, sina namba, bado sina, " +
		"sijapata, sijapewa, have not got, new customer, mteja mpya")
)
