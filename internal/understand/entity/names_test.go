package entity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

var catalogue = entity.NewNames([]entity.Name{
	{ID: "kyela", Names: []string{"Mchele Kyela", "Kyela rice"}},
	{ID: "mbeya", Names: []string{"Mchele Mbeya", "Mbeya rice"}},
	{ID: "oil", Names: []string{"Mafuta ya kupikia", "Cooking oil"}},
	{ID: "soap", Names: []string{"Sabuni", "Soap"}},
	{ID: "sugar", Names: []string{"Sukari", "Sugar"}},
	{ID: "eggs", Names: []string{"Mayai", "Eggs"}},
	{ID: "shirt", Names: []string{"Shati", "Shirt"}, Sizes: []string{"S", "M", "L", "XL"}},
	{ID: "whiteshirt", Names: []string{"White shirt", "Shati jeupe"}, Sizes: []string{"S", "M", "L"}},
	{ID: "shoes", Names: []string{"Viatu vya shule", "School shoes"}, Sizes: []string{"38", "40", "42"}},
	{ID: "a14", Names: []string{"Samsung A14"}},
	{ID: "a24", Names: []string{"Samsung A24"}},
	{ID: "cut", Names: []string{"Haircut", "Kunyoa"}},
	{ID: "beard", Names: []string{"Beard trim", "Kuchonga ndevu"}},
	{ID: "both", Names: []string{"Haircut and beard trim", "Kunyoa na ndevu"}},
	{ID: "braids", Names: []string{"Box braids", "Kusuka rasta"}},
	{ID: "sinza", Names: []string{"Sinza"}},
	{ID: "mikocheni", Names: []string{"Mikocheni", "Mikocheni B"}},
	{ID: "kariakoo", Names: []string{"Kariakoo", "Kkoo"}},
})

func showMatches(matches []entity.NameMatch) string {
	var out []string
	for _, m := range matches {
		s := m.ID
		if !m.Exact {
			s += "~"
		}
		if m.Amount.Value != 0 {
			s += fmt.Sprintf(" %g%s", m.Amount.Value, m.Amount.Unit)
		}
		if m.Size != "" {
			s += " size " + m.Size
		}
		if len(m.Others) > 0 {
			s += " or " + strings.Join(m.Others, ",")
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestNames(t *testing.T) {
	for _, tt := range [][2]string{
		{"mchele kyela kilo 5 na mafuta ya kupikia lita 3, sabuni mbili", "kyela 5kg; oil 3l; soap 2"},
		{"mchele kilo 5 na mafuta lita 3, sabuni mbili", "kyela~ 5kg or mbeya; oil~ 3l; soap 2"},
		{"5kg kyela rice and 3 litres of cooking oil, 2 soaps", "kyela 5kg; oil 3l; soap~ 2"},
		{"bei ya mchele wa mbeya ni ngapi", "mbeya"},
		{"sukali kilo 2", "sugar~ 2kg"},
		{"suger 2kg", "sugar~ 2kg"},
		{"nusu kilo ya sukari", "sugar 0.5kg"},
		{"mayai dazeni 2", "eggs 2dozen"},
		{"a dozen eggs", "eggs 1dozen"},
		{"2 shirts", "shirt~ 2"},
		{"mashati matatu", "shirt~ 3"},
		{"white shirt size M", "whiteshirt size M"},
		{"shati jeupe saizi L mbili", "whiteshirt 2 size L"},
		{"shirts large 2", "shirt~ 2 size L"},
		{"viatu vya shule namba 42", "shoes size 42"},
		{"school shoes 40", "shoes size 40"},
		{"viatu vya shule jozi 2 saizi 38", "shoes 2pair size 38"},
		{"kiatu cha shule", "shoes~"},
		{"samsung a14", "a14"},
		{"samsung a24 mko nayo?", "a24"},
		{"samsung", "a14~ or a24"},
		{"A14", "a14~"},
		{"galaxy A24 ipo", "a24~"},
		{"hair cut", "cut"},
		{"how much is a haircut", "cut"},
		{"hairkut", "cut~"},
		{"kunyoa bei gani", "cut"},
		{"nataka kunyolewa", "cut~"},
		{"nyoa", "cut~"},
		{"haircut and beard trim tomorrow", "both"},
		{"kunyoa na ndevu", "both"},
		{"haircut and box braids", "cut; braids"},
		{"trim my beard", "beard"},
		{"trimming", "beard~ or both"},
		{"braiding", "braids~"},
		{"nipo Sinza", "sinza"},
		{"deliver to mikocheni b", "mikocheni"},
		{"mpaka kkoo", "kariakoo"},
		{"kariakoo", "kariakoo"},
		{"kiatu", "shoes~"},
		{"white", ""},
		{"skirt", ""},
		{"short", ""},
		{"which shots", ""},
		{"futa oda yangu", ""},
		{"nataka kunywa kahawa", ""},
		{"watoto wako shule", ""},
		{"shiirt", "shirt~"},
		{"habari za leo", ""},
		{"bei gani", ""},
		{"nataka mbili kesho", ""},
		{"", ""},
		{"soap, sugar, eggs", "soap; sugar; eggs"},
		{"soap 2\nsugar 3kg\neggs 12", "soap 2; sugar 3kg; eggs 12"},
		{"2 soap 3 sugar", "soap 2; sugar 3"},
		{"nataka sabuni, naomba 3", "soap 3"},
	} {
		if got := showMatches(catalogue.Match(tt[0])); got != tt[1] {
			t.Errorf("Match(%q) = %s; want %s", tt[0], got, tt[1])
		}
	}
	if m := catalogue.Match("mayai dazeni 2"); len(m) != 1 || m[0].Quantity != 24 {
		t.Errorf("two dozen eggs: %+v", m)
	}
}

func TestNamesAreNoCommonWords(t *testing.T) {
	n := entity.NewNames([]entity.Name{
		{ID: "leo", Names: []string{"Leo"}}, {ID: "kila", Names: []string{"Kwa kila siku"}},
		{ID: "empty", Names: []string{"", "!!"}},
		{ID: "keshoo", Names: []string{"Keshi"}},
	})
	for _, text := range []string{"leo", "nakuja leo", "kila siku", "kwa bei gani", "kesho"} {
		if m := n.Match(text); len(m) > 0 && m[0].ID != "kila" {
			t.Errorf("%q matches %+v", text, m)
		}
	}
	if m := entity.NewNames(nil).Match("sabuni"); len(m) != 0 {
		t.Errorf("no names match %+v", m)
	}
}

func TestNamesHostile(t *testing.T) {
	var many []entity.Name
	for i := range 5000 {
		many = append(many, entity.Name{ID: fmt.Sprint(i),
			Names: []string{fmt.Sprintf("Mchele aina%d wa kunukia", i)}})
	}
	n := entity.NewNames(many)
	for _, piece := range []string{"mchele ", "kunukia mchele ", "mchele 2 ", "x"} {
		began := time.Now()
		n.Match(strings.Repeat(piece, 65536/len(piece)))
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("64 KiB of %q took %v", piece, took)
		}
	}
}

func BenchmarkNames(b *testing.B) {
	for b.Loop() {
		catalogue.Match("Habari, naomba mchele kyela kilo 5 na mafuta ya kupikia lita 3, sabuni mbili mniletee Sinza kesho asubuhi")
	}
}

func BenchmarkFind(b *testing.B) {
	for b.Loop() {
		entity.Find("Habari, naomba mchele kyela kilo 5 na mafuta ya kupikia lita 3, sabuni mbili mniletee Sinza kesho asubuhi, simu 0712 345 678")
	}
}

func FuzzNames(f *testing.F) {
	f.Add("mchele kilo 5 na mafuta lita 3, sabuni mbili")
	f.Add("white shirt size M samsung a14 hair cut")
	f.Fuzz(func(t *testing.T, text string) {
		matches := catalogue.Match(text)
		for i, m := range matches {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End || m.Score <= 0 ||
				m.Score > 1.0001 || m.Quantity < 0 {
				t.Fatalf("%q: %+v", text, m)
			}
			if i > 0 && m.Start < matches[i-1].Start {
				t.Fatalf("%q: out of order", text)
			}
		}
		if again := catalogue.Match(text); showMatches(again) != showMatches(matches) {
			t.Fatalf("%q: %s, then %s", text, showMatches(matches), showMatches(again))
		}
	})
}
