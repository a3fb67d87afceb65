package pages

import (
	"strings"

	"github.com/flowhq/flowhq"
)

// maxGaps is how many gaps a page lists. Who fills those in is shown the next ones.
const maxGaps = 8

// A botGap is something that customers ask for and the bot cannot tell them yet.
type botGap struct {
	Section string // where it is filled in
	Entry   string // what it is about, as the owner calls it; "" for a whole section
	Field   string // member of the entry, ""
	Says    string
}

// gapSections are the sections of the form by the first member of a path, where the two differ.
var gapSections = map[string]string{"delivery": "place", "holidays": "hours"}

// gaps are what keeps customers waiting for a person, in the order of the profile. A text that only
// one language has is none of them: the bot says it in the other one.
func (v *visit) gaps(p flowhq.Profile, missing []flowhq.FieldError) (all []botGap) {
	for _, m := range missing {
		if strings.HasSuffix(m.Field, ".en") || strings.HasSuffix(m.Field, ".sw") {
			continue
		}
		if len(all) == maxGaps {
			break
		}
		member := strings.FieldsFunc(m.Field, func(r rune) bool { return r == '[' || r == '.' })[0]
		g := botGap{Section: member, Says: v.inWords(m.Message)}
		if section := gapSections[member]; section != "" {
			g.Section = section
		}
		if i, field, ok := entryOf("services", m.Field); ok && i < len(p.Services) {
			g.Entry, g.Field = v.of(p.Services[i].Name), field
		} else if i, field, ok := entryOf("products", m.Field); ok && i < len(p.Products) {
			g.Entry, g.Field = v.of(p.Products[i].Name), field
		} else if i, field, ok := entryOf("delivery.areas", m.Field); ok &&
			i < len(p.Delivery.Areas) {
			g.Entry, g.Field = p.Delivery.Areas[i].Name, field
		}
		all = append(all, g)
	}
	return all
}

// of is a text in the page's language, or in the other one.
func (v *visit) of(t flowhq.Text) string {
	if v.language == flowhq.Swahili && t.SW != "" || t.EN == "" {
		return t.SW
	}
	return t.EN
}
