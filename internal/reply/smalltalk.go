package reply

import (
	"slices"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A greeting is one that has an answer of its own.
type greeting struct {
	key   string // of the answer's text
	words []keyword
}

// greetings are tried in their order: "mambo vipi" is a mambo, "habari za asubuhi" a habari.
var greetings = []greeting{
	{"greet.shikamoo", keywords("shikamoo*, shkamoo*, shikamo, skamoo")},
	{"greet.hamjambo", keywords("hamjambo")},
	{"greet.hujambo", keywords("hujambo, jambo")},
	{"greet.salaam", keywords("salaam*, salam, asalam*, assalam*, aleikum")},
	{"greet.mambo", keywords("mambo*, niaje, vipi, sasa, xaxa, sema, semaje, oya, rada, ni aje")},
	{"greet.habari", keywords("habari*, za asubuhi, za mchana, za jioni, za leo, za saa hizi, za sai")},
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
// word: "sasa" greets, and is "now" in a longer message.
const maxGreeting = 4

// greet answers a greeting at the beginning of the reply. The rest of the message is answered
// after it.
func (t *turn) greet() {
	words := t.p.reading.Words
	first := words[:min(len(words), maxGreeting)]
	i := slices.IndexFunc(greetings, func(g greeting) bool { return anyIn(first, g.words) })
	// "Sasa" is "now" behind another word.
	ambiguous := i >= 0 && greetings[i].key == "greet.mambo" &&
		(len(words) > maxGreeting || !anyIn(first[:1], greetings[i].words))
	if i < 0 || ambiguous && !anyIn(first, keywords("mambo*, niaje")) {
		return
	}
	if t.p.has(actThanks, actBye) {
		return
	}
	t.did(actGreet)
	t.tell(greetings[i].key)
	t.next.Greeted = true
}

// lateYes reads back once more what a yes comes too late for: the slot may be gone.
func (t *turn) lateYes() bool {
	switch {
	case t.next.Late != nil && !t.next.Late.Start.IsZero():
		t.next.Booking = t.next.Late
		t.continueBooking()
	case t.next.Order != nil && len(t.next.Order.Lines) > 0:
		t.continueOrder()
	default:
		return false
	}
	return true
}

// courtesy answers what is only courtesy, or nothing: the menu is never an answer to thanks.
func (t *turn) courtesy() bool {
	p := &t.p
	greeted := slices.Contains(t.acts, actGreet)
	short := len(p.reading.Words) <= maxShort
	switch {
	case p.cued(cueHere):
		t.did(actGreet)
		t.tell("greet.here")
		t.tell("greet.welcome")
	case greeted && short || p.has(actGreet) && !p.has(actThanks, actBye):
		t.did(actGreet)
		if !greeted && !t.next.Greeted {
			t.tell("greet.hello")
		}
		t.next.Greeted = true
		t.tell("greet.welcome")
	case p.has(actBye) && short:
		t.did(actBye)
		t.tell("bye")
	case p.has(actThanks):
		t.did(actThanks)
		t.tell("thanks")
	case p.has(actBye):
		t.did(actBye)
		t.tell("bye")
	case p.yesNo == entity.Yes && t.lateYes():
		t.did(actYes)
	case p.yesNo == entity.Yes:
		t.did(actSilence) // nothing was asked
	case short && t.next.Ask.For == "" && !p.asks && !p.names() && anyIn(p.reading.Words[:1], yesWords):
		t.did(actSilence) // "sawa, nasubiri"
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
