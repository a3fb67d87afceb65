package flowhq

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Normalized returns the profile as it is stored: without white space around texts, with ids made
// for the entries that have none, defaults for what was left out, and empty lists in place of
// missing ones. It changes nothing of p. What is wrong stays wrong, for Validate to find.
//
// An id is made of the name, and the same names give the same ids, so that a profile which is sent
// twice is the same profile.
func (p Profile) Normalized() Profile {
	// What has one line is trimmed here. What may have several is trimmed by Text.trimmed.
	p.TimeZone = cmp.Or(strings.TrimSpace(p.TimeZone), DefaultTimeZone)
	p.Currency = cmp.Or(strings.ToUpper(strings.TrimSpace(p.Currency)), DefaultCurrency)
	p.Capacity = cmp.Or(p.Capacity, DefaultCapacity)
	p.HandOverMinutes = cmp.Or(p.HandOverMinutes, DefaultHandOverMinutes)
	p.Assistant.DailyRequests = cmp.Or(p.Assistant.DailyRequests, DefaultDailyRequests)
	p.OwnerNumber = strings.TrimSpace(p.OwnerNumber)
	p.Hours = listOf(p.Hours, func(o *Opening) {})
	p.Holidays = listOf(p.Holidays, func(h *Holiday) { h.Name = h.Name.trimmed() })
	p.Services = listOf(p.Services, func(s *Service) {
		s.Name, s.Description = s.Name.trimmed(), s.Description.trimmed()
		s.Aliases = trimmedList(s.Aliases)
	})
	giveIDs(p.Services, func(s *Service) (*string, string) { return &s.ID, nameForID(s.Name) })
	p.Products = listOf(p.Products, func(q *Product) {
		q.Name, q.Description = q.Name.trimmed(), q.Description.trimmed()
		q.Category = q.Category.trimmed()
		q.Aliases, q.Sizes = trimmedList(q.Aliases), trimmedList(q.Sizes)
	})
	giveIDs(p.Products, func(q *Product) (*string, string) { return &q.ID, nameForID(q.Name) })
	p.Place.Address, p.Place.MapLink = p.Place.Address.trimmed(), strings.TrimSpace(p.Place.MapLink)
	p.Delivery.Note = p.Delivery.Note.trimmed()
	p.Delivery.Areas = listOf(p.Delivery.Areas, func(a *Area) {
		a.Name, a.Aliases, a.Note = strings.TrimSpace(a.Name), trimmedList(a.Aliases), a.Note.trimmed()
	})
	p.Payments = listOf(p.Payments, func(y *Payment) {
		y.Name, y.Number = strings.TrimSpace(y.Name), strings.TrimSpace(y.Number)
		y.AccountName, y.Note = strings.TrimSpace(y.AccountName), y.Note.trimmed()
	})
	p.Answers = listOf(p.Answers, func(a *Answer) {
		a.Questions, a.Answer = trimmedList(a.Questions), a.Answer.trimmed()
	})
	giveIDs(p.Answers, func(a *Answer) (*string, string) {
		if len(a.Questions) == 0 {
			return &a.ID, ""
		}
		return &a.ID, a.Questions[0]
	})
	p.Texts = trimmedTexts(p.Texts)
	return p
}

// trimmed returns the text without white space around it. Windows' line ends become newlines:
// WhatsApp shows the other half as a character.
func (t Text) trimmed() Text {
	trim := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return Text{EN: trim(t.EN), SW: trim(t.SW)}
}

// listOf returns a copy of a list whose entries fn has changed. A copy, because the list is shared with
// whoever called: a profile is passed by value, and its lists are not. It is never nil, so that JSON
// has an empty list and not null.
func listOf[T any](all []T, fn func(*T)) []T {
	all = append(make([]T, 0, len(all)), all...)
	for i := range all {
		fn(&all[i])
	}
	return all
}

// trimmedList returns a copy of a list without white space around its texts.
func trimmedList(all []string) []string {
	return listOf(all, func(s *string) { *s = strings.TrimSpace(*s) })
}

// trimmedTexts returns a copy of texts without those that are empty: an owner who empties a text
// wants the bot's own again.
func trimmedTexts(texts map[string]Text) map[string]Text {
	out := make(map[string]Text, len(texts))
	for key, t := range texts {
		if t = t.trimmed(); !t.Empty() {
			out[key] = t
		}
	}
	return out
}

// nameForID is the name that an id is made of. English first: it is spelt in ASCII, as is Swahili,
// but brands need not be.
func nameForID(t Text) string { return cmp.Or(t.EN, t.SW) }

// giveIDs gives an id to the entries that have none. The ids that are there are collected first: one
// further down the list must not be given to an entry before it.
func giveIDs[T any](all []T, of func(*T) (id *string, name string)) {
	taken := make(map[string]bool, len(all))
	for i := range all {
		id, _ := of(&all[i])
		taken[*id] = true
	}
	next := map[string]int{} // of a name: else many entries of one name take a quadratic time
	for i := range all {
		id, name := of(&all[i])
		if *id != "" {
			continue
		}
		base := cmp.Or(slug(name), "entry")
		for *id = base; taken[*id]; *id = base + "-" + strconv.Itoa(next[base]) {
			next[base] = max(next[base]+1, 2)
		}
		taken[*id] = true
	}
}

// Missing returns the paths of what the owner could still tell, in the order of the profile: texts
// that one language lacks, such as "services[2].name.sw", and facts that customers ask for. The
// bot falls back to the other language, and passes on what it does not know.
func (p Profile) Missing() []string {
	var paths []string
	for _, g := range p.Gaps() {
		paths = append(paths, g.Field)
	}
	return paths
}

// Gaps returns what Missing does with what each gap means for customers.
func (p Profile) Gaps() []FieldError {
	var g gaps
	g.need(p.HoursTold(), "hours", "are not given: nothing can be booked by the clock, "+
		"and nobody is told when somebody is there")
	for i, h := range p.Holidays {
		g.text(index("holidays", i)+".name", h.Name)
	}
	for i, s := range p.Services {
		at := index("services", i)
		g.text(at+".name", s.Name)
		g.need(s.Minutes > 0, at+".minutes", "is not given: bookings of it are taken to last half an hour")
		g.need(s.Price > 0, at+".price", "is not given: customers who ask for it wait for a person")
		g.text(at+".description", s.Description)
	}
	for i, q := range p.Products {
		at := index("products", i)
		g.text(at+".name", q.Name)
		g.need(q.Price > 0, at+".price", "is not given: customers who ask for it wait for a person")
		g.text(at+".category", q.Category)
		g.text(at+".description", q.Description)
	}
	g.need(!p.Place.Address.Empty() || p.Place.MapLink != "", "place",
		"is not given: customers who ask where it is wait for a person")
	g.text("place.address", p.Place.Address)
	g.need(p.Delivery.Offered != nil, "delivery.offered",
		"is not given: customers who ask for delivery wait for a person")
	for i, a := range p.Delivery.Areas {
		at := index("delivery.areas", i)
		g.need(a.Fee != nil, at+".fee", "is not given: the total of an order to there is left open")
		g.text(at+".note", a.Note)
	}
	g.text("delivery.note", p.Delivery.Note)
	g.need(len(p.Payments) > 0, "payments", "are not given: customers who ask how to pay wait for a person")
	for i, y := range p.Payments {
		g.text(index("payments", i)+".note", y.Note)
	}
	for i, a := range p.Answers {
		g.text(index("answers", i)+".answer", a.Answer)
	}
	for _, key := range slices.Sorted(keysOf(p.Texts)) {
		g.text("texts."+key, p.Texts[key])
	}
	return g
}
