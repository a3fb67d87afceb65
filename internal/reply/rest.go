package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What a customer says to leave as it is changes nothing, and so must the words. "Vingine vibaki
// hivyo hivyo" was noted as a wish of an order, and "osha nywele haina haja" cancelled a visit.

// restStays finds that the rest stays as it is: "keep the rest", "zingine sawa". Group 1 is the mark
// behind it. With a question mark it asks whether the rest stays, and is left to be answered.
var restStays = func() *regexp.Regexp {
	rest := `(?:` + alternatives("the rest") + `)`
	stays := `(?:` + alternatives("stays") + `)(?:\s+(?:` + alternatives("stays so") + `))*`
	return regexp.MustCompile(`(?i)(?:^|[\s,.;!]+)(?:(?:` + alternatives("clause joiner") + `)\s+)?` +
		`(?:(?:` + alternatives("keep") + `)\s+` + rest + `(?:\s+` + stays + `)?|` +
		rest + `\s+` + stays + `|` + alternatives("nothing else changes") + `)` +
		`\s*($|[.,;!\n]+)`)
}()

// withoutRest is a text without what says that the rest stays as it is. A text that says nothing else
// is left whole: an answer to it is due.
func withoutRest(text string) string {
	if len(text) > maxRead {
		return text
	}
	left := strings.TrimSpace(restStays.ReplaceAllString(text, "$1 "))
	if left = strings.Trim(left, " ,;"); strings.Trim(left, " .!\n") == "" {
		return text
	}
	return left
}

// notNeeded finds what a clause says not to need, in group 1 or 2.
var notNeeded = regexp.MustCompile(`(?i)^\s*(?:` + alternatives("not needed before") +
	`)\s+(\pL.*)$|^\s*(\pL.*?)\s+(?:` + alternatives("not needed behind") + `)\s*$`)

// declinesPart reports whether a text declines a part of something, and not all of it.
func declinesPart(text string) bool {
	m := notNeeded.FindStringSubmatch(strings.Trim(text, " .,!"))
	return m != nil && entity.ReadYesNo(m[1]+m[2]) == entity.Neither
}

// neverOrdered finds what a customer says never to have ordered, in group 1, up to the end of the
// clause.
var neverOrdered = regexp.MustCompile(`(?i)(?:^|[.,;!\n]\s*)(?:(?:lakini|but|ila|no|hapana)[, ]+)?(?:i (?:never|` +
	`did ?n'?t|did not|have ?n'?t|have not) (?:ask|asked|order|ordered)(?: for)?|` +
	`(?:si|hatu)(?:ja|ku)(?:omba|agiza|oda))\s+([^.,;!?\n]+)(?:[.,;!\n]+|$)`)

// neverOrderedBehind has the goods in front, as Swahili may: "ndizi sijaomba".
var neverOrderedBehind = regexp.MustCompile(`(?i)(?:^|[.,;!\n]\s*)(?:(?:lakini|ila|no|hapana|na)[, ]+)?((?:\pL+\s+){0,2}\pL+)\s+(?:si|hatu)(?:ja|ku)` +
	`(?:omba|agiza|oda)\b(?:\s+(?:mimi|kabisa|tena|hata))*(?:[.,;!\n]+|$)`)

// withoutDenied is a text without what it says of goods that were never ordered, and the IDs of
// those, if the order in the making has none of them: "sijaomba ndizi, thibitisha tu" was told that
// there are no bananas. What is on the order is taken off it like anything else.
func (t *turn) withoutDenied(text string) (rest string, denied []string) {
	at := neverOrdered.FindStringSubmatchIndex(text)
	if at == nil {
		at = neverOrderedBehind.FindStringSubmatchIndex(text)
	}
	if t.next.Order == nil || len(t.next.Order.Lines) == 0 || at == nil || len(text) > maxRead {
		return text, nil
	}
	for _, m := range t.named(t.k.products, text[at[2]:at[3]]) {
		if t.ordered(m) {
			return text, nil
		}
		denied = append(denied, m.ID)
	}
	rest = strings.Trim(text[:at[0]]+" "+text[at[1]:], " ,;\n")
	if len(denied) == 0 || len(split(rest)) == 0 {
		return text, nil
	}
	return rest, denied
}

// confirmsWith finds a yes to an order in group 1, and what the customer says to be on it in group 2.
var confirmsWith = regexp.MustCompile(`(?i)\b(thibitisha|thibitisheni|confirm(?: it| the order)?)` +
	`(?: tu| just| only)?\s+(?:na|pamoja na|with)\s+([^.,;!?\n]+?)(?:\s+(?:tu|only))?\s*$`)

// withoutOrdered is a yes without what it says to be on the order, if that is so: "thibitisha tu na
// chumvi".
func (t *turn) withoutOrdered(text string) string {
	at := confirmsWith.FindStringSubmatchIndex(text)
	if t.next.Order == nil || at == nil || len(text) > maxRead {
		return text
	}
	said := text[at[4]:at[5]]
	named := t.named(t.k.products, said)
	if len(named) == 0 || len(split(said)) > maxNaming || strings.ContainsAny(said, "0123456789") ||
		slices.ContainsFunc(named, func(m entity.NameMatch) bool {
			return !t.ordered(m) || m.Quantity > 0 || m.Size != ""
		}) {
		return text
	}
	return text[:at[3]]
}

// deniedNumber finds a number that is not meant behind the one that is: "make it 12 instead of 11".
// Group 1 is what is meant, and group 2 the number that is not.
var deniedNumber = func() *regexp.Regexp {
	number := `(?:\d{1,3}|` + alternatives("counted") + `)`
	return regexp.MustCompile(`(?i)(\b` + number + `\b[^.,;!?\n]{0,20}?)[\s,]+(?:na )?(?:` + alternatives("not this but") +
		`)\s+(` + number + `)\b`)
}()

// withoutDeniedNumber is a text about a visit without such a number. Of an order it is for
// [turn.corrected].
func (t *turn) withoutDeniedNumber(text string) string {
	at := deniedNumber.FindStringSubmatchIndex(text)
	if at == nil || len(text) > maxRead || t.k.template() == flowhq.EcommerceTemplate ||
		t.next.Booking == nil && len(t.bookings()) == 0 {
		return text
	}
	return strings.TrimRight(text[:at[3]], " ") + text[at[1]:]
}

// yesBehind finds a yes to an order behind other matter: "I'll come at 5. Yes confirm".
var yesBehind = regexp.MustCompile(`(?is)^(.*\S)\s*[.!;\n]\s*((?:yes|yeah|ok|okay|ndio|ndiyo|sawa|please|` +
	`tafadhali)?[ ,]*(?:please |pls |tafadhali )?(?:confirm|confirmed|thibitisha|thibitisheni|go ahead)` +
	`(?: it| order| the order| oda| hiyo| please| pls| tafadhali)*)[ .!]*$`)

// yesPays finds a yes to an order and that it is paid later, with nothing between: "ndio nitalipa
// huko".
var yesPays = regexp.MustCompile(`(?i)^\s*(yes|yeah|yep|ndio|ndiyo)\s+((?:i'?ll|i will) pay\b.*|` +
	`(?:nita|nta|na)lipa\b.*)$`)

// yesFirst puts a yes to an order in front of what stands before it, where yeses are looked for.
func (t *turn) yesFirst(text string) string {
	if t.next.Ask.For != askOrder || len(text) > maxRead || strings.Contains(text, "?") {
		return text
	}
	if yes, rest, found := strings.Cut(strings.TrimSpace(text), " "); found && t.saysWhereAgain(yes, rest) {
		return yes
	}
	if m := yesBehind.FindStringSubmatch(text); m != nil {
		return m[2] + ". " + m[1]
	}
	if m := yesPays.FindStringSubmatch(text); m != nil {
		return m[1] + ", " + m[2]
	}
	return text
}

// tellDenied says first that these are not on the order.
func (t *turn) tellDenied(ids []string) {
	for _, id := range ids {
		text := t.render("order.not_on", "name", t.k.nameOf(id, t.say))
		t.said = slices.Insert(t.said, 0, part{text: text})
	}
}
