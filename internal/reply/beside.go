package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// In the middle of a booking or an order a message often does one thing and asks another: "the
// 10:00 one, which doctor is it?", "ongeza nyanya, na itafika saa ngapi?". Read as a whole, the
// question wins and the act is lost. So the act is read without the questions as well. If it
// changes what the whole left as it was, it is done first, and the questions are answered in the
// same reply.

// asksFrom is where a question begins, in the middle of a line too. A joiner in front goes with it.
var asksFrom = regexp.MustCompile(`(?i)(?:^|[\s,]+)(?:(?:na|and|also|ila|pia|but|lakini|n|plus|` +
	`alafu|halafu|then|by the way|btw)[\s,]+){0,2}` +
	`(?:how (?:much|long|many|far|soon|do|does|will|is|are|can)|what(?:'?s| is| are| time| about|` +
	` do| should)|when (?:will|is|does|do|can|are)|` +
	`where(?:'?s| is| are| do| exactly| can| u)|who(?:'?s| is| will)|which (?:doctor|one|barber|` +
	`day|way|bus)|why|can (?:i|you|u|we|they)|could (?:i|you|u)|` +
	`do (?:i|you|u|they|we)|does\b|is (?:there|it|that|this|the|parking)|are (?:there|you|u|they)|` +
	`will (?:it|you|u|they|the|i)|should i|` +
	`je[, ]+\pL|mna\pL+|mna\b|mta[b-z]\pL*|m[kp]o (?:wapi|wazi|na|sehemu|eneo|maeneo|mtaa|upande)|kuna\b|` +
	`naweza|ninaweza|` +
	`itafika|italetwa|itachukua|inachukua|mzigo utafika|` +
	`utafika|inafika|ni (?:daktari|fundi|nani|bei|shilingi|kiasi|saa ngapi)|bei (?:gani|ni|yake)|` +
	`delivery (?:ni|bei|how|is)|parking (?:ipo|iko|kuna)|` +
	`nalipaje|nalipa vipi|nilipe|nije na nini|nitalipa vipi|natakiwa)`)

// joinBefore joins a question to what stands in front of it.
var joinBefore = regexp.MustCompile(`(?i)(?:[\s,;:]|\b(?:na|and|also|ila|pia|but|lakini|n|plus|` +
	`alafu|halafu|then|so|kwa hiyo|by the way|btw))+$`)

// joinFirst is the same at the beginning of the question, where it would be read as Swahili.
var joinFirst = regexp.MustCompile(`(?i)^[\s,]*(?:(?:na|and|also|ila|pia|but|lakini|n|plus|alafu|` +
	`halafu|then|by the way|btw)[\s,]+)*`)

// behindYes is where a yes ends that a question follows without any mark: "ndio parking ipo?".
var behindYes = regexp.MustCompile(`(?i)^\s*(?:ndio|ndiyo|yes|yeah|yep|naam|eeh|hapana|` +
	`no)\b(?:\s+(?:sawa|weka|please|pls|confirm|book|it|thibitisha|hapo))*\s+(?:\pL)`)

// wantsNone answers how many there should be.
var wantsNone = keywords("none, nothing, no, nope, hapana, sitaki, sihitaji, hakuna")

// isThatOk asks for no more than a word to what the rest of the message says.
var isThatOk = regexp.MustCompile(`(?i)^\W*(?:so |hiyo |hapo )?(?:is (?:that|it|` +
	`this) (?:ok\w*|fine|` +
	`alright|all right|possible)|that'?s (?:ok\w*|fine|cool)|(?:ni |iko |ipo |itakuwa )?sawa|` +
	`si ndio|` +
	`au (?:sio|vipi)|inawezekana|ok\w*|right|deal|umenielewa|understood|got it)\W*$`)

// orNot begins no question of its own: "yes or no?".
var orNot = regexp.MustCompile(`(?i)^(?:or|au|ama)\b`)

// A piece is what a message does or asks.
type piece struct {
	text string
	asks bool
	// goesOn says that a comma stands behind it, and the next piece goes on with it: "karibu na
	// shule, mtaa wa Utete" is one address.
	goesOn bool
	// joined says that a joiner stands in front of it: it is one thing more.
	joined bool
}

// joined is what the message does, without what it asks.
func joinPieces(all []piece) string {
	var b strings.Builder
	for i, p := range all {
		if i > 0 && all[i-1].goesOn {
			b.WriteString(", ")
		} else if i > 0 {
			b.WriteString(". ")
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// piecesOf splits a message into what it does and what it asks.
func piecesOf(text string) (pieces []piece) {
	add := func(s string) {
		bare := strings.TrimRight(strings.TrimSpace(s), " ,")
		if len(split(bare)) > 0 {
			pieces = append(pieces, piece{text: bare, goesOn: strings.HasSuffix(s, ","),
				asks: strings.HasSuffix(bare, "?") || asksAtBegin(bare) ||
					asksInWords(split(bare))})
		}
	}
	for _, part := range sentencesOf(text) {
		at := asksFrom.FindStringIndex(part)
		if at == nil && strings.HasSuffix(strings.TrimRight(part, " ,"), "?") {
			// The last letter belongs to the question, so the cut is before it.
			if head := behindYes.FindString(part); head != "" {
				at = []int{len(head) - 1}
			}
		}
		if at != nil {
			at = []int{subjectFrom(part, at[0])}
		}
		switch {
		// Nothing but a joiner stands in front of the question.
		case at == nil || strings.TrimSpace(joinBefore.ReplaceAllString(part[:at[0]], "")) == "":
			add(part)
		default:
			add(joinBefore.ReplaceAllString(part[:at[0]], ""))
			add(joinFirst.ReplaceAllString(part[at[0]:], ""))
		}
	}
	return pieces
}

// subjectBefore is a question whose subject stands in front of it, as in Swahili: "kung'oa ni bei
// gani", and lastJoiner where that subject begins.
var (
	subjectBefore = regexp.MustCompile(`(?i)^[\s,]*(?:ni|bei|iko|ipo|muda|lini|je|mnayo|mnazo|mnao|zipo|vipo)\b`)
	priceBehind   = regexp.MustCompile(`(?i)^[\s,]*(?:ni )?(?:bei|shilingi|sh)\b`)
	lastJoiner    = regexp.MustCompile(`(?i)^.*(?:^|[\s,])(?:na|and|also|pia|ila|n)\s`)
)

// maxSubject is how many words such a subject has at most, and maxListedWords how many a list of
// goods has whose price is asked.
const (
	maxSubject     = 4
	maxListedWords = 10
)

// subjectFrom is where a question begins that was found at a place of a line, its subject included.
func subjectFrom(line string, at int) int {
	// "Kesho mnafungua saa ngapi" asks for the hours of that day.
	if words := split(line[:at]); len(words) > 0 && len(words) <= maxSubject &&
		!slices.ContainsFunc(words, func(w string) bool { return !hasWord(dayWords, w) }) {
		return 0
	}
	if !subjectBefore.MatchString(line[at:]) {
		return at
	}
	// "Mchele wa kilo 5 na sukari bei gani" orders no rice: what stands there is asked for together.
	if all := split(line[:at]); priceBehind.MatchString(line[at:]) && len(all) <= maxListedWords &&
		!anyIn(all, wishWords) && !anyIn(all, orderVerbs) && !anyIn(all, landmarkWords) &&
		!slices.ContainsFunc(all, func(w string) bool { return hasWord(dayWords, w) }) {
		return 0
	}
	from := len(lastJoiner.FindString(line[:at]))
	words := split(line[from:at])
	if len(words) == 0 || len(words) > maxSubject ||
		slices.ContainsFunc(words, func(w string) bool { return hasWord(dayWords, w) }) ||
		strings.ContainsAny(line[from:at], "0123456789,") {
		return at
	}
	return from
}

// pieceAround is the piece of a text that has a span of it, all of it if none has.
func pieceAround(text string, from, to int) string {
	for _, piece := range piecesOf(text) {
		at := strings.Index(text, piece.text)
		if at >= 0 && at <= from && to <= at+len(piece.text) {
			return piece.text
		}
	}
	return text
}

// asksAtBegin reports whether a text begins as a question, behind a joiner or not.
func asksAtBegin(text string) bool {
	at := asksFrom.FindStringIndex(text)
	return at != nil && at[0] == 0 || entity.BeginsAsQuestion(text) && !amThere.MatchString(text)
}

// amThere says where the customer is, without the "I": "am in Kasarani".
var amThere = regexp.MustCompile(`(?i)^\s*am\s+(?:in|at|near|next to|beside|behind|opposite|along|around|from|here)\b`)

// pieceEnd ends a piece. A comma is one if a question stands behind it, which asksFrom finds, or
// a line that is asked with a mark.
var pieceEnd = regexp.MustCompile(`[.!?]+(?:\s+|$)|\n+|,\s+`)

// sentencesOf are the lines, sentences and clauses of a text, at most a few.
func sentencesOf(text string) (all []string) {
	from := 0
	for _, at := range pieceEnd.FindAllStringIndex(text, 2*maxPartsRead) {
		all = append(all, strings.TrimRight(text[from:at[1]], " \n"))
		from = at[1]
	}
	return append(all, strings.TrimSpace(text[from:]))
}

// besideQuestions decides the message by what it does, if the questions in it have hidden that from
// whole. It is nil if nothing was lost.
func besideQuestions(in Input, whole *turn) *turn {
	before := newTurn(in)
	p := &whole.p
	// "None lol, im exchanging, ill come at 5, ok?" is no order, though one may pick something up
	// at 5.
	if before.next.Ask.For == askQuantity && anyIn(p.reading.Words, wantsNone) || whole.takesOther(before) {
		return nil
	}
	// Without an order or a visit in the making nothing can be lost. What a person has to see, such
	// as a complaint, is read whole and never in pieces.
	if before.next.Ask.For == "" && before.next.Order == nil && before.next.Booking == nil &&
		(before.k.template() != flowhq.EcommerceTemplate || !before.placedRecently() &&
			(len(p.products) == 0 || whole.next.Order != nil)) ||
		in.Message.Media != "" || whole.whole || whole.handedOver() || p.isReceipt || p.cued(cueRisk) ||
		p.cued(cueThink) || p.has(actSecret, actStop, actAnger, actComplaint, actDecision,
		actTrouble, actPerson) || anyIn(p.reading.Words, ifWords) {
		return nil
	}
	var does []piece
	var asks []string
	for _, s := range piecesOf(p.text) {
		if s.asks {
			asks = append(asks, s.text)
		} else {
			does = append(does, s)
		}
	}
	// Each piece costs a reading. A long story is left as the whole was decided.
	if len(does) == 0 || len(asks) == 0 || len(does)+len(asks) > maxPartsRead {
		return nil
	}
	// All that it does, or else the first of it: "nne. jina Rehema".
	tries := []string{joinPieces(does), does[0].text}
	for _, text := range slices.Compact(tries) {
		act := before.withAreaAsked(in, text, asks)
		// The suggestion of the language model is about the whole message.
		act.Suggestion, act.Message.Text = nil, before.withDayAsked(text, asks)
		t := decidedWhole(act)
		// Only a turn that does more than that of the whole message takes its place.
		if t.missed || t.handedOver() || !t.does(before, whole) || !t.mayConfirm(asks) ||
			t.guessesPlace(before) {
			continue
		}
		if name := nameIn(p.text); name != "" && t.next.Name == before.next.Name {
			t.next.Name, t.p.name = name, name
			if t.k.template() == flowhq.BookingTemplate {
				t.tellName()
			}
		}
		// What is noted for the owner has the customer's words, and all of them.
		t.in.Message.Text = in.Message.Text
		// What was just placed is no basket any more, and "when does it come?" still asks for it.
		order := t.next.Order
		if t.settles() {
			t.next.Order = before.next.Order
		}
		for _, q := range asks {
			t.answerBeside(q)
		}
		t.p, t.next.Order = whole.p, order
		return t
	}
	whole.answerLost(asks)
	return nil
}

// withDayAsked is what a message does with the day that its question names, where it has an hour of
// its own: "jumamosi Juma atakuwepo? saa nne".
func (t *turn) withDayAsked(text string, asks []string) string {
	if r, ok := t.timeIn(text); t.k.template() != flowhq.BookingTemplate || !ok || !r.HasTime ||
		r.HasDay && !r.Likely {
		return text
	}
	for _, q := range asks {
		if r, ok := t.timeIn(q); ok && r.HasDay && !r.Likely {
			return text + ", " + r.Day.Format("2 January")
		}
	}
	return text
}

// answerLost answers questions that the turn has hidden by what it does: "yes na mnapokea NHIF".
func (t *turn) answerLost(asks []string) {
	if t.missed || !t.settles() && !t.undoes() && t.next.Order == nil && t.next.Booking == nil ||
		slices.ContainsFunc(t.acts, func(a act) bool { return slices.Contains(infoActs, a) }) {
		return // the parts of a message that was told facts are looked at by answerParts
	}
	p := t.p
	defer func() { t.p = p }()
	for _, q := range asks {
		t.p = t.readPart(q)
		t.p.asks = true // "where are you" has no mark
		if lost := t.lostActs(); len(lost) > 0 {
			t.p.acts = lost
			t.informBeside()
		}
	}
}

// does reports whether the turn of what a message does changes what the turn of the whole message
// has left as it was before.
func (t *turn) does(before, whole *turn) bool {
	if open := before.next.Ask.For; slices.Contains(settledByAWord, open) &&
		t.next.Ask.For != open && whole.next.Ask.For == open {
		return true
	}
	if t.settles() {
		// A question that stood beside the yes is answered better alone.
		return !whole.settles() || t.k.template() == flowhq.EcommerceTemplate && whole.notes()
	}
	// A booking that was made weighs more than any change of one that is not.
	if whole.settles() {
		return false
	}
	if a, w := t.next.Booking, whole.next.Booking; a != nil &&
		(before.next.Booking != nil || !a.Start.IsZero()) {
		b := before.next.Booking
		if b == nil {
			b = &Visit{}
		}
		if w == nil {
			w = &Visit{}
		}
		switch {
		case !a.Start.IsZero() && !a.Start.Equal(b.Start) && !a.Start.Equal(w.Start):
			return true
		case before.next.Ask.For == askService && a.Service != b.Service &&
			w.Service == b.Service, a.places() != b.places() && w.places() == b.places(),
			!a.Day.Equal(b.Day) && w.Day.Equal(b.Day):
			return true
		}
	}
	// "Half a kilo of tomatoes, and when does it come?": what is not sold by the half is to be
	// told and asked about, and the whole has only told when.
	if t.unsettled && !whole.unsettled {
		return true
	}
	a, b, w := t.basket(), before.basket(), whole.basket()
	// The lines count if the act has changed them and the whole has not: both have read the same
	// words, and a change by both is no loss.
	lines := !slices.Equal(a.Lines, b.Lines) && slices.Equal(w.Lines, b.Lines)
	if before.next.Order == nil {
		// Only the answer to a question about goods begins an order beside another question.
		// So does a wish in so many words: "need a cover and a memory card. u deliver to juja?"
		return lines && (slices.Contains([]string{askQuantity, askSize, askProduct},
			before.next.Ask.For) || whole.next.Order == nil && (t.p.counts() || whole.missed ||
			len(idsOf(t.p.products)) > 1 && anyIn(t.p.reading.Words, wishWords)))
	}
	return lines || a.How != b.How && w.How == b.How || a.Area != b.Area && w.Area == b.Area ||
		a.Address != b.Address && w.Address == b.Address ||
		a.Payment != b.Payment && w.Payment == b.Payment
}

// settledByAWord are questions whose answer leaves nothing else by which it is seen that the whole
// message has not taken it: "1. where are you located?".
var settledByAWord = []string{askOption, askChildren, askBring, askCancel, askUndo, askMove, askHelped}

// guessesPlace reports whether the turn takes for a place what has no word of one: a piece of a
// message, such as "lovely" or "zitaingia", is short as the name of a place is.
func (t *turn) guessesPlace(before *turn) bool {
	a, b := t.basket(), before.basket()
	return a.Unlisted && !b.Unlisted && !anyIn(t.p.reading.Words, landmarkWords) &&
		!anyIn(t.p.reading.Words, ownWhere)
}

// notes reports whether the turn notes a question that nobody has told the answer of.
func (t *turn) notes() bool {
	return slices.ContainsFunc(t.facts, func(f flowhq.FactChange) bool {
		return f.Unanswered != nil
	})
}

// basket is the order in the making, or an empty one.
func (t *turn) basket() Basket {
	if t.next.Order == nil {
		return Basket{}
	}
	return *t.next.Order
}

// settles reports whether the turn makes, moves or cancels something for good.
func (t *turn) settles() bool {
	return slices.ContainsFunc(t.facts, func(f flowhq.FactChange) bool {
		return f.Booking != nil && f.Booking.Status == flowhq.BookingConfirmed ||
			f.Order != nil && f.Order.Status == flowhq.OrderConfirmed
	})
}

// undoes reports whether the turn cancels what was made.
func (t *turn) undoes() bool {
	return slices.ContainsFunc(t.facts, func(f flowhq.FactChange) bool {
		return f.Booking != nil && f.Booking.Status == flowhq.BookingCancelled ||
			f.Order != nil && f.Order.Status == flowhq.OrderCancelled
	})
}

// mayConfirm reports whether a yes may count beside these questions. A yes beside a question for
// another time, thing or price is still to be thought of, and a weak word only leads to the
// question.
func (t *turn) mayConfirm(asks []string) bool {
	if !slices.Contains(t.acts, actConfirm) {
		return true
	}
	words := split(t.p.text)
	// "Sawa, na delivery ni bei gani?" agrees to nothing yet.
	if !anyIn(words, plainYes) && !anyIn(words, confirmWords) && !anyIn(words, clearYes) {
		return false
	}
	for _, q := range asks {
		// A yes with an "or" behind it is one of two answers that the customer weighs.
		if orNot.MatchString(q) {
			return false
		}
		whole := t.p
		t.p = t.readPart(q)
		p := t.p
		other := p.hasTime && p.time.HasTime || p.names() || p.cued(cueInstead) ||
			t.bringsPerson() || p.has(actCancel, actChange, actDecision, actDrop)
		t.p = whole
		if other || t.wantsMore(q) {
			return false
		}
	}
	return true
}

// onlyAsksOrdered reports whether a question does no more than name what is on the order by now.
func (t *turn) onlyAsksOrdered() bool {
	p := &t.p
	return p.names() && len(p.reading.Words) <= maxUnspecific && !p.cued(actPrice) &&
		(p.same || t.next.Order != nil && !slices.ContainsFunc(p.products,
			func(m entity.NameMatch) bool { return !t.ordered(m) }))
}

// maxUnspecific is how many words a question has at most that only names a thing: "nyanya je?".
const maxUnspecific = 2

// answerBeside answers a question beside what the turn has done, or notes it.
func (t *turn) answerBeside(question string) {
	said, facts := t.reply(), len(t.facts)
	t.p = t.readPart(question)
	if t.toldTogether() || t.hourSettled() {
		return
	}
	// "Nyanya je? niongezee" was added, and "is that ok?" asks for a yes to what was done.
	if t.onlyAsksOrdered() || isThatOk.MatchString(question) {
		return
	}
	// The time was taken with the act. Read once more with the question it would move the visit.
	t.p.hasTime, t.p.time.Start = false, time.Time{}
	// A question names the acts that only ask. What it would do is not done by it.
	t.p.acts = slices.DeleteFunc(t.p.acts,
		func(a act) bool { return !slices.Contains(infoActs, a) })
	if t.asksArrival() && t.hasOrder() && len(t.p.acts) == 0 {
		t.p.acts.add(actDelivery)
	}
	if len(t.p.acts) > 0 {
		t.informBeside()
	}
	// A question that got no answer must not vanish behind the act: the owner finds it, and the
	// customer is told so.
	if t.reply() == said && len(t.facts) == facts && !(t.p.has(actPayment) && t.toldToPay()) &&
		!t.answerInWords() {
		t.noteQuestion()
	}
}
