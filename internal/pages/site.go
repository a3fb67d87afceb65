package pages

import (
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/flowhq/flowhq/internal/headers"
)

// A Site is the http.Handler of the pages, and of the API for everything that is no page. A Site
// is safe for concurrent use: New makes all of it, and nothing changes afterwards.
type Site struct {
	api    http.Handler
	log    *slog.Logger
	mux    *http.ServeMux
	static *static
	words  *texts
	views  *views
	ways   Ways
	// foreign tells what pages of other sites send.
	foreign *http.CrossOriginProtection
}

// New returns a site whose pages ask api. It fails only if a template or a file that is part of
// the program is broken.
func New(api http.Handler, ways Ways, log *slog.Logger) (*Site, error) {
	// Templates call for files and texts while they are parsed, so those two come first.
	files, err := loadStatic()
	if err != nil {
		return nil, err
	}
	words, err := loadTexts()
	if err != nil {
		return nil, err
	}
	v, err := parseViews(files, words)
	if err != nil {
		return nil, err
	}
	s := &Site{
		api: api, log: log, mux: http.NewServeMux(), static: files, words: words, views: v,
		ways:    ways,
		foreign: http.NewCrossOriginProtection(),
	}
	s.routes()
	return s, nil
}

// ServeHTTP answers a request with a page if there is one at its path and the caller wants HTML or
// sends a form. Anything else is the API's. Its refusals are shown as pages to a caller who wants
// HTML, since a person who follows a link to a file must not read JSON.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Files are the same for everybody, so they need neither a sign-in nor a language.
	if strings.HasPrefix(r.URL.Path, staticPath) {
		s.static.ServeHTTP(w, r)
		return
	}
	if !wantsHTML(r) {
		// A program gets the API's own answer, refusals too, as if there were no pages.
		s.api.ServeHTTP(w, r)
		return
	}
	headers.Set(w.Header(), r, headers.Page)     // redirects and failures have them too
	w.Header().Add("Vary", "Accept, Hx-Request") // the API's answer is at the same path
	// A form goes to a page even if the API has the same path and method: the API takes no forms.
	// The mux is asked and not served yet: the API may have a path that no page has.
	_, pattern := s.mux.Handler(r)
	if pattern != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead || isForm(r)) {
		s.mux.ServeHTTP(w, r)
		return
	}
	// What is left is an answer of the API that a person follows a link to, such as a file or a
	// stream.
	refusals := &refusalsAsPages{ResponseWriter: w, site: s, request: r}
	s.api.ServeHTTP(refusals, r)
	refusals.finish()
}

// wantsHTML reports whether a caller names HTML among what it accepts, as browsers do for what they
// show as a page. Programs ask for JSON or for anything; so does htmx, which says who it is.
func wantsHTML(r *http.Request) bool {
	if isHTMX(r) {
		return true
	}
	// */* alone is what programs send, and asks for no page.
	for _, accepted := range strings.Split(r.Header.Get("Accept"), ",") {
		if kind, _, err := mime.ParseMediaType(accepted); err == nil && kind == "text/html" {
			return true
		}
	}
	return false
}

// isHTMX reports whether htmx asks for a part of a page.
func isHTMX(r *http.Request) bool { return r.Header.Get("Hx-Request") == "true" }

// isForm reports whether a request carries what was typed into a form. A multipart form carries
// files, which no page takes.
func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// routes lists every page. GET shows, POST does something and then leads to a page that shows it,
// so that reloading repeats nothing.
func (s *Site) routes() {
	s.strangersPages()

	// The installation and its tenants, for operators.
	s.page("GET /admin", (*visit).now)
	s.page("GET /admin/tenants", (*visit).tenants)
	s.page("GET /admin/tenants/new", (*visit).newTenantForm)
	s.page("POST /admin/tenants/new", (*visit).newTenant)
	s.page("GET /admin/tenants/new/number", (*visit).dialledPart)
	s.page("GET /admin/tenants/{id}", (*visit).chats)
	s.page("GET /admin/tenants/{id}/state", (*visit).tenantState)
	s.page("GET /admin/tenants/{id}/timeline", (*visit).timeline)
	s.page("GET /admin/tenants/{id}/logs", (*visit).logs)
	s.page("POST /admin/tenants/{id}/logs/{message}/retry", (*visit).retry)
	s.page("GET /admin/tenants/{id}/settings", (*visit).settings)
	s.page("POST /admin/tenants/{id}/settings", (*visit).saveSettings)
	s.page("POST /admin/tenants/{id}/settings/delete", (*visit).deleteTenant)
	s.accessPages("/admin/tenants/{id}/settings")
	s.page("GET /admin/tenants/{id}/webhooks", (*visit).webhooks)
	s.page("POST /admin/tenants/{id}/webhooks", (*visit).addWebhook)
	s.page("POST /admin/tenants/{id}/webhooks/{webhook}", (*visit).changeWebhook)
	s.tenantPages("/admin/tenants/{id}")
	s.page("GET /admin/workers", (*visit).workers)
	s.page("POST /admin/workers/fleet", (*visit).changeFleet)
	s.page("POST /admin/workers/{worker}/{command}", (*visit).drainWorker)
	s.page("GET /admin/setup-requests", (*visit).requests)
	s.page("POST /admin/setup-requests/{request}/{decision}", (*visit).decide)

	s.page("GET /admin/people", (*visit).team)
	s.accessPages("/admin/people")
	s.page("GET /admin/dead-letters", (*visit).setAside)
	s.page("POST /admin/dead-letters/retry", (*visit).retryAside)
	s.page("GET /admin/webhook-deliveries", (*visit).setAside)
	s.page("POST /admin/webhook-deliveries/retry", (*visit).retryAside)
	s.page("GET /admin/audit", (*visit).audit)
	s.page("GET /admin/bulk", (*visit).bulks)
	s.page("POST /admin/bulk", (*visit).startBulk)
	s.page("GET /admin/bulk/{bulk}", (*visit).bulk)
	s.page("POST /admin/bulk/{bulk}/cancel", (*visit).cancelBulk)
	s.page("GET /admin/about", (*visit).installation)

	// The visitor's own business. Its id is in no path: the API knows whose cookie it is.
	s.page("GET /app", (*visit).home)
	s.page("GET /app/onboarding", (*visit).onboardingForm)
	s.page("POST /app/onboarding", (*visit).onboarding)
	s.page("POST /app/onboarding/check", (*visit).checkOnboarding)
	s.page("GET /app/bot/versions", (*visit).versions)
	s.page("POST /app/bot/versions/{version}", (*visit).restore)
	s.page("GET /app/people", (*visit).people)
	s.page("POST /app/people", (*visit).invite)
	s.page("POST /app/people/{account}", (*visit).changePerson)
	s.page("GET /app/answerer", (*visit).answerer)
	s.page("POST /app/answerer", (*visit).chooseAnswerer)
	s.page("POST /app/password", (*visit).changePassword)
	s.page("GET /app/help", (*visit).help)
	s.page("GET /app/more", (*visit).more)
	s.page("GET /app/waiting", (*visit).waitingPart)
	s.page("POST /app/language", (*visit).chooseLanguage)
	s.tenantPages("/app")
}

// strangersPages lists what anybody may ask for.
func (s *Site) strangersPages() {
	s.page("GET /{$}", (*visit).start)
	s.page("GET /sign-in", (*visit).signInForm)
	s.longForm("POST /sign-in", (*visit).signIn) // with what was typed into a long form
	s.page("GET /forgot", (*visit).forgotForm)
	s.page("POST /forgot", (*visit).forgot)
	s.page("POST /language", (*visit).chooseLanguage)
	s.page("POST /sign-out", (*visit).signOut)
	s.page("GET /join", (*visit).joinForm)
	s.page("POST /join", (*visit).join)
	s.page("GET /setup", (*visit).setupForm)
	s.page("POST /setup", (*visit).setup)
}

// accessPages lists what is done to people and keys, of the installation or of a tenant.
func (s *Site) accessPages(base string) {
	s.page("POST "+base+"/accounts", (*visit).invitePerson)
	s.page("POST "+base+"/accounts/{account}", (*visit).changeAccount)
	s.page("POST "+base+"/keys", (*visit).makeKey)
	s.page("POST "+base+"/keys/{key}/revoke", (*visit).revokeKey)
}

// tenantPages lists the pages that operators and a business's own people have alike, under the path
// of the tenant.
func (s *Site) tenantPages(base string) {
	s.page("POST "+base+"/session/{command}", (*visit).command)
	s.page("GET "+base+"/chats", (*visit).chats)
	s.page("GET "+base+"/chats/{contact}", (*visit).chat)
	s.page("GET "+base+"/chats/{contact}/bubbles", (*visit).bubbles)
	s.page("POST "+base+"/chats/{contact}/{deed}", (*visit).inChat)
	s.page("GET "+base+"/link", (*visit).link)
	s.page("GET "+base+"/link/panel", (*visit).linkPanel)
	s.page("POST "+base+"/link/code", (*visit).linkCode)
	s.page("GET "+base+"/records", (*visit).records)
	s.page("POST "+base+"/records/{kind}/{number}", (*visit).changeRecord)
	s.page("GET "+base+"/bot", (*visit).bot)
	s.page("GET "+base+"/bot/{section}", (*visit).bot)
	// A page of a price list is the longest form of all.
	s.longForm("POST "+base+"/bot/{section}", (*visit).tell)
	s.page("POST "+base+"/bot/{section}/undo/{version}", (*visit).undo)
}

// Bounds of what is typed into a form, in bytes. The longest field of most is a message to a
// customer. A page of a price list has fifty entries with several texts each.
const (
	maxFormBytes     = 64 << 10
	maxLongFormBytes = 1 << 20
)

// page registers a page. What h returns as an error is shown as a page of its own.
func (s *Site) page(pattern string, h func(*visit) error) { s.handle(pattern, maxFormBytes, h) }

// longForm registers a page like page, for a form of many fields.
func (s *Site) longForm(pattern string, h func(*visit) error) {
	s.handle(pattern, maxLongFormBytes, h)
}

// handle registers a page whose form has at most maxBytes. Without a bound, one visitor could fill
// the memory.
func (s *Site) handle(pattern string, maxBytes int64, h func(*visit) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		// What is longer is an error of ParseForm.
		r.Body = http.MaxBytesReader(w, r.Body, maxBytes)
		v := s.visit(w, r)
		// Read before anything is done, so no page acts on half a form.
		if err := r.ParseForm(); err != nil {
			v.problem(http.StatusBadRequest, "The form could not be read.", "")
			return
		}
		// An error was not answered yet: a page that has answered returns none.
		if err := h(v); err != nil {
			v.fail(err)
		}
	})
}
