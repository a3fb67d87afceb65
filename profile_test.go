package flowhq_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// fields returns the paths that an Invalid error names.
func fields(t *testing.T, err error) (paths []string) {
	t.Helper()
	e, ok := errors.AsType[*flowhq.Error](err)
	if err != nil && (!ok || e.Code != flowhq.Invalid) {
		t.Fatalf("error is %v, want code invalid", err)
	}
	if ok {
		for _, f := range e.Fields {
			paths = append(paths, f.Field)
		}
	}
	return paths
}

// both is a text that is the same in both languages.
func both(s string) flowhq.Text { return flowhq.Text{EN: s, SW: s} }

func TestNewProfileIsValid(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"+255712345678": "TZS Africa/Dar_es_Salaam", "+254712345678": "KES Africa/Nairobi",
	} {
		p := flowhq.NewProfile(number)
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
		if got := p.Currency + " " + p.TimeZone; got != want {
			t.Errorf("%s has %s, want %s", number, got, want)
		}
	}
}

func TestTextFallsBackToTheOtherLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ en, sw, inEN, inSW string }{
		{"a", "b", "a", "b"}, {"a", "", "a", "a"}, {"", "b", "b", "b"}, {"", "", "", ""},
	} {
		text := flowhq.Text{EN: c.en, SW: c.sw}
		if en, sw := text.In(flowhq.English), text.In(flowhq.Swahili); en != c.inEN || sw != c.inSW {
			t.Errorf("%+v is %q and %q", text, en, sw)
		}
	}
}

// Each case breaks one rule, and the path of what is wrong is named.
func TestProfileValidate(t *testing.T) {
	t.Parallel()
	many := func(n int) []string { // lists that are too long
		var all []string
		for i := range n {
			all = append(all, fmt.Sprint("x", i))
		}
		return all
	}
	for name, c := range map[string]struct {
		change func(*flowhq.Profile)
		want   string
	}{
		"zone":           {func(p *flowhq.Profile) { p.TimeZone = "Mars/Base" }, "time_zone"},
		"machine's zone": {func(p *flowhq.Profile) { p.TimeZone = "Local" }, "time_zone"},
		"currency":       {func(p *flowhq.Profile) { p.Currency = "USD" }, "currency"},
		"capacity":       {func(p *flowhq.Profile) { p.Capacity = -1 }, "capacity"},
		"owner":          {func(p *flowhq.Profile) { p.OwnerNumber = "0712345678" }, "owner_number"},
		"assistant": {func(p *flowhq.Profile) { p.Assistant.DailyRequests = 10_001 },
			"assistant.daily_requests"},
		"hand-over": {func(p *flowhq.Profile) { p.HandOverMinutes = -5 }, "hand_over_minutes"},
		"day": {func(p *flowhq.Profile) {
			p.Hours = []flowhq.Opening{{Day: "monday", Opens: "08:00", Closes: "17:00"}}
		}, "hours[0].day"},
		"hour": {func(p *flowhq.Profile) {
			p.Hours = []flowhq.Opening{{Day: "mon", Opens: "8:00", Closes: "17:00"}}
		}, "hours[0].opens"},
		"mixed up": {func(p *flowhq.Profile) {
			p.Hours = []flowhq.Opening{{Day: "mon", Opens: "17:00", Closes: "08:00"}}
		}, "hours[0].closes"},
		"overlap": {func(p *flowhq.Profile) {
			p.Hours = []flowhq.Opening{
				{Day: "mon", Opens: "08:00", Closes: "12:00"}, {Day: "mon", Opens: "11:59", Closes: "17:00"},
			}
		}, "hours[1]"},
		"overlap over the week's end": {func(p *flowhq.Profile) {
			p.Hours = []flowhq.Opening{
				{Day: "sun", Opens: "00:00", Closes: "12:00"}, {Day: "sat", Opens: "20:00", Closes: "02:00"},
			}
		}, "hours[1]"},
		"holiday": {func(p *flowhq.Profile) {
			p.Holidays = []flowhq.Holiday{{Date: "2026-02-30"}}
		}, "holidays[0].date"},
		"holiday twice": {func(p *flowhq.Profile) {
			p.Holidays = []flowhq.Holiday{{Date: "2026-12-25"}, {Date: "2026-12-25"}}
		}, "holidays[1].date"},
		"holiday half given": {func(p *flowhq.Profile) {
			p.Holidays = []flowhq.Holiday{{Date: "2026-12-25", Opens: "08:00"}}
		}, "holidays[0].closes"},
		"no name": {func(p *flowhq.Profile) { p.Services = []flowhq.Service{{ID: "x"}} }, "services[0].name"},
		"control character": {func(p *flowhq.Profile) {
			p.Services = []flowhq.Service{{Name: both("a\x00b")}}
		}, "services[0].name.en services[0].name.sw"},
		"id": {func(p *flowhq.Profile) {
			p.Services = []flowhq.Service{{ID: "No Id", Name: both("a")}}
		}, "services[0].id"},
		"id twice": {func(p *flowhq.Profile) {
			p.Services = []flowhq.Service{{ID: "x", Name: both("a")}, {ID: "x", Name: both("b")}}
		}, "services[1].id"},
		"name twice": {func(p *flowhq.Profile) {
			p.Services = []flowhq.Service{{Name: flowhq.Text{EN: "Shave"}}, {Name: flowhq.Text{SW: "shave "}}}
		}, "services[1].name.sw"},
		"alias is another's name": {func(p *flowhq.Profile) {
			p.Services = []flowhq.Service{{Name: both("a"), Aliases: []string{"b"}}, {Name: both("B")}}
		}, "services[0].aliases[0]"},
		"negative price": {func(p *flowhq.Profile) {
			p.Services = []flowhq.Service{{Name: both("a"), Price: -1}}
		}, "services[0].price"},
		"range": {func(p *flowhq.Profile) {
			p.Services = []flowhq.Service{{Name: both("a"), Price: 5, PriceTo: 5}}
		}, "services[0].price_to"},
		"minutes": {func(p *flowhq.Profile) {
			p.Services = []flowhq.Service{{Name: both("a"), Minutes: 10081}}
		}, "services[0].minutes"},
		"stock": {func(p *flowhq.Profile) {
			p.Products = []flowhq.Product{{Name: both("a"), Stock: new(-1)}}
		}, "products[0].stock"},
		"size twice": {func(p *flowhq.Profile) {
			p.Products = []flowhq.Product{{Name: both("a"), Sizes: []string{"S", "s"}}}
		}, "products[0].sizes[1]"},
		"link": {func(p *flowhq.Profile) { p.Place.MapLink = "javascript:alert(1)" }, "place.map_link"},
		"half a place": {func(p *flowhq.Profile) {
			p.Place.Latitude = new(1.5)
		}, "place.longitude"},
		"area": {func(p *flowhq.Profile) { p.Delivery.Areas = []flowhq.Area{{}} }, "delivery.areas[0].name"},
		"areas without delivery": {func(p *flowhq.Profile) {
			p.Delivery = flowhq.Delivery{Offered: new(false), Areas: []flowhq.Area{{Name: "Kijitonyama"}}}
		}, "delivery.areas"},
		"payment twice": {func(p *flowhq.Profile) {
			p.Payments = []flowhq.Payment{{Name: "M-Pesa", Number: "1"}, {Name: "m-pesa", Number: "1"}}
		}, "payments[1].name"},
		"no wording": {func(p *flowhq.Profile) {
			p.Answers = []flowhq.Answer{{Answer: both("a")}}
		}, "answers[0].questions"},
		"no answer": {func(p *flowhq.Profile) {
			p.Answers = []flowhq.Answer{{Questions: []string{"a"}}}
		}, "answers[0].answer"},
		"asked twice": {func(p *flowhq.Profile) {
			p.Answers = []flowhq.Answer{
				{Questions: []string{"a"}, Answer: both("x")},
				{Questions: []string{"b", "A"}, Answer: both("y")},
			}
		}, "answers[1].questions[1]"},
		"text key": {func(p *flowhq.Profile) {
			p.Texts = map[string]flowhq.Text{"Not a key": both("a")}
		}, "texts.Not a key"},
		"brace": {func(p *flowhq.Profile) {
			p.Texts = map[string]flowhq.Text{"greeting": {EN: "Hi {name"}}
		}, "texts.greeting.en"},
		"too many": {func(p *flowhq.Profile) {
			p.Products = []flowhq.Product{{Name: both("a"), Sizes: many(flowhq.MaxSizes + 1)}}
		}, "products[0].sizes"},
		"too long": {func(p *flowhq.Profile) {
			p.Place.Address.SW = strings.Repeat("ü", flowhq.MaxProfileText+1)
		}, "place.address.sw"},
	} {
		p := flowhq.NewProfile("+255712345678")
		c.change(&p)
		if got := strings.Join(fields(t, p.Normalized().Validate()), " "); got != c.want {
			t.Errorf("%s: wrong are %q, want %q", name, got, c.want)
		}
	}
}

func TestNormalizedGivesIDs(t *testing.T) {
	t.Parallel()
	p := flowhq.Profile{Services: []flowhq.Service{
		{Name: both("Haircut & beard")}, {Name: both("haircut beard")}, {ID: "shave", Name: both("x")},
		{Name: both("Shave")}, {Name: flowhq.Text{SW: "Kunyoa"}}, {Name: both("日本")},
	}}
	n := p.Normalized()
	var ids []string
	for _, s := range n.Services {
		ids = append(ids, s.ID)
	}
	want := []string{"haircut-beard", "haircut-beard-2", "shave", "shave-2", "kunyoa", "entry"}
	if !slices.Equal(ids, want) {
		t.Errorf("ids are %q, want %q", ids, want)
	}
	if p.Services[0].ID != "" {
		t.Error("it changed the profile that it was given")
	}
	if again := n.Normalized(); !reflect.DeepEqual(n, again) {
		t.Error("a normalized profile changes when it is normalized again")
	}
}

func TestOpenOn(t *testing.T) {
	t.Parallel()
	p := flowhq.NewProfile("+255712345678")
	p.Hours = []flowhq.Opening{
		{Day: flowhq.Fri, Opens: "14:00", Closes: "02:00"},
		{Day: flowhq.Fri, Opens: "08:00", Closes: "12:30"},
	}
	p.Holidays = []flowhq.Holiday{
		{Date: "2026-12-25"}, {Date: "2027-01-01", Opens: "10:00", Closes: "13:00"},
	}
	for date, want := range map[string]string{
		"2026-11-27": "08:00-12:30 14:00-02:00", // a Friday
		"2026-11-28": "",
		"2026-12-25": "",            // a Friday
		"2027-01-01": "10:00-13:00", // a Friday
	} {
		day, _ := time.Parse("2006-01-02", date)
		var got []string
		for _, s := range p.OpenOn(day) {
			got = append(got, s.From.Format("15:04")+"-"+s.To.Format("15:04"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("open on %s at %q, want %q", date, got, want)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	p := flowhq.Profile{
		Services: []flowhq.Service{{Name: flowhq.Text{EN: "Shave"}, Price: 1, Minutes: 1}},
		Hours:    []flowhq.Opening{{Day: "mon", Opens: "08:00", Closes: "09:00"}},
		Place:    flowhq.Place{Address: both("x")},
		Delivery: flowhq.Delivery{Offered: new(false)},
		Texts:    map[string]flowhq.Text{"greeting": {SW: "Karibu"}},
	}.Normalized()
	got := p.Missing()
	if want := []string{"services[0].name.sw", "payments", "texts.greeting.en"}; !slices.Equal(got, want) {
		t.Errorf("missing are %q, want %q", got, want)
	}
}

func TestValidateTexts(t *testing.T) {
	t.Parallel()
	known := map[string][]string{"greeting": {"business", "name"}, "bye": nil}
	for want, text := range map[string]map[string]flowhq.Text{
		"":                  {"greeting": both("Hi {name}, this is {business}."), "bye": both("Bye")},
		"texts.hello":       {"hello": both("x")},
		"texts.greeting.sw": {"greeting": {EN: "{name}", SW: "{jina}"}},
		"texts.bye.en":      {"bye": {EN: "{name}"}},
	} {
		got := strings.Join(fields(t, flowhq.Profile{Texts: text}.ValidateTexts(known)), " ")
		if got != want {
			t.Errorf("wrong are %q, want %q", got, want)
		}
	}
}
