package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// bodyProblem is a body that creating and changing a tenant both refuse.
type bodyProblem struct {
	name, body string
	status     int
	fields     []string // named as wrong
}

// replace returns a body whose member has another value.
func replace(member, value string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(strings.Trim(validTenant, "{}"), ",") {
		name, old, _ := strings.Cut(part, ":")
		if name == `"`+member+`"` {
			old, value = value, ""
		}
		fmt.Fprintf(&b, ",%s:%s", name, old)
	}
	if value != "" {
		fmt.Fprintf(&b, `,"%s":%s`, member, value)
	}
	return "{" + b.String()[1:] + "}"
}

func bodyProblems() []bodyProblem {
	long := strings.Repeat("é", 101)
	problems := []bodyProblem{
		{"empty body", "", 400, nil},
		{"white space", " \n", 400, nil},
		{"not JSON", "name=x", 400, nil},
		{"cut off", `{"name":"x"`, 400, nil},
		{"trailing garbage", validTenant + "x", 400, nil},
		{"two objects", validTenant + validTenant, 400, nil},
		{"null", "null", 400, nil},
		{"array", "[" + validTenant + "]", 400, nil},
		{"string", `"name"`, 400, nil},
		{"not UTF-8", strings.Replace(validTenant, "Blue", "\xff", 1), 400, nil},
		{"too large", replace("name", `"`+strings.Repeat("x", maxBody)+`"`), 413, nil},
		{"unknown field", with(`"hours":"9-5"`), 400, []string{"hours"}},
		{"server's field", with(`"id":"` + never + `"`), 400, []string{"id"}},
		{"other case", with(`"NAME":"x"`), 400, []string{"NAME"}},
		{"twice", with(`"name":"x"`), 400, []string{"name"}},
		{"empty name of a field", with(`"":1`), 400, []string{""}},
		{"several at once", with(`"x":1,"replies_per_minute":"many"`), 400,
			[]string{"replies_per_minute", "x"}},
	}
	for field, values := range map[string][]string{
		"name": {`""`, `"  "`, `"` + long + `"`, `"a\u0000b"`, `"a\nb"`,
			`"a\u2028b"`, `1`, `null`, `["x"]`, `{}`, `true`},
		"business_name": {`""`, `"\t"`, `"` + long + `"`, `"a\u0007b"`, `1.5`, `null`, `false`},
		"phone_number": {`""`, `"255712345678"`, `"+0712345678"`, `"+255 712 345 678"`,
			`"+123456"`, `"+1234567890123456"`, `"+25571234567a"`, `"+255712345678\n"`,
			`255712345678`, `null`},
		"template_type":         {`""`, `"booking"`, `"RESTAURANT"`, `0`, `null`},
		"language":              {`""`, `"FR"`, `"en"`, `1`, `null`},
		"replies_per_minute":    {`-1`, `100001`, `1.5`, `1e3`, `"10"`, `99999999999999999999`, `[]`},
		"replies_per_contact":   {`-1`, `100001`, `0.1`, `""`, `true`},
		"answer_within_minutes": {`0`, `-1`, `525601`, `1.5`, `"24h"`, `{}`, `1e9`},
		"retention_days":        {`0`, `29`, `3651`, `-365`, `30.5`, `"365"`, `{}`},
	} {
		for _, v := range values {
			problems = append(problems, bodyProblem{field + " " + v[:min(len(v), 30)],
				replace(field, v), 400, []string{field}})
		}
	}
	return problems
}

// TestBadBody sends every bad body to both endpoints that take one: each is
// refused with the field's name, and changes nothing.
func TestBadBody(t *testing.T) {
	f := setup(t)
	id := f.create()
	before := f.send(call{method: "GET", path: "/admin/tenants"}, 200)
	for _, target := range []call{{method: "POST", path: "/admin/tenants"},
		{method: "PUT", path: "/admin/tenants/" + string(id)}} {
		for _, tt := range bodyProblems() {
			t.Run(target.method+" "+tt.name, func(t *testing.T) {
				f := *f
				f.T = t
				target.body = tt.body
				got := f.send(target, tt.status)
				if diff := cmp.Diff(tt.fields, sorted(got.fields())); diff != "" {
					t.Errorf("fields (-want +got):\n%s\n%s", diff, got.body)
				}
			})
		}
	}
	after := f.send(call{method: "GET", path: "/admin/tenants"}, 200)
	if diff := cmp.Diff(before.json, after.json); diff != "" {
		t.Errorf("tenants (-before +after):\n%s", diff)
	}
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

// TestBadRequest has what is wrong with requests besides the body of a tenant.
func TestBadRequest(t *testing.T) {
	const tenant = "/admin/tenants/{id}"
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	key := func(values ...string) http.Header { return http.Header{"Idempotency-Key": values} }
	type row struct {
		name, method, path, body string
		header                   http.Header
		status                   int
		fields                   []string
	}
	tests := []row{
		{"every field missing", "POST", "/admin/tenants", "{}", nil, 400,
			[]string{"business_name", "language", "name", "phone_number", "template_type"}},
		{"nothing to change", "PUT", tenant, "{}", nil, 400, nil},
		{"nothing chosen at creation", "POST", "/admin/tenants",
			with(`"replies_per_minute":null,"retention_days":null`), nil, 400,
			[]string{"replies_per_minute", "retention_days"}},
		{"form", "POST", "/admin/tenants", "name=x", form, 415, nil},
		{"form to PUT", "PUT", tenant, "name=x", form, 415, nil},
		{"no content type", "POST", "/admin/tenants", validTenant, http.Header{"Content-Type": nil}, 415, nil},
		{"broken content type", "POST", "/admin/tenants", validTenant,
			http.Header{"Content-Type": {"application/json; charset"}}, 415, nil},
		{"other charset", "POST", "/admin/tenants", validTenant,
			http.Header{"Content-Type": {"application/json; charset=latin1"}}, 415, nil},
		{"body for a command", "POST", tenant + "/session/start", `{"force":true}`, nil, 400,
			[]string{"force"}},
		{"no object for a command", "POST", tenant + "/session/stop", `[]`, nil, 400, nil},
		{"form for a command", "POST", tenant + "/session/restart", `a=b`, form, 415, nil},
		{"too large for a command", "POST", tenant + "/session/start",
			strings.Repeat(" ", maxBody+1), nil, 413, nil},
		{"body for a deletion", "DELETE", tenant, `{"really":true}`, nil, 400, []string{"really"}},
		{"empty key", "POST", tenant + "/session/start", "", key(""), 400, []string{"Idempotency-Key"}},
		{"long key", "POST", tenant + "/session/stop", "", key(strings.Repeat("k", 129)), 400,
			[]string{"Idempotency-Key"}},
		{"two keys", "POST", tenant + "/session/restart", "", key("a", "b"), 400,
			[]string{"Idempotency-Key"}},
		{"key in another alphabet", "POST", tenant + "/session/force-restart", "", key("ключ"), 400,
			[]string{"Idempotency-Key"}},
		{"bad key for a deletion", "DELETE", tenant, "", key("tab\tkey"), 400, []string{"Idempotency-Key"}},
		{"broken query", "GET", "/admin/tenants?limit=%zz", "", nil, 400, nil},
		{"semicolon in the query", "GET", "/admin/tenants?limit=1;status=NEW", "", nil, 400, nil},
		{"unknown status", "GET", "/admin/tenants?status=new", "", nil, 400, []string{"status"}},
		{"empty status", "GET", "/admin/tenants?status=", "", nil, 400, []string{"status"}},
		{"unknown session", "GET", "/admin/tenants?session=ONLINE", "", nil, 400, []string{"session"}},
		{"unknown template", "GET", "/admin/tenants?template=EN", "", nil, 400, []string{"template"}},
		{"long search", "GET", "/admin/tenants?search=" + strings.Repeat("x", 101), "", nil, 400,
			[]string{"search"}},
		{"zero byte in a search", "GET", "/admin/tenants?search=%00", "", nil, 400, []string{"search"}},
		{"search that is not UTF-8", "GET", "/admin/tenants?search=%ff", "", nil, 400, []string{"search"}},
		{"foreign cursor", "GET", "/admin/tenants?cursor=abc", "", nil, 400, []string{"cursor"}},
		{"zero byte in a cursor", "GET", "/admin/tenants?cursor=%00", "", nil, 400, []string{"cursor"}},
		{"no position", "GET", tenant + "/logs?before=now", "", nil, 400, []string{"before"}},
		{"negative position", "GET", tenant + "/logs?before=-1", "", nil, 400, []string{"before"}},
		{"position out of range", "GET", tenant + "/logs?before=9223372036854775808", "", nil, 400,
			[]string{"before"}},
		{"unknown status of a message", "GET", tenant + "/logs?status=LOST", "", nil, 400,
			[]string{"status"}},
		{"unknown parameter of a retry", "POST", tenant + "/logs/1/retry?now=1", "", nil, 400,
			[]string{"now"}},
		{"no number of a message", "POST", tenant + "/logs/first/retry", "", nil, 404, nil},
		{"message out of range", "POST", tenant + "/logs/9223372036854775808/retry", "", nil, 404, nil},
		{"several at once", "GET", "/admin/tenants?limit=x&status=x&y=1&z=2", "", nil, 400,
			[]string{"limit", "status", "y", "z"}},
		{"unknown parameter of a command", "POST", tenant + "/session/start?force=1", "", nil, 400,
			[]string{"force"}},
		{"unknown parameter of a deletion", "DELETE", tenant + "?force=1", "", nil, 400, []string{"force"}},
		{"unknown parameter of a creation", "POST", "/admin/tenants?dry_run=1", validTenant, nil,
			400, []string{"dry_run"}},
		{"the password where it is not taken", "GET", "/admin/tenants?password=x", "", nil, 400,
			[]string{"password"}},
	}
	for _, path := range []string{"/admin/tenants", tenant + "/logs", tenant + "/events"} {
		for _, limit := range []string{"limit=0", "limit=-1", "limit=1001", "limit=", "limit=1.5",
			"limit=x", "limit=99999999999999999999", "limit=1&limit=2"} {
			tests = append(tests, row{path + " " + limit, "GET", path + "?" + limit, "", nil, 400,
				[]string{"limit"}})
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/openapi.yaml", "/admin/tenants", tenant,
		tenant + "/qr", tenant + "/qr.png", tenant + "/logs", tenant + "/events"} {
		tests = append(tests, row{path + " with an unknown parameter", "GET", path + "?x=1", "",
			nil, 400, []string{"x"}})
	}
	for _, id := range []string{"x", "1", strings.ToUpper("aaaaaaaa-0000-4000-8000-000000000000"),
		never + "0", "%00", "..%2f..", "aaaaaaaa000040008000000000000000", never + "%0a"} {
		for _, c := range []call{
			{method: "GET", path: ""}, {method: "PUT", path: "", body: `{"language":"EN"}`},
			{method: "DELETE", path: ""}, {method: "POST", path: "/session/start"},
			{method: "GET", path: "/qr"}, {method: "GET", path: "/qr.png"},
			{method: "GET", path: "/logs"}, {method: "GET", path: "/events"},
		} {
			tests = append(tests, row{c.method + " id " + id + c.path, c.method,
				"/admin/tenants/" + id + c.path, c.body, nil, 404, nil})
		}
	}
	f := setup(t)
	id := f.create()
	before := f.send(call{method: "GET", path: "/admin/tenants"}, 200)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := *f
			f.T = t
			path := strings.ReplaceAll(tt.path, "{id}", string(id))
			got := f.send(call{method: tt.method, path: path, body: tt.body, header: tt.header}, tt.status)
			if diff := cmp.Diff(tt.fields, sorted(got.fields())); diff != "" {
				t.Errorf("fields (-want +got):\n%s\n%s", diff, got.body)
			}
		})
	}
	after := f.send(call{method: "GET", path: "/admin/tenants"}, 200)
	if diff := cmp.Diff(before.json, after.json); diff != "" {
		t.Errorf("tenants (-before +after):\n%s", diff)
	}
	if len(f.signals.sent) > 0 {
		t.Errorf("commands were sent: %v", f.signals.sent)
	}
}

// TestFieldMessages has one message of each kind, as callers read it.
func TestFieldMessages(t *testing.T) {
	f := setup(t)
	got := f.send(call{method: "POST", path: "/admin/tenants",
		body: `{"name":7,"replies_per_minute":"x","language":"FR","colour":1}`}, 400)
	want := `{"code": "invalid", "status": 400, "title": "Bad Request", "type": "about:blank",
		"detail": "the request has fields that are missing or wrong",
		"errors": [
			{"field": "name", "message": "must be a string"},
			{"field": "replies_per_minute", "message": "must be a whole number"},
			{"field": "colour", "message": "is not a field of this request"},
			{"field": "phone_number", "message": "must be an international number: a plus sign and 7 to 15 digits, such as +255712345678"},
			{"field": "template_type", "message": "must be BOOKING, ECOMMERCE or SUPPORT"},
			{"field": "business_name", "message": "must be 1 to 100 printable characters"},
			{"field": "language", "message": "must be EN or SW"}]}`
	f.contains(got.json, want)
}

// TestManyBadFields bounds an answer that the caller's request makes long.
func TestManyBadFields(t *testing.T) {
	f := setup(t)
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, `,"%s%d":1`, strings.Repeat("x", 10), i)
	}
	got := f.send(call{method: "POST", path: "/admin/tenants", body: "{" + b.String()[1:] + "}"}, 400)
	if n := len(got.fields()); n != maxFieldErrors {
		t.Errorf("%d fields are named; want %d", n, maxFieldErrors)
	}
	got = f.send(call{method: "GET", path: "/admin/tenants?" + strings.Repeat("é", 300) + "=1"}, 400)
	if n := len(got.body); n > 1000 {
		t.Errorf("the answer has %d bytes: %s", n, got.body)
	}
}

// TestManyNames: what a request costs that names many things which are not there does
// not grow with their square. Anybody may send the first.
func TestManyNames(t *testing.T) {
	f := setup(t, func(o *Options) { o.QueryAuth = true })
	for _, tt := range []struct {
		call   func(query, body string) call
		status int
	}{
		{func(q, _ string) call {
			return call{method: "GET", path: "/healthz?" + q,
				header: anonymous}
		}, 400},
		{func(q, _ string) call { return call{method: "GET", path: "/readyz?" + q, header: anonymous} }, 400},
		{func(q, _ string) call {
			return call{method: "GET", path: "/openapi.yaml?" + q,
				header: anonymous}
		}, 400},
		{func(q, _ string) call {
			return call{method: "GET", path: "/nowhere?" + q,
				header: anonymous}
		}, 404},
		{func(q, _ string) call {
			return call{method: "GET", path: "/admin/tenants?" + q,
				header: anonymous}
		}, 401},
		{func(q, _ string) call { return call{method: "GET", path: "/admin/tenants?" + q} }, 400},
		{func(_, b string) call { return call{method: "POST", path: "/admin/tenants", body: b} }, 400},
		{func(_, b string) call {
			return call{method: "POST", path: "/admin/bulk",
				body: `{"filter":` + b + "}"}
		}, 400},
	} {
		const few, times = 1250, 4
		small, large := tt.call(names(few)), tt.call(names(times*few))
		// Sixteen times as long is the square. Something is the same for any number.
		const most, same = times * times / 2, 5 * time.Millisecond
		little, much := f.shortest(small, tt.status), f.shortest(large, tt.status)
		if much > most*little+same {
			t.Errorf("%s %.30s: %v with %d names and %v with %d", small.method, small.path, little,
				few, much, times*few)
		}
	}
	f.send(call{method: "GET", path: "/admin/tenants?limit=1" + strings.Repeat("&", maxParameters-1)}, 200)
}

// names is a query and a body with so many names of nothing.
func names(n int) (query, body string) {
	var q, b strings.Builder
	b.WriteString(`{"a":1`)
	for i := range n {
		fmt.Fprintf(&q, "%x&", i)
		fmt.Fprintf(&b, `,"%x":1`, i)
	}
	b.WriteString("}")
	return q.String(), b.String()
}

// shortest is how long a request takes at least, which other work on the machine does not
// change much.
func (f *fixture) shortest(c call, status int) time.Duration {
	f.Helper()
	least := time.Hour
	for range 20 {
		begun := time.Now()
		got := f.send(c, status)
		least = min(least, time.Since(begun))
		if n := len(got.fields()); n > maxFieldErrors {
			f.Errorf("%d errors; want at most %d", n, maxFieldErrors)
		}
	}
	return least
}
