package reply

// Intents that every template shares.
const (
	intentMenu     = "menu" // asked for, or the message was not understood
	intentGreeting = "greeting"
	intentThanks   = "thanks"
	intentOK       = "ok"
	intentMedia    = "media" // a picture or voice note without a caption
)

// Words of small talk, in both languages and as people misspell them.
var (
	// menuWords lead back to the menu, as every menu says.
	menuWords = keywords("menu, menyu, orodha kuu, mwanzo")

	// oldGreetings include those of the day ("za asubuhi") and of respect ("shikamoo").
	oldGreetings = keywords(`
		hi, hey, hello, hallo, helo, halo, hola, howdy, greetings, wassup, sup, good morning,
		good afternoon, good evening, gud morning, gud evening, how are you, how r u, habari,
		habri, mambo, jambo, hujambo, hamjambo, sijambo, salamu, niaje, vipi, uhali gani,
		shikamoo, shkamoo, salaam*, salam, asalam*, assalam*, umeamkaje, mmeamkaje, umeshindaje,
		za asubuhi, za mchana, za jioni, za leo
	`)

	// thanks include goodbyes, which are answered alike.
	thanks = keywords(`
		thank*, thnk*, thx, tnx, thanx, appreciate*, grateful, gratitude, cheers, asante*,
		ahsante*, shukran*, nashukuru, tunashukuru, ubarikiwe, barikiwa, bye, goodbye, farewell,
		see you, good night, kwaheri*, usiku mwema, siku njema, baadaye
	`)

	// consents include "no", which adds as little as "yes".
	consents = keywords(`
		ok, okay, okey, oky, k, kk, fine, alright, sure, yes, yeah, yep, no, nope, cool, great,
		sawa, sawasawa, poa, haya, ndiyo, ndio, hapana, vizuri, freshi, fresh
	`)
)

// smallTalk returns the intent of a message that is about nothing in particular,
// or "". A greeting may open a long message, since what it leads to is the menu
// anyway; thanks and consent must be all there is to it.
func smallTalk(words []string) string {
	switch {
	case len(words) <= maxPleasantry && anyIn(words, thanks):
		return intentThanks
	case anyIn(words, oldGreetings):
		return intentGreeting
	case len(words) <= maxConsent && anyIn(words, consents):
		return intentOK
	default:
		return ""
	}
}

// smallWords carry no details of their own.
var smallWords = keywords(`
	i, i'd, we, you, me, my, your, our, it, a, an, the, is, are, do, does, can, could, would,
	will, like, want, need, to, for, of, in, at, and, or, with, about, please, pls, have, what,
	what's, how, much, many, make, get, some, nataka, ninataka, naomba, ningependa, nahitaji,
	tafadhali, nina, mna, je, ni, na, ya, wa, za, la, cha, vya, kwa, kuhusu, gani, ngapi, nini,
	yangu, langu, yako, yenu, zenu, kuweka, kufanya, kujua
`)

// isBareRequest reports whether the message holds nothing but keywords, small talk and small
// words, such as "I want to book please". After the question for details it holds none.
func (t *template) isBareRequest(words []string) bool {
	known := func(word string) bool {
		for _, topic := range t.topics {
			if hasWord(topic.keywords, word) {
				return true
			}
		}
		return hasWord(smallWords, word) || hasWord(oldGreetings, word) || hasWord(thanks, word)
	}
	for _, w := range words {
		if !known(w) {
			return false
		}
	}
	return true
}

// isMenuWord reports whether the message asks for the menu and little else. A
// longer one, such as "is there soup on the menu", may be about a topic.
func isMenuWord(words []string) bool {
	return len(words) <= maxAside && anyIn(words, menuWords)
}

// numberWords are the numbers that a menu may have; 0 leads back to it. A menu has four lines,
// and a higher number is then no choice.
var numberWords = map[string]int{
	"0": 0, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7, "8": 8, "9": 9,
	"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
	"first": 1, "second": 2, "third": 3, "fourth": 4,
	"sifuri": 0, "moja": 1, "mbili": 2, "tatu": 3, "nne": 4, "tano": 5,
	"kwanza": 1, "pili": 2,
}

// besideNumbers are words that people put around a number they choose: "namba 2
// tafadhali", "the first one please".
var besideNumbers = keywords(`
	number, no, option, menu, i, choose, pick, want, the, please, pls, one, namba, nambari, na,
	ya, la, chaguo, nachagua, nataka, naomba, tafadhali
`)

// number returns the one number that the message consists of, if it does.
func number(words []string) (n int, ok bool) {
	for _, w := range words {
		v, isNumber := numberWords[w]
		switch {
		case isNumber && !ok:
			n, ok = v, true
		case !anyIn([]string{w}, besideNumbers):
			return 0, false
		}
	}
	return n, ok
}
