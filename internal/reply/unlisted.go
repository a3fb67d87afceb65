package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A thing that is asked for and is on no list: "bei ya braids", "book me for a massage". The list
// of all prices was the answer, and the customer did not learn whether there is one.

var (
	// asksThing leads to what is asked for, and thingPriced follows it.
	asksThing = regexp.MustCompile(`(?i)(?:^|[\s,.!?])(?:do (?:you|u|ya)(?: guys)?(?: also| still)? (?:do|have|offer|sell|stock|make|provide)|` +
		`(?:how much|hw much|price)(?: is| are| for| of|'s|s)*|(?:i|we) (?:want|need|would like)(?: to (?:get|book|buy|order|have|do))?|` +
		`i'?d like(?: to (?:get|book|buy|order|have))?|can (?:i|we) (?:get|have|book|buy|order)|book(?: me)?(?: in)?(?: for)?|looking for|` +
		`(?:bei|gharama)(?: ya| za| ni)?|mna(?:yo|zo|vyo)?|mnafanya|mnatoa|mnauza|mnapima|nataka(?: kubook| kununua| kufanya| kupima)?|` +
		`naomba(?: kubook| kununua| kufanya| kupima)?|nahitaji(?: kupima)?|natafuta|nauliza(?: kuhusu)?|kubook|kupima)\s+`)
	thingPriced = regexp.MustCompile(`(?i)^\s*(?:(?:hi|hello|habari|mambo|niaje|na|and)[\s,]+)*((?:\pL+\s+){1,3}?)(?:ni\s+)?(?:sh\s+ngapi|shilingi\s+ngapi|bei\s+(?:gani|ngapi|yake)|` +
		`kiasi\s+gani|how\s+much|price|cost|bei)\b`)
	// beforeThing stands between the two.
	beforeThing = keywords("a, an, the, some, any, for, of, my, me, ya, za, wa, huduma, service, pia, also, na, and, mtu, moja, one, to")
	// noThings are asked for as things are, and are on no list of things.
	noThings = listOf("no thing")
	// measures say how much of a thing.
	measures = keywords("inch*, inchi, cm, sentimita, meter*, metre*, mita, kilo*, kg*, gram*, lita, litre*, liter*, ml, futi, feet, foot, dozen, dazani, " +
		"pack*, piece*, pair*, bottle*, box*, pakti, boksi, chupa, mfuko, gunia, sack*, bag*, debe, tray*, trei")
	// treatments are what is done to a customer, of all words that begin as a verb does.
	treatments = keywords("kusuka, kutoboa, kuchora, kuosha, kusafisha, kung'arisha")
)

// unlisted is the thing that the message asks for and that is on no list, as it was written; "" if
// there is none. What is near a name of the owner's, or that anything is known of, is no such
// thing.
func (t *turn) unlisted() string {
	p := &t.p
	if len(p.services) > 0 || len(p.products) > 0 || p.has(actAnswer) ||
		t.k.template() == flowhq.SupportTemplate {
		return ""
	}
	for _, at := range asksThing.FindAllStringIndex(p.text, maxParts) {
		if thing := t.thingIn(p.text[at[1]:]); thing != "" {
			return thing
		}
	}
	if m := thingPriced.FindStringSubmatch(p.text); m != nil {
		return t.thingIn(m[1])
	}
	return ""
}

// thingIn is the thing that a text begins with, "" if its first word is known to be anything else.
func (t *turn) thingIn(text string) string {
	if i := strings.IndexAny(text, ".,;:!?\n"); i >= 0 {
		text = text[:i]
	}
	var thing []string
	for _, w := range strings.Fields(strings.ToLower(text)) {
		if len(thing) == 0 && hasWord(beforeThing, w) {
			continue
		}
		if len(thing) == maxKin+1 || !t.isStrange(w) {
			break
		}
		thing = append(thing, w)
	}
	if len(thing) == 0 || !slices.ContainsFunc(thing, func(w string) bool { return len(w) >= minSubject }) {
		return ""
	}
	return strings.Join(thing, " ")
}

// isStrange reports whether nothing is known of a word: it is on no list of the owner's and touches
// nothing that a message may be about.
func (t *turn) isStrange(w string) bool {
	if t.k.words[w] || t.k.otherNames[w] || entity.IsCommon(w) || understand.IsPerson(w) ||
		countDigits(w) > 0 ||
		t.k.staff[w] != "" || strings.HasPrefix(w, "ku") && !hasWord(treatments, w) {
		return false
	}
	if slices.ContainsFunc([][]keyword{stockWords, genericWords, dayWords, countFillers, saysNothing, courtesyWords, yesHead, aroundWish,
		wishWords, landmarkWords, titles, colourWords, softQuestion, companions, allusions, emptyWords, noThings, whoServes, measures},
		func(list []keyword) bool { return hasWord(list, w) }) {
		return false
	}
	return !slices.ContainsFunc(understand.ConceptsOf(w), func(c string) bool { return !slices.Contains(thingConcepts, c) })
}

// thingConcepts are of things that are sold or done.
var thingConcepts = []string{"product", "stock", "care", "food", "clothes"}

// tellUnlisted says that a thing is on no list, passes the question on, and says what there is. It
// reports whether the message asks for such a thing.
func (t *turn) tellUnlisted() bool {
	if t.unlisted() == "" {
		return false
	}
	if t.k.template() != flowhq.BookingTemplate {
		t.unanswered("unanswered.stock")
		return true
	}
	if said := t.render("service.unlisted"); said != "" && strings.Contains(t.reply(), said) {
		return true // another part of the turn has told it
	}
	t.tell("service.unlisted")
	t.noteUnanswered()
	var names []string
	for _, s := range firstOf(t.k.offered(), maxOptions) {
		names = append(names, s.Name.In(t.say.language))
	}
	if t.next.Booking == nil && !t.p.has(actBook) && len(names) > 0 {
		t.tell("service.offered", "names", and(t.say.language, names))
	}
	return true
}

var (
	// listJoin parts the goods of a list.
	listJoin = regexp.MustCompile(`(?i)[,;\n+&]+\s*|[.!]+\s+|\s+(?:and|n|na|plus|pamoja na|with)\s+(?:also\s+|pia\s+)?`)
	// countedLead stands in front of one of them, and countedThing is one: how many, in what, and
	// the thing.
	countedLead = regexp.MustCompile(`(?i)^(?:(?:hi|hello|habari|mambo|i|want|need|nataka|naomba|nahitaji|niletee|nipe|please|pls|also|pia|add|ongeza|get|me|send|bring|` +
		`give|some|i'll|ill|take|can|have|order|we|(?:you|u) (?:forgot|missed|left out|skipped)(?: the| my)?|(?:m|u)mesahau|(?:m|u)lisahau)\s+)+`)
	countedThing = regexp.MustCompile(`(?i)^(?:(\d{1,3}|an?|one|two|three|four|five|moja|mbili|some)\s+)?(?:(?:packets?|pkts?|packs?|pieces?|pcs|pairs?|bottles?|boxes|box|` +
		`tins?|cans?|bars?|dozens?|pakti|pakiti|boksi|chupa|kopo|pea|jozi)\s+(?:of\s+|za\s+|ya\s+)?)?(\pL+(?:\s+\pL+)??)(?:\s+(?:\d{1,3}|moja|mbili|tatu|please|pls|tafadhali))*$`)
)

// bringsBehind begins what is said behind the goods of a list: where they go, and when.
var bringsBehind = regexp.MustCompile(`(?i)\s+(?:deliver(?:ed|y)?|mniletee|nileteeni|niletee|mnilete|leteni|ziletwe|today|2day|tomorrow|2moro|tmrw|leo|kesho|before|b4|by|kabla|` +
	`in|to|at|nipo|niko)\b.*$`)

// greenForm are green vegetables, which many owners have on no list. In Swahili a word of theirs is
// that for tea leaves.
var greenForm = regexp.MustCompile(`(?i)^(?:mboga (?:za )?majani|mboga ?mboga|greens|green vegetables|veg(?:etable)?s|sukuma(?: wiki)?|mchicha|matembele|spinach)$`)

// areGreens reports whether a part of a list is of such, where the owner has none.
func (t *turn) areGreens(part string) bool {
	return greenForm.MatchString(part) &&
		!slices.ContainsFunc(t.named(t.k.products, part), func(m entity.NameMatch) bool {
			p := t.k.product[m.ID]
			return p != nil && slices.ContainsFunc(namesOf(p.Name, p.Aliases), func(n string) bool { return strings.EqualFold(n, part) })
		})
}

// pleaseBehind asks nicely, at the end.
var pleaseBehind = regexp.MustCompile(`(?i)[\s,]+(?:please|pls|plz|tafadhali)$`)

// withoutStrange is an input without the goods of a list that are on no list of the owner's, and
// those: "2 packets of biscuits and 1kg rice". Their number was taken for the rice.
func (t *turn) withoutStrange(in Input) (rest Input, strange []string) {
	text := in.Message.Text
	if t.k.template() != flowhq.EcommerceTemplate || len(text) > maxRead ||
		strings.ContainsAny(text, "?") ||
		len(t.named(t.k.products, text)) == 0 {
		return in, nil
	}
	from, kept := 0, ""
	cuts := append(listJoin.FindAllStringIndex(text, maxParts), []int{len(text), len(text)})
	for _, at := range cuts {
		part := strings.Trim(text[from:at[0]], " .!")
		// Where and when they are brought stays.
		tail := bringsBehind.FindString(part)
		part = strings.TrimSuffix(part, tail)
		bare := countedLead.ReplaceAllString(part, "")
		m := countedThing.FindStringSubmatch(bare)
		// "I need candles" has no number, and asks for them as well.
		counted := m != nil && (m[1] != "" || strings.ContainsAny(bare, "0123456789") || bare != part)
		if greens := strings.TrimPrefix(strings.ToLower(bare), "the "); t.areGreens(greens) ||
			counted && len(t.named(t.k.products, part)) == 0 &&
				len(t.named(t.k.areas, part)) == 0 && t.areStrange(split(m[2])) {
			strange = append(strange, pleaseBehind.ReplaceAllString(bare, ""))
			if tail != "" {
				kept = strings.TrimRight(kept, " ,;+&\n")
				kept = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(kept, " and"), " na"), " n") + tail
			}
			kept += text[at[0]:at[1]]
		} else {
			kept += text[from:at[1]]
		}
		from = at[1]
	}
	if len(strange) == 0 || len(t.named(t.k.products, kept)) == 0 {
		return in, nil
	}
	in.Message.Text = danglingJoin.ReplaceAllString(strings.Trim(kept, " ,;+&\n"), "")
	return in, strange
}

// danglingJoin is a joiner behind which nothing stands any more.
var danglingJoin = regexp.MustCompile(`(?i)[\s,]+(?:and|n|na|plus|with)$`)

// wantsUnlisted says of the one thing that is wanted that it is on no list, and reports whether it
// did: "nataka ariel" was asked what to order.
func (t *turn) wantsUnlisted() bool {
	return t.next.Order == nil && t.next.Topic == "" && t.p.has(actOrder) &&
		!t.p.has(actCancel, actStatus, actReturn, actChange) &&
		len(t.p.reading.Words) <= maxNaming && t.tellUnlisted()
}

// areStrange reports whether nothing is known of any of the words.
func (t *turn) areStrange(words []string) bool {
	return len(words) > 0 && len(words[len(words)-1]) > 2 &&
		!slices.ContainsFunc(words, func(w string) bool { return !t.isStrange(w) })
}

// noteStrange notes such goods with the order, and says that they are on no list.
func (t *turn) noteStrange(strange []string) {
	if len(strange) == 0 || t.handedOver() {
		return
	}
	t.noteUnanswered()
	t.tell("order.unlisted", "note", oneLine(strings.Join(strange, ", "), maxWish))
}
