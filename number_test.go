package flowhq_test

import (
	"testing"

	"github.com/flowhq/flowhq"
)

func TestSameNumber(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"equal", "+255712345678", "+255712345678", true},
		{"without the plus sign", "255712345678", "+255712345678", true},
		{"another number", "+255712345678", "+255712345679", false},
		{"another country", "+255712345678", "+254712345678", false},
		{"one digit more", "+255712345678", "+2557123456780", false},
		{"Mexico", "+5215512345678", "+525512345678", true},
		{"Mexico, another number", "+5215512345678", "+525512345679", false},
		{"Argentina", "+5491123456789", "+541123456789", true},
		{"Brazil", "+5511987654321", "+551187654321", true},
		{"Brazil, another area", "+5511987654321", "+552187654321", false},
		{"Brazil, a landline", "+5511923456789", "+551123456789", false},
		{"Benin", "+2290197123456", "+22997123456", true},
		{"Côte d'Ivoire", "+2250707123456", "+22507123456", true},
		{"Côte d'Ivoire, another operator", "+2250107123456", "+2250507123456", false},
		{"Côte d'Ivoire, a third operator", "+2250507123456", "+2250707123456", false},
		{"Côte d'Ivoire, a landline", "+2252507123456", "+22507123456", false},
		{"Gabon", "+24107123456", "+2417123456", true},
		{"a zero before the area, Kenya", "+2540712345678", "+254712345678", true},
		{"a zero before the area, Tanzania", "+2550712345678", "+255712345678", true},
		{"a zero before the area, Britain", "+4407911123456", "+447911123456", true},
		{"Italy, a landline and a mobile phone", "+3903211234567", "+393211234567", false},
		{"a zero that belongs to the country's code", "+2504712345678", "+254712345678", false},
		{"North America", "+14155550100", "+14155550101", false},
		{"unknown", "", "", true},
		{"unknown, and known", "", "+255712345678", false},
	}
	for _, tt := range tests {
		if got := flowhq.SameNumber(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: SameNumber(%s, %s) = %v; want %v", tt.name, tt.a, tt.b, got, tt.want)
		}
		if got := flowhq.SameNumber(tt.b, tt.a); got != tt.want {
			t.Errorf("%s: flowhq.SameNumber(%s, %s) = %v; want %v", tt.name, tt.b, tt.a, got, tt.want)
		}
	}
}

// FuzzSameNumber: any texts can be compared, in either order.
func FuzzSameNumber(f *testing.F) {
	for _, s := range []string{"", "+255712345678", "0712345678", "+1", "٠٧", "\xff"} {
		f.Add(s, "+255712345678")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if flowhq.SameNumber(a, b) != flowhq.SameNumber(b, a) {
			t.Errorf("whether %q and %q are one number depends on the order", a, b)
		}
	})
}
