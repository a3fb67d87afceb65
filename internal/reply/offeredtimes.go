package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

// A time that was offered is taken beside other matter: "ah ok 5 is fine on monday. I'll pay cash.
// Should I bring my old x-ray?", "nipe ya mwisho, je kuna kahawa?".

var (
	// bareHour is an hour as it is typed.
	bareHour = regexp.MustCompile(`(?i)\b(\d{1,2})(?:[:.]([0-5]\d))?\s*(?:am|pm|o'?clock)?\b`)
	// ordinalOf finds which of a list is meant.
	ordinalOf = regexp.MustCompile(`(?i)\b(?:ya|the|namba|number|option|no\.?)\s+(kwanza|pili|tatu|nne|mwisho|first|second|third|` +
		`fourth|last|[1-9])\b(?:\s+(?:one|option|moja))?`)
	ordinals = map[string]int{
		"kwanza": 1, "first": 1, "pili": 2, "second": 2, "tatu": 3, "third": 3, "nne": 4, "fourth": 4,
	}
	// bareChoice begins with a number and nothing that makes an hour of it.
	bareChoice = regexp.MustCompile(`(?i)^\W*(?:(?:ok|okay|sawa|basi|yes|ndio|ah|oh)\W+)*\d\b\s*(?:\pL|$|[.,!])`)
	// countsBehind follows a number that counts something.
	countsBehind = regexp.MustCompile(`(?i)^\s*(?:min|people|persons|years?|yrs|kids|watu|watoto|dakika|k\b|,\d|%)`)
)

// refusesHour say that an hour is not possible.
var refusesHour = keywords("hapana, no, not, siwezi, cant, cannot, sio, haifai, mapema, early, too late, haiwezekani, wont")

// takesHour say that something offered is taken.
var takesHour = listOf("takes what is offered")

// takesOffered takes one of the times that were offered, for who says more beside it, and reports
// whether the message does. What it asks is answered.
func (t *turn) takesOffered() bool {
	a, p := t.next.Ask, &t.p
	if a.For != askWhen || t.next.Booking == nil || p.isChoice || p.has(actCancel, actDrop, actChange) ||
		!slices.ContainsFunc(a.Options, func(o Option) bool { return o.Do == doTime }) {
		return false
	}
	var chosen []Option
	var questions []string
	rest := false
	for _, piece := range piecesOf(p.text) {
		o, ok := t.offeredIn(piece)
		switch _, timed := t.timeIn(piece.text); {
		case ok && !slices.Contains(chosen, o):
			chosen = append(chosen, o)
		case ok:
		// "Saa mbili hapana, saa tisa poa."
		case timed && !piece.asks && anyIn(split(piece.text), refusesHour):
		case piece.asks:
			questions = append(questions, singleQuestions(piece)...)
		case timed && len(chosen) == 0 || len(t.named(t.k.services, piece.text)) > 0:
			return false // another time, or another service
		default:
			rest = rest || !t.saysHowPaid(piece.text)
		}
	}
	// A few words that choose are read as any other answer.
	if len(chosen) != 1 || len(p.services) > 0 && len(questions) == 0 {
		return false
	}
	t.did(actBook)
	p.services, p.hasTime = nil, false
	t.choose(chosen[0])
	whole := t.p
	for _, q := range questions {
		t.answerBeside(q)
	}
	t.p, t.whole = whole, !rest
	return true
}

// saysHowPaid reports whether a piece says no more than how the customer pays, or is courtesy.
func (t *turn) saysHowPaid(text string) bool {
	words := split(text)
	return anyIn(words, paysThen) && len(words) <= maxAssent || nameIn(text) != "" ||
		!slices.ContainsFunc(words, func(w string) bool {
			return !hasWord(courtesyWords, w) && !hasWord(yesHead, w)
		})
}

// offeredIn is the offered time that a piece of a message takes, if it takes one.
func (t *turn) offeredIn(piece piece) (Option, bool) {
	options := t.next.Ask.Options
	words := split(piece.text)
	if piece.asks || !anyIn(words, takesHour) || saysBut(words) || len(words) > maxAgreement {
		return Option{}, false
	}
	if m := ordinalOf.FindStringSubmatch(piece.text); m != nil {
		n := ordinals[strings.ToLower(m[1])]
		switch said := strings.ToLower(m[1]); {
		case said == "last" || said == "mwisho":
			n = len(options)
		case n == 0:
			n, _ = strconv.Atoi(said)
		}
		if n >= 1 && n <= len(options) && options[n-1].Do == doTime {
			return options[n-1], true
		}
	}
	r, timed := t.timeIn(piece.text)
	// In Swahili a figure is the place in the list that was shown: the hour is "saa tatu".
	if t.say.language == flowhq.Swahili && !timed && t.next.Ask.Listed && bareChoice.MatchString(piece.text) {
		n, _ := strconv.Atoi(bareHour.FindStringSubmatch(piece.text)[1])
		if n >= 1 && n <= len(options) && options[n-1].Do == doTime {
			return options[n-1], true
		}
	}
	hour, minute := -1, 0
	switch m := bareHour.FindStringSubmatchIndex(piece.text); {
	case timed && r.HasTime && !r.Start.IsZero():
		hour, minute = r.Start.Hour(), r.Start.Minute()
	case m != nil && !countsBehind.MatchString(piece.text[m[1]:]):
		hour, _ = strconv.Atoi(piece.text[m[2]:m[3]])
		if m[4] >= 0 {
			minute, _ = strconv.Atoi(piece.text[m[4]:m[5]])
		}
		// Swahili counts the hours from six.
		if t.say.language == flowhq.Swahili {
			hour += 6
		}
	}
	if hour < 0 {
		return Option{}, false
	}
	var fit []Option
	for _, o := range options {
		at, ok := parseTime(o.Value, t.k.zone)
		if o.Do == doTime && ok && at.Hour()%12 == hour%12 && at.Minute() == minute &&
			(!timed || !r.HasDay || r.Likely || sameDay(r.Day, at) || !dayNamed.MatchString(piece.text)) {
			fit = append(fit, o)
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0], true
	// "2 is perfect" is the second of a list that has no two o'clock.
	case len(fit) == 0 && t.next.Ask.Listed && !timed && minute == 0 && bareChoice.MatchString(piece.text):
		n, _ := strconv.Atoi(bareHour.FindStringSubmatch(piece.text)[1])
		if n >= 1 && n <= len(options) && options[n-1].Do == doTime {
			return options[n-1], true
		}
	}
	return Option{}, false
}
