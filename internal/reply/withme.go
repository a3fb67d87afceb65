package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Who comes with the customer: how many there are of them, and whether the customer is one.

// ofUsCount finds how many come: "3 of us", "we are four".
var ofUsCount = regexp.MustCompile(`(?i)\b(?:(\d|two|three|four|five)\s+of\s+us|we(?:'re| are|` +
	` will be)\s+(\d|two|three|four|five)\b(?:\s+people|\s+guys)?` +
	`|(\d|two|three|four|five)\s+(?:people|guys|persons|friends)\b` +
	`|\bfor\s+([2-5]|two|three|four|five)\s+(?:of us|(?:on |this |next )?(?:today|tomorrow|mon|tue|wed|thu|fri|sat|sun)\w*|please|pls)\b)`)

// ofUs is how many a message says that come, 0 if it does not.
func ofUs(text string) int {
	// Quantities know "watu watatu" and "3 people", and not "3 of us".
	m := ofUsCount.FindStringSubmatch(text)
	if m == nil {
		if meAnd.MatchString(text) || otherToo.MatchString(text) {
			return 2
		}
		return 0
	}
	said := strings.ToLower(m[1] + m[2] + m[3] + m[4])
	if n, err := strconv.Atoi(said); err == nil {
		return n
	}
	return childNumbers[said]
}

// meAnd is the customer and one other grown-up: "mimi na mdogo wangu", "my friend and I".
var meAnd = regexp.MustCompile(`(?i)\b(?:mimi|me|myself|i)\s+(?:pamoja\s+na|na|and|&|n|plus|with)\s+(?:also\s+|pia\s+)?` +
	`(?:my\s+|our\s+|a\s+)?(?:(?:little|younger|older|big|small|best)\s+)?` + grownUp + `\b|\b(?:my\s+)?` + grownUp +
	`(?:\s+(?:wangu|yangu))?\s+(?:na|and|&|n)\s+(?:i|me|mimi|myself)\b`)

// otherToo is a grown-up who has the same as the customer: "na mdogo wangu naye", "my brother too".
var otherToo = regexp.MustCompile(`(?i)\b` + grownUp + `(?:\s+(?:wangu|yangu|wng))?\s+(?:naye|nae|pia|too|as well|also)\s*(?:$|[.,;!])`)

// grownUp is one who comes with the customer and has what everybody has.
const grownUp = `(?:mama|baba|mke|mume|kaka|dada|mdogo|rafiki|mshkaji|jamaa|shemeji|mpenzi|wife|husband|mother|father|mum|mom|dad|` +
	`brother|bro|sister|friend|cousin|mjomba|uncle|boyfriend|girlfriend|colleague)`

// spokenForBoth are the customer's own service and the child's, where the prices of both were told
// and the message wants both: "nitamleta leo, na mimi pia ninyoe". It is nil if the message does
// not.
func (t *turn) spokenForBoth() []string {
	child, spoken := t.childService(), t.next.Spoken
	if v := t.next.Booking; v.Service != "" || v.Moves != "" || child == "" ||
		!slices.Contains(spoken, child) || !alsoOneself.MatchString(t.p.text) ||
		!anyIn(t.p.reading.Words, childWords) && !bringsThem.MatchString(t.p.text) {
		return nil
	}
	for _, id := range spoken {
		both := []string{id, child}
		if t.childKind(id, child) && !slices.ContainsFunc(t.p.services, func(m entity.NameMatch) bool {
			return !slices.Contains(both, m.ID)
		}) {
			return both
		}
	}
	return nil
}

var (
	// bringsThem points to who was spoken of and comes along.
	bringsThem = regexp.MustCompile(`(?i)\b(?:ni?tamleta|ninamleta|namleta|nimlete|nikimleta|naye|nae|(?:bring|with|take) (?:him|her)|` +
		`he|she)\b`)
	// meWithChild is the customer and a child, and bothCome says that they come for something.
	meWithChild = regexp.MustCompile(childAndMe)
	bothCome    = regexp.MustCompile(childAndMe + `(?:\s+\pL+){0,2}\s+(?:tu(?:na|ta|je|nyo|po|ko)\pL*|we|both|want|need|are)\b`)
)

// childAndMe is the customer with a child: "mimi na mtoto", "me and my little boy".
const childAndMe = `(?i)\b(?:mimi|me|myself|i)\s+(?:na|and|&|n|plus)\s+(?:my\s+)?(?:little\s+|small\s+)?` +
	`(?:mtoto|mwanangu|dogo|kijana|son|daughter|kid|child|boy|girl)\b`

var (
	// alsoServed says that somebody is served besides, and wantsService that it is a service of the
	// kind that is booked: a wife who comes along may only wait.
	alsoServed = regexp.MustCompile(`(?i)\b(?:pia|too|also|as well|vilevile|naye|nae|bring|bringing|` +
		`(?:naja|nakuja|nitakuja|ntakuja|tutakuja|tunakuja|nije|nikija) na|com(?:e|ing) with|with me)\b`)
	wantsService = regexp.MustCompile(`(?i)\b(?:anyolewe|wanyolewe|aonwe|aangaliwe|apimwe|atibiwe|ahudumiwe|be seen|akatwe|ananyoa|atanyoa|anataka|wanataka|anahitaji|wants?|needs?|get|gets|add|` +
		`niongeze\w*|ongeza\w*|muongeze\w*|mwongeze\w*|wekea|mwekee|muwekee|book)\b`)
)

// addsPerson puts who comes along on a visit beside the booking that stands, or right behind it
// where there is no room, and reads it back: "i will bring my son too". It reports whether the
// message wants that.
func (t *turn) addsPerson() bool {
	p, all := &t.p, t.appointments()
	if t.next.Booking != nil || len(all) != 1 || p.has(actCancel, actChange) || p.cued(actPrice) ||
		staysHome.MatchString(p.text) ||
		!anyIn(p.reading.Words, companions) && t.oneselfBeside(all[0]) == "" ||
		nameTold.MatchString(p.text) || len(p.reading.Words) > 2*maxAssent {
		return false
	}
	a, service, n := all[0], t.serviceBeside(all[0]), t.childrenWithMe()
	if service == "" || n > maxInTurn {
		return false
	}
	// "Sorry, dogo is at school until three, let us make it four" moves those who are booked.
	if p.hasTime && (p.cued(cueInstead) || anyIn(p.reading.Words, otherTime) || anyIn(p.reading.Words, allOfThem)) ||
		t.comesAlready(a) {
		return false
	}
	minutes := t.minutes(service) * max(n, 1)
	behind := a[len(a)-1].EndsAt.In(t.k.zone)
	v := &Visit{Service: service, Another: true, Start: a[0].StartsAt.In(t.k.zone)}
	otherFirst, inRow := t.inRow()
	switch hour := p.hasTime && p.time.HasTime; {
	case hour && (dayNamed.MatchString(p.text) || !t.hourOfOther()):
		return false // a booking of its own, or the customer's hour
	case hour:
		v.Start = t.clockOn(startOfDay(v.Start), p.time, minutes)
	case p.hasTime && p.time.HasDay && !sameDay(p.time.Day, v.Start):
		return false
	case otherFirst:
		v.Start = v.Start.Add(-time.Duration(minutes) * time.Minute)
	// Several come one after the other where there is room for them.
	case inRow || n > 1 || n < 0 || !t.fits(v.Start, minutes):
		v.Start = behind
	}
	if !t.fits(v.Start, minutes) {
		return false
	}
	v.Day = startOfDay(v.Start)
	t.did(actBook)
	p.services, p.hasTime = nil, false // who was named, and the hour, are on the visit
	if t.next.Booking = v; n > 1 {
		v.takeParty(slices.Repeat([]string{service}, n))
	}
	// "Watoto wangu" says no number.
	v.Children = n < 0
	t.tell("book.beside", "number", a.number())
	t.continueBooking()
	// "Kuna nafasi baada yangu?" is answered by the hour that is read back.
	t.whole = inRow && !slices.ContainsFunc(piecesOf(p.text), func(one piece) bool {
		return one.asks && !anyIn(split(one.text), roomWords)
	})
	return true
}

// roomWords ask for room.
var roomWords = keywords("nafasi, room, space, slot, free, available")

// childrenWithMe is how many children come along with the customer who is booked already; 0 if none
// does, -1 if nobody has said how many.
func (t *turn) childrenWithMe() int {
	if n := t.childrenCount(); n != 0 {
		return n
	}
	if m := childrenAlong.FindStringSubmatch(t.p.text); m != nil {
		return childrenSaid(m)
	}
	return 0
}

// hourOfOther reports whether the only hour of a message is of who comes along.
func (t *turn) hourOfOther() bool {
	hours, _ := t.ownHours()
	return len(hours) == 1 && !hours[0].own
}

// oneselfBeside is what the customer wants beside a child's booking, "" if the message does not say
// so: "na mimi pia ninyolewe".
func (t *turn) oneselfBeside(a appointment) string {
	child := t.childService()
	if anyIn(t.p.reading.Words, companions) || !anyIn(t.p.reading.Words, alsoMe) &&
		!alsoOneself.MatchString(t.p.text) ||
		len(t.p.services) > 0 || t.p.asksSoftly() ||
		slices.ContainsFunc(a, func(b flowhq.Booking) bool { return b.Service != child }) {
		return ""
	}
	for _, s := range t.k.offered() {
		if s.ID != child && containsRun(split(t.k.service[child].Name.EN), split(s.Name.EN)) {
			return s.ID
		}
	}
	return ""
}

// comesAlready reports whether who is named comes with the customer by a booking already.
func (t *turn) comesAlready(a appointment) bool {
	v, child := visitOf(a), t.childService()
	if anyIn(t.p.reading.Words, childWords) {
		return slices.Contains(v.services(), child)
	}
	return len(a) > 1 && t.isParty(v) && !slices.Contains(v.services(), child)
}

// serviceBeside is what who comes along wants beside a booking, "" if nobody is served besides.
func (t *turn) serviceBeside(a appointment) string {
	p, child := &t.p, t.childService()
	if id := t.oneselfBeside(a); id != "" {
		return id
	}
	isChild := anyIn(p.reading.Words, childWords) || t.childrenWithMe() != 0
	wants := wantsService.MatchString(p.text)
	comes := alsoServed.MatchString(p.text) || isChild &&
		(t.childrenCount() > 0 || p.hasTime && p.time.HasTime)
	// "Does my son also pay?" wants nothing.
	// "Is there room for my sister after me?" does.
	if _, behind := t.inRow(); p.asksSoftly() && !anyIn(p.reading.Words, comesAlong) && !p.hasTime &&
		!behind {
		comes = false
	}
	if !wants && !comes || p.cued(cuePast) {
		return ""
	}
	var named []string
	for _, id := range idsOf(p.services) {
		if isChild && (id == child || t.childKind(id, child)) {
			return child
		}
		named = append(named, id)
	}
	switch {
	case len(named) == 1:
		return named[0]
	// The children's kind of what is booked, or of anything that the owner sells.
	case isChild && child != "" &&
		slices.ContainsFunc(t.k.offered(), func(s *flowhq.Service) bool { return t.childKind(s.ID, child) }):
		return child
	case len(named) > 1 || isChild || !wants:
		return ""
	}
	return a[0].Service
}

// childAlone is the child's kind of a service, where the message is about a child alone: "book my
// son on Saturday" behind the father's haircut.
func (t *turn) childAlone(service string) string {
	child := t.childService()
	if !anyIn(t.p.reading.Words, childWords) || t.childrenCount() != 0 || !t.childKind(service, child) ||
		alsoOneself.MatchString(t.p.text) || besideMe.MatchString(t.p.text) || len(t.bookings()) == 0 {
		return service
	}
	return child
}

// fitPeople takes off a visit what stands on it once more than people come: "no, only 2 people, one
// man one kid" of two haircuts and a child's.
func (t *turn) fitPeople(v *Visit) {
	if len(v.More) == 0 || !peopleOnly.MatchString(t.p.text) {
		return
	}
	said := numbersSaid(peopleOnly.FindString(t.p.text))
	if len(said) != 1 || said[0] < 1 || int(said[0]) >= v.places() {
		return
	}
	services := v.services()
	for i := len(services) - 1; i > 0 && len(services) > int(said[0]); i-- {
		if slices.Contains(services[:i], services[i]) {
			services = slices.Delete(services, i, i+1)
		}
	}
	v.takeParty(services)
}

var (
	// otherNeeds says that somebody who comes along wants a service.
	otherNeeds = regexp.MustCompile(`(?i)\b(?:my |the )?` + grownUp + `\b[^.;!?\n]*?\b(?:needs?|wants?|gets?|anataka|anahitaji|atanyolewa|anyolewe)\b`)
	// deniedCount denies a number of a service: "sio fedi mbili, mimi fedi na dogo kunyoa mtoto".
	deniedCount = regexp.MustCompile(`(?i)\b(?:sio|siyo|si|not)\s+(?:\pL+\s+){0,2}?(?:mbili|wawili|tatu|watatu|two|three|[2-4](?:\s+\pL+)?)\s*[,.;]+\s*`)
)

// addsOther puts the service of somebody who comes along beside those of the customer, at the same
// time, and reports whether the message wants that: "my brother is coming also, he just needs a
// haircut same time".
func (t *turn) addsOther() bool {
	v, p := t.next.Booking, &t.p
	if v == nil {
		return false
	}
	at, own := otherNeeds.FindStringIndex(p.text), v.services()
	if v.Service == "" {
		own = slices.Clone(t.next.Pair)
	}
	if at == nil || v.Moves != "" || len(own) == 0 || t.isParty(v) || p.asksSoftly() ||
		len(idsOf(p.services)) != 1 ||
		p.services[0].Start < at[0] || slices.Contains(own, p.services[0].ID) ||
		t.childService() == p.services[0].ID {
		return false
	}
	other := p.services[0].ID
	v.Service, p.services = own[0], nil
	if len(own) == 1 {
		v.More, v.Together = []string{other}, true
		t.fillVisit()
		return true
	}
	// The customer has one after the other, and the other begins with the first.
	v.More, v.Offsets, v.InTurn = append([]string{other}, own[1:]...), []int{0, 0}, true
	minutes := 0
	for _, id := range own[:len(own)-1] {
		minutes += t.minutes(id)
		v.Offsets = append(v.Offsets, minutes)
	}
	t.fillVisit()
	return true
}

// withoutDeniedCount is a text without a number of a service that it denies, where more is said.
func (t *turn) withoutDeniedCount(in Input) Input {
	if t.k.template() == flowhq.BookingTemplate && t.next.Booking != nil &&
		len(in.Message.Text) <= maxRead {
		if rest := strings.TrimSpace(deniedCount.ReplaceAllString(in.Message.Text, "")); len(t.named(t.k.services, rest)) > 1 {
			in.Message.Text = rest
		}
	}
	return in
}
