package reply

import (
	"regexp"
	"slices"

	"github.com/flowhq/flowhq"
)

// What is wrong with goods that were brought, said without a word for it: a thing that did not
// come, another size than was ordered, eggs that are to be thrown away. Each is for a person, and
// none asks what there is.

var (
	// cameWithout says of a thing that it did not come with the rest.
	cameWithout = regexp.MustCompile(`(?i)\b(?:h(?:ai|azi|aya|au|avi|ali)(?:j(?:a\w*)|ku(?:ja|wepo|fika|letwa|pakiwa)|po(?:kelewa)?|mo|onekani)|` +
		`sija(?:i|zi|ya|u|li|vi)?(?:pata|pokea|ona|letewa|iona|ipata)\w*|siku(?:i|zi|ya|u)?(?:pata|letewa|pewa|ona)|ham(?:ku|ja)(?:ni)?\w*(?:let|wek|p)\w*|` +
		`mmesahau|umesahau|mlisahau|(?:i|zi|ya|u)?(?:me|li)kos(?:a|ekana)|missing|forgot(?:ten)?|left out|` +
		`(?:came|come|brought|delivered|arrived|left|got it) without|(?:was|were|is|are)(?: no|n'?t)t? (?:there|in(?:cluded)?|delivered|brought|packed|in the)|` +
		`(?:did|have|has)(?: no|n'?)t (?:get|got|receive[d]?|see|seen|come|arrived?|bring|brought)|never (?:came|got|received|arrived)|` +
		`(?:only|just) (?:got|received|brought|came)|not (?:received|delivered|brought|in the bag))\b|` +
		`\b(?:but|lakini|ila|and)\s+(?:there (?:is|was)\s+)?(?:no|hakuna|hamna|bila)\b|\bwith no\b|` +
		`\b(?:nimepokea|nimepata|nimeletewa|mmeleta|ameleta|imekuja|imefika|zimekuja)\b[^.?!]{0,40}\b(?:tu|pekee|peke yake)\b`)
	// waitsFor asks when a thing comes.
	waitsFor = regexp.MustCompile(`(?i)\b(?:(?:i|zi|ya|u|li|vi)(?:ta|na)(?:kuja|letwa|fika|wasili)\w*|(?:m|u|wa|a)ta(?:i|zi|ya|u|li)?(?:ni)?(?:let|pelek)\w*|itakuwa lini|` +
		`when(?:'?s| is| are| will| do| does)?|what time|lini|saa ngapi|muda gani|how soon)\b`)
	// otherCame says that another thing has come than was ordered: "I ordered L you sent M".
	otherCame = regexp.MustCompile(`(?i)\b(?:ordered|asked for|wanted|paid for|chose|niliagiza|nimeagiza|nili(?:i|li|u)?omba|nilitaka|niliorder|nilioda|tuliagiza|oda ilikuwa)\b` +
		`[^.?!]{1,50}?\b(?:(?:you|u|they|he|she|the rider|rider)(?: guys| people)?(?:'ve| have)? (?:sent|brought|gave|delivered|send|bring)|(?:m|u|wa|a)(?:ka|me|li)ni(?:let|tum|p)\w+|` +
		`(?:m|wa|a)(?:ka|me|li)(?:let|tum)\w+|n(?:i|im)(?:ka|me|e)?(?:letewa|pewa|tumiwa|pata)|i (?:got|received)|and (?:got|received)|(?:but|then) (?:got|received)|` +
		`(?:i|li|zi|u|ya)(?:ka|me)(?:ja|kuja|letwa))\b`)
	// cameOther says the same the other way round: "you brought M but I ordered L".
	cameOther = regexp.MustCompile(`(?i)\b(?:(?:you|u|they|rider)(?: guys| people)?(?:'ve| have)? (?:sent|brought|gave|delivered)|(?:m|u|wa|a)(?:ka|me|li)ni(?:let|tum|p)\w+|nimeletewa|nimepewa)\b` +
		`[^.?!]{1,50}?\b(?:i|we|ni|tu|nili|tuli)?\s*(?:had )?(?:ordered|asked for|wanted|niliagiza|nilitaka|nilioda|niliomba|tuliagiza)\b`)
	// throwsAway asks whether goods are to be thrown away.
	throwsAway = regexp.MustCompile(`(?i)\b(?:ni|tu)(?:i|zi|ya|u|li|vi|ki|wa)?(?:tup|mwag)[ei]\b|\b(?:should|shall|can|do|must) (?:i|we)\b[^.?!]{0,12}\b(?:throw|toss|dump|bin)\b|\bthrow (?:it|them|the \w+|these|those) away\b`)
	// orderUnder says under which name an order was.
	orderUnder = regexp.MustCompile(`(?i)\b(?:order|oda|ordered|niliagiza|agizo)\b[^.?!]{0,24}\b(?:under|in the name|in my name|kwa jina|jina la|jina ni|by the name)\b`)
	// takesOffNow takes something off an order.
	takesOffNow = regexp.MustCompile(`(?i)\b(?:remove|toa|ondoa|niondolee|cancel|usi\w*|msi\w*|leave (?:it|them|the \w+) out|don'?t)\b`)
	// thatOne points at a thing that was spoken of.
	thatOne = regexp.MustCompile(`(?i)\b(?:hiyo|hizo|hayo|huo|hilo|ile|zile|yale|ule|lile|that|those|the rest|remaining|iliyobaki|yaliyobaki|zilizobaki|missing|bado)\b`)
)

// tellsOfGoods reports what is wrong with goods that were brought, and reports whether the message
// says that.
func (t *turn) tellsOfGoods() bool {
	p := &t.p
	if t.k.template() != flowhq.EcommerceTemplate || p.isReceipt || t.next.Order != nil ||
		p.has(actAnger, actPerson, actSecret, actStop, actCancel, actTrouble) || p.cued(cueAdd) {
		return false
	}
	switch {
	case t.missesGoods():
		t.did(actProblem)
		t.describeProblem(actProblem)
		// When it comes a person says.
		if waitsFor.MatchString(p.text) && p.asksSoftly() {
			t.noteUnanswered()
			t.tell("unanswered.noted")
		}
	case throwsAway.MatchString(p.text) && !t.reportedGoods() &&
		(len(p.products) > 0 || t.k.product[t.next.Topic] != nil):
		t.did(actProblem)
		t.describeGoods(actReturn)
		t.noteUnanswered()
		t.tell("unanswered.noted")
	case (otherCame.MatchString(p.text) || cameOther.MatchString(p.text)) && !t.reportedGoods():
		t.did(actReturn)
		t.describeGoods(actReturn)
	// Somebody has to look for it.
	case orderUnder.MatchString(p.text) && !p.asks && !t.reportedGoods() && !t.hasOrder():
		if p.name != "" {
			t.next.Name = p.name
		}
		t.noteUnanswered()
		t.handOver(flowhq.HandOverAsked)
	default:
		return false
	}
	t.whole = true
	return true
}

// describeGoods is describeProblem where the message says enough, however short it is.
func (t *turn) describeGoods(subject act) {
	t.describeProblem(subject)
	if t.next.Ask.For != askProblem || t.next.Ticket == nil || t.next.Ticket.Number != "" {
		return
	}
	t.next.Ask, t.question, t.hasAsked = Ask{}, "", false
	t.next.Ticket.Note = oneLine(t.note(), maxNote)
	t.tellExchange()
	t.openTicket()
}

// missesGoods reports whether the message says that some of an order that is placed did not come,
// or asks when that comes.
func (t *turn) missesGoods() bool {
	p := &t.p
	meant, _ := t.meantOrders()
	if len(meant) == 0 || len(meant[0].Lines) < 2 {
		return false
	}
	named := 0
	for _, l := range meant[0].Lines {
		if slices.Contains(idsOf(p.products), l.Product) {
			named++
		}
	}
	if named == 0 {
		return false
	}
	waits := waitsFor.MatchString(p.text) && (p.asksSoftly() || thatOne.MatchString(p.text))
	return cameWithout.MatchString(p.text) && !takesOffNow.MatchString(p.text) ||
		(named < len(meant[0].Lines) || t.reportedGoods()) && waits && !anyIn(p.reading.Words, priceAsked)
}
