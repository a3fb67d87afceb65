package pages

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/flowhq/flowhq"
)

// nowPage is the operators' start page. It is made of six answers of the API, however many
// tenants there are.
type nowPage struct {
	// Waiting are tenants for which a person must act.
	Waiting []flowhq.Tenant
	// States counts the sessions, the most first.
	States  []stateCount
	Total   int
	More    bool // there are tenants that were not counted
	Workers []flowhq.Worker
	Fleet   fleet
	Asked   []flowhq.SetupRequest // that nobody has decided on
	Charts  []chart               // of the last day; none before anything was counted
	Latest  []flowhq.AuditEntry   // what people did last
}

// A stateCount is how many sessions are in a state.
type stateCount struct {
	State flowhq.TenantStatus
	Count int
}

// fleet is what holds for all sessions.
type fleet struct {
	flowhq.Fleet
	// ConnectsPerSecond is how many sessions connect at most, ConnectsWaiting how many wait.
	ConnectsPerSecond int `json:"connects_per_second"`
	ConnectsWaiting   int `json:"connects_waiting"`

	Events []flowhq.FleetEvent `json:"events"`
}

// countedTenants bounds what the start page counts; the API gives no more at a time.
const countedTenants = 1000

// now shows who needs a person, and how the installation is.
func (v *visit) now() error {
	if err := v.operator(); err != nil {
		return err
	}
	var all tenantList
	var w struct{ Workers []flowhq.Worker }
	var requests setupRequests
	p := nowPage{}
	// One that cannot be read takes the whole page: half of it would look as if all were well.
	if err := v.get("/admin/tenants?limit="+strconv.Itoa(countedTenants), &all); err != nil {
		return err
	}
	if err := v.get("/admin/workers", &w); err != nil {
		return err
	}
	if err := v.get("/admin/fleet", &p.Fleet); err != nil {
		return err
	}
	// Twenty are a glance. The page of requests has the rest.
	if err := v.get("/admin/setup-requests?status=SUBMITTED&limit=20", &requests); err != nil {
		return err
	}
	if err := v.readDay(&p); err != nil {
		return err
	}
	// The newest thousand are looked at. An installation that has more is told so on the page, and
	// finds the others by the filters of the list.
	counts := map[flowhq.TenantStatus]int{}
	for _, t := range all.Tenants {
		counts[t.Status]++
		if needsPerson(t) {
			p.Waiting = append(p.Waiting, t)
		}
	}
	// The list of statuses gives the order among those that are equally many; a map has none.
	for _, state := range flowhq.TenantStatuses {
		if counts[state] > 0 {
			p.States = append(p.States, stateCount{state, counts[state]})
		}
	}
	slices.SortStableFunc(p.States, func(a, b stateCount) int { return b.Count - a.Count })
	// A next page means that the count is of the newest only.
	p.Total, p.More = len(all.Tenants), all.Next != ""
	p.Workers, p.Asked = w.Workers, requests.Requests
	return v.show(http.StatusOK, "now", "now", "Now", p)
}

// readDay adds what the last day was like.
func (v *visit) readDay(p *nowPage) error {
	var t traffic
	if err := v.get("/admin/traffic", &t); err != nil {
		return err
	}
	p.Charts = t.charts(time.Now())
	// Eight fit beside what is above them; the audit has the rest.
	var audit struct{ Entries []flowhq.AuditEntry }
	err := v.get("/admin/audit?limit=8", &audit)
	p.Latest = audit.Entries
	return err
}

// needsPerson reports whether a session stays as it is until a person acts.
func needsPerson(t flowhq.Tenant) bool {
	// One that was stopped on purpose is as somebody wants it.
	if !t.Wanted {
		return false
	}
	// ERROR is a session that has given up. A code waits for somebody to scan it, and neither a
	// logged-out nor a banned session comes back by itself.
	return t.Status == flowhq.TenantError || t.Session.State == flowhq.QRReady ||
		t.Session.State == flowhq.LoggedOut || t.Session.State == flowhq.Banned
}

// newTenantPage is the form of a new tenant.
type newTenantPage struct {
	form
	Templates []templateTile
	Languages []flowhq.Language
	// Countries are those to choose from, Home the one that is chosen, and Dialled what becomes of
	// the number as it stands.
	Countries []country
	Home      string
	Dialled   dialled
}

// A templateTile shows what a template does by what is said in it.
type templateTile struct {
	// The words are in English, as all pages of operators.
	Template      flowhq.Template
	Name, For     string
	Asks, Answers string
}

// tiles describe the templates. What is said is made up.
var tiles = []templateTile{
	{
		flowhq.BookingTemplate, "Booking", "Barbers, clinics, salons",
		"Can I come tomorrow at 10?", "Tomorrow at 10:00 is free. Shall I book it for you?",
	},
	{
		flowhq.EcommerceTemplate, "Shop", "Clothes, groceries, hardware",
		"2 kg sugar to Sinza please",
		"2 × sugar is TSh 6,400, delivery TSh 3,000. Shall I order it?",
	},
	{
		flowhq.SupportTemplate, "Help desk", "Internet, schools, services",
		"My internet is down", "I am sorry. I have opened ticket 41; a technician will look at it.",
	},
}

// newTenantForm asks what a tenant needs.
func (v *visit) newTenantForm() error {
	if err := v.operator(); err != nil {
		return err
	}
	return v.showNewTenant(http.StatusOK, nil)
}

// showNewTenant shows the form, with why it was refused.
func (v *visit) showNewTenant(status int, err error) error {
	p := newTenantPage{
		form: v.formOf(err), Templates: tiles, Languages: flowhq.Languages,
		Countries: dialCountries, Home: cmp.Or(v.r.FormValue("country"), homeRegions[0]),
	}
	// The API knows numbers as they are dialled from abroad, and the form as they are written.
	if d := dial(v.r.FormValue("phone_number"), p.Home); d.Wrong != "" &&
		p.Errors["phone_number"] != "" {
		p.Errors["phone_number"] = d.Wrong
	}
	return v.show(status, "new-tenant", "tenants", "New tenant", p)
}

// newTenant creates a tenant, starts its session and leads to where its phone is linked. A form
// that is sent twice makes one tenant.
func (v *visit) newTenant() error {
	if err := v.operator(); err != nil {
		return err
	}
	f := v.r.PostFormValue
	in := flowhq.NewTenant{
		Name: f("name"), PhoneNumber: f("phone_number"), BusinessName: f("business_name"),
		Template: flowhq.Template(f("template_type")), Language: flowhq.Language(f("language")),
	}
	// What is no number is left to the API to refuse, with whatever else is wrong.
	if d := dial(in.PhoneNumber, f("country")); d.E164 != "" {
		in.PhoneNumber = d.E164
	}
	// Most operators know a business by the name that its customers know.
	if in.BusinessName == "" {
		in.BusinessName = in.Name
	}
	var t flowhq.Tenant
	if err := v.postOnce("/admin/tenants", in, &t); err != nil {
		// Nothing was made, so the form comes back with what was typed.
		return v.showNewTenant(statusOf(err), err)
	}
	// The tenant exists from here on. If the start fails, the visitor sees why, and finds the
	// tenant in the list to start it there.
	if err := v.post("/admin/tenants/"+string(t.ID)+"/session/start", nil, nil); err != nil {
		return err
	}
	return v.redirect("/admin/tenants/" + string(t.ID) + "/link")
}

// setupRequests is a page of setup requests, the newest first.
type setupRequests struct {
	Requests []flowhq.SetupRequest `json:"setup_requests"`
	Next     string                `json:"next"`
}

// requestsPage is the list of setup requests.
type requestsPage struct {
	setupRequests
	Status   string
	Statuses []flowhq.SetupStatus
	// Wrong is why a decision was refused.
	Wrong string
}

// Number is what becomes of the number that an applicant has given, for who decides: one that nobody
// can call is no WhatsApp number either.
func (requestsPage) Number(r flowhq.SetupRequest) dialled { return dial(r.WhatsAppNumber, "") }

// requests lists who asks to be put on the air.
func (v *visit) requests() error { return v.showRequests(http.StatusOK, "") }

// showRequests shows the list, with why a decision was refused.
func (v *visit) showRequests(status int, wrong string) error {
	if err := v.operator(); err != nil {
		return err
	}
	p := requestsPage{
		Status: v.r.Form.Get("status"), Statuses: flowhq.SetupStatuses, Wrong: wrong,
	}
	q := url.Values{"limit": {"50"}}
	// A status that does not exist is the API's to refuse.
	if p.Status != "" {
		q.Set("status", p.Status)
	}
	if err := v.get("/admin/setup-requests?"+q.Encode(), &p.setupRequests); err != nil {
		return err
	}
	return v.show(status, "requests", "requests", "Requests", p)
}

// decide approves a setup request, or rejects it with a reason.
func (v *visit) decide() error {
	// Who may decide is the API's to check, as for every change: a stranger's 401 leads to the
	// sign-in.
	decision := v.r.PathValue("decision")
	// The form has one field for both decisions. The API calls it notes of an approval, and reason
	// of a rejection.
	in := map[string]string{"notes": v.r.PostFormValue("notes")}
	if decision == "reject" {
		in = map[string]string{"reason": v.r.PostFormValue("notes")}
	}
	// A decision that is none is the API's to refuse.
	path := "/admin/setup-requests/" + url.PathEscape(v.r.PathValue("request")) + "/" +
		url.PathEscape(decision)
	err := v.post(path, in, nil)
	switch statusOf(err) {
	// A rejection without a reason, and a request that somebody else has decided on meanwhile.
	case http.StatusBadRequest, http.StatusConflict:
		byField, whole := v.fieldErrors(err)
		return v.showRequests(statusOf(err), cmp.Or(byField["reason"], byField["notes"], whole))
	}
	if err != nil {
		return err
	}
	return v.redirect("/admin/setup-requests")
}
