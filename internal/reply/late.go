package reply

import (
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// Who will be late. "Ntachelewa kidogo, labda 3:15" moves no visit: the chair is kept or not, which
// is for the owner to say, and whoever serves the customer reads it on the booking.

// comesLate are words of a customer who comes late.
var comesLate = listOf("comes late")

// saysLate reports whether the customer of a booking says that it will be late. A time in what is
// asked is another time that is wanted: "I will be late from work, can we do 7?".
func (t *turn) saysLate(p *perception) bool {
	// What is read back may be come to late as well.
	held := t.next.Ask.For == askBook && t.next.Booking != nil && !t.next.Booking.Start.IsZero()
	if t.k.template() != flowhq.BookingTemplate || !held &&
		(t.next.Booking != nil || len(t.bookings()) == 0) ||
		!anyIn(p.reading.Words, comesLate) || len(p.services) > 0 || p.cued(actCancel) ||
		p.cued(cueInstead) {
		return false
	}
	for _, piece := range piecesOf(p.text) {
		// "Tusogeze saa kumi na moja, ntachelewa kutoka job" moves the visit, and says why.
		if r, ok := t.timeIn(piece.text); ok && (r.HasTime || r.HasDay) &&
			!anyIn(split(piece.text), comesLate) &&
			(cuedBy(split(piece.text), actChange) || anyIn(split(piece.text), insteadWords)) {
			return false
		}
		if piece.asks && strings.ContainsAny(piece.text, "0123456789") &&
			!anyIn(split(piece.text), comesLate) &&
			!inMinutes.MatchString(piece.text) {
			return false
		}
		if _, ok := t.timeIn(piece.text); ok && piece.asks && !anyIn(split(piece.text), comesLate) {
			return false
		}
	}
	return true
}

// readLate reads who will be late, or asks what becomes of who is.
func (t *turn) readLate(p *perception) {
	if t.saysLate(p) {
		p.time, p.hasTime = when.Result{}, false
		t.answerLate(p)
	} else if t.k.template() == flowhq.BookingTemplate && p.asks && len(p.reading.Words) <= maxAssent &&
		anyIn(p.reading.Words, ifLate) {
		t.answerLate(p) // "nikichelewa kwa sababu ya foleni?" asks nothing of queues
	}
}

// lateQuestions are how owners write the question for who comes late.
var lateQuestions = []string{"what if i am late", "nikichelewa itakuwaje", "i will be late", "nitachelewa"}

// answerLate takes the owner's answer for who comes late in place of any other, but for one to a
// question beside: "kuna foleni, ntachelewa dk 20, itakuwaje" asks nothing about queues.
func (t *turn) answerLate(p *perception) {
	a := t.answerTo(lateQuestions, minUsual)
	if a == nil {
		return
	}
	for _, piece := range piecesOf(p.text) {
		if id, alike, sure, _ := t.bestAnswer(piece.text); strings.HasSuffix(piece.text, "?") && sure &&
			id != a.ID &&
			!anyIn(split(piece.text), comesLate) {
			p.answer, p.alike, p.sure = id, alike, true
			return
		}
	}
	p.answer, p.alike, p.sure = a.ID, 1, true
}

// noteLate notes on the booking that the customer will be late, and reports whether it says so. What
// it asks beside is answered from what the owner told, or passed on.
func (t *turn) noteLate(informed bool) bool {
	// "What if I am late?" asks for the rule, and says nothing of being late.
	if !t.saysLate(&t.p) || informed && anyIn(t.p.reading.Words, ifLate) {
		return false
	}
	t.did(actBook)
	var told []string
	for _, piece := range piecesOf(withoutSecrets(&t.p)) {
		if !piece.asks || anyIn(split(piece.text), comesLate) {
			told = append(told, strings.TrimRight(piece.text, ".!"))
		}
	}
	t.noteVisit(oneLine(strings.Join(told, ", "), maxNote))
	switch {
	// What was read back is still to be confirmed, and has the note.
	case t.next.Booking != nil:
		t.resume(t.next.Ask)
	case !informed:
		t.passQuestion()
	}
	return true
}
