package pages

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// botSamples are what the form of a bot is given: nothing, what strangers wrote in every field of
// every section, and what is wrong with it.
func botSamples() []any {
	inApp := tenantPage{Base: "/app", App: true, Tab: "bot"}
	fee, offered, degrees := int64(0), true, 1.5
	text := flowhq.Text{EN: hostile, SW: strings.Repeat(hostile, 20)}
	p := flowhq.Profile{
		TimeZone: hostile, Currency: hostile, OwnerNumber: hostile,
		Hours: []flowhq.Opening{{Day: flowhq.Mon, Opens: hostile, Closes: hostile},
			{Day: hostile, Opens: "08:00"}},
		Holidays: []flowhq.Holiday{{Date: hostile, Name: text}},
		Services: []flowhq.Service{{ID: hostile, Name: text, Aliases: []string{hostile},
			Description: text, Unavailable: true}},
		Products: []flowhq.Product{{ID: hostile, Name: text, Sizes: []string{hostile}, Category: text}},
		Place:    flowhq.Place{Address: text, MapLink: hostile, Latitude: &degrees, Longitude: &degrees},
		Delivery: flowhq.Delivery{Offered: &offered,
			Areas: []flowhq.Area{{Name: hostile, Fee: &fee, Note: text}}, Note: text},
		Payments: []flowhq.Payment{{Name: hostile, Number: hostile, AccountName: hostile, Note: text}},
		Answers:  []flowhq.Answer{{ID: hostile, Questions: []string{hostile}, Answer: text}},
		Texts:    map[string]flowhq.Text{"thanks": text, hostile: text},
	}
	var all []any
	for _, section := range botSections {
		f := botForm{profile: p, section: section}
		page := botPage{
			tenantPage: inApp, Section: section, Sections: botSections, Find: hostile, From: 50,
			More: true, Added: 1,
			Turns:    []botTurn{{Text: hostile, Reply: hostile}, {Text: hostile, HandedOver: true}},
			TryWrong: hostile,
			Gaps:     []botGap{{"hours", hostile, "price", hostile}},
			Changes:  changesOf(flowhq.Profile{}, p), Changed: 2, Undo: 1, Conflict: true,
		}
		page.Values, _ = f.values()
		page.Errors = map[string]string{}
		for path := range page.Values {
			page.Errors[path] = hostile
		}
		all = append(all, page, botPage{Section: section, Sections: botSections})
	}
	return all
}

// demoProfiles are the complete profiles of made-up businesses.
func demoProfiles(t *testing.T) map[string]flowhq.Profile {
	t.Helper()
	names, err := filepath.Glob("../demo/profiles/*.json")
	if err != nil || len(names) < 3 {
		t.Fatalf("profiles: %v, %v", names, err)
	}
	all := map[string]flowhq.Profile{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var p flowhq.Profile
		if err := json.Unmarshal(data, &p); err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = p.Normalized()
	}
	return all
}

// TestFormKeepsProfile: a form that is sent back as it was shown changes nothing, in any section
// and on any page of a list.
func TestFormKeepsProfile(t *testing.T) {
	for name, p := range demoProfiles(t) {
		for range 60 { // more than a page
			p.Products = append(p.Products, flowhq.Product{Name: flowhq.Text{SW: "Kitu"}, Price: 100})
		}
		p = p.Normalized()
		for _, section := range botSections {
			for _, from := range []int{0, pageEntries} {
				f := botForm{profile: p, section: section, from: from}
				values, _ := f.values()
				r := newFieldReader(values, "whole", "number")
				got := f.typed(r).Normalized()
				if changes := changesOf(p, got); len(r.wrong) > 0 || len(changes) > 0 ||
					!reflect.DeepEqual(len(got.Hours), len(p.Hours)) {
					t.Errorf("%s, %s from %d: %v, %v", name, section, from, r.wrong, changes)
				}
			}
		}
	}
}

// TestWeight: a full page of a price list is light enough for a phone's line.
func TestWeight(t *testing.T) {
	p := demoProfiles(t)["clothes.json"]
	for i := 0; len(p.Products) < 2000; i++ {
		more := p.Products[i]
		more.ID, more.Name.EN = "", more.Name.EN+" "+strconv.Itoa(i*7919%1000)
		p.Products = append(p.Products, more)
	}
	page := botPage{tenantPage: tenantPage{Base: "/app", App: true}, Section: "products",
		Sections: botSections}
	page.Values, page.More = botForm{profile: p.Normalized(), section: "products"}.values()
	s, w := site(t), httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/app/bot/products", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	v := s.visit(w, r)
	v.me = flowhq.Principal{Kind: flowhq.PrincipalUser, Tenant: "x"}
	if err := v.show(http.StatusOK, "bot", "bot", "Bot", page); err != nil {
		t.Fatal(err)
	}
	// The design's bound for a page whose files the browser has.
	if n, bound := w.Body.Len(), 15<<10; w.Header().Get("Content-Encoding") != "gzip" ||
		n > bound || !page.More {
		t.Errorf("the page has %d bytes compressed; want %d at most", n, bound)
	}
}

// TestMerged: entries that are not on the page stay, those that were ticked go, and new ones come.
func TestMerged(t *testing.T) {
	old := []flowhq.Service{
		{ID: "a", Name: flowhq.Text{EN: "A"}}, {ID: "b", Name: flowhq.Text{EN: "B"}},
		{ID: "c", Name: flowhq.Text{EN: "C"}}, {ID: "d", Name: flowhq.Text{EN: "D"}},
	}
	r := newFieldReader(url.Values{
		"services[0].id": {"b"}, "services[0].name.en": {"Bee"}, "services[0].price": {"TSh 10,000/="},
		"services[1].id": {"c"}, "services[1].name.en": {"C"}, "services[1].remove": {"true"},
		"services[2].id": {"d"}, "services[2].name.en": {""},
		"services[5].id": {""}, "services[5].name.sw": {"Mpya"}, "services[5].minutes": {"half an hour"},
		"services[5].aliases": {"one, two\nthree,,"},
		"services[6].id":      {""}, "services[6].name.sw": {" "}, "services[-1].name.en": {"x"},
		"services[x].name.en": {"x"},
	}, "whole", "number")
	got := merged(r, "services", old, func(s flowhq.Service) string { return s.ID })
	want := []flowhq.Service{
		old[0], {ID: "b", Name: flowhq.Text{EN: "Bee"}, Price: 10000, Aliases: []string{}},
		{Name: flowhq.Text{SW: "Mpya"}, Aliases: []string{"one", "two", "three"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("merged = %+v\nwant %+v", got, want)
	}
	if r.wrong["services[5].minutes"] != "whole" || len(r.wrong) != 1 {
		t.Errorf("wrong = %v", r.wrong)
	}
	for path, field := range map[string]string{
		"services[0].price": "" /* on no page */, "services[1].price": "services[0].price",
		"services[9].price":      "",
		"services[2].aliases[1]": "services[5].aliases", "services[2]": "services[5]", "capacity": "",
	} {
		if got, ok := r.fieldOf(path); got != field || ok != (field != "") {
			t.Errorf("fieldOf(%s) = %q, %v; want %q", path, got, ok, field)
		}
	}
}

// TestChangesOf: what changed is said once, by what the entry is called.
func TestChangesOf(t *testing.T) {
	yes := true
	before := flowhq.Profile{Capacity: 1, Services: []flowhq.Service{
		{ID: "cut", Name: flowhq.Text{EN: "Cut"}, Price: 10}, {ID: "old", Name: flowhq.Text{EN: "Old"}},
	}, Texts: map[string]flowhq.Text{"greet.welcome": {EN: "Hi"}}}
	after := flowhq.Profile{Version: 2, Capacity: 2, Services: []flowhq.Service{
		{ID: "new", Name: flowhq.Text{SW: "Mpya"}, Price: 7},
		{ID: "cut", Name: flowhq.Text{EN: "Haircut"}, Price: 20},
	}, Delivery: flowhq.Delivery{Offered: &yes},
		Hours: []flowhq.Opening{{Day: flowhq.Mon, Opens: "08:00", Closes: "12:00"}}}
	want := []change{
		{Field: "capacity", Old: "1", New: "2"},
		{Field: "offered", New: "true"},
		{List: "hours", Entry: "mon", New: "mon"},
		{List: "services", Entry: "Haircut", Field: "name", Lang: "en", Old: "Cut", New: "Haircut"},
		{List: "services", Entry: "Haircut", Field: "price", Old: "10", New: "20"},
		{List: "services", Entry: "Mpya", New: "Mpya"},
		{List: "services", Entry: "Old", Old: "Old"},
		{Field: "greet-welcome", Lang: "en", Old: "Hi"},
	}
	if got := changesOf(before, after); !reflect.DeepEqual(got, want) {
		t.Errorf("changesOf = %+v\nwant %+v", got, want)
	}
	if got := changesOf(after, after); len(got) > 0 {
		t.Errorf("a version differs from itself: %+v", got)
	}
}
