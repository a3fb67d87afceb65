package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// titles are what customers call whoever answers. They ask for nobody. At a clinic "daktari" is
// also in the names of services, and at a barber's "kinyozi" is.
var titles = keywords(`
	doctor, dokta, daktari, dr, dkt, boss, bosi, mkuu, bro, broh, kaka, dada, mama, sir, madam,
	kinyozi, barber, fundi, mzee, ndugu, rafiki, sis, sister, brother, bwana, mzazi, chief, man,
	buda, msee, mdau, jamani, dear, anko, uncle, aunty, anti, teacher, mwalimu, officer
`)

// hereWords ask whether anybody is there.
var hereWords = keywords(`
	uko, upo, mpo, mko, hapo, hapa, there, hodi, kuna, mtu, ni, aje, za, ya, asubuhi, mchana, jioni,
	leo, hii, kazi, nyumbani
`)

// minBehind is how many words stand behind a greeting at least that are read by themselves.
const minBehind = 3

// readBehindGreeting reads what stands behind a greeting without it. The models learned greetings
// from messages that are nothing else, so that "shikamoo" made one of "shikamoo, jino linaniua toka
// jana": the customer was welcomed, and asked what the matter was.
func (t *turn) readBehindGreeting(p *perception) {
	fields := strings.Fields(p.text)
	n, greets := 0, false
	for n < len(fields) && n < maxCourtesy {
		courteous, greeting := courtesyOf(split(fields[n]))
		if !courteous {
			break
		}
		greets = greets || greeting
		n++
	}
	rest := fields[n:]
	if !greets || len(rest) < minBehind {
		return
	}
	r := t.in.memo.reading(strings.Join(rest, " "), t.k.template())
	p.reading.Intents, p.reading.Band = r.Intents, r.Band
}

// dropTitles drops services that are no more than how somebody is greeted: "shikamoo daktari" in
// front of a wish for another doctor booked both.
func (p *perception) dropTitles() {
	end, greets := 0, false
	for _, at := range wordAt.FindAllStringIndex(p.text, maxCourtesy) {
		courteous, greeting := courtesyOf(split(p.text[at[0]:at[1]]))
		if !courteous {
			break
		}
		end, greets = at[1], greets || greeting
	}
	// "Ahsante daktari" asks for no doctor.
	if thanksTitle.MatchString(p.text) {
		p.services = nil
		return
	}
	if !greets || end >= len(strings.TrimSpace(p.text)) {
		return
	}
	others := slices.ContainsFunc(p.services,
		func(m entity.NameMatch) bool { return m.Start >= end })
	p.services = slices.DeleteFunc(p.services,
		func(m entity.NameMatch) bool { return others && m.End <= end })
}

// thanksTitle is thanks to somebody, and nothing else.
var thanksTitle = regexp.MustCompile(`(?i)^\W*(?:(?:sawa|poa|haya|ok|okay)\W+)?(?:ah?sante(?:ni)?|shukrani|thanks|thank you|nashukuru)` +
	`(?:\W+(?:sana|so much|very much|a lot|doctor|dokta|daktari|dr|boss|kaka|dada|mama|fundi|kinyozi|barber|mkuu|jamani))+\W*$`)

// wordAt finds the words of a text, with their marks.
var wordAt = regexp.MustCompile(`\S+`)

// courtesyOf reports whether words may stand in a greeting, and whether one of them greets.
func courtesyOf(words []string) (courteous, greets bool) {
	for _, w := range words {
		// The whole word greets: "you" of "how are you" does not.
		greeting := slices.ContainsFunc(greetings, func(g greeting) bool {
			return anyIn([]string{w}, g.words)
		})
		if !greeting && !hasWord(titles, w) && !hasWord(courtesyWords, w) &&
			!hasWord(addressWords, w) {
			return false, greets
		}
		greets = greets || greeting
	}
	return true, greets
}

// addressWords call those who read, before a greeting or behind it.
var addressWords = keywords("nyie, ninyi, wewe, guys, team, wadau, wakuu, wapendwa, za, ya, leo, " +
	"to, wa")

// thereWords greet by asking whether anybody is there.
var thereWords = keywords("uko, upo, mpo, mko, hodi, there")

// onlyGreets reports whether a message is no more than a greeting, with or without a title: the
// word for doctor in it asks for none. "habari dokta" opened a booking with the doctor. Every word
// must be a courtesy: "habari dokta, mtoto ana homa" asks for one.
func (p *perception) onlyGreets() bool {
	words := split(p.text)
	greets := slices.ContainsFunc(words, func(w string) bool {
		return hasWord(thereWords, w) ||
			slices.ContainsFunc(greetings, func(g greeting) bool { return hasWord(g.words, w) })
	})
	return greets && len(words) > 0 && len(words) <= maxCourtesy &&
		!slices.ContainsFunc(words, func(w string) bool {
			return !hasWord(titles, w) && !hasWord(hereWords, w) && !hasWord(courtesyWords, w) &&
				!slices.ContainsFunc(greetings, func(g greeting) bool {
					return hasWord(g.words, w)
				})
		})
}

// takeBehindGreeting takes what stands behind a greeting as the answer to the open question: "hi, yes
// cancel it" was greeted, and asked again.
func (t *turn) takeBehindGreeting() bool {
	rest := behindGreeting(t.p.text)
	if t.next.Ask.For == "" || rest == "" {
		return false
	}
	whole, said, acts := t.p, len(t.said), t.acts
	t.greet()
	t.readText(rest)
	if t.takeAnswer() {
		return true
	}
	t.p, t.said, t.acts = whole, t.said[:said], acts
	return false
}

// behindGreeting is what stands behind a greeting at the beginning of a text, "" if there is no
// greeting or nothing behind it.
func behindGreeting(text string) string {
	greets, from := false, 0
	for _, at := range wordAt.FindAllStringIndex(text, maxCourtesy) {
		words := split(text[at[0]:at[1]])
		greeting := len(words) > 0 && slices.ContainsFunc(greetings, func(g greeting) bool {
			return anyIn(words, g.words)
		})
		if !greeting && (len(words) == 0 || !greets || !hasWord(titles, words[0])) {
			from = at[0]
			break
		}
		greets, from = greets || greeting, len(text)
	}
	if !greets {
		return ""
	}
	return strings.TrimSpace(text[from:])
}
