package pages

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// An ask is one request that a page made of the API.
type ask struct {
	method, path string
	header       http.Header
	body         string
}

// operatorSite has pages before an API that answers an operator, and notes what changes something.
func operatorSite(t *testing.T, answer func(ask) (status int, body string)) (*Site, *[]ask) {
	t.Helper()
	var asked []ask
	known := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a := ask{r.Method, r.URL.Path, r.Header.Clone(), string(body)}
		if r.Method != http.MethodGet {
			asked = append(asked, a)
		}
		status, text := answer(a)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	})
	s, err := New(known, Ways{}, site(t).log)
	if err != nil {
		t.Fatal(err)
	}
	return s, &asked
}

// TestFormsAreSentOnce: a form that is sent twice carries the same key to the API, which does it
// once. Other words in the same form, to which somebody went back, are another request.
func TestFormsAreSentOnce(t *testing.T) {
	for path, form := range map[string]url.Values{
		"/admin/tenants/t/chats/7/write": {"text": {"Karibu"}},
		"/app/chats/7/write":             {"text": {"Karibu"}},
		"/admin/tenants/new":             {"name": {"duka"}, "business_name": {"Duka"}},
		"/admin/bulk":                    {"command": {"stop"}, "search": {"duka"}},
	} {
		principal := `{"kind":"USER","name":"a@example.com"}`
		if strings.HasPrefix(path, "/app") {
			principal = `{"kind":"USER","tenant_id":"t","name":"a@example.com"}`
		}
		s, asked := operatorSite(t, func(ask) (int, string) { return http.StatusOK, principal })
		form.Set("key", "drawn")
		sent(s, path, form)
		sent(s, path, form)
		for _, field := range []string{"text", "name", "search"} {
			if form.Has(field) {
				form.Set(field, "other")
			}
		}
		sent(s, path, form)
		var keys []string
		for _, a := range *asked {
			if k := a.header.Get("Idempotency-Key"); k != "" {
				keys = append(keys, k)
			}
		}
		if len(keys) != 3 || keys[0] != keys[1] || keys[1] == keys[2] {
			t.Errorf("%s: keys %q; want twice the same one, and then another", path, keys)
		}
	}
}

// TestSettingsAreNotUndone: settings are saved against the version that the form showed, and one
// that somebody else changed meanwhile is refused, with what was typed in the form.
func TestSettingsAreNotUndone(t *testing.T) {
	const path = "/admin/tenants/t/settings"
	tenant := `{"kind":"OPERATOR","id":"t","name":"duka","phone_number":"+255700000001",` +
		`"updated_at":"2026-03-02T10:00:00.000007Z"}`
	status := http.StatusPreconditionFailed
	s, asked := operatorSite(t, func(a ask) (int, string) {
		if a.method == http.MethodGet {
			return http.StatusOK, tenant
		}
		return status, `{"detail":"changed"}`
	})
	form := url.Values{"version": {`"5"`}, "name": {"duka jipya"}, "phone_number": {"+255700000001"}}
	for _, n := range tenantNumbers {
		form.Set(n, "0")
	}
	w := sent(s, path, form)
	tags := func() (list []string) {
		for _, a := range *asked {
			list = append(list, a.header.Get("If-Match"))
		}
		return list
	}
	if got := tags(); !slices.Equal(got, []string{`"5"`}) {
		t.Fatalf("If-Match: %q; want the form's version", got)
	}
	const now = `name="version" value="&#34;1772445600000007&#34;"`
	for _, want := range []string{"Somebody else changed", "duka jipya", now} {
		if w.Code != status || !strings.Contains(w.Body.String(), want) {
			t.Errorf("refused with %d, without %s:\n%s", w.Code, want, w.Body)
		}
	}
}

// TestRetryKeepsToTenant: who looks at what was set aside of one tenant retries what that tenant has
// of a reason, and comes back to its list.
func TestRetryKeepsToTenant(t *testing.T) {
	for _, list := range []string{"/admin/dead-letters", "/admin/webhook-deliveries"} {
		s, asked := operatorSite(t, func(a ask) (int, string) {
			if a.method == http.MethodGet {
				return http.StatusOK, `{"kind":"OPERATOR","name":"a@example.com"}`
			}
			return http.StatusAccepted, `{"retried":[{}],"refused":[],"next":""}`
		})
		w := sent(s, list+"/retry", url.Values{"reason": {"no answer"}, "tenant": {"t"}})
		const body = `{"reason":"no answer","tenant_id":"t"}`
		if len(*asked) != 1 || (*asked)[0].body != body || (*asked)[0].path != list+"/retry" {
			t.Errorf("%s: asked %+v; want %s", list, *asked, body)
		}
		if got, want := w.Header().Get("Location"), list+"?retried=1&tenant=t"; got != want {
			t.Errorf("led to %s; want %s", got, want)
		}
	}
}
