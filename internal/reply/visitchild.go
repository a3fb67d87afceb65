package reply

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A child beside the customer has a service of its own where the owner sells one. "Mimi na mtoto"
// was booked as two adults, who pay more.

// childWords are one child, and childJoiners stand before it, with words of kin between.
var (
	childWords   = listOf("one child")
	childJoiners = listOf("beside child")
)

// maxKin is how many words may stand between the joiner and the child: "and my son".
const maxKin = 2

var (
	// childrenBeside finds several children beside the customer, with their number before or
	// behind.
	childrenBeside = regexp.MustCompile(`(?i)(?:^|[\s,])(?:na|and|with|plus|&|n)\s+(?:(?:my|our|` +
		`the|hawa|these)\s+)?` +
		`(?:(\d|two|three|four|five)\s+(?:(?:little|small|my)\s+)?)?(?:watoto|wanangu|vijana|` +
		`kids|children|boys|sons|girls|daughters)\b` +
		`(?:\s+(?:wangu|zangu|wetu|wng|wa\s+kiume|wa\s+kike))*(?:\s+(wawili|watatu|wanne|watano|` +
		`[2-5]))?`)
	// childrenAlong is likewise several children, of whom the message says no more than that they
	// come.
	childrenAlong = regexp.MustCompile(`(?i)\b(?:(\d|two|three|four|five)\s+(?:(?:little|small|my)\s+)?)?(?:watoto|wanangu|vijana|` +
		`kids|children|boys|sons|girls|daughters)\b(?:\s+(?:wangu|zangu|wetu|wng|wa\s+kiume|wa\s+kike))*` +
		`(?:\s+(wawili|watatu|wanne|watano|[2-5]))?`)
	// childToo is one child who has something as well.
	childToo = regexp.MustCompile(`(?i)(?:^|[\s,])(?:dogo|mtoto|mwanangu|kijana|(?:my |the )?(?:son|daughter|boy|girl|kid))(?:\s+(?:wangu|yangu))?\s+` +
		`(?:pia|naye|nae|too|also|as well)\b`)
	childNumbers = map[string]int{
		"two": 2, "three": 3, "four": 4, "five": 5, "wawili": 2, "watatu": 3, "wanne": 4,
		"watano": 5,
	}
)

// childrenCount is how many children come beside the customer; 0 if none does, -1 if nobody has
// said how many.
func (t *turn) childrenCount() int {
	// Several first: "watoto wangu wawili" has the word for one child in no form.
	words := t.p.reading.Words
	if m := childrenBeside.FindStringSubmatch(t.p.text); m != nil {
		return childrenSaid(m)
	}
	// "Mimi fedi, dogo pia".
	if childToo.MatchString(t.p.text) {
		return 1
	}
	for i, w := range words {
		if i == 0 || !hasWord(childWords, w) {
			continue
		}
		// "And also for my 7 year old son".
		lead, before := i-1, words[max(0, i-maxKin):i]
		for lead > 0 && (hasWord(beforeChild, words[lead]) || hasDigits(words[lead])) {
			lead--
		}
		if anyIn(before, childJoiners) || lead >= 0 && hasWord(childJoiners, words[lead]) ||
			anyIn(before, broughtAlong) && alsoOneself.MatchString(t.p.text) {
			return 1
		}
	}
	return 0
}

// Who brings a child is served as well if the message says so: "I'd like to bring my boy, and I also
// want my beard lined up".
var (
	broughtAlong = keywords("bring, bringing, brought, take, kumleta, nimlete, ninamleta, namleta, nitamleta")
	alsoOneself  = regexp.MustCompile(`(?i)\b(?:i also|i too|me too|me also|me as well|and i|myself|for me|mimi pia|na mimi|nami|mimi nata\w+|` +
		`both of us|us both|mtatu\w+|mnatu\w+|sote|wote wawili|sisi wote)\b`)
)

// beforeChild may stand between the joiner and the child.
var beforeChild = listOf("before child")

// forChild finds that what is wanted is for a child, who alone is served.
var forChild = regexp.MustCompile(`(?i)\b(?:for|of)\s+(?:my|our|a|the)\s+(?:(?:little|small|` +
	`young|\d+ ?(?:yr|year)s?(?: old)?)\s+)?` +
	`(?:son|daughter|child|kid|boy|girl|baby)\b|\bbring(?:ing)?\s+(?:my|our)\s+(?:son|daughter|` +
	`child|kid|boy|girl)\s+(?:in |over )?(?:for|to get|to have)\b|` +
	`\b(?:ya|wa|kwa ajili ya)\s+(?:mtoto|mwanangu|` +
	`kijana wangu)\b`)

// asksForChildren asks for what a child is served with: "do you also do kids?".
var asksForChildren = regexp.MustCompile(`(?i)\b(?:do (?:you|u|ya)(?: guys| people)? (?:also |even )?` +
	`(?:do|cut|shave|take|serve|have)|mna(?:nyoa|kata|hudumia|fanya|toa)|how much (?:for|is)|` +
	`(?:na )?bei ya)\s+(?:na |pia |a |the |my )?(?:kids?|children|child|boys?|watoto|mtoto)\b`)

// meanChildren adds the service for children to what is named by who asks for that: in most
// messages the word says who comes.
func (t *turn) meanChildren(p *perception) {
	at := asksForChildren.FindStringIndex(p.text)
	id := t.childService()
	if at == nil || id == "" || slices.Contains(idsOf(p.services), id) ||
		t.k.template() != flowhq.BookingTemplate {
		return
	}
	p.services = append(p.services, entity.NameMatch{
		Place: entity.Place{Start: at[0], End: at[1]}, ID: id, Exact: true, Score: 1,
	})
}

// toldTogether reports whether the message asks for a visit side by side, which is how the visit
// was read back.
func (t *turn) toldTogether() bool {
	v := t.next.Booking
	return v != nil && v.places() > 1 && !v.Start.IsZero() && anyIn(t.p.reading.Words, atOnce)
}

// tellAtOnce says whether those of a visit are served at the same time, and reports whether the
// message asks that: "both at once?".
func (t *turn) tellAtOnce() bool {
	v, p := t.next.Booking, &t.p
	if v == nil || v.Start.IsZero() || !t.isParty(v) && v.People < 2 || !p.asksSoftly() || p.hasTime ||
		p.has(actPrice, actCancel) ||
		!anyIn(p.reading.Words, atOnce) || len(p.reading.Words) > maxAssent {
		return false
	}
	t.did(actAnswer)
	if v.InTurn {
		t.tell("book.in_turn", "count", strconv.Itoa(len(v.services())))
	} else {
		t.tell("book.together", "count", strconv.Itoa(v.places()))
	}
	return true
}

// meanChild takes the children's kind of a service for the common one where it is for a child: "a
// haircut for my son, he is 5" was booked and priced as an adult's.
func (t *turn) meanChild(p *perception) {
	if t.k.template() != flowhq.BookingTemplate || !anyIn(p.reading.Words, childWords) {
		return
	}
	// "Naomba kumleta mwanangu kesho" names no service, and a child is cut as one.
	if id := t.childService(); len(p.services) == 0 && id != "" && t.next.Booking == nil &&
		t.next.Topic == "" && anyIn(p.reading.Words, broughtAlong) &&
		!alsoOneself.MatchString(p.text) {
		p.services = append(p.services, entity.NameMatch{ID: id, Exact: true, Score: 1})
		return
	}
	for i := range p.services {
		m := &p.services[i]
		only := len(p.services) == 1 && forChild.MatchString(p.text) && !besideMe.MatchString(p.text)
		if m.Start >= 0 && m.Start < m.End && m.End <= len(p.text) && !only {
			// "He is 7 and needs a haircut too, mine is a fade" says which is whose.
			around := pieceAround(p.text, m.Start, m.End)
			at := forChild.FindStringIndex(p.text[m.End:])
			only = (ofChild.MatchString(around) || at != nil && at[0] <= 1) &&
				!ofOneself.MatchString(around)
		}
		if id := t.childService(); only && t.childKind(m.ID, id) {
			m.ID, m.Others, m.Exact = id, nil, true
		}
	}
}

// besideMe says that a service is for who writes, whoever else has it.
var besideMe = regexp.MustCompile(`(?i)\b(?:for (?:me|myself)|(?:me|myself)\s+(?:and|plus|&)|mimi\s+(?:na|pamoja)|yangu\s+na)\b`)

var (
	// ofChild says of a child in front that a service is for that child.
	ofChild = regexp.MustCompile(`(?i)\b(?:he|she|him|her|his|he's|she's|yeye|anyolewe|akatwe|anataka)\b`)
	// ofOneself says that a service is for who writes.
	ofOneself = regexp.MustCompile(`(?i)\b(?:mine|me|i|i'm|myself|mimi|yangu|nami|nataka|nikatwe|ninyolewe)\b`)
)

// addOneself puts the customer beside the child whose cut alone was named, for who says that both are
// to be served: "nikija na mtoto wangu mtatunyoa wote?".
func (t *turn) addOneself(v *Visit) {
	child := t.childService()
	if v.Service != child || child == "" || len(v.More) > 0 || v.People > 1 || v.Moves != "" ||
		t.childrenCount() != 1 {
		return
	}
	// What was asked about for oneself, just before the child was named.
	if own := t.askedForOneself(child); len(own) > 0 &&
		(comesWith.MatchString(t.p.text) || alsoOneself.MatchString(t.p.text)) {
		v.takeParty(append(own, child))
		return
	}
	if !alsoOneself.MatchString(t.p.text) && !bothCome.MatchString(t.p.text) {
		return
	}
	name := split(t.k.service[child].Name.EN)
	for _, s := range t.k.offered() {
		if own := split(s.Name.EN); s.ID != child && containsRun(name, own) {
			v.Service = s.ID
			v.addChildren(child, 1)
			return
		}
	}
}

// comesWith says that the customer comes, and who comes along.
var comesWith = regexp.MustCompile(`(?i)\b(?:na(?:ku)?ja|ni?takuja|nikija|tunakuja|i(?:'m|m| am|'ll| will)?\s+com(?:e|ing))\s+(?:na|with)\b|` +
	`\b(?:mimi|me|myself)\s+(?:na|and|&)\s+(?:my\s+)?(?:mtoto|mwanangu|kijana|son|daughter|kid|child|boy|girl)\b`)

// askedForOneself are the services that were asked about last, none of them the child's.
func (t *turn) askedForOneself(child string) []string {
	before := t.in.State
	own := slices.Clone(before.Pair)
	if len(own) == 0 && t.k.service[before.Topic] != nil && slices.Contains(before.Spoken, before.Topic) {
		own = []string{before.Topic}
	}
	if slices.Contains(own, child) {
		return nil
	}
	return own
}

// childKind reports whether a service for children is the same thing as another by its name: a dye
// for a son stays a dye.
func (t *turn) childKind(id, child string) bool {
	if child == "" || id == child || t.k.service[id] == nil {
		return false
	}
	own, kind := t.k.service[id].Name, t.k.service[child].Name
	return containsRun(split(kind.EN), split(own.EN)) || slices.ContainsFunc(split(own.SW),
		func(w string) bool {
			return strings.HasPrefix(w, "ku") && slices.Contains(split(kind.SW), w)
		})
}

// childService is the owner's service for a child, "" if there is none.
func (t *turn) childService() string {
	// An owner without such a service cuts children as everybody.
	for _, name := range phrasesOf("one child") {
		if m := t.named(t.k.services, name); len(m) == 1 && m[0].Exact {
			if s := t.k.service[m[0].ID]; s != nil && !s.Unavailable {
				return s.ID
			}
		}
	}
	return ""
}

// bringsChild reports whether children come beside the customer of the visit that is being made.
func (t *turn) bringsChild() bool {
	v := t.next.Booking
	if v == nil || v.Moves != "" || v.Service == "" || len(v.More) > 0 ||
		t.p.asks && !meWithChild.MatchString(t.p.text) && !t.saysOfChild() || t.childrenCount() == 0 {
		return false
	}
	id := t.childService()
	return id != "" && !slices.Contains(v.services(), id)
}

// saysOfChild reports whether a child is spoken of beside a question, and not in it: "kesho kuna
// nafasi? nataka fade na mwanangu anyolewe".
func (t *turn) saysOfChild() bool {
	return slices.ContainsFunc(piecesOf(t.p.text), func(one piece) bool {
		return !one.asks && (anyIn(split(one.text), childWords) || childrenAlong.MatchString(one.text))
	})
}

// restatesChild reports whether the message says again who comes, as it was read back.
func (t *turn) restatesChild() bool {
	v, p := t.next.Booking, &t.p
	return v != nil && !v.Start.IsZero() && len(v.More) > 0 && !p.asks && !p.hasTime &&
		!p.has(actCancel, actChange) && t.childrenCount() == len(v.More) &&
		slices.Contains(v.More, t.childService())
}

// childrenSaid is the number of a match of several children. Without one nobody may guess, and it
// is -1: each child is a chair and a price.
func childrenSaid(m []string) int {
	said := strings.ToLower(cmp.Or(m[1], m[2]))
	if n, err := strconv.Atoi(said); err == nil {
		return n
	}
	return cmp.Or(childNumbers[said], -1)
}

// withChildren are a service and that of each child who comes beside the customer, for who asks
// what it comes to; nil if no child does.
func (t *turn) withChildren(ids []string) []string {
	id, n := t.childService(), t.childrenCount()
	if len(ids) != 1 || n < 1 || id == "" || id == ids[0] ||
		t.k.template() != flowhq.BookingTemplate || t.next.Booking != nil {
		return nil
	}
	return append([]string{ids[0]}, slices.Repeat([]string{id}, n)...)
}

// addChild puts the children's service beside the customer's own, once for each child.
func (t *turn) addChild() {
	if !t.bringsChild() {
		return
	}
	// The customer's own service stays first.
	v := t.next.Booking
	if n := t.childrenCount(); n > 0 {
		v.addChildren(t.childService(), n)
		return
	}
	v.Children, v.People = true, 0
}

// addChildren puts a service for each of so many children on a visit.
func (v *Visit) addChildren(service string, n int) {
	// Two who come for the same stay two.
	own := slices.Repeat([]string{v.Service}, max(v.People, 1)-1)
	children := slices.Repeat([]string{service}, min(n, maxPeople-1-len(own)))
	v.More, v.Together = append(own, children...), true
	v.People, v.Children = 0, false
}

// takeChildren takes the number of the children that was asked for.
func (t *turn) takeChildren() bool {
	// "Wawili" counts people, and "2" is a bare number.
	v, n := t.next.Booking, 0
	for _, q := range t.p.entities.Quantities {
		n = int(q.Value)
	}
	for _, x := range t.p.entities.Numbers {
		n = x.Value
	}
	if v == nil || !v.Children || n < 1 || n >= maxPeople || t.p.asks ||
		len(t.p.reading.Words) > maxHourWords {
		return false
	}
	t.did(actBook)
	// They come by themselves, beside a booking that stands.
	if id := t.childService(); v.Service == id {
		v.takeParty(slices.Repeat([]string{id}, n))
	} else {
		v.addChildren(id, n)
	}
	t.continueBooking()
	return true
}

// asksToBring asks whether somebody else is to be booked as well, of whom the message only asks
// whether they may come: "naweza kuja na mtoto?" put the child in the customer's place.
func (t *turn) asksToBring() bool {
	v, p := t.next.Booking, &t.p
	if v == nil || v.Moves != "" || v.Start.IsZero() || len(v.More) > 0 || p.hasTime ||
		!p.asksSoftly() || !anyIn(p.reading.Words, companions) ||
		!anyIn(p.reading.Words, comesAlong) && !anyIn(p.reading.Words, mayCome) ||
		p.has(actCancel, actPrice) || len(p.reading.Words) > maxAssent {
		return false
	}
	// Who is no child has the service of the customer, as far as the bot knows.
	id := v.Service
	if slices.ContainsFunc(p.reading.Words,
		func(w string) bool { return hasWord(childWords, w) }) && t.childService() != "" {
		id = t.childService()
	}
	t.did(actOffer)
	// The word for the child named its service, which would take the place of the customer's.
	p.services = nil
	t.tellPriceOf(id)
	t.ask(Ask{For: askBring, About: id}, "book.bring")
	return true
}

// mayCome ask whether somebody may come.
var mayCome = keywords("kuja na, kuja pamoja, nije na, come with, bring, aje, waje")

// takeBring puts who may come on the visit, or leaves it as it is.
func (t *turn) takeBring(a Ask, yes bool) {
	v := t.next.Booking
	if v == nil {
		t.next.Ask = Ask{}
		return
	}
	// A no leaves the visit as it was read back, and reads it back once more.
	if yes && a.About == v.Service {
		v.People = max(1, v.People) + 1
	} else if yes {
		v.addChildren(a.About, 1)
	}
	t.continueBooking()
}

// counts are the services that the message wants with a number each, one entry for each who comes:
// "2 haircuts and one shave" was one haircut with a beard. It is nil where no service has more than
// one.
func (t *turn) counts() []string {
	p := &t.p
	if all := t.numbered(); all != nil {
		return all
	}
	if all := t.severalOfOne(); all != nil {
		return all
	}
	var all []string
	several, end := false, -1
	for _, m := range p.services {
		if m.Start < end || m.Start >= m.End || len(p.services) < 2 {
			return nil
		}
		end = m.End
		n := 1
		for _, x := range p.entities.Numbers {
			if x.End <= m.Start && strings.TrimSpace(p.text[x.End:m.Start]) == "" && x.Value > 1 {
				n, several = min(x.Value, maxPeople), true
			}
		}
		for range n {
			all = append(all, m.ID)
		}
	}
	if !several {
		return nil
	}
	return all
}

// severalOfOne are the services of a message that wants more than one of the only one that it
// names: "2 fades tomorrow". The number of an hour or a day stands behind a word for it.
func (t *turn) severalOfOne() []string {
	p := &t.p
	if len(p.services) != 1 || p.services[0].Start < 0 || p.services[0].Start > len(p.text) {
		return nil
	}
	// A number in the name of a service counts nothing: "Home 20".
	m := p.services[0]
	for _, x := range p.entities.Numbers {
		if x.Value > 1 && x.Value <= maxPeople && x.End <= m.Start &&
			strings.TrimSpace(p.text[x.End:m.Start]) == "" &&
			!houseBefore.MatchString(p.text[:x.Start]) &&
			!strings.Contains(t.k.nameOf(m.ID, t.say), strconv.Itoa(x.Value)) {
			return slices.Repeat([]string{m.ID}, x.Value)
		}
	}
	return nil
}

// numbered are the services of a message that has a number right before each, nil if there are less
// than two such. Read as a whole, "haircuts and one shave" is the owner's service of both.
func (t *turn) numbered() []string {
	var all, kinds []string
	numbers := t.p.entities.Numbers
	for i, x := range numbers {
		end := len(t.p.text)
		if i+1 < len(numbers) {
			end = numbers[i+1].Start
		}
		if x.Value < 1 || x.End > end {
			continue
		}
		rest := strings.TrimLeft(t.p.text[x.End:end], " x×")
		m := t.named(t.k.services, rest)
		if len(m) == 0 || m[0].Start != 0 {
			continue
		}
		kinds = append(kinds, m[0].ID)
		for range min(x.Value, maxPeople) {
			all = append(all, m[0].ID)
		}
	}
	if len(kinds) < 2 || len(all) == len(kinds) {
		return nil
	}
	return all
}
