package reply

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// maxRead is how much of a message is read, in bytes. Nobody says what a message is about after
// that, and a message may have 64 KiB. The models were trained on messages of a few words. A
// forwarded story tells them nothing more with its end.
const maxRead = 2000

// alsoScore is from which score on an intent counts beside the best one. Below it second intents
// are mostly echoes of the first: who asks for a price scores for payment as well.
const alsoScore = .4

// A perception is what a message holds. It is found once, before anything is decided, so that all
// parts of a turn go by the same reading. Only takeSuggestion and the reading of an hour change it
// later.
type perception struct {
	// text is what was read: the head of the message. Places in it are bytes.
	text string
	// reading says which intents, language and concepts the models find in text.
	reading  understand.Reading
	entities entity.Entities
	// time and hasTime go together: the zero Result is no time.
	time    when.Result
	hasTime bool
	// The matches are in the order of the text. Amounts are given to products by that order.
	services []entity.NameMatch
	denied   bool // a service was named that is not meant, beside one that is
	products []entity.NameMatch
	areas    []entity.NameMatch
	// yesNo is Neither for a question, so that nothing is consented to by one.
	yesNo    entity.YesNo
	choice   int // number that the whole message is
	isChoice bool
	// Many questions have no mark. What they ask is then seen from their intent.
	asks bool // it is a question, as far as its mark tells

	answer string // the owner's question that is most alike
	// alike is how alike it is, from 0 to 1; sure says that no other one is nearly as alike.
	alike float64
	sure  bool
	// nearest are the IDs of the owner's answers that come next, for the offer of two.
	nearest []string

	// Without left, the 5 of "mchele kilo 5 na mafuta lita 3" made five cans of oil.
	left    []entity.Quantity // amounts that belong to no product of the message
	counted []int             // products that have theirs

	untold bool // it asks a usual question that the owner has told no answer to
	done   bool // a service is meant by what is done: "litang'olewa"

	name string // of the customer, if the message tells it

	// same says that the message asks of something else what the last one asked: "what about
	// nakuru".
	same bool

	// The customer has pasted it, so that its language and words are not the customer's.
	isReceipt bool // it is a payment service's message

	// Cues are words that name an act without doubt. The models' scores alone were wrong on short
	// messages such as "cancel".
	cues []act // for what its words are cues
	acts acts  // what the message does
}

// perceive reads the message.
func (t *turn) perceive() { t.readText(head(t.in.Message.Text, maxRead)) }

// readText reads a text. The order matters: names need the text, amounts the names, areas the
// order, and acts all of these.
func (t *turn) readText(text string) {
	k, p := t.k, &t.p
	if k.template() == flowhq.EcommerceTemplate {
		text = legLength.ReplaceAllString(text, "")
	}
	if text = withWholeNames(asksAgain(text)); slices.Contains([]string{askBook, askMove, askOrder}, t.next.Ask.For) {
		text = whereThere.ReplaceAllString(text, "")
	}
	p.text = text
	p.reading = t.in.memo.reading(text, k.template())
	t.readBehindGreeting(p)
	p.findCues()
	p.entities = t.in.memo.entitiesIn(text)
	// The customer quotes our numbers, which entity does not know the form of.
	p.findReferences()
	p.yesNo = entity.ReadYesNo(text)
	// "Yes. Name is Kelvin" is a yes, and a name.
	if at := saysName.FindStringIndex(text); at != nil && p.yesNo == entity.Neither {
		p.yesNo = entity.ReadYesNo(text[:at[0]] + text[at[1]:])
	}
	p.choice, p.isChoice = entity.Choice(text)
	p.asks = strings.Contains(text, "?") || anyIn(p.reading.Words, inquiring)
	t.readNames(p)
	p.areas = slices.DeleteFunc(t.named(k.areas, text), func(m entity.NameMatch) bool {
		return !m.Exact && m.Score < minArea // "Thika" is not "Thika Road"
	})
	t.readArea(p)
	// The number of an option is no hour.
	if !p.isChoice {
		// From when it was written: a message of yesterday evening that arrives now means today by
		// "kesho".
		t.readTime(p)
	}
	// "I travel next week" is when it must be done by.
	if p.cued(cueTravel) {
		p.time, p.hasTime = when.Result{}, false
	}
	t.readMinutes(p)
	t.readInstead(p)
	t.readSameDay(p)
	t.readDayHour(p)
	t.shiftDay(p)
	t.forgetPast(p)
	t.readAnswer(p)
	switch {
	case p.asks || p.cued(cueThink) || t.endsList() || entity.BeginsAsQuestion(text),
		t.next.Ask.For == askPerson && anyIn(p.reading.Words, passingBy):
		p.yesNo = entity.Neither // "is that okay?" goesOnTo to nothing
	case slices.Contains(yesNoAsks, t.next.Ask.For):
		// Only to these questions: "sawa" without one thanks.
		p.yesNo = cmp.Or(p.yesNo, p.impliedYesNo(t.next.Ask.For))
	}
	p.findName()
	t.findBareName(p)
	if p.yesNo == entity.Neither && t.agreesToVisit(p) {
		p.yesNo = entity.Yes
	}
	p.findReceipt()
	t.askUsual(p)
	t.meanStaff(p)
	if anyIn(p.reading.Words, howLate) {
		p.sure = false // of "I will be late"
	}
	t.readLate(p)
	t.readMove(p)
	t.readAsBefore(p)
	t.checkAreas()
	// Last, as it drops what contradicts the rest.
	p.acts = t.meanOther(p, t.actsOf(p))
}

// readNames finds what the message names of the owner's services and products, and drops what it
// names in other senses.
func (t *turn) readNames(p *perception) {
	k, text := t.k, p.text
	p.services = t.named(k.services, text)
	p.products = t.partLists(t.named(k.products, text))
	t.dropEchoes(p)
	t.dropProductEchoes(p)
	t.widenNames(p)
	t.widenKinds(p)
	t.joinLinked(p)
	p.dropPackNames()
	t.dropPlaceNames(p)
	t.addNumbered(p)
	t.meanMove(p)
	// A person who is named is no service: "daktari, naomba kesho" greets a doctor, and books no
	// visit by that name.
	t.dropPeople(p)
	t.dropKind(p)
	if p.onlyGreets() {
		p.services = nil // whoever is greeted, not asked for
	}
	// A sickness is no vaccination against it: "ana homa ya manjano" asks for no shot.
	t.meanTest(p)
	t.meanSickness(p)
	t.dropPremises(p)
	t.meanOwn(p)
	t.meanSpoken(p)
	t.meanVisit(p)
	p.dropDenied()
	t.dropRefused(p)
	t.dropFaultPart(p)
	p.dropTitles()
	p.dropGeneric()
	t.meanDescribed(p)
	t.meanDone(p)
	t.meanLonger(p)
	t.meanOnVisit(p)
	t.meanChild(p)
	t.meanChildren(p)
	p.assignAmounts()
	p.meanUnits()
	for i := range p.products {
		t.fitPack(&p.products[i])
	}
}

// ownReference is the form of the numbers that [flowhq.Reference] makes. Such a number is a letter
// and digits, short enough to type.
var ownReference = regexp.MustCompile(`(?i)\b[a-y]\d{5,8}\b`)

// findReferences finds the numbers of our own bookings, orders and tickets.
func (p *perception) findReferences() {
	// The bound is for a message of nothing but numbers.
	for _, at := range ownReference.FindAllStringIndex(p.text, maxStoredNames) {
		place := entity.Place{Start: at[0], End: at[1]}
		// A number that entity has found already would be there twice.
		if slices.ContainsFunc(p.entities.References, func(r entity.Reference) bool {
			return r.Start < place.End && place.Start < r.End
		}) {
			continue
		}
		// Numbers are stored in upper case, and typed in lower case.
		text := strings.ToUpper(p.text[at[0]:at[1]])
		p.entities.References = append(p.entities.References,
			entity.Reference{Place: place, Text: text})
	}
}

// yesNoAsks are the questions that a yes or no answers. Other questions take a "sawa" as a wish to
// go on, and ask again.
var yesNoAsks = []string{
	askBook, askMean, askCancel, askMove, askOrder, askUndo, askHelped, askPerson, askBring,
}

// impliedYesNo is a yes or no in a few words more: "hapana, haijasaidia". A yes that comes with a
// question, an amount or a name is none: it would be consent to what was not understood. Only the
// word itself and words that are surely assent count. Being wrong here books or cancels, and a
// second question costs one message.
func (p *perception) impliedYesNo(asked string) entity.YesNo {
	if p.asks || p.hasTime || p.names() && len(p.reading.Words) > maxNamed ||
		len(p.areas) > 0 || len(p.reading.Words) == 0 || len(p.reading.Words) > maxAssent ||
		len(p.reading.Intents) == 0 || p.reading.Band != understand.Sure ||
		!reflect.DeepEqual(p.entities, entity.Entities{}) {
		return entity.Neither
	}
	first := p.reading.Words[:1]
	// "Yes, but on Friday" is neither.
	switch best := p.reading.Intents[0]; {
	// "Hapana sawa, nitajitahidi kufika" to the offer of a person. The no of others undoes something.
	case asked == askPerson && best.Intent == understand.Deny && best.Score >= surelyMeant &&
		anyIn(first, declineWords) && anyIn(p.reading.Words, contentWords):
		return entity.No
	case saysBut(p.reading.Words):
		return entity.Neither
	case anyIn(first, yesWords) && (best.Intent == understand.Affirm ||
		best.Intent == understand.Thanks || best.Intent == goesOnTo[asked]):
		return entity.Yes // "yes please book it for me"
	// Without the word at its beginning, the models must be sure of few words.
	case best.Score < surelyMeant || len(p.reading.Words) > maxYesNo:
		return entity.Neither
	case best.Intent == understand.Affirm:
		return entity.Yes
	case best.Intent == understand.Deny && !declinesPart(p.text):
		return entity.No
	}
	return entity.Neither
}

// What a yes may begin with, what makes it none, and what it may go on to. The lists are short on
// purpose: a yes that is missed is asked for again, a yes that was none is acted upon.
var (
	yesWords = keywords("yes, yeah, yep, ndio, ndiyo, sawa, okay, ok, poa, haya, sure, eeh, naam")
	butWords = keywords(`
		but, lakini, ila, except, not, no, wait, instead, sio, siyo, si, hapana, ngoja, subiri,
		kwanza, badala, bado
	`)
	// declineWords begin a no, and contentWords say that all is well without what was offered.
	declineWords = keywords("no, nope, nah, hapana, la, hapana asante")
	contentWords = keywords("sawa, asante, ahsante, poa, haina shida, usijali, hakuna shida, thanks, thank, fine, ok, " +
		"okay, alright, its ok, no problem, no worries, never mind")
	// goesOnTo are what a yes may go on to: "yes, cancel it".
	goesOnTo = map[string]understand.Intent{
		askBook: understand.Book, askMean: understand.Book, askOrder: understand.Order,
		askCancel: understand.Cancel, askUndo: understand.Cancel, askMove: understand.Change,
		askPerson: understand.Human,
	}
)

// saysBut reports whether words make a yes none. The "no" of "house no 14" makes none.
func saysBut(words []string) bool {
	for i := range words {
		if hasWord(butWords, words[i]) &&
			!(words[i] == "no" && i+1 < len(words) && countDigits(words[i+1]) > 0) {
			return true
		}
	}
	return false
}

const (
	// minArea is how alike the name of an area must be: its fee depends on it. "Thika" got the fee
	// of Thika Road.
	minArea = .85
	// maxNamed is how many words a yes has at most that names something: "sawa doctor".
	maxNamed = 2
	// maxYesNo is how many words a yes or no has at most, maxAssent one that begins with the word.
	// "Ndio, nipangie hiyo ya kesho saa nne" has more and a time: the time is read instead.
	maxYesNo  = 5
	maxAssent = 8
	// surelyMeant is from which score on a few words are a yes or no.
	surelyMeant = .6
)

// passingBy says that the customer comes: "poa nitapita" to the offer of a person calls nobody.
var passingBy = listOf("passing by")

// head returns the beginning of a text as valid UTF-8. Half a character at the cut would make the
// text invalid, and PostgreSQL refuses such a text.
func head(text string, limit int) string {
	if len(text) > limit {
		end := limit
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return strings.ToValidUTF8(text, "")
}

// written is when the message was written, by the clock of the business. What it says of days
// counts from then. By the server's clock the days of a business in Nairobi would end three hours
// late.
func (t *turn) written() time.Time { return t.in.Message.written().In(t.k.zone) }

// has reports whether the message does something. Acts are those after reconcile: what was dropped,
// the message does not do.
func (p *perception) has(acts ...act) bool {
	return slices.ContainsFunc(acts, func(a act) bool { return slices.Contains(p.acts, a) })
}

// names reports whether the message names something from the owner's lists. It is asked often: what
// is named makes a question exact, and a word alone an order.
func (p *perception) names() bool { return len(p.services)+len(p.products) > 0 }

// chooseLanguage lets the message change the language of the chat. Only a sure reading changes it.
// Mixed messages would turn the bot's language with each line.
func (t *turn) chooseLanguage() {
	l := t.next.Language
	if l == "" {
		l = t.k.config.Language
	}
	// "Kariakoo" or "Mikocheni B" would be read as Swahili in an English chat.
	place := t.next.Ask.For == askAddress || t.next.Ask.For == askArea // names are in no language
	switch r := t.p.reading; {
	case t.p.isReceipt:
	// Names are in no language: "mixx by yas" made English of a Swahili chat.
	case t.next.Language != "" && r.Language != t.next.Language &&
		(t.namesOnly() || t.onlyPlace(r.Language)):
	case r.LanguageSure && !(place && t.next.Language != "" && !t.p.asks) &&
		slices.Contains(flowhq.Languages, r.Language):
		l = r.Language
		t.next.Language = l
	case t.next.Language == "" && anyIn(r.Words, swahiliGreetings):
		l = flowhq.Swahili
		t.next.Language = l
	case t.next.Language == "" && len(r.Words) > 1 && slices.Contains(flowhq.Languages, r.Language):
		l = r.Language // for this turn: two words are too few to choose for the rest
	// One word of Swahili, such as "mmefunga", is no English; English words are said in both.
	case t.next.Language == "" && len(t.p.cues) > 0 && !t.p.cued(actMenu) &&
		r.Language == flowhq.Swahili:
		l = r.Language
	}
	t.say = speakerOf(t.k, l)
}

// namesOnly reports whether there are fewer than three words beside names of the owner's lists. Two
// words are too few to change a chat's language by, and names are of no language: owners list
// "Mixx by Yas" and "Mbezi beach" in Swahili shops.
func (t *turn) namesOnly() bool {
	others := 0
	for _, w := range t.p.reading.Words {
		if !t.k.words[w] && !t.k.otherNames[w] {
			others++
		}
	}
	return others < 3
}

// swahiliGreetings are answered in Swahili, also by a business that begins in English. Such a
// greeting is too short for the model to be sure of.
var swahiliGreetings = keywords(`
	mambo*, habari*, shikamoo*, shkamoo*, hujambo, hamjambo, niaje, salama, uhali
`)

// understood is what is stored of the reading. Scores and IDs show an operator why the bot answered
// as it did, without the customer's words.
func (t *turn) understood() Understood {
	u := Understood{
		Language: t.say.language, Band: t.p.reading.Band.String(), Assistant: t.assistant,
	}
	for _, a := range t.acts {
		u.Acts = append(u.Acts, string(a))
	}
	for _, s := range t.p.reading.Intents {
		// Low scores say nothing, and each is a few bytes in each message's row.
		if s.Score >= minStoredScore && len(u.Intents) < maxStoredIntents {
			u.Intents = append(u.Intents, Intent{string(s.Intent), s.Score})
		}
	}
	u.Entities = Entities{
		Services: idsOf(t.p.services), Products: idsOf(t.p.products), Areas: idsOf(t.p.areas),
	}
	// An unsure answer was not given, and would mislead whoever looks at the row.
	if t.p.sure {
		u.Entities.Answer = t.p.answer
	}
	switch {
	case t.p.hasTime && t.p.time.HasTime:
		u.Entities.Time = t.p.time.Start
	case t.p.hasTime:
		u.Entities.Time = t.p.time.Day
	}
	return u
}

// Bounds on what is stored of a reading. A row is stored for each message, so that its size is the
// size of the table.
const (
	minStoredScore   = .05
	maxStoredIntents = 5
	maxStoredNames   = 10
)

// idsOf keeps the order of the text, each name once.
func idsOf(matches []entity.NameMatch) []string {
	var ids []string
	for _, m := range matches {
		if !slices.Contains(ids, m.ID) && len(ids) < maxStoredNames {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// namedIDs are all that names may mean.
func namedIDs(matches []entity.NameMatch) (ids []string) {
	for _, m := range matches {
		ids = append(append(ids, m.ID), m.Others...)
	}
	return ids
}

// angry reports whether the words are angry beyond doubt. Beyond doubt: a wrong hand-over silences
// the bot for a customer who only was disappointed.
func angry(p *perception) bool {
	return anyIn(p.reading.Words, angerWords) || p.reading.Concepts.Has("anger")
}
