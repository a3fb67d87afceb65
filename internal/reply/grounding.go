package reply

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// A source is a fact that a text may repeat: one sentence of what the owner has told, or of what
// is booked, bought and open.
type source struct {
	// A clause that shares no word with any fact is refused as unfounded.
	subject map[string]bool // words that a clause shares with it, or it is about something else
	values  map[string]bool // its numbers, days and links
	id      string          // of the service, product or area that it is about, if it is a price
	// Padding with a space on both sides keeps "free" from being found in "freezer".
	text string // padded words, to look up claims in
	// "We do not deliver" shares each word with "we deliver": only this tells the two apart.
	denies bool
}

// newSource makes a source of a text. about is what else the customer may call it.
func newSource(id, text, about string) source {
	words := split(text)
	s := source{
		subject: map[string]bool{}, values: map[string]bool{}, id: id,
		text: " " + strings.Join(words, " ") + " ", denies: denies(words),
	}
	// The customer's words for a thing count as its subject too. Values come from the text alone: a
	// number in a question that an owner wrote is no fact.
	for _, w := range append(split(about), words...) {
		if stem := subjectOf(w); stem != "" {
			s.subject[stem] = true
		}
	}
	// The digits of a link are no numbers that a clause may repeat.
	rest, links := takeLinks(text)
	for _, v := range slices.Concat(links, numbersIn(rest), daysIn(words)) {
		s.values[v] = true
	}
	return s
}

// maxSources bounds the facts that a text is held against. Without the bound and [turn.mayConcern],
// a profile of the largest size took more than a second.
const maxSources = 200

// sources lists the facts that a text may be about.
func (t *turn) sources(reply string) []source {
	k, p := t.k, t.k.profile
	var all []source
	// Cheap first: newSource splits and stems, and a profile may have hundreds of entries.
	concerns := t.mayConcern(reply)
	add := func(id, about string, texts ...flowhq.Text) {
		for _, text := range texts {
			// Both languages: a model may answer in English from what the owner told in Swahili
			// only.
			for _, one := range []string{text.EN, text.SW} {
				if one == "" || len(all) >= maxSources || !concerns(id, one+" "+about) {
					continue
				}
				for _, s := range clauseSentences(one) {
					all = append(all, newSource(id, s, about))
				}
			}
		}
	}
	for i := range p.Services {
		s := &p.Services[i]
		add(s.ID, strings.Join(namesOf(s.Name, s.Aliases), " "), s.Name, s.Description,
			// Prices stand in lists and not in descriptions. They become a text here, so that all
			// facts are held against a clause in one way.
			figures(s.Price, s.PriceTo, s.Minutes))
	}
	for i := range p.Products {
		q := &p.Products[i]
		add(q.ID, strings.Join(namesOf(q.Name, q.Aliases), " "), q.Name, q.Description,
			figures(q.Price, 0, 0), flowhq.Text{EN: strings.Join(q.Sizes, " ")})
	}
	for i := range p.Delivery.Areas {
		a := &p.Delivery.Areas[i]
		// A fee that was not told must not be said to be nothing.
		fee := flowhq.Text{}
		if a.Fee != nil {
			fee = figures(*a.Fee, 0, 0)
		}
		add(a.Name, a.Name+" "+strings.Join(a.Aliases, " "), a.Note, fee)
	}
	// Words by which a question for the place is asked. An address rarely holds any of them.
	const place = "address located location place where wapi mahali anwani tupo map ramani"
	add("", place, p.Place.Address, flowhq.Text{EN: p.Place.MapLink})
	add("", "deliver delivery kupeleka", p.Delivery.Note)
	for _, y := range p.Payments {
		add("", "pay payment lipa malipo "+y.Name,
			flowhq.Text{EN: y.Name + " " + y.Number + " " + y.AccountName}, y.Note)
	}
	// An owner's answer is found by its questions: "Twenty minutes" alone names no subject.
	for _, a := range p.Answers {
		add("", strings.Join(a.Questions, " "), a.Answer)
	}
	add("", "business "+k.config.BusinessName, flowhq.Text{EN: k.config.BusinessName})
	return append(all, t.ownSources()...)
}

// mayConcern returns a cheap test of whether a fact can be one that a clause of the text is about.
// It is true of too many, and never false of one that is.
func (t *turn) mayConcern(reply string) func(id, fact string) bool {
	rest, parts := takeLinks(reply)
	// A short stem may stand in the middle of a fact's word. That is one fact too many, which the
	// check of clauses then sorts out.
	for _, w := range split(rest) {
		if stem := subjectOf(w); stem != "" {
			parts = append(parts, stem)
		}
	}
	for i := range parts {
		parts[i] = strings.ToLower(parts[i])
	}
	named := t.namedIn(rest)
	return func(id, fact string) bool {
		// What is on a list counts only where it is named, as in refusalOfClause.
		if id != "" {
			return slices.Contains(named, id)
		}
		fact = strings.ToLower(fact)
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(fact, p) })
	}
}

// ownSources are what this customer has booked and bought, and the date of today. No other
// customer's facts are among them: a reply may repeat only what its reader may know.
func (t *turn) ownSources() []source {
	var all []source
	add := func(text, about string) { all = append(all, newSource("", text, about)) }
	for _, b := range t.in.Calendar.Bookings {
		// The nearness of the day is there too: "tomorrow" is how the bot itself speaks of it.
		add(strings.Join([]string{
			b.Number, t.k.nameOf(b.Service, t.say), t.k.money(b.Price), t.at(b.StartsAt),
			t.nearDay(b.StartsAt.In(t.k.zone)),
		}, " "), "booking booked appointment miadi")
	}
	for _, o := range t.in.Calendar.Orders {
		text := o.Number + " " + t.k.money(o.Total)
		for _, l := range o.Lines {
			text += " " + l.Name
		}
		add(text, "order ordered oda total jumla")
	}
	for _, k := range t.in.Calendar.Tickets {
		add(k.Number, "ticket tiketi request ombi")
	}
	add(when.FormatDay(t.say.language, t.now, t.now)+" today leo "+t.now.Format("2006"),
		"date tarehe")
	return all
}

// figures is prices and how long a service takes as a text, but for what was not told. Zero is how
// a profile says that an owner has not told a number.
func figures(price, to int64, minutes int) flowhq.Text {
	var told []string
	for _, n := range []int64{price, to} {
		if n > 0 {
			told = append(told, thousands(n))
		}
	}
	if minutes > 0 {
		told = append(told, strconv.Itoa(minutes)+" minutes dakika")
	}
	return flowhq.Text{EN: strings.Join(told, " ")}
}

// refusalOfText says why a text is not said to a customer.
//
// Each clause must be about a fact, and its numbers, days, links and claims be those of facts that
// it is about: a price that is on the list, but of something else, is as wrong as any other. So
// the price of a product may stand only in a clause that names the product. What a text means
// cannot be proven, so little is let through; hours are always told by the bot itself.
func (t *turn) refusalOfText(text string) refusalReason {
	words := split(text)
	// Form and tone come first: they cost nothing, and a text that fails them is not worth reading.
	switch {
	case utf8.RuneCountInString(text) > maxSuggested, !typed(text), len(words) == 0:
		return refusedForm
	// The bot knows only answers to questions of its own. "Shall I send two?" would wait for a yes
	// that is then taken for consent to something else.
	case strings.ContainsAny(text, "?？"):
		return refusedQuestion
	case anyIn(words, rudeWords):
		return refusedRude
	// A customer who writes Swahili has shown in which language to be answered.
	case t.in.memo.reading(text, t.k.template()).Language != t.say.language:
		return refusedLanguage
	}
	all := t.sources(text)
	// A clause such as "it costs 500" names nothing. It is about what the clause before it named.
	var about []string // of the clause before
	for _, c := range clauses(text) {
		var reason refusalReason
		if reason, about = t.refusalOfClause(c, all, about); reason != "" {
			return reason
		}
	}
	return ""
}

// refusalOfClause holds one clause against the facts that it is about. before are the names that
// "it" stands for.
func (t *turn) refusalOfClause(
	clause string, all []source, before []string,
) (reason refusalReason, about []string) {
	rest, links := takeLinks(clause)
	words := split(rest)
	// "Karibu sana!" states no fact, so that none has to stand behind it.
	if len(links) == 0 && courteous(words) {
		return "", before
	}
	about = t.namedIn(rest)
	named := len(about) > 0
	if !named {
		about = before
	}
	// Of entries on a list only those that the clause is about count: the price of a shirt founds
	// no sentence about shoes. Everything else counts by a shared word.
	related := slices.DeleteFunc(slices.Clone(all), func(s source) bool {
		if s.id != "" {
			return !slices.Contains(about, s.id)
		}
		return !sharesSubject(s, words) && !sharesLink(s, links)
	})
	numbers, days := numbersIn(rest), daysIn(words)
	// The order of the cases is the order of harm: a wrong link or price costs the customer money.
	switch {
	case !stated(links, related):
		return refusedLink, about
	// Two names and one amount do not say whose amount it is. Half a price is a discount that only
	// the owner gives.
	case !stated(numbers, related), len(numbers) > 0 && len(about) > 1, isPartOfPrice(words):
		return refusedNumber, about
	// One source must hold the numbers and the days together, or "open on Sunday until 18:00" could
	// be made of the hours of Friday.
	case !stated(slices.Concat(numbers, days), related):
		return refusedDate, about
	case claimsMore(words, related):
		return refusedPromise, about
	case len(related) == 0:
		return refusedUnfounded, about
	}
	best := slices.MaxFunc(related, func(a, b source) int {
		return shared(a, words) - shared(b, words)
	})
	switch {
	// Less than half of the clause's subjects in its best fact: the clause mainly says something
	// else.
	case shared(best, words)*2 < subjects(words):
		return refusedUnfounded, about
	// The same words with a denial more or less say the opposite.
	case best.denies != denies(words):
		return refusedPromise, about
	}
	return "", about
}

// isPartOfPrice reports whether a clause speaks of half a price and the like, which no fact has. An
// amount after such a word is made up, even if the same amount stands on a list.
func isPartOfPrice(words []string) bool {
	return anyIn(words, costWords) && anyIn(words, partWords)
}

// subjects counts the words of a clause that say what it is about.
func subjects(words []string) (n int) {
	for _, w := range words {
		if subjectOf(w) != "" {
			n++
		}
	}
	return n
}

// courteous reports whether a clause says nothing but a word of courtesy. Only short clauses count:
// a long row of polite words has room for a promise between them.
func courteous(words []string) bool {
	return len(words) <= maxShort && !slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(courtesies, w)
	})
}

// namedIn lists what a clause names of the owner's lists. The matchers are those for messages of
// customers, so that a typo of a model finds what a customer's would.
func (t *turn) namedIn(text string) []string {
	ids := slices.Concat(idsOf(t.named(t.k.services, text)), idsOf(t.named(t.k.products, text)),
		idsOf(t.named(t.k.areas, text)))
	return ids
}

// stated reports whether one source has all of these values. Values from two sources may each be
// true and together be wrong, so one source must have all.
func stated(values []string, all []source) bool {
	return len(values) == 0 || slices.ContainsFunc(all, func(s source) bool {
		return !slices.ContainsFunc(values, func(v string) bool { return !s.values[v] })
	})
}

// claimsMore reports whether a clause promises or claims what no source does. "Guaranteed", "free"
// and their kin are fine where the owner says them, and nowhere else.
func claimsMore(words []string, all []source) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		return hasWord(claimWords, w) && !slices.ContainsFunc(all, func(s source) bool {
			return strings.Contains(s.text, " "+w+" ")
		})
	})
}

// shared counts the words that a clause shares with a source.
func shared(s source, words []string) (n int) {
	for _, w := range words {
		if s.subject[subjectOf(w)] {
			n++
		}
	}
	return n
}

// sharesSubject and sharesLink are the two ways in which a fact that is on no list is found.
func sharesSubject(s source, words []string) bool { return shared(s, words) > 0 }

func sharesLink(s source, links []string) bool {
	return slices.ContainsFunc(links, func(l string) bool { return s.values[l] })
}

// typed reports whether a text has only what a person types into a chat. Invisible marks can turn a
// text around, and braces and backquotes are a template or code that a model has left in its
// answer.
func typed(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Cf, r) ||
			r == utf8.RuneError || strings.ContainsRune("{}<>`", r)
	})
}
