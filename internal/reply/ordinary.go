package reply

import (
	"regexp"
	"slices"

	"github.com/flowhq/flowhq/internal/understand/entity"
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

// takesOrdinary takes the usual kind for the special one that is being booked: "hapana huyo wa
// kawaida tu", and reports whether the message wants that.
func (t *turn) takesOrdinary() bool {
	v, p := t.next.Booking, &t.p
	id := t.ordinaryService()
	if v == nil || v.Moves != "" || len(v.More) > 0 || id == "" || id == v.Service || p.asks {
		return false
	}
	special := v.Service
	v.Service = id
	t.next.Topic, t.choices = id, nil
	// What is wanted besides comes to it: "na malaria apimwe pia".
	p.services = slices.DeleteFunc(p.services, func(m entity.NameMatch) bool {
		return m.ID == id || m.ID == special || slices.Contains(m.Others, id)
	})
	t.fillVisit()
	return true
}

// notOrdinary says that the usual kind is not meant: "sio daktari wa kawaida".
var notOrdinary = regexp.MustCompile(`(?i)\b(?:sio|siyo|si|sitaki|not(?: the| a)?|dont want|don't want)\s+(?:\pL+\s+){0,4}?(?:` +
	alternatives("ordinary") + `)\b`)
