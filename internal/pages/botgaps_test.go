package pages

import (
	"testing"

	"github.com/flowhq/flowhq"
)

// Gaps name the entry as its owner calls it, and leave out what is only missing in one language.
func TestGapsAreThoseThatCustomersWaitFor(t *testing.T) {
	profile := flowhq.Profile{
		Services: []flowhq.Service{{Name: flowhq.Text{EN: "Cut", SW: "Kunyoa"}}},
		Products: []flowhq.Product{{Name: flowhq.Text{EN: "Soap"}}},
	}
	missing := []flowhq.FieldError{
		{Field: "hours", Message: "x"}, {Field: "services[0].name.sw", Message: "x"},
		{
			Field:   "services[0].price",
			Message: "is not given: customers who ask for it wait for a person",
		},
		{Field: "products[0].price", Message: "x"}, {Field: "delivery.offered", Message: "x"},
		{Field: "services[7].price", Message: "x"},
	}
	v := &visit{site: site(t), language: flowhq.Swahili}
	got := v.gaps(profile, missing)
	want := []botGap{
		{Section: "hours"},
		{Section: "services", Entry: "Kunyoa", Field: "price"},
		{Section: "products", Entry: "Soap", Field: "price"},
		{Section: "place"},
		{Section: "services"},
	}
	if len(got) != len(want) {
		t.Fatalf("gaps = %+v; want %d", got, len(want))
	}
	for i, g := range got {
		if i == 1 && g.Says != "Haijajazwa: wateja wakiuliza wanasubiri mtu." {
			t.Errorf("it says %q", g.Says)
		}
		g.Says = ""
		if g != want[i] {
			t.Errorf("gap %d = %+v; want %+v", i, g, want[i])
		}
	}
}
