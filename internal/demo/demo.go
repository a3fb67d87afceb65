// Package demo holds five businesses of East Africa with all that their owners have told the bot,
// in both languages: a barber, a clinic, a clothes shop, a grocer and an internet provider.
//
// Their profiles are files that a person can read and correct, in the format of the API. The
// development stand shows three of them, and the tests of conversations run on all five. Nothing in
// them is real: the numbers are of ranges that nobody has on the simulator.
package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/flowhq/flowhq"
)

//go:embed profiles/*.json
var files embed.FS

// The businesses, by the names of their files.
const (
	Barber   = "barber"
	Clinic   = "clinic"
	Clothes  = "clothes"
	Grocer   = "grocer"
	Internet = "internet"
)

// Names lists the businesses.
var Names = []string{Barber, Clinic, Clothes, Grocer, Internet}

// tenants are the businesses as an operator creates them.
var tenants = map[string]flowhq.NewTenant{
	Barber: {
		Name: "Blue Door Barbers", BusinessName: "Blue Door Barbers",
		PhoneNumber: "+255700000101", Template: flowhq.BookingTemplate, Language: flowhq.English,
	},
	Grocer: {
		Name: "Duka la Mama Asha", BusinessName: "Duka la Mama Asha",
		PhoneNumber: "+255700000102", Template: flowhq.EcommerceTemplate, Language: flowhq.Swahili,
	},
	Internet: {
		Name: "Pwani Net Support", BusinessName: "Pwani Net",
		PhoneNumber: "+255700000103", Template: flowhq.SupportTemplate, Language: flowhq.English,
	},
	Clinic: {
		Name: "Afya Njema Clinic", BusinessName: "Afya Njema Clinic",
		PhoneNumber: "+255700000104", Template: flowhq.BookingTemplate, Language: flowhq.Swahili,
	},
	Clothes: {
		Name: "Zuri Mitindo", BusinessName: "Zuri Mitindo",
		PhoneNumber: "+254700000105", Template: flowhq.EcommerceTemplate, Language: flowhq.English,
	},
}

// Tenant returns a business as an operator creates it. It panics for a name that is none of Names.
func Tenant(name string) flowhq.NewTenant {
	t, ok := tenants[name]
	if !ok {
		panic("demo: there is no business " + name)
	}
	return t
}

// Config returns the settings of a business. It panics for a name that is none of Names.
func Config(name string) flowhq.Config {
	t := Tenant(name)
	return flowhq.Config{
		Template: t.Template, BusinessName: t.BusinessName, Language: t.Language,
		RepliesPerMinute: 60, RepliesPerContact: 30,
		RetentionDays: 90, AnswerWithinMinutes: flowhq.DefaultAnswerWithin,
	}
}

// JSON returns the profile of a business as it is in its file. It panics for a name that is none
// of Names.
func JSON(name string) []byte {
	data, err := files.ReadFile("profiles/" + name + ".json")
	if err != nil {
		panic("demo: there is no business " + name)
	}
	return data
}

// Profile returns the profile of a business, as its first version. It panics for a name that is
// none of Names, and for a file that is no profile, which a test finds before.
func Profile(name string) flowhq.Profile {
	p, err := read(JSON(name))
	if err != nil {
		panic(fmt.Sprintf("demo: profiles/%s.json: %v", name, err))
	}
	return p
}

// read reads a file. A misspelt field is an error: it would be a fact that the bot does not know.
func read(data []byte) (p flowhq.Profile, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, err
	}
	p = p.Normalized()
	p.Version = 1
	return p, p.Validate()
}
