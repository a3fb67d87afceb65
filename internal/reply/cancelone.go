package reply

import (
	"regexp"
	"slices"

	"github.com/flowhq/flowhq"
)

// One of several who are booked together stays at home: "mdogo wangu haji, niachie yangu tu", "cancel my
// son's". Who is meant is read of each clause, for "cancel mine, my son still comes" keeps the son's.

var (
	// staysOn says that somebody comes all the same, and staysOwn that the customer does.
	staysOn = regexp.MustCompile(`(?i)\b(?:niachie\w*|nibakizie|bakiza|i?baki|[iyz]ibaki|yabaki|iwepo|iachwe|keep|keeping|stays?|remains?|leave mine|` +
		`nakuja|nitakuja|ntakuja|naja|anakuja|atakuja|atakuwepo|nitakuwepo|still (?:\pL+ )?com(?:e|es|ing)|(?:i'm|im|i am|is|he's|she's) (?:still )?coming|` +
		`(?:will|'ll) (?:still )?(?:come|be there|make it))\b`)
	staysOwn = regexp.MustCompile(`(?i)\b(?:nakuja|nitakuja|ntakuja|naja|nitakuwepo|niachie|nibakizie|i'm|im|i am|i will|i'll)\b`)
	// staysHome says that somebody does not come.
	staysHome = regexp.MustCompile(`(?i)\b(?:haji|hatakuja|hatokuja|hataweza|hawezi|hayupo|hatakuwepo|siji|sitakuja|siwezi|` +
		`(?:is|are) not|isn'?t|can'?t|cannot|won'?t|will not|not coming|anaumwa|amesafiri|anasafiri)\b`)
	// newClause begins a clause that has no joiner before it.
	newClause = regexp.MustCompile(`(?i)\s+((?:yangu|mine) (?:ibaki|iwepo|iachwe|stays?)|keep\s|niachie|mimi\s|(?:im|i'm|i am|i will|i'll)\s)`)
	// ownOne is the customer's own place among others; "cancel for me" asks for a favour.
	ownOne = regexp.MustCompile(`(?i)\b(?:mine|yangu|kwangu|mimi|myself)\b`)
	// wholeBooking is the booking of all, whoever calls it theirs.
	wholeBooking = regexp.MustCompile(`(?i)\b(?:miadi|booking|nafasi|appointment|oda|order|slot)\s+(?:yangu|yetu|zetu|zangu)\b`)
)

// whoseOff are the rows of an appointment of those who do not come, nil if the message does not say it of
// some of them alone. yes tells that it answers whether somebody's is to be cancelled.
func (t *turn) whoseOff(a appointment, yes bool) appointment {
	v := visitOf(a)
	if len(a) < 2 || !t.isParty(v) || anyIn(t.p.reading.Words, allOfThem) || cancelsNot.MatchString(t.p.text) {
		return nil
	}
	services := v.services()
	off, kept := map[int]bool{}, map[int]bool{}
	mark := func(rows map[int]bool, h ownHour) {
		for _, i := range t.rowsOf(services, h) {
			rows[i] = true
		}
	}
	ownOff := false
	text := wholeBooking.ReplaceAllString(withoutOwner(t.p.text), " ")
	for _, part := range cutAtJoiners(newClause.ReplaceAllString(text, ", $1")) {
		words, who := split(part), whosIn(part)
		stays := staysOn.MatchString(part) && !staysHome.MatchString(part)
		if stays && len(who) == 0 && staysOwn.MatchString(part) {
			who = []ownHour{{own: true}}
		}
		leaves := yes || staysHome.MatchString(part) || cuedBy(words, actCancel) || anyIn(words, deleteWords)
		for _, h := range who {
			switch {
			case stays:
				mark(kept, h)
			case leaves && h.own && ownOne.MatchString(part):
				ownOff = true
			case leaves && !h.own:
				mark(off, h)
			}
		}
	}
	// "Cancel mine" may be the booking of both.
	if ownOff && (len(kept) > 0 || yes || anyIn(t.p.reading.Words, onlyWords)) {
		mark(off, ownHour{own: true})
	}
	var rows appointment
	for i, b := range a {
		if off[i] || len(off) == 0 && len(kept) > 0 && !kept[i] {
			rows = append(rows, b)
		}
	}
	if len(rows) == len(a) {
		return nil
	}
	return rows
}

// childsAlone is the only one of several appointments that is a child's, where the message names a child:
// "cancel my son's".
func (t *turn) childsAlone(all []appointment) []appointment {
	if len(all) < 2 || !slices.ContainsFunc(whosIn(withoutOwner(t.p.text)), func(h ownHour) bool { return h.child }) {
		return all
	}
	childs := slices.DeleteFunc(slices.Clone(all), func(a appointment) bool {
		return slices.ContainsFunc(a, func(b flowhq.Booking) bool { return b.Service != t.childService() })
	})
	if len(childs) != 1 {
		return all
	}
	return childs
}

// offSettled reports whether a text only says who comes and who does not, where the bot asks about that.
func (t *turn) offSettled(text string) bool {
	return t.next.Ask.For == askCancel && len(split(text)) <= maxAssent &&
		(staysHome.MatchString(text) || staysOn.MatchString(text))
}

// takeWhoseYes takes a yes that says whose place is to be cancelled: "ndio ya mdogo wangu tu, mimi
// nitakuja". One that says it of another than was asked about is asked once more.
func (t *turn) takeWhoseYes(a Ask) bool {
	p := &t.p
	words := p.reading.Words
	asked, ok := t.appointmentOf(a.About)
	if !ok || len(words) == 0 || !hasWord(plainYes, words[0]) && !hasWord(yesWords, words[0]) || p.hasTime ||
		len(words) > 2*maxAssent || saysBut(words) || p.asks {
		return false
	}
	whole := append(slices.Clone(asked), t.restOf(asked)...).sorted()
	rows := t.whoseOff(whole, true)
	if rows == nil {
		return false
	}
	if rows.key() != asked.key() && !sameServices(rows, asked) {
		t.did(actCancel)
		t.confirmCancel(rows.key())
		return true
	}
	return t.takeYes(a)
}

// sameServices reports whether two lists of bookings are alike: one of two haircuts at an hour is as good
// as the other.
func sameServices(a, b appointment) bool {
	return slices.EqualFunc(a, b, func(x, y flowhq.Booking) bool {
		return x.Service == y.Service && x.StartsAt.Equal(y.StartsAt)
	})
}

// cancelsNot says that nothing is to be cancelled.
var cancelsNot = regexp.MustCompile(`(?i)\b(?:usi|msi|nisi|tusi|si)(?:ghairi|ghairishe|futi|fute|futa|katishe)\w*|\b(?:don'?t|do not|dont|never|not to) (?:cancel|delete|remove)\b`)

// keepsBooked drops the cancellation of a message that says that nothing is to be cancelled:
// "usighairi dogo!".
func (p *perception) keepsBooked(all *acts) {
	if cancelsNot.MatchString(p.text) {
		all.drop(actCancel, actDrop)
		p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return a == actCancel || a == actDrop })
	}
}
