package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/token"
)

// A number at the beginning of the answer to "how many?" is the answer, whatever stands behind it:
// "two, diff colours if possible. im in kasarani". It was lost to the question that the rest
// resembles. And colours with their numbers count nothing beside the number that they come to: "two
// dresses!! one blue, one orange". So the number is written with the name of what it counts, and
// the colours are taken out and noted.

var (
	// countHead is a number at the beginning, in group 2, and the word behind it in group 3; group
	// 1 leads to it.
	countHead = regexp.MustCompile(`(?is)^[\s\W]*((?:(?:` + alternatives("count lead") + `)[\s,.!:]+)*)(\d{1,2}|` + agreed + `|` + alternatives("counted") + `)\b(?:\s+(\pL+))?`)
	// countAlone stands right behind a number that is a count, and goesOnCount is a word that may.
	countAlone  = regexp.MustCompile(`^\s*(?:[,;!\n]+|\.(?:\s|$)|$)`)
	goesOnCount = listOf("behind a count")
	// saidSo repeats a count that was not heard.
	saidSo = regexp.MustCompile(`(?i)\b(?:said|told you|nimesema|nilisema|nmesema)\b`)
	// countOfColours is a colour with its number, and mixedColours are colours that are only to
	// differ.
	countedColours = func() *regexp.Regexp {
		number := `(?:\d{1,2}|one|two|three|four|moja|mbili|tatu|nne|` + agreed + `)`
		one := `(?:` + number + `\s+(?:in |ya |la |iwe |ziwe |rangi ya )?` + colour + `|` + colour + `\s+` + number + `)`
		return regexp.MustCompile(`(?i)\b` + one + `(?:[\s,]*(?:and|na|&|then)?[\s,]*` + one + `)+\b`)
	}()
	mixedColours = regexp.MustCompile(`(?i)\b(?:(?:in |with |ziwe |ya |za )?(?:diff|different|mixed|assorted|various)\s+colou?rs?|(?:ziwe |ya |za )?rangi\s+(?:tofauti(?: tofauti)?|mbalimbali|mchanganyiko))` +
		`(?:\s+(?:if possible|please|pls|kama inawezekana|ikiwezekana|tafadhali|if available))?`)
	totalSaid = regexp.MustCompile(`(?i)[\s,.;!]*\b(?:total|jumla|in total|altogether|zote|all)\s+(?:ni\s+|is\s+|of\s+)?(\d{1,2}|` + alternatives("counted") + `)\b\s*$`)
)

// headCounted is an input whose answer to "how many?", or whose repeated count, is written with the
// name of what is counted, and without the colours that parts of it are to have.
func (t *turn) headCounted(in Input) Input {
	text := in.Message.Text
	if t.k.template() != flowhq.EcommerceTemplate || len(text) > maxRead {
		return in
	}
	text, colours := t.withoutColourCounts(text)
	m := countHead.FindStringSubmatchIndex(text)
	id := t.countedThing()
	p := t.k.product[id]
	if m == nil || p == nil {
		return t.withColours(in, text, colours)
	}
	number, behind := text[m[4]:m[5]], text[m[5]:]
	n := 0
	if said := numbersSaid(number); len(said) > 0 {
		n = int(said[0])
	}
	next := ""
	if m[6] >= 0 {
		next = strings.ToLower(text[m[6]:m[7]])
	}
	// A question beside it, and sizes with counts of their own, are read as ever.
	if within(n) == 0 || slices.Contains(p.Sizes, strconv.Itoa(n)) || strings.TrimSpace(behind) == "" &&
		colours == "" ||
		strings.Contains(text, "?") || asksInWords(split(behind)) ||
		len(entity.SizeCounts(behind, p.Sizes)) > 0 {
		return t.withColours(in, text, colours)
	}
	words := split(strings.Join(namesOf(p.Name, p.Aliases), " "))
	asked := t.next.Ask.For == askQuantity || saidSo.MatchString(text[m[2]:m[3]])
	switch {
	// "Two dresses", where one kind of dress is on the order.
	case next != "" && (slices.Contains(words, next) || slices.Contains(words, singular(next))) &&
		t.sharedName(next, id):
		text = text[:m[4]] + t.wantsLead(text, m) + number + " " + t.plainName(id) + text[m[7]:]
	case asked && (countAlone.MatchString(behind) || hasWord(goesOnCount, next)):
		text = text[:m[4]] + t.wantsLead(text, m) + number + " " + t.plainName(id) + joinCount(behind)
	}
	return t.withColours(in, text, colours)
}

// wantsLead is a verb for a wish in front of a count that has none: two of a name alone ask what it
// costs.
func (t *turn) wantsLead(text string, m []int) string {
	switch {
	case anyIn(split(text[m[2]:m[3]]), orderVerbs):
		return ""
	case token.Spelled(strings.ToLower(text[m[4]:m[5]])) && !englishCount.MatchString(text[m[4]:m[5]]),
		t.say.language == flowhq.Swahili && !englishCount.MatchString(text[m[4]:m[5]]):
		return "nataka "
	}
	return "i want "
}

// englishCount is a number in English words.
var englishCount = regexp.MustCompile(`(?i)^(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|a|an)$`)

// joinCount parts what stands behind a count from the name that is put there.
func joinCount(behind string) string {
	if behind = strings.TrimLeft(behind, " "); behind == "" || strings.ContainsAny(behind[:1], ",.;!\n") {
		return behind
	}
	return ", " + behind
}

// countedThing is the product that a bare count is of: the one that was asked about, else the only
// one on the order.
func (t *turn) countedThing() string {
	if t.next.Ask.For == askQuantity && t.next.Ask.About != "" {
		return t.next.Ask.About
	}
	if o := t.next.Order; o != nil && len(o.Lines) == 1 && len(o.Unclear) == 0 {
		return o.Lines[0].Product
	}
	return ""
}

// sharedName reports whether a word names several products, or another one than is meant by likeness.
func (t *turn) sharedName(word, id string) bool {
	return len(t.k.product[id].Sizes) > 0 &&
		!slices.ContainsFunc(t.named(t.k.products, word), func(m entity.NameMatch) bool {
			return m.Exact && m.ID != id && !slices.Contains(m.Others, id)
		})
}

// withColours is an input with a text and the colours that were taken out of it.
func (t *turn) withColours(in Input, text, colours string) Input {
	if colours != "" {
		in.Message.Text, in.colours = text, oneLine(colours, maxWish)
	} else {
		in.Message.Text = text
	}
	return in
}

// withoutColourCounts is a text without colours that count the parts of a number that it says as
// well, and those.
func (t *turn) withoutColourCounts(text string) (rest, colours string) {
	at := mixedColours.FindStringIndex(text)
	sum := 0
	if at == nil {
		if at = countedColours.FindStringIndex(text); at == nil {
			return text, ""
		}
		for _, n := range numbersSaid(text[at[0]:at[1]]) {
			sum += int(n)
		}
	}
	from, to := at[0], at[1]
	if end := ifToBeHad.FindStringIndex(text[to:]); end != nil {
		to += end[1]
	}
	said := numbersSaid(text[:from] + " " + text[to:])
	held := t.next.Order != nil && len(t.next.Order.Lines) == 1 && t.next.Order.Lines[0].Quantity == sum
	// Without a thing to note them with they stay where they are.
	if t.countedThing() == "" &&
		!slices.ContainsFunc(t.named(t.k.products, text), func(m entity.NameMatch) bool { return m.Exact }) {
		return text, ""
	}
	if t.asksInPart(text, from) || sum > 0 && !held && !slices.Contains(said, int64(sum)) ||
		sum == 0 && len(said) == 0 || slices.ContainsFunc(split(text[from:to]), t.namesColoured) {
		return text, ""
	}
	colours = strings.Trim(text[from:to], " ,.;!")
	rest = strings.TrimRight(text[:from], " ,") + strings.TrimRight(text[to:], " ")
	if m := totalSaid.FindStringSubmatchIndex(rest); m != nil && sum > 0 {
		if n := numbersSaid(rest[m[2]:m[3]]); len(n) > 0 && int(n[0]) == sum &&
			slices.Contains(numbersSaid(rest[:m[0]]), int64(sum)) {
			rest = rest[:m[0]]
		}
	}
	if strings.TrimSpace(rest) == "" {
		return text, ""
	}
	return rest, colours
}

// asksInPart reports whether the part of a text at a place is a question.
func (t *turn) asksInPart(text string, at int) bool {
	for _, one := range piecesOf(text) {
		if i := strings.Index(text, one.text); i >= 0 && i <= at && at < i+len(one.text) {
			return one.asks
		}
	}
	return false
}

// namesColoured reports whether a colour is in the name of a product: a white shirt is no wish for
// white.
func (t *turn) namesColoured(word string) bool {
	return hasWord(colourWords, word) &&
		slices.ContainsFunc(t.named(t.k.products, word), func(m entity.NameMatch) bool { return m.Exact })
}

// tellColours says that colours were noted which the read-back does not show, or notes them on what
// was placed.
func (t *turn) tellColours() {
	wish := t.in.colours
	if wish == "" {
		return
	}
	if o := t.next.Order; o != nil && len(o.Lines) > 0 {
		if o.setColours(wish); !strings.Contains(t.reply(), wish) {
			t.tellWish(wish)
		}
		return
	}
	if !slices.ContainsFunc(t.facts, func(f flowhq.FactChange) bool { return f.Order != nil && strings.Contains(f.Order.Note, wish) }) {
		t.noteOnPlaced(wish)
	}
}

// setColours notes colours in the place of those that were wished before in other words.
func (o *Basket) setColours(wish string) {
	var said []string
	for _, w := range split(wish) {
		if hasWord(colourWords, w) {
			said = append(said, w)
		}
	}
	kept := slices.DeleteFunc(strings.Split(o.Note, "; "), func(part string) bool {
		words := split(part)
		return anyIn(words, colourWords) && part != wish &&
			!slices.ContainsFunc(words, func(w string) bool {
				return hasWord(colourWords, w) && !slices.Contains(said, w) && !strings.HasPrefix(w, "colo")
			})
	})
	o.Note = strings.Join(kept, "; ")
	o.addNote(wish)
}
