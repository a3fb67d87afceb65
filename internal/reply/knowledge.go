package reply

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// Knowledge is what the owner has told, with the indexes that finding it in messages needs. It
// is made once for each version of a profile, is immutable, and safe for concurrent use. Workers
// share one among all chats of a tenant, so nothing may be written to it after Compile.
type Knowledge struct {
	// profile and config are copies of their rows. A change makes a new Knowledge.
	profile flowhq.Profile
	config  flowhq.Config
	// All days and hours of customers and owners are by this clock, never by the server's.
	zone *time.Location

	// The matchers find names with typos and in both languages. Building these is what Compile
	// costs.
	services *entity.Names
	products *entity.Names
	areas    *entity.Names
	payments *entity.Names
	answers  *entity.Answers

	// words tells a word of the owner's goods from a word for something that is not sold: "mna
	// kofia" asks for what is on no list.
	words map[string]bool // of all names of services and products
	// otherNames are the words of the names of areas and ways to pay. With words they are what is
	// in no language: "Mixx by Yas" is no English.
	otherNames map[string]bool
	// The maps point into profile, so that nothing is copied for each message.
	service map[string]*flowhq.Service // by ID
	product map[string]*flowhq.Product // by ID
	// packs are the packs of the same thing as a product, by its ID; see packsOf.
	packs  map[string][]*flowhq.Product
	area   map[string]*flowhq.Area   // by name
	answer map[string]*flowhq.Answer // by ID
	// nouns are words of names and aliases that the owner has written small: no brand begins so.
	nouns map[string]bool
	staff map[string]string // see [Knowledge.staffNames]
	// staffAnswer is the ID of the owner's answer that names the staff first.
	staffAnswer string
}

// Compile prepares a profile for [Decide]. It costs about a millisecond for a hundred entries, so
// it is done once for each version.
func Compile(p flowhq.Profile, c flowhq.Config) *Knowledge {
	k := &Knowledge{
		profile: p, config: c, zone: p.Zone(),
		words: map[string]bool{}, otherNames: map[string]bool{}, nouns: map[string]bool{},
		service: map[string]*flowhq.Service{}, product: map[string]*flowhq.Product{},
		packs: map[string][]*flowhq.Product{},
		area:  map[string]*flowhq.Area{}, answer: map[string]*flowhq.Answer{},
	}
	k.compileServices()
	k.compileProducts()
	k.compilePacks()
	var areas, payments []entity.Name
	for i := range p.Delivery.Areas {
		a := &p.Delivery.Areas[i]
		// Areas have no IDs in a profile. Their names are unique there, and serve as such.
		k.area[a.Name] = a
		areas = append(areas,
			entity.Name{ID: a.Name, Names: append([]string{a.Name}, a.Aliases...)})
	}
	for i, pay := range p.Payments {
		// The index is the ID. It is looked up in the same profile only, and never stored.
		payments = append(payments, entity.Name{ID: strconv.Itoa(i), Names: paymentNames(pay.Name)})
	}
	for _, n := range slices.Concat(areas, payments) {
		for _, w := range split(strings.Join(n.Names, " ")) {
			k.otherNames[w] = true
		}
	}
	var questions []entity.Question
	for i := range p.Answers {
		a := &p.Answers[i]
		k.answer[a.ID] = a
		questions = append(questions, entity.Question{
			ID: a.ID, Questions: a.Questions, Texts: []string{a.Answer.EN, a.Answer.SW},
		})
	}
	k.areas, k.payments = entity.NewNames(areas), entity.NewNames(payments)
	k.answers = entity.NewAnswers(questions, understand.Meanings)
	k.staff = k.staffNames()
	return k
}

// paymentWords are what customers call ways to pay besides their names. Owners write "M-Pesa
// (Vodacom)", customers "mpesa" or "lipa na mpesa".
var paymentWords = map[string][]string{
	"cash": {"taslimu", "keshi"},
	"card": {"kadi", "visa", "mastercard"}, "m-pesa": {"mpesa", "lipa na mpesa", "m pesa"},
	"bank": {"benki"}, "insurance": {"bima", "nhif"}, "mixx": {"mixx", "tigo pesa", "tigopesa"},
	"airtel": {"airtel"}, "halopesa": {"halo pesa"},
}

// paymentNames are the names of a way to pay.
func paymentNames(name string) []string {
	names := []string{name}
	// Sorted, so that equal profiles give equal knowledge: a turn that is computed again must come
	// out the same.
	for _, word := range slices.Sorted(maps.Keys(paymentWords)) {
		if strings.Contains(strings.ToLower(name), word) {
			names = append(names, paymentWords[word]...)
		}
	}
	return names
}

// compileServices and compileProducts note each entry under its ID, and all its names for the
// matcher.
func (k *Knowledge) compileServices() {
	var names []entity.Name
	for i := range k.profile.Services {
		s := &k.profile.Services[i]
		k.service[s.ID] = s
		names = append(names, entity.Name{ID: s.ID, Names: k.noteNames(s.Name, s.Aliases)})
	}
	k.services = entity.NewNames(names)
}

// compileProducts prepares what is looked up of the products.
func (k *Knowledge) compileProducts() {
	var names []entity.Name
	for i := range k.profile.Products {
		p := &k.profile.Products[i]
		k.product[p.ID] = p
		names = append(names,
			// With the sizes, as the matcher reads "shirt L" as one name with its size.
			entity.Name{ID: p.ID, Names: k.noteNames(p.Name, p.Aliases), Sizes: p.Sizes})
	}
	k.products = entity.NewNames(names)
}

// noteNames lists the names of an entry in both languages, and notes their words. It is of Compile
// alone: workers share a Knowledge, and a write to it by a turn ended them.
func (k *Knowledge) noteNames(name flowhq.Text, aliases []string) []string {
	all := namesOf(name, aliases)
	for _, name := range namesOf(name, aliases) {
		if strings.Contains(name, "daktari ") { // as customers shorten it
			all = append(all, strings.Replace(name, "daktari ", "dr ", 1))
		}
	}
	for _, name := range all {
		for w := range strings.FieldsSeq(name) {
			if w = strings.Trim(w, ",.()"); w != "" && strings.ToLower(w) == w {
				k.nouns[w] = true
			}
		}
		for _, w := range split(name) {
			// English plurals: customers ask for "shoes" where the owner has listed a shoe.
			k.words[w], k.words[w+"s"] = true, true
		}
	}
	return slices.Compact(all)
}

// namesOf lists the names of an entry in both languages. A name that is missing in a language is an
// empty text, which would match everything.
func namesOf(name flowhq.Text, aliases []string) []string {
	all := slices.Concat([]string{name.EN, name.SW}, aliases)
	// Few customers write a hyphen: "dental checkup" is the dental check-up.
	for _, s := range all {
		if strings.Contains(s, "-") {
			all = append(all, strings.ReplaceAll(s, "-", ""))
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// Config is the tenant's configuration that the knowledge was made with.
func (k *Knowledge) Config() flowhq.Config { return k.config }

// Profile is the profile that the knowledge was made of.
func (k *Knowledge) Profile() flowhq.Profile { return k.profile }

// template is the tenant's; BOOKING, the original's default, for one that is unknown.
func (k *Knowledge) template() flowhq.Template {
	if slices.Contains(flowhq.Templates, k.config.Template) {
		return k.config.Template
	}
	return flowhq.BookingTemplate
}

// capacity is how many bookings there may be at the same time. Zero means that the owner has not
// told: one at a time is what cannot be double-booked.
func (k *Knowledge) capacity() int { return max(1, k.profile.Capacity) }

// nameOf is what a service or product is called in a language. Facts hold IDs, and one may be of
// an entry that is gone.
func (k *Knowledge) nameOf(id string, s speaker) string {
	switch {
	case k.service[id] != nil:
		return k.service[id].Name.In(s.language)
	case k.product[id] != nil:
		return k.product[id].Name.In(s.language)
	case id == "":
		// A booking that says no service is "a visit" in the texts.
		return s.first("book.visit")
	default:
		// Better the ID than nothing: the customer may know the name that it was made of.
		return oneLine(id, flowhq.MaxProfileName)
	}
}

// offered lists the services that can be had now. Unavailable ones keep their names in the
// matchers, so that the bot can say so instead of "unknown".
func (k *Knowledge) offered() []*flowhq.Service {
	var all []*flowhq.Service
	for i := range k.profile.Services {
		if s := &k.profile.Services[i]; !s.Unavailable {
			all = append(all, s)
		}
	}
	return all
}

// inStock lists the products that can be had now.
func (k *Knowledge) inStock() []*flowhq.Product {
	var all []*flowhq.Product
	for i := range k.profile.Products {
		if p := &k.profile.Products[i]; available(p) {
			all = append(all, p)
		}
	}
	return all
}

// available reports whether at least one of a product can be had. No stock told means that the
// owner does not count. Zero is sold out.
func available(p *flowhq.Product) bool {
	return !p.Unavailable && (p.Stock == nil || *p.Stock > 0)
}

// openingHours are the profile's as [when.Parse] reads them. when must not know of profiles, so
// that this type stands between both.
type openingHours struct{ *Knowledge }

// Known reports whether the owner has told any hours. Unknown hours are no closed week: when then
// takes a time as it is said.
func (h openingHours) Known() bool { return h.profile.HoursTold() }

// Open returns when the business is open on a date.
func (h openingHours) Open(day time.Time) []when.Span {
	var spans []when.Span
	for _, s := range h.profile.OpenOn(day) {
		spans = append(spans, when.Span{From: s.From.In(h.zone), To: s.To.In(h.zone)})
	}
	return spans
}

// openAt returns until when the business is open at an instant, or when it opens next; zero if it
// does not within two weeks. Two weeks are what a customer may plan for. A shop that is closed for
// longer has no next opening worth telling.
func (k *Knowledge) openAt(at time.Time) (open bool, until, next time.Time) {
	at = at.In(k.zone)
	day := startOfDay(at)
	// From yesterday on: a bar that opens at 18:00 is open at 01:00 by yesterday's hours.
	for offset := -1; offset <= 14; offset++ {
		for _, s := range k.profile.OpenOn(day.AddDate(0, 0, offset)) {
			switch {
			case !at.Before(s.From) && at.Before(s.To):
				return true, s.To.In(k.zone), time.Time{}
			case s.From.After(at):
				return false, time.Time{}, s.From.In(k.zone)
			}
		}
	}
	return false, time.Time{}, time.Time{}
}
