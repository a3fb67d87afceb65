package reply

import (
	"slices"
	"testing"
)

// TestClauses cuts messages where something else is said, and nowhere else: half a question is
// none.
func TestClauses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"poa. tungependa Juma atunyoe, na tukichelewa kidogo itakuwaje?": {
			"poa", "tungependa Juma atunyoe", "tukichelewa kidogo itakuwaje?"},
		"eeh thibitisha. nitalipa cash, italetwa leo?": {
			"eeh thibitisha", "nitalipa cash", "italetwa leo?"},
		"I need a tooth cleaning and my wife wants to see the doctor": {
			"I need a tooth cleaning", "my wife wants to see the doctor"},
		"ndio niletee, nalipa mpesa. itafika saa ngapi": {
			"ndio niletee", "nalipa mpesa", "itafika saa ngapi"},
		// The subject stands in front of the question, with nothing between.
		"mtungi mnachukua nyumbani au nilete": {"mtungi mnachukua nyumbani au nilete"},
		"how late are you open today":         {"how late are you open today"},
		"mchele na sukari":                    {"mchele na sukari"},
		"karibu na shule":                     {"karibu na shule"},
	} {
		var got []string
		for _, c := range clausesOf(text) {
			got = append(got, c.text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q is cut into %q, not %q", text, got, want)
		}
	}
}
