package reply

import (
	"regexp"
	"slices"
	"strings"
)

// Clothes that are to be altered. "Suruali mnipunguzie inchi 2" wants them shorter, and no lower price.

// alters are words of who wants clothes shorter or closer, and priceOf of who speaks of a price.
var (
	alters  = listOf("alters")
	priceOf = keywords("bei, price, discount, punguzo, cheaper, elfu")
)

// wantsAltered drops a bargain that is none, and reports whether there is such a wish.
func (p *perception) wantsAltered(all *acts) bool {
	if !anyIn(p.reading.Words, alters) || anyIn(p.reading.Words, priceOf) {
		return false
	}
	all.drop(actDecision)
	p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return a == actDecision })
	return true
}

// alterWished is what is to be altered of the goods, "" if the message only asks whether it can be.
func (t *turn) alterWished() string {
	for _, said := range saidApart.Split(t.p.text, maxPartsRead) {
		if words := split(said); anyIn(words, alters) && anyIn(words, toBeAltered) && !asksInWords(words) &&
			!strings.Contains(t.p.text, said+"?") {
			return strings.Trim(pleaLead.ReplaceAllString(said, ""), " ,")
		}
	}
	return ""
}

var (
	// saidApart parts sentences, and pleaLead is the courtesy in front of one.
	saidApart = regexp.MustCompile(`[.!?;\n]+`)
	pleaLead  = regexp.MustCompile(`(?i)^\s*(?:(?:please|pls|plz|tafadhali|naomba|asante|thanks|ok|sawa)[ ,]+)+`)
)

// toBeAltered say that something is to be done to the goods.
var toBeAltered = keywords("mni*, uni*, m*punguz*, mfupishe, mrekebishe, tafadhali, naomba, please, pls, shorten, hem, " +
	"take in, alter, niongezee, ifupishwe, ipunguzwe")

// legLength is the length that trousers are to have, which is no size of theirs: "waist 34, length 30".
var legLength = regexp.MustCompile(`(?i)\b(?:(?:my )?legs?|length|inseam|urefu|mi?guu)\s+(?:(?:is|to|ni|ya|wa|size)\s+)?\d{2}\b(?:\s*(?:inch(?:es)?|cm|"))?`)

// lengthWished is such a length, "" if the message has none.
func (t *turn) lengthWished() string {
	return strings.TrimSpace(legLength.FindString(t.in.Message.Text))
}
