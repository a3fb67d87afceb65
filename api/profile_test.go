package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

// profile is the path of a new tenant's profile.
func (f *fixture) profile() string { return "/admin/tenants/" + string(f.create()) + "/profile" }

// match is the header of a change of a version.
func match(version string) http.Header {
	return http.Header{"If-Match": {version}, "Content-Type": {"application/json"}}
}

var sentCSV = http.Header{"Content-Type": {"text/csv"}}

func TestProfileIsDescribed(t *testing.T) {
	s := loadSpec(t)
	var compare func(t *testing.T, of reflect.Type, schema node, at string)
	compare = func(t *testing.T, of reflect.Type, schema node, at string) {
		schema = s.resolve(schema)
		switch of.Kind() {
		case reflect.Pointer:
			compare(t, of.Elem(), schema, at)
		case reflect.Slice:
			compare(t, of.Elem(), s.at(schema, "items"), at+"[]")
		case reflect.Map:
			compare(t, of.Elem(), s.at(schema, "additionalProperties"), at+"{}")
		case reflect.Struct:
			fields := fieldsOf(reflect.New(of).Interface())
			properties := s.at(schema, "properties")
			if diff := gocmp.Diff(slices.Sorted(maps.Keys(fields)),
				slices.Sorted(maps.Keys(properties))); diff != "" {
				t.Errorf("%s (-program +described):\n%s", at, diff)
			}
			for name, field := range fields {
				compare(t, field.Type(), s.at(properties, name), at+"."+name)
			}
		default:
			want := map[reflect.Kind]string{reflect.String: "string", reflect.Int: "integer",
				reflect.Int64: "integer", reflect.Float64: "number", reflect.Bool: "boolean"}[of.Kind()]
			if got := fmt.Sprint(schema["type"]); got != want && got != "["+want+" null]" {
				t.Errorf("%s is described as %s; want %s", at, got, want)
			}
		}
	}
	schemas := s.at(s.root, "components", "schemas")
	compare(t, reflect.TypeFor[flowhq.Profile](), s.at(schemas, "Profile"), "Profile")
	compare(t, reflect.TypeFor[previewBody](), s.at(schemas, "PreviewRequest"), "PreviewRequest")
}

// TestDemoProfiles: what a file of a business says is stored and read back, and sent back it
// changes nothing.
func TestDemoProfiles(t *testing.T) {
	f := setup(t)
	for _, name := range demo.Names {
		path := f.profile()
		f.send(call{method: "PUT", path: path, body: string(demo.JSON(name))}, 200)
		got := f.send(call{method: "GET", path: path}, 200)
		var p flowhq.Profile
		if err := json.Unmarshal(got.body, &p); err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(demo.Profile(name), p); diff != "" {
			t.Errorf("%s (-file +stored):\n%s", name, diff)
		}
		for _, method := range []string{"PUT", "PATCH"} {
			again := f.send(call{method: method, path: path, body: string(got.body),
				header: match(`"1"`)}, 200)
			if tag := again.Header.Get("ETag"); tag != `"1"` {
				t.Errorf("%s: after the same %s the version is %s", name, method, tag)
			}
		}
	}
}

func TestProfileOfNobody(t *testing.T) {
	f := setup(t)
	path := "/admin/tenants/" + never + "/profile"
	for _, c := range []call{
		{method: "GET", path: path}, {method: "PUT", path: path, body: `{}`},
		{method: "PATCH", path: path, body: `{}`},
		{method: "GET", path: path + "/missing"}, {method: "GET", path: path + "/versions"},
		{method: "GET", path: path + "/versions/1"},
		{method: "POST", path: path + "/versions/1/restore"}, {method: "GET", path: path + "/export"},
		{method: "POST", path: path + "/import", body: "name\nx\n", header: sentCSV},
		{method: "POST", path: strings.Replace(path, "profile", "preview", 1),
			body: `{"messages":[{"text":"hi"}]}`},
	} {
		f.send(c, 404)
	}
	path = f.profile()
	f.contains(f.send(call{method: "GET", path: path}, 200).json,
		`{"version": 0, "time_zone": "Africa/Dar_es_Salaam", "currency": "TZS", "hours": [], "texts": {}}`)
	f.contains(f.send(call{method: "GET", path: path + "/versions"}, 200).json,
		`{"versions": [], "next": ""}`)
	for _, version := range []string{"1", "0", "x"} {
		f.send(call{method: "GET", path: path + "/versions/" + version}, 404)
	}
}

// TestWrongProfiles: each wrong field is named by its path, and nothing is stored.
func TestWrongProfiles(t *testing.T) {
	f := setup(t)
	path := f.profile()
	for body, want := range map[string]string{
		`{"services":[{"name":{"en":"Shave"},"price":-1}]}`:      "services[0].price",
		`{"services":[{"name":{"en":"Shave"},"price":"5"}]}`:     "services[0].price",
		`{"services":[{"name":{"en":"a"}},{"name":{"fr":"b"}}]}`: "services[1].name.fr services[1].name",
		`{"services":{}}`:  "services",
		`{"services":[1]}`: "services[0] services[0].name",
		`{"products":[{"name":{"en":"a"},"stock":1.5}]}`: "products[0].stock",
		`{"place":[]}`:                                   "place",
		`{"place":{"latitude":"x"}}`:                     "place.latitude",
		`{"delivery":{"areas":[{"name":"a","fee":-5}]}}`: "delivery.areas[0].fee",
		`{"texts":{"greeting":5}}`:                       "texts.greeting",
		`{"texts":[]}`:                                   "texts",
		`{"time_zone":"Nowhere","currency":"USD","capacity":-1,"payment":1}`: "payment time_zone currency capacity",
		`{"hours":[{"day":"mon","opens":"8","closes":"17:00"}]}`:             "hours[0].opens",
		`{"version":-1}`: "version",
		`{"texts":{"greet.hello":{"en":"Hi, {jina}"},"greet.hullo":{"en":"Hi"}}}`: "texts.greet.hello.en texts.greet.hullo",
		`{"texts":{"greet.hello":{"en":"Hi, {business"}}}`:                        "texts.greet.hello.en",
	} {
		for _, method := range []string{"PUT", "PATCH"} {
			got := f.send(call{method: method, path: path, body: body}, 400)
			// A PATCH finds what the types of the fields do not say only when they are right.
			if fields := strings.Join(got.fields(), " "); fields != want &&
				(method == "PUT" || !strings.HasPrefix(want, fields)) {
				t.Errorf("%s %s: wrong are %q; want %q", method, body, fields, want)
			}
		}
	}
	f.send(call{method: "PUT", path: path,
		body: `{"place":{"address":{"en":"` + strings.Repeat("x", flowhq.MaxProfileBytes) + `"}}}`}, 413)
	f.send(call{method: "PUT", path: path,
		body: `{"services":[` + strings.Repeat("0,", maxElements) + `0]}`}, 400)
	f.send(call{method: "PUT", path: path, body: "x",
		header: http.Header{"Content-Type": {"text/plain"}}}, 415)
	f.contains(f.send(call{method: "GET", path: path}, 200).json, `{"version": 0}`)
}

func TestMergeProfile(t *testing.T) {
	f := setup(t)
	path := f.profile()
	f.send(call{method: "PUT", path: path, body: string(demo.JSON(demo.Barber))}, 200)
	got := f.send(call{method: "PATCH", path: path,
		body: `{"capacity":5,"place":{"address":{"en":"Here"}},"payments":[{"name":"Cash"}],"holidays":null}`}, 200)
	f.contains(got.json, `{"version": 2, "capacity": 5, "holidays": [], "place": {"address": {"en": "Here", "sw": "Mtaa wa Samora, karibu na Mnara wa Saa, Dar es Salaam, ghorofa ya chini, mlango wa bluu"}, "latitude": -6.8184}}`)
	if n := len(got.json.(node)["payments"].([]any)); n != 1 {
		t.Errorf("there are %d payments", n)
	}
	if n := len(got.json.(node)["services"].([]any)); n != 9 {
		t.Errorf("there are %d services", n)
	}
	got = f.send(call{method: "PATCH", path: path, body: `{"place":{"latitude":null}}`}, 400)
	if fields := got.fields(); len(fields) != 1 || fields[0] != "place.latitude" {
		t.Errorf("wrong are %v", fields)
	}
	f.contains(f.send(call{method: "PATCH", path: path, body: `{"place":null}`}, 200).json,
		`{"place": {"map_link": "", "longitude": null}}`)
}

// TestKenyanProfile: a business keeps its country's currency and clock though nobody names them.
func TestKenyanProfile(t *testing.T) {
	f := setup(t)
	a := f.send(call{method: "POST", path: "/admin/tenants",
		body: strings.Replace(validTenant, "255712345678", "254712345678", 1)}, 201)
	path := "/admin/tenants/" + a.json.(node)["id"].(string) + "/profile"
	const kenyan = `{"currency": "KES", "time_zone": "Africa/Nairobi"}`
	f.contains(f.send(call{method: "GET", path: path}, 200).json, kenyan)
	f.contains(f.send(call{method: "PUT", path: path, body: `{"capacity":2}`}, 200).json, kenyan)
	f.contains(f.send(call{method: "PUT", path: path, body: `{"currency":"TZS"}`}, 200).json,
		`{"currency": "TZS", "time_zone": "Africa/Nairobi"}`)
}

func TestIfMatch(t *testing.T) {
	f := setup(t)
	path := f.profile()
	first := f.send(call{method: "GET", path: path}, 200)
	if tag := first.Header.Get("ETag"); tag != `"0"` {
		t.Fatalf("ETag is %s", tag)
	}
	f.send(call{method: "PUT", path: path, body: `{"capacity":2}`, header: match(`"0"`)}, 200)
	f.contains(f.send(call{method: "PUT", path: path, body: `{"capacity":3}`, header: match(`"0"`)}, 412).json,
		`{"code": "precondition_failed", "detail": "the profile is at version 1, and this request is about version 0: read the profile again, then change that"}`)
	f.send(call{method: "PATCH", path: path, body: `{"capacity":3}`, header: match(`"7"`)}, 412)
	f.send(call{method: "PATCH", path: path, body: `{"capacity":3,"version":7}`}, 412)
	f.send(call{method: "PUT", path: path, body: `{"capacity":3,"version":7}`}, 412)
	f.send(call{method: "POST", path: path + "/versions/1/restore", header: match(`"7"`)}, 412)
	f.send(call{method: "POST", path: path + "/import", body: "name\nx\n",
		header: http.Header{"Content-Type": {"text/csv"}, "If-Match": {`"7"`}}}, 412)
	f.send(call{method: "PUT", path: path, body: `{"capacity":3,"version":1}`, header: match(`"2"`)}, 400)
	for _, tag := range []string{"1", `W/"1"`, `"x"`, `"1", "2"`, `"-1"`, ""} {
		got := f.send(call{method: "PUT", path: path, body: `{"capacity":3}`, header: match(tag)}, 400)
		if fields := got.fields(); len(fields) != 1 || fields[0] != "If-Match" {
			t.Errorf("If-Match %q: wrong are %v", tag, fields)
		}
	}
	f.send(call{method: "PUT", path: path, body: `{"capacity":3}`, header: match("*")}, 200)
	f.contains(f.send(call{method: "PUT", path: path, body: `{"capacity":4,"version":2}`,
		header: match(`"2"`)}, 200).json, `{"version": 3}`)
}

// TestChangesAtOnce: changes without a condition all happen, those of one version do once.
func TestChangesAtOnce(t *testing.T) {
	f := setup(t)
	path := f.profile()
	const writers = 3
	statuses := make([]int, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			statuses[i] = f.exchange(call{method: "PATCH", path: path,
				body: fmt.Sprintf(`{"capacity":%d}`, i+2), header: match(`"0"`)}).StatusCode
		})
	}
	wg.Wait()
	slices.Sort(statuses)
	if !slices.Equal(statuses, []int{200, 412, 412}) {
		t.Errorf("answers are %v", statuses)
	}
	f.contains(f.send(call{method: "GET", path: path}, 200).json, `{"version": 1}`)
}

func TestUndo(t *testing.T) {
	f := setup(t)
	path := f.profile()
	f.send(call{method: "PUT", path: path, body: string(demo.JSON(demo.Barber))}, 200)
	f.send(call{method: "PUT", path: path, body: `{}`}, 200)
	for range 2 { // to repeat it changes nothing
		f.contains(f.send(call{method: "POST", path: path + "/versions/1/restore"}, 200).json,
			`{"version": 3, "capacity": 2}`)
	}
	f.contains(f.send(call{method: "GET", path: path + "/versions/2"}, 200).json,
		`{"version": 2, "capacity": 1, "services": []}`)
	got := f.send(call{method: "GET", path: path + "/versions?limit=2"}, 200)
	f.contains(got.json, `{"next": "2"}`)
	newest := got.json.(node)["versions"].([]any)[0].(node)
	if newest["version"] != 3.0 || newest["reason"] != "version 1 again" ||
		newest["actor"] != "admin (127.0.0.1)" {
		t.Errorf("newest version is %v", newest)
	}
	if rest := f.send(call{method: "GET", path: path + "/versions?before=2"},
		200).json.(node)["versions"].([]any); len(rest) != 1 {
		t.Errorf("the next page is %v", rest)
	}
	f.send(call{method: "POST", path: path + "/versions/9/restore"}, 404)
}

func TestMissing(t *testing.T) {
	f := setup(t)
	path := f.profile()
	f.send(call{method: "PUT", path: path, body: `{"services":[{"name":{"en":"Shave"}}]}`}, 200)
	got := f.send(call{method: "GET", path: path + "/missing"}, 200).json.(node)
	var fields []string
	for _, m := range got["missing"].([]any) {
		fields = append(fields, m.(node)["field"].(string))
	}
	if want := "hours services[0].name.sw services[0].minutes services[0].price place delivery.offered payments"; strings.Join(fields, " ") != want || got["version"] != 1.0 {
		t.Errorf("missing are %v; want %s", fields, want)
	}
}

func TestImport(t *testing.T) {
	f := setup(t)
	path := f.profile()
	const file = "\ufeffname_sw;name_en;price\r\nMchele;Rice;\"3,200\"\r\nMaharage;Beans;3500\r\n"
	send := func(query, body string, status int) answer {
		t.Helper()
		return f.send(call{method: "POST", path: path + "/import" + query, body: body,
			header: sentCSV}, status)
	}
	f.contains(send("?list=products&dry_run=true", file, 200).json,
		`{"dry_run": true, "version": 0, "list": "products"}`)
	f.contains(f.send(call{method: "GET", path: path}, 200).json, `{"version": 0, "products": []}`)
	got := send("?list=products", file, 200).json.(node)
	if got["version"] != 1.0 || len(got["added"].([]any)) != 2 {
		t.Errorf("import answers %v", got)
	}
	f.contains(send("?list=products", file, 200).json, `{"version": 1, "unchanged": 2, "added": []}`)
	exported := f.send(call{method: "GET", path: path + "/export?list=products"}, 200)
	if d := exported.Header.Get("Content-Disposition"); d != `attachment; filename="products.csv"` {
		t.Errorf("Content-Disposition is %s", d)
	}
	f.contains(send("?list=products&mode=replace", string(exported.body), 200).json,
		`{"version": 1, "unchanged": 2, "removed": []}`)
	wrong := send("?list=products", "name,price\nSalt,700\nSugar,ten\nTea,x\n", 400)
	if fields := strings.Join(wrong.fields(), " "); fields != "line 3, price line 4, price" {
		t.Errorf("wrong are %s", fields)
	}
	f.contains(f.send(call{method: "GET", path: path}, 200).json, `{"version": 1}`)
	f.contains(send("?list=products&mode=replace", "name,price\nRice,1\n", 200).json,
		`{"version": 2, "unchanged": 0}`)
	// A BOOKING tenant's list is its services.
	f.contains(send("", "huduma,bei,dakika\nKunyoa,\"TSh 10,000/=\",30\n", 200).json,
		`{"version": 3, "list": "services"}`)
	send("", "", 400)
	send("?mode=all", file, 400)
	send("?dry_run=yes", file, 400)
	send("", strings.Repeat("x", flowhq.MaxProfileBytes+1), 413)
	f.send(call{method: "POST", path: path + "/import", body: file,
		header: http.Header{"Content-Type": {"text/plain"}}}, 415)
	if events := f.send(call{method: "GET", path: strings.Replace(path, "profile", "events", 1)},
		200); !strings.Contains(string(events.body), "version 3: import of services") {
		t.Errorf("events: %s", events.body)
	}
}

func TestPreview(t *testing.T) {
	f := setup(t)
	id := string(f.create())
	path := "/admin/tenants/" + id + "/preview"
	got := f.send(call{method: "POST", path: path,
		body: `{"messages":[{"text":"Habari"},{"kind":"MEDIA","media":"voice"}],"now":"2026-03-04T10:15:00+03:00"}`}, 200).json.(node)
	turns := got["turns"].([]any)
	if len(turns) != 2 || turns[0].(node)["reply"] == "" || turns[1].(node)["reply"] == "" ||
		got["template_type"] != "BOOKING" {
		t.Errorf("preview answers %v", got)
	}
	body := `{"messages":[{"text":"hello"}],"template_type":"SUPPORT","language":"EN","profile":` +
		string(demo.JSON(demo.Internet)) + `}`
	f.contains(f.send(call{method: "POST", path: path, body: body}, 200).json,
		`{"version": 0, "template_type": "SUPPORT"}`)
	f.contains(f.send(call{method: "GET", path: "/admin/tenants/" + id + "/logs"}, 200).json, `{"logs": []}`)
	f.contains(f.send(call{method: "GET", path: "/admin/tenants/" + id + "/profile"}, 200).json,
		`{"version": 0}`)
	for body, want := range map[string]string{
		`{"messages":[]}`:            "messages",
		`{"messages":[{"text":""}]}`: "messages[0].text",
		`{"messages":[{"text":"` + strings.Repeat("x", 4097) +
			`"}]}`: "messages[0].text",
		`{"messages":[{"text":"x","kind":"CALL"}]}`:                                           "messages[0].kind",
		`{"messages":[{"text":"x","media":"fax"}]}`:                                           "messages[0].media",
		`{"messages":[{"text":"x"}],"template_type":"X","language":"FR"}`:                     "template_type language",
		`{"messages":[{"text":"x"}],"now":"today"}`:                                           "now",
		`{"messages":[{"text":"x"}],"profile":{"services":[{"name":{"en":"a"},"price":-1}]}}`: "profile.services[0].price",
	} {
		if fields := strings.Join(f.send(call{method: "POST", path: path, body: body},
			400).fields(), " "); fields != want {
			t.Errorf("%.80s: wrong are %q; want %q", body, fields, want)
		}
	}
}

// TestPreviewBooks: a booking that is made in a preview is there in its later turns, a slot that is
// taken is not offered, and a person ends the bot's part.
func TestPreviewBooks(t *testing.T) {
	f := setup(t)
	id := string(f.create())
	f.send(call{method: "PUT", path: "/admin/tenants/" + id + "/profile",
		body: string(demo.JSON(demo.Barber))}, 200)
	got := f.send(call{method: "POST", path: "/admin/tenants/" + id + "/preview",
		body: `{"language":"EN","now":"2026-03-04T10:15:00+03:00","messages":[
		{"text":"hi, how much is a haircut?"},{"text":"can I come tomorrow at 3pm?"},{"text":"yes"},{"text":"cancel my booking"},{"text":"yes"},
		{"text":"I want to talk to a person"},{"text":"hello?"}]}`}, 200)
	want := []string{"", "booking HELD", "booking CONFIRMED", "", "booking CANCELLED", "hand_over ASKED", ""}
	for i, turn := range got.json.(node)["turns"].([]any) {
		var facts []string
		for _, fact := range turn.(node)["facts"].([]any) {
			for kind, of := range fact.(node) {
				facts = append(facts, kind+" "+fmt.Sprint(cmp.Or(of.(node)["status"], of.(node)["reason"])))
			}
		}
		if got := strings.Join(facts, ", "); got != want[i] {
			t.Errorf("%v: facts are %q; want %q. The reply is %v", turn.(node)["text"], got,
				want[i], turn.(node)["reply"])
		}
		if said, handed := turn.(node)["reply"] != "",
			turn.(node)["handed_over"] == true; said == (i == 6) || handed != (i >= 5) {
			t.Errorf("%v: %v", turn.(node)["text"], turn)
		}
		if i == 0 && !strings.Contains(turn.(node)["reply"].(string), "10,000") {
			t.Errorf("the price is %v", turn.(node)["reply"])
		}
	}
}

// TestPreviewKnowsTheDay: what is made in a preview has a day, which the bot says when it is asked
// about it.
func TestPreviewKnowsTheDay(t *testing.T) {
	f := setup(t)
	id := string(f.create())
	f.send(call{method: "PUT", path: "/admin/tenants/" + id + "/profile",
		body: string(demo.JSON(demo.Internet))}, 200)
	got := f.send(call{method: "POST", path: "/admin/tenants/" + id + "/preview",
		body: `{"language":"EN","template_type":"SUPPORT","now":"2026-03-04T10:15:00+03:00",
		"messages":[{"text":"my internet is not working since last night"},{"text":"any update on my ticket?"}]}`}, 200)
	turns := got.json.(node)["turns"].([]any)
	if reply := turns[1].(node)["reply"].(string); !strings.Contains(reply, "today") {
		t.Errorf("the ticket of today is %q", reply)
	}
}

// TestPreviewSeesWhatIsTaken: a time that a customer has booked is not given away once more,
// neither is one that is held, and what was cancelled is free. Nothing is written.
func TestPreviewSeesWhatIsTaken(t *testing.T) {
	s := setup(t).open(barber)
	day := monday(9, 0)
	now := day.AddDate(0, 0, -2).Format(time.RFC3339) // a Saturday
	ask := func(clock string) (reply string, facts int) {
		t.Helper()
		got := s.do("POST", "/preview", `{"language":"EN","now":"`+now+
			`","messages":[{"text":"book a haircut on monday at `+clock+`"}]}`, 200)
		turn := got.json.(node)["turns"].([]any)[0].(node)
		return turn["reply"].(string), len(turn["facts"].([]any))
	}
	for _, clock := range []string{"9am", "11am", "2pm"} {
		if reply, facts := ask(clock); facts != 1 {
			t.Fatalf("%s is free: %q, %d facts", clock, reply, facts)
		}
	}
	booked := held(day, "Amina")
	booked.Booking.Status = flowhq.BookingConfirmed
	n := flowhq.Reference(s.leave(amina, booked))
	s.leave("+255711000002", held(monday(11, 0), "Juma"))
	for clock, free := range map[string]int{"9am": 0, "11am": 0, "2pm": 1} {
		if reply, facts := ask(clock); facts != free {
			t.Errorf("%s: %q, %d facts; want %d", clock, reply, facts, free)
		}
	}
	s.do("PATCH", "/bookings/"+n, `{"status":"CANCELLED"}`, 200)
	if reply, facts := ask("9am"); facts != 1 {
		t.Errorf("what was cancelled is not free: %q, %d facts", reply, facts)
	}
	if got := members(s.do("GET", "/bookings", "", 200), "bookings", "status"); len(got) != 2 {
		t.Errorf("the bookings are %v after the previews", got)
	}
	// Another tenant's bookings take nothing.
	other := s.fixture.open(barber)
	other.leave(amina, held(monday(14, 0), "Amina"))
	if reply, facts := ask("2pm"); facts != 1 {
		t.Errorf("another tenant's booking takes room: %q", reply)
	}
}
