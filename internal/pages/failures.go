package pages

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flowhq/flowhq/internal/apiclient"
)

// notFound is a page that is not there. Pages answer with it where the API need not be asked.
var notFound = &apiclient.Refusal{Status: http.StatusNotFound, Detail: "there is no such page"}

// fail answers with what became of a page that could not be made. A stranger is asked to sign in,
// and then led to where they wanted to go.
func (v *visit) fail(err error) {
	refused, ok := errors.AsType[*apiclient.Refusal](err)
	// Anything else is a fault of the program: a template, or an answer that is not the API's. The
	// page says no more than that, since an error may name what a stranger must not know.
	switch {
	case !ok:
		v.site.log.Error("a page failed", "path", v.r.URL.Path, "err", err)
		v.problem(http.StatusInternalServerError, "Something went wrong here.", "")
	case refused.Status == http.StatusUnauthorized:
		v.askToSignIn()
	default:
		v.problem(refused.Status, sentence(refused.Detail), refused.RequestID)
	}
}

// askToSignIn leads a stranger to the sign-in, and back afterwards. htmx is told to leave the page:
// it would put the sign-in into a corner of it.
func (v *visit) askToSignIn() {
	// What was typed stays, in the page that asks.
	if k := v.keepTyped(); k != nil {
		if err := v.showDoor(
			http.StatusUnauthorized, "sign-in", doorPage{form: v.formOf(nil), Kept: k},
		); err != nil {
			v.site.log.Error("the sign-in failed", "err", err)
		}
		return
	}
	// What a form did cannot be done again by following a link, so its visitor comes back to the
	// page with the form.
	back := v.r.URL.RequestURI()
	// A part of a page has a path that is no page. The Referer names the page around it.
	if v.r.Method != http.MethodGet || v.isPart() {
		back = ""
		// Of another site's Referer only the path is taken, so the way back stays on this site.
		if from, err := url.Parse(v.r.Referer()); err == nil {
			back = from.RequestURI()
		}
	}
	where := "/sign-in?next=" + url.QueryEscape(back)
	if v.isPart() {
		v.w.Header().Set("Hx-Redirect", where)
		v.w.WriteHeader(http.StatusOK)
		return
	}
	_ = v.redirect(where)
}

// local returns a path of this site to go on to, or "/" for anything else: a link in a letter must
// not lead somebody who signs in here to another site.
func local(path string) string {
	// Browsers take "//host" and, some of them, "/\host" for another site.
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return "/"
	}
	return u.RequestURI()
}

// sentence makes a sentence of what the API says, which begins in lower case and has no full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	// By runes: the first letter may have several bytes.
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(s[size:], ".") + "."
}

// fieldErrors are what is wrong with which field of a form, if that is why the API refused it, in
// the words of the reader.
func (v *visit) fieldErrors(err error) (byField map[string]string, whole string) {
	refused, ok := errors.AsType[*apiclient.Refusal](err)
	if !ok {
		// The answer was not the API's, so nothing is known to be wrong with a field.
		return nil, v.say("refused.failed")
	}
	v.speakOfErrors()
	byField = map[string]string{}
	for _, e := range refused.Errors {
		byField[e.Field] = v.inWords(e.Message)
	}
	// What the API says of the request as a whole only says that there are such fields.
	if len(byField) > 0 {
		return byField, ""
	}
	return nil, v.inWords(refused.Detail)
}

// statusOf is the status with which a form is shown again that the API refused.
func statusOf(err error) int {
	if refused, ok := errors.AsType[*apiclient.Refusal](err); ok {
		return refused.Status
	}
	// The API has not refused, so the fault is the program's.
	return http.StatusInternalServerError
}

// refusalsAsPages passes the API's answer on to a person, but for a refusal, in whose place there
// is a page.
type refusalsAsPages struct {
	http.ResponseWriter
	site    *Site
	request *http.Request
	refused int // status; 0: the answer was passed on
	body    []byte
}

// WriteHeader keeps a refusal back. The handler has set its headers by now, and nothing is sent
// yet: a later moment would be too late to put a page in the answer's place.
func (p *refusalsAsPages) WriteHeader(status int) {
	kind := p.Header().Get("Content-Type")
	// Only refusals have this media type. Any other answer is meant for the visitor.
	if status >= http.StatusBadRequest && strings.HasPrefix(kind, "application/problem+json") {
		p.refused = status
		return
	}
	p.ResponseWriter.WriteHeader(status)
}

// Write keeps the text of a refusal back.
func (p *refusalsAsPages) Write(b []byte) (int, error) {
	const enough = 64 << 10 // bytes; a problem has some hundred
	if p.refused == 0 {
		return p.ResponseWriter.Write(b)
	}
	// Write must take all that it is given, or the handler fails.
	if len(p.body) < enough {
		p.body = append(p.body, b...)
	}
	return len(b), nil
}

// Flush sends what a stream has written so far.
func (p *refusalsAsPages) Flush() {
	// To flush a refusal would send its header, with status 200.
	if f, ok := p.ResponseWriter.(http.Flusher); ok && p.refused == 0 {
		f.Flush()
	}
}

// Unwrap gives net/http's controller the writer below.
func (p *refusalsAsPages) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// finish shows the page of a refusal.
func (p *refusalsAsPages) finish() {
	if p.refused == 0 {
		return
	}
	// A browser would open a window of its own and ask for a name and a password.
	p.Header().Del("Www-Authenticate")
	// The length is that of the problem, and the page has another one.
	p.Header().Del("Content-Length")
	refusal := apiclient.Refusal{Status: p.refused}
	var problem struct {
		Detail    string
		RequestID string `json:"request_id"`
	}
	// A body that is no problem leaves the status, which is enough for a page.
	if json.Unmarshal(p.body, &problem) == nil {
		refusal.Detail, refusal.RequestID = problem.Detail, problem.RequestID
	}
	// What the API says of a path that is not there is for who writes programs.
	if refusal.Status == http.StatusNotFound {
		refusal.Detail = notFound.Detail
	}
	p.site.visit(p.ResponseWriter, p.request).fail(&refusal)
}
