package pages

import (
	"strings"
	"testing"
)

// TestDial: a number is read as people of its country write it, and told from what is none.
func TestDial(t *testing.T) {
	for _, tt := range []struct {
		text, region string
		e164, shown  string
		says         string // part of the doubt, or of what is wrong
	}{
		{"0712 345 678", "TZ", "+255712345678", "+255 712 345 678", ""},
		{"712345678", "TZ", "+255712345678", "+255 712 345 678", ""},
		{"+254 712-345-678", "TZ", "+254712345678", "+254 712 345678", ""},
		{"0712 345678", "KE", "+254712345678", "+254 712 345678", ""},
		{"+255100000001", "TZ", "+255100000001", "", "No network"},
		{"022 211 1111", "TZ", "+255222111111", "", "landline"},
		{"0712", "TZ", "", "", "+255"},
		{"0712", "nowhere", "", "", "+255"},
		{"", "TZ", "", "", "written like"},
		{strings.Repeat("9", 4000), "KE", "", "", "written like"},
		{hostile, "TZ", "", "", "written like"},
	} {
		d := dial(tt.text, tt.region)
		if d.E164 != tt.e164 || tt.shown != "" && d.Shown != tt.shown ||
			!strings.Contains(d.Doubt+d.Wrong, tt.says) {
			t.Errorf("%.40q in %s is read as %+v; want %s, %s, %s", tt.text, tt.region, d, tt.e164,
				tt.shown, tt.says)
		}
	}
	if len(dialCountries) < 200 || dialCountries[0].Name != "Tanzania" || dialCountries[0].Code != "+255" {
		t.Errorf("there are %d countries, the first is %+v", len(dialCountries), dialCountries[0])
	}
}
