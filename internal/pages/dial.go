package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/flowhq/flowhq"
)

// A country is one whose numbers can be chosen.
type country struct {
	Region string // such as TZ
	Name   string
	Code   string // that is dialled before its numbers, with the plus sign
}

// homeRegions come first among the countries, since most businesses are there. The first is chosen
// until another one is.
var homeRegions = []string{"TZ", "KE", "UG", "RW", "BI", "CD", "ZM", "MW", "MZ"}

// dialCountries are all that have numbers, by their English names. They are made once: the names
// come from a table of some thousand entries.
var dialCountries = func() []country {
	all := []country{}
	names := display.English.Regions()
	for region := range phonenumbers.GetSupportedRegions() {
		r, err := language.ParseRegion(region)
		code := phonenumbers.GetCountryCodeForRegion(region)
		if err != nil || code == 0 {
			continue
		}
		all = append(all, country{region, names.Name(r), "+" + strconv.Itoa(code)})
	}
	rank := func(c country) int {
		if i := slices.Index(homeRegions, c.Region); i >= 0 {
			return i
		}
		return len(homeRegions)
	}
	slices.SortFunc(all, func(a, b country) int {
		if byRank := rank(a) - rank(b); byRank != 0 {
			return byRank
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}()

// A dialled is what becomes of a number as somebody has typed it.
type dialled struct {
	// E164 is the number as the API has it, and Shown as it is dialled from abroad; both are "" for
	// what is no number.
	E164, Shown string
	// Country is the number's own, which its code decides.
	Country string
	// Doubt is why it may be wrong all the same, and Wrong why it is no number.
	Doubt, Wrong string
	// Taken is the tenant that has the number already.
	Taken flowhq.Tenant
}

// dial reads a number as somebody in a region writes it. A number that begins with a plus sign is
// of its own country, whatever was chosen.
//
// How long a country's numbers are hardly changes, so another length is refused. Which of them are
// given to somebody changes each year, so that is only said: the library may be older.
func dial(text, region string) dialled {
	if !slices.Contains(regions, region) {
		region = homeRegions[0]
	}
	n, err := phonenumbers.Parse(text, region)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		d := dialled{Wrong: "This is no telephone number."}
		if e := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE); e != nil {
			d.Wrong = "A number is written like " +
				phonenumbers.Format(e, phonenumbers.NATIONAL) + " or " +
				phonenumbers.Format(e, phonenumbers.INTERNATIONAL) + "."
		}
		return d
	}
	d := dialled{
		E164:  phonenumbers.Format(n, phonenumbers.E164),
		Shown: phonenumbers.Format(n, phonenumbers.INTERNATIONAL),
	}
	// A country's code may be of several, such as +1; a number that nobody has is of the one
	// chosen.
	own := phonenumbers.GetRegionCodeForNumber(n)
	if i := slices.IndexFunc(dialCountries, func(c country) bool { return c.Region == own }); i >= 0 {
		d.Country = dialCountries[i].Name
	}
	switch kind := phonenumbers.GetNumberType(n); {
	case !phonenumbers.IsValidNumber(n):
		d.Doubt = "No network is known to give out such numbers."
	case kind == phonenumbers.FIXED_LINE:
		d.Doubt = "It is a landline, which WhatsApp Business takes if it can be called."
	}
	return d
}

// regions are those of the countries.
var regions = func() (all []string) {
	for _, c := range dialCountries {
		all = append(all, c.Region)
	}
	return all
}()

// dialledPart is the line below a number that says how it will be dialled, as it is typed.
func (v *visit) dialledPart() error {
	if err := v.operator(); err != nil {
		return err
	}
	p := newTenantPage{form: v.formOf(nil)}
	if v.r.Form.Get("phone_number") != "" {
		var err error
		if p.Dialled, err = v.dialled(); err != nil {
			return err
		}
	}
	return v.render(http.StatusOK, "new-tenant", "dialled-part", v.view("tenants", "", p))
}

// dialled is what becomes of the number in the form, with the tenant that has it already.
func (v *visit) dialled() (dialled, error) {
	d := dial(v.r.FormValue("phone_number"), v.r.FormValue("country"))
	if d.E164 == "" {
		return d, nil
	}
	var list tenantList
	q := url.Values{"search": {d.E164}, "limit": {"1"}}
	if err := v.get("/admin/tenants?"+q.Encode(), &list); err != nil {
		return d, err
	}
	// A search finds the number of a linked phone, too, and a number that contains this one.
	for _, t := range list.Tenants {
		if t.PhoneNumber == d.E164 {
			d.Taken = t
		}
	}
	return d, nil
}
