package pages

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// sent sends a form to a page as a browser does.
func sent(s *Site, path string, form url.Values, more ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	s.ServeHTTP(w, r)
	return w
}

// keptFields are the hidden fields in which a form travels.
var keptFields = regexp.MustCompile(`<input type="hidden" name="(kept[^"]*)" value="([^"]*)">`)

// TestTypedIsKept: what somebody types when the sign-in has ended goes through the sign-in, but for
// passwords, and for what a page of another site has sent.
func TestTypedIsKept(t *testing.T) {
	s := site(t) // where nobody is known
	typed := url.Values{"business_name": {"Duka"}, "new_password": {"secret"}, "note": {"a", "b"}}
	w := sent(s, "/app/onboarding?x=1", typed)
	if w.Code != http.StatusUnauthorized {
		t.Fatalf("a form without a sign-in = %d to %q; want the sign-in with 401", w.Code,
			w.Header().Get("Location"))
	}
	got := url.Values{}
	for _, found := range keptFields.FindAllStringSubmatch(w.Body.String(), -1) {
		got.Add(found[1], found[2])
	}
	want := url.Values{
		"kept-action": {"/app/onboarding?x=1"}, "kept.business_name": {"Duka"}, "kept.note": {"a", "b"},
	}
	if got.Encode() != want.Encode() {
		t.Errorf("kept are %v; want %v", got, want)
	}
	// It survives a wrong password too.
	got.Set("email", "a@example.com")
	if w := sent(s, "/sign-in", got); w.Code != http.StatusUnauthorized ||
		!strings.Contains(w.Body.String(), `name="kept.business_name" value="Duka"`) {
		t.Errorf("after a wrong password = %d\n%s", w.Code, w.Body)
	}
	for name, more := range map[string][]string{
		"another site's": {"Sec-Fetch-Site", "cross-site"}, "htmx's": {"Hx-Request", "true"},
	} {
		if w := sent(s, "/app/onboarding", typed, more...); strings.Contains(w.Body.String(), "kept") {
			t.Errorf("%s form is kept", name)
		}
	}
	// Nor may another site give the sign-in itself a form to travel with.
	if w := sent(s, "/sign-in", got, "Sec-Fetch-Site", "cross-site"); strings.Contains(
		w.Body.String(), "kept") {
		t.Errorf("a sign-in that another site sent keeps its form:\n%s", w.Body)
	}
	if w := sent(s, "/app/session/stop", nil); w.Code != http.StatusSeeOther {
		t.Errorf("a button without a sign-in = %d; want 303", w.Code)
	}
}

// TestResume: whoever has signed in is shown what was typed, and sends it to the page it was for. A
// form for another site is none.
func TestResume(t *testing.T) {
	known := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"kind":"USER","tenant_id":"t","name":"a@example.com"}`))
	})
	s, err := New(known, Ways{}, site(t).log)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"email": {"a@example.com"}, "kept-action": {"/app/chats/7/write"},
		"kept.text": {"Nakuja <b>"}}
	w := sent(s, "/sign-in", form)
	for _, want := range []string{`action="/app/chats/7/write"`,
		`name="text" value="Nakuja &lt;b&gt;"`, "<li>Nakuja &lt;b&gt;</li>"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %s\n%s", want, w.Body)
		}
	}
	for _, action := range []string{"https://evil.example/", "//evil.example", "javascript:alert(1)"} {
		form.Set("kept-action", action)
		if w := sent(s, "/sign-in", form); w.Code != http.StatusSeeOther ||
			w.Header().Get("Location") != "/" {
			t.Errorf("a form for %s = %d to %q; want the start page", action, w.Code,
				w.Header().Get("Location"))
		}
	}
}

// TestDoor: strangers read the language that they chose, or that their browser wants, and are
// offered what there is.
func TestDoor(t *testing.T) {
	s := site(t)
	for _, tt := range []struct{ accept, cookie, want string }{
		{"sw-TZ,sw;q=0.9,en;q=0.8", "", "Umesahau nenosiri?"}, {"en-GB", "", "Forgot your password?"},
		{"de", "", "Forgot your password?"}, {"en-GB", "SW", "Umesahau nenosiri?"},
		{"sw", "nonsense", "Umesahau nenosiri?"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/sign-in", nil)
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Accept-Language", tt.accept)
		if tt.cookie != "" {
			r.AddCookie(&http.Cookie{Name: languageCookie, Value: tt.cookie})
		}
		s.ServeHTTP(w, r)
		for _, want := range []string{tt.want, `href="/auth/openid"`, `href="/forgot"`} {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("for %q, %q the sign-in lacks %s", tt.accept, tt.cookie, want)
			}
		}
	}
	s.ways = Ways{}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/sign-in", nil)
	r.Header.Set("Accept", "text/html")
	s.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), "/auth/openid") || strings.Contains(w.Body.String(), "/forgot") {
		t.Error("the sign-in offers what there is not")
	}
}

// TestMoves: each status that a record has is one that the API knows.
func TestMoves(t *testing.T) {
	known := map[string]map[string]bool{"bookings": {}, "orders": {}, "tickets": {}}
	for _, s := range flowhq.BookingStatuses {
		known["bookings"][string(s)] = true
	}
	for _, s := range flowhq.OrderStatuses {
		known["orders"][string(s)] = true
	}
	for _, s := range flowhq.TicketStatuses {
		known["tickets"][string(s)] = true
	}
	for kind, from := range moves {
		for status, all := range from {
			for _, m := range all {
				if !known[kind][status] || !known[kind][m.Value] {
					t.Errorf("%s cannot go from %s to %s", kind, status, m.Value)
				}
			}
		}
	}
}
