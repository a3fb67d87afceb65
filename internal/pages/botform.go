package pages

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// The form of a bot shows its profile in sections, each a page of its own: a shop with two thousand
// products must not load them all to change its hours.

// botSections are the sections, in the order of their tabs.
var botSections = []string{
	"hours", "services", "products", "place", "payments", "answers", "words", "person",
}

// sectionLists are the lists of sections that are edited entry by entry, with paging and search.
var sectionLists = map[string]string{
	"services": "services", "products": "products", "answers": "answers",
}

// ownWords are the texts of the bot that owners mostly say in words of their own. The others of
// Profile.Texts stay as they are.
var ownWords = []string{"greet.welcome", "thanks", "bye"}

// weekdays is the week as East Africa's calendars have it.
var weekdays = []flowhq.Day{
	flowhq.Mon, flowhq.Tue, flowhq.Wed, flowhq.Thu, flowhq.Fri, flowhq.Sat, flowhq.Sun,
}

// A botForm is one section of a profile as the fields of a form.
type botForm struct {
	profile flowhq.Profile // as it is stored
	section string
	// find and from choose the entries of a long list that are on the page.
	find string
	from int
}

// pageEntries is how many entries of a list are on one page. Fifty products are some 12 KB,
// compressed.
const pageEntries = 50

// values are the fields of the section, and more whether its list goes on.
func (f botForm) values() (out url.Values, more bool) {
	out = url.Values{}
	p := f.profile
	// Fields are named as in JSON, by which the API names what is wrong.
	put := func(path string, v any) { encode(path, reflect.ValueOf(v), out) }
	switch f.section {
	case "hours":
		put("hours", spread(p.Hours))
		put("holidays", p.Holidays)
		put("time_zone", p.TimeZone)
	case "services":
		put("services", shown(f, p.Services, serviceWords, &more))
		put("capacity", p.Capacity)
	case "products":
		put("products", shown(f, p.Products, productWords, &more))
		put("currency", p.Currency)
	case "place":
		put("place", p.Place)
		put("delivery", p.Delivery)
	case "payments":
		put("payments", p.Payments)
	case "answers":
		put("answers", shown(f, p.Answers, answerWords, &more))
	case "words":
		for _, key := range ownWords {
			put("texts."+key, p.Texts[key])
		}
	case "person":
		put("owner_number", p.OwnerNumber)
		put("hand_over_minutes", p.HandOverMinutes)
		put("assistant", p.Assistant)
	}
	return out, more
}

// spread is the week's openings in order, with room for two a day: many close at noon. A field of
// the browser for a time knows no 24:00, and says midnight as the beginning of a day.
func spread(hours []flowhq.Opening) (all []flowhq.Opening) {
	for _, day := range weekdays {
		// A day that has more than two openings keeps them all, and gets no empty row.
		room := 2
		for _, o := range hours {
			if o.Day != day {
				continue
			}
			if o.Closes == "24:00" {
				o.Closes = "00:00"
			}
			all, room = append(all, o), room-1
		}
		// A row that is left empty does no harm: a day alone does not fill an entry.
		for range room {
			all = append(all, flowhq.Opening{Day: day})
		}
	}
	return all
}

// shown are the entries of a list that are on the page.
func shown[T any](f botForm, all []T, words func(T) string, more *bool) (page []T) {
	// The search looks through the whole list. Paging then counts what it found.
	find, skipped := strings.ToLower(f.find), 0
	for _, entry := range all {
		if find != "" && !strings.Contains(strings.ToLower(words(entry)), find) {
			continue
		}
		if skipped++; skipped <= f.from {
			continue
		}
		// One entry more than fits tells that the list goes on.
		if len(page) == pageEntries {
			*more = true
			break
		}
		page = append(page, entry)
	}
	return page
}

// serviceWords are what the search of services looks at.
func serviceWords(s flowhq.Service) string {
	return strings.Join(append([]string{s.Name.EN, s.Name.SW}, s.Aliases...), "\n")
}

// productWords are what the search of products looks at. The category is among them, so that one
// word finds a whole shelf.
func productWords(p flowhq.Product) string {
	return strings.Join(append(
		[]string{p.Name.EN, p.Name.SW, p.Category.EN, p.Category.SW}, p.Aliases...,
	), "\n")
}

// answerWords are what the search of answers looks at: what customers ask, and what they are told.
func answerWords(a flowhq.Answer) string {
	return strings.Join(append([]string{a.Answer.EN, a.Answer.SW}, a.Questions...), "\n")
}

// typed puts what was typed into the profile. What the section does not show stays as it is
// stored.
func (f botForm) typed(r *fieldReader) flowhq.Profile {
	p := f.profile
	switch f.section {
	case "hours":
		r.read("hours", &p.Hours)
		for i := range p.Hours {
			// A whole day is from midnight to midnight, and so is every evening that ends then.
			if p.Hours[i].Closes == "00:00" {
				p.Hours[i].Closes = "24:00"
			}
		}
		r.read("holidays", &p.Holidays)
		r.read("time_zone", &p.TimeZone)
	case "services":
		p.Services = merged(r, f.section, p.Services, func(s flowhq.Service) string { return s.ID })
		r.read("capacity", &p.Capacity)
	case "products":
		p.Products = merged(r, f.section, p.Products, func(s flowhq.Product) string { return s.ID })
		r.read("currency", &p.Currency)
	case "place":
		r.read("place", &p.Place)
		r.read("delivery", &p.Delivery)
	case "payments":
		r.read("payments", &p.Payments)
	case "answers":
		p.Answers = merged(r, f.section, p.Answers, func(a flowhq.Answer) string { return a.ID })
	case "words":
		// A copy: the map is also the stored profile's, which must stay as it was read.
		p.Texts = maps.Clone(p.Texts)
		if p.Texts == nil {
			// A map that is nil takes no values.
			p.Texts = map[string]flowhq.Text{}
		}
		for _, key := range ownWords {
			var t flowhq.Text
			r.read("texts."+key, &t)
			p.Texts[key] = t // an empty one is dropped, and the bot's own is said again
		}
	case "person":
		r.read("owner_number", &p.OwnerNumber)
		r.read("hand_over_minutes", &p.HandOverMinutes)
		r.read("assistant", &p.Assistant)
	}
	return p
}

// merged is a list with the entries that were on the page in place of those of the same id, without
// those that were to be removed, and with the new ones at its end.
func merged[T any](r *fieldReader, list string, old []T, id func(T) string) []T {
	// The id is a hidden field of each row. By it the row finds its entry even if somebody else
	// has moved entries meanwhile.
	idOf := func(row int) string { return r.values.Get(entryPath(list, row) + ".id") }
	rows, byID := r.rows(list), map[string]int{}
	for _, row := range rows {
		if key := idOf(row); key != "" {
			byID[key] = row
		}
	}
	// An entry of the page whose fields were all emptied is as good as removed.
	gone := map[string]bool{}
	for path := range r.values {
		if row, member, ok := entryOf(list, path); ok && member == "id" &&
			!slices.Contains(rows, row) {
			gone[idOf(row)] = true
		}
	}
	// placed has for each entry the row that it was read from, -1 if none. By it an error of the
	// API finds its row.
	all, placed := make([]T, 0, len(old)+len(rows)), make([]int, 0, len(old)+len(rows))
	add := func(row int) {
		var entry T
		r.read(entryPath(list, row), &entry)
		all, placed = append(all, entry), append(placed, row)
	}
	// Entries that were there keep their places, so saving a page does not reorder the list.
	known := map[string]bool{}
	for _, entry := range old {
		key := id(entry)
		known[key] = true
		if row, ok := byID[key]; ok {
			add(row)
		} else if !gone[key] {
			all, placed = append(all, entry), append(placed, -1) // on another page
		}
	}
	// One that somebody else removed meanwhile comes back: it was on the page, and was not ticked.
	for _, row := range rows {
		if !known[idOf(row)] {
			add(row)
		}
	}
	r.placed[list] = placed
	return all
}
