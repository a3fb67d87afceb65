package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A visit may have several services: "haircut plus shave", "a fade for me, and my son's cut". Each
// is a booking of its own. Asked "which of the two?", a customer had to give up one, and one that
// was added took the place of the first.

// services are what a visit is for, one for each booking that it makes.
func (v *Visit) services() []string {
	if len(v.More) > 0 {
		return append([]string{v.Service}, v.More...)
	}
	return slices.Repeat([]string{v.Service}, max(1, v.People))
}

// places is how many are served at once.
func (v *Visit) places() int {
	if len(v.More) > 0 && !v.Together {
		return 1
	}
	return len(v.services())
}

// visitMinutes is how long a visit takes: one service after the other, unless several people come.
func (t *turn) visitMinutes(v *Visit) int {
	longest, sum := 0, 0
	for _, id := range v.services() {
		// Several people are served side by side, and the longest of them sets the end.
		longest, sum = max(longest, t.minutes(id)), sum+t.minutes(id)
	}
	if len(v.More) > 0 && !v.Together {
		return min(sum, maxVisitMinutes)
	}
	return longest
}

// fillServices takes from the message what it says of services: instead of what the visit was for,
// or besides it.
func (t *turn) fillServices(v *Visit) {
	p := &t.p
	named, before := idsOf(p.services), v.services()
	switch {
	case t.addsService(v):
		t.addService(v)
	// Named again, without a word that the others are not wanted.
	case len(named) == 1 && len(v.More) > 0 && slices.Contains(before, named[0]) &&
		!anyIn(p.reading.Words, onlyWords):
	default:
		t.chooseServices(v)
	}
	if v.Service != "" {
		t.next.Topic = v.Service
	}
	t.dropUnavailable(v)
}

// chooseServices takes the services of the message in place of those of the visit.
func (t *turn) chooseServices(v *Visit) {
	t.keepNamed()
	if all := t.severalWanted(); len(all) > 1 {
		t.choices = nil
		v.takeParty(all)
		return
	}
	if all := t.counts(); len(all) > 1 {
		t.choices, t.p.services[0].Others = nil, nil
		v.Service, v.More, v.People, v.Together = all[0], all[1:], 0, true
		// Several of one kind are people, who may add others.
		if len(slices.Compact(slices.Clone(all))) == 1 {
			v.More, v.Together, v.People = nil, false, len(all)
		}
		return
	}
	// "Nataka pia nimuone daktari" behind the price of a scan wants both.
	if first := t.k.service[t.next.Topic]; v.Service == "" && v.Moves == "" && first != nil && !first.Unavailable &&
		len(t.p.services) == 1 && t.p.services[0].ID != first.ID && len(t.p.services[0].Others) == 0 &&
		anyIn(t.p.reading.Words, alsoWords) && slices.Contains(t.next.Spoken, first.ID) &&
		len(t.bookings()) == 0 && !t.p.asksSoftly() {
		v.Service = first.ID
		t.addService(v)
		return
	}
	service := t.serviceOf(v.Service)
	if service == "" {
		all := t.joined()
		if len(all) < 2 {
			return
		}
		t.choices = nil
		v.Service, v.More, v.People = all[0], all[1:], 0
		v.Together = t.severalCome()
		return
	}
	if service != v.Service {
		v.More, v.Together = nil, false
	}
	v.Service = service
}

// orWords stand between two things of which one is wanted.
var orWords = listOf("or")

// joined are the services that the message wants together, nil if it may want one of them.
func (t *turn) joined() []string {
	p := &t.p
	if anyIn(p.reading.Words, orWords) || !t.joinsServices() || len(p.services) > maxParts {
		return nil
	}
	end := -1
	for _, m := range p.services {
		// Names that share words are readings of one wish.
		if m.Start < end || m.Start >= m.End {
			return nil
		}
		end = m.End
	}
	return idsOf(p.services)
}

// sideBySide reports whether the services of the message stand in one list: "how much is a
// consultation, and do you do malaria tests" asks of two things.
func (t *turn) sideBySide() bool {
	// Two words between are "and a" or "na kupaka". More of them ask something of their own.
	all := t.p.services
	for i := 1; i < len(all); i++ {
		if from, to := all[i-1].End, all[i].Start; from > to ||
			len(split(t.p.text[from:to])) > maxKin {
			return false
		}
	}
	return len(all) > 1
}

// maxParts bounds the services of one visit.
const maxParts = 4

// joinsServices reports whether something joins the services of the message.
func (t *turn) joinsServices() bool {
	p := &t.p
	return anyIn(p.reading.Words, joiners) || anyIn(p.reading.Words, orderWords) || p.cued(cueAdd) || t.severalCome() ||
		strings.ContainsAny(p.text, "&+,")
}

// addsService reports whether the message names a service that comes to those of the visit.
func (t *turn) addsService(v *Visit) bool {
	if v.Service == "" || v.Moves != "" {
		return false
	}
	if len(t.p.services) == 0 {
		// The child whose cut begins the visit is not one more.
		held := t.in.State.Booking
		return t.bringsPerson() && (held != nil && slices.Contains(held.services(), v.Service) || v.Service != t.childService())
	}
	if t.bringsPerson() && t.p.cued(cueAdd) && slices.Contains(v.services(), t.p.services[0].ID) {
		return true // "my friend comes too, he wants a fade" as well
	}
	return !t.p.cued(cueInstead) && !slices.Contains(v.services(), t.p.services[0].ID) &&
		(t.p.cued(cueAdd) || t.bringsPerson() || anyIn(t.p.reading.Words, alsoMe) ||
			joinedBefore.MatchString(t.p.text[:max(0, t.p.services[0].Start)]) ||
			hasWord(joiners, firstOf(t.p.reading.Words, 1)[0]))
}

// joinedBefore ends what stands before a service that is one more: "saa tano, na daktari saa nne".
var joinedBefore = regexp.MustCompile(`(?i)(?:[,.;!?]|\d|\b(?:nusu|kamili|am|pm))\s*(?:na|and|plus)\s+(?:a |an |the )?$|` +
	`\b(?:halafu|alafu|kisha|and then|then)\s+(?:a |an |the |na )?$`)

// addService puts what is named beside what the visit is for. The owner's own service of both is
// taken where one person wants both: it costs less than the two.
func (t *turn) addService(v *Visit) {
	other := t.bringsPerson() || anyIn(t.p.reading.Words, alsoMe)
	if len(t.p.services) == 0 {
		// Who comes along may have a service by that word: a child's haircut.
		for _, w := range t.p.reading.Words {
			if m := t.named(t.k.services, w); hasWord(peopleWords, w) && len(m) == 1 && m[0].Exact &&
				t.k.service[m[0].ID] != nil && m[0].ID != v.Service {
				t.joinParty(v, m[0].ID)
				v.Together = true
				return
			}
		}
		// A child who comes along has the service for children, if there is one.
		if id := t.childService(); id != "" && anyIn(t.p.reading.Words, childWords) &&
			!slices.Contains(v.services(), id) && len(v.services()) < maxParts {
			t.joinParty(v, id)
			v.Together = true
			return
		}
		if len(v.More) == 0 {
			v.People = max(1, v.People) + 1
		}
		return
	}
	for _, m := range t.p.services {
		if both := t.pairOf([]string{v.Service}, append([]string{m.ID}, m.Others...)); both != "" &&
			!other && len(v.More) == 0 && v.People < 2 {
			v.Service = both
			continue
		}
		if (other || !slices.Contains(v.services(), m.ID)) && len(v.More)+1 < maxParts {
			// One who comes for two things has them one after the other, and the friend behind.
			together := (other || v.People > 1) && (len(v.More) == 0 || v.Together)
			t.joinParty(v, m.ID)
			v.Together = together
		}
	}
	t.p.services = t.p.services[:1]
	t.p.services[0].Others = nil // it is settled, and not asked about
	if len(v.More) > 0 {
		v.People = 0
	}
}

// alsoWords say that something is wanted besides.
var alsoWords = keywords("pia, also, too, as well, vile vile, vilevile")

// alsoMe say that the customer comes beside who the visit is for.
var alsoMe = keywords("for myself, for me too, for me as well, for me also, mimi pia, na mimi, " +
	"kwa ajili yangu, mimi mwenyewe")

// pairOf is the one service of the owner's that is one of the left and one of the right together.
func (t *turn) pairOf(left, right []string) string {
	var found []string
	for _, s := range t.k.offered() {
		if !slices.Contains(left, s.ID) && slices.ContainsFunc(t.namesOf(s.ID),
			func(name []string) bool {
				return t.joins(name, s.ID, left, right)
			}) {
			found = append(found, s.ID)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// companions say that somebody comes along.
var companions = listOf("companion")

// bringsPerson reports whether the message says that somebody else comes besides: "if I bring my
// dad too", "naja na mtoto wangu pia".
func (t *turn) bringsPerson() bool {
	// "My brother will bring me his number" brings nobody.
	if bringsThing.MatchString(t.p.text) {
		return false
	}
	return slices.ContainsFunc(withPronouns(sentencesOf(t.p.text)), func(clause string) bool {
		words := split(clause)
		// A name that is told brings nobody, nor does a wish in another clause: "jina la mtoto ni
		// Ibrahim, nimeuliza pia bei".
		if !anyIn(words, companions) || nameTold.MatchString(clause) {
			return false
		}
		adds := cuedBy(words, cueAdd)
		return adds || anyIn(words, ownWords) && anyIn(words, comesAlong)
	})
}

// nameTold tells somebody's name.
var nameTold = regexp.MustCompile(`(?i)\b(?:jina|majina|names?|anaitwa|called)\b`)

// pronounFirst begins a clause that is about who the clause before names.
var pronounFirst = regexp.MustCompile(`(?i)^\s*(?:na |and |but )?(?:naye|nae|yeye|pia|he|she|they|him|her)\b`)

// withPronouns are clauses with each that begins with a pronoun behind the one that it is about.
func withPronouns(clauses []string) (all []string) {
	for i, clause := range clauses {
		if i > 0 && pronounFirst.MatchString(clause) {
			all[len(all)-1] += " " + clause
			continue
		}
		all = append(all, clause)
	}
	return all
}

// bringsThing brings something to somebody.
var bringsThing = regexp.MustCompile(`(?i)\bbring(?:ing|s)?\s+(?:me|us|you|him|her|it|them|the|his|some|a)\b`)

// comesAlong are words of who brings somebody.
var comesAlong = listOf("comes along")

// severalCome reports whether the services of the message are for several people.
func (t *turn) severalCome() bool {
	words := t.p.reading.Words
	return t.saysPeople() || t.bringsPerson() ||
		anyIn(words, companions) && anyIn(words, besideWords) && len(t.p.services) > 1
}

// besideWords are words for the customer beside others.
var besideWords = listOf("self")

// dropUnavailable takes out what cannot be had at the moment, and says so.
func (t *turn) dropUnavailable(v *Visit) {
	v.More = slices.DeleteFunc(v.More, func(id string) bool {
		s := t.k.service[id]
		if s != nil && s.Unavailable {
			t.tell("service.unavailable", "name", s.Name.In(t.say.language))
		}
		return s == nil || s.Unavailable
	})
	// Several people for several services are one for each.
	if len(v.More) > 0 && v.People > 1 {
		v.People, v.Together = 0, true
	}
	v.Together = v.Together && len(v.More) > 0
}

// removesService takes out of a visit what the message does not want any more, and reports whether
// something is left. Of the owner's own service of two the other one is left.
func (t *turn) removesService() bool {
	v, p := t.next.Booking, &t.p
	if v == nil || v.Moves != "" || !p.cued(cueRemove) || len(p.services) == 0 {
		return false
	}
	var gone []string
	for _, m := range p.services {
		if p.editOf(m) == editOff {
			gone = append(append(gone, m.ID), m.Others...)
		}
	}
	if gone == nil {
		return false
	}
	left := slices.DeleteFunc(v.services(),
		func(id string) bool { return slices.Contains(gone, id) })
	// "No, remove the doctor's consultation" where it is not on the visit.
	if len(left) == len(v.services()) && len(v.More) == 0 && t.pairOf(v.services(), gone) == "" && v.Service != "" &&
		anyIn(p.reading.Words, onlyWords) {
		p.services = nil
		t.fillVisit()
		return true
	}
	if len(v.More) == 0 {
		left = nil
		for _, s := range t.k.offered() {
			if len(left) == 0 && !slices.Contains(gone, s.ID) &&
				t.pairOf([]string{s.ID}, gone) == v.Service {
				left = []string{s.ID}
			}
		}
	}
	if len(left) == 0 || len(left) == len(v.services()) && len(v.More) > 0 {
		return false
	}
	t.release() // an hour of its own may be another one than that of the visit
	v.keepOnly(left)
	v.Together = v.Together && len(left) > 1
	t.next.Topic = v.Service
	p.services = nil
	return true
}

// keepNamed drops services that are named by a likeness alone beside one that is named whole: "ana
// homa, daktari wa kawaida" wants no vaccination against a fever.
func (t *turn) keepNamed() {
	whole := func(m entity.NameMatch) bool {
		// What is on the visit may be named by a word of its name.
		v := t.next.Booking
		return m.Exact || m.Score >= surelyNamed && !t.p.cued(cueSick) ||
			v != nil && slices.Contains(v.services(), m.ID) && anyIn(t.p.reading.Words, orderWords)
	}
	if slices.ContainsFunc(t.p.services, whole) {
		t.p.services = slices.DeleteFunc(t.p.services,
			func(m entity.NameMatch) bool { return !whole(m) })
	}
}

// surelyNamed is how alike a misspelt name must be that is wanted beside another.
const surelyNamed = .8
