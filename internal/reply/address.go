package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/token"
)

// Where an order goes. Everything that takes an address from a message asks [turn.place], so that
// what is no place is none for all of them: greetings, times, sums, codes, verbs, questions, thanks.

// placeFirst is the first sentence of an answer to the question for the address, where what stands
// behind it asks or pays: "abc place waiyaki way, 3rd floor. is the jeans slim fit?". It is "" for
// any other message.
func (t *turn) placeFirst() string {
	at := sentenceMark.FindStringIndex(t.p.text)
	if t.in.State.Ask.For != askAddress || at == nil {
		return ""
	}
	said, rest := t.p.text[:at[0]], t.p.text[at[1]:]
	words := split(said)
	if len(words) < minYesAddress || len(words) > 2*maxPlaceWords || !anyIn(words, landmarkWords) && len(t.named(t.k.areas, said)) == 0 ||
		asksInWords(words) || anyIn(words, payingWords) || t.isNoPlace(said, words) || len(t.named(t.k.products, said)) > 0 ||
		!strings.Contains(rest, "?") && !asksInWords(split(rest)) && !anyIn(split(rest), payingWords) {
		return ""
	}
	return plainAddress(said)
}

// sentenceMark ends a sentence, and minYesAddress is how many words a place has at least.
var sentenceMark = regexp.MustCompile(`[.!](?:\s+|$)|\n+`)

const minYesAddress = 2

// place is where the message says that an order goes, clause by clause, without what else stands in
// it: "ndio, nalipa mpesa. ni karibu na Sinza Mori, nyumba ya bluu". A landmark, a word for a house
// or an area of the list makes a clause a place. bare says that a name by itself may be one, such as
// "buza": no list has all places of a city. It is "" if the message says no place.
func (t *turn) place(bare bool) string {
	if said := t.placeFirst(); said != "" {
		return said
	}
	bare = bare && t.mayBeBare()
	var place []string
	found := false
	for _, piece := range placePieces(t.placeText()) {
		clause := piece.text
		// "Nileteeni Mbagala": the verb in front is none of the place.
		led := false
		if at := leadsAddress.FindStringIndex(clause); at != nil && at[1] < len(clause) {
			clause, led = clause[at[1]:], true
		}
		words := split(clause)
		if len(words) == 0 {
			continue
		}
		marked := anyIn(words, landmarkWords) && !isHere(words)
		areas := t.named(t.k.areas, clause)
		switch {
		case strings.TrimSpace(clause) == t.p.name: // whose the place is
		case piece.asks, t.isNoPlace(clause, words), forWhom.MatchString(clause):
			// A place is said in one breath: what stands behind another wish is none of it.
			if found {
				return plainAddress(strings.Join(place, ", "))
			}
			place = nil
		case len(areas) > 0 && !marked:
			// "I said Kisumu but make it CBD": the words in front of the area are none of it.
			found = found || bare
			if last := areas[len(areas)-1]; last.Exact {
				clause = clause[last.Start:]
			}
			place = append(place, strings.TrimSpace(clause))
		case marked || len(place) > 0 && len(words) <= minAddress+1 && !isNoName(words),
			// "Deliver to Ruaka, Joyland apartments" has the place in front of its landmark.
			led && len(words) <= maxPlaceWords && !isNoName(words) && !hasWord(notPlaces, words[0]),
			bare && len(words) <= maxPlaceWords && !isNoName(words):
			found = found || marked || bare
			place = append(place, strings.TrimSpace(clause))
		}
	}
	if !found {
		return ""
	}
	return plainAddress(strings.Join(place, ", "))
}

// forWhom finds for whom goods are: "20 tshirts for our church" go to no church.
var forWhom = regexp.MustCompile(`(?i)\b(?:for (?:our|my|the|a|an|his|her|their)|kwa ajili ya)\s+(?:\pL+\s+)?(?:church|school|office|` +
	`shop|hotel|mosque|restaurant|salon|kanisa|shule|ofisi|duka|hoteli|msikiti|mgahawa|saluni)\b`)

// placeText is what the message says of a place: what stands behind "deliver to", else all of it,
// without a PIN and without who is to receive the order.
func (t *turn) placeText() string {
	text := head(withoutSecrets(&t.p), maxNote)
	// The question in front of it is no part of a place.
	if m := deliverTo.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	return text
}

// mayBeBare reports whether a name by itself may be a place in this message. Any words may answer
// the question for a place, but for those of a message that is clearly about something else.
// Otherwise the message must surely be nothing else.
func (t *turn) mayBeBare() bool {
	p := &t.p
	words := p.reading.Words
	if a := t.next.Ask.For; a == askArea || a == askAddress {
		return !t.elsewhere()
	}
	// Acts that a bare place is often mistaken for do not count against it.
	known := slices.ContainsFunc(p.acts, func(a act) bool {
		return !slices.Contains([]act{actPlace, actDelivery, actOrder}, a)
	})
	sure := p.reading.Band == understand.Sure && !p.has(actPlace, actDelivery, actOrder)
	// What is alike the owner's answers asks for one of them: "mboga nyama".
	return !known && !sure && (p.alike < minAlike || p.cued(cueDeliver)) && len(words) <= maxPlaceWords &&
		!p.asks && !p.isChoice &&
		p.yesNo == entity.Neither && !p.names() && !p.hasTime && p.name == "" &&
		// "Actually just the 39" is a size, and no place, but "nileteeni Mbagala rangi tatu" is one.
		(t.countSaid() == 0 && len(p.entities.Numbers) == 0 || t.bringsElsewhere()) &&
		!anyIn(words, ratherWords) && t.paymentNamed() == ""
}

// bringsElsewhere reports whether the message wants the order brought to a place on no list.
func (t *turn) bringsElsewhere() bool {
	return t.p.cued(cueDeliver) && len(t.p.areas) == 0 && t.namesOtherPlace()
}

// elsewhere reports whether the message is clearly about something else than the free words that
// were asked for. Without the rule any words are an address: "nimebadilisha mawazo, ghairi" would
// go to the rider, and the order would stand.
func (t *turn) elsewhere() bool {
	p := &t.p
	switch {
	case p.asks:
		return true // no address ends with a question mark
	case t.saysNothing():
		return true
	// The words under a picture are about the picture: "look at the date".
	case t.in.Message.isPicture() && len(p.areas) == 0:
		return true
	case p.has(actCancel, actStatus, actReturn, actPaid, actDecision, actThanks, actBye, actMenu,
		actComplaint):
		return true
	// Acts of place and delivery are not in the list: an address sounds like them.
	case p.has(actPrice, actHours, actPayment):
		return true
	case len(p.products) > 0 && (p.has(actOrder, actOffer) || t.hasQuantity()):
		return true // a "petrol station" near the house is no petrol
	case anyIn(p.reading.Words, selfWords) && len(p.areas) == 0 &&
		!anyIn(p.reading.Words, landmarkWords):
		return true // it pleads, and says no place
	}
	return false
}

// saysNothing reports whether the message has nothing that a question for free words could take: a
// greeting, a word of who gives up or has not decided, or bare figures. "Hello" was stored as an
// address, and "never mind" as a problem.
func (t *turn) saysNothing() bool {
	p := &t.p
	return p.onlyGreets() || p.has(actDrop, actBye) || p.cued(cueThink) || !hasLetters(p.text) ||
		isFigure(p.reading.Words) || !slices.ContainsFunc(p.reading.Words, func(w string) bool {
		return !hasWord(sounds, w)
	})
}

// sounds are written for a laugh or a thought.
var sounds = listOf("sounds")

// isFigure reports whether words are a number, a time, a sum or a code and nothing else.
func isFigure(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool {
		return !strings.ContainsAny(w, "0123456789") && !token.Spelled(w) && !hasWord(besideFigure, w)
	})
}

// besideFigure stand beside a number, a time or a code.
var besideFigure = listOf("beside a figure")

// isNoName reports whether the words of a clause are surely no name of a place: one of them is a
// verb, a greeting or a courtesy, or all of them are figures or say nothing.
func isNoName(words []string) bool {
	// No place is called by a letter or two.
	return !slices.ContainsFunc(words, func(w string) bool { return len(w) >= minPlaceLetters }) ||
		anyIn(words, noPlace) || anyIn(words, sounds) || isFigure(words) || isHere(words) ||
		slices.ContainsFunc(words, finiteVerb.MatchString) ||
		slices.ContainsFunc(greetings, func(g greeting) bool { return anyIn(words, g.words) })
}

// minPlaceLetters is how many letters the longest word of a place's name has at least.
const minPlaceLetters = 3

// isHere reports whether words say of a place only that it is the customer's or the usual one:
// "nyumbani", "at my place". No rider finds it.
func isHere(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(fillers, w) && !hasWord(selfWords, w) && !hasWord(courtesyWords, w) &&
			!hasWord(addressEnd, w)
	})
}

// finiteVerb is a Swahili verb with its person and tense: "nitakuambia", "mnafungua". The tenses of
// m- and u- go on with a stem of their own, as names of places begin so too: "Mlimani", "Mtambani".
var finiteVerb = regexp.MustCompile(`^(?:ni(?:na|ta|me|li|ki|nge|po|ko|ka)|` +
	`si(?:ta|ja|na$|wez|tak|ju)|tu(?:na|ta|me)|` +
	`nta|nime|nina|naomba|nataka|napenda|nakuja|naja|nalipa|nisub|nisaid|una(?:w|p|f|t|k|we)|` +
	`uta(?:let|ku|fik|w)|ume(?:fik|sem|pat|tum|k)|m(?:na|ta|me|li)(?:let|fik|pok|uz|fung|kuj|wez|` +
	`chelew|pelek|tum|kubal|tak|toz|chaj|lip|pat|sem|niib|ni[a-z]{3})|ana(?:kuj|let|taku)|zina|ina(?:fik|` +
	`ku|w)|ita[a-z]{4})[a-z]*$`)

// receiver is who is to receive an order, behind "kwa": "leteni mbezi beach kwa zena, geti jeusi".
// Only a first name is one, as many places are called after who lives there: "Buguruni kwa mnyamani".
var receiver = regexp.MustCompile(`(?i)\bkwa\s+(\pL{3,})\b`)

// receiverIn is the place and name of who is to receive an order; nil if nobody is named.
func receiverIn(text string) []int {
	for _, at := range receiver.FindAllStringSubmatchIndex(text, maxPeople) {
		if hasWord(firstNames, strings.ToLower(text[at[2]:at[3]])) {
			return at
		}
	}
	return nil
}

// firstNames are common first names.
var firstNames = listOf("first names")

// withoutReceiver is a text without who is to receive the order. What stands before and behind is
// one place.
func withoutReceiver(text string) string {
	at := receiverIn(text)
	if at == nil {
		return text
	}
	return strings.TrimRight(text[:at[0]], " ") + text[at[1]:]
}

// keepReceiver keeps who is to receive the order as its name, and says so.
func (t *turn) keepReceiver() {
	at := receiverIn(t.p.text)
	if at == nil || t.p.name != "" {
		return
	}
	if name := upperFirst(t.p.text[at[2]:at[3]]); name != t.next.Name {
		t.next.Name = name
		t.tell("order.receiver", "name", name)
	}
}

// addsAddress takes what comes instead of a yes for the address. Customers who see the order read
// back notice that the rider has no address, and write that first. The rider goes where the customer
// said last.
func (t *turn) addsAddress() bool {
	o := t.next.Order
	if o == nil || o.How != howDeliver {
		return false
	}
	// "Badilisha gauni iwe XL sio L, niko karibu na stage" changes the goods as well.
	if len(t.sizeEdits()) > 0 || len(t.p.products) > 0 && (t.p.cued(cueAdd) || t.changesLine()) {
		return false
	}
	// A name alone may be a yes that the bot does not know. More words than one are an address, or
	// one behind a place that is on no list: "buza", and then the landmark there.
	place, marked := t.place(true), t.place(false) != ""
	behind := o.Unlisted && o.Area == "" && o.Address != "" && len(t.p.areas) == 0
	switch {
	case place == "", !marked && len(t.p.areas) > 0:
		return false
	case !marked && t.bringsElsewhere():
		return t.takeArea()
	case behind:
		t.did(actOrder)
		o.Address = oneLine(o.Address+", "+place, maxAddress)
	case marked:
		t.did(actOrder)
		t.fillDelivery()
	case o.Address != "" && !t.isPart(o.Address) || len(t.p.reading.Words) < minAddressWords || len(t.p.acts) > 0 ||
		t.agreesToTime():
		return false
	default:
		t.did(actOrder)
		o.Address = t.addressNow(o.Address, place)
	}
	o.At = t.in.Message.At
	t.keepReceiver()
	t.keepRiderNote()
	t.keepOrderWishes()
	t.continueOrder()
	return true
}

// minAddressWords is how many words an address has at least that comes instead of a yes. Fewer
// may be a yes that the bot does not know, and must not become an address.
const minAddressWords = 3

// addressSaid is what the message calls the address: "but the address is Haile Selassie road, Masaki".
func (t *turn) addressSaid() string {
	m := saysAddress.FindStringSubmatch(t.p.text)
	if m == nil || t.p.asksSoftly() {
		return ""
	}
	said := m[1]
	if at := lineEnd.FindStringIndex(said); at != nil {
		said = said[:at[1]]
	}
	return plainAddress(paysBehind.ReplaceAllString(said, ""))
}
