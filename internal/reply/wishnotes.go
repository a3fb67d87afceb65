package reply

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Wishes that no field of a fact has: who is to cut, which colour, when the rider is to come. They
// were dropped without a word. They are noted with the booking or order in the customer's words,
// for the owner to see, and the reply says what was noted. Nothing is promised by it.

// maxWish bounds one wish, in characters.
const maxWish = 80

// notThem say that somebody is not wanted.
var notThem = listOf("not them")

// callFirst is a wish to be called before or at a time, which is nothing that a person has to
// answer now: "nipigie kabla sijaja", "call me when it is ready".
var callFirst = regexp.MustCompile(`(?i)\b` + callsUs +
	`[^.,;!?\n]{0,20}(?:\b(?:before|when|once|if|first|kwanza|kabla|kama|iki\w+|` +
	`zikiwa|ikiwa|tayari|ready|one hour|saa moja kabla)\b|(?:\b(?:on|kwa|` +
	`through)\s+)?\+?0?[17][\d ]{7,})[^.;!?\n]*`)

// wishesCall is such a wish, "" if the message has none.
func (t *turn) wishesCall() string {
	if anyIn(t.p.reading.Words, wantsPerson) || t.k.template() == flowhq.SupportTemplate {
		return ""
	}
	return strings.Trim(callFirst.FindString(t.p.text), " ,")
}

var (
	// colours of goods, which profiles have no field for.
	colour = `(?:black|white|red|blue|navy|green|yellow|brown|grey|gray|pink|purple|orange|beige|` +
		`cream|maroon|gold|silver|` +
		`(?:ny|m|mw|w|j|vy|ch|l|z|p)?e(?:usi|upe|kundu)|bluu|buluu|kijani|njano|kahawia|kijivu|` +
		`pinki|zambarau|maruni)`
	colourWords = keywords(`
		black, white, red, blue, navy, green, yellow, brown, grey, pink, purple, orange,
		beige, cream,
	maroon,
		*eusi, *eupe, *ekundu, bluu, kijani, njano, kahawia, kijivu, pinki, zambarau, maruni,
		colours, colors, colour, color, rangi`)
	beforeColour = `(?:(?:one|two|three|four|\d+|moja|mbili|tatu|nne|all|both|zote|in|rangi|ya|` +
		`za|nyingine|other|dark|light)\s+){0,3}`
	// colourRun is a colour with its count, and what follows of the same kind: "one black one
	// white".
	colourRun = regexp.MustCompile(`(?i)\b` + beforeColour + colour + `\b` + behindColour +
		`(?:\s*(?:,|&|\band\b|\bna\b|\bor\b|\bau\b)?\s*` +
		beforeColour + colour + `\b` + behindColour + `)*`)
	behindColour = `(?:\s+(?:moja|mbili|tatu|nne|tano|\d{1,2})\b)?`
	// paintedBefore stands in front of it: "nyumba ya bluu". The word between may be of the run.
	paintedBefore = regexp.MustCompile(`(?i)\b(?:geti|mlango|nyumba|jengo|ukuta|paa|gari|gorofa|` +
		`ghorofa|kibanda|duka|gate|house|building|door)\s+(?:\pL+\s+)?$`)
	// painted stands behind the colour of a place.
	painted = regexp.MustCompile(`(?i)^\s+(?:gate|door|house|building|wall|roof|car|geti|mlango|` +
		`nyumba|jengo|light|pepper|tea|stone)\b`)
)

// coloursWished are the colours that the message wants its goods in, "" if it says none. A colour
// that a product is called by is none, and neither is that of a gate.
func (t *turn) coloursWished() string {
	p := &t.p
	if t.k.template() != flowhq.EcommerceTemplate {
		return ""
	}
	// Only the first run is taken: a second one is of another line, and the whole is noted with it.
	for _, at := range colourRun.FindAllStringIndex(p.text, maxEdits) {
		text := p.text[at[0]:at[1]]
		// "Mna nyeusi?" asks what there is. A wish is noted only where it is said.
		if painted.MatchString(p.text[at[1]:]) || paintedBefore.MatchString(p.text[:at[0]]) ||
			p.asksAt(at[0]) ||
			slices.ContainsFunc(split(text), t.colourNames) ||
			slices.ContainsFunc(p.products, t.wantsOtherKind) {
			continue
		}
		// "Any colour except black" is noted with its words.
		if before := exceptColour.FindString(p.text[:at[0]]); before != "" {
			text = before + text
		}
		text += ifToBeHad.FindString(p.text[at[1]:])
		return strings.TrimSpace(text)
	}
	return ""
}

// exceptColour stands in front of a colour that is not wanted.
var exceptColour = regexp.MustCompile(`(?i)(?:\b(?:any|rangi yoyote|yoyote)\b[^.,;!?\n]{0,20})?\b(?:` +
	alternatives("except") + `)\s+$`)

// asksAt reports whether the part of the message at a place is a question.
func (p *perception) asksAt(at int) bool {
	for _, part := range piecesOf(p.text) {
		if i := strings.Index(p.text, part.text); i >= 0 && i <= at && at < i+len(part.text) {
			return part.asks
		}
	}
	return p.asks
}

// ifToBeHad stands behind a colour that is wanted if it is to be had.
var ifToBeHad = regexp.MustCompile(`(?i)^\s+(?:if (?:you|u) have(?: it| one)?|if available|if possible|if there is|kama ipo|kama mnayo|` +
	`kama iko|ikiwepo|kama inapatikana)\b`)

// colourNames reports whether a word is in the name of a product that the message names. Swahili
// changes its beginning with the noun: "shati nyeupe" is the owner's "shati jeupe".
func (t *turn) colourNames(word string) bool {
	// Four letters are the stem of each of the colours that change: -eusi, -eupe, -kundu.
	root := word[max(0, len(word)-4):]
	return slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool {
		p := t.k.product[m.ID]
		return p != nil && slices.ContainsFunc(split(strings.Join(namesOf(p.Name, p.Aliases), " ")),
			func(w string) bool {
				return w == word || len(root) == 4 && strings.HasSuffix(w, root)
			})
	})
}

// timeWished is the clause that says when an order is to come or is fetched, "" if none does. A
// question for it is answered elsewhere, and a day of payment is no day of delivery.
func (t *turn) timeWished() string {
	p := &t.p
	if t.k.template() != flowhq.EcommerceTemplate || p.has(actPaid, actReturn, actStatus) {
		return ""
	}
	if asked := t.timeRequested(); asked != "" || !p.hasTime {
		return asked
	}
	// Clause by clause, as a message says several things: where to, when, and how it is paid.
	clauses := wishClause.Split(p.text, maxPartsRead)
	for i, clause := range clauses {
		words := split(clause)
		// A time that has passed says since when, and is no wish.
		r, ok := t.timeIn(clause)
		ahead := r.Start.After(t.now.Add(-time.Minute)) ||
			r.HasDay && !r.Day.Before(startOfDay(t.now))
		if !ok || !r.HasTime && !r.HasDay && r.Start.IsZero() || !ahead ||
			strings.Contains(clause, "?") || asksInWords(words) ||
			entity.BeginsAsQuestion(clause) || anyIn(words, paysThen) {
			continue
		}
		if len(t.named(t.k.products, clause)) == 0 && len(words) <= maxTimeWords {
			// "Tomorrow morning is ok, before 9" goes on.
			if i+1 < len(clauses) && goesOnTime.MatchString(clauses[i+1]) {
				clause += "," + clauses[i+1]
			}
			if at := comesThen.FindStringIndex(clause); at != nil {
				clause = clause[at[0]:]
			}
			return strings.TrimSpace(timeLead.ReplaceAllString(strings.Trim(clause, " ."), ""))
		}
		return p.timeText()
	}
	return ""
}

// comesThen begins what a customer says of when to come, behind what is wanted.
var comesThen = regexp.MustCompile(`(?i)\b(?:nitakuja|ntakuja|nakuja|naja|nitapita|ntapita|i'?ll come|i will come|i'?ll pass|` +
	`i'?ll pick)\b.*$`)

// timeLead stands in front of a time and says nothing of it.
var timeLead = regexp.MustCompile(`(?i)^(?:(?:sawa|poa|ok|okay|basi|ndio|yes|fine|haya|then|na|` +
	`and)[ ,]+)+`)

// wishClause parts the clauses of a message, with their question marks.
var wishClause = regexp.MustCompile(`[,;!\n]+|\.(?:\s|$)`)

// goesOnTime begins a clause that says more of a time.
var goesOnTime = regexp.MustCompile(`(?i)^\s*(?:before|after|by|not|around|kabla|baada|hadi|` +
	`mpaka)\b`)

// paysThen are words of a time at which something is paid.
var paysThen = keywords("*lipa*, pay, paid, paying")

// maxTimeWords is how many words a clause has at most that is noted whole for its time.
const maxTimeWords = 10

// timeSpan is a day and before or after which hour: "2day before 2pm".
var timeSpan = regexp.MustCompile(`(?i)\b(?:(?:today|2day|tomorrow|tmrw|tmrow|2moro|leo|kesho)\s+)?(?:before|b4|by|after|kabla ya|baada ya)\s+` +
	`(?:saa\s+[\pL\d]+(?:\s+na\s+(?:nusu|robo))?(?:\s+(?:ya\s+)?(?:asubuhi|mchana|jioni|usiku))?|\d{1,2}(?:[.:]\d{2})?\s*(?:am|pm|o'?clock)?)\b`)

// timeText are the words for day and time of a message that says more.
func (p *perception) timeText() string {
	if span := strings.TrimSpace(timeSpan.FindString(p.text)); span != "" {
		return span
	}
	var words []string
	for w := range strings.FieldsSeq(p.text) {
		bare := split(w)
		if len(bare) == 1 && (hasWord(dayWords, bare[0]) || bare[0] == "saa") {
			words = append(words, strings.Trim(w, ".,!;"))
		}
	}
	return strings.Join(words, " ")
}

// keepVisitWishes notes the wishes of the message with the visit that is being made, or with the
// one that was made a moment ago. It comes before the facts are written, and once more when the
// turn has begun a visit.
func (t *turn) keepVisitWishes() {
	if t.k.template() != flowhq.BookingTemplate || anyIn(t.p.reading.Words, secretWords) {
		return
	}
	for _, wish := range []string{t.staffWished(), t.kindWished(), t.wishesCall(), t.phoneClause()} {
		if wish != "" {
			t.noteVisit(wish)
		}
	}
	t.noteAllergy()
}

// phoneClause is the clause with a number to call, "" if there is none, or if it is the number of a
// payment.
func (t *turn) phoneClause() string {
	p := &t.p
	if len(p.entities.Phones) != 1 || p.has(actPaid) {
		return ""
	}
	// As it was typed: the owner dials what the customer wrote.
	phone := p.text[p.entities.Phones[0].Start:p.entities.Phones[0].End]
	if o := t.next.Order; o != nil && (strings.Contains(o.Note, phone) ||
		strings.Contains(o.Address, phone)) {
		return ""
	}
	for _, clause := range wishClause.Split(p.text, maxPartsRead) {
		if strings.Contains(clause, phone) {
			return strings.TrimSpace(clause)
		}
	}
	return ""
}

// addNote adds to the note of an order what is not in it yet.
func (o *Basket) addNote(wish string) { o.Note = withNote(o.Note, wish, maxOrderNote) }

// withNote is a note with one more wish in it.
func withNote(note, wish string, limit int) string {
	// The same wish is often said twice, in the order and in its yes.
	wish = oneLine(wish, maxWish)
	// A wish that says more replaces what it says again.
	note = strings.Join(slices.DeleteFunc(strings.Split(note, "; "), func(s string) bool {
		return s != "" && s != wish && strings.Contains(strings.ToLower(wish), strings.ToLower(s))
	}), "; ")
	switch {
	case wish == "" || strings.Contains(strings.ToLower(note), strings.ToLower(wish)):
		return note
	case note == "":
		return wish
	}
	return oneLine(note+"; "+wish, limit)
}

// noteVisit notes a wish with the visit that is being made, else with the booking that was made.
// Without either it waits for the visit of this turn.
func (t *turn) noteVisit(wish string) {
	// A move has a booking of its own, whose note stays.
	if v := t.next.Booking; v != nil && v.Moves == "" {
		if note := withNote(v.Note, wish, maxNote); note != v.Note {
			v.Note = note
			t.tellWish(wish)
		}
		return
	}
	all := t.bookings()
	if len(all) == 0 || t.p.has(actBook) {
		return
	}
	// The newest: it is what the customer has just been told of.
	b := all[0]
	if note := withNote(b.Note, wish, maxNote); note != b.Note {
		b.Note = note
		t.fact(flowhq.FactChange{Booking: &b})
		t.tellWish(wish)
	}
}

// tellWish says what was noted, once a turn.
func (t *turn) tellWish(wish string) {
	t.wished = true
	wish = alsoLead.ReplaceAllString(wish, "")
	t.tell("noted.wish", "note", strings.TrimRight(oneLine(wish, maxWish), "?!., "))
}

// noteOnPlaced notes a wish on the order that was placed a moment ago. It reports whether there is
// such an order.
func (t *turn) noteOnPlaced(wish string) bool {
	// An order of days ago may be on its way, and a note on it is read by nobody.
	f, ok := t.placedOrder()
	if wish == "" || !ok {
		return false
	}
	if note := withNote(f.Note, "note: "+wish, maxNote); note != f.Note {
		f.Note = note
		t.rewrite(f)
	}
	t.did(actOrder)
	t.tell("noted.order", "note", oneLine(wish, maxWish), "number", f.Number)
	return true
}

// takePlacedWish takes a message that says no more than a wish for an order that is placed: a call
// at the door, or the number to call.
func (t *turn) takePlacedWish() bool {
	p := &t.p
	if t.k.template() != flowhq.EcommerceTemplate || t.next.Order != nil ||
		p.asks && !t.saysWhenToCome() ||
		anyIn(p.reading.Words, secretWords) || p.names() ||
		len(p.reading.Words) > maxAssent+2 && !t.saysWhenToCome() ||
		len(p.areas) > 0 || p.has(actChange) && !t.saysWhenToCome() ||
		p.has(actCancel, actReturn, actPaid, actStatus, actAnger, actComplaint) {
		return false
	}
	// Each of these called a person before, or was saved as the address.
	wish := t.wishesCall()
	if wish == "" && t.placedRecently() {
		wish = strings.Trim(riderNote.FindString(p.text), " ,")
	}
	if wish == "" && len(p.entities.Phones) == 1 && len(p.reading.Words) <= maxAssent &&
		t.next.Ask.For != askPerson {
		wish = t.note()
	}
	// A bare time is when it is to come.
	if wish == "" && t.placedRecently() && (isFigure(p.reading.Words) || t.saysWhenToCome()) {
		wish = cmp.Or(t.timeWished(), strings.Trim(t.note(), " ?"))
	}
	if wish == "" || anyIn(p.reading.Words, wantsPerson) {
		return false
	}
	// The address may still be asked for. It stays asked.
	pending := t.next.Ask
	if !t.noteOnPlaced(wish) {
		return false
	}
	if pending.For == askAddress {
		t.askAddressAgain()
	}
	return true
}

// saysWhenToCome reports whether the message says when an order is to be brought: "kesho saa nne ndio
// mlete, sio leo".
func (t *turn) saysWhenToCome() bool {
	words := t.p.reading.Words
	return t.p.hasTime && anyIn(words, bringThen) && (!t.p.asksSoftly() ||
		(t.p.time.HasTime || hasDigits(t.p.text)) && anyIn(words, mayTheyBring) &&
			!anyIn(words, sometimeWords))
}

// mayTheyBring ask for an order to be brought at a time: "can they come after 4?".
var mayTheyBring = keywords("can, could, naweza, mnaweza, unaweza, wanaweza, anaweza, inaweza, inawezekana")

// bringThen are verbs by which a customer says when an order is to be brought.
var bringThen = keywords(`
	mlete, mleteni, mniletee, nileteeni, niletee, lete, leteni, iletwe, uletwe, mzilete, ulete, waje,
	aje, mje, kuleta, kuletwa, bring, deliver, delivered, come, send, mtume, itumwe
`)

// placedRecently reports whether the customer has placed an order in this talk.
func (t *turn) placedRecently() bool {
	meant, _ := t.meantOrders()
	return t.next.Order == nil && len(meant) > 0 && t.now.Sub(meant[0].CreatedAt) <= TalkFor
}

// notesPlea notes with the visit or order in the making what pleads for something that the bot has
// no field for, and goes on. It is no answer: a question is never noted so.
func (t *turn) notesPlea(pending Ask) bool {
	p := &t.p
	if p.asks || entity.BeginsAsQuestion(p.text) || len(p.reading.Words) < minAddressWords ||
		!anyIn(p.reading.Words, pleas) && !declinesPart(p.text) || anyIn(p.reading.Words, begging) ||
		len(p.reading.Words) > maxExtra {
		return false
	}
	// Only what is being made has a note that somebody reads in time.
	switch o := t.next.Order; {
	case t.next.Booking != nil && t.next.Booking.Moves == "":
		t.noteVisit(t.note())
	case o != nil && len(o.Lines) > 0:
		t.noteOnOrder(t.note())
	default:
		return false
	}
	t.did(actBook)
	t.resume(pending)
	return true
}

// notesAfterBooking notes with the booking that was just made what is said behind it and asks
// nothing: "mum is Rose and dad is Peter" was answered with the menu.
func (t *turn) notesAfterBooking() bool {
	p := &t.p
	all := t.bookings()
	if t.k.template() != flowhq.BookingTemplate || t.next.Booking != nil || len(all) == 0 ||
		p.asksSoftly() || entity.BeginsAsQuestion(p.text) ||
		t.now.Sub(all[0].CreatedAt) > AskedFor || len(p.reading.Words) < minAddressWords ||
		len(p.reading.Words) > maxExtra || t.next.Ask.For != "" {
		return false
	}
	// It was no question, so that no answer is owed. The owner reads the note with the booking.
	t.noteVisit(t.note())
	t.did(actBook)
	return t.wished
}

// pleas are words of who asks for a thing to be done in a certain way.
var pleas = listOf("plea")

// wantsNews ask to be told of something later.
var wantsNews = keywords("mtanijulisha, nijulishe, mnijulishe, let me know when, notify me, tell " +
	"me when, inform me when, mniambie zikija, niambie zikija")

// begging are words of who asks for a favour, which is for the owner to grant.
var begging = keywords("mteja, customer, jamani, bana, nihurumie, favour, favor, nisaidie, " +
	"nisaidieni")
