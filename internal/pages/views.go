package pages

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/rand"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/headers"
)

//go:embed templates/*.html
var templateFiles embed.FS

// views are the templates, each page's with the layout, by language and name.
type views struct {
	pages map[flowhq.Language]map[string]*template.Template
}

// parseViews reads the templates, once for each language. A file whose name begins with _ is shared
// by all pages.
func parseViews(files *static, words *texts) (*views, error) {
	v := &views{map[flowhq.Language]map[string]*template.Template{}}
	// A template's functions hold the words of one language, so each language has its own set.
	for lang := range tags {
		pages, err := parseLanguage(files, words, lang)
		if err != nil {
			return nil, err
		}
		v.pages[lang] = pages
	}
	return v, nil
}

// sharedTemplates reads the templates that all pages have, with the words of one language.
func sharedTemplates(
	files *static, words *texts, lang flowhq.Language,
) (*template.Template, error) {
	base := template.New("").Funcs(template.FuncMap{
		"file": files.path, "t": words.say(lang), "ago": agoIn(lang), "exact": exact, "clock": clock,
		"words": inWords, "initials": initials, "tone": tone, "dict": dict, "safeImage": safeImage,
		"money": money, "sentence": sentence, "label": words.label(lang),
		"feedTypes": feedTypes, "brief": brief,
		// A key is new with each page, and the same however often its form is sent. Its 128 random
		// bits are never drawn twice.
		"newKey": rand.Text, "reading": readingOf,
	})
	return base.ParseFS(templateFiles, "templates/_*.html")
}

// parseLanguage reads the templates with the words of one language.
func parseLanguage(
	files *static, words *texts, lang flowhq.Language,
) (map[string]*template.Template, error) {
	shared, err := sharedTemplates(files, words, lang)
	if err != nil {
		return nil, err
	}
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	all := map[string]*template.Template{}
	for _, f := range names {
		// The shared files are in every page already, and are no page themselves.
		if strings.HasPrefix(f.Name(), "_") {
			continue
		}
		// Each page has a "main" of its own, so none may see another's.
		page, err := shared.Clone()
		if err != nil {
			return nil, err
		}
		if page, err = page.ParseFS(templateFiles, path.Join("templates", f.Name())); err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(f.Name(), ".html")] = page
	}
	return all, nil
}

// A view is what a template is given.
type view struct {
	Title string
	// Section is the entry of the navigation that the page belongs to.
	Section string
	Me      flowhq.Principal
	// Language is that of the page, and Lang its name in HTML.
	Language flowhq.Language
	// Path is where the page is, to come back to.
	Path string
	// Waiting are how many chats the menu says wait for a person.
	Waiting int
	Data    any
}

// Lang is the language in HTML.
func (v view) Lang() string { return tags[v.Language].String() }

// show answers with a page. It is made in memory first: a template that fails must not leave half a
// page with status 200.
func (v *visit) show(status int, name, section, title string, data any) error {
	// htmx puts the answer into a page that is open, which has its frame already.
	part := "layout"
	if v.isPart() {
		part = "main"
	}
	return v.render(status, name, part, v.view(section, title, data))
}

// view is what a page of the visit is given.
func (v *visit) view(section, title string, data any) view {
	return view{
		Title: title, Section: section, Me: v.me, Language: v.language,
		Path: v.r.URL.RequestURI(), Waiting: v.waiting(), Data: data,
	}
}

// render answers with one of a page's templates.
func (v *visit) render(status int, name, part string, data view) error {
	page, ok := v.site.views.pages[v.language][name]
	if !ok {
		return fmt.Errorf("there is no page %s", name)
	}
	var b bytes.Buffer
	if err := page.ExecuteTemplate(&b, part, data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := v.w.Header()
	// The character set is said, or a browser might guess another one.
	h.Set("Content-Type", "text/html; charset=utf-8")
	// Again: the page of a refusal has those of the API's answer.
	headers.Set(h, v.r, headers.Page)
	body := v.squeezed(b.Bytes())
	v.w.WriteHeader(status)
	_, err := v.w.Write(body)
	// The status is sent, so the visitor can be told nothing any more.
	if err != nil {
		v.site.log.Debug("a visitor left before the page was sent", "err", err)
	}
	return nil
}

// squeezed is a page compressed, for a browser that takes that: a page of a price list has some
// 100 KiB of HTML, and 8 KiB compressed. No secret of a visitor's stands beside what a page of
// another site could put there, by which the length would tell of it: such a page cannot make the
// browser send the cookie with anything but a link that is followed.
func (v *visit) squeezed(page []byte) []byte {
	h := v.w.Header()
	h.Add("Vary", "Accept-Encoding")
	if !strings.Contains(v.r.Header.Get("Accept-Encoding"), "gzip") {
		return page
	}
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	if _, err := z.Write(page); err != nil {
		// The page as it is will do as well.
		return page
	}
	if err := z.Close(); err != nil {
		return page
	}
	h.Set("Content-Encoding", "gzip")
	return small.Bytes()
}

// pastWords are how a time that is over is told, by language: never, now, and a number of seconds,
// minutes, hours and days.
var pastWords = map[flowhq.Language][6]string{
	flowhq.English: {"never", "now", "%d s ago", "%d min ago", "%d h ago", "%d d ago"},
	flowhq.Swahili: {
		"bado", "sasa hivi", "sekunde %d zilizopita", "dakika %d zilizopita", "saa %d zilizopita",
		"siku %d zilizopita",
	},
}

// agoIn returns the function that says how long ago a time was, in the largest unit that says
// something.
func agoIn(lang flowhq.Language) func(at time.Time) string {
	// The units are those that the script of the pages uses as well, so that a time does not change
	// its form when the script takes over.
	const day = 24 * time.Hour
	words := pastWords[lang]
	return func(at time.Time) string {
		d := time.Since(at)
		switch {
		// The zero time is what has not happened, such as a session that was never online.
		case at.IsZero():
			return words[0]
		case d < time.Second:
			return words[1]
		case d < time.Minute:
			return fmt.Sprintf(words[2], int(d.Seconds()))
		case d < time.Hour:
			return fmt.Sprintf(words[3], int(d.Minutes()))
		case d < day:
			return fmt.Sprintf(words[4], int(d.Hours()))
		default:
			return fmt.Sprintf(words[5], int(d/day))
		}
	}
}

// liveTypes are the families of events at which a page shows something new.
var liveTypes = []string{
	"SESSION", "TENANT", "HOST", "MESSAGE", "HANDED", "GIVEN", "CONTACT", "SETUP",
}

// feedTypes are those types of events for the script of the pages: a browser has to ask for each by
// its name.
func feedTypes() string {
	var all []string
	// From the list of all types, so that a new one of a family is heard of without a change here.
	for _, t := range flowhq.EventTypes {
		for _, family := range liveTypes {
			if strings.HasPrefix(string(t), family+"_") {
				all = append(all, string(t))
			}
		}
	}
	return strings.Join(all, ",")
}

// exact is a time for programs, and for the browser to show in the viewer's own zone.
func exact(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// clock is a time of day, in UTC until the browser has put it into the viewer's zone.
func clock(at time.Time) string { return at.UTC().Format("15:04") }

// names are written in their own way within the words of a constant.
var names = strings.NewReplacer("qr ", "QR ", "whatsapp", "WhatsApp")

// inWords makes a sentence's words of a constant: QR_PENDING reads as "QR pending".
func inWords(constant any) string {
	return names.Replace(strings.ToLower(strings.ReplaceAll(fmt.Sprint(constant), "_", " ")))
}

// references are what programs find a request or a message by. A reader gains nothing from them.
var references = regexp.MustCompile(
	`^(setup )?request [0-9a-f]{8}-[0-9a-f-]{27}$|^message \d+(: |$)`)

// brief is the detail of an event without references to what else it is about. A constant that is
// left, such as ASKED, is put into words.
func brief(detail string) string {
	rest := references.ReplaceAllString(detail, "")
	if rest != detail {
		rest = inWords(rest)
	}
	return rest
}

// initials are two letters that stand for a name.
func initials(name string) string {
	// By runes: a name may begin with any letter of any script. Quotes and brackets stand for nothing.
	letters := ""
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) }) {
		r, _ := utf8.DecodeRuneInString(word)
		if letters += strings.ToUpper(string(r)); utf8.RuneCountInString(letters) == 2 {
			break
		}
	}
	return letters
}

// tone is the class of a badge for a state. The word beside it says the same: colour alone says
// nothing to many.
func tone(state any) string {
	switch fmt.Sprint(state) {
	// States of sessions, messages, workers and records share the list: no two mean different
	// things by a word.
	case "ACTIVE", "CONNECTED", "RUNNING", "ANSWERED", "SENT", "DELIVERED", "READ", "APPROVED",
		"CONFIRMED", "FULFILLED", "DONE":
		return "good"
	case "ERROR", "BANNED", "LOGGED_OUT", "FAILED", "STALE", "REJECTED", "CANCELLED", "REFUSED":
		return "bad"
	case "QR_PENDING", "QR_READY", "RECONNECTING", "CONNECTING", "STARTING", "DRAINING", "PENDING",
		"UNKNOWN", "SUBMITTED", "REVIEWING", "EXPIRED", "SUPPRESSED", "OPEN", "HELD",
		"ASKED":
		return "busy"
	default:
		return "idle"
	}
}

// currencySigns are how people write the currencies that businesses have; any other is written as
// it is.
var currencySigns = map[string]string{"TZS": "TSh", "KES": "KSh"}

// money is an amount in whole units, in groups of three digits, as the bot tells it to customers.
// Prices in both languages are grouped with commas, as in English.
func money(amount int64, currency string) string {
	sign := cmp.Or(currencySigns[currency], currency)
	return message.NewPrinter(language.English).Sprintf("%s %d", sign, amount)
}

// dict makes one value of names and values, for a template that another one uses.
func dict(pairs ...any) (map[string]any, error) {
	// A slip of who wrote the template, which the test of all templates finds.
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("a name without a value: %v", pairs)
	}
	// A template takes one value, so several go as one.
	d := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("%v is no name", pairs[i])
		}
		d[name] = pairs[i+1]
	}
	return d, nil
}

// safeImage lets a picture that the API has drawn be the address of an image. Anything else stays
// what templates take for unsafe.
func safeImage(s string) any {
	// html/template takes every address that begins with data: for unsafe.
	if strings.HasPrefix(s, "data:image/png;base64,") {
		return template.URL(s) //nolint:gosec // its beginning was looked at
	}
	return s
}

// statusPage is what the page of a failure says.
type statusPage struct {
	Status          int
	What, Next      string
	RequestID, Back string
	// Again is where to try once more, "" where that would not help.
	Again string
	// Parts are what the installation needs, of a page that it cannot make just now.
	Parts []partHealth
}

// problem answers with the page of a failure. It needs no database; what is away it learns from the
// API's answer to a load balancer.
func (v *visit) problem(status int, what, requestID string) {
	// The start page leads everybody to their own place.
	p := statusPage{
		Status: status, What: what, RequestID: cmp.Or(requestID, v.requestID),
		Next: nextStep(status), Back: "/",
	}
	// A form is sent again by the browser, which asks first. A refusal stays one.
	if v.r.Method == http.MethodGet && status >= http.StatusTooManyRequests {
		p.Again = v.r.URL.RequestURI()
	}
	// Only these two pass by themselves. An answer before it may have been passed over.
	if v.retryAfter != "" &&
		(status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) {
		v.w.Header().Set("Retry-After", v.retryAfter)
	}
	// 503 says that a part is away, and the page tells operators which.
	if status == http.StatusServiceUnavailable && !v.isApp() {
		p.Parts = v.health()
	}
	title := http.StatusText(status)
	// A business is told in its own words: the API's are for programs and operators. A stranger at its
	// pages is one of its people, as far as anybody knows.
	if v.me.Bound() || v.isApp() && v.me.Kind == "" {
		// The tenant, whose language is the fallback, may be what could not be read.
		if v.language == flowhq.English {
			v.speakAtDoor()
		}
		p.What, p.Next = v.problemIn(status)
		title = p.What
	}
	if err := v.show(status, "problem", "", title, p); err != nil {
		v.site.log.Error("the page of a failure failed", "err", err)
		// Plain text needs no template, so something is answered in any case.
		http.Error(v.w, title, status)
	}
}

// nextStep says what a person can do about a status.
func nextStep(status int) string {
	switch status {
	case http.StatusNotFound:
		return "It may have been deleted, or the address is mistyped."
	case http.StatusForbidden:
		return "Ask an owner of the installation for the right to see it."
	case http.StatusTooManyRequests:
		return "Wait a little, then try again."
	case http.StatusServiceUnavailable:
		// The database or Temporal is away, and messages of customers wait until a worker takes
		// them.
		return "Nothing is lost: messages wait until it is back. Try again in a moment."
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusConflict:
		return "Go back, correct it and try again."
	default:
		return "Try again. If it happens again, tell the operator the number below."
	}
}
