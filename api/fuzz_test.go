package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

// bound returns a binder of a request that never went over a wire.
func bound(method, query string, body []byte) *binder {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(method, "/", io.NopCloser(strings.NewReader(string(body))))
	c.Request.URL.RawQuery = query
	c.Request.Header.Set("Content-Type", "application/json")
	return newBinder(c, false)
}

// FuzzBody: whatever is taken for a body is JSON that says the same when it is written again, and
// nothing panics.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		validTenant, `{}`, `{"name":"a","name":"b"}`, `{"replies_per_minute":null}`,
		`{"name":"` + "\xff" + `"}`, `[`, `{"a":`,
		`{"hours":[{"day":"mon","opens":"08:00","closes":"20:00"}],"texts":{"x":{"en":"y"}}}`,
		`{"products":[{"stock":null,"price":1e9}],"place":null}`, `{"texts":{"":null}}`,
		strings.Repeat("[", 100), `{"filter":{"all":true},"command":"start"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range []any{&flowhq.NewTenant{}, &flowhq.TenantChange{}, &bulkBody{},
			&newBookingBody{}, &flowhq.NewAccount{}, &flowhq.NewAPIKey{}} {
			b := bound(http.MethodPost, "", body)
			b.body(v)
			_ = b.finish()
		}
		var p, again flowhq.Profile
		b := bound(http.MethodPut, "", body)
		b.nullable = true
		b.largeBody(&p, flowhq.MaxProfileBytes)
		if b.finish() != nil {
			return
		}
		p = p.Normalized()
		if checkProfile(p) != nil {
			return
		}
		written, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		b = bound(http.MethodPut, "", written)
		b.nullable = true
		b.largeBody(&again, 2*flowhq.MaxProfileBytes)
		if err := b.finish(); err != nil {
			t.Fatalf("%s is refused: %v", written, err)
		}
		if diff := cmp.Diff(p, again.Normalized()); diff != "" {
			t.Errorf("what GET gives, PUT does not take as it was:\n%s", diff)
		}
	})
}

// FuzzQuery: each reader of a parameter takes any query.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"", "n=1&t=x&w=start", "n=1&n=2", "%zz", "t=%00",
		"at=2026-12-01T08:00:00+03:00", "p=-1", "f=maybe", "c=%2B255712345678",
		"c=9223372036854775808", strings.Repeat("&", 50), "at=0000-01-01T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		b := bound(http.MethodGet, query, nil)
		n, text := b.number("n", 5, 1, 9), b.text("t")
		at, position := b.time("at"), b.position("p")
		word(b, "w", flowhq.Commands)
		b.flag("f")
		b.choice("f")
		b.contact("c")
		b.moment("m", query)
		b.factNumber()
		err := b.finish()
		if err == nil && (n < 1 || n > 9 || position < 0 || len(text) > 4*maxSearch ||
			!at.IsZero() && at.Year() < 2000) {
			t.Errorf("%q was taken as %d, %q, %v, %d", query, n, text, at, position)
		}
		if len(b.fields) > maxFieldErrors {
			t.Errorf("%d fields are wrong; want at most %d", len(b.fields), maxFieldErrors)
		}
	})
}

// FuzzHeaders: what callers write into headers is taken or refused.
func FuzzHeaders(f *testing.F) {
	for _, s := range []string{"", "gzip", "*;q=0", `"7"`, `W/"7"`, `"99999999999999999999"`,
		"bulk:x", "Basic Og==", "Bearer fhq_x", "gzip;q=", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		takesGzip(value)
		isJSON(value)
		b := bound(http.MethodPut, "", nil)
		b.c.Request.Header = http.Header{matchHeader: {value}, keyHeader: {value},
			"Authorization": {value}, "Content-Type": {value}, "Cookie": {value}}
		if m := b.match(); m != nil && *m < 0 {
			t.Errorf("%q is version %d", value, *m)
		}
		key := b.key()
		if len(b.fields) == 0 && !validKey(key) {
			t.Errorf("%q was taken for a key", key)
		}
		cookieOf(b.c)
		newAuthenticator(password, true).password(b.c.Request)
	})
}

// FuzzSettings: what PUT takes of a tenant changes what PATCH would change, and nothing makes it
// panic.
func FuzzSettings(f *testing.F) {
	for _, s := range []string{
		validTenant, `{}`, `null`, `{"config":{"language":"EN"},"status":"ACTIVE","id":"` + never +
			`"}`, `{"config":{"language":"EN"},"language":"SW"}`, `{"config":{"config":{}}}`,
		`{"config":null}`,
		`{"name":"a","name":"b"}`, `{"name":"` + "\xff" + `"}`, `{"id":"x"}`,
		`{"config":{"a":1,"a":2}}`, `[`, `{"session":` + strings.Repeat("[", 200),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var change flowhq.TenantChange
		b := bound(http.MethodPut, "", body)
		b.settings(&change, never, tenantState)
		if b.finish() != nil {
			return
		}
		whole, err := json.Marshal(change)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(whole, &members); err != nil {
			t.Fatal(err)
		}
		for name := range members {
			if slices.Contains(tenantState, name) || name == "config" || name == "id" {
				t.Errorf("%s is a member of the change that %s makes", name, body)
			}
		}
	})
}

// FuzzPortalKey: the portal's key opens, and nothing else does.
func FuzzPortalKey(f *testing.F) {
	for _, s := range []string{"", portalsKey, portalsKey + "\x00", portalsKey[1:],
		strings.ToUpper(portalsKey)} {
		f.Add(s)
	}
	lock := newPortalLock(portalsKey)
	f.Fuzz(func(t *testing.T, key string) {
		if lock.opens(key) != (key == portalsKey) || newPortalLock("").opens(key) {
			t.Errorf("%q opens: %t", key, lock.opens(key))
		}
	})
}
