package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// landmarkWords stand in what says where a house is. No list has the houses of a city, so that such
// a word is what tells an address from any other words.
var landmarkWords = keywords(`
	near, opposite, opp, behind, next to, beside, along, karibu na, nyuma ya, mbele ya, mkabala na,
	jirani, kando ya, pembeni ya, mtaa wa, mtaa, house, nyumba,
	apartment, apartments, apt, flat, flats, block, floor, ghorofa, street, avenue, stage, stendi,
	kituo cha, plot, gate, geti, gorofa, estate, mall, cinema, church, kanisa, kanisani, msikiti,
	msikitini, mosque, hospital, hospitali, sheli, petrol station, towers, plaza, hostel, building,
	jengo, hotel, hoteli, centre, center, roundabout, junction, shule ya, school
`)

// selfWords speak of the customer or plead. Such words were stored as the address of an order:
// "tafadhali mimi mteja wenu wa siku zote".
var selfWords = keywords(`
	mimi, me, i, im, my, we, us, our, sisi, mteja, customer, tafadhali, please, naomba, nisaidie,
	nisaidieni, bana, bwana, jamani, wangu, wenu, yenu, asante, thanks, samahani, sorry, you, nyie,
	nyinyi, kweli, nimesema, said, told
`)

// maxLandmark is how many words an address has at most: a story is none.
const maxLandmark = 16

// addressEnd are words with which an address is over: what follows is another wish, a time or a
// courtesy. fillers beside an area say nothing of where in it.
var (
	addressEnd = keywords(`
		ukifika, mkifika, akifika, nitalipa, ntalipa, nalipa, lipa, pay, paying, itafika, lini, saa,
		bei, how, when, what, ngapi, shilingi, sh, nipigie, nipigieni, piga, call, asante, thanks,
		thank, tafadhali, please, pls, plz, boss, bro,
		sawa, ok, okay, leo, kesho, today, tomorrow, asap, haraka,
		halafu, how much,
		mnaleta, mtaleta, can, could, will, naomba, nataka, is, are, which, gani, cash, mpesa, je,
		in, before, na, and, with, for, jioni, asubuhi, mchana, now, sasa, hivi, early,
		do, does, kuna, nauli, is there, on, by, kwa, from, iwe, ni, lakini, but, ila, au, or,
		jumla, total, nipo, niko
	`)
	fillers = keywords(`
		tu, only, area, side, hapa, huku, kule, pale, there, here, nyumbani, kwangu, home, house,
		mjini, town, ndio, yes, order, oda, delivery, mzigo, yangu, my, ofisini, office, kazini, work, place, usual,
		same, kawaida, kama, ile, ileile, siku, zote, pale, the, that
	`)
	addressWord = regexp.MustCompile(`\S+`)
	// A point behind a short word shortens it: "opp. the Aga Khan", "no. 12".
	lineEnd = regexp.MustCompile(`[\n?!;]|\pL{5}\.(?:\s|$)`)
)

// weekdays end an address: "westlands on friday".
var weekdays = keywords(strings.Join(weekdayNames, ",") + ", today, tomorrow, leo, kesho, tonight")

// addressBehind is the address that stands with an area: "sinza mori karibu na kituo cha polisi",
// "near the mosque in sinza". It is "" if nothing but the area is said.
func (t *turn) addressBehind(area string) string {
	p := &t.p
	// Two areas in one message may be from where and to where.
	i := slices.IndexFunc(p.areas, func(m entity.NameMatch) bool { return m.ID == area })
	if i < 0 || len(idsOf(p.areas)) > 1 {
		return ""
	}
	m := p.areas[i]
	end := len(p.text)
	if at := lineEnd.FindStringIndex(p.text[m.End:]); at != nil {
		end = m.End + at[1]
	}
	end = t.addressStop(m.End, end)
	// Word by word: an address ends where the next wish begins.
	told, last := false, ""
	for n, at := range addressWord.FindAllStringIndex(p.text[m.End:end], maxLandmark) {
		words := split(p.text[m.End+at[0] : m.End+at[1]])
		if len(words) == 0 {
			continue
		}
		// A point behind a whole word ends it: "near City Mall. Do I pay first".
		if before := strings.TrimSpace(p.text[m.End : m.End+at[0]]); strings.HasSuffix(before,
			".") && len(last) > minAddressWords {
			end = m.End + at[0]
			break
		}
		rest := split(p.text[m.End+at[0] : end])
		// "Buguruni kwa mnyamani" is a place: who lives there names it.
		named := words[0] == "kwa" && len(rest) > 1 && !anyIn(rest[1:2], addressEnd) && n <= 1
		// "Karibu na" has a word that ends an address elsewhere.
		// "Ask for Judy" ends the address for the rider, and asks nothing of us.
		inside := last == "ask" && words[0] == "for" ||
			anyIn([]string{last, words[0]}, landmarkWords) ||
			anyIn(rest[:min(len(rest), 2)], landmarkWords)
		// A comma ends the landmark: "Mkunguni street, today", "near Mater hospital, how much".
		inside = inside && !(strings.HasSuffix(strings.TrimSpace(p.text[m.End:m.End+at[0]]), ",") &&
			(anyIn(words[:1], weekdays) || asksInLine(p.text[m.End+at[0]:end])))
		last = words[len(words)-1]
		// "Masaki please, Haile Selassie road" goes on behind the comma.
		if anyIn(words[:1], pleading) && strings.HasPrefix(p.text[m.End+at[0]:end], words[0]+",") {
			continue
		}
		if !named && !inside && (anyIn(words[:1], addressEnd) || anyIn(words[:1], weekdays) ||
			finiteVerb.MatchString(words[0])) {
			end = m.End + at[0]
			break
		}
		told = told || !anyIn(words[:1], fillers)
	}
	// What stands in front of the area belongs to it only if it is a landmark.
	from := m.Start
	if before := t.landmarkBefore(m); before >= 0 {
		from, told = before, true
	}
	if !told {
		return ""
	}
	return plainAddress(p.text[from:end])
}

// namesReceiver begins the name of who receives an order.
var namesReceiver = regexp.MustCompile(`(?i)[\s,.;]+(?:(?:my |the |his |her )?name(?: is|:|'s)?|jina(?: langu| ni| lake|:)*|naitwa|anaitwa)(?:\s+\pL|\s*$)`)

// addressStop is where what stands between two places of the message is no address any more: at a
// product, an amount of money, a question or a phone number.
func (t *turn) addressStop(from, end int) int {
	p := &t.p
	for _, other := range p.products {
		// "Big Brother bar" is no bar of soap.
		if other.Exact && other.Start >= from && other.Start < end {
			end = other.Start
		}
	}
	for _, q := range p.entities.Money {
		if q.Start >= from && q.Start < end {
			end = q.Start
		}
	}
	// A question behind the place is none of it: "sinza kwa Remmy, inachukua muda gani?".
	for _, piece := range piecesOf(p.text[from:end]) {
		if at := strings.Index(p.text[from:end], piece.text); piece.asks && at > 0 {
			end = from + at
		}
	}
	// Nor is the name of who receives: "Sinza Mori, jina Bi Fatuma".
	if at := namesReceiver.FindStringIndex(p.text[from:end]); at != nil {
		end = from + at[0]
	}
	for _, phone := range p.entities.Phones {
		if phone.Start >= from && phone.Start < end {
			end = phone.Start
		}
	}
	return end
}

// plainAddress is an address without the verb in front of it and the beginning of the next sentence
// behind it: "deliver to Kilimani, Yaya", "gate B. I'll".
func plainAddress(text string) string {
	if at := namesReceiver.FindStringIndex(text); at != nil && at[0] > 0 {
		text = text[:at[0]]
	}
	text = strings.Trim(withoutReceiver(text), " ,-.?!;\n")
	if at := politeLead.FindStringIndex(text); at != nil && at[1] < len(text) {
		text = text[at[1]:]
	}
	for _, lead := range []*regexp.Regexp{leadsAddress, amLead} {
		if at := lead.FindStringIndex(text); at != nil && at[1] < len(text) {
			text = text[at[1]:]
		}
	}
	if at := followsAddress.FindStringIndex(text); at != nil && at[0] > 0 {
		text = text[:at[0]]
	}
	text = notThere.ReplaceAllString(whyBehind.ReplaceAllString(text, ""), "")
	text = besidePlace.ReplaceAllString(text, ",")
	text = hourBehind.ReplaceAllString(strings.Trim(text, " ,-.?!;\n"), "")
	return oneLine(strings.Trim(text, " ,-.?!;\n"), maxAddress)
}

// hourBehind is what leads to an hour that was cut off.
var hourBehind = regexp.MustCompile(`(?i)\s+(?:(?:kabla|baada)(?:\s+ya)?|before|after|by)$`)

var (
	// pleading are words of courtesy in the middle of an address.
	pleading    = keywords("tafadhali, please, pls, plz, boss, bro, dada, kaka")
	besidePlace = regexp.MustCompile(`(?i),? (?:please|pls|plz|tafadhali|boss|bro|dada|kaka),`)
)

// placeClause parts what is said of a place from what else a message says.
var placeClause = regexp.MustCompile(`[,;!?\n]+|\.(?:\s|$)|` +
	`\s+(?i:lakini|but|ila|halafu|kisha)\s+|(?i:\s+(?:na|and|then|halafu|alafu)\s+` +
	`(?:i'?ll|i will|nita\w+|nta\w+|nalipa|pay\w*|ni?lete\w*|call|nipigie|cash|mpesa|m-pesa)\b)`)

// placePieces are the clauses of what is said of a place, and which of them ask something: "niko
// Sinza, inachukua muda gani?".
func placePieces(text string) (all []piece) {
	from := 0
	for _, at := range placeClause.FindAllStringIndex(text, 2*maxPartsRead) {
		all = append(all, piece{text: text[from:at[0]], asks: strings.Contains(text[at[0]:at[1]], "?")})
		from = at[1]
	}
	return append(all, piece{text: text[from:]})
}

// isNoPlace reports whether a clause says something else than a place.
func (t *turn) isNoPlace(clause string, words []string) bool {
	// "Karibu na bank ya NMB" names no way to pay.
	return anyIn(words, paysThen) || anyIn(words, riders) || knownWay(words) >= 0 &&
		!anyIn(words, landmarkWords) ||
		asksInLine(clause) || anyIn(words, whyNot) || staysUntil.MatchString(clause) ||
		len(t.in.memo.entitiesIn(clause).Money) > 0 || len(t.in.memo.entitiesIn(clause).Phones) > 0 ||
		anyIn(words, wantsPerson) ||
		!anyIn(words, landmarkWords) && (len(t.named(t.k.products, clause)) > 0 ||
			anyIn(words, wishWords) || anyIn(words, wishVerbs) || riderNote.MatchString(clause) ||
			entity.ReadYesNo(clause) != entity.Neither || asksInWords(words) ||
			len(t.named(t.k.areas, clause)) == 0 && endsAddress(words))
}

// staysUntil says until when the customer is somewhere: "i am at church till 12" is no address.
var staysUntil = regexp.MustCompile(`(?i)\b(?:till|until|mpaka|hadi)\s+(?:saa\s+\pL+|\d{1,2}\b)`)

// riders are who brings the goods. What is said of them is no place: "the rider should take the
// cylinder from the gate".
var riders = keywords("rider, riders, bodaboda, boda, driver, dereva")

// endsAddress reports whether one of the words of a clause ends an address. "Kwa" does not before a
// name: places are called after who lives there.
func endsAddress(words []string) bool {
	for i, w := range words {
		if hasWord(addressEnd, w) && (w != "kwa" || i+1 == len(words) || isNoName(words[i+1:i+2])) {
			return true
		}
	}
	return false
}

// whyNot asks why something was not done, behind a place that was said again.
var whyNot = keywords("mbona, kwa nini, kwanini, why, how come, hamjaandika, hujaandika")

// wishVerbs are of wishes that stand beside an address.
var wishVerbs = keywords("call, nipigie*, piga, bring, lete*, leta, come, njoo, dont, usi*, msi*")

// asksInLine reports whether a line asks for something: "n how much is delivery to mbezi beach"
// became the address of the order.
func asksInLine(line string) bool {
	return strings.Contains(line, "?") || anyIn(split(line), lineAsks)
}

// lineAsks are words of a line that asks for something.
var lineAsks = keywords(`
	how much, how long, when, what, ngapi, bei, gharama, lini, mnaleta, mnafika, mnafikisha,
	do you, can you, is there
`)

var (
	// leadsAddress is what stands in front of an address and says nothing of the place.
	leadsAddress = regexp.MustCompile(`(?i)^(?:(?:please|pls|ok|okay|sawa|poa|yes|ndiyo|ndio|na|` +
		`and|ila|but|lakini|basi|so|mimi|hapana|no|am|its|it's|that's|thats|hapo|sorry|samahani|pole|actually|wait|ngoja)[,:. ]+)*(?:(?:i|` +
		`we)(?:'ve| have)?(?: already| just)? (?:said|` +
		`told (?:you|u|ya))(?: already)?(?: its?| it is| that| i'?m in| i am in)?|(?:si )?(?:nime|nili|nimesha|nilisha|nisha|tume|tuli)(?:sema|ku?w?ambia|waambia|eleza|taja)(?: ni| kuwa| kwamba)?|it is|` +
		`(?:deliver|bring|send|take)(?: it| them)?(?: to)?|delivery(?: to| ni)?|(?:m?niletee|` +
		`niletewe|nileteeni|nipelekee|nipelekeeni|nitumie|leteni|ilete|lete|leta)(?: (?:kwa|` +
		`mpaka|hadi|huku))?|(?:i am|i'?m|am|we are|we'?re|i live|i stay|we live|we stay) (?:in|at)|` +
		`(?:(?:change|update|correct|set) )?(?:the |my )?(?:delivery )?address(?: is| to|:)?|` +
		`(?:badilisha )?anwani(?: yangu)?(?: ni| iwe|:)?|ni|iko|ipo|niko|nipo|tuko|` +
		`tupo|naishi|nakaa|tunaishi|tunakaa)\s+`)
	// whyBehind asks behind it why it was not written.
	whyBehind = regexp.MustCompile(`(?i)[,.;]?\s+(?:mbona|kwa ?nini|why|how come)\b.*$`)
	// amLead says that the customer is there.
	amLead = regexp.MustCompile(`(?i)^(?:i am|i'?m|am|we are|we'?re)\s+`)
	// politeLead is a word of agreement in front of it.
	politeLead = regexp.MustCompile(`(?i)^(?:(?:ok|okay|sawa|poa|yes|yeah|ndio|ndiyo|basi|please|pls|fine|haya|sorry|samahani|and|na|` +
		`also|pia|then|halafu|alafu|kisha|but|ila|lakini|its|it's)[,.: ]+)+`)
	// notThere is a place behind an address that is not meant.
	notThere       = regexp.MustCompile(`(?i)[ ,]+(?:tu|only|just)?[ ,]*\b(?:na )?(?:sio|siyo|si|not)\s.*$|[ ,]+(?:tu|only)$`)
	followsAddress = regexp.MustCompile(`(?i)(?:[.,;]?\s+(?:i'?ll|i will|i|na|and|then|alafu|halafu|kisha|kama|if|but|lakini|ila|nita|` +
		`nta|my|` +
		`pls|please|plz|tafadhali|asante|thanks|basi|tu|sawa|ok|boss|bro|a|an|the|one|` +
		`namba|yangu|simu|number|no|phone|nipigie|call|me|ni|is|instead|badala yake))+$`)
)

// namedHouses stand behind the name of a building.
var namedHouses = keywords("house, centre, center, court, arcade, complex, gardens, heights")

// streetWords stand behind the name of a street.
var streetWords = keywords("road, rd, street, st, avenue, ave, drive, lane, close, crescent, highway")

// nameStart is where the name of a street begins in what stands in front of the word for it: behind
// the last sentence and the words that lead to an address.
func nameStart(text string) int {
	from := strings.LastIndexAny(text, ".?!;,\n:") + 1
	for _, lead := range []*regexp.Regexp{politeLead, leadsAddress, politeLead} {
		bare := strings.TrimLeft(text[from:], " ")
		from = len(text) - len(bare)
		if at := lead.FindStringIndex(bare); at != nil && at[1] < len(bare) {
			from += at[1]
		}
	}
	return from
}

// nameBefore is where the name of a place on no list begins that stands between where the customer
// is, or where the order goes, and an area: "niko tuskys rongai". It is -1 if there is none.
func (t *turn) nameBefore(m entity.NameMatch) int {
	from := nameStart(t.p.text[:m.Start])
	name := t.p.text[from:m.Start]
	words := split(name)
	led := from > 0 && leadsAddress.MatchString(strings.TrimLeft(t.p.text[strings.LastIndexAny(t.p.text[:from], ".?!;,\n")+1:m.Start], " "))
	if len(words) == 0 || len(words) > maxLandmarkName || strings.ContainsAny(name, ",;.") ||
		t.p.asksSoftly() ||
		!led && !slices.Contains([]string{askArea, askAddress}, t.in.State.Ask.For) ||
		slices.ContainsFunc(words, func(w string) bool {
			return len(w) < minPlaceLetters || t.k.words[w] || hasWord(fillers, w) ||
				hasWord(selfWords, w) || hasWord(addressEnd, w) ||
				hasWord(besideArea, w) || hasWord(otherPlace, w) || hasWord(bringTo, w) ||
				hasWord(courtesyWords, w) ||
				hasWord(wishWords, w) || hasWord(wishVerbs, w) || hasWord(stockWords, w) ||
				hasWord(placeAround, w)
		}) || isNoName(words) || t.isNoPlace(name, words) {
		return -1
	}
	return from
}

// maxLandmarkName is how many words the name of such a place has at most, and placeAround says no
// more than that it is around there.
const maxLandmarkName = 2

var placeAround = keywords("delivery, deliver, area, around, mtaa, upande, maeneo, eneo, sehemu, location, from, within, inside, only, mpaka, " +
	"actually, nairobi, dar, town, address, anwani, kwenye, maybe, somewhere, iletwe, letwe, mji, deliveri")

// landmarkBefore is where a landmark begins that stands in front of an area in the same line; -1 if
// there is none.
func (t *turn) landmarkBefore(m entity.NameMatch) int {
	from := strings.LastIndexAny(t.p.text[:m.Start], "\n?!;,") + 1
	for _, other := range t.p.products {
		if other.End <= m.Start {
			from = max(from, other.End)
		}
	}
	for _, at := range addressWord.FindAllStringIndex(t.p.text[from:m.Start], maxLandmark) {
		rest := split(t.p.text[from+at[0] : m.Start])
		// "Nyayo house in town": a house with a name is one, "my house" is not.
		house := len(rest) > 1 && anyIn(rest[1:2], namedHouses) && !anyIn(rest[:1], selfWords) &&
			!anyIn(rest[:1], fillers) && !anyIn(rest[:1], otherPlace)
		if len(rest) > 1 && (house || anyIn(rest[:min(len(rest), 2)], landmarkWords)) {
			// The name of a street stands in front of the word for it.
			if hasWord(streetWords, rest[0]) {
				return from + nameStart(t.p.text[from:from+at[0]])
			}
			return from + at[0]
		}
	}
	return t.nameBefore(m)
}
