package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Who asks for one thing more and wants it names it in the question alone: "mkanda mweusi upo?
// ongeza", "do you have belts?" and then "yes one". The wish had no name, and the question was
// answered only. So such a wish is written with the name.

var (
	// addVerbs put on an order what was asked for, and besideAdd says nothing beside them.
	addVerbs  = listOf("adds what was asked for")
	besideAdd = listOf("beside an add")
)

// addsBare reports whether words put something on an order and do not say what.
func addsBare(words []string) bool {
	return anyIn(words, addVerbs) && saysOnlyAdd(words)
}

// saysOnlyAdd reports whether no word is of anything else than that something is put on an order.
func saysOnlyAdd(words []string) bool {
	return len(words) > 0 && len(words) <= maxAddWords && !slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(addVerbs, w) && !hasWord(besideAdd, w) && !hasWord(courtesyWords, w) &&
			len(numbersSaid(w)) == 0
	})
}

// maxAddWords is how many words such a wish has at most.
const maxAddWords = 8

// withAsked is a text in which what is put on an order has the name of what was asked for.
func (t *turn) withAsked(text string) string {
	if t.k.template() != flowhq.EcommerceTemplate || len(text) > maxRead {
		return text
	}
	text = t.withWish(t.withAskedColour(t.withBrand(text)))
	// "Ngoja kwanza, gauni liwe M" says no goodbye.
	if o := t.next.Order; o != nil && len(o.Lines) > 0 && partChange.MatchString(text) {
		text = waitFirst.ReplaceAllString(text, "$1")
	}
	if plain := t.addsTopic(text); plain != "" {
		return plain
	}
	// "And a maxi dress M" wants one more.
	if at := andOne.FindStringIndex(text); at != nil && t.next.Order != nil &&
		len(t.next.Order.Lines) > 0 && !strings.Contains(text, "?") &&
		len(split(text)) <= maxAddWords && len(idsOf(t.named(t.k.products, text))) == 1 &&
		!asksInWords(split(text)) {
		return "add " + joinFirst.ReplaceAllString(text, "")
	}
	parts := besideParts(text)
	if len(parts) < 2 || len(parts) > maxPartsRead {
		return text
	}
	var b strings.Builder
	name := ""
	for _, part := range parts {
		words := split(part.text)
		switch said := t.thingAsked(part); {
		case said != "":
			name = said
		case name != "" && addsBare(words):
			// Whether there is one is seen where it is put on the order.
			part.text = strings.TrimRight(givenThere.ReplaceAllString(part.text, ""), " ") + " " + name
			name = ""
		}
		b.WriteString(part.text + part.mark)
	}
	return b.String()
}

// andOne begins one thing more.
var andOne = regexp.MustCompile(`(?i)^\s*(?:and|plus|also|oh and)\s+(?:also\s+)?(?:an?|one|two|three|four|five|another|\d{1,2})\s+`)

// withBrand is a text without the kind in front of a name that says it alone: "sabuni ya omo" is
// one thing, and no bar soap beside it.
func (t *turn) withBrand(text string) string {
	all := t.named(t.k.products, text)
	for i := 1; i < len(all); i++ {
		kind, m := all[i-1], all[i]
		p := t.k.product[m.ID]
		if p == nil || !m.Exact || kind.ID == m.ID || kind.Start < 0 || kind.End >= m.Start ||
			!ofThat.MatchString(text[kind.End:m.Start]) {
			continue
		}
		names := split(strings.Join(namesOf(p.Name, p.Aliases), " "))
		if !slices.ContainsFunc(split(text[kind.Start:kind.End]), func(w string) bool { return !slices.Contains(names, w) }) {
			return text[:kind.Start] + text[m.Start:]
		}
	}
	return text
}

// ofThat stands between a kind and a name.
var ofThat = regexp.MustCompile(`(?i)^\s+(?:ya|za|wa|la|cha|of)\s+$`)

// waitFirst stands in front of a change of mind.
var waitFirst = regexp.MustCompile(`(?i)(^\s*|[.…,!?]\s*)(?:ngoja|subiri|wait|hold on|hang on)(?:\s+(?:kwanza|kidogo|please|pls|a (?:sec|bit|minute|moment)))*[\s,.]+`)

// withWish is a text that is nothing but a list of goods with how many of each, with the verb of a
// wish: "2 jeans size 32" was answered as a question for the size.
func (t *turn) withWish(text string) string {
	if t.next.Order != nil || t.next.Ask.For != "" || strings.Contains(text, "?") ||
		len(split(text)) > maxBareList {
		return text
	}
	// The names alone are found before the text is read, which costs a hundred times as much.
	goods, areas := t.named(t.k.products, text), t.named(t.k.areas, text)
	if len(goods) == 0 || !t.onlyLists(text, goods, areas) {
		return text
	}
	p := t.readPart(text)
	if len(p.products) == 0 || slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
		return m.Quantity == 0 || !m.Exact || m.Start < 0
	}) || !t.onlyLists(text, p.products, p.areas) {
		return text
	}
	// The verb is of the language of the name.
	m := p.products[0]
	said := split(text[max(m.Start, 0):min(m.End, len(text))])
	swahili := t.say.language == flowhq.Swahili
	if name := t.k.product[m.ID].Name; anyOf(split(name.EN), said) != anyOf(split(name.SW), said) {
		swahili = anyOf(split(name.SW), said)
	}
	if swahili {
		return "nataka " + text
	}
	return "i want " + text
}

// onlyLists reports whether a text has nothing beside goods and areas but what stands in a list of
// goods.
func (t *turn) onlyLists(text string, goods, areas []entity.NameMatch) bool {
	rest := []byte(text)
	for _, m := range slices.Concat(goods, areas) {
		for i := max(m.Start, 0); i < min(m.End, len(rest)); i++ {
			rest[i] = ' '
		}
	}
	return !slices.ContainsFunc(split(string(rest)), func(w string) bool {
		return !hasWord(listWords, w) && !hasWord(colourWords, w) && !hasWord(courtesyWords, w) &&
			len(numbersSaid(w)) == 0 &&
			!slices.ContainsFunc(goods, func(m entity.NameMatch) bool {
				p := t.k.product[m.ID]
				return p != nil &&
					slices.ContainsFunc(p.Sizes, func(size string) bool { return strings.EqualFold(size, w) })
			})
	})
}

// anyOf reports whether two lists of words have one in common.
func anyOf(a, b []string) bool {
	return slices.ContainsFunc(a, func(w string) bool { return slices.Contains(b, w) })
}

// maxBareList is how many words such a list has at most, and listWords stand between its goods.
const maxBareList = 14

var listWords = keywords("size, saizi, namba, na, and, plus, ya, za, la, wa, of, in, the, a, kg, kilo, pair, pairs, pc, pcs, x, for, to, deliver, delivery, " +
	"niletee, leta, hi, hello, habari, mambo, kwa, color, colour, rangi")

// thingAsked is what a part of a message asks for with the words for its colour, "" if it asks for
// nothing or for several things.
func (t *turn) thingAsked(part besidePart) string {
	if !strings.Contains(part.mark, "?") && !asksAtBegin(part.text) && !thingThere.MatchString(part.text) {
		return ""
	}
	named := t.named(t.k.products, part.text)
	if len(idsOf(named)) != 1 {
		return ""
	}
	m := named[0]
	name := bareName(part.text[m.Start:m.End])
	if name == "" {
		return ""
	}
	if said := strings.TrimSpace(colourRun.FindString(part.text)); said != "" &&
		!slices.ContainsFunc(split(said),
			func(w string) bool { return slices.Contains(split(name), w) }) {
		name += " " + said
	}
	return name
}

// thingThere asks in Swahili whether there is a thing, behind its name.
var thingThere = regexp.MustCompile(`(?i)\b(?:[iyzvu]po|wapo|lipo|kipo|pia mna|mna(?:yo|zo|o|lo|cho|vyo)|kuna|zinapatikana|inapatikana|unapatikana)\b`)

// givenThere is the condition in front of the wish.
var givenThere = regexp.MustCompile(`(?i)^\W*(?:(?:if|kama|ikiwa)\s+(?:so|yes|you do|u do|you have(?: it)?|it is|it's there|available|there is|` +
	`[iyzuvl]i?po|wapo|ndio|ndiyo|mna\pL*|kuna)\W+(?:then\s+|basi\s+)?)`)

// withAskedColour is a text in which the colour behind a question is part of the question: "do you
// have belts? black leather" wishes nothing yet.
func (t *turn) withAskedColour(text string) string {
	mark := strings.Index(text, "?")
	if mark < 0 || strings.Count(text, "?") > 1 {
		return text
	}
	behind := strings.Trim(text[mark+1:], " .!\n")
	words := split(behind)
	if len(words) == 0 || len(words) > maxAskedColour || !colourRun.MatchString(behind) ||
		anyIn(words, addVerbs) || anyIn(words, wishWords) ||
		anyIn(words, landmarkWords) || len(numbersSaid(behind)) > 0 ||
		len(idsOf(t.named(t.k.products, text[:mark]))) != 1 {
		return text
	}
	return strings.TrimRight(text[:mark], " ") + ", " + behind + "?"
}

// maxAskedColour is how many words such a colour has at most.
const maxAskedColour = 3

// addsTopic is what puts the thing that was asked for last on the order, with its name, where the
// whole message says no more than that: "ongeza", "yes one". It is "" for any other message.
func (t *turn) addsTopic(text string) string {
	o, words := t.next.Order, split(text)
	p := t.k.product[t.next.Topic]
	if o == nil || len(o.Lines) == 0 || p == nil || !available(p) || strings.Contains(text, "?") ||
		!saysOnlyAdd(words) ||
		t.hasProduct(p.ID) || len(o.Unclear) > 0 ||
		slices.Contains([]string{askQuantity, askSize, askProduct}, t.next.Ask.For) {
		return ""
	}
	// A yes alone answers the question for the order itself.
	yes := anyIn(words, plainYes) && slices.Contains([]string{askHow, askArea}, t.next.Ask.For)
	if !anyIn(words, addVerbs) && !yes {
		return ""
	}
	n := "1"
	for _, w := range words {
		if said := numbersSaid(w); len(said) > 0 {
			n = w
		}
	}
	if t.say.language == flowhq.English {
		return "add " + n + " " + bareName(p.Name.In(t.say.language))
	}
	return "ongeza " + bareName(p.Name.In(t.say.language)) + " " + n
}

// hasProduct reports whether a product is on the order in the making.
func (t *turn) hasProduct(id string) bool {
	return slices.ContainsFunc(t.basket().Lines, func(l Line) bool { return l.Product == id })
}

// offerToAdd says how what was asked for comes on the order that is being made.
func (t *turn) offerToAdd(id string) {
	if o := t.next.Order; o != nil && len(o.Lines) > 0 && len(o.Unclear) == 0 && !t.hasProduct(id) &&
		len(t.p.products) > 0 && t.next.Topic == id && !anyIn(t.p.reading.Words, addVerbs) &&
		!anyIn(split(t.in.Message.Text), addVerbs) {
		t.tell("order.add_offer")
	}
}
