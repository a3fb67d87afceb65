package pages

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestNumberIsShownAsItIsDialled(t *testing.T) {
	for _, c := range []struct {
		typed string
		want  numberCheck
	}{
		{"+255712345678", numberCheck{Dialled: "+255 712 345 678", Country: "Tanzania"}},
		{"+254 (0)712-345 678", numberCheck{Dialled: "+254 712 345678", Country: "Kenya"}},
		{"+25571234567", numberCheck{
			Dialled: "+255 71234567", Country: "Tanzania", Unlikely: true,
		}},
		{"+491711234567", numberCheck{Dialled: "+49 171 1234567"}},
		{"0712345678", numberCheck{Meant: []string{"+255 712 345 678", "+254 712 345678"}}},
		{"712345678", numberCheck{Meant: []string{"+255 712 345 678", "+254 712 345678"}}},
		{"07", numberCheck{}}, {"+", numberCheck{}}, {"shop", numberCheck{}},
	} {
		got := checkNumber(c.typed)
		if got.Dialled != c.want.Dialled || got.Country != c.want.Country ||
			got.Unlikely != c.want.Unlikely || !slices.Equal(got.Meant, c.want.Meant) {
			t.Errorf("%q = %+v; want %+v", c.typed, got, c.want)
		}
	}
}

// owners has pages before an API that answers an owner of a business in Swahili.
func owners(t *testing.T, problem string) *Site {
	t.Helper()
	s := site(t)
	s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/auth/me":
			_, _ = w.Write([]byte(`{"kind":"USER","name":"Asha","tenant_id":"t","role":"OWNER",` +
				`"scopes":["read","operate","send","manage"]}`))
		case r.Method == http.MethodPost || r.Method == http.MethodPut:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write([]byte(problem))
		case strings.HasSuffix(r.URL.Path, "/setup-requests"):
			_, _ = w.Write([]byte(`{"requests":[]}`))
		default:
			_, _ = w.Write([]byte(`{"config":{"language":"SW"}}`))
		}
	})
	return s
}

// send posts a form as a browser does, or, for a field, as htmx does.
func send(s *Site, path, form, field string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	if field != "" {
		r.Header.Set("Hx-Request", "true")
		r.Header.Set("Hx-Trigger-Name", field)
	}
	s.ServeHTTP(w, r)
	return w
}

func TestOnboardingIsCheckedAsOneTypes(t *testing.T) {
	s := owners(t, `{}`)
	for form, want := range map[string]string{
		"whatsapp_number=%2B255712345678":           "Itapigwa kama +255 712 345 678 (Tanzania).",
		"whatsapp_number=0712345678":                "Anza na namba ya nchi: +255 712 345 678 / +254 712 345678",
		"whatsapp_number=%2B25571234567":            "Hesabu tena tarakimu",
		"business_name=Duka+la+Asha":                "Wateja wako watasoma: Duka la Asha",
		"business_name=" + strings.Repeat("a", 101): "Andika herufi 1 hadi 100.",
		"business_name=":                            `class="checked"></small>`,
	} {
		field, _, _ := strings.Cut(form, "=")
		w := send(s, "/app/onboarding/check", form, field)
		body := strings.ReplaceAll(w.Body.String(), "&#43;", "+")
		if w.Code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%.40s: %d %s; want %q", form, w.Code, body, want)
		}
	}
	w := send(s, "/app/onboarding/check", "password=x", "password")
	if w.Code != http.StatusNotFound {
		t.Errorf("a field that the form has not: %d; want 404", w.Code)
	}
}

// What the API finds wrong stands at its field in the page's language.
func TestOnboardingSaysInSwahiliWhatIsWrong(t *testing.T) {
	s := owners(t, `{"detail":"the request has fields that are missing or wrong","errors":[
		{"field":"business_name","message":"must be 1 to 100 printable characters"},
		{"field":"whatsapp_number","message":"must be an international number, such as +255712345678, or empty"}]}`)
	w := send(s, "/app/onboarding", "business_name=&whatsapp_number=1", "")
	for _, want := range []string{"Andika herufi 1 hadi 100.", "Andika namba pamoja na"} {
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%d %s; want %q", w.Code, w.Body, want)
		}
	}
	if strings.Contains(w.Body.String(), "must be") {
		t.Error("the page has English in it")
	}
}

// Every form of a business says in its language what the API refuses, also those that are sent
// before anything is read.
func TestFormsSayInSwahiliWhatIsWrong(t *testing.T) {
	s := owners(t, `{"detail":"the request has fields that are missing or wrong","errors":[
		{"field":"email","message":"must be an e-mail address, such as asha@example.com"},
		{"field":"current","message":"must be the present password"}]}`)
	for path, want := range map[string]string{
		"/app/people": "Andika barua pepe kamili", "/app/password": "Andika nenosiri unalotumia sasa.",
	} {
		w := send(s, path, "name=x", "")
		body := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s; want %q", path, w.Code, body, want)
		}
	}
}
