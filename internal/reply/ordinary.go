package reply

import (
	"regexp"
	"slices"
)

// ordinary are words for the usual kind of a thing, as against a special one.
var ordinary = listOf("ordinary")

// ordinaryService is the one service that its description calls the usual kind, for who asks for
// that: "basi hata wa kawaida" after the specialist is not there. Kept at the specialist, the
// customer was told the specialist's days again. "" if the words are not said, or fit none or
// several.
func (t *turn) ordinaryService() string {
	if !anyIn(t.p.reading.Words, ordinary) || notOrdinary.MatchString(t.p.text) {
		return ""
	}
	var found []string
	for _, s := range t.k.offered() {
		words := split(s.Description.EN + " " + s.Description.SW)
		if slices.ContainsFunc(words, func(w string) bool { return hasWord(ordinary, w) }) {
			found = append(found, s.ID)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// notOrdinary says that the usual kind is not meant: "sio daktari wa kawaida".
var notOrdinary = regexp.MustCompile(`(?i)\b(?:sio|siyo|si|sitaki|not(?: the| a)?|dont want|don't want)\s+(?:\pL+\s+){0,4}?(?:` +
	alternatives("ordinary") + `)\b`)
