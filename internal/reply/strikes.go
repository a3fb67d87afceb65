package reply

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/token"
)

// A clause that was heard may still have a part that nobody has used: "mchele kilo 10, mafuta lita 5
// na viungo vya pilau", "haircut for me, no wash". So each part between joiners and commas is struck
// out of the message as well. What leaves the turn as it is was not used, and is noted and read
// back.

// A strike is a part of a message that may be left out of it.
type strike struct {
	text string
	// from and to are what goes with it, its joiner included.
	from, to int
}

// maxStrikes bounds how often a message is decided once more. Each time costs as much as the
// message itself.
const maxStrikes = 10

// segmentEnd ends a part: a comma, a mark, a line, or a joiner.
var segmentEnd = regexp.MustCompile(`(?i)[.!?;]+(?:\s+|$)|,\s+|\n+|\s+(?:na|and|n|&|plus|pia|also|but|` +
	`lakini|ila|halafu|alafu|kisha|then|kwa sababu|because|coz)\s+`)

// segmentsOf are the parts of a text.
func segmentsOf(text string) (all []strike) {
	from, start := 0, 0
	add := func(end int) {
		if bare := strings.Trim(text[start:end], " .,!;\n"); bare != "" {
			all = append(all, strike{bare, from, end})
		}
	}
	for _, at := range segmentEnd.FindAllStringIndex(text, 4*maxPartsRead) {
		add(at[0])
		from, start = at[0], at[1]
	}
	add(len(text))
	return all
}

// without is a text without a part of it.
func (s strike) without(text string) string {
	return strings.TrimSpace(joinFirst.ReplaceAllString(text[:s.from]+text[s.to:], ""))
}

// accountForParts notes the parts of the message that nobody has used, and says so.
func (t *turn) accountForParts(in Input) {
	if !t.hasRecord() || !t.mayAccount() || t.handedOver() {
		return
	}
	var lost []string
	whole := t.p
	for i, s := range segmentsOf(whole.text) {
		if !t.saysSomething(s.text) && !(i > 0 && t.goesOnList(s.text)) || t.traced(s.text) ||
			asksAtBegin(s.text) ||
			strings.HasPrefix(whole.text[s.to:], "?") || asksInWords(split(s.text)) ||
			t.onlyAround(s.text) || saysAddress.MatchString(s.text) || t.onTicket(s.text) ||
			anyIn(split(s.text), asksOnce) || isReason(whole.text[s.from:s.to]) && whole.asksSoftly() {
			continue
		}
		if t.isChatter(s.text) || t.keepsAge(s.text) {
			continue
		}
		if t.sameWithout(in, s.without(whole.text)) || t.tellsFault(s.text) {
			lost = append(lost, s.text)
		}
	}
	if len(lost) > 0 {
		t.noteParts(lost)
	}
}

// isChatter reports whether a part only says how things are, and nothing that the owner has to know:
// "aah Jumanne mbali sana", "nimeshasema Zimmerman". Read back as a wish it is odd.
func (t *turn) isChatter(text string) bool {
	words := split(text)
	return anyIn(words, chatter) && !anyIn(words, wishWords) && !anyIn(words, heeded) &&
		!anyIn(words, pleas) &&
		!anyIn(words, passesOn) && len(entity.Find(text).Phones) == 0
}

// chatter are words of who tells how things are.
var chatter = listOf("chatter")

// onTicket reports whether the ticket has a part of the message whole: a number to call, or what is
// added to a ticket that was opened before.
func (t *turn) onTicket(text string) bool {
	v, before := t.next.Ticket, t.in.State.Ticket
	return v != nil && strings.Contains(strings.ToLower(v.Note), strings.ToLower(text)) &&
		(len(entity.Find(text).Phones) > 0 || before != nil && before.Number != "" && before.Number == v.Number)
}

// asksOnce are words of who asks once more, or why. What stands with them is no wish.
var asksOnce = listOf("asks once more")

// tellsFault reports whether a part tells more of the fault for which a ticket is open: "na pia
// router inatoa moshi" was told the price of a router.
func (t *turn) tellsFault(text string) bool {
	if t.k.template() != flowhq.SupportTemplate {
		return false
	}
	p := t.readPart(text)
	return p.has(actProblem) && !p.has(infoActs...) || p.cued(actProblem)
}

// sameWithout reports whether another text gives the same turn.
func (t *turn) sameWithout(in Input, text string) bool {
	if t.strikes++; t.strikes > maxStrikes || len(split(text)) == 0 {
		return false
	}
	in.Suggestion, in.Message.Text = nil, text
	return t.sameAs(decidedBeside(in))
}

// sameAs reports whether a turn comes to the same: what is told, and what is held.
func (t *turn) sameAs(o *turn) bool {
	return o.reply() == t.heard && o.next.Name == t.next.Name &&
		reflect.DeepEqual(o.next.Booking, t.next.Booking)
}

// hasRecord reports whether there is something that a wish can be noted with: what is being made,
// what was made in this talk, or the ticket that is talked of.
func (t *turn) hasRecord() bool {
	v, o := t.next.Booking, t.next.Order
	switch t.k.template() {
	// What is told with the ticket it has in the customer's words. What stands beside a question it
	// has not.
	case flowhq.SupportTemplate:
		return t.next.Ticket != nil && t.next.Ticket.Number != ""
	case flowhq.EcommerceTemplate:
		return o != nil && len(o.Lines) > 0 || t.settles() || t.placedRecently()
	case flowhq.BookingTemplate:
	}
	return v != nil && v.Moves == "" && (v.Service != "" || !v.Day.IsZero()) || t.settles() ||
		t.bookedJustNow()
}

// saysSomething reports whether a part has words of its own: two that are neither courtesy nor stand
// around a wish, or a number to call.
func (t *turn) saysSomething(text string) bool {
	content := 0
	for _, w := range split(text) {
		if !hasWord(countFillers, w) && !hasWord(saysNothing, w) && !hasWord(courtesyWords, w) &&
			!hasWord(yesHead, w) && !hasWord(aroundWish, w) {
			content++
		}
	}
	return content >= minPartWords || len(entity.Find(text).Phones) > 0
}

// goesOnList reports whether a single word behind others in a list of goods is likely one more that
// is on no list: "nyanya kilo moja, vitunguu kilo 2, pilipili".
func (t *turn) goesOnList(text string) bool {
	p, words := &t.p, split(text)
	if t.k.template() != flowhq.EcommerceTemplate || len(words) != 1 || len(p.products) < 2 ||
		!p.has(actOrder) || len(p.areas) > 0 || p.hasTime || len(words[0]) < minSubject {
		return false
	}
	w := words[0]
	return !t.k.words[w] && !t.k.otherNames[w] && !understand.IsPerson(w) && countDigits(w) == 0 &&
		!slices.ContainsFunc([][]keyword{countFillers, saysNothing, courtesyWords, yesHead, aroundWish,
			wishWords, landmarkWords, titles, dayWords, colourWords, softQuestion},
			func(list []keyword) bool { return hasWord(list, w) })
}

// aroundWish are words that stand around a wish.
var aroundWish = listOf("around a wish")

// traced reports whether the reply or what is held has all words of a part that say something.
func (t *turn) traced(text string) bool {
	var b strings.Builder
	b.WriteString(t.reply())
	for _, v := range t.holds() {
		b.WriteString(" " + v.text)
	}
	seen := split(b.String())
	return !slices.ContainsFunc(split(text), func(w string) bool {
		return !hasWord(saysNothing, w) && !hasWord(countFillers, w) && !hasWord(aroundWish, w) &&
			!slices.Contains(seen, w)
	})
}

// reason begins what a customer tells for a question to be understood: "but Nyali is far from
// Nairobi, do I pay first?", "can Juma do mine? he did it last time". Noted as a wish it reads as if
// the bot had not listened.
var reason = regexp.MustCompile(`(?i)^[\s,.;!?]*(?:(?:` + alternatives("reason lead") + `)\b|` +
	`(?:he|she|they|it|you|this|that)(?:'s| is| was| did| were| had| has| always| usually)\b|` +
	`(?:(?:a|wa|i)li\pL{3,})\b)`)

// isReason reports whether a part of a question only tells why it is asked. What may harm or has to
// be heeded is none.
func isReason(text string) bool {
	return reason.MatchString(text) && !anyIn(split(text), heeded)
}

// heeded are words of what the owner has to know, however it is told.
var heeded = listOf("to be heeded")

// onlyAround reports whether a part is no wish of its own: it says why an hour suits that another
// part names, which goods are not wanted, or in which language to go on.
func (t *turn) onlyAround(text string) bool {
	words := split(text)
	_, timed := t.timeIn(text)
	v := t.next.Booking
	return timed && v != nil && !v.Start.IsZero() || anyIn(words, languageWords) || t.saysWhyMoved(text) ||
		deniesOnly(words) || t.namesSettled(text) || t.namesUnclear(text) || t.keepsPack(text) ||
		t.wished && ridersComing.MatchString(text) || t.saysWhyNot(words) ||
		anyIn(words, deniesWish) && t.k.template() == flowhq.EcommerceTemplate
}

// ridersComing is what is left of who asks the rider to come with change.
var ridersComing = regexp.MustCompile(`(?i)^(?:mwambie\s+)?(?:\pL+\s+)?aje$`)

// deniesOnly reports whether words take back a number, an hour or a day, and say nothing else: "not
// eleven". What is right stands in another part.
func deniesOnly(words []string) bool {
	at := slices.IndexFunc(words, func(w string) bool { return hasWord(notThis, w) })
	return at >= 0 && !slices.ContainsFunc(words[at+1:], func(w string) bool {
		return !hasWord(dayWords, w) && !hasWord(hourWords, w) && !hasWord(aroundWish, w) &&
			!token.Spelled(w) && countDigits(w) == 0
	}) && !slices.ContainsFunc(words[:at], func(w string) bool {
		return !hasWord(countFillers, w) && !hasWord(aroundWish, w) && !hasWord(courtesyWords, w)
	})
}

// saysWhyNot reports whether words only say why something was taken off: "I found some at home".
func (t *turn) saysWhyNot(words []string) bool {
	return len(words) <= maxNaming+2 && anyIn(words[:min(len(words), 3)], hasAlready) &&
		anyIn(t.p.reading.Words, removing)
}

// hasAlready say that the customer has something.
var hasAlready = listOf("has already")

// namesSettled reports whether a part of an order says of things that they are wanted, or are not,
// and the order is so.
func (t *turn) namesSettled(text string) bool {
	if t.k.template() != flowhq.EcommerceTemplate {
		return false
	}
	whole := t.p
	defer func() { t.p = whole }()
	t.p = t.readPart(text)
	if len(t.p.products) == 0 {
		return false
	}
	// "Gauni sio L", where it is an XL by now.
	if id := t.p.products[0].ID; len(t.p.products) == 1 && t.sizeDenied(id) != "" &&
		!t.hasLine(id, t.sizeDenied(id)) && t.hasPieces(id) {
		return true
	}
	if anyIn(t.p.reading.Words, leftOut) &&
		!slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool { return !t.ordered(m) }) {
		return true
	}
	return t.restates() || len(t.p.reading.Words) <= maxNaming &&
		!slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool {
			return t.p.editOf(m) == editNone || !t.settledThing(m)
		})
}

// leftOut say that something is missing of an order.
var leftOut = listOf("left out")

// restates reports whether a part says what the order has already, in the same number, and nothing
// else: "no no I said 2 trays of eggs and 1 bag of rice only".
func (t *turn) restates() bool {
	p, o := &t.p, t.next.Order
	if o == nil {
		return false
	}
	rest := []byte(p.text)
	for _, m := range p.products {
		if !slices.ContainsFunc(o.Lines, func(l Line) bool {
			return l.Product == m.ID && (l.Quantity == m.Quantity || o.pieces(m.ID) == m.Quantity) &&
				(m.Size == "" || l.Size == m.Size)
		}) || m.Start < 0 || m.End > len(rest) {
			return false
		}
		copy(rest[m.Start:m.End], strings.Repeat(" ", m.End-m.Start))
	}
	return !t.saysSomething(string(rest))
}

// noteParts notes what nobody has used, in one note. What stands in the list of an order and is no
// wish is likely goods that are on no list.
func (t *turn) noteParts(lost []string) {
	whole := t.p
	defer func() { t.p = whole }()
	for _, text := range lost {
		t.p = t.readPart(text)
		if t.namesOnlyUnlisted(&whole) {
			t.noteUnanswered()
			t.tell("order.unlisted", "note", oneLine(text, maxWish))
			continue
		}
		t.noteSaid(t.note())
	}
}

// namesOnlyUnlisted reports whether a part of an order of several things is likely one more of them
// that is on no list: "viungo vya pilau".
func (t *turn) namesOnlyUnlisted(whole *perception) bool {
	p := &t.p
	words := p.reading.Words
	return t.k.template() == flowhq.EcommerceTemplate && len(whole.products) > 0 &&
		whole.has(actOrder) && !p.names() && len(words) <= maxNaming && !p.hasTime &&
		len(p.areas) == 0 && !anyIn(words, wishWords) && !anyIn(words, landmarkWords) &&
		len(p.acts) == 0
}
