package pages

import (
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// site has pages before an API that knows nobody.
func site(t *testing.T) *Site {
	t.Helper()
	stranger := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Www-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"detail":"this needs a sign-in","request_id":"r-1"}`)
	})
	s, err := New(stranger, Ways{OpenID: true, Mail: true, Help: "+255700000009"},
		slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hostile is what a stranger may write to break a page.
const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>` + "\u202e\u0000"

// samples are what each template is given: nothing, and what strangers wrote.
func samples() map[string][]any {
	all := pageSamples()
	all["bot"] = botSamples()
	maps.Copy(all, operatorSamples())
	return all
}

func pageSamples() map[string][]any {
	name, at, code := hostile, time.Now(), hostile
	tenant := flowhq.Tenant{
		ID: "6f1b0f5e-0000-4000-8000-000000000000", Name: name, PhoneNumber: name, Wanted: true,
		Config:  flowhq.Config{BusinessName: name, Template: flowhq.SupportTemplate},
		Session: flowhq.Session{Reason: name, NextStep: name, Number: name, LastSeenAt: &at},
		Host:    flowhq.Host{Worker: name},
	}
	contact := flowhq.Contact{ID: 7, Name: strings.Repeat(name, 50), Number: name, LastSeenAt: at}
	contact.HandOver = &flowhq.HandOver{Until: &at}
	chats := []flowhq.Chat{
		{Contact: contact, Unread: flowhq.MaxUnread, LastMessage: &flowhq.ChatMessage{Text: name}},
		{Contact: flowhq.Contact{LeftAlone: flowhq.LeftListed}},
		{LastMessage: &flowhq.ChatMessage{Direction: flowhq.Out, Kind: flowhq.KindOwner, Media: flowhq.MediaImage}},
		{LastMessage: &flowhq.ChatMessage{Direction: flowhq.Out, Kind: flowhq.KindReply}},
	}
	page := tenantPage{
		Tenant: tenant, Base: "/app", Contact: contact, Older: name,
		Chats:   chatsPart{chats, name, true, name, "/app/chats?search=" + url.QueryEscape(name)},
		NotSent: name, Written: name, QR: qr{Reason: name, QR: &code}, Code: name,
		Messages: []flowhq.Message{
			{Direction: flowhq.In, Text: strings.Repeat(name, 1000), Status: flowhq.Suppressed, Reason: name},
			{Direction: flowhq.Out, Kind: flowhq.KindReply, Status: flowhq.Failed, Reason: name},
			{Direction: flowhq.In, Understood: []byte(`{"intents":[{"name":"<script>alert","score":1}]}`)},
		},
		Events:   []flowhq.Event{{Type: flowhq.EventType(name), Actor: name, Reason: name}},
		Workflow: "https://temporal.example/namespaces/default/workflows/tenant:x",
	}
	typed := form{Values: url.Values{"name": {name}}, Errors: map[string]string{"name": name},
		Wrong: name, Next: name}
	asked := flowhq.SetupRequest{ID: name, BusinessName: name, Notes: name, Status: flowhq.SetupSubmitted}
	rejected := asked
	rejected.Status = flowhq.SetupRejected
	workers := []flowhq.Worker{{Name: name}}
	events := fleet{Events: []flowhq.FleetEvent{{Reason: name}},
		Fleet: flowhq.Fleet{Paused: true, Reason: name}}
	inApp := page
	inApp.App = true
	v := &visit{language: flowhq.Swahili}
	ways := Ways{OpenID: true, Mail: true, Help: name}
	travels := &kept{Action: "/app/onboarding?x=" + name,
		Fields: []field{{name, name}, {"text", strings.Repeat(name, 1000)}}}
	people := []flowhq.Account{
		{ID: name, Name: name, Email: name, Role: flowhq.RoleOwner},
		{ID: name, Name: name, Role: flowhq.RoleStaff, Invited: true},
		{ID: name, Role: flowhq.RoleStaff, Disabled: true},
	}
	return map[string][]any{
		"sign-in": {doorPage{}, doorPage{form: typed, Ways: ways, Kept: travels}},
		"join":    {doorPage{}, doorPage{form: typed}},
		"forgot":  {doorPage{}, doorPage{form: typed, Ways: ways}, doorPage{Sent: true}},
		"resume":  {doorPage{}, doorPage{Kept: travels}},
		"people": {peoplePage{}, peoplePage{
			tenantPage: inApp, form: typed, Accounts: people, Roles: flowhq.UserRoles, Link: name,
			Invited:  name,
			Password: typed,
		}},
		"versions": {versionsPage{}, versionsPage{tenantPage: inApp, Versions: []flowhq.ProfileVersion{
			{Version: 2, Actor: name, Reason: name, CreatedAt: at}, {Version: 1},
		}}},
		"help": {helpPage{}, helpPage{tenantPage: inApp, Ways: ways}},
		"answerer": {answererPage{}, answererPage{
			tenantPage: inApp, form: typed, Answerers: flowhq.Answerers, Saved: true,
		}},
		"more":  {helpPage{}, helpPage{tenantPage: inApp}},
		"setup": {form{}, typed},
		"problem": {statusPage{}, statusPage{What: name, RequestID: name,
			Parts: []partHealth{{name, false, name}}}},
		"now": {nowPage{}, nowPage{
			Waiting: []flowhq.Tenant{tenant}, Total: 1,
			States: []stateCount{{flowhq.TenantError, 1}}, Workers: workers,
			Fleet: events, Asked: []flowhq.SetupRequest{asked},
			Latest: []flowhq.AuditEntry{
				{Action: hostile, Principal: name, TenantName: name, Detail: name, Address: name}, {},
			},
			Charts: []chart{
				newChart(name, name, at, time.Minute, sayNumber, []string{name}, [][]point{{{at, 3}}}),
				{Title: name, Lines: []chartLine{{name, name, name}}},
			},
		}},
		"tenants": {tenantsPage{}, tenantsPage{Query: url.Values{"search": {name}}}, tenantsPage{
			tenantList: tenantList{[]flowhq.Tenant{
				tenant, {Activity: &flowhq.Activity{MessagesToday: 7, UnreadHandOvers: 1000}},
			}, name},
			Query: url.Values{
				"search": {name}, "sort": {"name"}, "order": {name}, "worker": {name},
			},
			Workers: workers, Deleted: name,
		}},
		"new-tenant": {newTenantPage{}, newTenantPage{
			form: typed, Templates: tiles, Languages: flowhq.Languages, Countries: dialCountries,
			Home: name, Dialled: dialled{Wrong: name},
		}, newTenantPage{Dialled: dialled{Shown: name, Country: name, Doubt: name}},
			newTenantPage{Dialled: dialled{Shown: name, Taken: tenant}}},
		"chats": {tenantPage{}, page, inApp, tenantPage{Chats: chatsPart{Search: name}}}, "link": {tenantPage{}, page, inApp},
		"timeline": {tenantPage{}, page},
		"workers":  {workersPage{}, workersPage{Workers: workers, Fleet: events, NewTenants: 3}},
		"requests": {requestsPage{}, requestsPage{
			setupRequests: setupRequests{Requests: []flowhq.SetupRequest{asked}}, Wrong: name,
			Statuses: flowhq.SetupStatuses,
		}},
		"home": {homePage{}, homePage{
			tenantPage: inApp, Waiting: chats, Counts: []recordCount{{"orders", 3, true}},
			Today: []figure{{"today.customers", 200, true, "/app/chats"},
				{"today.orders", 0, false, "/app/records"}},
		}},
		"onboarding": {onboardingPage{}, onboardingPage{
			tenantPage: inApp, form: typed, Asked: rejected, Steps: stepsOf(rejected, tenant),
			Templates: flowhq.Templates, Languages: flowhq.Languages,
		}},
		"records": {recordsPage{}, recordsPage{
			tenantPage: inApp, Kind: "orders", Kinds: []string{"orders"}, Search: name, Next: name,
			Wrong: name,
			Records: v.rows(facts{
				Bookings: []flowhq.Booking{{Service: name, Name: name, Number: name,
					Status: flowhq.BookingConfirmed}},
				Orders: []flowhq.Order{{Number: name, Unpaid: true, Status: flowhq.OrderConfirmed,
					Lines: []flowhq.OrderLine{
						{Name: name, Size: name},
					}}},
				Tickets: []flowhq.Ticket{{Note: name, Number: name, Status: flowhq.TicketOpen}},
			}, business{zone: time.UTC}),
		}},
	}
}

// TestTemplates: every page can be made of nothing and of hostile words, in each language, for a
// stranger, an operator and a business's people, and none of the words becomes a part of the page.
func TestTemplates(t *testing.T) {
	s := site(t)
	all := samples()
	for lang := range tags {
		for _, name := range slices.Sorted(maps.Keys(s.views.pages[lang])) {
			if len(all[name]) < 2 {
				t.Errorf("page %s has no samples", name)
			}
			for i, data := range all[name] {
				for _, me := range []flowhq.Principal{
					{}, {Kind: flowhq.PrincipalOperator, Name: hostile},
					{Kind: flowhq.PrincipalUser, Name: hostile, Tenant: "x"},
				} {
					w := httptest.NewRecorder()
					v := s.visit(w, httptest.NewRequest("GET", "/admin?x="+url.QueryEscape(hostile), nil))
					v.me, v.language = me, lang
					if err := v.show(http.StatusOK, name, "", hostile, data); err != nil {
						t.Errorf("%s %s, sample %d: %v", lang, name, i, err)
						continue
					}
					page := w.Body.String()
					for _, bad := range []string{"<script>alert", "<img src=x", "ZgotmplZ",
						`href="javascript`} {
						if strings.Contains(page, bad) {
							t.Errorf("%s %s, sample %d has %s", lang, name, i, bad)
						}
					}
				}
			}
		}
	}
}

// TestTexts: each language has the same texts, and templates and code use all of them.
func TestTexts(t *testing.T) {
	s := site(t)
	english, swahili := s.words.keys[flowhq.English], s.words.keys[flowhq.Swahili]
	for key := range english {
		if !swahili[key] {
			t.Errorf("sw.txt has no %s", key)
		}
	}
	for key := range swahili {
		if !english[key] {
			t.Errorf("en.txt has no %s", key)
		}
	}
	used := map[string]bool{}
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	say := regexp.MustCompile(`say\("([a-z.-]+)"`)
	for _, name := range sources {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range say.FindAllStringSubmatch(string(data), -1) {
			used[found[1]] = true
		}
	}
	key := regexp.MustCompile(`"([a-z]+(?:[.-][a-z-]+)*\.?)(?:%s)?"`)
	for _, f := range names {
		data, err := templateFiles.ReadFile("templates/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range key.FindAllStringSubmatch(string(data), -1) {
			used[found[1]] = true
		}
	}
	code, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`"([a-z]+(?:[.-][a-z-]+)*\.?)"`)
	for _, f := range code {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range said.FindAllStringSubmatch(string(data), -1) {
			used[found[1]] = true
		}
	}
	for _, title := range []string{"home", "chats", "link", "records", "onboarding", "bot", "help", "more"} {
		used[title+".title"] = true // by the code, of a word that is elsewhere too
	}
	for key := range english {
		family := key[:strings.LastIndex(key, ".")+1] // as of "kind.%s"
		if !used[key] && !used[family] {
			t.Errorf("nothing says %s", key)
		}
	}
}

// TestLocal: whoever signs in is led to a page of this site only.
func TestLocal(t *testing.T) {
	for path, want := range map[string]string{
		"/admin/tenants?search=a": "/admin/tenants?search=a", "": "/", "https://evil.example": "/",
		"//evil.example": "/",
		`/\evil.example`: "/", "javascript:alert(1)": "/", "admin": "/",
		"/%2f/evil.example": "/%2f/evil.example",
	} {
		if got := local(path); got != want {
			t.Errorf("local(%q) = %q; want %q", path, got, want)
		}
	}
}

// TestWhoGetsHTML: a browser is led to the sign-in, and a program reads the API's own answer.
func TestWhoGetsHTML(t *testing.T) {
	s := site(t)
	for _, tt := range []struct {
		accept, path string
		status       int
		location     string
	}{
		{"text/html,*/*;q=0.8", "/admin/tenants?status=ERROR", 303,
			"/sign-in?next=%2Fadmin%2Ftenants%3Fstatus%3DERROR"},
		{"text/html,*/*;q=0.8", "/admin/tenants/x/logs.csv", 303,
			"/sign-in?next=%2Fadmin%2Ftenants%2Fx%2Flogs.csv"},
		{"*/*", "/admin/tenants", 401, ""},
		{"application/json", "/admin", 401, ""},
		{"", "/app", 401, ""},
		{"htmx", "/admin/tenants", 200, ""},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", tt.path, nil)
		r.Header.Set("Accept", tt.accept)
		if tt.accept == "htmx" { // which accepts anything, and is led to the sign-in by a header
			r.Header.Set("Accept", "*/*")
			r.Header.Set("Hx-Request", "true")
		}
		s.ServeHTTP(w, r)
		if moved := w.Header().Get("Hx-Redirect") != ""; moved != (tt.accept == "htmx") {
			t.Errorf("GET %s for %q leads htmx away: %v", tt.path, tt.accept, moved)
		}
		if w.Code != tt.status || w.Header().Get("Location") != tt.location {
			t.Errorf("GET %s for %q = %d to %q; want %d to %q", tt.path, tt.accept, w.Code,
				w.Header().Get("Location"), tt.status, tt.location)
		}
		if asks := w.Header().Get("Www-Authenticate") != ""; asks != (tt.status == 401) {
			t.Errorf("GET %s for %q has a challenge: %v", tt.path, tt.accept, asks)
		}
	}
}

// TestStatic: files come compressed, may be kept for ever, and are found under their hash only.
func TestStatic(t *testing.T) {
	s := site(t)
	where, err := s.static.path("style.css")
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		s.ServeHTTP(w, r)
		return w
	}
	w := get(where)
	if w.Code != 200 || w.Header().Get("Content-Encoding") != "gzip" ||
		!strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("GET %s = %d, %v", where, w.Code, w.Header())
	}
	if w := get("/static/style.css"); w.Code != 404 {
		t.Errorf("without its hash the file is found: %d", w.Code)
	}
	total := 0
	for _, f := range s.static.byPath {
		total += len(f.gzipped)
	}
	// The design's bound for a first visit, of which the page itself takes a few.
	if bound := 50 << 10; total > bound {
		t.Errorf("all files together have %d bytes compressed; want %d at most", total, bound)
	}
}
