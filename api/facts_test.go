package api

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// barber is a profile with one chair that is open from eight to eight, but on Sundays.
const barber = `{"time_zone":"Africa/Dar_es_Salaam","currency":"TZS","capacity":1,
	"services":[{"id":"haircut","name":{"en":"Haircut","sw":"Kunyoa"},"minutes":30,"price":10000},{"id":"dye","name":{"en":"Dye"},"price":5000}],
	"hours":[{"day":"mon","opens":"08:00","closes":"20:00"},{"day":"tue","opens":"08:00","closes":"20:00"},{"day":"wed","opens":"08:00","closes":"20:00"},
	{"day":"thu","opens":"08:00","closes":"20:00"},{"day":"fri","opens":"08:00","closes":"20:00"},{"day":"sat","opens":"08:00","closes":"20:00"}]}`

const amina = "+255711000001"

// A shop is a tenant with a host, which customers write to.
type shop struct {
	*fixture
	id    flowhq.TenantID
	path  string
	epoch int64
	sent  int
}

// open returns a new tenant with a profile and a host.
func (f *fixture) open(profile string) *shop {
	f.Helper()
	s := &shop{fixture: f, id: f.create()}
	s.path = "/admin/tenants/" + string(s.id)
	f.send(call{method: "PUT", path: s.path + "/profile", body: profile}, 200)
	var err error
	if s.epoch, err = f.store.Claim(f.Context(), s.id, "host-a"); err != nil {
		f.Fatal(err)
	}
	return s
}

// leave has a customer write a message whose answer leaves facts, and returns the message's id.
func (s *shop) leave(number string, facts ...flowhq.FactChange) int64 {
	s.Helper()
	s.sent++
	r, err := s.store.Receive(s.Context(), s.id, s.epoch, store.Inbound{
		LID: strings.TrimPrefix(number, "+") + "@lid", Number: number, Kind: flowhq.KindText, Text: "hello", WAID: fmt.Sprint("IN", s.sent),
	})
	if err != nil {
		s.Fatal(err)
	}
	_, _, err = s.store.Answer(s.Context(), s.id, s.epoch, r.ID, store.Outcome{
		Status: flowhq.Answered, Facts: facts, Understood: []byte(`{"band":"sure"}`), Capacity: 1,
		Reply: &store.Outbound{WAID: fmt.Sprint("OUT", s.sent), Kind: flowhq.KindReply, Text: "hi"},
	})
	if err != nil {
		s.Fatal(err)
	}
	return r.ID
}

// do sends a request about the tenant.
func (s *shop) do(method, path, body string, status int) answer {
	s.Helper()
	return s.send(call{method: method, path: s.path + path, body: body}, status)
}

// members returns a member of each entry of a list that an answer has.
func members(a answer, list, member string) (all []string) {
	entries, _ := a.json.(node)[list].([]any)
	for _, e := range entries {
		all = append(all, fmt.Sprint(e.(node)[member]))
	}
	return all
}

func (s *shop) events(kind flowhq.EventType) (reasons []string) {
	s.Helper()
	events, err := s.store.Events(s.Context(), s.id, 100)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range events {
		if e.Type == kind {
			reasons = append(reasons, e.Actor+": "+e.Reason)
		}
	}
	return reasons
}

func held(at time.Time, name string) flowhq.FactChange {
	return flowhq.FactChange{Booking: &flowhq.Booking{Service: "haircut", Minutes: 30, Price: 10_000, Currency: "TZS", StartsAt: at, Name: name, Status: flowhq.BookingHeld}}
}

func ordered(note string) flowhq.FactChange {
	return flowhq.FactChange{Order: &flowhq.Order{
		Lines: []flowhq.OrderLine{{Product: "rice", Name: "=Rice", Quantity: 2, Price: 3000}, {Product: "oil", Name: "Oil", Size: "1 l", Quantity: 1, Price: 6000}},
		Total: 12_000, Currency: "TZS", Note: note, Status: flowhq.OrderConfirmed, Delivery: flowhq.Drop{Area: "Kimara"},
	}}
}

func asked(text string) flowhq.FactChange {
	return flowhq.FactChange{Unanswered: &flowhq.Unanswered{Text: text, Language: flowhq.English, Intents: []string{"price"}}}
}

// monday is a Monday ahead at a time of the day in Dar es Salaam.
func monday(hour, minute int) time.Time {
	t := time.Now().In(time.FixedZone("EAT", 3*60*60)).AddDate(0, 0, 8)
	for t.Weekday() != time.Monday {
		t = t.AddDate(0, 0, 1)
	}
	return time.Date(t.Year(), t.Month(), t.Day(), hour, minute, 0, 0, t.Location())
}

// TestFactLists: each kind of fact is listed, filtered, paged and read by its number.
func TestFactLists(t *testing.T) {
	s := setup(t).open(barber)
	one := flowhq.Reference(s.leave(amina, held(monday(9, 0), "Amina"), ordered("gate 7"),
		flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "problem", Note: "no net", Status: flowhq.TicketOpen}},
		asked("Do you sell gas?"), flowhq.FactChange{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverAsked}}))
	open := flowhq.FactChange{Order: &flowhq.Order{Total: 500, Status: flowhq.OrderOpen}}
	two := flowhq.Reference(s.leave("+255711000002", held(monday(10, 0), "Juma"), open))
	contact := members(s.do("GET", "/contacts?text=711000001", "", 200), "contacts", "id")[0]
	past := url.QueryEscape(time.Now().Add(-time.Hour).Format(time.RFC3339))
	later := url.QueryEscape(monday(9, 45).Format(time.RFC3339))
	for _, tt := range []struct {
		path string
		want []string
	}{
		{"/bookings", []string{two, one}},
		{"/bookings?status=HELD", []string{two, one}},
		{"/bookings?status=CONFIRMED", nil},
		{"/bookings?contact=" + contact, []string{one}},
		{"/bookings?contact=%2B255711000001", []string{one}},
		{"/bookings?contact=+255711000001", []string{one}},
		{"/bookings?contact=%2B255711000009", nil},
		{"/bookings?text=aMINA", []string{one}},
		{"/bookings?text=" + two, []string{two}},
		{"/bookings?from=" + later, []string{two}},
		{"/bookings?to=" + later, []string{one}},
		{"/bookings?from=" + past + "&to=" + later, []string{one}},
		{"/orders", []string{two, one}},
		{"/orders?placed=true", []string{one}},
		{"/orders?placed=false", []string{two}},
		{"/orders?status=OPEN", []string{two}},
		{"/orders?status=CONFIRMED", []string{one}},
		{"/orders?text=kimara", []string{one}},
		{"/orders?text=gate", []string{one}},
		{"/orders?status=FULFILLED", nil},
		{"/orders?from=" + past, []string{two, one}},
		{"/orders?to=" + past, nil},
		{"/tickets?status=OPEN", []string{one}},
		{"/tickets?text=no%20net", []string{one}},
		{"/tickets?status=CLOSED", nil},
	} {
		kind, _, _ := strings.Cut(tt.path[1:], "?")
		if got := members(s.do("GET", tt.path, "", 200), kind, "number"); !slices.Equal(got, tt.want) {
			t.Errorf("GET %s: %v; want %v", tt.path, got, tt.want)
		}
	}
	first := s.do("GET", "/bookings?limit=1", "", 200)
	next := first.json.(node)["next"].(string)
	if got := members(s.do("GET", "/bookings?limit=1&before="+next, "", 200), "bookings", "number"); !slices.Equal(got, []string{one}) {
		t.Errorf("the second page has %v; want %s", got, one)
	}
	s.contains(s.do("GET", "/bookings/"+strings.ToLower(one), "", 200).json, `{"number": "`+one+`", "contact": "`+amina+`", "contact_id": `+contact+`, "status": "HELD", "name": "Amina"}`)
	s.contains(s.do("GET", "/orders/"+one, "", 200).json, `{"total": 12000, "delivery": {"area": "Kimara", "address": "", "fee": 0}}`)
	s.contains(s.do("GET", "/tickets/"+one, "", 200).json, `{"subject": "problem", "note": "no net"}`)
	hand := members(s.do("GET", "/handovers?status=OPEN", "", 200), "handovers", "id")[0]
	s.contains(s.do("GET", "/handovers/"+hand, "", 200).json, `{"reason": "ASKED", "status": "OPEN"}`)
	s.contains(s.do("GET", "/contacts/"+contact, "", 200).json, `{"number": "`+amina+`", "hand_over": {"id": `+hand+`, "reason": "ASKED"}}`)
	log := s.do("GET", "/logs?status=ANSWERED", "", 200).json.(node)["logs"].([]any)
	s.contains(log[1], `{"understood": {"band": "sure"}, "contact_id": `+contact+`}`)
}

// TestFactMoves: only what a status leads to is done, once, and recorded with the actor.
func TestFactMoves(t *testing.T) {
	s := setup(t).open(barber)
	n := flowhq.Reference(s.leave(amina, held(monday(9, 0), "Amina"), ordered(""),
		flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "problem", Status: flowhq.TicketOpen}}, flowhq.FactChange{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverAsked}}))
	hand := members(s.do("GET", "/handovers", "", 200), "handovers", "id")[0]
	for _, tt := range []struct {
		path, to string
		status   int
		detail   string
	}{
		{"/orders/" + n, "FULFILLED", 200, ""},
		{"/orders/" + n, "FULFILLED", 200, ""},
		{"/orders/" + n, "CANCELLED", 409, "order " + n + " is FULFILLED; from there it can only become CONFIRMED"},
		{"/orders/" + n, "CONFIRMED", 200, ""},
		{"/orders/" + n, "CANCELLED", 200, ""},
		{"/orders/" + n, "CONFIRMED", 409, "order " + n + " is CANCELLED, which is its end: make a new one instead"},
		{"/tickets/" + n, "CLOSED", 200, ""},
		{"/tickets/" + n, "OPEN", 200, ""},
		{"/handovers/" + hand, "OPEN", 200, ""},
		{"/handovers/" + hand, "ENDED", 200, ""},
		{"/handovers/" + hand, "OPEN", 409, "hand-over " + hand + " is ENDED, which is its end: make a new one instead"},
		{"/bookings/" + n, "CONFIRMED", 200, ""},
		{"/bookings/" + n, "CANCELLED", 200, ""},
		{"/bookings/" + n, "CONFIRMED", 409, "booking " + n + " is CANCELLED, which is its end: make a new one instead"},
	} {
		got := s.do("PATCH", tt.path, `{"status":"`+tt.to+`"}`, tt.status)
		if tt.status == 200 {
			s.contains(got.json, `{"status": "`+tt.to+`"}`)
		} else if detail := got.json.(node)["detail"]; detail != tt.detail {
			t.Errorf("PATCH %s to %s: %q; want %q", tt.path, tt.to, detail, tt.detail)
		}
	}
	want := []string{"admin (127.0.0.1): booking " + n + " CANCELLED", "admin (127.0.0.1): booking " + n + " CONFIRMED", "admin (127.0.0.1): ticket " + n + " OPEN", "admin (127.0.0.1): ticket " + n + " CLOSED",
		"admin (127.0.0.1): order " + n + " CANCELLED", "admin (127.0.0.1): order " + n + " CONFIRMED", "admin (127.0.0.1): order " + n + " FULFILLED"}
	if diff := gocmp.Diff(want, s.events(flowhq.EventFactChanged)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if given := s.events(flowhq.EventGivenBack); len(given) != 1 {
		t.Errorf("GIVEN_BACK: %v", given)
	}
}

// TestPaidOrders: the mark goes with the orders that can be paid for, and is made once.
func TestPaidOrders(t *testing.T) {
	s := setup(t).open(barber)
	owed := ordered("")
	owed.Order.Unpaid = true
	n := flowhq.Reference(s.leave(amina, owed))
	open := flowhq.Reference(s.leave(amina, flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderOpen}}))
	for _, tt := range []struct {
		number, body string
		status       int
		want         string // of the answer, or its detail
	}{
		{open, `{"unpaid":false}`, 409, "order " + open + " is OPEN; only one that is CONFIRMED or FULFILLED is paid for"},
		{open, `{"status":"CONFIRMED","unpaid":true}`, 200, `{"status": "CONFIRMED", "unpaid": true}`},
		{n, `{"unpaid":false}`, 200, `{"status": "CONFIRMED", "unpaid": false}`},
		{n, `{"unpaid":false}`, 200, `{"status": "CONFIRMED", "unpaid": false}`},
		{n, `{"unpaid":true}`, 200, `{"unpaid": true}`},
		{n, `{"status":"FULFILLED","unpaid":false}`, 200, `{"status": "FULFILLED", "unpaid": false}`},
		{n, `{"status":"FULFILLED","unpaid":false}`, 200, `{"status": "FULFILLED", "unpaid": false}`},
		{n, `{"status":"CANCELLED","unpaid":false}`, 409, "order " + n + " is FULFILLED; from there it can only become CONFIRMED"},
		{n, `{"unpaid":true}`, 200, `{"status": "FULFILLED", "unpaid": true}`},
		{open, `{"status":"CANCELLED"}`, 200, `{"status": "CANCELLED"}`},
		{open, `{"unpaid":false}`, 409, "order " + open + " is CANCELLED; only one that is CONFIRMED or FULFILLED is paid for"},
	} {
		got := s.do("PATCH", "/orders/"+tt.number, tt.body, tt.status)
		if tt.status == 200 {
			s.contains(got.json, tt.want)
		} else if detail := got.json.(node)["detail"]; detail != tt.want {
			t.Errorf("PATCH %s: %q; want %q", tt.body, detail, tt.want)
		}
	}
	want := []string{"admin (127.0.0.1): order " + open + " CANCELLED", "admin (127.0.0.1): order " + n + " FULFILLED unpaid", "admin (127.0.0.1): order " + n + " FULFILLED paid",
		"admin (127.0.0.1): order " + n + " CONFIRMED unpaid", "admin (127.0.0.1): order " + n + " CONFIRMED paid", "admin (127.0.0.1): order " + open + " CONFIRMED unpaid"}
	if diff := gocmp.Diff(want, s.events(flowhq.EventFactChanged)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got := members(s.do("GET", "/follow-ups?status=PENDING", "", 200), "follow_ups", "number"); len(got) > 0 {
		t.Errorf("follow-ups of %v are PENDING", got)
	}
}

// TestBadFacts: each wrong field is named, and nothing is there or changed.
func TestBadFacts(t *testing.T) {
	s := setup(t).open(barber)
	n := flowhq.Reference(s.leave(amina, held(monday(9, 0), "Amina"), ordered(""), asked("?")))
	long := strings.Repeat("x", 501)
	type row struct {
		method, path, body string
		status             int
		fields             []string
	}
	tests := []row{
		{"POST", "/bookings", `{}`, 400, []string{"service", "starts_at"}},
		{"POST", "/bookings", `{"service":"massage","starts_at":"2030-01-07T10:00"}`, 400, []string{"service"}},
		{"POST", "/bookings", `{"service":"dye","starts_at":"2030-01-07T10:00"}`, 400, []string{"minutes"}},
		{"POST", "/bookings", `{"service":"haircut","starts_at":"tomorrow","minutes":0,"price":-1,"name":"` + long + `","note":"a\u0000b","contact":"0711","contact_id":0,"force":"yes"}`,
			400, []string{"contact", "contact_id", "force", "minutes", "name", "note", "price", "starts_at"}},
		{"POST", "/bookings", `{"service":"haircut","starts_at":"2030-01-07T10:00","contact":"+255711000001","contact_id":1}`, 400, []string{"contact_id"}},
		{"POST", "/bookings", `{"service":"haircut","starts_at":"2030-01-07T10:00","contact_id":999999}`, 404, nil},
		{"POST", "/bookings", `{"service":"haircut","starts_at":"1999-01-07T10:00"}`, 400, []string{"starts_at"}},
		{"POST", "/bookings", `{"service":"haircut","starts_at":"2030-02-30T10:00"}`, 400, []string{"starts_at"}},
		{"POST", "/bookings", `{"service":"haircut","starts_at":"2030-01-07T10:00","minutes":1441}`, 400, []string{"minutes"}},
		{"PATCH", "/bookings/" + n, `{}`, 400, nil},
		{"PATCH", "/bookings/" + n, `{"force":true}`, 400, nil},
		{"PATCH", "/bookings/" + n, `{"status":"HELD"}`, 400, []string{"status"}},
		{"PATCH", "/bookings/" + n, `{"status":null}`, 400, []string{"status"}},
		{"PATCH", "/bookings/" + n, `{"service":" ","minutes":1.5,"starts_at":"","note":7}`, 400, []string{"minutes", "note", "service", "starts_at"}},
		{"PATCH", "/bookings/" + n, `{"service":"massage"}`, 400, []string{"service"}},
		{"PATCH", "/bookings/" + n, `{"number":"X1"}`, 400, []string{"number"}},
		{"PATCH", "/bookings/X99999", `{"note":"x"}`, 404, nil},
		{"PATCH", "/bookings/%2e%2e", `{"note":"x"}`, 404, nil},
		{"PATCH", "/orders/" + n, `{}`, 400, []string{"status"}},
		{"PATCH", "/orders/" + n, `{"status":"HELD"}`, 400, []string{"status"}},
		{"PATCH", "/orders/" + n, `{"unpaid":"no"}`, 400, []string{"status", "unpaid"}},
		{"PATCH", "/orders/" + n, `{"unpaid":null}`, 400, []string{"status", "unpaid"}},
		{"PATCH", "/orders/X99999", `{"unpaid":false}`, 404, nil},
		{"PATCH", "/orders/" + n, `{"status":"FULFILLED","total":1}`, 400, []string{"total"}},
		{"PATCH", "/orders/X99999", `{"status":"FULFILLED"}`, 404, nil},
		{"PATCH", "/tickets/" + n, `{"status":"CLOSED"}`, 404, nil},
		{"PATCH", "/tickets/" + n, `{"status":"DONE"}`, 400, []string{"status"}},
		{"PATCH", "/handovers/1", `{"status":"ENDED"}`, 404, nil},
		{"PATCH", "/handovers/x", `{"status":"ENDED"}`, 404, nil},
		{"PATCH", "/handovers/1", `{"status":"LAPSED"}`, 400, []string{"status"}},
		{"GET", "/handovers/9223372036854775808", "", 404, nil},
		{"GET", "/bookings?status=held", "", 400, []string{"status"}},
		{"GET", "/bookings?contact=amina", "", 400, []string{"contact"}},
		{"GET", "/bookings?contact=-1", "", 400, []string{"contact"}},
		{"GET", "/bookings?from=today&to=2026-13-01T00:00:00Z", "", 400, []string{"from", "to"}},
		{"GET", "/bookings?from=2026-12-02T00:00:00Z&to=2026-12-01T00:00:00Z", "", 400, []string{"to"}},
		{"GET", "/orders?text=%00&limit=0&before=x&since=1", "", 400, []string{"before", "limit", "since", "text"}},
		{"GET", "/bookings.csv?status=OLD&bom=1&limit=5", "", 400, []string{"bom", "limit", "status"}},
		{"GET", "/bookings.ics?status=LAPSED&bom=true", "", 400, []string{"bom", "status"}},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path+" "+tt.body[:min(len(tt.body), 40)], func(t *testing.T) {
			f := *s
			f.fixture = &fixture{}
			*f.fixture = *s.fixture
			f.fixture.T = t
			got := f.do(tt.method, tt.path, tt.body, tt.status)
			if diff := gocmp.Diff(tt.fields, sorted(got.fields())); diff != "" {
				t.Errorf("fields (-want +got):\n%s\n%s", diff, got.body)
			}
		})
	}
	if changed := s.events(flowhq.EventFactChanged); len(changed) > 0 {
		t.Errorf("something was changed: %v", changed)
	}
	if got := members(s.do("GET", "/bookings", "", 200), "bookings", "status"); !slices.Equal(got, []string{"HELD"}) {
		t.Errorf("bookings are %v; want the one that is held", got)
	}
}

// TestNobodysFacts: what is of no tenant, or of another one, is not there.
func TestNobodysFacts(t *testing.T) {
	f := setup(t)
	s, thief := f.open(barber), f.open(barber)
	n := flowhq.Reference(s.leave(amina, held(monday(9, 0), "Amina"), ordered(""), asked("?"), flowhq.FactChange{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverAsked}}))
	ids := map[string]string{"handovers": "", "unanswered": "", "contacts": ""}
	for kind := range ids {
		ids[kind] = members(s.do("GET", "/"+kind, "", 200), kind, "id")[0]
	}
	nobody := *s
	nobody.path = "/admin/tenants/" + never
	for _, who := range []*shop{thief, &nobody} {
		for _, c := range []call{
			{method: "GET", path: "/bookings/" + n}, {method: "GET", path: "/orders/" + n}, {method: "GET", path: "/tickets/" + n},
			{method: "PATCH", path: "/bookings/" + n, body: `{"note":"x"}`}, {method: "PATCH", path: "/orders/" + n, body: `{"status":"FULFILLED"}`},
			{method: "GET", path: "/handovers/" + ids["handovers"]}, {method: "PATCH", path: "/handovers/" + ids["handovers"], body: `{"status":"ENDED"}`},
			{method: "GET", path: "/unanswered/" + ids["unanswered"]}, {method: "PATCH", path: "/unanswered/" + ids["unanswered"], body: `{"status":"DISMISSED"}`},
			{method: "POST", path: "/unanswered/" + ids["unanswered"] + "/answer", body: `{"answer":{"en":"x"}}`},
			{method: "GET", path: "/contacts/" + ids["contacts"]}, {method: "PUT", path: "/contacts/" + ids["contacts"] + "/left-alone", body: `{"left_alone":true}`},
			{method: "POST", path: "/contacts/" + ids["contacts"] + "/hand-over"}, {method: "POST", path: "/contacts/" + ids["contacts"] + "/give-back"},
			{method: "POST", path: "/contacts/" + ids["contacts"] + "/messages", body: `{"text":"x"}`}, {method: "PUT", path: "/contacts/" + ids["contacts"] + "/muted", body: `{"minutes":1}`},
		} {
			who.do(c.method, c.path, c.body, 404)
		}
		for _, kind := range []string{"bookings", "orders", "tickets", "handovers", "unanswered", "contacts"} {
			status := map[bool]int{true: 200, false: 404}[who == thief]
			if got := members(who.do("GET", "/"+kind, "", status), kind, "id"); len(got) > 0 {
				t.Errorf("another tenant lists %s %v", kind, got)
			}
		}
	}
	for _, path := range []string{"/bookings.csv", "/bookings.ics", "/orders.csv", "/tickets.csv", "/unanswered.csv"} {
		nobody.do("GET", path, "", 404)
		if got := thief.do("GET", path, "", 200); strings.Contains(string(got.body), n) {
			t.Errorf("another tenant exports %s", got.body)
		}
	}
	nobody.do("POST", "/bookings", `{"service":"haircut","starts_at":"2030-01-07T10:00"}`, 404)
	nobody.do("POST", "/contacts", `{"number":"+255711000001"}`, 404)
}

// TestExports: a file has each row once, however many pages it takes, and nothing in it is a
// formula.
func TestExports(t *testing.T) {
	s := setup(t).open(barber)
	evil := "=HYPERLINK(\"http://x\")\n2nd, line; \"quoted\" \\ é"
	b := held(monday(9, 0), evil)
	b.Booking.Note = strings.Repeat("ünïcödé, ", 30)
	n := flowhq.Reference(s.leave(amina, b, ordered("-1+1"), asked("@SUM(A1)"),
		flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "problem", Note: "+1+cmd|x", Status: flowhq.TicketOpen}}))
	for path, want := range map[string][]string{
		"/bookings.csv":   {n, "HELD", monday(9, 0).Format(time.RFC3339), "haircut", "10000", "'" + evil, amina},
		"/orders.csv":     {n, "2 x =Rice @ 3000; 1 x Oil 1 l @ 6000", "12000", "Kimara", "'-1+1", amina},
		"/tickets.csv":    {n, "problem", "'+1+cmd|x", amina},
		"/unanswered.csv": {"'@SUM(A1)", "OPEN", "price"},
	} {
		got := s.do("GET", path+"?bom=true", "", 200)
		text, marked := strings.CutPrefix(string(got.body), "\ufeff")
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(rows) != 2 || !marked {
			t.Fatalf("GET %s: %q, %v", path, got.body, err)
		}
		for _, cell := range want {
			if !slices.Contains(rows[1], cell) {
				t.Errorf("GET %s: %q; want a cell %q", path, rows[1], cell)
			}
		}
		if plain := s.do("GET", path+"?text=nothing", "", 200); strings.HasPrefix(string(plain.body), "\ufeff") || strings.Count(string(plain.body), "\n") != 1 {
			t.Errorf("GET %s of nothing: %q", path, plain.body)
		}
	}
	calendar := func() string { return string(s.do("GET", "/bookings.ics", "", 200).body) }
	ics := calendar()
	for line := range strings.SplitSeq(ics, "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d bytes: %q", len(line), line)
		}
	}
	unfolded := strings.ReplaceAll(ics, "\r\n ", "")
	for _, want := range []string{
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "UID:" + n + "." + string(s.id) + "@flowhq\r\n", "STATUS:TENTATIVE\r\n", "SEQUENCE:0\r\n",
		"DTSTART:" + monday(9, 0).UTC().Format("20060102T150405Z") + "\r\n", "DTEND:" + monday(9, 30).UTC().Format("20060102T150405Z") + "\r\n",
		`SUMMARY:haircut\, =HYPERLINK("http://x")\n2nd\, line\; "quoted" \\ é` + "\r\n", `ünïcödé\, `, "END:VEVENT\r\nEND:VCALENDAR\r\n",
	} {
		if !strings.Contains(unfolded, want) {
			t.Errorf("the calendar lacks %q:\n%s", want, unfolded)
		}
	}
	s.do("PATCH", "/bookings/"+n, `{"status":"CANCELLED"}`, 200)
	if ics := calendar(); !strings.Contains(ics, "STATUS:CANCELLED\r\n") || strings.Count(ics, "BEGIN:VEVENT") != 1 {
		t.Errorf("after it was cancelled:\n%s", ics)
	}
	for range exportPage + 3 {
		s.leave(amina, flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "x", Status: flowhq.TicketOpen}})
	}
	rows, err := csv.NewReader(strings.NewReader(string(s.do("GET", "/tickets.csv", "", 200).body))).ReadAll()
	seen := map[string]bool{}
	for _, r := range rows {
		seen[r[0]] = true
	}
	if err != nil || len(rows) != exportPage+5 || len(seen) != len(rows) {
		t.Errorf("%d rows of %d numbers, %v; want %d", len(rows), len(seen), err, exportPage+5)
	}
}

// TestCutExport: an export that fails on its way is no whole file.
func TestCutExport(t *testing.T) {
	s := setup(t, func(o *Options) { o.Facts = brokenFacts{o.Facts.(*store.Store)} }).open(barber)
	q, err := http.NewRequestWithContext(t.Context(), "GET", s.url+s.path+"/tickets.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.SetBasicAuth("", password)
	p, err := http.DefaultClient.Do(q)
	if err == nil {
		defer p.Body.Close()
		_, err = csv.NewReader(p.Body).ReadAll()
	}
	if err == nil {
		t.Error("half a file came whole")
	}
}
