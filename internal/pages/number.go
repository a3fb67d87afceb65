package pages

import (
	"errors"
	"net/http"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/flowhq/flowhq"
)

// countries are those whose people are told the country's name, by the code of the region.
var countries = map[string]string{
	"TZ": "Tanzania", "KE": "Kenya", "UG": "Uganda", "RW": "Rwanda", "BI": "Burundi",
}

// homes are where a number is looked for that has no country's code, the bot's own countries.
var homes = []string{"TZ", "KE"}

// plainNumber is a number without what people put between its digits.
func plainNumber(typed string) string {
	return strings.NewReplacer(
		" ", "", "-", "", "(", "", ")", "", ".", "", "\u00a0", "",
	).Replace(typed)
}

// A numberCheck is what is known of a number while it is typed.
type numberCheck struct {
	// Dialled is the number in groups, as people read it aloud: a wrong digit is seen in them.
	Dialled string
	Country string // "" if it is not among those that are named
	// Unlikely says that no phone of that country has such a number. The API takes it all the same:
	// countries add numbers before libraries know of them.
	Unlikely bool
	// Meant are the numbers that somebody may mean who leaves the country's code out.
	Meant []string
}

// checkNumber looks at a number as far as it is typed. It is the zero value for what cannot be one
// yet.
func checkNumber(typed string) numberCheck {
	typed = plainNumber(typed)
	if !strings.HasPrefix(typed, "+") {
		var c numberCheck
		for _, region := range homes {
			n, err := phonenumbers.Parse(typed, region)
			if err == nil && phonenumbers.IsValidNumberForRegion(n, region) {
				c.Meant = append(c.Meant, phonenumbers.Format(n, phonenumbers.INTERNATIONAL))
			}
		}
		return c
	}
	n, err := phonenumbers.Parse(typed, "")
	if err != nil {
		return numberCheck{}
	}
	return numberCheck{
		Dialled:  phonenumbers.Format(n, phonenumbers.INTERNATIONAL),
		Country:  countries[phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))],
		Unlikely: !phonenumbers.IsValidNumber(n),
	}
}

// A fieldCheck is what is said of a field while it is typed.
type fieldCheck struct {
	Name string
	Good string // what is right with it
	Bad  string
}

// checkOnboarding says of one field of the form what the API would say of it, and shows a number as
// it will be dialled. Nothing is asked for or kept.
func (v *visit) checkOnboarding() error {
	if _, err := v.about("onboarding"); err != nil {
		return err
	}
	// The field that was typed into; htmx names it.
	name := v.r.Header.Get("Hx-Trigger-Name")
	typed := v.r.PostFormValue(name)
	c := fieldCheck{Name: name}
	switch {
	case name != "business_name" && name != "whatsapp_number":
		return notFound
	case typed == "": // an empty field says so by itself when it is sent
	case name == "whatsapp_number":
		c.Good, c.Bad = v.ofNumber(typed)
	default:
		// A change of this field alone, so that nothing is said of the others.
		err := flowhq.TenantChange{BusinessName: &typed}.Validate()
		if wrong, ok := errors.AsType[*flowhq.Error](err); ok && len(wrong.Fields) > 0 {
			c.Bad = v.inWords(wrong.Fields[0].Message)
		} else {
			c.Good = v.say("onboarding.business.good", typed)
		}
	}
	return v.render(http.StatusOK, "onboarding", "check", view{Data: c})
}

// ofNumber is what is said of a number.
func (v *visit) ofNumber(typed string) (good, bad string) {
	c := checkNumber(typed)
	where := c.Dialled
	if c.Country != "" {
		where += " (" + c.Country + ")"
	}
	switch {
	case len(c.Meant) > 0:
		return "", v.say("onboarding.number.local", strings.Join(c.Meant, " / "))
	case c.Dialled == "":
		return "", v.say("onboarding.number.hint")
	case c.Unlikely:
		return "", v.say("onboarding.number.unlikely", where)
	}
	return v.say("onboarding.number.good", where), ""
}
