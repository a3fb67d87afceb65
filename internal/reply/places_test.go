package reply

import (
	"strings"
	"testing"

	"github.com/flowhq/flowhq/internal/demo"
)

// placeQuestions are conversations after which a place may come, by what is asked then.
var placeQuestions = map[string][]string{
	askHow:     {"I want 2 kg of sugar and 5 kg of rice"},
	askArea:    {"I want 2 kg of sugar and 5 kg of rice", "deliver it"},
	askOrder:   {"I want 2 kg of sugar and 5 kg of rice", "deliver to Sinza"},
	askAddress: {"I want 2 kg of sugar and 5 kg of rice", "deliver to Sinza", "yes"},
}

// addressAfter is the address that a message leaves behind a question, and the chat.
func addressAfter(t *testing.T, asks, text string) (string, *chat) {
	t.Helper()
	c := newChat(t, demo.Grocer)
	for _, before := range placeQuestions[asks] {
		c.say(before)
	}
	if c.state.Ask.For != asks {
		t.Fatalf("%q is open; want %q", c.state.Ask.For, asks)
	}
	c.say(text)
	if o := c.state.Order; o != nil {
		return o.Address, c
	}
	return c.cal.Orders[0].Delivery.Address, c
}

// A place is kept as it was written, whatever is asked, and without what else stands in the message.
func TestPlacesAreAddresses(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for text, want := range map[string]string{
		"kwa Azizi Ally":                                    "kwa Azizi Ally",
		"tandika devis corner":                              "tandika devis corner",
		"mtaa wa Mkunguni, nyumba namba 14":                 "mtaa wa Mkunguni, nyumba namba 14",
		"nipo hapa karibu na bank ya NMB":                   "hapa karibu na bank ya NMB",
		"house 12 near Sinza Mori, call me when you arrive": "house 12 near Sinza Mori",
		"Sinza Uzuri, jirani na Big Brother bar":            "Sinza Uzuri, jirani na Big Brother bar",
		"gorofa ya 3, jengo la Mwananchi":                   "gorofa ya 3, jengo la Mwananchi",
		"mlimani city gate B":                               "mlimani city gate B",
		"Flat 4, Oyster Court, opposite Coco Beach":         "Flat 4, Oyster Court, opposite Coco Beach",
		"block C house number 12":                           "block C house number 12",
		"msikiti wa Kichangani":                             "msikiti wa Kichangani",
		"makumbusho stendi":                                 "makumbusho stendi",
		"geti la kijani":                                    "geti la kijani",
		"sinza mori kwa zena, geti jeusi":                   "sinza mori, geti jeusi",
	} {
		for asks := range placeQuestions {
			if got, c := addressAfter(t, asks, text); got != want {
				t.Errorf("%s: %q leaves the address %q; want %q; holds %s", asks, text, got, want, c.held())
			}
		}
	}
}

// What is no place is never an address, whatever is asked.
func TestNoPlacesAreNoAddresses(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for _, text := range []string{
		"Sinza lakini sina hela sasa hivi", "sinza, itachukua muda gani", "sio sinza ni ilala",
		"nitakutumia location", "send me your location", "the usual place", "pale pale", "nyumbani",
		"ofisini kwangu", "my house", "kesho asubuhi", "nalipa mpesa", "hmm", "what?",
		"naomba pia chumvi", "kwani mnafunga saa ngapi", "sijui bado", "kuna foleni sana leo",
		"nina haraka", "yangu iko tayari?", "0754 123 456", "haya fanya haraka", "nimeona",
		"usiku mwema", "nitakuambia baadaye", "niko njiani", "mtafungua lini", "SGK7XX82QP",
		"elfu tano", "asante sana", "mambo vipi", "saa kumi jioni", "si mlisema mnaleta bure",
		"nileteeni mapema", "nileteeni leo jioni", "deliver to my office please", "niletee chumvi pia",
		"nipo njiani", "lete haraka basi",
	} {
		for asks := range placeQuestions {
			got, c := addressAfter(t, asks, text)
			if got != "" && !strings.EqualFold(got, "ilala") {
				t.Errorf("%s: %q leaves the address %q; holds %s", asks, text, got, c.held())
			}
		}
	}
}

// An area that is on no list is taken with the word for delivery, and not asked for again.
func TestUnlistedAreaWithDelivery(t *testing.T) {
	for _, text := range []string{"nileteeni Mbagala", "deliver to Tabata Kimanga", "nipelekee Gongo la Mboto"} {
		got, c := addressAfter(t, askHow, text)
		if !strings.HasSuffix(text, got) || got == "" || c.state.Ask.For != askOrder {
			t.Errorf("%q leaves the address %q and %q open", text, got, c.state.Ask.For)
		}
	}
}

// Who receives an order is its name, and a place that is called after somebody is a place.
func TestReceiver(t *testing.T) {
	for text, want := range map[string]string{
		"leteni mbezi beach kwa zena, geti jeusi": "zena", "Buguruni kwa Mnyamani": "",
		"sinza kwa Remmy": "", "niletee sinza kwa mama Asha": "", "kwa Juma": "Juma",
	} {
		got := ""
		if at := receiverIn(text); at != nil {
			got = text[at[2]:at[3]]
		}
		if got != want {
			t.Errorf("%q is for %q; want %q", text, got, want)
		}
	}
}
