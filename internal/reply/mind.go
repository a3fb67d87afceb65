package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A change of mind within one message: what is taken back by what stands behind it is not read. "Ndio. Aah
// ngoja, weka wiki ijayo" booked today.

var (
	// yesButWait is a yes that is taken back at once.
	yesButWait = regexp.MustCompile(`(?i)^\W*(?:ndio|ndiyo|yes|yeah|yep|sawa|ok|okay|eeh)\b[\s,.!]*(?:(?:a+h+|oh+|mm+|no|hapana)[\s,.!]*)?` +
		`(?:ngoja|subiri|wait|hold on|hang on)\b[\s,.!]*(?:(?:kidogo|kwanza|a (?:min|minute|sec|bit)|actually)\b[\s,.!]*)?`)
	// tooEarly says of a time that it does not suit.
	tooEarly = regexp.MustCompile(`(?i)\b(?:ni )?(?:mapema(?: sana| mno)?|too early|early for me|too late|nimechelewa|haifai|hainifai|siwezi|sitaweza|not good|doesn'?t work)\b`)
)

// withSecondThoughts is a text without what it takes back itself, where a question of the bot is open.
func (t *turn) withSecondThoughts(text string) string {
	asked := t.next.Ask.For
	if at := yesButWait.FindStringIndex(text); at != nil && len(split(text[at[1]:])) > 1 &&
		slices.Contains([]string{askBook, askMove, askOrder, askCancel}, asked) {
		text = text[at[1]:]
	}
	text = t.withCountNamed(text)
	if t.k.template() != flowhq.BookingTemplate ||
		!slices.Contains([]string{askWhen, askBook, askMean, askMove, askMoveTo}, asked) {
		return text
	}
	text = hourOf.ReplaceAllString(text, "saa $1 $2")
	if t.saysHeldHour(text) {
		return yesAndHour.FindStringSubmatch(text)[1]
	}
	if left := takenBackTime.ReplaceAllString(text, " "); left != text {
		if _, ok := t.timeIn(left); ok {
			text = strings.TrimSpace(left)
		}
	}
	return t.withoutRefusedTime(text)
}

var (
	// hourOf is an hour that looks like a place in a list: "ya 3 na nusu".
	hourOf = regexp.MustCompile(`(?i)(?:\bya\s+|^\W*)(\d{1,2}|moja|mbili|tatu|nne|tano|sita|saba|nane|tisa|kumi)\s+(na nusu|na robo|kasoro)`)
	// yesAndHour is a yes with an hour behind it, and nothing else.
	yesAndHour = regexp.MustCompile(`(?i)^\W*(ndio|ndiyo|yes|yeah|sawa|ok|okay)\W+(?:saa\s+|at\s+)?(\d{1,2})[.:](\d\d)\s*(?:pm|am)?\W*$`)
)

// saysHeldHour reports whether a text is a yes with the hour that was read back: "yes 3.30".
func (t *turn) saysHeldHour(text string) bool {
	v, m := t.next.Booking, yesAndHour.FindStringSubmatch(text)
	if v == nil || v.Start.IsZero() || m == nil {
		return false
	}
	hour, _ := strconv.Atoi(m[2])
	minute, _ := strconv.Atoi(m[3])
	at := v.Start.In(t.k.zone)
	return hour%12 == at.Hour()%12 && minute == at.Minute()
}

// countFirst is an answer to "how many?" in front of something else.
var countFirst = regexp.MustCompile(`(?i)^\W*(?:(?:just|only|nipe|naomba|nataka|i want|i need)\s+)?` +
	`(\d{1,3}|one|two|three|four|five|moja|mbili|tatu|nne|tano)` +
	`((?:\s+(?:pairs?|pcs?|pieces?|tu|only|please|pls|tafadhali|of (?:it|them|that)))*)\s*[.,;\n]+\s*(\S.*)$`)

// withCountNamed is a text whose first words answer "how many?", with the name of what was asked
// about behind the number, where something else is ordered beside it: "1 pair. also a belt" lost
// the jeans.
func (t *turn) withCountNamed(text string) string {
	p := t.k.product[t.next.Ask.About]
	m := countFirst.FindStringSubmatch(text)
	if t.next.Ask.For != askQuantity || p == nil || m == nil || strings.Contains(m[3], "?") {
		return text
	}
	others := t.named(t.k.products, m[3])
	if slices.Contains(namedIDs(others), p.ID) ||
		!slices.ContainsFunc(others, func(m entity.NameMatch) bool { return m.Exact }) {
		return text
	}
	name, _, _ := strings.Cut(p.Name.In(t.say.language), ",")
	if t.next.Size != "" && t.next.Topic == p.ID {
		name += " size " + t.next.Size
	}
	return m[1] + " " + name + ". " + m[3]
}

// withoutRefusedTime is a text without the clause whose time does not suit, where another one has a
// time: "10.30 ni mapema sana, nipe ya saa tisa na nusu".
func (t *turn) withoutRefusedTime(text string) string {
	var left []string
	refused, timed, from := false, false, 0
	ends := append(hourClause.FindAllStringIndex(text, maxPartsRead), []int{len(text), len(text)})
	for _, end := range ends {
		clause := text[from:end[1]]
		from = end[1]
		_, ok := t.timeIn(clause)
		ok = ok || hourMinute.MatchString(clause)
		if ok && tooEarly.MatchString(clause) {
			refused = true
			continue
		}
		timed = timed || ok
		left = append(left, clause)
	}
	if !refused || !timed {
		return text
	}
	return strings.TrimSpace(strings.Join(left, ""))
}
