package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// The rule for cancelling is asked before anything is cancelled or moved: until when one may, and
// what is if somebody cannot come. And whoever says what was asked asks it again.

const (
	// callsOff are verbs of calling a visit off, or of moving it.
	callsOff = `(?:cancel\w*|postpon\w*|reschedul\w*|call(?:ing)? (?:it )?off|mov(?:e|ing) (?:it|the \pL+|my \pL+)|chang(?:e|ing) (?:it|the \pL+|my \pL+)|` +
		`(?:ku|ni|tu|wa|a)(?:ki|ta)?(?:ghairi|ahiri?sha|futa|sogeza|katisha)\w*|(?:ghairi|ahiri?sh[ae]|kucancel|kupostpone|nicancel|nipostpone)\w*|badili(?:sha)? (?:muda|siku|miadi))`
	// untilWhen asks for the last moment of something.
	untilWhen = `(?:(?:un)?till? (?:when|what time|which)|by (?:when|what time)|how (?:late|early|soon|long before|far ahead|much notice|many (?:hours|days))|latest|deadline|last minute|at the last|` +
		`(?:mpaka|hadi|kabla ya|mwisho(?: ni)?|kuanzia) (?:lini|saa ?ngapi|muda gani|siku gani)|(?:saa|siku|masaa|muda) (?:ngapi|gani|mangapi) (?:kabla|mapema)|dakika za mwisho|mwisho wa)`
)

var (
	// asksUntil asks until when a visit can be called off.
	asksUntil = regexp.MustCompile(`(?i)\b` + untilWhen + `\b[^.?!\n]{0,40}\b` + callsOff + `\b|\b` + callsOff + `\b[^.?!\n]{0,40}\b` + untilWhen + `\b`)
	// ifNotComing is the condition that somebody cannot come.
	ifNotComing = regexp.MustCompile(`(?i)\b(?:(?:if|in case|what if|suppose|kama|ikiwa|iwapo|endapo|ikitokea)\b[^.?!\n]{0,30}\b` +
		`(?:(?:ni|a|tu|wa)(?:ta|me|li)?(?:shindwa|kwama)|(?:si|ha|hatu|hawa)ta?(?:weza|kuja|fika)\w*|(?:can'?t|cannot|can not|could ?n'?t|won'?t|don'?t|doesn'?t|fail to|fails to|unable to|not able to|do not|does not) (?:make it|come|show|be able|attend|reach))|` +
		`(?:ni|a|tu|wa)(?:ki)(?:shindwa|kwama|kosa)(?: kuja| kufika)?|(?:nisi|asi|tusi|wasi)(?:po)?(?:kuja|weza|fika|tokea)\w*)\b`)
	// whatThen asks what is then, or whether one may.
	whatThen = regexp.MustCompile(`(?i)\?|\b(?:what|how|can|could|may|do i|will|is it|naweza|tunaweza|anaweza|inakuwaje|itakuwaje|itakuaje|nifanye|tufanye|nalipa|nitalipa|je|vipi|kuna|lini|ngapi)\b`)
	// otherThen asks whether another time would do.
	otherThen = regexp.MustCompile(`(?i)\b(?:can|could|may|shall) (?:i|we|he|she)\b|\b(?:naweza|tunaweza|anaweza)\b`)
	// saysAsked says what the message asks about, and asksNot what it does not.
	saysAsked = regexp.MustCompile(`(?i)\b(?:(?:mimi )?(?:na|nina|nili|nime|nilikuwa na)uliz(?:a|ia)(?:\s+(?:kuhusu|habari (?:za|ya)|juu ya|tu))*|` +
		`i(?:'m| am| was)?\s+(?:just |only )?ask(?:ed|ing)?\s+(?:about|abt|for)|(?:my|the) question (?:is|was)(?: about| abt| on)?|swali (?:langu )?(?:ni|lilikuwa)(?: la| kuhusu)?)\s+`)
	asksNot = regexp.MustCompile(`(?i)\b(?:sijauliza|sikuuliza|siulizi|sijaulizia|sikuulizia|siulizii|i (?:didn'?t|did not|never) ask|(?:i'?m |i am )?not asking)\b\s*(?:about|abt|for|kuhusu)?[^,.;!?\n]*[,.;!?\n]*|` +
		`,?\s+\b(?:not|sio|siyo|si)\b\s+(?:about|abt|for|kuhusu)?[^,.;!?\n]*$`)
	// cancelQuestions are how owners write the question for the rule.
	cancelQuestions = []string{"can I cancel my appointment", "naweza kughairi miadi", "do I pay if I do not come", "until when can I cancel"}
)

// maxSaidAsked is how many words a message has at most that only says what it asks about.
const maxSaidAsked = 6

// withSaidAsked is a text that says what it asks about, as that question: "sijauliza saa za
// kufungua, naulizia kuahirisha". What it does not ask about was answered once more.
func withSaidAsked(text string) string {
	at := saysAsked.FindStringIndex(text)
	if at == nil || len(text) > maxRead {
		return text
	}
	denies := asksNot.MatchString(text)
	if !denies && (len(split(text)) > maxSaidAsked || at[0] > 0) || questionWord.MatchString(text[at[1]:]) {
		return text
	}
	// The lead goes first: what is not asked about may stand on both sides of it.
	rest := strings.Trim(asksNot.ReplaceAllString(text[:at[0]], "")+asksNot.ReplaceAllString(text[at[1]:], ""), " ,.;!\n")
	if len(split(rest)) == 0 {
		return text
	}
	return rest + "?"
}

// asksCancelRule reports whether a text asks for the rule: until when a visit may be called off, or
// what is if somebody cannot come.
func (t *turn) asksCancelRule(text string) bool {
	if t.k.template() != flowhq.BookingTemplate {
		return false
	}
	if asksUntil.MatchString(text) {
		return true
	}
	if at := ifNotComing.FindStringIndex(text); at != nil {
		// "If I can't come tomorrow can I come Friday" moves it.
		other := otherThen.FindStringIndex(text[at[1]:])
		if other != nil {
			_, timed := t.timeIn(text[at[1]+other[0]:])
			return !timed
		}
		return whatThen.MatchString(text)
	}
	// "Kuahirisha?" behind what was misunderstood.
	words := split(text)
	return len(words) <= maxNamed && strings.HasSuffix(text, "?") && callOffNoun.MatchString(text)
}

// callOffNoun names the matter, and wants nothing done.
var callOffNoun = regexp.MustCompile(`(?i)^\W*(?:the )?(?:kughairi|kuahirisha|kusogeza|kufuta|cancell?ing|cancell?ation|postponing|rescheduling|postponement)\b`)

// askCancelRule finds the owner's rule for who asks for it, and reports whether the message does.
func (t *turn) askCancelRule(p *perception) bool {
	if !t.asksCancelRule(p.text) || p.hasTime && p.time.HasTime {
		return false
	}
	p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return slices.Contains(ofRule, a) })
	// The day on which somebody may not come is no wish.
	p.time, p.hasTime = when.Result{}, false
	p.answer, p.alike, p.sure = "", 0, false
	if a := t.answerTo(cancelQuestions, minUsual); a != nil {
		p.answer, p.alike, p.sure = a.ID, 1, true
	}
	return true
}

// ofRule are what the words of such a question are taken for.
var ofRule = []act{actCancel, actChange, actHours, actBook, actOffer, actStatus}

// dropOfRule drops them.
func (t *turn) dropOfRule(p *perception, all *acts) {
	if t.asksCancelRule(p.text) && !(p.hasTime && p.time.HasTime) {
		all.drop(ofRule...)
	}
}

// passCancelRule keeps such a question whole, passes it on where the owner has told no rule, and
// reports whether it did.
func (t *turn) passCancelRule() bool {
	p := &t.p
	if !t.asksCancelRule(p.text) {
		return false
	}
	// Cut in clauses it would ask for other things: "mpaka lini" for the hours.
	t.whole = !slices.ContainsFunc(partsOf(p.text), func(part string) bool {
		return !t.asksCancelRule(part) && (strings.HasSuffix(part, "?") || asksInWords(split(part)))
	})
	if p.answer != "" || len(p.acts) > 0 {
		return false
	}
	t.did(actUnknown)
	t.unanswered("unanswered.any")
	return true
}

// noteUntold notes a usual question that the owner has told no answer to, beside what else the
// message does.
func (t *turn) noteUntold() {
	if !t.p.untold || t.handedOver() ||
		slices.ContainsFunc(t.facts, func(f flowhq.FactChange) bool { return f.Unanswered != nil }) {
		return
	}
	t.noteUnanswered()
	t.tell("unanswered.noted")
}
