package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Changes of an order in words that say no plain verb: "sahau mkate, nimenunua tayari", "1kg mara
// 5". They are written as who says them plainly, and read as ever.

var (
	// forgetIt takes off what follows it, and gotAlready says that the customer has it from
	// elsewhere.
	forgetIt   = regexp.MustCompile(`(?i)\b(?:` + alternatives("forget it") + `)\s+(?:(?:the|that|about|hiyo|ile|hizo|zile|huo|ule|hayo|yale|any|my)\s+){0,2}$`)
	gotAlready = regexp.MustCompile(`(?i)[\s,.;!\-]*(?:\b(?:kwa sababu|because|cause|coz|cz|maana|as|since|cos)\s+)?\b(?:` + alternatives("has it already") +
		`)\b(?:\s+(?:it|one|some|them|that|already|tayari|dukani|kwingine|elsewhere|huku|hapa))*`)
	// notForgotten wants the thing that it names.
	notForgotten = regexp.MustCompile(`(?i)\b(?:(?:and |na |pls |please )*(?:do ?n'?t|do not|never) forget(?: about)?|(?:usi|msi)sahau)\s+(?:the |my |ule |hiyo |ile )?$`)
	// noForget stands in front of a "forget" that wants the thing.
	noForget = regexp.MustCompile(`(?i)\b(?:do ?n'?t|do not|never|not|usi|si)\s*$`)
)

// takesOffPlainly is a text that takes goods off an order by other words than a verb for that,
// written with one. The goods are on the order in the making, else on the one that is placed.
func (t *turn) takesOffPlainly(text string) string {
	if t.k.template() != flowhq.EcommerceTemplate || len(text) > maxRead ||
		strings.Contains(text, "?") || len(t.orderedIDs()) == 0 {
		return text
	}
	_, placed := t.placedOrder()
	has := gotAlready.FindStringIndex(text)
	off, from := "remove the ", " from the order"
	if t.swahiliHere(text) {
		off, from = "toa ", " kwenye oda"
	}
	forgotten := false
	named := t.named(t.k.products, text)
	slices.SortFunc(named, func(a, b entity.NameMatch) int { return b.Start - a.Start })
	for _, m := range named {
		if m.Start < 0 || !t.onOrder(m) {
			continue
		}
		if at := notForgotten.FindStringIndex(text[:m.Start]); at != nil {
			keep := "keep the "
			if t.swahiliHere(text) {
				keep = "bakiza "
			}
			text = text[:at[0]] + keep + text[m.Start:]
			continue
		}
		at := forgetIt.FindStringIndex(text[:m.Start])
		if at == nil || noForget.MatchString(text[:at[0]]) || !placed && has == nil {
			continue
		}
		text = text[:at[0]] + off + text[m.Start:m.End] + from + text[m.End:]
		forgotten = true
	}
	has = gotAlready.FindStringIndex(text)
	switch {
	case has == nil:
		return text
	case forgotten:
		return strings.TrimSpace(text[:has[0]] + text[has[1]:])
	}
	// "Nimeshanunua mkate": what is named beside it in its sentence is not needed any more.
	start, end := sentenceAround(text, has[0], has[1])
	var names []string
	for _, m := range t.named(t.k.products, text[start:end]) {
		if !t.onOrder(m) {
			return text
		}
		names = append(names, text[start+m.Start:start+m.End])
	}
	if len(names) == 0 || len(split(text[start:end])) > maxNaming+2 {
		return text
	}
	return strings.TrimSpace(text[:start] + off + strings.Join(names, ", ") + from + text[end:])
}

// swahiliHere reports whether a text takes something off in Swahili.
func (t *turn) swahiliHere(text string) bool {
	return swahiliOff.MatchString(text)
}

var swahiliOff = regexp.MustCompile(`(?i)\b(?:sahau\w*|ach(?:a|eni|ana)|usi\w+|msi\w+|si(?:hitaji|taki)|futa|n\w*(?:nunua|pata)|tayari)\b`)

var (
	// packTimes is a pack in groups 1 or 4 with how many of it in groups 2 or 3: "1kg mara 5", "5
	// times 1kg".
	packTimes = func() *regexp.Regexp {
		unit := `(?:` + alternatives("unit") + `)`
		pack := `((?:` + unit + `\s*\d{1,2}|\d{1,2}\s*` + unit + `|` + unit + `\s+(?:` + alternatives("counted") + `)))`
		count := `(\d{1,2}|` + alternatives("counted") + `)`
		times := `\s*(?:mara|times|x|\*|×)\s*`
		return regexp.MustCompile(`(?i)\b(?:(?:ya|wa|za|the)\s+)?(?:(?:kupima|loose|kupimiwa)\s+(?:ya |za )?)?(?:` + pack + times + count + `|` + count + times + pack + `)\b`)
	}()
	// notPack is a pack that is not meant: "sio kilo 5 mfuko".
	notPack = func() *regexp.Regexp {
		unit := `(?:` + alternatives("unit") + `)`
		amount := `(?:` + unit + `\s*\d{1,2}|\d{1,2}\s*` + unit + `)`
		bag := `(?:mfuko|bag|pack|packet|gunia|dumu|can)`
		return regexp.MustCompile(`(?i)\b(?:` + alternatives("not this but") + `|not)\s+(?:the |ile |ule |a )?(?:` + bag + `\s+(?:wa |ya |la |of )?` + amount + `|` +
			amount + `\s+` + bag + `|` + amount + `)\b[\s,.]*(?:(?:nataka|naomba|i want|nilitaka|i wanted|i meant|but|bali)\s+)?`)
	}()
)

// packsTimes is a text in which packs with their number are written as a plain change of a line,
// where they are of something on the order: "sio kilo 5 mfuko, nataka ya kupima 1kg mara 5".
func (t *turn) packsTimes(text string) string {
	o := t.next.Order
	at := packTimes.FindStringSubmatchIndex(text)
	if t.k.template() != flowhq.EcommerceTemplate || o == nil || at == nil || len(text) > maxRead {
		return text
	}
	group := func(a, b int) string {
		if at[2*a] >= 0 {
			return text[at[2*a]:at[2*a+1]]
		}
		return text[at[2*b]:at[2*b+1]]
	}
	pack, count := group(1, 4), group(2, 3)
	start, end := at[0], at[1]
	from, _ := sentenceAround(text, start, end)
	if not := notPack.FindStringIndex(text[from:start]); not != nil && from+not[1] == start {
		start = from + not[0]
	}
	// The name of what is packed so, right in front.
	var on []string
	for _, m := range t.named(t.k.products, text[from:end]) {
		if m.Exact && t.onOrder(m) && bareName(text[from+m.Start:from+m.End]) != "" {
			on, start = append(on, m.ID), min(start, from+m.Start)
		}
	}
	for _, m := range t.named(t.k.products, text[end:]) {
		if len(on) == 0 && m.Exact && t.onOrder(m) && len(split(text[end:end+m.Start])) < 2 &&
			!listBreak.MatchString(text[end:end+m.Start]) {
			on, end = append(on, m.ID), end+m.End
			break
		}
	}
	if not := notPackBehind.FindStringIndex(text[end:]); not != nil {
		end += not[1]
	}
	q := entity.Find(pack).Quantities
	if len(q) != 1 || len(on) > 1 {
		return text
	}
	for _, l := range o.Lines {
		p := t.k.product[l.Product]
		if p == nil || len(on) == 1 && on[0] != l.Product && !t.samePack(on[0], l.Product) {
			continue
		}
		for _, other := range t.packsOf(p) {
			said := inUnit(q[0])
			// Of several things that come so, its name says which.
			if size, ok := packOf(other); !ok || size.Value != said.Value || size.Unit != said.Unit ||
				len(t.packsOf(p)) < 2 && len(on) == 0 {
				continue
			}
			return t.writePacks(text, start, end, l.Product, other.ID, count)
		}
	}
	return text
}

// notPackBehind is the pack that is not meant, behind the one that is: "badala ya mfuko", "not the
// bag".
var notPackBehind = regexp.MustCompile(`(?i)^[\s,]*(?:(?:tu|only|na)\s+)?(?:` + alternatives("not this but") + `)\s+(?:(?:the|a|that|ule|ile|wa|ya)\s+)?` +
	`(?:(?:kilo|kg|lita)?\s*\d{1,2}\s*(?:kg|kilo|l|lita|litre)?\s*)?(?:mfuko|bag|pack|packet|gunia|dumu|can)\b(?:\s+(?:wa|ya|la|of)?\s*(?:kilo|kg|lita)?\s*\d{1,2}\s*(?:kg|kilo|l|lita|litre)?)?`)

// swahiliPacks are words of such a change in Swahili.
var swahiliPacks = regexp.MustCompile(`(?i)\b(?:mara|sio|siyo|badala|nataka|naomba|mfuko|kupima|lita|tu|na|ya)\b`)

// englishPacks are those in English.
var englishPacks = regexp.MustCompile(`(?i)\b(?:times|not|instead|want|bag|loose|litres?|please|and|of|the|meant)\b`)

// writePacks writes a span of a text as so many of a pack, in the place of another pack of the same
// thing on the order.
func (t *turn) writePacks(text string, start, end int, held, id, count string) string {
	plain := ""
	if held != id {
		plain = "toa " + t.plainName(held) + ", "
	}
	plain += "weka " + count + " " + t.plainName(id)
	english := t.say.language == flowhq.English && !swahiliPacks.MatchString(text) ||
		englishPacks.MatchString(text)
	if english {
		plain = ""
		if held != id {
			plain = "remove " + t.plainName(held) + ", "
		}
		plain += "add " + count + " " + t.plainName(id)
	}
	return text[:start] + plain + text[end:]
}

// plainName is the owner's name of a product, without its comma, which would part it.
func (t *turn) plainName(id string) string { return strings.ReplaceAll(t.k.nameOf(id, t.say), ",", "") }

var (
	// topicWish stands behind the name of what is wanted: "mnauza mashati, nataka ya kiume mawili".
	// Group 1 is the verb, group 2 the kind and group 3 the count.
	topicWish = regexp.MustCompile(`(?i)^[\s,.!]+(?:so |na |basi )?(nataka|naomba|nahitaji|ningependa|niwekee|nipe|nichukue|nachukua|i want|i need|i'?d like|give me|i'?ll take|can i get|can i have)\s+` +
		`((?:ya|za|la|wa|cha|vya|the)\s+\pL+\s+|(?:men'?s|ladies'?|women'?s|kids'?)\s+)?(\d{1,2}|` + agreed + `|` + alternatives("counted") + `)\b`)
	// topicSeen says that there is such a thing.
	topicSeen = regexp.MustCompile(`(?i)\b(?:naona|nimeona|niliona|mnauza|mna|i see|i saw|saw|you sell|u sell|you have|u have|kuhusu|about)\b`)
	// topicGreets greets in front of it.
	topicGreets = regexp.MustCompile(`(?i)^\s*(?:habari(?: zenu| yako)?|hi|hello|hey|mambo|niaje|shikamoo|salaam|good (?:morning|afternoon|evening))\b`)
)

// agreed is a number in Swahili that agrees with what it counts: "mashati mawili".
const agreed = `(?:ma|wa|vi|mi|m)(?:wili|tatu|nne|tano)|mmoja|kimoja|limoja`

// topicCounted is a text that names a thing first and says how many behind it, written with the
// name behind the count.
func (t *turn) topicCounted(text string) string {
	if t.k.template() != flowhq.EcommerceTemplate || len(text) > maxRead {
		return text
	}
	for _, m := range t.named(t.k.products, text) {
		if m.Start < 0 || m.End > len(text) {
			continue
		}
		at := topicWish.FindStringSubmatchIndex(text[m.End:])
		start, _ := sentenceAround(text, m.Start, m.End)
		if at == nil || !topicSeen.MatchString(text[start:m.Start]) ||
			strings.Contains(text[m.End:m.End+at[2]], "?") {
			continue
		}
		behind := text[m.End+at[1]:]
		// The count is of what follows it.
		if next := t.named(t.k.products, behind); slices.ContainsFunc(next, func(n entity.NameMatch) bool {
			return n.Start >= 0 && n.Start <= maxGap && !listBreak.MatchString(behind[:n.Start]) &&
				len(split(behind[:n.Start])) < 2
		}) {
			continue
		}
		kind := ""
		if at[4] >= 0 {
			kind = " " + strings.TrimSpace(text[m.End+at[4]:m.End+at[5]])
		}
		lead := text[:start]
		if hi := topicGreets.FindString(text[start:m.Start]); hi != "" {
			lead += hi + ", "
		}
		verb, name, count := text[m.End+at[2]:m.End+at[3]], text[m.Start:m.End], text[m.End+at[6]:m.End+at[7]]
		if english := strings.Contains(verb, " "); english {
			return lead + verb + " " + count + kind + " " + name + behind
		}
		return lead + verb + " " + name + kind + " " + count + behind
	}
	return text
}
