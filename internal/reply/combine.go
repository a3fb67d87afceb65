package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// joiners stand between two services that are wanted together. Commas are no joiners: a list with
// commas is of services for several people.
var joiners = keywords("na, and, n, plus, pamoja, with")

// combined is the owner's service that is two of those named together, such as "haircut and beard"
// for "kunyolewa na kuchongwa ndevu"; "" if there is none, or if it is named itself. Without the
// rule one of the two was booked, and the time too short for both. A pair that the owner does not
// sell as one is asked about by the caller.
func (t *turn) combined() string {
	for _, text := range clauseEnds.Split(t.p.text, maxPartsRead) {
		if id := t.combinedIn(split(text)); id != "" {
			return id
		}
	}
	return ""
}

// clauseEnds ends what is joined: "ndevu na rangi, rangi nyeusi nywele fupi" joins no hair.
var clauseEnds = regexp.MustCompile(`[,.;!?\n]+`)

// combinedIn is likewise of the words of one clause.
func (t *turn) combinedIn(words []string) string {
	// Each joiner is tried, for a service's own name may have one: "osha na kausha" is one service.
	for i, w := range words {
		if i == 0 || i+1 == len(words) || !hasWord(joiners, w) {
			continue
		}
		// "Just the dye, not haircut and beard" wants no such pair.
		if anyIn(words[max(0, i-maxKin-1):i], notThis) {
			continue
		}
		// "My boy's cut, and I want my beard lined up" is for two people.
		if anyIn(words[:i], childWords) != anyIn(words[i+1:], childWords) {
			continue
		}
		// So is "my sis wants a short cut and I want my beard lined up".
		if one, other := strings.Join(words[:i], " "), strings.Join(words[i+1:], " "); otherWants.MatchString(one) && oneselfWants.MatchString(other) ||
			oneselfWants.MatchString(one) && otherWants.MatchString(other) {
			continue
		}
		left, right := t.namedBy(words[:i]), t.namedBy(words[i+1:])
		if len(left) == 0 || len(right) == 0 {
			continue
		}
		var found []string
		for _, s := range t.k.offered() {
			if slices.ContainsFunc(t.namesOf(s.ID), func(name []string) bool {
				return t.joins(name, s.ID, left, right)
			}) {
				found = append(found, s.ID)
			}
		}
		// Two services that fit are no answer. The customer must say which.
		if len(found) == 1 {
			return found[0]
		}
	}
	return ""
}

var (
	// otherWants says that somebody else wants a service, and oneselfWants that the customer does.
	otherWants   = regexp.MustCompile(`\b(?:sis|sista|bro|` + grownUp[3:len(grownUp)-1] + `)(?: (?:wangu|yangu))? (?:also |pia )?(?:wants?|needs?|would like|anataka|anahitaji|atataka)\b`)
	oneselfWants = regexp.MustCompile(`\b(?:i|me|mimi)(?: also| pia)? (?:want|need|would like|nataka|nahitaji)\b|\b(?:nataka|nahitaji)\b`)
)

// bothOfUs are the customer and one other.
var bothOfUs = regexp.MustCompile(`(?i)\b(?:both of us|(?:the )?two of us|2 of us|us both|sisi wawili|sote wawili|wote wawili)\b`)

// saysWhoWants reports whether the message says what the customer wants, and what somebody else does.
func (t *turn) saysWhoWants() bool {
	words := strings.Join(split(t.p.text), " ")
	return otherWants.MatchString(words) && oneselfWants.MatchString(words)
}

// namedBy lists the services that words may name, the less likely too. The less likely are wanted:
// "ndevu" names a beard's trim and a beard's dye, and only the pair with the other side tells
// which.
func (t *turn) namedBy(words []string) []string {
	return namedIDs(t.named(t.k.services, strings.Join(words, " ")))
}

// joins reports whether a name is of one service of the left and one of the right together: it has
// a joiner, and on each side of it only words of one of them. The order of the sides is free:
// "ndevu na nywele" is "nywele na ndevu".
func (t *turn) joins(name []string, id string, left, right []string) bool {
	i := slices.IndexFunc(name, func(w string) bool { return hasWord(joiners, w) })
	if i <= 0 || i+1 == len(name) {
		return false
	}
	first, last := name[:i], name[i+1:]
	return t.haveWords(left, id, first) && t.haveWords(right, id, last) ||
		t.haveWords(left, id, last) && t.haveWords(right, id, first)
}

// haveWords reports whether all words are in the names of one of these services. The combined
// service itself must not count: its name has the words of both sides, and would explain itself.
func (t *turn) haveWords(ids []string, except string, words []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool {
		if id == except {
			return false
		}
		all := slices.Concat(t.namesOf(id)...)
		return !slices.ContainsFunc(words, func(w string) bool {
			return !hasWord(joiners, w) && !slices.Contains(all, w)
		})
	})
}

// namesOf are the words of each name of a service. Names of both languages and the owner's aliases
// are among them, for customers mix languages in one message.
func (t *turn) namesOf(id string) [][]string {
	s := t.k.service[id]
	if s == nil {
		return nil
	}
	var all [][]string
	for _, name := range namesOf(s.Name, s.Aliases) {
		all = append(all, split(name))
	}
	return all
}

// peopleWords say who comes. They name a service only if it is asked for by them. A service for
// children has such a word in its name, and in most messages the word only says who is coming
// along.
var peopleWords = keywords(`
	mtoto, watoto, child, children, kid, kids, son, daughter, baby, boy, girl, boys, mama, baba,
	mke, mume, wife, husband, kaka, dada, mdogo
`)

// ownWords show that people are meant who belong to the customer. "nywele za mtoto" may be the
// service; "mtoto wangu" is a person.
var ownWords = keywords("wangu, zangu, wetu, my, our, mimi, me, wote, yangu, her, his")

// asksPrice asks what something costs.
var asksPrice = keywords("how much, bei, price, cost, ngapi, gharama")

// dropPeople drops services that are named by no more than who comes: "mimi na mtoto wangu" is two
// people, and no haircut for a child. Without the rule "tuko wawili, mimi na mtoto wangu" changed
// the booking into a haircut for one child.
func (t *turn) dropPeople(p *perception) {
	// Who asks for a price asks about the service, whatever else the word may mean: "mtoto ni bei
	// gani?".
	priced := anyIn(split(p.text), asksPrice)
	// A service is settled already: the word is then likelier to say who comes with the customer.
	others := t.next.Booking != nil && t.next.Booking.Service != ""
	p.services = slices.DeleteFunc(p.services, func(m entity.NameMatch) bool {
		// A name found across several places of the text has no span of its own to judge.
		if m.Start < 0 || m.End > len(p.text) || m.Start >= m.End {
			return false
		}
		words := split(p.text[m.Start:m.End])
		beside := slices.ContainsFunc(p.services,
			func(o entity.NameMatch) bool { return (o.Exact || o.Score >= nearlyExact) && o.ID != m.ID })
		if len(words) == 1 && !m.Exact && (!priced || beside) && t.onlyInAliases(m.ID, words[0]) {
			return true
		}
		if slices.ContainsFunc(words, func(w string) bool { return !hasWord(peopleWords, w) }) {
			return false
		}
		// "Do you also do kids? My son is 8" asks for the service, and tells of a person behind it.
		own := anyIn(split(pieceAround(p.text, m.Start, m.End)), ownWords)
		// The word alone is not enough. Without another service or a count, the child's cut is all
		// that the message can mean.
		return own && (others || len(p.services) > 1 || len(p.entities.Quantities) > 0)
	})
}

// meanDescribed takes the service whose description has what stands in front of a name for that
// name: the "women's doctor" is the specialist, and no general doctor.
func (t *turn) meanDescribed(p *perception) {
	for i := range p.services {
		m := &p.services[i]
		if m.Start <= 0 || m.End > len(p.text) || m.Start >= m.End {
			continue
		}
		before, named := split(p.text[:m.Start]), split(p.text[m.Start:m.End])
		if len(before) == 0 || len(named) != 1 || len(before[len(before)-1]) < minSubject {
			continue
		}
		run := singulars([]string{before[len(before)-1], named[0]})
		for _, s := range t.k.offered() {
			if s.ID != m.ID && containsRun(singulars(split(s.Description.EN)), run) &&
				!containsRun(singulars(split(t.k.service[m.ID].Description.EN)), run) {
				m.ID, m.Others, m.Exact = s.ID, nil, true
				break
			}
		}
	}
}

// singulars are English words without the endings of plurals and of whose something is: "the women
// doctor" is the women's.
func singulars(words []string) []string {
	all := slices.Clone(words)
	for i, w := range all {
		all[i] = singular(strings.ReplaceAll(w, "'", ""))
	}
	return all
}

// meanLonger takes the service one of whose names goes on from the name that was found: "kuonana na
// daktari wa wanawake" is no general doctor.
func (t *turn) meanLonger(p *perception) {
	for i := range p.services {
		m := &p.services[i]
		if m.Start < 0 || m.End > len(p.text) || m.Start >= m.End {
			continue
		}
		named := split(p.text[m.Start:m.End])
		if len(named) == 0 {
			continue
		}
		for _, s := range t.k.offered() {
			if s.ID != m.ID && slices.ContainsFunc(t.namesOf(s.ID), func(name []string) bool {
				return len(name) > 1 && name[0] == named[len(named)-1] &&
					containsRun(p.reading.Words, name) && !containsRun(named, name)
			}) && !t.namedWhole(m.ID, p.reading.Words, len(named)) {
				m.ID, m.Others, m.Exact = s.ID, nil, true
				break
			}
		}
	}
}

// namedWhole reports whether words have a name of a service that goes on from its first few words:
// who says "dental check-up" means no check-up of another kind.
func (t *turn) namedWhole(id string, words []string, beyond int) bool {
	return slices.ContainsFunc(t.namesOf(id), func(name []string) bool {
		return len(name) > beyond && containsRun(words, name)
	})
}

// dropGeneric drops services that are named by a likeness to one word that says what all of them
// are of: "my hair is short" names no haircut, and "mnafunga internet" no package for offices.
func (p *perception) dropGeneric() {
	p.services = slices.DeleteFunc(p.services, func(m entity.NameMatch) bool {
		w := p.wordOf(m)
		return w != "" && !m.Exact && hasWord(genericWords, w)
	})
}

// genericWords say what the services of a business are of.
var genericWords = listOf("generic")

// onlyInAliases reports whether a word is but one of several in an alias: a fever is no "yellow
// fever", and "homa" no "chanjo ya homa ya manjano". A booking needs more than that. Booked for a
// vaccination, a sick child would come to the wrong room on the wrong day.
func (t *turn) onlyInAliases(id, word string) bool {
	s := t.k.service[id]
	if s == nil || slices.Contains(split(s.Name.EN+" "+s.Name.SW), word) {
		return false
	}
	return slices.ContainsFunc(t.namesOf(id), func(name []string) bool {
		return slices.Contains(name, word)
	})
}

// qualified is the service whose name goes on from another's: "kumuona daktari bingwa" is the
// "daktari bingwa". It is "" if no two names share a word of the text. The longer name must win, or
// the customer is asked to choose between the specialist and the general doctor after naming the
// specialist.
func (t *turn) qualified(named []string) string {
	words := split(t.p.text)
	last, from, until, shared := "", -1, -1, false
	for _, id := range named {
		begin, end := -1, -1
		// The longest name that stands in the text is the one that was meant.
		for _, name := range t.namesOf(id) {
			if i := indexOfWords(words, name); i >= 0 && len(name) > end-begin {
				begin, end = i, i+len(name)
			}
		}
		if begin < 0 {
			return ""
		}
		switch {
		case last == "":
			last, from, until = id, begin, end
		// The spans overlap: one name goes on from the other. The later one qualifies, in Swahili
		// as in "daktari wa meno".
		case begin < until && from < end:
			shared = true
			if begin > from {
				last, from, until = id, begin, end
			}
		default:
			return ""
		}
	}
	if !shared {
		return ""
	}
	return last
}

// indexOfWords is where some words stand side by side in others, or -1. Whole words are compared:
// "nywele" must not be found in the middle of another word.
func indexOfWords(all, words []string) int {
	for i := 0; len(words) > 0 && i+len(words) <= len(all); i++ {
		if slices.Equal(all[i:i+len(words)], words) {
			return i
		}
	}
	return -1
}

// plusJoins finds a "plus" that joins, at the beginning of a name.
var plusJoins = regexp.MustCompile(`(?i)^plus\s+(?:the|my|a|new|that|this|hiyo|ile)\b`)

// atHome finds that somebody is at home from an hour on, in what is taken for the name of a package.
var atHome = regexp.MustCompile(`(?i)^home\s+(?:from|at|by|until|till|after|before|around)\b`)

// dropEchoes drops services that are named by no more than words of another one that is named
// whole: "rangi ni how much, niko na nywele ndefu" asks for the dye, and for no haircut.
func (t *turn) dropEchoes(p *perception) {
	// "Moving plus the new package" joins two, and names no "plus package".
	p.services = slices.DeleteFunc(p.services, func(m entity.NameMatch) bool {
		return m.Start >= 0 && m.End <= len(p.text) && m.Start < m.End &&
			(plusJoins.MatchString(p.text[m.Start:m.End]) ||
				atHome.MatchString(p.text[m.Start:m.End]))
	})
	whole := slices.IndexFunc(p.services, func(m entity.NameMatch) bool { return m.Exact })
	if whole < 0 {
		return
	}
	exact := p.services[whole]
	known := slices.Concat(t.namesOf(exact.ID)...)
	p.services = slices.DeleteFunc(p.services, func(m entity.NameMatch) bool {
		if m.Exact || m.ID == exact.ID || m.Start < 0 || m.End > len(p.text) || m.Start >= m.End {
			return false
		}
		words := split(p.text[m.Start:m.End])
		return len(words) == 1 && slices.Contains(known, words[0])
	})
}
