package entity_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// show writes entities in the order of their kinds.
func show(e entity.Entities) string {
	var out []string
	for _, x := range e.Phones {
		out = append(out, "phone "+x.Number)
	}
	for _, x := range e.References {
		out = append(out, strings.Join(strings.Fields("ref "+string(x.Kind)+" "+x.Text), " "))
	}
	for _, x := range e.Money {
		out = append(out, strings.TrimSpace(fmt.Sprintf("money %d %s", x.Amount, x.Currency)))
	}
	for _, x := range e.Quantities {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%g %s", x.Value, x.Unit)))
	}
	for _, x := range e.Numbers {
		out = append(out, fmt.Sprintf("n %d", x.Value))
	}
	return strings.Join(out, "; ")
}

func TestFind(t *testing.T) {
	for _, tt := range [][2]string{
		{"5,000", "money 5000"},
		{"5k", "money 5000"},
		{"2.5k", "money 2500"},
		{"elfu tano", "money 5000"},
		{"laki moja", "money 100000"},
		{"laki moja na nusu", "money 150000"},
		{"TSh 5000", "money 5000 TZS"},
		{"Tsh. 5,000/=", "money 5000 TZS"},
		{"5000/=", "money 5000"},
		{"5000/-", "money 5000"},
		{"KES 1,500", "money 1500 KES"},
		{"1500 bob", "money 1500 KES"},
		{"sh 200", "money 200"},
		{"shilingi elfu kumi", "money 10000"},
		{"elfu 15", "money 15000"},
		{"15 elfu", "money 15000"},
		{"five thousand", "money 5000"},
		{"mia tano", "money 500"},
		{"10,000.00 tzs", "money 10000 TZS"},
		{"$20", "money 20 USD"},
		{"milioni moja na nusu", "money 1500000"},
		{"kilo 2", "2 kg"},
		{"2kg", "2 kg"},
		{"2 kilos", "2 kg"},
		{"kilo mbili", "2 kg"},
		{"nusu kilo", "0.5 kg"},
		{"robo kilo", "0.25 kg"},
		{"1/2 kilo", "0.5 kg"},
		{"half a kilo", "0.5 kg"},
		{"kilo moja na nusu", "1.5 kg"},
		{"2.5 kg", "2.5 kg"},
		{"pisi tatu", "3 pcs"},
		{"3 pcs", "3 pcs"},
		{"lita 3", "3 l"},
		{"500ml", "500 ml"},
		{"dazeni", "1 dozen"},
		{"dazeni mbili", "2 dozen"},
		{"half a dozen", "0.5 dozen"},
		{"a dozen", "1 dozen"},
		{"a couple", "2"},
		{"pair", "1 pair"},
		{"jozi mbili", "2 pair"},
		{"x2", "2"},
		{"2x", "2"},
		{"watu wanne", "4 people"},
		{"4 people", "4 people"},
		{"tuko wawili", "2 people"},
		{"mifuko 10 ya saruji", "10 bag"},
		{"bei ya dazeni", ""},
		{"bei ya kilo", ""},
		{"mbili", "n 2"},
		{"nataka 3", "n 3"},
		{"0712345678", "phone +255712345678"},
		{"0712 345 678", "phone +255712345678"},
		{"+255 712 345 678", "phone +255712345678"},
		{"255712345678", "phone +255712345678"},
		{"+254 712 345678", "phone +254712345678"},
		{"0110 123 456", "phone +254110123456"},
		{"0652-123-456", "phone +255652123456"},
		{"+1 202 555 0143", "phone +12025550143"},
		{"call 0712345678 or 0713345678", "phone +255712345678; phone +255713345678"},
		{"#B-12", "ref B-12"},
		{"order #1042", "ref order 1042"},
		{"oda namba 26", "ref order 26"},
		{"order number: 1042", "ref order 1042"},
		{"oda yangu 1042 iko wapi", "ref order 1042"},
		{"my account number is 123456", "ref account 123456"},
		{"akaunti 0099887", "ref account 0099887"},
		{"meter no 14253647586", "ref meter 14253647586"},
		{"mita 37123456789", "ref meter 37123456789"},
		{"QJK7H8L9M0", "ref transaction QJK7H8L9M0"},
		{"nimelipa, QJK7H8L9M0 Confirmed", "ref transaction QJK7H8L9M0"},
		{"8847362", "ref 8847362"},
		{"kesho saa 4", ""},
		{"kesho 4pm", ""},
		{"tarehe 26", ""},
		{"5/3", ""},
		{"10:30", ""},
		{"mchele kilo 5 na mafuta lita 3, sabuni mbili", "5 kg; 3 l; n 2"},
		{"2 shirts at 15,000 each", "money 15000; n 2"},
		{"order 2 pizzas", "n 2"},
		{"", ""},
	} {
		if got := show(entity.Find(tt[0])); got != tt[1] {
			t.Errorf("Find(%q) = %s; want %s", tt[0], got, tt[1])
		}
	}
	if got := show(entity.FindIn("0712345678", entity.Kenya)); got != "phone +254712345678" {
		t.Errorf("in Kenya: %s", got)
	}
}

func TestYesNo(t *testing.T) {
	for want, texts := range map[entity.YesNo][]string{
		entity.Yes: {"ndio", "Ndiyo", "ndioo", "sawa", "Sawa sawa", "yes please", "👍", "👍🏾", "ok",
			"okay", "poa", "yeah sure",
			"no problem", "hakuna shida", "ndio asante", "yes, that is right", "of course", "eeh",
			"naam", "yesss", "go ahead", "haya basi"},
		entity.No: {"hapana", "no", "no thanks", "hapana asante", "sio sawa", "nope", "👎",
			"not now", "sitaki", "bado", "Hapana!!", "la hapana"},
		entity.Neither: {"", "kesho", "yes but tomorrow", "sawa, kesho saa nne", "no, friday",
			"nataka mbili", "sawa hapana", "how much", "asante",
			"2", "okay how much is it", "good morning"},
	} {
		for _, text := range texts {
			if got := entity.ReadYesNo(text); got != want {
				t.Errorf("ReadYesNo(%q) = %d; want %d", text, got, want)
			}
		}
	}
}

func TestChoice(t *testing.T) {
	for text, want := range map[string]int{
		"2": 2, "mbili": 2, "no. 2": 2, "namba 2": 2, "ya pili": 2, "the second one": 2, "1": 1,
		"2.": 2, "number 3 please": 3,
		"nachagua 1": 1, "2️⃣": 2, "ya kwanza": 1, "one": 1, "1st": 1, "#2": 2,
	} {
		if got, ok := entity.Choice(text); !ok || got != want {
			t.Errorf("Choice(%q) = %d, %t; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "2 shirts", "1 or 2", "kesho", "0712345678", "saa mbili",
		"1 2", "kilo 2"} {
		if got, ok := entity.Choice(text); ok {
			t.Errorf("Choice(%q) = %d; want none", text, got)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, text := range []string{"mchele kilo 5 na mafuta lita 3", "+255 712 345 678",
		"#B-12 elfu mbili na nusu 1/2", "TSh 5,000/= x2 QJK7H8L9M0", "½ kilo"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := entity.Find(text)
		taken := map[int]bool{}
		take := func(p entity.Place) {
			if p.Start < 0 || p.End > len(text) || p.Start >= p.End {
				t.Fatalf("%q: place %v", text, p)
			}
			for i := p.Start; i < p.End; i++ {
				if taken[i] {
					t.Fatalf("%q: %v overlaps", text, p)
				}
				taken[i] = true
			}
		}
		for _, x := range e.Numbers {
			take(x.Place)
		}
		for _, x := range e.Quantities {
			take(x.Place)
		}
		for _, x := range e.Money {
			take(x.Place)
			if x.Amount < 0 {
				t.Fatalf("%q: amount %d", text, x.Amount)
			}
		}
		for _, x := range e.Phones {
			take(x.Place)
		}
		for _, x := range e.References {
			take(x.Place)
		}
		entity.Choice(text)
		entity.ReadYesNo(text)
	})
}
