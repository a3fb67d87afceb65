package reply

import (
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// currencySigns are how prices are written in East Africa. Other currencies are written by their
// code, which everybody can read.
var currencySigns = map[string]string{"TZS": "TSh", "KES": "KSh"}

// money writes an amount: "TSh 10,000". Amounts are in whole units of the currency, as the
// owner's prices are.
func (k *Knowledge) money(amount int64) string {
	sign := currencySigns[k.profile.Currency]
	if sign == "" {
		sign = k.profile.Currency
	}
	return strings.TrimSpace(sign + " " + thousands(amount))
}

// thousands writes a whole number with commas. Points instead would read as decimals in Tanzania
// and Kenya.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		sign, digits = "-", rest
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// and joins words as a sentence does: "a, b and c".
func and(l flowhq.Language, words []string) string { return join(words, l, " and ", " na ") }

// or joins words of which one is to be chosen.
func or(l flowhq.Language, words []string) string { return join(words, l, " or ", " au ") }

// join has no comma before the last word: Swahili has none there, and English can do without.
func join(words []string, l flowhq.Language, english, swahili string) string {
	last := english
	if l != flowhq.English {
		last = swahili
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + last + words[len(words)-1]
}

// nearDay is a day as people say it: "tomorrow", "Jumamosi tarehe 7 Machi". Near days go by their
// name: "kesho" is harder to misread than a date.
func (t *turn) nearDay(day time.Time) string {
	return when.FormatNearDay(t.say.language, day, t.now)
}

// clock is a time of day, in Swahili on both clocks. "saa nne" and "10:00" are the same hour. Who
// is told only the other of the two comes six hours early or late.
func (t *turn) clock(at time.Time) string { return when.FormatClock(t.say.language, at) }

// at is a date and a time, read back before anything is booked. A booking is stored in UTC; the
// zone is the business's, wherever the phone is.
func (t *turn) at(at time.Time) string {
	return when.FormatTime(t.say.language, at.In(t.now.Location()), t.now)
}

// bothClocks is a date and a time, on the Swahili clock too where that was likely meant. In Swahili
// both stand there always. "iwe saa sita" in an English chat is twelve o'clock to one and six to
// the other: the reply shows which was understood, before the yes.
func (t *turn) bothClocks(at time.Time) string {
	text := t.at(at)
	if t.say.language == flowhq.English && anyIn(t.p.reading.Words, swahiliClock) {
		swahili, _, _ := strings.Cut(
			when.FormatClock(flowhq.Swahili, at.In(t.now.Location())), " (")
		text += " (" + swahili + ")"
	}
	return text
}

// swahiliClock are words of the Swahili clock, which customers mix into English.
var swahiliClock = keywords("saa, sa, asubuhi, mchana, jioni, usiku")

// soon is a time that is likely to be today or tomorrow: "tomorrow 08:00". For texts such as "we
// open again …", where a full date would be too much.
func (t *turn) soon(at time.Time) string {
	at = at.In(t.now.Location())
	if sameDay(at, t.now) || sameDay(at, t.now.AddDate(0, 0, 1)) {
		return t.nearDay(at) + " " + t.clock(at)
	}
	return t.at(at)
}

// sameDay reports whether two times are on the same date, each by its own zone. Callers bring both
// to the business's zone first: at 01:00 in Dar es Salaam it is still yesterday in UTC.
func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// daysBetween is how many days later the date of b is than that of a. The dates alone count, so
// that a day of 23 hours is one day too.
func daysBetween(a, b time.Time) int {
	date := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(date(b).Sub(date(a)).Hours() / 24)
}

// startOfDay is the midnight with which the day of t begins.
func startOfDay(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}
