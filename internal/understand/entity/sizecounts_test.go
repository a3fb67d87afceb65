package entity

import (
	"reflect"
	"testing"
)

func TestSizeCounts(t *testing.T) {
	letters, shoes := []string{"S", "M", "L", "XL"}, []string{"40", "41", "42"}
	for _, test := range []struct {
		text  string
		sizes []string
		want  []SizeCount
	}{
		{"nitumie mbili, moja L na moja XL", letters, []SizeCount{{"L", 1}, {"XL", 1}}},
		{"two, one M one L", letters, []SizeCount{{"M", 1}, {"L", 1}}},
		{"3: 2 in M and 1 in XL", letters, []SizeCount{{"M", 2}, {"XL", 1}}},
		{"M 2, L 1", letters, []SizeCount{{"M", 2}, {"L", 1}}},
		{"M mbili na L tatu", letters, []SizeCount{{"M", 2}, {"L", 3}}},
		{"mbili za M na tatu za L", letters, []SizeCount{{"M", 2}, {"L", 3}}},
		{"two, M and L", letters, []SizeCount{{"M", 0}, {"L", 0}}},
		{"2 M na L", letters, []SizeCount{{"M", 0}, {"L", 0}}},
		{"one large, two medium", letters, []SizeCount{{"L", 1}, {"M", 2}}},
		{"2L, 1XL", letters, []SizeCount{{"L", 2}, {"XL", 1}}},
		{"2XL", []string{"XL", "2XL"}, []SizeCount{{"2XL", 0}}},
		{"iwe moja tu ya L", letters, []SizeCount{{"L", 1}}},
		{"size M", letters, []SizeCount{{"M", 0}}},
		{"41 mbili na 42 moja", shoes, []SizeCount{{"41", 2}, {"42", 1}}},
		{"moja 41, moja 42", shoes, []SizeCount{{"41", 1}, {"42", 1}}},
		{"nipe mbili", letters, nil},
		{"", letters, nil},
		{"L", nil, nil},
	} {
		if got := SizeCounts(test.text, test.sizes); !reflect.DeepEqual(got, test.want) {
			t.Errorf("SizeCounts(%q) = %v, want %v", test.text, got, test.want)
		}
	}
}
