package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// A booking that is moved without the word for it: "siwezi leo, nije kesho saa hiyo hiyo", "something
// came up, tomorrow same time?". It was cancelled instead, or made a second time.

var (
	// cannotCome says that the customer cannot come when the booking is. The day in it is the old
	// one.
	cannotCome = regexp.MustCompile(`(?i)\b(?:(?:leo|today|kesho|tomorrow)\s+)?(?:si(?:to|ta)?(?:weza|wezi|wahi|fika)|siezi|` +
		`(?:nime|nita|nta)shindwa|(?:naona\s+)?(?:haiwezekani|haitawezekana|imeshindikana)|` +
		`(?:nimepata|nina|kuna|imetokea)\s+(?:dharura|udhuru|emergency|jambo|safari)|` +
		`(?:i\s+)?(?:can'?t|cannot|can not|won'?t|couldn'?t)\s+(?:be able to\s+)?(?:make|come|be|do|manage)(?:\s+(?:it|there|that))?|` +
		`not able to (?:make it|come)|something(?:'s| has)? c(?:a|o)me up|(?:i have |i've got |got )?an emergency)` +
		`(?:\s+(?:kuja|kufika|tena|kabisa|again|at work|kazini))*` +
		`(?:\s+(?:leo|today|kesho|tomorrow|this (?:morning|afternoon|evening)|muda huo|saa hiyo|on that day))?`)
	// rather leads to another time than was just booked.
	rather = regexp.MustCompile(`(?i)\b(?:bora|afadhali|heri|better|rather|labda|maybe|perhaps|let me come|tufanye|instead|make (?:it|that)|make the time|let'?s (?:do|make it|say)|change (?:it )?to|ifanye|(?:ku|ni|tu|u)?sogez[ae]\w*)\b`)
	// mayComeAt asks whether another time is possible: "tukija saa tano inawezekana?".
	mayComeAt = regexp.MustCompile(`(?i)\b(?:(?:tu|ni)(?:ki)?(?:j[ae]|fika|pita)|tuje|nije|kuja|come|came|coming)\b.*` +
		`\b(?:\w*wezekana|possible|itafaa|inafaa|(?:is|will|would) (?:that|it) (?:be )?(?:ok|okay|fine|alright|work))\b|` +
		`\b(?:\w*wezekana|possible|(?:is|would) it (?:be )?(?:ok|okay|fine)(?: if)?)\b.*\b(?:tukija|nikija|tuje|nije|kuja|come|came)\b`)
	// makesHour is an hour as a bare number.
	makesHour = regexp.MustCompile(`(?i)\b(?:make (?:it|that)|let'?s (?:do|make it|say)|change (?:it )?to|iwe|ifanye)\s+(?:saa\s+|at\s+)?(\d{1,2})(?:\s*(?:pm|am))?\b`)
	// asBefore is the hour of the booking, on another day.
	asBefore = regexp.MustCompile(`(?i)\b(?:muda|saa|wakati)\s*(?:huo\s*huo|hiyo\s*hiyo|ile\s*ile|ule\s*ule|uo\s*uo)\b|` +
		`\bsame (?:time|hour)\b`)
	// cancelClause is what takes a booking away, and putsInstead what puts another in its place.
	cancelClause = regexp.MustCompile(`(?i)\b(?:\w*ghairi\w*|cancel\w*|futa|ifute)\b[^,.;!?\n]*[,.;!?\n]*`)
	putsInstead  = regexp.MustCompile(`(?i)\b(?:weka|niwekee|iweke|book|put|make it|iwe|nipe|nije)\b`)
)

// readMove reads a message that moves a booking as one that says so, with its new time.
func (t *turn) readMove(p *perception) {
	if t.k.template() != flowhq.BookingTemplate || t.next.Booking != nil || len(t.bookings()) == 0 ||
		anyIn(p.reading.Words, anotherVisit) {
		return
	}
	// "Futa ya leo, weka alhamisi ijayo" cancels nothing.
	a, text := t.appointments()[0], cancelClause.ReplaceAllString(p.text, "")
	if text != p.text && !putsInstead.MatchString(text) {
		return
	}
	if slices.ContainsFunc(p.services, func(m entity.NameMatch) bool { return !slices.Contains(visitOf(a).services(), m.ID) }) {
		return
	}
	cannot := cannotCome.MatchString(p.text) || text != p.text
	if !cannot && !asBefore.MatchString(p.text) && !(t.bookedJustNow() && (rather.MatchString(p.text) ||
		mayComeAt.MatchString(p.text) && !anyIn(p.reading.Words, companions))) {
		return
	}
	r, ok := t.timeIn(cannotCome.ReplaceAllString(text, ", "))
	// "Lets do 5.30 instead".
	// The day beside it may be of the reason: "make it 6.30, traffic is bad today".
	hour := hourMinute.FindString(text)
	if m := makesHour.FindStringSubmatchIndex(text); hour == "" && m != nil &&
		!countsBehind.MatchString(text[m[1]:]) {
		hour = text[m[2]:m[3]]
	}
	if hour != "" && !(ok && r.HasTime) {
		r, ok = t.timeIn("at " + strings.Replace(hour, ".", ":", 1))
		r.HasDay = false
	}
	if !ok || !r.HasTime && !r.HasDay || t.isTimeOf(a, r) {
		return
	}
	p.time, p.hasTime = r, true
	// "Kazi imenibana" is tight as work is, and no clothes are.
	p.cues = append(slices.DeleteFunc(p.cues, func(a act) bool {
		return slices.Contains([]act{actChange, actComplaint, actReturn, actProblem}, a)
	}), actChange)
	// The owner's answer is to a question beside it, or to none.
	p.sure = p.sure && slices.ContainsFunc(piecesOf(p.text), func(piece piece) bool {
		if _, timed := t.timeIn(piece.text); timed || !piece.asks {
			return false
		}
		id, _, sure, _ := t.bestAnswer(piece.text)
		return sure && id == p.answer
	})
}

// readAsBefore takes the hour of the booking that was made in this talk, where the hour of another
// is asked for: "same time".
func (t *turn) readAsBefore(p *perception) {
	v := t.next.Booking
	if v == nil || v.Moves != "" || v.Day.IsZero() || !t.bookedJustNow() || p.hasTime && p.time.HasTime ||
		!asBefore.MatchString(p.text) || besides.MatchString(p.text) {
		return
	}
	if !p.hasTime || !p.time.HasDay {
		p.time = when.Result{HasDay: true, Day: v.Day}
	}
	clock := t.appointments()[0][0].StartsAt.In(t.k.zone)
	y, m, d := p.time.Day.Date()
	p.time.HasTime, p.time.Certainty, p.hasTime = true, when.Exact, true
	p.time.Start = time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, t.k.zone)
}

// isTimeOf reports whether a time is that of an appointment.
func (t *turn) isTimeOf(a appointment, r when.Result) bool {
	at := a[0].StartsAt.In(t.k.zone)
	if !r.HasTime {
		return sameDay(r.Day, at)
	}
	return r.Start.Equal(at)
}

// saysWhyMoved reports whether a part of a message only says why a booking is moved or taken back,
// or how many were booked of which some are.
func (t *turn) saysWhyMoved(text string) bool {
	if t.in.State.Ask.For == askMove && anyIn(split(text), deleteWords) {
		return true // "na ile ya leo itoe"
	}
	if slices.Contains(t.acts, actDrop) && (anyIn(split(text), givesUp) || cuedBy(split(text), cueLeave)) {
		return true
	}
	return slices.ContainsFunc([]act{actChange, actCancel}, func(a act) bool { return slices.Contains(t.acts, a) }) &&
		(cannotCome.MatchString(text) || atWork.MatchString(text) || saysOnlyOne(text) || manyBooked.MatchString(text))
}

// atWork says where somebody is until the new time.
var atWork = regexp.MustCompile(`(?i)\b(?:works?|working|at work|kazini|meeting|kikao|class|darasani|school|shuleni?)\b`)

// manyBooked says how many were booked.
var manyBooked = regexp.MustCompile(`(?i)\b(?:m(?:me|li)weka|you (?:have )?(?:put|booked))\s+(?:miadi\s+|slots?\s+)?(?:\d|\pL+)\b`)
