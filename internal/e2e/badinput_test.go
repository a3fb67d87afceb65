package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// A problem is the API's answer to a request that it refuses.
type problem struct {
	Status int
	Code   flowhq.Code
	Detail string
	Errors []flowhq.FieldError
}

// refuse sends a raw request and returns the problem it is answered with.
func (s *stand) refuse(method, path, contentType, body string) problem {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.api+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.SetBasicAuth("e2e", password)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := s.client(s.api).Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var p problem
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		s.t.Errorf("%s %s: Content-Type %q; want application/problem+json", method, path, got)
	} else if err := json.Unmarshal(raw, &p); err != nil {
		s.t.Errorf("%s %s: %v in %q", method, path, err, raw)
	}
	p.Status = res.StatusCode
	return p
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	b := s.business(barbers)
	id := string(b.id)
	const unknown = "00000000-0000-4000-8000-000000000000"
	const good = `"name":"n","phone_number":"+255712345678","template_type":"BOOKING","business_name":"b","language":"EN"`
	with := func(field, value string) string { // good, but for one field
		var out []string
		for _, pair := range strings.Split(good, ",") {
			if !strings.HasPrefix(pair, `"`+field+`":`) {
				out = append(out, pair)
			}
		}
		if value != "" {
			out = append(out, `"`+field+`":`+value)
		}
		return "{" + strings.Join(out, ",") + "}"
	}
	long := `"` + strings.Repeat("x", 101) + `"`
	type row struct {
		method, path, body string
		status             int
		field              string // that the answer must name; "" = none
	}
	rows := []row{
		{"POST", "/admin/tenants", "", 400, ""},
		{"POST", "/admin/tenants", "{", 400, ""},
		{"POST", "/admin/tenants", "[]", 400, ""},
		{"POST", "/admin/tenants", "{" + good + "} x", 400, ""},
		{"POST", "/admin/tenants", with("colour", `"red"`), 400, "colour"},
		{"POST", "/admin/tenants?x=1", "{" + good + "}", 400, "x"},
		{"PUT", "/admin/tenants/" + id, "{}", 400, ""},
		{"PUT", "/admin/tenants/" + id, `{"id":"x"}`, 400, "id"},
		{"PUT", "/admin/tenants/" + unknown, `{"name":"n"}`, 404, ""},
		{"GET", "/admin/tenants/" + unknown, "", 404, ""},
		{"GET", "/admin/tenants/no-uuid", "", 404, ""},
		{"DELETE", "/admin/tenants/" + unknown, "", 404, ""},
		{"GET", "/admin/tenants/" + unknown + "/qr", "", 404, ""},
		{"GET", "/admin/tenants/" + id + "/qr.png", "", 404, ""},
		{"GET", "/admin/tenants/" + unknown + "/logs", "", 404, ""},
		{"GET", "/admin/tenants/" + id + "/logs?limit=0", "", 400, "limit"},
		{"GET", "/admin/tenants/" + id + "/logs?limit=1001", "", 400, "limit"},
		{"GET", "/admin/tenants/" + id + "/logs?limit=many", "", 400, "limit"},
		{"GET", "/admin/tenants/" + id + "/logs?before=x", "", 400, "before"},
		{"GET", "/admin/tenants/" + id + "/logs?status=LOST", "", 400, "status"},
		{"POST", "/admin/tenants/" + unknown + "/logs/1/retry", "", 404, ""},
		{"POST", "/admin/tenants/" + id + "/logs/1/retry", "", 404, ""},
		{"POST", "/admin/tenants/" + id + "/logs/x/retry", "", 404, ""},
		{"GET", "/admin/tenants?status=ASLEEP", "", 400, "status"},
		{"GET", "/admin/tenants?session=ASLEEP", "", 400, "session"},
		{"GET", "/admin/tenants?template=ASLEEP", "", 400, "template"},
		{"GET", "/admin/tenants?limit=-1", "", 400, "limit"},
		{"GET", "/admin/tenants?cursor=%21", "", 400, "cursor"},
		{"GET", "/admin/tenants?colour=red", "", 400, "colour"},
		{"POST", "/admin/tenants/" + unknown + "/session/start", "", 404, ""},
		{"POST", "/admin/tenants/" + id + "/session/explode", "", 404, ""},
		{"POST", "/admin/bulk", `{"command":"stop"}`, 400, "filter"},
		{"POST", "/admin/bulk", `{"command":"stop","filter":{}}`, 400, "filter"},
		{"POST", "/admin/bulk", `{"command":"stop","filter":{"all":true,"template":"BOOKING"}}`,
			400, "filter.all"},
		{"POST", "/admin/bulk", `{"command":"stop","filter":{"session":"ASLEEP"}}`, 400, "filter.session"},
		{"POST", "/admin/bulk", `{"command":"delete","filter":{"all":true}}`, 400, "command"},
		{"POST", "/admin/bulk", `{"command":"stop","filter":{"all":true},"per_second":101}`, 400,
			"per_second"},
		{"GET", "/admin/bulk?limit=101", "", 400, "limit"},
		{"GET", "/admin/bulk/" + unknown, "", 404, ""},
		{"DELETE", "/admin/bulk/" + unknown, "", 404, ""},
		{"GET", "/admin/bulk/no-uuid", "", 404, ""},
		{"POST", "/codec/decode", "[]", 400, ""},
		{"POST", "/codec/decode?x=1", `{"payloads":[]}`, 400, "x"},
		{"POST", "/codec/download", "{}", 404, ""},
		{"PATCH", "/admin/tenants/" + id, "{}", 400, ""},
		{"PUT", "/admin/tenants", "{}", 405, ""},
		{"GET", "/admin/nothing", "", 404, ""},
	}
	bad := map[string][]string{
		"name": {"", `""`, `"   "`, `7`, `null`, long, `"a\u0007b"`},
		"phone_number": {"", `""`, `"0712345678"`, `"+255 712 345 678"`, `"+0712345678"`,
			`255712345678`, `"+1234567890123456"`},
		"template_type":         {"", `"booking"`, `"BAKERY"`, `1`},
		"business_name":         {"", `""`, `{}`, long},
		"language":              {"", `"FR"`, `"en"`, `true`},
		"replies_per_minute":    {`-1`, `100001`, `1.5`, `"10"`},
		"replies_per_contact":   {`-1`, `100001`, `1.5`, `"5"`},
		"answer_within_minutes": {`0`, `525601`, `1.5`, `"24h"`},
		"retention_days":        {`0`, `29`, `3651`, `30.5`, `"365"`},
	}
	for field, values := range bad {
		for _, v := range values {
			rows = append(rows, row{"POST", "/admin/tenants", with(field, v), 400, field})
			if v != "" {
				rows = append(rows, row{"PUT", "/admin/tenants/" + id,
					`{"` + field + `":` + v + `}`, 400, field})
			}
		}
	}
	for _, r := range rows {
		contentType := ""
		if r.method == "POST" && r.path == "/admin/tenants" || r.body != "" {
			contentType = "application/json"
		}
		got := s.refuse(r.method, r.path, contentType, r.body)
		if got.Status != r.status || got.Detail == "" || got.Code == "" {
			t.Errorf("%s %s %s: %+v; want status %d with a code and a detail", r.method, r.path,
				r.body, got, r.status)
		}
		if r.field != "" && (len(got.Errors) != 1 || got.Errors[0].Field != r.field ||
			got.Errors[0].Message == "") {
			t.Errorf("%s %s %s: errors %+v; want one that names %s", r.method, r.path, r.body,
				got.Errors, r.field)
		}
	}
	if got := s.refuse("POST", "/admin/tenants", "text/plain", "{"+good+"}"); got.Status != 415 {
		t.Errorf("text/plain: status %d; want 415", got.Status)
	}
	if got := s.refuse("POST", "/admin/tenants", "application/json",
		`{"name":"`+strings.Repeat("x", 70_000)+`"}`); got.Status != 413 {
		t.Errorf("a body of 70 kB: status %d; want 413", got.Status)
	}

	// Nothing was half done.
	var list struct{ Tenants []flowhq.Tenant }
	s.must(s.call("GET", "/admin/tenants", nil, &list))
	if len(list.Tenants) != 1 || list.Tenants[0].Name != barbers.Name ||
		list.Tenants[0].PhoneNumber != barbers.PhoneNumber {
		t.Errorf("after all that the tenants are %+v; want only the first, as it was", list.Tenants)
	}
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, path := range []string{"/admin/tenants", "/admin/tenants?password=" + password} {
		res, err := http.Get(s.api + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("GET %s without credentials: %s; want 401", path, res.Status)
		}
	}
}
