package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A message of several sentences or lines is read as a whole first. What only one of its parts
// says may be lost in that reading: "can I come tomorrow at 4 / how do I pay" was told how to pay.
// So the parts are looked at once more when the turn is decided, and what was not answered is.

// partEnd ends a part of a message.
var partEnd = regexp.MustCompile(`[.!?]+(?:\s+|$)|\n+`)

// questionBehind begins a question behind a comma: "he is scared of clippers, can u use scissors
// only".
var questionBehind = regexp.MustCompile(`(?i)(?:,\s+(?:(?:and|but|also|na|ila|pia)\s+)?|` +
	`\s+(?:and|also|plus|halafu|alafu)\s+)(?:can|could|` +
	`do|does|is there|are there|how|what time|where|when|` +
	`je|naweza|mna\w*|kuna|mko)\b`)

// Bounds on the parts of a message. Each costs a reading by the models.
const (
	maxPartsRead = 6
	// A part of one word answers, greets or goes on with the part before.
	minPartWords = 2
)

// partsOf splits a message into its sentences and lines, each with its question mark. What is too
// short for a part goes with the part before.
func partsOf(text string) (parts []string) {
	// The parts are cut where a sentence ends, where a line does, and at a comma in front of a
	// question. A part keeps its question mark: by the mark alone many of them are known to ask.
	from := 0
	add := func(end int) {
		part := strings.TrimSpace(text[from:end])
		switch n := len(parts); {
		case part == "":
		// One word says too little to be read alone: "yes" in front of a question, or "asante"
		// behind it.
		case n > 0 && len(split(part)) < minPartWords && !strings.ContainsAny(part, "?"):
			parts[n-1] += "\n" + part
		default:
			parts = append(parts, part)
		}
		from = end
	}
	// Twice the parts that are read: short ones go with the part before.
	ends := partEnd.FindAllStringIndex(text, 2*maxPartsRead)
	for _, at := range questionBehind.FindAllStringIndex(text, maxPartsRead) {
		// The part ends at the comma, so that the words behind it begin the next one.
		ends = append(ends, []int{at[0], at[0] + 1})
	}
	// The two kinds of ends were found one after the other.
	slices.SortFunc(ends, func(a, b []int) int { return a[0] - b[0] })
	for _, at := range ends {
		if at[0] < from {
			continue
		}
		// "Dr. Neema" and "no. 12" are one part.
		if before := split(text[from:at[0]]); text[at[0]] == '.' && len(before) > 0 &&
			len(before[len(before)-1]) < 3 {
			continue
		}
		add(at[1])
	}
	add(len(text))
	return parts[:min(len(parts), maxPartsRead)]
}

// readPart reads a part of the message as if it had been written alone.
func (t *turn) readPart(text string) perception {
	whole := t.p
	// The other steps read t.p, so that it is lent to the part for as long as it is read.
	defer func() { t.p = whole }()
	t.p = perception{}
	t.readText(text)
	return t.p
}

// answerParts answers what the parts of the message ask and the turn has not answered. A question
// that nobody has told the answer of is noted, and the reply says so.
func (t *turn) answerParts() {
	parts := t.partsAsked()
	if len(parts) < 2 || t.whole || t.handedOver() || t.missed || t.p.cued(cueRisk) || t.p.isReceipt ||
		t.p.has(actSecret, actStop, actAnger, actComplaint, actDecision) {
		return
	}
	// Who is angry, tells a secret or bargains was answered whole, and a person reads the rest.
	// A greeting or a yes in front of one question makes no two parts of it.
	several, taken := 0, t.in.State.Ask.For != "" && t.next.Ask.For != t.in.State.Ask.For
	for _, text := range parts {
		// Behind an answer to what was asked two words are a question: "nileteeni Sinza, na mko
		// wapi".
		if words := split(text); len(words) >= minMeaning || taken && asksInWords(words) {
			several++
		}
	}
	// A turn that was only polite has answered nothing, so one part that says something is enough.
	courteous := !slices.ContainsFunc(t.acts,
		func(a act) bool { return a != actThanks && a != actGreet && a != actBye })
	if several < 2 && !(several == 1 && (courteous || taken)) {
		return
	}
	whole := t.p
	defer func() { t.p = whole }()
	for _, text := range parts {
		// A reading by the models costs time, and "ok then" is worth none.
		words := split(text)
		if len(words) < minMeaning && !strings.Contains(text, "?") &&
			!(taken && asksInWords(words)) || len(words) < minPartWords {
			continue
		}
		// The first case that fits is enough: what is answered is not noted as well.
		t.p = t.readPart(text)
		switch lost := t.lostActs(); {
		case len(lost) > 0:
			t.p.acts = lost
			t.informBeside()
		case t.losesWish():
			// Informed, as the facts of the message were told: only the visit is made.
			t.act(true)
		case t.losesGoods():
			t.noteUnanswered()
			t.tell("order.unlisted", "note", oneLine(text, maxWish))
		case t.losesQuestion():
			t.noteQuestion()
		}
	}
}

// partsAsked are the parts that are looked at once more. Customers of shops ask several things in
// one line: "how much is a refill and can you bring it today".
func (t *turn) partsAsked() (parts []string) {
	if t.k.template() != flowhq.EcommerceTemplate {
		return partsOf(t.p.text)
	}
	for _, p := range piecesOf(t.p.text) {
		// What does something goes on with what stands before it, and is no question of its own.
		if n := len(parts); n > 0 && !p.asks && len(split(p.text)) < minMeaning {
			parts[n-1] += "\n" + p.text
			continue
		}
		parts = append(parts, p.text)
	}
	return parts[:min(len(parts), maxPartsRead)]
}

// minMeaning is how many words a part has at least that says something by itself.
const minMeaning = 3

// informBeside tells facts beside what the turn has said, and leaves its question as it is. What
// the part does not name was spoken of before the message.
func (t *turn) informBeside() {
	ask, question, asked, booking, topic := t.next.Ask, t.question, t.hasAsked,
		clone(t.next.Booking), t.next.Topic
	// The whole message may have made another thing the topic since.
	if !t.p.names() && t.in.State.Topic != "" {
		t.next.Topic = t.in.State.Topic
	}
	// A price asks how many, and a service when. The question that stands is the nearer one.
	t.inform()
	t.next.Topic = topic
	// "Which size?" stands in front of "and do you deliver?", and the answer to it must still be
	// taken.
	if asked || ask.For != "" {
		t.next.Ask, t.question, t.hasAsked, t.next.Booking = ask, question, asked, booking
	}
}

// lostActs are the facts that a part of the message asks for and the reply does not tell.
func (t *turn) lostActs() (lost acts) {
	p, reply := &t.p, t.reply()
	if t.toldCovered() {
		return nil
	}
	// When an order comes is asked in words that name no fact. "Itafika saa ngapi" is such a
	// question.
	if t.asksArrival() && t.hasOrder() && !slices.Contains(t.acts, actDelivery) {
		return acts{actDelivery}
	}
	// A statement asks for nothing, however much it scores for a fact.
	oneMore := p.has(actAnswer) && hasWord(besideGoods, p.reading.Words[0]) // "na dagaa kama wapo"
	if !p.asksSoftly() && !entity.BeginsAsQuestion(p.text) && !oneMore || p.has(taskActs...) {
		return nil
	}
	// What the rider is to bring change for was noted, and the owner's answer asks for it.
	if t.wished && anyIn(p.reading.Words, changeWords) {
		return nil
	}
	if missesGoods.MatchString(p.text) || t.advised && (anyIn(p.reading.Words, comparing) ||
		anyIn(p.reading.Words, enoughFor)) || t.asksTotal() &&
		strings.Contains(reply, t.totalText()) || p.cued(cueCharge) && !p.cued(actPayment) {
		return nil
	}
	// The echoes among the intents are dropped by the same rules as those of a whole message.
	for _, a := range t.asked() {
		switch a {
		case actAnswer:
			// "Mnaleta Sinza?" was answered with the fee, and asks nothing of the smallest order.
			told := p.alike < surelyTheSame && slices.ContainsFunc(p.acts, func(b act) bool {
				return b != actAnswer && slices.Contains(infoActs, b) && slices.Contains(t.acts, b)
			})
			if x := t.k.answer[p.answer]; x != nil && !told &&
				!strings.Contains(strings.ToLower(reply),
					strings.ToLower(ownersYes.ReplaceAllString(x.Answer.In(t.say.language), ""))) {
				lost.add(a)
			}
		case actPrice, actOffer:
			// A price without a name is of what was spoken of, and so is the reply.
			for _, m := range slices.Concat(p.services, p.products) {
				if !t.tells(reply, m.ID) {
					lost.add(a)
				}
			}
			// "Jumla ngapi wote?" is of what is booked.
			if a == actPrice && !p.names() && sumAsked.MatchString(p.text) && !slices.Contains(t.acts, a) {
				lost.add(a)
			}
			// "Is XL in stock" names no product, and is about the one before the message.
			_, sized := t.sizeAsked(t.in.State.Topic)
			if !p.names() && sized && t.k.product[t.in.State.Topic] != nil &&
				!t.tells(reply, t.in.State.Topic) {
				lost.add(actOffer)
			}
		case actPlace:
			// "Order K55231, where is it" asks for the order.
			if !slices.Contains(t.acts, a) && !slices.Contains(t.acts, actStatus) {
				lost.add(a)
			}
		default:
			if !slices.Contains(t.acts, a) {
				lost.add(a)
			}
		}
	}
	return lost
}

// tells reports whether a reply names something of the owner's lists.
func (t *turn) tells(reply, id string) bool {
	return strings.Contains(strings.ToLower(reply), strings.ToLower(t.k.nameOf(id, t.say)))
}

// totalText is what the order in the making comes to, as the reply has it.
func (t *turn) totalText() string {
	// Compared as a text: a total that stands in the reply was told, wherever it stands.
	total, _ := t.lineTotal()
	fee, _ := t.fee()
	return t.k.money(total + fee)
}

// losesWish reports whether a part wants a visit at a time, of which the turn has made nothing.
func (t *turn) losesWish() bool {
	p := &t.p
	// A turn that has booked, moved or cancelled anything has dealt with the time, perhaps
	// otherwise.
	return t.k.template() == flowhq.BookingTemplate && p.has(actBook) && p.hasTime &&
		t.next.Booking == nil && len(t.bookings()) == 0 &&
		!slices.ContainsFunc(t.acts, func(a act) bool {
			return slices.Contains(taskActs, a) || a == actConfirm
		})
}

// losesQuestion reports whether a part asks something that neither the turn nor the owner's facts
// answer.
func (t *turn) losesQuestion() bool {
	p, words := &t.p, t.p.reading.Words
	return (p.asksSoftly() || entity.BeginsAsQuestion(p.text)) && len(words) >= minQuestion &&
		!t.advised && !riderNote.MatchString(p.text) && !anyIn(words, notAnswered) &&
		!anyIn(words, languageWords) &&
		!t.toldTogether() && !t.toldBegin() && !t.toldCovered() && !t.namesBusiness(words) &&
		!slices.ContainsFunc(p.acts, func(a act) bool { return a != actGreet && a != actThanks }) &&
		!p.onlyGreets() && !p.cued(cueAdd) && !anyIn(words, companions) && !p.hasTime &&
		!p.names() && len(p.areas) == 0 && !slices.ContainsFunc(t.facts,
		func(f flowhq.FactChange) bool { return f.Unanswered != nil }) &&
		!slices.Contains(t.acts, actProblem)
}

// ordersInParts takes the order that the first part of a message makes, with the place that the
// others say: "haya nipe moja. niko South C, nyumba ya kijani".
func (t *turn) ordersInParts(parts []string) bool {
	whole := t.p
	t.p = t.readPart(parts[0])
	t.p.asks = strings.Contains(parts[0], "?")
	// A bare count is of what was spoken of last.
	if t.countSaid() == 0 && !t.p.counts() || !t.fillsOrder(false) {
		t.p = whole
		return false
	}
	t.did(actOrder)
	t.fillOrder()
	t.p = whole
	if t.next.Order != nil && !t.unsettled && len(t.next.Order.Lines) > 0 {
		t.next.Order.Told = 0
		t.said, t.question, t.hasAsked = nil, "", false
		t.fillDelivery()
		t.continueOrder()
	}
	return true
}

// languageWords ask for a language, in which the reply is.
var languageWords = keywords("english, kiswahili, swahili, kiingereza, kizungu")

// missedInParts reads a message that was not understood by its parts, and does what the first of
// them wants that is understood. The others are answered as parts of any message are.
func (t *turn) missedInParts() bool {
	parts := partsOf(t.p.text)
	if len(parts) < 2 {
		return false
	}
	if t.k.template() == flowhq.EcommerceTemplate && t.ordersInParts(parts) {
		t.missed = false
		return true
	}
	// The order of the parts is that of the customer: the first that is understood leads the reply.
	whole := t.p
	for _, text := range parts {
		p := t.readPart(text)
		if !p.has(infoActs...) && !p.has(taskActs...) {
			continue
		}
		t.p = p
		// The facts come first, as in any turn, so that an act may build on what was told.
		informed := t.inform()
		acted := t.act(informed)
		t.p = whole
		if informed || acted {
			t.missed = false
			return true
		}
	}
	return false
}

// namesBusiness reports whether words name the business: "is this Zuri?" asks for no colleague.
func (t *turn) namesBusiness(words []string) bool {
	for _, w := range split(t.k.config.BusinessName) {
		// Short words of a name, such as "the" and "ya", are in most messages.
		if len(w) >= minSubject && slices.Contains(words, w) {
			return true
		}
	}
	return false
}

// besideGoods begin a line that orders one thing more.
var besideGoods = keywords("na, and, plus, also, pia, n")

// losesGoods reports whether a line orders something that is on no list: "na dagaa kama wapo".
func (t *turn) losesGoods() bool {
	p, words := &t.p, t.p.reading.Words
	// Each condition rules out another meaning of a short line that begins with "and": a place, a
	// way to pay, a colour, a word to the rider, a count.
	return t.k.template() == flowhq.EcommerceTemplate && t.next.Order != nil &&
		len(words) <= maxSame && hasWord(besideGoods, words[0]) && !p.asksSoftly() && !p.names() &&
		!p.hasTime && len(p.areas) == 0 && len(p.acts) == 0 && p.yesNo == entity.Neither &&
		p.name == "" && t.wayNamed() < 0 && t.coloursWished() == "" &&
		t.riderNoteIn() == "" && !anyIn(words, secretWords) && !anyIn(words, landmarkWords) &&
		t.countSaid() == 0
}
