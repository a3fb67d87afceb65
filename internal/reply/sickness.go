package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// doctors are names of services to which somebody who is ill is brought.
var doctors = phrasesOf("doctor")

// meanSickness makes the doctor the topic of who tells of a sickness and names no service. "mtoto
// ana homa, naweza kuja saa ngapi?" wants to see a doctor, though the owner's list has no fever.
// The topic is only the default: a service that is named later replaces it.
func (t *turn) meanSickness(p *perception) {
	if len(p.services) > 0 || t.next.Topic != "" || len(t.next.Spoken) > 0 || !p.cued(cueSick) &&
		!t.wantsDoctor() {
		return
	}
	// Only an exact and single match counts. At a clinic with three doctors the customer chooses.
	for _, name := range doctors {
		if m := t.named(t.k.services, name); len(m) == 1 && m[0].Exact {
			t.next.Topic = m[0].ID
			return
		}
	}
}

var (
	// anyDoctor is a doctor of no kind, as in "dokta yupo leo?", and doctorOfKind one of whom the
	// kind is said.
	anyDoctor    = regexp.MustCompile(`(?i)\b(?:dokta|daktari|doctor|dakitari|dr|dkt)\b`)
	doctorOfKind = regexp.MustCompile(`(?i)\b(?:dokta|daktari|dakitari|dr|dkt)\.?\s+(?:wa|bingwa)\b|\b\pL+(?:'s|s|ist)\s+doctor\b|\b(?:skin|eye|ear|heart|bone|child|women|tooth|teeth)\s+doctor\b|` +
		`\bdoctor\s+(?:for|of)\b|\bwhich doctor|\bdoctors\b`)
)

// wantsDoctor reports whether the message names a doctor of no kind.
func (t *turn) wantsDoctor() bool {
	return anyDoctor.MatchString(t.p.text) && !doctorOfKind.MatchString(t.p.text)
}

// shortNames are what customers call doctors for short.
var shortNames = regexp.MustCompile(`(?i)\b(?:(gyna?e?|gyno)|(paeds?|peds)|(a?kina mama))\b`)

// seesDoctor is who is to be seen, and not greeted, as it is written by ear.
var seesDoctor = regexp.MustCompile(`(?i)((?:mu|mw|ku|ni|a)ona\s+|muone\s+|mwone\s+|onana na\s+|onane na\s+)(?:dokta|doktari|dakitari|dactari|doctari|daktar)\b`)

// withWholeNames is a text with the whole words for what it calls doctors for short.
func withWholeNames(text string) string {
	text = seesDoctor.ReplaceAllString(text, "${1}daktari")
	if !shortNames.MatchString(text) {
		return text
	}
	return shortNames.ReplaceAllStringFunc(text, func(w string) string {
		switch strings.ToLower(w)[0] {
		case 'g':
			return "gynaecologist"
		case 'p':
			return "pediatrician"
		default:
			return "wanawake"
		}
	})
}

// testWords say that somebody is to be tested.
var testWords = keywords("apimwe, nipimwe, tupimwe, apime, kupimwa, akapimwe, wapimwe, get tested, be tested, tested, test, test for, check for, kupima, kupimia, nipime, tupime, kucheki, nicheki, check my, checking, checked")

// meanTest takes the service that tests for what the message names: "mtoto ana homa, nataka apimwe
// malaria" wants a test, and no doctor.
func (t *turn) meanTest(p *perception) {
	if t.k.template() != flowhq.BookingTemplate || len(p.services) > 1 ||
		!anyIn(p.reading.Words, testWords) {
		return
	}
	var meant []string
	for _, s := range t.k.offered() {
		told := split(strings.Join(append([]string{s.Description.EN, s.Description.SW}, s.Aliases...), " "))
		if t.next.Booking == nil {
			told = append(told, split(t.answersOf(s.ID))...)
		}
		if slices.ContainsFunc(p.reading.Words, func(w string) bool {
			return len(w) >= minDescribed && !hasWord(testWords, w) && !hasWord(childWords, w) &&
				!hasWord(ordinary, w) && slices.Contains(told, w)
		}) {
			meant = append(meant, s.ID)
		}
	}
	if len(meant) == 1 && !slices.Contains(namedIDs(p.services), meant[0]) {
		p.services = append(p.services, entity.NameMatch{ID: meant[0], Exact: true, Score: 1})
	}
}

// answersOf are the owner's answers to questions that name a service and none other, such as what
// not to eat before a blood test.
func (t *turn) answersOf(service string) string {
	var told []string
	for _, a := range t.k.profile.Answers {
		for _, q := range a.Questions {
			if m := t.named(t.k.services, q); len(m) == 1 && m[0].Exact && m[0].ID == service {
				told = append(told, a.Answer.EN, a.Answer.SW)
				break
			}
		}
	}
	return strings.Join(told, " ")
}

// offerDoctor answers who tells of a sickness and asks for nothing: with the price of what helps,
// and the question for a day. What is said of the sickness is not judged.
func (t *turn) offerDoctor() bool {
	p := &t.p
	if t.k.template() != flowhq.BookingTemplate || !p.cued(cueSick) || p.yesNo != 0 {
		return false
	}
	ids := t.subjects()
	if len(ids) != 1 {
		ids = []string{t.next.Topic}
	}
	if s := t.k.service[ids[0]]; s == nil || s.Unavailable {
		return false
	}
	t.did(cueSick)
	t.tell("sick.sorry")
	t.tellPriceOf(ids[0])
	t.speakOf(ids[0], "")
	if v := t.next.Booking; v == nil && len(t.bookings()) == 0 && t.question == "" {
		// "Since yesterday" is no day to come on.
		t.next.Booking = &Visit{Service: ids[0]}
		t.ask(Ask{For: askWhen}, "book.when")
	}
	return true
}

// noDanger say that nobody is in danger.
var noDanger = keywords("no emergency, not an emergency, not emergency, si dharura, sio dharura, " +
	"siyo dharura, ikitokea dharura, kukitokea dharura, nikipata dharura, in case of emergency, " +
	"if there is an emergency, if an emergency")

// tellEmergency gives the owner's answer about emergencies to who tells of one, and calls a person
// besides. "My father fell, he is bleeding" was answered with a list of prices. It is false where
// the owner has no such answer: at a barber's an accident is why somebody does not come.
func (t *turn) tellEmergency() bool {
	if t.p.has(actCancel, actChange, actThanks) {
		return false
	}
	i := slices.IndexFunc(phrasesOf("emergency"), func(question string) bool {
		id, _, sure, _ := t.bestAnswer(question)
		return sure && t.giveAnswer(id)
	})
	if i < 0 {
		return false
	}
	t.did(actAnswer)
	t.handOverSaying(flowhq.HandOverDecision, "handover.emergency")
	return true
}

// allergyTold is the clause that says what the customer does not bear, "" if none does. It is a note
// for who treats them: "nataka kusafishwa meno kesho, nina allergy na penicillin". A question for
// what could do harm is none, and is for a person.
func (t *turn) allergyTold() string {
	if p := &t.p; t.k.template() != flowhq.BookingTemplate || !p.cued(cueRisk) || p.asksSoftly() ||
		!p.has(actBook) && len(p.services) == 0 && t.next.Booking == nil && len(t.bookings()) == 0 {
		return ""
	}
	for _, clause := range wishClause.Split(t.p.text, maxPartsRead) {
		if anyIn(split(clause), allergyWords) {
			return alsoLead.ReplaceAllString(strings.TrimSpace(clause), "")
		}
	}
	return ""
}

// alsoLead stands in front of what is said besides.
var alsoLead = regexp.MustCompile(`(?i)^(?:(?:pia|na|also|and|btw|by the way|halafu|kumbuka)\s+)+`)

// allergyWords say that somebody does not bear something.
var allergyWords = keywords("allergy, allergic, allergies, mzio, aleji, alergy, alergic")

// noteAllergy notes with the visit what the customer does not bear.
func (t *turn) noteAllergy() {
	note, v := t.allergyTold(), t.next.Booking
	switch {
	case note == "":
	case v != nil && v.Moves == "":
		if with := withNote(v.Note, note, maxNote); with != v.Note {
			v.Note = with
			t.wished = true
			t.tell("noted.visit", "note", oneLine(note, maxWish))
		}
	default:
		t.noteVisit(note)
	}
}
