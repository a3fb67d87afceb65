package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A yes with a question beside it: "yes confirm. do you sell beard oil?". The yes is taken first, and
// the question is answered as if it had come alone. What the question names changes no visit.

// confirmsBeside takes the yes of a message whose other parts only ask, and reports whether it is
// one.
func (t *turn) confirmsBeside() bool {
	a := t.next.Ask
	if !slices.Contains([]string{askBook, askMove, askMean, askCancel}, a.For) ||
		t.next.Booking == nil && a.For != askCancel ||
		t.p.yesNo != entity.Neither || t.p.has(actCancel, actDrop, actDecision) || t.p.cued(cueThink) {
		return false
	}
	questions, name, ok := t.questionsBesideYes()
	if !ok {
		return false
	}
	if name != "" && t.p.name == "" {
		t.p.name, t.next.Name = name, name
	}
	whole := t.p
	// What the questions name is not wanted, and their hours are no visit's.
	var on []string
	if v := t.next.Booking; v != nil {
		on = v.services()
	}
	t.p.services, t.p.hasTime = nil, false
	t.takeYes(a)
	for _, q := range questions {
		asked := t.next.Ask
		switch t.p = t.readPart(q); {
		case t.tellMinutes():
		case t.asksOfVisit(on):
			t.noteQuestion()
		default:
			t.answerBeside(q)
		}
		// The price of another thing asks for no day behind a visit that is made.
		if t.next.Booking == nil && asked.For == "" {
			t.next.Ask, t.question, t.hasAsked = asked, "", false
		}
	}
	t.p, t.whole = whole, true
	return true
}

// questionsBesideYes are the parts of a message that ask, beside one that is a clear yes. It is not
// ok where a part does anything else: puts something on the visit, moves it, or makes the yes
// depend.
func (t *turn) questionsBesideYes() (questions []string, name string, ok bool) {
	said, again := false, false
	for i, piece := range withConditions(piecesOf(t.p.text)) {
		words := split(leadIn.ReplaceAllString(piece.text, ""))
		switch {
		case len(words) == 0, isPlaceWord(words):
		case !piece.asks && t.isClearYes(words):
			said = true
		// "Yes for both of them, so 12k total?"
		case t.repeatsVisit(piece.text):
			said, again = said || anyIn(words[:1], plainYes), true
		// "Sure, go ahead".
		case !piece.asks && !slices.ContainsFunc(words, func(w string) bool { return !hasWord(yesHead, w) }):
		// "Na swali la kadi ya mume wangu."
		case !piece.asks && said && namesQuestion.MatchString(piece.text):
			questions = append(questions, strings.TrimRight(piece.text, ".! ")+"?")
		case !piece.asks && t.isName(piece.text):
			name = strings.Trim(piece.text, ".!, ")
		// "No!! Names are Amani and Lulu. Just book it."
		case !piece.asks && i == 0 &&
			!slices.ContainsFunc(words, func(w string) bool { return !hasWord(bareNo, w) }):
		case !piece.asks && nameIn(piece.text) != "":
			name, again = nameIn(piece.text), true
		case !piece.asks && !slices.ContainsFunc(words, func(w string) bool {
			return !hasWord(courtesyWords, w)
		}):
		// "Ok" in front of a question may only lead to it, and "yes or no?" is none.
		case yesBut.MatchString(t.p.text) && mayI.MatchString(piece.text), i == 0 &&
			!strings.HasSuffix(piece.text, "?") || hasWord(orWords, words[0]) || len(words) < 2 ||
			!t.onlyInquires(piece.text):
			return nil, "", false
		default:
			questions = append(questions, singleQuestions(piece)...)
		}
	}
	return questions, name, said && (len(questions) > 0 || again)
}

// bareNo is a no and nothing else.
var bareNo = keywords("no, nope, hapana, siyo, sio, nah")

// namesQuestion names a question without asking it.
var namesQuestion = regexp.MustCompile(`(?i)^(?:na|and|ila|but|pia|also)?\s*(?:na |kuna )?(?:swali|maswali|question)\s+(?:la|langu|yangu|about|on|of|kuhusu)\b`)

// isPlaceWord reports whether a piece only points to the place that the question behind it is
// about: "pale kuna parking?".
func isPlaceWord(words []string) bool {
	return len(words) == 1 && hasWord(thePlace, words[0])
}

var thePlace = keywords("pale, hapo, huko, kule, hapa, kwenu, there, here")

// repeatsVisit reports whether a piece says again what the visit that was read back is for, for how
// many, and what that comes to, and nothing else.
func (t *turn) repeatsVisit(text string) bool {
	v := t.next.Booking
	if v == nil || v.Moves != "" || v.Start.IsZero() {
		return false
	}
	for _, n := range numbersSaid(text) {
		if n != int64(v.places()) && n != t.visitTotal(v) && n*1000 != t.visitTotal(v) {
			return false
		}
	}
	// "Ndio, mimi na mke wangu" are the two.
	if n := ofUs(text); n > 0 && n == v.places() {
		text = meAnd.ReplaceAllString(text, " both ")
	}
	words := split(text)
	return anyIn(words, saysAgain) && !slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(saysAgain, w) && !hasWord(yesHead, w) && !hasWord(courtesyWords, w) &&
			numberSaid(w) == 0 &&
			!hasDigits(w) && !slices.ContainsFunc(v.services(), func(id string) bool { return t.hasNameWords(id, []string{w}) })
	})
}

// saysAgain stand in what says the visit again.
var saysAgain = listOf("says the visit again")

// visitTotal is what the services of a visit cost, 0 if that is open.
func (t *turn) visitTotal(v *Visit) (total int64) {
	for _, id := range v.services() {
		s := t.k.service[id]
		if s == nil || s.Price == 0 || s.PriceTo > s.Price {
			return 0
		}
		total += s.Price
	}
	return total
}

// isName reports whether a piece of a message is written as a name, and is no word that is known.
func (t *turn) isName(text string) bool {
	text = strings.Trim(text, ".!, ")
	return nameForm.MatchString(text) && !slices.ContainsFunc(split(text), func(w string) bool {
		return t.k.words[w] || t.k.otherNames[w] || t.k.staff[w] != "" || hasWord(notNames, w) ||
			hasWord(dayWords, w) || hasWord(yesHead, w) || hasWord(courtesyWords, w) ||
			hasWord(softQuestion, w)
	})
}

// singleQuestions are the questions of a piece that may ask two things, each with its mark.
func singleQuestions(p piece) []string {
	head, rest := twoQuestions(p)
	all := []string{strings.TrimRight(head, "? ") + "?"}
	if rest != "" {
		all = append(all, strings.TrimRight(rest, "? ")+"?")
	}
	return all
}

// withConditions joins a condition to the question behind it: "if I'm ten minutes late, is it a
// problem?".
func withConditions(pieces []piece) (all []piece) {
	for i, p := range pieces {
		bare := leadIn.ReplaceAllString(p.text, "")
		if words := split(bare); (!p.asks || whatIf.MatchString(bare)) && len(words) > 0 &&
			i+1 < len(pieces) &&
			pieces[i+1].asks &&
			(whatIf.MatchString(bare) || hasWord(ifWords, words[0]) || anyIn(words, ifLate) || anyIn(words, comesLate)) {
			pieces[i+1].text = bare + " " + pieces[i+1].text
			continue
		}
		all = append(all, p)
	}
	return all
}

// whatIf begins a condition that asks by itself, and may go on: "what if it doesn't fit, can I
// change it".
var whatIf = regexp.MustCompile(`(?i)^(?:and |na |je,? )?(?:what if|itakuwaje|vipi kama|kama)\b`)

// asksOfVisit reports whether a question that the model takes for "do you have it?" asks something
// else of what was just booked, or of nothing on the list: "does the scrub hurt?".
func (t *turn) asksOfVisit(on []string) bool {
	p := &t.p
	if len(p.services) == 0 || slices.ContainsFunc(p.acts, func(a act) bool { return a != actOffer && a != actBook }) ||
		p.cued(actPrice) || len(split(p.text)) < minQuestion {
		return false
	}
	m := p.services[0]
	if slices.Contains(on, m.ID) {
		return !sells.MatchString(p.text)
	}
	// "Is there a place to wait while they cut my son?"
	return len(p.reading.Words) > maxAssent && m.Start >= 0 && m.Start <= len(p.text) &&
		!sellsIt.MatchString(p.text[:m.Start])
}

// sells ask whether something is to be had.
var sells = regexp.MustCompile(`(?i)\b(?:do (?:you|u|ya)|mna\w+|kuna|yupo|ipo|is there an?|have you|you have|u have|siku gani|lini)\b`)

// sellsIt ends what stands in front of the thing that is asked for.
var sellsIt = regexp.MustCompile(`(?i)(?:\b(?:do (?:you|u|ya)(?: also)?(?: do| have| offer| take)?|mna\w+|kuna|is there an?|have you|` +
	`you have|u have)\s+|^)(?:\pL+\s+){0,2}$`)

// leadIn stands in front of a question and says nothing.
var leadIn = regexp.MustCompile(`(?i)^[\s,.]*(?:(?:btw|by the way|halafu|alafu|na|and|also|pia|kwanza|swali|question|je|` +
	`naomba (?:nijue|kujua|kuuliza|niulize)(?: kama)?|nataka (?:kujua|kuuliza)(?: kama)?|nauliza(?: kama)?|` +
	`just asking|i (?:want|wanted) to (?:know|ask)(?: if)?)(?:[\s,:.]+|$))+`)

var (
	// askedBefore leads to a question that is asked once more: "nimeuliza pia scrub bei gani".
	askedBefore = regexp.MustCompile(`(?i)\b(?:ni(?:li|me|lisha|mesha)uliza|i(?:'ve|ve| have| had)?(?: also| already)? asked(?: you)?)` +
		`(?:\s+(?:pia|also|tena|again|about|kuhusu|kama|if))*\s+`)
	// questionWord asks, wherever it stands.
	questionWord = regexp.MustCompile(`(?i)\?|\b(?:gani|ngapi|lini|wapi|how|what|when|where|which|je)\b`)
)

// whereThere makes a wish for somebody no condition: "ndio, kwa Hassan kama yupo" is a yes.
var whereThere = regexp.MustCompile(`(?i)[\s,]+(?:kama|ikiwa)\s+(?:yupo|atakuwepo|anapatikana|ana nafasi|inawezekana)\b|` +
	`[\s,]+if\s+(?:(?:he|she|they)(?:'s| is| are)?\s+(?:there|in|available|around|free)|(?:it(?:'s| is) )?possible)\b`)

// asksAgain is a text without what leads to its questions that were asked before. "Niliuliza bei"
// asks nothing, and stays.
func asksAgain(text string) string {
	at := askedBefore.FindStringIndex(text)
	if at == nil {
		return text
	}
	rest, _, _ := strings.Cut(text[at[1]:], "\n")
	if end := pieceEnd.FindStringIndex(rest); end != nil {
		rest = rest[:end[1]]
	}
	// "I asked if it's slim fit" asks as well.
	if whether := strings.Fields(strings.ToLower(text[at[0]:at[1]])); slices.Contains(whether, "if") ||
		slices.Contains(whether, "kama") {
		return text[:at[0]] + strings.TrimRight(text[at[1]:], " .?!") + "?"
	}
	if !questionWord.MatchString(rest) {
		return text
	}
	return text[:at[0]] + text[at[1]:]
}

// isClearYes reports whether words are a yes and nothing else, but for the hour that was read back.
func (t *turn) isClearYes(words []string) bool {
	clear := anyIn(words, plainYes) || anyIn(words, confirmWords) || anyIn(words, clearYes) ||
		anyIn(words, surelyFine)
	if !clear || saysBut(words) || anyIn(words, ifWords) {
		return false
	}
	held := t.namesHeldTime(&t.p) || t.partMeant() || t.namesHeldDay()
	return !slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(yesHead, w) && !hasWord(courtesyWords, w) && !hasWord(surelyFine, w) &&
			!hasWord(clearYes, w) && !hasWord(confirmWords, w) &&
			!(held && (hasWord(hourWords, w) || hasWord(dayWords, w) || numberSaid(w) > 0 || hasDigits(w)))
	})
}

// namesHeldDay reports whether the message says the day of what was read back, and no hour: "ndio
// kesho".
func (t *turn) namesHeldDay() bool {
	v, p := t.next.Booking, &t.p
	return v != nil && p.hasTime && p.time.HasDay && !p.time.HasTime && !v.Start.IsZero() &&
		sameDay(p.time.Day, v.Start)
}

// partMeant reports whether the message says the part of the day of the time that was asked about:
// "ndio, ya usiku".
func (t *turn) partMeant() bool {
	a, r := t.next.Ask, t.p.time
	if a.For != askMean || !t.p.hasTime || r.HasTime || r.Start.IsZero() || r.End.IsZero() {
		return false
	}
	hour, from, to := a.Time.In(t.k.zone).Hour(), r.Start.In(t.k.zone).Hour(), r.End.In(t.k.zone).Hour()
	return hour >= from && (hour < to || to <= from)
}

// surelyFine are a yes in other words.
var surelyFine = listOf("surely fine")

// inquires begins a question that only wants to know.
var inquires = regexp.MustCompile(`(?i)^[\s,.]*(?:(?:btw|by the way|halafu|alafu|na|and|also|pia|je|ila|but|hivi|kwani|vipi|eti)[\s,:.]+)*` +
	`(?:naomba (?:nijue|kujua|kuuliza|niulize)|nataka (?:kujua|kuuliza)|nauliza|naulizia|i (?:want|wanted|would like) to (?:know|ask)|` +
	`just asking|do|does|did|is|are|was|will|what|where|which|who|when|why|how|any|u have|you have|have you|should|must|` +
	`need|mna\pL*|mta\pL*|una\pL*|kuna|ipo|ni|bei|mko|uko|yupo|wapi|nini|nani|lini|nile|nije|nilete|nikichelewa|` +
	`nalipa|nitalipa|nalipia|lazima|inachukua|itachukua|itakuwa|vipi|je)\b`)

// onlyInquires reports whether a part of a message wants to know something and changes no visit.
func (t *turn) onlyInquires(text string) bool {
	whole := t.p
	p := t.readPart(text)
	t.p = whole
	words := p.reading.Words
	if p.cued(cueInstead) || p.has(actCancel, actDrop, actPerson, actSecret, actAnger) ||
		p.has(actChange) && !p.has(actAnswer) && !anyIn(words, comesLate) ||
		p.hasTime && p.time.HasTime && !p.has(actHours, actAnswer) && !inMinutes.MatchString(text) &&
			(hasDigits(text) || anyIn(words, saaWords)) ||
		anyIn(words, companions) && (anyIn(words, mayCome) || anyIn(words, comesAlong)) {
		return false
	}
	may := mayI.MatchString(text)
	// "Can I also get a shave?" wants one more thing.
	if may && (len(p.services) > 0 || p.hasTime || hasDigits(text) || p.cued(cueAdd) && !p.has(infoActs...)) {
		return false
	}
	subject := strings.TrimRight(text, " ,.")
	// "If we come 10 min late is it a problem".
	if ifFine.MatchString(text) && len(p.services) == 0 {
		return true
	}
	return inquires.MatchString(text) || strings.HasSuffix(subject, "?") &&
		(p.has(infoActs...) || len(p.services) == 0 && !p.hasTime) || p.has(actPrice, actPlace, actPayment)
}

// ifFine asks of what the customer will do whether that is all right.
var ifFine = regexp.MustCompile(`(?i)\b(?:if|kama|niki\w+|tuki\w+|aki\w+)\b.*\b(?:is (?:it|that|there) (?:a |any )?(?:problem|issue|ok|okay|fine|alright)|will (?:it|that|you)|do you|itakuwa(?:je)?|ni shida|kuna shida|` +
	`shida|tatizo|sawa|inakuaje|inakuwaje|itakuaje)\b`)

// saaWords lead an hour in Swahili.
var saaWords = keywords("saa")

// mayI ask whether something may be done.
var mayI = regexp.MustCompile(`(?i)\b(?:can|could|may) (?:i|we|you|u)\b|\b(?:naweza|tunaweza|mnaweza|unaweza|nataka|naomba|ongeza|niongezee)\b`)

// takesOther reports whether the message was taken to put another hour or another service on the
// visit that was read back: "yes but can you do 4?" is no yes to three.
func (t *turn) takesOther(before *turn) bool {
	v, was := t.next.Booking, before.next.Booking
	return before.next.Ask.For == askBook && v != nil && was != nil && v.Moves == "" && !v.Start.IsZero() &&
		mayI.MatchString(t.p.text) && (!v.Start.Equal(was.Start) || len(v.services()) > len(was.services()))
}
