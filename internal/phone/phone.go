package phone

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
	"github.com/flowhq/flowhq/internal/tokens"
)

// Path is where the page is.
const Path = "/phone"

// A Stand is what the page shows: a running installation and the simulated WhatsApp that it uses.
type Stand struct {
	// API is the admin API, as an operator.
	API apiclient.Client
	// Simulator is the simulator's control API.
	Simulator apiclient.Client
	// WorkerPID is the process that hosts the bots; 0 between two processes.
	WorkerPID func() int64
	// KillWorker kills that process as the kernel would when memory runs out.
	KillWorker func() error
	Log        *slog.Logger
}

// A Site answers requests for the page. It is safe for concurrent use.
type Site struct {
	Stand
	mux     *http.ServeMux
	foreign *http.CrossOriginProtection
	streams chan struct{} // one element for each open stream
}

//go:embed page.html
var pageText string

//go:embed static
var static embed.FS

// page is parsed once. That it can be is tested.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"exact": exact, "clock": clock, "words": words, "tone": tone, "kindName": kindName,
	"initials": initials, "kind": button, "fault": button,
	"emoji": func() []string { return []string{"😊", "👍", "🙏", "❤️"} },
}).Parse(pageText))

// policy lets a page load files of this site alone, and run nothing that is written into it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// New returns the site of a stand.
func New(s Stand) *Site {
	site := &Site{
		Stand: s, mux: http.NewServeMux(), foreign: http.NewCrossOriginProtection(),
		streams: make(chan struct{}, maxStreams),
	}
	// The bare address leads to the page, as people type it.
	site.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, Path, http.StatusSeeOther)
	})
	site.mux.HandleFunc("GET "+Path, site.show)
	site.mux.HandleFunc("GET "+Path+"/live", site.live)
	site.mux.HandleFunc("POST "+Path+"/{action}", site.act)
	site.mux.HandleFunc("GET /static/phone.css", styles)
	site.mux.Handle("GET /static/", http.FileServerFS(static))
	return site
}

// styles answers with the style sheet, which begins with the colours of all pages.
func styles(w http.ResponseWriter, _ *http.Request) {
	sheet, err := static.ReadFile("static/phone.css")
	if err != nil { // it is part of the program
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(tokens.Before(sheet)) // who has left needs no answer
}

// Each answer has the headers, refusals too.

// ServeHTTP answers who may ask. What customers write stands in the page. A browser must not guess
// that it is a script.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	// The page of a moment ago is wrong, so no browser keeps it.
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	// A page of another site can have its own name lead to loopback. The browser then takes this
	// server for that site, and only the name that it asks for tells.
	if !isLoopback(r.Host) {
		http.Error(w, "This page answers at 127.0.0.1 and localhost only.", http.StatusForbidden)
		return
	}
	if err := s.foreign.Check(r); err != nil {
		http.Error(w, "A page of another site may not do that.", http.StatusForbidden)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// isLoopback reports whether the name in a request is one of this machine alone.
func isLoopback(hostport string) bool {
	// A Host without a port is one too.
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// show answers with the whole page. One that cannot be made says what does not answer; a stand that
// is starting or ending does so for a moment.
func (s *Site) show(w http.ResponseWriter, r *http.Request) {
	v, err := s.read(r.Context(), r.FormValue("business"), r.FormValue("customer"))
	status := http.StatusOK
	if err != nil {
		v.Broken, status = detail(err), http.StatusServiceUnavailable
	}
	v.Said = r.FormValue("said")
	var b bytes.Buffer
	if err := page.ExecuteTemplate(&b, "page", v); err != nil {
		s.Log.Error("the page failed", "err", err)
		http.Error(w, "The page failed; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // who has left needs no answer
}

// detail is what an error says to a person.
func detail(err error) string {
	// The API says it for people. What else may fail, such as a connection, says it for
	// developers.
	if refused, ok := errors.AsType[*apiclient.Refusal](err); ok {
		return refused.Detail
	}
	return err.Error()
}

// exact is a time for programs, and for the browser to show in the viewer's own zone.
func exact(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// clock is a time of day, until the browser has put it into the viewer's zone.
func clock(at time.Time) string { return at.UTC().Format("15:04:05") }

// words makes words of a constant: QR_PENDING reads as "qr pending".
func words(constant any) string {
	s, ok := constant.(string)
	if !ok {
		s = stringOf(constant)
	}
	return strings.ToLower(strings.ReplaceAll(s, "_", " "))
}

// stringOf returns the text of a named string type. Templates have types of their own for each
// constant; a plain string is its own text.
func stringOf(constant any) string {
	switch c := constant.(type) {
	case flowhq.TenantStatus:
		return string(c)
	case flowhq.SessionState:
		return string(c)
	case flowhq.MessageStatus:
		return string(c)
	case flowhq.Kind:
		return string(c)
	case flowhq.Media:
		return string(c)
	// An unknown type is a fault of the template, and shows no word rather than a wrong one.
	default:
		return ""
	}
}

// tone is the class of a badge. The word in it says the same: colour alone says nothing to many.
func tone(status any) string {
	s := stringOf(status)
	if text, ok := status.(string); ok {
		s = text
	}
	switch s {
	case "ACTIVE", "ANSWERED", "SENT", "DELIVERED", "READ", "CONFIRMED", "FULFILLED":
		return "good"
	case "ERROR", "FAILED", "CANCELLED":
		return "bad"
	case "PAUSED", "NEW", "IGNORED", "CLOSED", "LAPSED", "":
		return "idle"
	// Whatever else there is goes on by itself: a message that waits, a session that connects.
	default:
		return "busy"
	}
}

// kindName is what stands for a message that has no text.
func kindName(kind string) string {
	return map[string]string{
		"": "", "image": "Picture", "voice": "Voice note", "location": "Place",
		"sticker": "Sticker", "contact": "Contact", "document": "Document",
	}[kind]
}

// A buttonView is what the template of a button is given.
type buttonView struct {
	View              view
	Name, Label, Text string
}

// button is a button of the page, by the name of what it does.
func button(v view, name, label, text string) buttonView { return buttonView{v, name, label, text} }

// initials are two letters that stand for a name.
func initials(name string) string {
	letters := ""
	for i, word := range strings.Fields(name) {
		if i == 2 {
			break
		}
		// By runes: the first letter may have several bytes.
		letters += strings.ToUpper(string([]rune(word)[:1]))
	}
	return letters
}
