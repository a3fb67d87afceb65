package reply

import (
	"slices"
	"strings"
)

// wishWords say that something is wanted, and not only asked about.
var wishWords = keywords(`
	looking for, natafuta, ninatafuta, want, need, give me, get me, send me, bring me,
	i will take, ill take, ill have, i take, can i get,
	can i have, could i get, may i have, order, buy, i would like, id like, lets have, reserve,
	keep,
	nataka, natak, naomba, nipe, nipee, nipeni, nahitaji, nahtaji, nitahitaji, nachukua, nitachukua,
	ntachukua, nichukue, nipatie, nipatieni, niwekee, niwekeeni, nauliza nipate, ninunue, nanunua,
	nitanunua, weka, niagizie, naagiza, kuagiza, niletee, nileteeni, mniletee, nipelekee,
	unipelekee, mnipelekee, uniletee, nitumie,
	leta, ongeza, niongezee, add, nauchukua, nakichukua, naichukua, nitaichukua, nitauchukua
`)

// inquiring begin a question that looks like a wish: "I would like to ask whether you have it".
var inquiring = keywords(`
	like to ask, want to ask, wanted to ask, like to know, want to know, wanted to know,
	to find out,
	wondering if, just asking, naomba kujua, naomba kuuliza, ningependa kujua, ningependa kuuliza,
	nataka kujua, nataka kuuliza, nilikuwa nauliza, nilikua nauliza, nauliza tu, naulizia
`)

// wishes reports whether the message says that it wants goods: in so many words, or by saying where
// they go.
func (t *turn) wishes() bool {
	p := &t.p
	return p.has(actOrder) || anyIn(p.reading.Words, wishWords) || p.cued(cueDeliver) ||
		p.cued(cuePickup)
}

// musing are words of who compares and has not chosen: "ama raba zinakaa poa zaidi hmm".
var musing = keywords(`
	ama, au, hmm, hm, mmh, maybe, labda, perhaps, better, nicer, poa zaidi, nzuri zaidi, bora, or,
	afadhali, je, instead of, sijui
`)

// asksSoftly reports whether the message asks something, with or without the mark.
func (p *perception) asksSoftly() bool {
	return p.asks || asksInWords(p.reading.Words)
}

// asksInWords reports whether words without a mark ask something.
func asksInWords(words []string) bool {
	return eitherOr(words) || endsAsQuestion(words) || anyIn(words, softQuestion) &&
		(!anyIn(words, noQuestion) ||
			anyIn(slices.DeleteFunc(slices.Clone(words), func(w string) bool {
				return hasWord(noQuestion, w)
			}), softQuestion))
}

// endsAsQuestion reports whether a word at the end asks to agree: "the 35k is only for long hair
// right".
func endsAsQuestion(words []string) bool {
	n := len(words)
	return n > maxKin+1 && hasWord(agreeing, words[n-1]) && !hasWord(beforeRight, words[n-2])
}

var (
	agreeing    = keywords("right, eh, sivyo, sindio")
	beforeRight = keywords("thats, that, is, all, alright, the, on, turn, to, your, my, its, are")
)

// eitherOr reports whether words ask which of two things the customer is to do: "niyatupe ama
// niyaweke".
func eitherOr(words []string) bool {
	subjunctive := func(w string) bool {
		return len(w) > minSubject && strings.HasSuffix(w, "e") &&
			(strings.HasPrefix(w, "ni") || strings.HasPrefix(w, "tu"))
	}
	for i, w := range words {
		if (w == "ama" || w == "au") && i > 0 && i+1 < len(words) && subjunctive(words[i-1]) &&
			subjunctive(words[i+1]) {
			return true
		}
	}
	return false
}

// noQuestion begin as a question to a business does, and are places and things: "mtaa wa Utete"
// was noted as a question.
var noQuestion = keywords("mtaa*, mtandao, mtaro, mtaji, mnazi, mnara*, mnada*, mtama")

// softQuestion are words of questions that are typed without a mark. "Mna" and "mta" are what a
// question to a business begins with in Swahili.
var softQuestion = keywords(`
	je, au, kweli, gani, gan, ngapi, lini, wapi, nini, vipi, vp, unaweza, mnaweza, naweza, can you,
	can i, do you,
	does it, is it, are they, are these, what, how, which, when, who, why, mna*, mta*,
	inawezekana, whats,
	could you, will you, can someone, is that ok, is it ok, is that fine, is that okay
`)
