package reply

import (
	"regexp"
	"strings"

	"github.com/flowhq/flowhq/internal/understand"
)

// The name that a customer tells.

// saysName finds the name of a customer who tells it. A booking is for a name, and for a child's as
// well: "naitwa Asha", "for my son Juma". The name is at most three words, or the rest of the
// sentence becomes part of it.
var saysName = regexp.MustCompile(
	`(?i)\b(?:(?:(?:my|his|her|the|their) )?names? (?:is|was|are)|majina(?: yao| ni| yao ni)?|name's|(?:i am|he is|she is|i'm) called|` +
		`naitwa|ninaitwa|` +
		`anaitwa|jina (?:langu|lake|lao) (?:ni|naitwa)|jina (?:langu|lake)|kwa jina la|jina ni|` +
		`jina la (?:mtoto|mwanangu|mgonjwa|mama|baba|mke|mume)(?: wangu)?(?: ni)?|name:|jina:|` +
		`(?:name of (?:the|my) (?:child|kid|baby|patient|son|daughter)|` +
		`(?:child|kid|baby|patient|son|daughter)(?:'?s)? name) is|` +
		`for my (?:son|daughter|wife|husband|mother|father|mom|dad|brother|sister|friend|child|` +
		`kid)|kwa (?:ajili ya )?(?:mtoto|mwanangu|mke|mume|mama|baba|rafiki|kaka|dada)(?: wangu| yangu)?|` +
		`i'?m|(?:it'?s |it is )?for my (?:son|daughter|wife|husband|mother|father|mom|mum|dad|brother|sister|` +
		`friend|child|kid|boy|girl|baby)|(?:put|book) (?:it|me|us) under|under (?:the )?name(?: of)?|` +
		`(?:yes|yeah|yep|ok|okay|sure|please|ndio|ndiyo|sawa)[ ,]+(?:it'?s )?under|` +
		`it'?s for|it is for|book(?:ing)? (?:it )?for|my (?:brother|sister|friend|son|daughter|wife|husband)` +
		` is|jina|names?)[ \t]+` +
		`(\pL[\pL'.-]*(?:[ \t]+\pL[\pL'.-]*){0,2})`)

// findName finds the customer's name. Text that customers write about themselves is not trusted:
// the name is cut, and only repeated to the same customer and the owner.
func (p *perception) findName() {
	p.name = nameIn(p.text)
	// "Next week Thursday 10.30, for Grace Kimaro".
	if p.name != "" || !anyIn(p.reading.Words, forWords) {
		return
	}
	if m := forPerson.FindStringSubmatch(p.text); m != nil &&
		understand.IsPerson(strings.ToLower(strings.Fields(m[1])[0])) {
		p.name = nameIn("name is " + m[1])
	}
}

// forWords stand in front of who something is for.
var forWords = keywords("for, kwa")

// forPerson finds for whom something is, in a clause of its own.
var forPerson = regexp.MustCompile(`(?:^|[,.;\n]|\d)\s*(?:(?:please|pls),? )?(?:for|For|kwa ajili ya|ni kwa)\s+` +
	`(\p{Lu}\pL+(?:\s+\p{Lu}\pL+){0,2})\s*(?:$|[.,;!\n])`)

// byTheWay stands before a name that nothing announces: only a capital tells "for my son Juma" from
// "for my son too", and "jina Rehema" from "jina gani".
var byTheWay = regexp.MustCompile(`^(?:(?:it'?s |it is )?for my .*|kwa .*|` +
	`it'?s for|it is for|i'?m|.* under|book.* for|my \w+ is|jina|name)$`)

// nameIn is the name that a text tells, "" if it tells none. It ends where words begin that are no
// name: "naitwa Asha kutoka Temeke".
func nameIn(text string) string {
	if m := twoNames.FindStringSubmatch(text); m != nil && !hasWord(endsName, strings.ToLower(m[1])) &&
		!hasWord(endsName, strings.ToLower(m[3])) {
		return oneLine(m[1]+m[2]+m[3], maxNameRunes)
	}
	for _, m := range saysName.FindAllStringSubmatch(text, maxPartsRead) {
		if name := nameOf(m); name != "" {
			return name
		}
	}
	return ""
}

// nameOf is the name in what may tell one: "booking for Saturday. Name: Rashid" tells it second.
func nameOf(m []string) string {
	before := strings.ToLower(strings.TrimSpace(strings.TrimSuffix(m[0], m[1])))
	if byTheWay.MatchString(before) && upperFirst(m[1]) != m[1] {
		return ""
	}
	var name []string
	for _, w := range strings.Fields(m[1]) {
		if bare := split(w); len(bare) == 0 || hasWord(endsName, bare[0]) ||
			hasWord(dayWords, bare[0]) {
			break
		}
		name = append(name, w)
		// A mark ends it: "jina Rehema. Mnapokea".
		if strings.HasSuffix(w, ".") && len(w) > 3 {
			break
		}
	}
	return oneLine(strings.Trim(strings.Join(name, " "), ".-'"), maxNameRunes)
}

// twoNames are told at once: "names are Amani and Lulu".
var twoNames = regexp.MustCompile(`(?i)\b(?:names(?: are| is)?|majina(?: yao)?(?: ni)?)[ \t:]+(\pL+)([ \t]+(?:and|na|&)[ \t]+)(\pL+)`)

// endsName are words that stand behind a name and are none.
var endsName = listOf("ends a name")

// maxNameRunes bounds the name of a customer, in characters. Most names have less than 30. A row
// for a text of any length would be a row for anything.
const maxNameRunes = 60
