package reply

import (
	"regexp"
	"unicode"
)

// secretWords are what secrets are called. "Siri" is only one with what it belongs to. A word with
// a star also finds its plural and its Swahili ending.
var secretWords = keywords(`
	pin, pins, password*, passcode*, paswad, pasiwedi, otp, nywila, nenosiri, neno la siri,
	namba ya siri, nambari ya siri, cvv
`)

// saysSecret finds what stands behind the word and looks like the secret itself: four to eight
// digits, or a word behind "is" or "ni". "I forgot my PIN" must be answered like any other
// question, so that the secret itself is looked for. A PIN has at least four digits, and more than
// eight are a phone's number.
var saysSecret = regexp.MustCompile(
	`(?i)(pin|pass ?word|passcode|otp|cvv|siri|nywila|nenosiri|paswad)\b[^.!?\n]{0,25}?` +
		`([:=] *\S{4,}|\b\d{4,8}\b|\b(is|ni)\b *(: *)?\S*\d\S*)`)

// location tells that "pin" is a place on a map. "Nimetuma pin location" is an address, and no
// reason for a warning.
var locationPin = keywords("pin location, location pin, pin ya location, location, map, ramani")

// tellsSecret reports whether the message holds a PIN or password, and not only talks of one. The
// warning is the whole answer then.
func tellsSecret(p *perception) bool {
	return anyIn(p.reading.Words, secretWords) && !anyIn(p.reading.Words, locationPin) &&
		saysSecret.MatchString(p.text)
}

// withoutSecrets returns the text of a message with every digit hidden if it may hold a secret.
// It is for the notes that people of the business read. It hides more than tellsSecret finds: a
// digit too many that is hidden costs nothing, and a PIN in a list of notes stays there.
func withoutSecrets(p *perception) string {
	if !anyIn(p.reading.Words, secretWords) {
		return p.text
	}
	runes := []rune(p.text)
	for i, r := range runes {
		if unicode.IsDigit(r) {
			runes[i] = '•'
		}
	}
	return string(runes)
}

// bargains reports whether a message names a price of its own and asks for consent: "is 5,000 all
// right?". Nobody but the owner may agree to that. Read as an order it would be placed at that
// price.
func bargains(p *perception) bool {
	// Without an amount it asks for a discount, which the models know.
	if len(p.entities.Money) == 0 {
		return false
	}
	return p.asks || anyIn(p.reading.Words, bargainWords)
}

// Each of these makes an amount an offer: "nina elfu tano tu", "nipe kwa 5000".
var bargainWords = keywords(`
	all right, alright, okay, ok, is fine, sawa, iko sawa, ni sawa, inatosha, tosha, poa, accept,
	utakubali, mtakubali, mnakubali, nipe kwa, niuzie kwa, nitoe, natoa, niko na, nina, only,
	pekee, tu, for me, deal, fanya, chukua, haiwezekani, uniachie, niachie, nifanyie, mnifanyie,
	unifanyie, mnifanyieni, fanyeni, ufanye, can you do, can u do, do it for, too much, is a lot,
	ni nyingi, ghali, siwezi kulipa, ninayo, nnayo
`)

// bargainsFee reports whether a message finds the fee of the delivery too high, or offers another
// one. The sum often has no currency: "hamuwezi kufanya 300?".
func bargainsFee(p *perception) bool {
	words := p.reading.Words
	return anyIn(words, feeWords) && (anyIn(words, tooHigh) ||
		anyIn(words, offersFee) && (len(p.entities.Numbers) > 0 || len(p.entities.Money) > 0))
}

var (
	feeWords = keywords("delivery, fee, usafiri, nauli, kuleta, kuletewa, transport, shipping, " +
		"delivery fee, boda, rider")
	tooHigh = keywords("iko juu, ni juu, juu sana, ghali, expensive, too much, too high, " +
		"high, is a lot, " +
		"ni nyingi, ni kubwa, kubwa sana, steep, punguza*, mpunguze, mnipunguzie, nipunguzie*, " +
		"reduce, lower, cheaper, discount, imezidi, waive, bila malipo, niletee bure, " +
		"free delivery please")
	offersFee = keywords("hamuwezi, hamwezi, mnaweza, unaweza, can you do, cant you do, " +
		"could you do, " +
		"fanya, fanyeni, nifanyie, mnifanyie, iwe, make it, nitalipa, ntalipa, niletee kwa, kwa, " +
		"deliver for, hata")
)

// angerWords tell anger from a complaint. They are those of the cue for anger, so that both know
// the same words.
var angerWords = cueWords(actAnger)
