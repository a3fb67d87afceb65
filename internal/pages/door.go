package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/flowhq/flowhq"
)

// Ways are what people may do at the door besides typing their password. They depend on what the
// installation has.
type Ways struct {
	// OpenID is whether there is a provider to sign in with.
	OpenID bool
	// Mail is whether a link to set another password can be sent.
	Mail bool
	// Help is where the people who run the installation are reached: an e-mail address, or a number
	// in E.164 with WhatsApp; "": nobody said.
	Help string
	// Workflow is where Temporal's Web UI shows the workflow of a tenant, for operators; nil: the
	// installation has no such page.
	Workflow func(flowhq.TenantID) string
}

// A doorPage is what strangers see.
type doorPage struct {
	form
	Ways
	// Sent is whether a link was asked for.
	Sent bool
	// Kept is what was typed when the sign-in had ended; nil: nothing was.
	Kept *kept
}

// kept is a form that was sent without being signed in. What was typed travels through the sign-in
// in the page itself, since nothing may be stored for strangers.
type kept struct {
	Action string
	Fields []field
}

// A field is a value that was typed.
type field struct{ Name, Value string }

// Names of the fields in which a form travels through the sign-in.
const (
	keptAction = "kept-action"
	keptPrefix = "kept."
)

// doorLanguages are those of the door, the first one where the browser wants neither.
var doorLanguages = []flowhq.Language{flowhq.English, flowhq.Swahili}

// speakAtDoor decides on the language for a stranger: what was chosen in this browser, else what
// the browser wants.
func (v *visit) speakAtDoor() {
	if c, err := v.r.Cookie(languageCookie); err == nil &&
		slices.Contains(doorLanguages, flowhq.Language(c.Value)) {
		v.language = flowhq.Language(c.Value)
		return
	}
	// Browsers name languages with regions and weights, such as sw-TZ;q=0.8.
	wanted, _, err := language.ParseAcceptLanguage(v.r.Header.Get("Accept-Language"))
	if err != nil || len(wanted) == 0 {
		// Nothing is wanted that can be read: the door speaks English.
		return
	}
	_, i, _ := language.NewMatcher(
		[]language.Tag{language.English, language.Swahili},
	).Match(wanted...)
	v.language = doorLanguages[i]
}

// showDoor answers with a page for strangers.
func (v *visit) showDoor(status int, name string, p doorPage) error {
	v.speakAtDoor()
	p.Ways = v.site.ways
	return v.show(status, name, "", v.say("door."+name), p)
}

// signInForm asks who somebody is.
func (v *visit) signInForm() error {
	return v.showDoor(http.StatusOK, "sign-in", doorPage{form: v.formOf(nil)})
}

// signIn signs in. The API sets the cookie. What was typed stays, but for the password.
func (v *visit) signIn() error {
	// What was typed before goes on to the page of a wrong password, or the next attempt would
	// lose it.
	kept := v.keptForm()
	in := map[string]string{
		"email": v.r.PostFormValue("email"), "password": v.r.PostFormValue("password"),
	}
	if err := v.post("/auth/sign-in", in, &v.me); err != nil {
		// A page never holds a password, not even a wrong one.
		v.r.Form.Del("password")
		f := v.formOf(err)
		v.speakAtDoor()
		// The API speaks English. What most people meet here is said in their language.
		switch statusOf(err) {
		case http.StatusUnauthorized:
			f.Wrong = v.say("door.wrong")
		case http.StatusTooManyRequests:
			f.Wrong = v.say("door.wait")
		}
		return v.showDoor(statusOf(err), "sign-in", doorPage{form: f, Kept: kept})
	}
	if kept != nil {
		return v.resume(*kept)
	}
	// Anybody may have written the address, so next leads to a path of this site alone.
	return v.redirect(local(v.r.FormValue("next")))
}

// forgotForm asks for the address of an account.
func (v *visit) forgotForm() error {
	return v.showDoor(http.StatusOK, "forgot", doorPage{form: v.formOf(nil)})
}

// forgot has a link sent. The answer is the same whether there is such an account or not.
func (v *visit) forgot() error {
	in := map[string]string{"email": v.r.PostFormValue("email")}
	if err := v.post("/auth/forgot", in, nil); err != nil {
		return v.showDoor(statusOf(err), "forgot", doorPage{form: v.formOf(err)})
	}
	return v.showDoor(http.StatusOK, "forgot", doorPage{form: v.formOf(nil), Sent: true})
}

// joinForm asks for a password. It shows for any token: whether a token is good is told only to who
// sends a password with it, and counted as a guess.
func (v *visit) joinForm() error {
	return v.showDoor(http.StatusOK, "join", doorPage{form: v.formOf(nil)})
}

// join sets the first password of somebody who was invited, or another one by a link.
func (v *visit) join() error {
	if err := v.useLink(v.r.FormValue("token")); err != nil {
		v.r.Form.Del("password") // a page never holds one
		return v.showDoor(statusOf(err), "join", doorPage{form: v.formOf(err)})
	}
	return v.redirect("/")
}

// keepTyped returns the form that a visitor sent whose sign-in has ended. It returns nil for what
// is no such form, and for one that a page of another site sent: whoever signs in afterwards would
// send what that page wants.
func (v *visit) keepTyped() *kept {
	if v.r.Method != http.MethodPost || v.isPart() || v.site.foreign.Check(v.r) != nil {
		return nil
	}
	k := &kept{Action: v.r.URL.RequestURI()}
	// The names and values are the form's own; the page puts them into hidden fields.
	for name, values := range v.r.PostForm {
		// A password is typed again.
		if strings.Contains(name, "password") {
			continue
		}
		for _, value := range values {
			k.Fields = append(k.Fields, field{name, value})
		}
	}
	if len(k.Fields) == 0 { // a button, which can be pressed again
		return nil
	}
	// A map has no order. The same form makes the same page.
	slices.SortStableFunc(k.Fields, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return k
}

// keptForm is the form that travels with a sign-in; nil if there is none, or if a page of another
// site sent it: see keepTyped.
func (v *visit) keptForm() *kept {
	if v.site.foreign.Check(v.r) != nil {
		return nil
	}
	action := v.r.PostForm.Get(keptAction)
	// The field came from the visitor. The form may only be sent to a path of this site.
	if action == "" || local(action) != action {
		return nil
	}
	k := &kept{Action: action}
	for name, values := range v.r.PostForm {
		if name, ok := strings.CutPrefix(name, keptPrefix); ok {
			for _, value := range values {
				k.Fields = append(k.Fields, field{name, value})
			}
		}
	}
	slices.SortStableFunc(k.Fields, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return k
}

// Shown are the values that a person recognizes: what was typed, rather than what the form knew.
func (k kept) Shown() []string {
	// Twelve values are enough to know one's own text again.
	const enough = 12
	// These tell the program where to go, and a person nothing.
	hidden := []string{"next", "version", "do", "token", "status", "kind", "all", "find", "from",
		"key"}
	var shown []string
	for _, f := range k.Fields {
		if strings.TrimSpace(f.Value) != "" && !slices.Contains(hidden, f.Name) &&
			len(shown) < enough {
			shown = append(shown, f.Value)
		}
	}
	return shown
}

// Back is the page on which the form was, as far as its path tells. Many forms have paths that
// show no page, so only the start of each part is certain to be one.
func (k kept) Back() string {
	if u, err := url.Parse(k.Action); err == nil && strings.HasPrefix(u.Path, "/app") {
		return "/app"
	}
	return "/admin"
}

// resume shows what was typed before the sign-in, to be sent now. It is not sent by itself: minutes
// have passed, and maybe somebody else sits there now.
func (v *visit) resume(k kept) error {
	return v.showDoor(http.StatusOK, "resume", doorPage{form: v.formOf(nil), Kept: &k})
}
