package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A greeting is one that has an answer of its own. A shikamoo that is answered with a hello
// offends: it is the young's greeting to elders, and has one answer.
type greeting struct {
	key   string // of the answer's text
	words []keyword
}

// greetings are tried in their order: "mambo vipi" is a mambo, "habari za asubuhi" a habari. The
// order also puts words with one meaning before those with several.
var greetings = []greeting{
	{"greet.shikamoo", keywords("shikamoo*, shkamoo*, shikamo, skamoo")},
	{"greet.hamjambo", keywords("hamjambo")},
	{"greet.hujambo", keywords("hujambo, jambo")},
	{"greet.salaam", keywords("salaam*, salam, asalam*, assalam*, aleikum")},
	{"greet.mambo", keywords("mambo*, niaje, vipi, vp, sasa, xaxa, sema, semaje, oya, rada, ni aje")},
	{"greet.habari", keywords(`
		habari*, za asubuhi, za mchana, za jioni, za leo, za saa hizi, za sai
	`)},
	{"greet.howareyou", keywords(`
		how are you, how r you, how are u, umeamkaje, mmeamkaje, umeshindaje, uko poa, mko poa,
		uhali gani
	`)},
	{"greet.morning", keywords("good morning, gud morning, morning")},
	{"greet.afternoon", keywords("good afternoon")},
	{"greet.evening", keywords("good evening, gud evening")},
	{"greet.hello", keywords(`
		hi, hey, hello, hallo, helo, halo, hola, hallow, greetings, hodi, hujambo, heri, salamu
	`)},
}

// maxGreeting is how many words may stand beside a greeting that must not be taken for another
// word: "sasa" greets, and is "now" in a longer message. Greetings stand at the beginning: "mambo"
// at the end of a long message is "things".
const maxGreeting = 4

// greet answers a greeting at the beginning of the reply. The rest of the message is answered
// after it. It makes no turn of its own, as most write greeting and wish in one message.
func (t *turn) greet() {
	words := t.p.reading.Words
	first := words[:min(len(words), maxGreeting)]
	i := slices.IndexFunc(greetings, func(g greeting) bool { return anyIn(first, g.words) })
	// "Ok for tomorrow morning then", written at night, was wished a good morning.
	if i >= 0 && greetings[i].key == "greet.morning" && anyIn(words, morningHours) {
		return
	}
	// "Sasa" is "now" beside another word: "sasa mbona mnachukua muda" was answered with "Poa!".
	ambiguous := i >= 0 && greetings[i].key == "greet.mambo" && !t.p.onlyGreets()
	// "Mambo" and "niaje" stay greetings in long messages.
	if i < 0 || ambiguous && !anyIn(first, keywords("mambo*, niaje")) {
		return
	}
	// "Asante, usiku mwema" is a goodbye, whose answer has a greeting in it already.
	if t.p.has(actThanks, actBye) {
		return
	}
	t.did(actGreet)
	t.tell(greetings[i].key)
	t.next.Greeted = true
}

// morningHours are mornings that a message tells a time by.
var morningHours = keywords("tomorrow morning, in the morning, this morning, the morning, every " +
	"morning, *day morning, by morning, next morning")

// welcome asks what the customer wants.
func (t *turn) welcome() {
	t.tell("greet.welcome")
	if n := len(t.said); n > 0 {
		t.said[n-1].welcome = true
	}
}

// lateYes reads back once more what a yes comes too late for: the slot may be gone. The yes was to
// a question that has expired. The customer does not know that it has.
func (t *turn) lateYes() bool {
	switch {
	// Late is there for one turn only, so that an old wish does not come back again and again.
	case t.next.Late != nil && !t.next.Late.Start.IsZero():
		t.next.Booking = t.next.Late
		t.continueBooking()
	case t.lateOrderYes():
	// An order is kept longer than its question, and only asks again.
	case t.next.Order != nil && len(t.next.Order.Lines) > 0:
		t.continueOrder()
	default:
		return false
	}
	return true
}

// courtesy answers what is only courtesy, or nothing: the menu is never an answer to thanks. It
// comes last: any wish in the message was acted on before. The order of the cases is from what is
// said most clearly.
func (t *turn) courtesy() bool {
	p := &t.p
	greeted := slices.Contains(t.acts, actGreet)
	short := len(p.reading.Words) <= maxShort
	switch {
	// "Uko hapo?" wants a sign of life, and not the menu.
	case p.cued(cueHere):
		t.did(actGreet)
		t.tell("greet.here")
		t.welcome()
	case greeted && short || p.has(actGreet) && !p.has(actThanks, actBye):
		t.did(actGreet)
		// A hello for each "hi" of one talk sounds like a machine.
		if !greeted && !t.next.Greeted {
			t.tell("greet.hello")
		}
		t.next.Greeted = true
		t.welcome()
	// It says neither yes nor no, and what was asked stays open. Asked again at once, it would be
	// pressed.
	case p.cued(cueThink):
		t.did(cueThink)
		t.tell("think")
	// A long goodbye has thanks or a complaint in it, which is answered first.
	case short && (p.cued(cueLeave) || t.next.Ask.For == askPerson &&
		anyIn(p.reading.Words, passingBy)):
		t.did(actBye)
		t.next.Ask = Ask{}
		t.tell("bye")
	// Who has written to somebody else wants nothing, and least of all a colleague.
	case short && anyIn(p.reading.Words, wrongNumber):
		t.did(actBye)
		t.next.Ask = Ask{}
		t.tell("allright")
	case p.has(actBye) && short:
		t.did(actBye)
		t.tell("bye")
		t.askAddressAgain()
	case p.has(actThanks):
		t.did(actThanks)
		t.tell("thanks")
		t.askAddressAgain()
	case p.has(actBye):
		t.did(actBye)
		t.tell("bye")
	case p.yesNo == entity.Yes && t.lateYes():
		t.did(actYes)
	// "Yes confirm it" behind a booking that is made wants to hear that it is.
	case t.k.template() == flowhq.BookingTemplate && anyIn(p.reading.Words, confirmWords) && !p.asks &&
		p.yesNo != entity.No && t.next.Booking == nil && t.bookedJustNow():
		t.did(actStatus)
		t.tellBookings()
	// Silence is an answer: a "you're welcome" to each "ok" goes on for ever.
	case p.yesNo == entity.Yes:
		t.did(actSilence) // nothing was asked
	case short && t.next.Ask.For == "" && !p.asks && !p.names() &&
		anyIn(p.reading.Words[:1], yesWords):
		t.did(actSilence) // "sawa, nasubiri"
	// A no to nothing may be the refusal of what a person has offered. It gets a word, and no menu.
	case p.yesNo == entity.No:
		t.did(actNo)
		t.tell("allright")
	case p.has(actMenu):
		t.did(actMenu)
		t.showMenu("menu.lead")
	default:
		return false
	}
	return true
}

// waits keeps the open question open for who only asks to wait: "subiri kidogo", "one moment
// please". The menu was shown for it, or a person called.
func (t *turn) waits() bool {
	p := &t.p
	words := p.reading.Words
	if p.asks || len(words) > maxCourtesy || !anyIn(words, waitWords) ||
		slices.ContainsFunc(words, func(w string) bool {
			return !hasWord(waitWords, w) && !hasWord(besideWait, w) && !isFigure([]string{w})
		}) {
		return false
	}
	t.did(cueWait)
	t.tell("wait")
	t.keepQuestion()
	return true
}

// waitWords ask to wait, and besideWait may stand beside them.
var (
	waitWords  = listOf("wait for me")
	besideWait = listOf("beside wait")
)

// wrongNumber are words of who meant to write to somebody else.
var wrongNumber = listOf("wrong number")
