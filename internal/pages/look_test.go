package pages

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// The menu of a business counts the chats that wait for a person and that nobody has written in yet.
func TestMenuCountsWhoWaits(t *testing.T) {
	const at = `"at":"2026-11-27T10:00:00Z"`
	s, err := New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/auth/me":
			_, _ = io.WriteString(w, `{"kind":"USER","name":"mama@example.com","tenant_id":"x"}`)
		case "/portal/tenant/chats":
			_, _ = io.WriteString(w, `{"chats":[{"contact":{"id":1,"hand_over":{`+at+`}}},
				{"contact":{"id":2,"hand_over":{`+at+`,"owner_`+at[1:]+`}}},
				{"contact":{"id":3,"hand_over":{`+at+`}}}]}`)
		default:
			_, _ = io.WriteString(w, `{"config":{"language":"SW"}}`)
		}
	}), Ways{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/app/help", "/app/more", "/app/waiting"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, "2 wanasubiri mtu") {
			t.Errorf("%s, %d, does not say that two wait:\n%s", path, w.Code, body)
		}
	}
}

func TestTimesThatAreOver(t *testing.T) {
	for at, want := range map[time.Duration][2]string{
		0:                 {"now", "sasa hivi"},
		12 * time.Second:  {"12 s ago", "sekunde 12 zilizopita"},
		3 * time.Minute:   {"3 min ago", "dakika 3 zilizopita"},
		5 * time.Hour:     {"5 h ago", "saa 5 zilizopita"},
		49 * time.Hour:    {"2 d ago", "siku 2 zilizopita"},
		1e6 * time.Minute: {"694 d ago", "siku 694 zilizopita"},
	} {
		for i, lang := range []flowhq.Language{flowhq.English, flowhq.Swahili} {
			if got := agoIn(lang)(time.Now().Add(-at)); got != want[i] {
				t.Errorf("%v ago in %s = %q; want %q", at, lang, got, want[i])
			}
		}
	}
	if got := agoIn(flowhq.Swahili)(time.Time{}); got != "bado" {
		t.Errorf("what never was = %q; want bado", got)
	}
}

func TestWordsOfFigures(t *testing.T) {
	for in, want := range map[string]string{
		"setup request c83ee1d0-2a64-4203-acb4-b3c689e23aa6": "",
		"request 11eb7cb1-d4e5-4101-bfd8-b149f95802e0":       "",
		"message 64: ASKED":     "asked",
		"mama@example.com as X": "mama@example.com as X",
		"a request of its own":  "a request of its own",
	} {
		if got := brief(in); got != want {
			t.Errorf("brief(%q) = %q; want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		`<script>alert(1)</script> "q" & Co`: "SA", "Mama Asha": "MA", "محمد عبد": "مع", "(": "",
	} {
		if got := initials(in); got != want {
			t.Errorf("initials(%q) = %q; want %q", in, got, want)
		}
	}
	for currency, want := range map[string]string{
		"TZS": "TSh 52,500", "KES": "KSh 52,500", "UGX": "UGX 52,500",
	} {
		if got := money(52500, currency); got != want {
			t.Errorf("money in %s = %q; want %q", currency, got, want)
		}
	}
	if got := inWords(flowhq.TenantQRPending); got != "QR pending" {
		t.Errorf("inWords = %q; want QR pending", got)
	}
}

// A list of goods has their names in the language of the business, and prices as they are said.
func TestGoodsAreListedInTheirLanguage(t *testing.T) {
	p := botPage{tenantPage: tenantPage{App: true}, form: form{Values: url.Values{
		"products[0].name.en": {"Rice"}, "products[0].name.sw": {"Mchele"},
		"products[0].price": {"15500"},
	}}}
	row := botRow{botPage: &p, At: "products[0]"}
	if row.Name() != "Rice" || row.Price() != "15,500" {
		t.Errorf("%s, %s; want Rice, 15,500", row.Name(), row.Price())
	}
	p.Tenant.Config.Language = flowhq.Swahili
	p.Values.Set("products[0].price", "ghali")
	if row.Name() != "Mchele" || row.Price() != "ghali" {
		t.Errorf("%s, %s; want Mchele, ghali", row.Name(), row.Price())
	}
}

// A booking is called as the business's people call its service; one that is gone by what is left.
func TestBookingsAreToldByTheirService(t *testing.T) {
	of := business{time.UTC, map[string]flowhq.Text{"haircut-beard": {
		EN: "Haircut and beard", SW: "Nywele na ndevu",
	}}}
	list := facts{Bookings: []flowhq.Booking{{Service: "haircut-beard"}, {Service: "gone"}}}
	for lang, want := range map[flowhq.Language][2]string{
		flowhq.English: {"Haircut and beard", "gone"}, flowhq.Swahili: {"Nywele na ndevu", "gone"},
	} {
		rows := (&visit{language: lang}).rows(list, of)
		if got := [2]string{rows[0].Title, rows[1].Title}; got != want {
			t.Errorf("in %s: %q; want %q", lang, got, want)
		}
	}
}

// A question about all tenants of the list says how many they are, as far as one page tells.
func TestHowManyACommandIsFor(t *testing.T) {
	of := func(n int, next string, q url.Values) tenantsPage {
		return tenantsPage{
			tenantList: tenantList{make([]flowhq.Tenant, n), next}, Query: q,
		}
	}
	for want, p := range map[string]tenantsPage{
		"1 tenant":                            of(1, "", nil),
		"all 8 tenants":                       of(8, "", nil),
		"all tenants, more than 50":           of(50, "x", nil),
		"all 3 tenants, as they are filtered": of(3, "", url.Values{"search": {"a"}}),
	} {
		if got := p.All(); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
}

// The head of a tenant's pages has the button for the next step, but where that step is taken.
func TestHeadLeadsToTheNextStep(t *testing.T) {
	s := site(t)
	p := tenantPage{Base: "/admin/tenants/x", Tab: "log", Tenant: flowhq.Tenant{
		Wanted: true, Status: flowhq.TenantQRPending,
		Session: flowhq.Session{State: flowhq.QRReady, Reason: "scan the QR code"},
	}}
	for tab, want := range map[string]bool{"log": true, "link": false} {
		p.Tab = tab
		var b strings.Builder
		err := s.views.pages[flowhq.English]["timeline"].ExecuteTemplate(&b, "tenant-state", p)
		has := strings.Contains(b.String(), `class="button" href="/admin/tenants/x/link"`)
		if err != nil || has != want {
			t.Errorf("on the tab %s: %v, %v; want %v:\n%s", tab, has, err, want, b.String())
		}
	}
}

// The way by a code to type comes with the code to scan, also into a page that was open before it.
func TestCodeToTypeComesByItself(t *testing.T) {
	s, picture := site(t), "data:image/png;base64,x"
	for _, shown := range []*string{nil, &picture} {
		var b strings.Builder
		p := tenantPage{App: true, Base: "/app", QR: qr{QR: shown}}
		err := s.views.pages[flowhq.English]["link"].ExecuteTemplate(&b, "panel", view{Data: p})
		if has := strings.Contains(b.String(), `action="/app/link/code"`); err != nil || has != (shown != nil) {
			t.Errorf("with a code to scan %v: %v, %v:\n%s", shown != nil, has, err, b.String())
		}
	}
}

// Where nothing comes by itself, no page says that a code does: it has the button that brings one.
func TestNoCodeIsPromisedThatDoesNotCome(t *testing.T) {
	s := site(t)
	for status, want := range map[flowhq.TenantStatus]string{
		flowhq.TenantPaused: "Nionyeshe msimbo", flowhq.TenantError: "Nionyeshe msimbo",
		flowhq.TenantQRPending: "Msimbo utaonekana",
	} {
		var b strings.Builder
		p := tenantPage{App: true, Base: "/app", Tenant: flowhq.Tenant{Wanted: true, Status: status}}
		err := s.views.pages[flowhq.Swahili]["link"].ExecuteTemplate(&b, "panel", view{Data: p})
		has := strings.Contains(b.String(), `action="/app/session/start"`)
		if err != nil || !strings.Contains(b.String(), want) ||
			has != (status != flowhq.TenantQRPending) {
			t.Errorf("%s: %v, want %q:\n%s", status, err, want, b.String())
		}
	}
}
