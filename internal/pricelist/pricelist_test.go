package pricelist_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
	"github.com/flowhq/flowhq/internal/pricelist"
	"github.com/google/go-cmp/cmp"
)

// wrong returns what an Invalid error says, a line for each field.
func wrong(t *testing.T, err error) string {
	t.Helper()
	e, ok := errors.AsType[*flowhq.Error](err)
	if !ok || e.Code != flowhq.Invalid {
		t.Fatalf("error is %v, want code invalid", err)
	}
	lines := []string{e.Message}
	for _, f := range e.Fields {
		lines = append(lines, f.Field+": "+f.Message)
	}
	return strings.Join(lines, "\n")
}

func apply(t *testing.T, p flowhq.Profile, file string, list pricelist.List,
	replace bool) (flowhq.Profile, pricelist.Report) {
	t.Helper()
	table, err := pricelist.Read([]byte(file), list)
	if err != nil {
		t.Fatal(wrong(t, err))
	}
	p, r, err := table.Apply(p, replace)
	if err != nil {
		t.Fatal(wrong(t, err))
	}
	return p, r
}

// What is written is read back as what it was.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, name := range demo.Names {
		for _, list := range pricelist.Lists {
			p := demo.Profile(name)
			count := len(p.Services)
			if list == pricelist.Products {
				count = len(p.Products)
			}
			if count == 0 {
				continue
			}
			file := string(pricelist.Write(p, list))
			same, r := apply(t, p, file, list, true)
			if diff := cmp.Diff(p, same); diff != "" || r.Unchanged != count {
				t.Errorf("%s: %+v (-before +after):\n%s", name, r, diff)
			}
			empty := p
			empty.Services, empty.Products = []flowhq.Service{}, []flowhq.Product{}
			if list == pricelist.Products {
				empty.Services = p.Services
			} else {
				empty.Products = p.Products
			}
			again, r := apply(t, empty, file, list, false)
			if diff := cmp.Diff(p, again); diff != "" || len(r.Added) != count {
				t.Errorf("%s from nothing (-before +after):\n%s", name, diff)
			}
		}
	}
}

func TestWriteKeepsFormulasAsTexts(t *testing.T) {
	t.Parallel()
	p := flowhq.Profile{Products: []flowhq.Product{
		{ID: "a", Name: flowhq.Text{EN: "=1+1", SW: "'-quoted"},
			Description: flowhq.Text{EN: "two\nlines, \"both\"", SW: "-5 %"}},
	}}.Normalized()
	file := string(pricelist.Write(p, pricelist.Products))
	if !strings.Contains(file, ",'=1+1,''-quoted,") {
		t.Errorf("a spreadsheet would compute this:\n%s", file)
	}
	if same, r := apply(t, p, file, pricelist.Products, false); r.Unchanged != 1 {
		t.Errorf("it comes back as %+v", same.Products)
	}
}

// Files as spreadsheets and people write them.
func TestRead(t *testing.T) {
	t.Parallel()
	const want = "Rice|Mchele|3200|From Mbeya|Kutoka Mbeya|Cereals|Nafaka|true"
	for name, file := range map[string]string{
		"plain":           "name_en,name_sw,price,description_en,description_sw,category_en,category_sw,availability\nRice,Mchele,3200,From Mbeya,Kutoka Mbeya,Cereals,Nafaka,no\n",
		"Swahili first":   "jina,name,bei,maelezo,description,aina,category,upatikanaji\nMchele,Rice,3200,Kutoka Mbeya,From Mbeya,Nafaka,Cereals,haipo\n",
		"other order":     "Availability,Category (SW),Category (EN),Price (TZS),Description (Swahili),Description (English),Name (Kiswahili),Name (English)\nOut of stock,Nafaka,Cereals,\"3,200\",Kutoka Mbeya,From Mbeya,Mchele,Rice\n",
		"mark and quotes": "\ufeff\"Name EN\",\"Name SW\",\"Price\",\"Description EN\",\"Description SW\",\"Category EN\",\"Category SW\",\"Availability\"\r\n\"Rice\",\"Mchele\",\"TSh 3,200/=\",\"From Mbeya\",\"Kutoka Mbeya\",\"Cereals\",\"Nafaka\",\"NO\"\r\n",
		"semicolons":      "name_en;name_sw;price;description_en;description_sw;category_en;category_sw;availability;;\nRice;Mchele;3 200;From Mbeya;Kutoka Mbeya;Cereals;Nafaka;hapana;;\n;;;;;;;;;\n",
		"sep":             "sep=;\nname_en;name_sw;price;description_en;description_sw;category_en;category_sw;availability\nRice;Mchele;3200.00;From Mbeya;Kutoka Mbeya;Cereals;Nafaka;0\n",
		"tabs":            "name_en\tname_sw\tprice\tdescription_en\tdescription_sw\tcategory_en\tcategory_sw\tavailability\nRice\tMchele\t3200/=\tFrom Mbeya\tKutoka Mbeya\tCereals\tNafaka\tsold out",
	} {
		p, _ := apply(t, flowhq.NewProfile(""), file, pricelist.Products, false)
		q := p.Products[0]
		got := fmt.Sprint(q.Name.EN, "|", q.Name.SW, "|", q.Price, "|", q.Description.EN, "|",
			q.Description.SW, "|", q.Category.EN, "|", q.Category.SW, "|", q.Unavailable)
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestReadPrices(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"": "0-0", "10000": "10000-0", "10,000": "10000-0", "10 000": "10000-0",
		"TSh 10,000": "10000-0", "10,000/=": "10000-0", "10000/-": "10000-0",
		"Ksh.500": "500-0", "10,000 TZS": "10000-0", "10000.00": "10000-0",
		"10000-15000": "10000-15000", "TSh 10,000 - 15,000": "10000-15000", "1,000,000": "1000000-0",
		"ten": "", "10.50": "", "10,00": "", "10.000": "", "-5": "", "10k": "", "1e5": "",
		"99999999999999999999": "", "10000-": "", "USD 5": "",
	} {
		table, err := pricelist.Read(fmt.Appendf(nil, "name,price\nx,%q\n", cell), pricelist.Services)
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := table.Apply(flowhq.NewProfile(""), false)
		got := ""
		if err == nil {
			got = fmt.Sprint(p.Services[0].Price, "-", p.Services[0].PriceTo)
		} else if !strings.Contains(wrong(t, err), "line 2, price: must be") {
			t.Errorf("%q: %s", cell, wrong(t, err))
		}
		if got != want {
			t.Errorf("%q is %q, want %q", cell, got, want)
		}
	}
}

// Each wrong line is named with what would be right.
func TestReadErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"empty":            {"", "the file is empty"},
		"no row":           {"name\n\n", "no row below"},
		"UTF-16":           {"\xff\xfen\x00", "UTF-16"},
		"Latin-1":          {"name\nx\nCaf\xe9\n", "line 3 is not in UTF-8"},
		"unknown column":   {"name,colour\nx,y\n", `line 1: names a column "colour" in place 2`},
		"column twice":     {"name,name_en\nx,y\n", "line 1: names the column name_en twice"},
		"no name column":   {"price\n1\n", "line 1: must name the columns"},
		"column of others": {"name,minutes\nx,1\n", `"minutes"`},
		"too many cells":   {"name,price\nx,1,000\n", "line 2: must have at most 2 cells"},
		"no name":          {"name,price\n,100\n", "line 2: must have a name"},
		"quote":            {"name,price\nx,1\n\"y,2\n", "line 3: must have its quotes in pairs"},
		"availability":     {"name,availability\nx,maybe\n", "line 2, availability: must be yes or no"},
		"stock":            {"name,stock\nx,many\n", "line 2, stock: must be a whole number"},
		"twice": {"name,price\nRice,1\nbeans,2\nrice ,3\n",
			"line 4, name_en: must not be a name of line 2 as well"},
		"too long": {"name\n" + strings.Repeat("x", 101) + "\n",
			"line 2, name_en: must be at most 100"},
		"newline in a name": {
			"price,name\n1,\"a\n\nb\"\n2,\"" + strings.Repeat("x", 101) + "\"\n", "line 5, name_en",
		},
		"all of them": {"name,price,stock\na,x,1\nb,1,y\n",
			"line 2, price: must be a price in whole shillings, such as 10000 or 10,000, or empty if it is not given; it is \"x\"\nline 3, stock"},
		"too many": {"name\n" + strings.Repeat("x\n", flowhq.MaxProducts+1), "at most 2000 rows"},
	} {
		table, err := pricelist.Read([]byte(c.file), pricelist.Products)
		if err == nil {
			_, _, err = table.Apply(flowhq.NewProfile(""), false)
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if got := wrong(t, err); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s\nwant %s", name, got, c.want)
		}
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	old := flowhq.Profile{Products: []flowhq.Product{
		{ID: "rice", Name: flowhq.Text{EN: "Rice", SW: "Mchele"}, Price: 3000, Aliases: []string{"wali"}},
		{ID: "beans", Name: flowhq.Text{EN: "Beans", SW: "Maharage"}, Price: 3500},
		{ID: "salt", Name: flowhq.Text{EN: "Salt", SW: "Chumvi"}, Price: 700},
	}}.Normalized()
	const file = "name_sw,price\nmchele,3200\nMaharage,3500\nSukari,3000\n"
	p, r := apply(t, old, file, pricelist.Products, false)
	if len(p.Products) != 4 || p.Products[0].Price != 3200 || p.Products[0].Name.EN != "Rice" ||
		p.Products[0].Aliases[0] != "wali" || p.Products[3].ID != "sukari" {
		t.Errorf("products are %+v", p.Products)
	}
	want := pricelist.Report{
		Added: []pricelist.Change{{Line: 4, ID: "sukari", Name: "Sukari",
			Fields: []string{"name_sw", "price"}}},
		Changed: []pricelist.Change{{Line: 2, ID: "rice", Name: "Rice",
			Fields: []string{"name_sw", "price"}}},
		Removed: []pricelist.Change{}, Unchanged: 1,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if old.Products[0].Price != 3000 {
		t.Error("it changed the profile that it was given")
	}
	p, r = apply(t, old, file, pricelist.Products, true)
	if len(p.Products) != 3 || len(r.Removed) != 1 || r.Removed[0].ID != "salt" {
		t.Errorf("replaced: %+v, %+v", p.Products, r)
	}
}

// FuzzRead: no file makes it panic, and what is read can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add("name,price\nx,1\n", true)
	f.Add("sep=;\njina;bei\n\"a\nb\";TSh 1,000/=\n", false)
	f.Fuzz(func(t *testing.T, file string, services bool) {
		list := pricelist.Products
		if services {
			list = pricelist.Services
		}
		table, err := pricelist.Read([]byte(file), list)
		if err != nil {
			wrong(t, err)
			return
		}
		p, _, err := table.Apply(flowhq.NewProfile(""), false)
		if err != nil {
			wrong(t, err)
			return
		}
		again, r := apply(t, p, string(pricelist.Write(p, list)), list, true)
		if diff := cmp.Diff(p, again); diff != "" {
			t.Errorf("%+v (-before +after):\n%s", r, diff)
		}
	})
}
