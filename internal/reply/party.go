package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A party is several people with services that differ: "watoto wawili wanyolewe na mimi mmoja fedi",
// "kunyoa mtoto x2 na fedi x1". A number counts the service that it stands with. Read as a number of
// people, it made two fades of two children's cuts.

// A place is a service of a party with its number; said tells that the message has the number.
type place struct {
	service string
	count   int
	said    bool
	who     string // whom the part names that has it
	bare    bool   // it only says how many children come
}

const (
	// number of people or services, in figures or words.
	partyNumber = `(\d{1,2}|one|two|three|four|five|mmoja|moja|wawili|mbili|watatu|tatu|wanne|nne|watano|tano)`
	// partyChildren are several children, or one.
	partyChildren = `(?:kids?|child|children|sons?|boys?|daughters?|girls?|twins|watoto|mtoto|wanangu|` +
		`mwanangu|vijana|mapacha)`
)

var (
	// partyJoin stands between the services of a party.
	partyJoin = regexp.MustCompile(`(?i)[,.;!?\n]+(?:\s+|$)|\s+(?:na|and|plus|&|n|\+|halafu|alafu|then|` +
		`pia|also|while)\s+`)
	// childrenFirst and childrenLast are the number of children before the word for them, and behind.
	childrenFirst = regexp.MustCompile(`(?i)\b` + partyNumber +
		`\s*(?:x\s*)?(?:(?:of\s+)?(?:my|our|little|small|young|the)\s+)*` + partyChildren + `\b`)
	childrenLast = regexp.MustCompile(`(?i)\b` + partyChildren +
		`(?:\s+(?:wangu|zangu|wetu|wng|wa\s+kiume|wa\s+kike))*` +
		`\s+(?:x\s*)?(wawili|watatu|wanne|watano|mmoja|[2-9])\b`)
	// countBefore ends what stands in front of a service with its number, countAfter begins what stands
	// behind it.
	countBefore = regexp.MustCompile(`(?i)(?:^|[\s(])` + partyNumber +
		`\s*(?:(?:x|×|\*|ya|za|of|more|other|nyingine)\s*|(?:of us |of them )?(?:wants?|needs?|get|for|wanataka|anataka|` +
		`wana|ana|kwa)\s+(?:a |an |the )?)?$`)
	countAfter = regexp.MustCompile(`(?i)^(?:s|es)?\s*(?:` +
		`(?:\(?\s*(?:x|×|\*)\s*|(?:\s*\pL+)?\s*(?:\bni\b|\bis\b|\bare\b|\biwe\b|\bziwe\b|=|:|` +
		`\bshould be\b)\s*(?:kwa\s+)?)` + partyNumber +
		`|(mmoja|moja|wawili|mbili|watatu|tatu|wanne|nne)\b|\(?(\d)\s*(?:\)|$|tu\b|only\b|for\b|kwa\b))`)
	// hourBefore ends what stands in front of the number of an hour, hourAfter begins what stands behind it.
	hourBefore = regexp.MustCompile(`(?i)(?:\bsaa|\bat|@|\d[:.]|day|\btarehe|leo|kesho|\bat about|mosi|` +
		`juma\pL+|ijumaa|alhamisi|miaka|aged?)\s*$`)
	hourAfter = regexp.MustCompile(`(?i)^\s*(?:am\b|pm\b|o'?clock|[:.,]\d|asubuhi|mchana|jioni|usiku|` +
		`years?\b|yrs?\b|min)`)
	// peopleCount is a number of people by the word for them: "mimi mmoja", "watu wawili".
	peopleCount = regexp.MustCompile(`(?i)\b(?:mimi|sisi|watu|me|adults?|wakubwa)\s+(mmoja|wawili|watatu|wanne)\b`)
)

// numberSaid is what a word of a number is, 0 if it is none.
func numberSaid(said string) int {
	said = strings.ToLower(said)
	if n, err := strconv.Atoi(said); err == nil {
		return n
	}
	switch said {
	case "one", "moja", "mmoja":
		return 1
	case "mbili":
		return 2
	case "tatu":
		return 3
	case "nne":
		return 4
	case "tano":
		return 5
	}
	return childNumbers[said]
}

// maxPartyWords bounds the message that is read so: the numbers of a long story count other things.
const maxPartyWords = 60

// party is what the message says of who comes for what, in its order; nil if it names nothing so.
func (t *turn) party() (all []place) {
	if t.k.template() != flowhq.BookingTemplate || len(t.p.reading.Words) > maxPartyWords {
		return nil
	}
	for _, part := range t.partyParts(t.p.text) {
		for _, one := range t.placesIn(part) {
			i := slices.IndexFunc(all, func(p place) bool { return p.service == one.service && !p.bare })
			switch {
			case i < 0:
				all = append(all, one)
			// "Me fade, my brother fade" are two.
			case !one.said && !all[i].said && one.who != "" && all[i].who != "" &&
				!strings.Contains(all[i].who, one.who):
				all[i].count, all[i].who = all[i].count+1, all[i].who+" "+one.who
			// Named again, the number counts that was said: "2 kids, a kids' cut".
			case one.said && !all[i].said:
				all[i] = one
			}
		}
	}
	return t.withoutBare(all)
}

// withoutBare drops the number of children that only leads those who are counted by what they want:
// "watoto watatu, wawili kunyoa na mmoja kupaka rangi". Without such a sum it is one place of the party.
func (t *turn) withoutBare(all []place) []place {
	i := slices.IndexFunc(all, func(p place) bool { return p.bare })
	if i < 0 {
		return all
	}
	head, sum := all[i], 0
	rest := slices.Delete(slices.Clone(all), i, i+1)
	for _, p := range rest {
		if p.said {
			sum += p.count
		}
	}
	if sum == head.count {
		for j := range rest {
			if t.childKind(rest[j].service, head.service) {
				rest[j].service = head.service
			}
		}
		return rest
	}
	j := slices.IndexFunc(rest, func(p place) bool { return p.service == head.service })
	if j < 0 {
		return all
	}
	// "2 boys, boys' cut" are two.
	if !rest[j].said {
		rest[j].count, rest[j].said = head.count, true
	}
	return rest
}

// partyParts parts a text where a joiner stands that is in no name of a service.
func (t *turn) partyParts(text string) (parts []string) {
	from := 0
	lower := strings.ToLower(text)
	for _, at := range partyJoin.FindAllStringIndex(text, 4*maxPartsRead) {
		inName := slices.ContainsFunc(t.k.offered(), func(s *flowhq.Service) bool {
			return slices.ContainsFunc(namesOf(s.Name, s.Aliases), func(name string) bool {
				name = strings.ToLower(name)
				i := strings.Index(lower, name)
				return i >= 0 && i < at[0] && i+len(name) > at[1]
			})
		})
		if !inName {
			parts, from = append(parts, text[from:at[0]]), at[1]
		}
	}
	return append(parts, text[from:])
}

// placesIn are the services that a part of a message names, each with its number.
func (t *turn) placesIn(part string) (all []place) {
	words := split(part)
	if len(words) == 0 || hasWord(notThis, words[0]) || anyIn(words, asksPrice) {
		return nil
	}
	children := 0
	for _, form := range []*regexp.Regexp{childrenFirst, childrenLast} {
		// "2 boys 6 and 9" tells how old they are.
		if m := form.FindStringSubmatchIndex(part); m != nil && !hourBefore.MatchString(part[:m[2]]) &&
			(children == 0 || !ageBehind.MatchString(part[m[2]:])) {
			children = numberSaid(part[m[2]:m[3]])
		}
	}
	// Twins are two.
	if children == 0 && anyIn(words, twinWords) {
		children = 2
	}
	who := ""
	for _, w := range words {
		if hasWord(customerWords, w) || hasWord(companions, w) && !hasWord(childWords, w) {
			who = w
		}
	}
	child := t.childService()
	end := -1
	for _, m := range t.named(t.k.services, part) {
		if m.Start < end || m.Start >= m.End || m.End > len(part) || !m.Exact && m.Score < surelyNamed {
			continue
		}
		one := place{service: m.ID, count: 1, who: who}
		// "Watoto wawili wanyolewe kawaida" names a cut, which is the children's.
		if child != "" && (children > 0 || anyIn(words, childWords) || anyIn(words, theyWords)) &&
			(m.ID == child || t.childKind(m.ID, child)) {
			one.service = child
		}
		// Each of several children has what is named for them, where it is no cut as well.
		if children > 0 && (one.service == child || len(all) == 0) {
			one.count, one.said = children, true
		} else if n := countAt(part, m); n > 0 {
			one.count, one.said = n, true
		}
		// "Nina watoto watatu" names who comes, and nothing that they want.
		one.bare = one.service == child && one.said && !slices.ContainsFunc(split(part[m.Start:m.End]),
			func(w string) bool { return !hasWord(peopleWords, w) })
		end = m.End
		if one.count > maxPeople || slices.ContainsFunc(all, func(p place) bool { return p.service == one.service }) {
			continue
		}
		all = append(all, one)
	}
	if len(all) == 0 && children > 1 && children <= maxPeople && child != "" {
		all = append(all, place{service: child, count: children, said: true, bare: true})
	}
	return all
}

// ageBehind is the age of a child, behind the word for it.
var ageBehind = regexp.MustCompile(`(?i)^\d{1,2}\b(?:\s*$|\s*(?:,|and|na|&|yrs?|years?)\s*)`)

// customerWords are the customer, and twinWords two children at once.
var (
	customerWords = keywords("me, mimi, myself, mine, yangu, kwangu")
	twinWords     = keywords("twins, mapacha")
)

// theyWords point at people who were named before: "wao kunyoa kawaida".
var theyWords = keywords("wao, they, them, both of them, all of them, wanyolewe, wakatwe")

// countAt is the number that stands with a service in a part of a message, 0 if none does.
func countAt(part string, m entity.NameMatch) int {
	before, after := part[:m.Start], part[m.End:]
	if at := countBefore.FindStringSubmatchIndex(before); at != nil && !hourBefore.MatchString(before[:at[2]]) {
		return numberSaid(before[at[2]:at[3]])
	}
	if at := countAfter.FindStringSubmatchIndex(after); at != nil {
		for i := 2; i+1 < len(at); i += 2 {
			if at[i] >= 0 && !hourAfter.MatchString(after[at[i+1]:]) {
				return numberSaid(after[at[i]:at[i+1]])
			}
		}
	}
	if at := peopleCount.FindStringSubmatch(part); at != nil {
		return numberSaid(at[1])
	}
	return 0
}

// heads are the services of a party, one for each who comes.
func heads(all []place) (services []string) {
	for _, p := range all {
		services = append(services, slices.Repeat([]string{p.service}, p.count)...)
	}
	return services[:min(len(services), maxPeople)]
}

// severalWanted are the services of a message that wants more than one of one of them, one for each who
// comes; nil if it has no such number.
func (t *turn) severalWanted() []string {
	all := t.party()
	if !slices.ContainsFunc(all, func(p place) bool { return p.count > 1 }) {
		return nil
	}
	return heads(all)
}

// takeParty puts a service for each who comes on a visit.
func (v *Visit) takeParty(services []string) {
	v.Service, v.More, v.People, v.Children, v.InTurn = services[0], nil, 0, false, false
	// Several of one kind are people, who may add others.
	if v.More = slices.Clone(services[1:]); len(slices.Compact(slices.Clone(services))) == 1 {
		v.More, v.People = nil, len(services)
	}
	v.Together = len(v.More) > 0
}

// setsParty takes the numbers that a message says of a visit that was read back, and reports whether
// they differ from the visit's: "fedi ni 1 tu (mimi). kunyoa mtoto ni 2".
func (t *turn) setsParty() bool {
	v, p := t.next.Booking, &t.p
	if v == nil || v.Moves != "" || v.Service == "" || p.asksSoftly() {
		return false
	}
	before := v.services()
	all := t.party()
	said := slices.ContainsFunc(all, func(p place) bool { return p.said })
	adds := slices.ContainsFunc(all, func(p place) bool { return !slices.Contains(before, p.service) })
	// "Hapana. Mimi fedi, mtoto kunyoa" says who comes for what, once more.
	anew := len(all) > 1 && deniesFirst.MatchString(p.text) && slices.ContainsFunc(all, func(p place) bool { return p.who != "" }) &&
		!slices.ContainsFunc(p.services, p.takesBack)
	if anew {
		v.takeParty(heads(all))
		v.InTurn = true
		t.next.Topic, t.choices, p.services = v.Service, nil, nil
		t.fillVisit()
		return true
	}
	if !said || len(all) < 2 && (adds || len(before) < 2 && all[0].count < 2 || p.cued(cueAdd)) {
		return false
	}
	var wanted []string
	if less := t.lessOf(all, before); less != nil {
		v.takeParty(less)
		t.next.Topic, t.choices, p.services = v.Service, nil, nil
		t.fillVisit()
		return true
	}
	// One number alone leaves the others as they are.
	if len(all) == 1 {
		wanted = slices.DeleteFunc(slices.Clone(before), func(id string) bool { return id == all[0].service })
		wanted = append(heads(all), wanted...)
	} else {
		wanted = heads(all)
	}
	if len(wanted) == 0 {
		return false
	}
	// A number changes who comes, and not the order in which they are served.
	slices.SortStableFunc(wanted, func(a, b string) int {
		return indexOr(before, a) - indexOr(before, b)
	})
	was, is := slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(wanted))
	if slices.Equal(was, is) {
		p.services = nil // as it was read back
		t.fillVisit()
		return true
	}
	v.takeParty(wanted)
	t.next.Topic, t.choices, p.services = v.Service, nil, nil
	t.fillVisit() // the time that was said with it
	return true
}

// deniesFirst begins what is not as it was read back.
var deniesFirst = regexp.MustCompile(`(?i)^\W*(?:mm+\s+|ah+\s+)?(?:hapana|no|nope|sio hivyo|not that)\b`)

// lessOf are the services of a visit without as many as the message takes off of one: "punguza mtoto
// mmoja". It is nil if it takes none off, or all.
func (t *turn) lessOf(all []place, before []string) (left []string) {
	if len(all) != 1 || !all[0].said || !anyIn(t.p.reading.Words, takesLess) {
		return nil
	}
	n := all[0].count
	for _, id := range slices.Backward(before) {
		if id == all[0].service && n > 0 {
			n--
			continue
		}
		left = append(left, id)
	}
	if n > 0 || len(left) == 0 {
		return nil
	}
	slices.Reverse(left)
	return left
}

// takesLess say that there is to be less of something.
var takesLess = keywords("punguza, punguzeni, toa, toeni, ondoa, remove, minus, less, drop, fewer, take off, take out")

// reducesParty reports whether the message takes some off a visit of several.
func (t *turn) reducesParty() bool {
	v := t.next.Booking
	return v != nil && v.Moves == "" && len(v.services()) > 1 && anyIn(t.p.reading.Words, takesLess) &&
		t.lessOf(t.party(), v.services()) != nil
}

// swapsService puts one service in place of another on the visit for who says both, and reports whether
// the message does: "change the fade to a shave".
func (t *turn) swapsService() bool {
	v, p := t.next.Booking, &t.p
	m := swapped.FindStringSubmatch(p.text)
	if v == nil || v.Moves != "" || v.Service == "" || m == nil || p.asksSoftly() {
		return false
	}
	from, to := t.named(t.k.services, m[1]+m[4]), t.named(t.k.services, m[2]+m[3])
	if len(from) != 1 || len(to) == 0 || !to[0].Exact || slices.Contains(v.services(), to[0].ID) {
		return false
	}
	services := v.services()
	known := t.amongKnown(from[0], m[1]+m[4], services)
	if known == "" {
		return false
	}
	for i, id := range services {
		if id == known {
			services[i] = to[0].ID
		}
	}
	together, inTurn := v.Together, v.InTurn
	v.takeParty(services)
	v.Together, v.InTurn = together && len(v.More) > 0, inTurn && len(v.More) > 0
	t.next.Topic, t.choices, p.services = v.Service, nil, nil
	t.fillVisit()
	return true
}

// swapped is one thing that takes the place of another: "change X to Y" in groups 1 and 2, "Y instead of
// X" in 3 and 4.
var swapped = regexp.MustCompile(`(?i)(?:\b(?:change|swap|switch|replace|badilisha|badili)\s+(?:the |my )?` +
	`([^,.;!?\n]+?)\s+(?:to|with|for|iwe|kuwa|into)\s+(?:a |an |the )?([^,.;!?\n]+)|` +
	`([^,.;!?\n]+?)\s+(?:badala ya|instead of|in place of)\s+(?:the |a )?([^,.;!?\n]+))`)

// indexOr is where a service first stands among others, behind all of them if it is none of them.
func indexOr(all []string, id string) int {
	if i := slices.Index(all, id); i >= 0 {
		return i
	}
	return len(all)
}

// joinParty puts what else is wanted beside several people on a visit, in the number that was said.
func (t *turn) joinParty(v *Visit, id string) {
	count := 1
	for _, p := range t.party() {
		if p.service == id {
			count = p.count
		}
	}
	if v.People > 1 && len(v.More) == 0 {
		v.More = slices.Repeat([]string{v.Service}, v.People-1)
		v.Together = true
	}
	v.People = 0
	for range count {
		services := v.services()
		if len(services) >= maxPeople {
			break
		}
		// Behind services that have hours of their own.
		if n := len(services); len(v.Offsets) == n {
			v.Offsets = append(v.Offsets, v.Offsets[n-1]+t.minutes(services[n-1]))
		}
		v.More = append(v.More, id)
	}
}

// partySum reports whether an amount is what the visit costs that the message sets: "jumla iwe 27,000".
func (t *turn) partySum(amount int64) bool {
	services := heads(t.party())
	if v := t.next.Booking; len(services) == 0 && v != nil {
		services = v.services()
	}
	sum := int64(0)
	for _, id := range services {
		if s := t.k.service[id]; s != nil {
			sum += s.Price
		}
	}
	return sum > 0 && sum == amount
}

// beginsAnew drops the visit that was read back for who takes it back and says another one whole, and
// reports whether the message does: "HAPANA. ondoa hiyo. nataka kunyoa mtoto x2 jumamosi saa tano".
func (t *turn) beginsAnew() bool {
	v, p := t.next.Booking, &t.p
	if v == nil && len(t.bookings()) > 0 || v != nil && v.Moves != "" || !p.has(actCancel) ||
		p.asksSoftly() || !p.hasTime ||
		len(p.services) == 0 && len(t.severalWanted()) == 0 {
		return false
	}
	takesBack, says := false, false
	for _, piece := range piecesOf(p.text) {
		words := split(piece.text)
		_, timed := t.timeIn(piece.text)
		switch named := len(t.named(t.k.services, piece.text)) > 0; {
		case anyIn(words, withdrawWords) || cuedBy(words, actCancel):
			if named || timed {
				return false
			}
			takesBack = true
		case named && (timed || anyIn(words, wishWords)):
			says = true
		}
	}
	if !takesBack || !says {
		return false
	}
	if v != nil {
		t.release()
	}
	t.next.Booking, t.next.Ask = nil, Ask{}
	p.acts.drop(actCancel)
	p.acts.add(actBook)
	t.fillVisit()
	return true
}
