package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// When an order comes. The owner tells it in three places, in words: a note on the area, an answer
// to "how long does delivery take", and a note on delivery with the hour until which an order
// comes the same day. Who asks "will it come today" from Sinza wants to hear of Sinza and of today.

// arrivalWords ask when an order comes. Two words each, as "saa" and "lini" alone ask for hours and
// days of anything.
var arrivalWords = keywords(`
	itafika saa, utafika saa, zitafika saa, itafika lini, utafika lini, inafika saa, inafika lini,
	itafika leo, utafika leo, mtaleta saa, mtaleta lini, mnaleta saa, italetwa saa, itakuja saa,
	itakuja lini, nitapata saa, nitapata lini, ntapata saa, ntapata lini, *taipata lini, *taupata lini,
	*tazipata lini, *taipata saa, *taupata saa, i expect it, we expect it, i receive it, expect my order,
	expect the order, expect delivery, itachukua muda, inachukua muda, itachukua mda, inachukua mda,
	inafika muda,
	itafika muda, utafika muda, when will it, when will they, when does it, when will you deliver,
	when will you bring, what time will it, what time will you, how long will it,
	how long does it take,
	how long to, will it come, will it arrive, will i get it, when do i get, itafika ngapi,
	itafika baada, mtafika, mnafika leo, mtakuja leo, mtaleta leo, mnaleta leo, deliver today,
	it reach by, will reach by, reach by what, come by what, arrive by what, bring it today, reach today, come today, itafika kesho, mtafika saa
`)

var (
	// comesWords are verbs of what is brought, and sometimeWords the words for when.
	comesWords = keywords(`
		*fika, *fikia, *fikish*, *nifikia, *tufikia, *letwa, *taleta, *niletea, mnaleta, mleta,
		kuleta, kunileta, kupeleka, inakuja, mtakuja, mnakuja, atakuja, anakuja,
		itakuja, arrive*, arriving, bring, bringing, reach*, get here, get it, get them, take, send,
		deliver*, be here, come, coming, inachukua, itachukua, *patia, nitapata, ntapata, naipata
	`)
	sometimeWords = keywords(`
		leo, lini, saa ngapi, kesho, today, tonight, tomorrow, when, what time, how long, how soon,
		muda gan*, mda gan*, baada ya muda, baada ya mda, same day, siku hiyo hiyo, sahii, saa hii, by what time
	`)
	// dayAsked are those of them that ask for a day, which a cut-off answers.
	dayAsked = keywords("leo, today, tonight, same day, siku hiyo hiyo, lini, when, kesho, " +
		"tomorrow, " +
		"sahii, saa hii")
)

// asksArrival reports whether the message asks when an order comes. Other templates have no orders:
// at a help desk it is the technician who comes.
func (t *turn) asksArrival() bool {
	// Who has paid is answered by a person, and not by when the order comes.
	return t.k.template() == flowhq.EcommerceTemplate && !t.p.has(actPaid) && !t.p.isReceipt && !newStock.MatchString(t.p.text) &&
		(anyIn(t.p.reading.Words, arrivalWords) || t.asksWhenItComes())
}

// newStock comes to the shop, and is no order.
var newStock = regexp.MustCompile(`(?i)\bnew (?:stock|arrivals?|designs?|clothes)\b|\b(?:mzigo|stock|bidhaa|nguo) (?:m|mi|wa|z)?pya\b`)

// asksWhenItComes reports whether the message asks when the order comes in other words than the
// usual ones: "itanifikia leo?", "can i get it today".
func (t *turn) asksWhenItComes() bool {
	p := &t.p
	return t.hasOrder() && p.asksSoftly() && len(p.reading.Words) <= maxTotalWords && !p.names() &&
		!p.cued(cuePast) && !p.cued(cueMissing) && !p.has(actCancel, actChange, actPaid) &&
		len(p.areas) == 0 && t.asksSometime() && !anyIn(p.reading.Words, asksFee)
}

// asksSometime reports whether the message asks when something is brought.
func (t *turn) asksSometime() bool {
	words := t.p.reading.Words
	// "Call when you reach" asks nothing, and "can I pay when it comes" another thing.
	if riderNote.MatchString(t.p.text) || anyIn(words, paysThen) {
		return false
	}
	return anyIn(words, sometimeWords) && (anyIn(words, comesWords) ||
		len(words) <= maxShort && anyIn(words, durations))
}

// durations ask for the time it takes, also alone: "how long?".
var durations = keywords("how long, how soon, muda gani, mda gani, saa ngapi hivi")

// tellArrival says when orders come, in the owner's words. It is false if the owner has none. The
// bot makes up no time: a promise of "today" is the owner's to make.
func (t *turn) tellArrival() bool {
	// To a place on no list the rule for the same day promises nothing.
	if t.toUnlisted() {
		text := t.howLongTo("")
		t.show(text)
		return text != ""
	}
	area := ""
	if len(t.p.areas) > 0 {
		area = t.p.areas[0].ID
	} else if a := t.areaOfTalk(); a != nil {
		area = a.Name
	}
	if t.tellAreaTime(area) {
		return true
	}
	told := t.tellSameDay()
	// The hours that it takes say nothing to who is too late for today.
	if told == notToday {
		return true
	}
	if text := t.howLongTo(area); text != "" {
		t.show(text)
		return true
	}
	if note := t.k.profile.Delivery.Note; told == "" && !note.Empty() {
		t.show(note.In(t.say.language))
		return true
	}
	return told != ""
}

var (
	// canYou asks for a favour, and bringsThen is what is asked for in it.
	canYou     = listOf("can you")
	bringsThen = regexp.MustCompile(`(?i)\b(?:bring|deliver|come|reach|arrive|get (?:it|them|here)|be here|drop|send|` +
		`\w*(?:leta|lete|letwa|letee|letewa|fika|fike|fiki\w+|peleke?a?|tumi\w+|kuja)|[imuz]+je)\w*\b`)
	// byHour is a time by which, after which or at which something is to come.
	byHour = regexp.MustCompile(`(?i)\b(?:(?:before|by|after|around|at|from|past|until|between|not before|not after|` +
		`kabla ya|baada ya|kuanzia|mpaka|hadi|kwenye|mida ya)\s+(?:saa\s+)?(?:\d|noon|lunch|midday|moja|mbili|tatu|nne|` +
		`tano|sita|saba|nane|tisa|kumi)|saa\s+(?:\d|moja|mbili|tatu|nne|tano|sita|saba|nane|tisa|kumi)|` +
		`(?:this |in the |tomorrow |kesho |leo )?(?:morning|afternoon|evening|asubuhi|mchana|jioni|usiku)\b)[^,;?!\n]*`)
)

// behindTime stands behind a time and only asks for it.
var behindTime = regexp.MustCompile(`(?i)\s+(?:inawezekana|itawezekana|possible|please|pls|plz|tafadhali|instead|is that (?:ok|okay|` +
	`possible)|that is ok|ok|sawa|jamani|boss|bro|au).*$`)

// timeRequested is the time that a question asks an order to come at, "" if it asks for none: "can you
// bring it before 1pm?" was told the fee. Whether it can be done is for the owner to say.
func (t *turn) timeRequested() string { return t.timeRequestedIn(t.p.text) }

func (t *turn) timeRequestedIn(text string) string {
	if !t.hasOrder() || t.next.Order != nil && t.next.Order.How == howPickup || !anyIn(split(text), canYou) {
		return ""
	}
	for _, piece := range piecesOf(text) {
		at := byHour.FindStringIndex(piece.text)
		if at == nil || !anyIn(split(piece.text), canYou) || !bringsThen.MatchString(piece.text) ||
			anyIn(split(piece.text), paysThen) || len(t.named(t.k.products, piece.text)) > 0 {
			continue
		}
		return strings.TrimRight(behindTime.ReplaceAllString(piece.text[at[0]:at[1]], ""), " .?!,")
	}
	return ""
}

// keepTimeRequested notes such a time with the order that is being made, where another part of the
// message was what it did.
func (t *turn) keepTimeRequested(text string) {
	o, wish := t.next.Order, t.timeRequestedIn(head(text, maxRead))
	if o == nil || len(o.Lines) == 0 || wish == "" || t.handedOver() || strings.Contains(o.Note, wish) {
		return
	}
	read := o.Told == t.told()
	o.addNote(wish)
	t.tellWish(wish)
	// The customer reads the wish above the question, and a yes agrees to both.
	if read {
		o.Told = t.told()
	}
}

// toUnlisted reports whether the order that is being made, or was placed last, goes to a place that is
// on no list.
func (t *turn) toUnlisted() bool {
	if o := t.next.Order; o != nil {
		return o.How == howDeliver && o.Unlisted
	}
	f, ok := t.placedOrder()
	return ok && f.Delivery.Area == "" && f.Delivery.Address != ""
}

// tellAreaTime says what the owner says of the days and hours of an area: "by courier, the next
// day". It is more exact than what is said of all.
func (t *turn) tellAreaTime(area string) bool {
	a := t.k.area[area]
	if a == nil || !anyIn(split(a.Note.In(t.say.language)), dayWords) {
		return false
	}
	t.show(a.Note.In(t.say.language))
	return true
}

// What the owner's hour for the same day makes of an order.
const (
	isToday  = "delivery.today"
	ifNow    = "delivery.if_now"
	notToday = "delivery.not_today"
)

// cutOff finds the hour until which an order comes on the same day, in either language.
var cutOff = regexp.MustCompile(`(?i)\b(?:before|until|by|kabla ya|hadi|mpaka)\s+` +
	`((?:saa\s+(?:\pL+\s+){1,4}(?:asubuhi|mchana|jioni|usiku|alasiri)|noon|` +
	`\d{1,2}(?:[:.]\d\d)?\s*(?:am|pm|noon)?))`)

// sameDayRule says of a note that it is about the day of the order.
var sameDayRule = keywords("same day, siku hiyo hiyo, siku ileile, siku hiyohiyo, today, leo")

// tellSameDay says whether an order comes today, where the owner has told until when it does and
// the message asks for a day. It returns what it said, "" if nothing.
func (t *turn) tellSameDay() string {
	key, text := t.sameDay()
	if key != "" {
		t.tell(key)
		t.show(text)
	}
	return key
}

// warnTooLate says so where the order is wanted today and the hour for that has passed.
func (t *turn) warnTooLate() {
	if o := t.next.Order; o.How == howPickup ||
		!anyIn(t.p.reading.Words, keywords("leo, today, tonight")) {
		return
	}
	if key, text := t.sameDay(); key == notToday {
		t.tell(key)
		t.show(text)
	}
}

// sameDay is whether an order comes today, and the owner's rule for it.
func (t *turn) sameDay() (key, rule string) {
	note := t.k.profile.Delivery.Note
	text := note.In(t.say.language)
	// To who wants it tomorrow, the rule for today says nothing.
	if anyIn(split(t.timeRequested()), keywords("kesho, tomorrow")) {
		return "", ""
	}
	if text == "" || !anyIn(t.p.reading.Words, dayAsked) || !anyIn(split(text), sameDayRule) {
		return "", ""
	}
	m := cutOff.FindStringSubmatch(text)
	if m == nil {
		return "", ""
	}
	// Read from midnight, as an hour that has passed would be tomorrow's.
	day := startOfDay(t.now)
	r, ok := when.Parse(m[1], day, openingHours{t.k})
	if !ok || !r.HasTime {
		return "", ""
	}
	// An order that was placed in time comes today, however late it is asked for.
	placed := t.now
	key = ifNow
	if o, ok := t.orderOfTalk(); ok && o.Status == flowhq.OrderConfirmed {
		if key = isToday; !o.CreatedAt.IsZero() {
			placed = o.CreatedAt.In(t.k.zone)
		}
	}
	if y, mo, d := day.Date(); !placed.Before(time.Date(y, mo, d, r.Start.Hour(), r.Start.Minute(),
		0, 0, t.k.zone)) || len(t.k.profile.OpenOn(t.now)) == 0 {
		key = notToday
	}
	return key, text
}

// howLongTo is the owner's answer about how long it takes, cut to what it says of an area. It is ""
// if the owner has none.
func (t *turn) howLongTo(area string) string {
	if a := t.answerTo(arrivalQuestions, minUsual); a != nil {
		return t.forArea(a.Answer.In(t.say.language), area)
	}
	return ""
}

// arrivalQuestions are how owners write the question for how long it takes.
var arrivalQuestions = []string{
	"how long does delivery take", "when will it arrive", "mzigo unafika baada ya muda gani",
	"itafika saa ngapi", "delivery inachukua muda gani",
}

var (
	// elsewhere begins what is said of the areas that are not named.
	elsewhereWord = regexp.MustCompile(`(?i)[,;.]?\s*\b(?:elsewhere|other areas|everywhere else|` +
		`kwingineko|kwingine|maeneo mengine|sehemu nyingine)\b[,:]?\s*`)
	timeUnit = regexp.MustCompile(`(?i)\b(?:hours?|minutes?|days?|saa|masaa|dakika|siku)\b`)
)

// forArea leaves of a text what it says of one area: "within two hours in Ilala, elsewhere within
// four" is "Sinza: within four hours" to who lives in Sinza.
func (t *turn) forArea(text, area string) string {
	at := elsewhereWord.FindStringIndex(text)
	if at == nil || t.k.area[area] == nil {
		return text
	}
	head, rest := text[:at[0]], strings.TrimRight(text[at[1]:], ". ")
	named := t.named(t.k.areas, head)
	if len(named) == 0 || rest == "" {
		return text
	}
	if slices.Contains(idsOf(named), area) {
		return strings.TrimRight(head, ".,; ") + "."
	}
	// "Elsewhere within four": the unit was said before.
	if unit := timeUnit.FindString(head); unit != "" && !timeUnit.MatchString(rest) {
		rest += " " + unit
	}
	return area + ": " + rest + "."
}

// orderOfTalk is the order that the talk is about: the one in the making, else the one that this
// turn places, else the last that was placed in this talk.
func (t *turn) orderOfTalk() (flowhq.Order, bool) {
	for _, f := range t.facts {
		if f.Order != nil && f.Order.Status == flowhq.OrderConfirmed {
			return *f.Order, true
		}
	}
	if o := t.next.Order; o != nil && len(o.Lines) > 0 {
		return t.order(flowhq.OrderOpen), true
	}
	for _, o := range t.in.Calendar.Orders {
		if o.Status == flowhq.OrderConfirmed && t.now.Sub(o.CreatedAt) <= TalkFor {
			return o, true
		}
	}
	return flowhq.Order{}, false
}

// areaOfTalk is the area of that order, nil if it has none.
func (t *turn) areaOfTalk() *flowhq.Area {
	if o := t.next.Order; o != nil && t.k.area[o.Area] != nil {
		return t.k.area[o.Area]
	}
	if o, ok := t.orderOfTalk(); ok {
		return t.k.area[o.Delivery.Area]
	}
	return nil
}

// hasOrder reports whether an order is being made, or was placed a moment ago. It is wider than
// Ask's half hour: people ask for their parcel for the rest of the day.
func (t *turn) hasOrder() bool {
	_, ok := t.orderOfTalk()
	return ok
}
