package pages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
	"github.com/flowhq/flowhq/internal/headers"
)

// A visit is one request for a page.
type visit struct {
	site *Site
	w    http.ResponseWriter
	r    *http.Request
	// api asks the API as the visitor; see inProcess.
	api apiclient.Client
	// me is who visits; the zero value before known has asked, and of a stranger.
	me flowhq.Principal
	// language is what the page says its words in: English but for a business's own pages.
	language flowhq.Language
	mu       sync.Mutex // see inProcess
	// requestID is the number of the last request to the API, by which its log is found.
	requestID string
	// retryAfter is when the API last asked to try again, "" if it never did.
	retryAfter string
	// handed are the chats that were handed over to a person, nil before anybody has asked; see
	// handedOver.
	handed []flowhq.Chat
	// spoke says that the language was decided on, rather than being the one to begin with.
	spoke bool
}

// passed are the headers of the visitor that the API decides by: who asks, from where, and whether
// a page of another site made the browser ask.
var passed = []string{
	"Cookie", "Authorization", "X-Forwarded-For", "X-Forwarded-Proto", "Sec-Fetch-Site", "Origin",
	"User-Agent",
}

// visit begins to answer a request.
func (s *Site) visit(w http.ResponseWriter, r *http.Request) *visit {
	// The others are the page's own affair, such as Accept, by which the API would answer
	// otherwise.
	header := http.Header{}
	for _, name := range passed {
		if values := r.Header.Values(name); len(values) > 0 {
			header[name] = values
		}
	}
	v := &visit{site: s, w: w, r: r, language: flowhq.English}
	v.api = apiclient.Client{
		// The host is what a page of another site is told from.
		Base:   "http://" + r.Host,
		Header: header, Transport: inProcess{s.api, w, r, &v.mu, &v.requestID, &v.retryAfter},
	}
	return v
}

// ctx ends when the visitor leaves, and whatever the API does for the page ends with it.
func (v *visit) ctx() context.Context { return v.r.Context() }

// get asks the API for something, as the visitor.
func (v *visit) get(path string, out any) error {
	return v.api.Call(v.ctx(), http.MethodGet, path, nil, out)
}

// post has the API do something, as the visitor.
func (v *visit) post(path string, in, out any) error {
	return v.api.Call(v.ctx(), http.MethodPost, path, in, out)
}

// postOnce is post for a form with a key: it is done once, however often the form is sent, by a
// second press, a reload, or a browser that got no answer. The API answers a second request of the
// same key with what came of the first. Somebody may also go back to a form and send other words,
// which is another request, so the words are part of the key.
func (v *visit) postOnce(path string, in, out any) error {
	key := v.r.PostFormValue("key")
	// A program that sends no key is taken by its word.
	if key == "" {
		return v.post(path, in, out)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(body)
	// A key that somebody made longer is the API's to refuse.
	key += "-" + hex.EncodeToString(hash[:8])
	return v.with("Idempotency-Key", key).Call(v.ctx(), http.MethodPost, path, in, out)
}

// with is the API as the visitor, whose requests have one header more.
func (v *visit) with(name, value string) apiclient.Client {
	c := v.api
	c.Header = c.Header.Clone()
	c.Header.Set(name, value)
	return c
}

// known finds out who visits. An error of a stranger leads to the sign-in. Each page asks anew, so
// who was kept out meanwhile is out at once.
func (v *visit) known() error { return v.get("/auth/me", &v.me) }

// operator is known for pages of the installation: a business's people are shown their own.
func (v *visit) operator() error {
	if err := v.known(); err != nil {
		return err
	}
	// The API would show such a person their own tenant here as well. The pages keep the two
	// apart, so that nobody of a business is led to words that are meant for operators.
	if v.me.Bound() {
		return &apiclient.Refusal{
			Status: http.StatusForbidden, Detail: "This page is for operators.",
		}
	}
	return nil
}

// isApp reports whether the page is one of a business's own.
func (v *visit) isApp() bool {
	// With the slash, so that a path such as /apps is none of them.
	return v.r.URL.Path == "/app" || strings.HasPrefix(v.r.URL.Path, "/app/")
}

// ownTenantPath is where the API has the tenant of who asks.
const ownTenantPath = "/portal/tenant"

// base is where the pages of the tenant are that this page is about, and tenantPath where the API
// has it. An id is not trusted to be one: a slash in it would lead to another path.
func (v *visit) base() string {
	if v.isApp() {
		return "/app"
	}
	return "/admin/tenants/" + url.PathEscape(v.r.PathValue("id"))
}

// tenantPath is where the API has the tenant. The business's own path has no id: the API finds the
// tenant by who asks.
func (v *visit) tenantPath() string {
	if v.isApp() {
		return ownTenantPath
	}
	return v.base()
}

// languageCookie keeps the language that a person of a business has chosen.
const languageCookie = "language"

// chooseLanguage sets the language of /app, for a year.
func (v *visit) chooseLanguage() error {
	lang := flowhq.Language(v.r.PostFormValue("language"))
	// A language that is none changes nothing.
	if _, ok := tags[lang]; ok {
		// The door speaks it too. The API knows nothing of languages of pages.
		const year = 365 * 24 * 60 * 60 // seconds
		http.SetCookie(v.w, &http.Cookie{
			Name: languageCookie, Value: string(lang), Path: "/", MaxAge: year,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: headers.BehindTLS(v.r),
		})
	}
	return v.redirect(local(v.r.FormValue("next")))
}

// speak decides on the language of a business's page: the one that was chosen, or the one that its
// bot begins in.
func (v *visit) speak(t flowhq.Tenant) {
	v.spoke = true
	v.language = t.Config.Language
	if c, err := v.r.Cookie(languageCookie); err == nil {
		v.language = flowhq.Language(c.Value)
	}
	// A cookie is whatever its browser says.
	if _, ok := tags[v.language]; !ok {
		v.language = flowhq.English
	}
}

// say is a text of the page's language. A key that is not there is a fault of the program, which
// the test of all texts finds.
func (v *visit) say(key string, values ...any) string {
	text, err := v.site.words.say(v.language)(key, values...)
	if err != nil {
		v.site.log.Error("a text is missing", "err", err)
		return key
	}
	return text
}

// redirect leads to another page, with GET.
func (v *visit) redirect(path string) error {
	// 303 has the browser ask with GET, so that reloading sends no form again.
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// isPart reports whether htmx asks for a part of a page, rather than a browser for the whole.
func (v *visit) isPart() bool { return isHTMX(v.r) }
