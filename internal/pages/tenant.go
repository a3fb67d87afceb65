package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/flowhq/flowhq"
)

// tenantPage is what all pages of one tenant show.
type tenantPage struct {
	Tenant flowhq.Tenant
	// Base is where the pages of the tenant are.
	Base string
	// App is whether the page is one of the business's own, rather than of operators.
	App bool
	// Tab is which of the tenant's pages this is.
	Tab string
	// Contacts are those who wrote last; Next is where the list goes on, "" at its end.
	Contacts []flowhq.Contact
	Contact  flowhq.Contact // of the open chat; ID 0: none is open
	// Messages are of the open chat, the newest last; Older is where those before begin.
	Messages []flowhq.Message
	Older    string
	NotSent  string // why what was written could not be sent
	Written  string
	QR       qr
	Code     string // to be typed into the phone; "" until one is asked for
	// Events are of the timeline alone, and read by no other page.
	Events []flowhq.Event
}

// qr is the code to scan, if there is one.
type qr struct {
	State flowhq.SessionState `json:"state"`
	// QR is null while there is no code to show, such as of a phone that is linked.
	QR       *string `json:"qr"`
	Reason   string  `json:"reason"`
	NextStep string  `json:"next_step"`
}

// Picture is the code as the address of an image: the API draws it.
func (q qr) Picture() string {
	// An empty address shows no image.
	if q.QR == nil {
		return ""
	}
	return *q.QR
}

// about reads the tenant that the page is about, and who visits. Every page of a tenant begins
// with it, so no page can forget to ask who visits.
func (v *visit) about(tab string) (p tenantPage, err error) {
	known := v.operator
	if v.isApp() {
		known = v.user
	}
	if err := known(); err != nil {
		return p, err
	}
	p.Tab, p.Base, p.App = tab, v.base(), v.isApp()
	// A tenant that does not exist, or is another business's, is the API's 404.
	if err := v.get(v.tenantPath(), &p.Tenant); err != nil {
		return p, err
	}
	// Operators' pages are in English. A business's own are in its language.
	if p.App {
		v.speak(p.Tenant)
	}
	return p, nil
}

// showTenant answers with a page of the tenant.
func (v *visit) showTenant(status int, name string, p tenantPage) error {
	return v.show(status, name, p.section(), v.title(p), p)
}

// section is the entry of the navigation that the page belongs to.
func (p tenantPage) section() string {
	if p.App {
		return p.Tab
	}
	// All pages of a tenant are one entry of the operators' navigation.
	return "tenants"
}

// title is the name of the window.
func (v *visit) title(p tenantPage) string {
	if p.App {
		return v.say(p.Tab + ".title")
	}
	// Operators have several windows open, and look for the tenant's name.
	return p.Tenant.Name
}

// chats shows the list of conversations. None is opened: to look at the list reads nobody's
// messages.
func (v *visit) chats() error {
	p, err := v.about("chats")
	if err == nil {
		err = v.readContacts(&p)
	}
	if err != nil {
		return err
	}
	// The list of a page with an open chat is asked for alone, and marks that chat.
	if v.isPart() {
		// What is no number marks no chat.
		p.Contact.ID, _ = strconv.ParseInt(v.r.Form.Get("open"), 10, 64)
	}
	return v.showTenant(http.StatusOK, "chats", p)
}

// readContacts reads the list of chats.
func (v *visit) readContacts(p *tenantPage) error {
	// Those who wrote last come first, and whom one looks for by name is found by the search.
	q := url.Values{"limit": {"50"}}
	if text := v.r.Form.Get("search"); text != "" {
		q.Set("text", text)
	}
	var list struct{ Contacts []flowhq.Contact }
	err := v.get(v.tenantPath()+"/contacts?"+q.Encode(), &list)
	p.Contacts = list.Contacts
	return err
}

// contactPath is where the API has the contact that the page's path names.
func (v *visit) contactPath() string {
	return v.tenantPath() + "/contacts/" + url.PathEscape(v.r.PathValue("contact"))
}

// chat shows one conversation beside the list of all.
func (v *visit) chat() error {
	p, err := v.readChat()
	if err != nil {
		return err
	}
	return v.showTenant(http.StatusOK, "chats", p)
}

// readChat reads a conversation beside the list of all.
func (v *visit) readChat() (tenantPage, error) {
	p, err := v.about("chats")
	if err == nil {
		err = v.readContacts(&p)
	}
	if err == nil {
		err = v.readMessages(&p)
	}
	return p, err
}

// readMessages reads the conversation that the path names, the newest messages last.
func (v *visit) readMessages(p *tenantPage) error {
	// The contact comes first: of one that is not there, no messages are asked for.
	if err := v.get(v.contactPath(), &p.Contact); err != nil {
		return err
	}
	// A screen and a half; older ones are one click away.
	q := url.Values{"limit": {"60"}, "contact": {strconv.FormatInt(p.Contact.ID, 10)}}
	if before := v.r.Form.Get("before"); before != "" {
		q.Set("before", before)
	}
	var list struct {
		Logs []flowhq.Message
		Next string
	}
	if err := v.get(v.tenantPath()+"/logs?"+q.Encode(), &list); err != nil {
		return err
	}
	slices.Reverse(list.Logs) // the API lists the newest first
	p.Messages, p.Older = list.Logs, list.Next
	return nil
}

// bubbles are the messages of an open conversation, which change by themselves. Nothing else of the
// page is read for them: they are asked for with each message.
func (v *visit) bubbles() error {
	p, err := v.about("chats")
	if err == nil {
		err = v.readMessages(&p)
	}
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "chats", "bubbles-part", v.view(p.section(), v.title(p), p))
}

// tenantState is the head of a tenant's pages, which changes by itself.
func (v *visit) tenantState() error {
	p, err := v.about("")
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "timeline", "state-part", v.view(p.section(), v.title(p), p))
}

// deeds are what a person does in a chat, each with its path of the API. Any other word in the
// path is 404, and reaches no path of the API.
var deeds = map[string]string{
	"take": "/hand-over", "give-back": "/give-back", "write": "/messages",
}

// inChat takes a chat over, gives it back, or writes in it as the business.
func (v *visit) inChat() error {
	path, ok := deeds[v.r.PathValue("deed")]
	if !ok {
		v.problem(http.StatusNotFound, "There is no such page.", "")
		return nil
	}
	// A hand-over needs no body: the profile says how long it lasts.
	var in any
	if v.r.PathValue("deed") == "write" {
		in = map[string]string{"text": v.r.PostFormValue("text")}
	}
	// The buttons of a chat have no key, and may be pressed twice.
	if err := v.postOnce(v.contactPath()+path, in, nil); err != nil {
		// A button has no field, so its refusal is a page. A message that was refused is kept.
		if in == nil || statusOf(err) != http.StatusUnprocessableEntity &&
			statusOf(err) != http.StatusBadRequest {
			return err
		}
		// The conversation again, with what was typed and what is wrong with it.
		p, readErr := v.readChat()
		if readErr != nil {
			return readErr
		}
		byField, whole := v.fieldErrors(err)
		p.NotSent, p.Written = byField["text"]+whole, v.r.PostFormValue("text")
		return v.showTenant(statusOf(err), "chats", p)
	}
	return v.redirect(v.base() + "/chats/" + url.PathEscape(v.r.PathValue("contact")))
}

// command starts, stops or restarts the session. The API keeps the command and applies it within
// moments, which the page that follows shows.
func (v *visit) command() error {
	// A command that does not exist is the API's to refuse.
	if err := v.post(
		v.tenantPath()+"/session/"+url.PathEscape(v.r.PathValue("command")), nil, nil,
	); err != nil {
		return err
	}
	return v.redirect(local(v.r.FormValue("next")))
}

// link shows how a phone is linked.
func (v *visit) link() error { return v.showLink("layout", linkCode{}) }

// linkPanel is the part of link that changes by itself.
func (v *visit) linkPanel() error { return v.showLink("panel", linkCode{}) }

// A linkCode is typed into the phone, which cannot scan its own screen.
type linkCode struct {
	Code string `json:"code"`
}

// linkCode asks WhatsApp for a code, which takes some seconds.
func (v *visit) linkCode() error {
	var code linkCode
	if err := v.post(v.tenantPath()+"/pair-code", nil, &code); err != nil {
		return err
	}
	// No redirect: the code is in this answer of the API alone.
	return v.showLink("layout", code)
}

// showLink shows the code to scan. To read it keeps codes coming, so the page asks every other
// second while it is open, and codes end some time after it was closed.
func (v *visit) showLink(part string, code linkCode) error {
	p, err := v.about("link")
	if err == nil {
		err = v.get(v.tenantPath()+"/qr", &p.QR)
	}
	if err != nil {
		return err
	}
	p.Code = code.Code
	return v.render(http.StatusOK, "link", part, v.view(p.section(), v.title(p), p))
}

// timeline shows who did what, and what became of the session.
func (v *visit) timeline() error {
	p, err := v.about("timeline")
	if err != nil {
		return err
	}
	var list struct{ Events []flowhq.Event }
	if err := v.get(v.tenantPath()+"/events?limit=100", &list); err != nil {
		return err
	}
	p.Events = list.Events
	return v.showTenant(http.StatusOK, "timeline", p)
}
