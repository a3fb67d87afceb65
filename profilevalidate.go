package flowhq

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // an image without a database of time zones must know the same ones
	"unicode"
	"unicode/utf8"
)

// Bounds on the lists of a profile, in entries. They are far above what a small business has, and
// keep small what each host compiles of its tenant's profile.
const (
	MaxHours     = 50
	MaxHolidays  = 200
	MaxServices  = 300
	MaxProducts  = 2000
	MaxAliases   = 20 // of one service, product or area
	MaxSizes     = 30 // of one product
	MaxAreas     = 300
	MaxPayments  = 20
	MaxAnswers   = 500
	MaxQuestions = 20 // of one answer
	MaxTexts     = 200
)

// Bounds on the fields of a profile, in characters unless said otherwise.
const (
	MaxProfileName = 100   // name of a thing, an alias, a size
	MaxQuestion    = 300   // one wording of a question
	MaxProfileText = 1000  // a note, a description, an answer, a text of the bot
	MaxMapLink     = 500   // an address on the web
	MaxCapacity    = 1000  // bookings at the same time
	MaxMinutes     = 10080 // of a service: a week
	MaxPrice       = 1_000_000_000
	MaxStock       = 1_000_000
	MaxHandOver    = 30 * 24 * 60 // minutes: a month
	// MaxDailyRequests bounds what a mistyped number may cost.
	MaxDailyRequests = 10_000
)

// maxProfileErrors is how many wrong fields Validate names. A profile that somebody sent in
// another format has thousands.
const maxProfileErrors = 100

var (
	profileID     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,59}$`)
	paymentNumber = regexp.MustCompile(`^[0-9A-Za-z+*#][0-9A-Za-z+*#./ -]{0,49}$`)
	textKey       = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,59}$`)
)

// A profileCheck collects what is wrong with a profile.
type profileCheck struct{ bad []FieldError }

// wrong notes a problem with the field at this path.
func (c *profileCheck) wrong(path, message string) {
	if len(c.bad) < maxProfileErrors {
		c.bad = append(c.bad, FieldError{path, message})
	}
}

// must notes a problem unless ok.
func (c *profileCheck) must(ok bool, path, message string) {
	if !ok {
		c.wrong(path, "must be "+message)
	}
}

// Validate returns an Invalid error that names every wrong field by its path, such as
// "services[2].price", or nil. The keys and placeholders of Texts are checked by ValidateTexts.
func (p Profile) Validate() error {
	// All parts are checked, whatever the first one says: who fills in a form, or a file of many
	// lines, wants to correct all of it at once.
	var c profileCheck
	c.general(p)
	c.hours(p)
	c.holidays(p.Holidays)
	c.services(p.Services)
	c.products(p.Products)
	c.place(p.Place)
	c.delivery(p.Delivery)
	c.payments(p.Payments)
	c.answers(p.Answers)
	c.texts(p.Texts)
	return c.err()
}

// err is the Invalid error of what was found, or nil.
func (c *profileCheck) err() error {
	if c.bad == nil {
		return nil
	}
	return &Error{
		Code: Invalid, Message: "the profile has fields that are missing or wrong", Fields: c.bad,
	}
}

// general checks the fields that are no lists.
func (c *profileCheck) general(p Profile) {
	_, err := time.LoadLocation(p.TimeZone)
	// "Local" is the zone of the machine, which is another one on the next.
	c.must(err == nil && p.TimeZone != "" && p.TimeZone != "Local", "time_zone",
		"a name of the IANA database, such as Africa/Dar_es_Salaam or Africa/Nairobi")
	c.must(slices.Contains(Currencies, p.Currency), "currency", "TZS or KES")
	c.must(p.Capacity >= 1 && p.Capacity <= MaxCapacity, "capacity",
		"a whole number from 1 to 1000")
	// The number is written to, so it has the same form as the tenant's own.
	c.must(p.OwnerNumber == "" || phoneNumber.MatchString(p.OwnerNumber), "owner_number",
		"an international number, such as +255712345678, or empty")
	// There is no 0 for "never": a chat that nobody gives back would be silent for ever.
	c.must(p.HandOverMinutes >= 1 && p.HandOverMinutes <= MaxHandOver, "hand_over_minutes",
		"a whole number of minutes from 1 to 43200, which is a month")
	c.must(p.Assistant.DailyRequests >= 1 && p.Assistant.DailyRequests <= MaxDailyRequests,
		"assistant.daily_requests", "a whole number from 1 to 10000")
	c.must(p.Version >= 0, "version", "0 or more")
}

// services checks the list of services.
func (c *profileCheck) services(all []Service) {
	c.length("services", len(all), MaxServices)
	names := newUnique(c)
	for i, s := range all {
		at := index("services", i)
		names.id(at, s.ID)
		names.thing(at, s.Name, s.Aliases)
		c.must(s.Minutes >= 0 && s.Minutes <= MaxMinutes, at+".minutes",
			"a whole number of minutes from 0, which means not given, to 10080")
		c.price(at+".price", s.Price)
		c.price(at+".price_to", s.PriceTo)
		// A range needs its lower end.
		c.must(s.PriceTo == 0 || s.Price > 0 && s.PriceTo > s.Price, at+".price_to",
			"more than price, or 0 if the price is no range")
		c.text(at+".description", s.Description, MaxProfileText)
	}
	// Aliases come last: one may be compared with the name of an entry further down.
	names.aliases()
}

// products checks the list of products.
func (c *profileCheck) products(all []Product) {
	c.length("products", len(all), MaxProducts)
	names := newUnique(c)
	for i, p := range all {
		at := index("products", i)
		names.id(at, p.ID)
		names.thing(at, p.Name, p.Aliases)
		c.price(at+".price", p.Price)
		// A category is a name, of one line.
		c.line(at+".category.en", p.Category.EN, MaxProfileName)
		c.line(at+".category.sw", p.Category.SW, MaxProfileName)
		c.text(at+".description", p.Description, MaxProfileText)
		c.lines(at+".sizes", p.Sizes, MaxSizes, MaxProfileName)
		c.must(p.Stock == nil || *p.Stock >= 0 && *p.Stock <= MaxStock, at+".stock",
			"a whole number from 0 to 1000000, or null if it is not counted")
	}
	names.aliases()
}

// place checks where the business is.
func (c *profileCheck) place(p Place) {
	c.text("place.address", p.Address, MaxProfileText)
	c.must(p.MapLink == "" || validLink(p.MapLink), "place.map_link",
		"a link that begins with https:// and has at most 500 characters, or empty")
	c.must(p.Latitude == nil || *p.Latitude >= -90 && *p.Latitude <= 90, "place.latitude",
		"a number of degrees from -90 to 90, or null")
	c.must(p.Longitude == nil || *p.Longitude >= -180 && *p.Longitude <= 180, "place.longitude",
		"a number of degrees from -180 to 180, or null")
	// Half a position would be sent as a place on the equator or on the meridian of Greenwich.
	switch {
	case p.Latitude == nil && p.Longitude != nil:
		c.wrong("place.latitude", "must be given together with longitude")
	case p.Latitude != nil && p.Longitude == nil:
		c.wrong("place.longitude", "must be given together with latitude")
	}
}

// validLink reports whether s is a link that a phone opens as one. A user in it could pass one host
// off as another, as in https://maps.google.com@example.com.
func validLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		u.User == nil && len(s) <= MaxMapLink && !strings.ContainsFunc(s, unicode.IsSpace)
}

// delivery checks where orders are brought and for how much.
func (c *profileCheck) delivery(d Delivery) {
	c.length("delivery.areas", len(d.Areas), MaxAreas)
	names := newUnique(c)
	for i, a := range d.Areas {
		at := index("delivery.areas", i)
		names.place(at, a.Name, a.Aliases)
		if a.Fee != nil {
			c.price(at+".fee", *a.Fee)
		}
		c.text(at+".note", a.Note, MaxProfileText)
	}
	names.aliases()
	c.text("delivery.note", d.Note, MaxProfileText)
	c.price("delivery.free_from", d.FreeFrom)
	// The bot would say in one sentence that nothing is delivered, and in the next for how much.
	if d.Offered != nil && !*d.Offered {
		c.must(len(d.Areas) == 0, "delivery.areas", "empty while offered is false")
		c.must(d.FreeFrom == 0, "delivery.free_from", "0 while offered is false")
	}
}

// payments checks the ways to pay.
func (c *profileCheck) payments(all []Payment) {
	c.length("payments", len(all), MaxPayments)
	seen := map[string]int{}
	for i, p := range all {
		at := index("payments", i)
		c.required(at+".name", p.Name, MaxProfileName)
		c.must(p.Number == "" || paymentNumber.MatchString(p.Number), at+".number",
			"the number alone, at most 50 digits and letters, or empty")
		c.line(at+".account_name", p.AccountName, MaxProfileName)
		c.text(at+".note", p.Note, MaxProfileText)
		// One name may have several numbers, as of two tills.
		key := foldName(p.Name) + "\n" + foldName(p.Number)
		if first, ok := seen[key]; ok {
			c.wrong(at+".name", "and number must not be those of "+index("payments", first)+" as well")
		} else {
			seen[key] = i
		}
	}
}

// answers checks the owner's questions and answers.
func (c *profileCheck) answers(all []Answer) {
	c.length("answers", len(all), MaxAnswers)
	ids, asked := newUnique(c), map[string]string{}
	for i, a := range all {
		at := index("answers", i)
		ids.id(at, a.ID)
		c.must(len(a.Questions) > 0, at+".questions", "at least one wording of the question")
		c.lines(at+".questions", a.Questions, MaxQuestions, MaxQuestion)
		// Of two answers to one question the bot would give either.
		for j, q := range a.Questions {
			here, key := index(at+".questions", j), foldName(q)
			if first, ok := asked[key]; ok && key != "" {
				c.wrong(here, "must not be the same question as "+first)
			} else {
				asked[key] = here
			}
		}
		if a.Answer.Empty() {
			c.wrong(at+".answer", "must be given in at least one language")
		}
		c.text(at+".answer", a.Answer, MaxProfileText)
	}
}

// index is the path of an entry of a list.
func index(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// length checks the number of entries of a list.
func (c *profileCheck) length(path string, n, most int) {
	c.must(n <= most, path, fmt.Sprintf("a list of at most %d entries", most))
}

// price checks an amount of money.
func (c *profileCheck) price(path string, n int64) {
	c.must(n >= 0 && n <= MaxPrice, path,
		"an amount in whole shillings from 0 to 1000000000")
}

// text checks both languages of a text that may have several lines.
func (c *profileCheck) text(path string, t Text, most int) {
	for _, one := range []struct{ language, text string }{{".en", t.EN}, {".sw", t.SW}} {
		ok := PlainText(one.text) && utf8.RuneCountInString(one.text) <= most
		c.must(ok, path+one.language, fmt.Sprintf("at most %d printable characters", most))
	}
}

// line checks a text of one line that may be missing.
func (c *profileCheck) line(path, s string, most int) {
	ok := PlainLine(s) && utf8.RuneCountInString(s) <= most
	c.must(ok, path, fmt.Sprintf("at most %d printable characters in one line, "+
		"none of them invisible or turning the text", most))
}

// required checks a text of one line that may not be missing.
func (c *profileCheck) required(path, s string, most int) {
	if PlainLine(s) && !seen(s) {
		c.wrong(path, fmt.Sprintf("must be 1 to %d printable characters in one line", most))
		return
	}
	c.line(path, s, most)
}

// lines checks a list of texts of one line each.
func (c *profileCheck) lines(path string, all []string, entries, most int) {
	c.length(path, len(all), entries)
	seen := map[string]bool{}
	for i, s := range all {
		c.required(index(path, i), s, most)
		// An empty entry is reported once, as missing, and not as a repetition too.
		key := foldName(s)
		if key != "" && seen[key] {
			c.wrong(index(path, i), "must not be in the list twice")
		}
		seen[key] = true
	}
}

// foldName makes names that a customer would not tell apart the same.
func foldName(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
