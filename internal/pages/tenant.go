package pages

import (
	"net/http"
	"net/url"
	"time"

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
	// Chats are those in which something was written last, or those that were looked for.
	Chats   chatsPart
	Contact flowhq.Contact // of the open chat; ID 0: none is open
	// Messages are of the open chat, the newest last; Older is where those before begin.
	Messages []flowhq.Message
	Older    string
	NotSent  string // why what was written could not be sent
	Written  string
	QR       qr
	Code     string // to be typed into the phone; "" until one is asked for
	// Events are of the timeline alone, and read by no other page.
	Events []flowhq.Event
	// Workflow is where Temporal's Web UI has the tenant's workflow; "": there is no such page.
	Workflow string
}

// Stands reports whether the session is not up and nothing is tried, until somebody starts it: such
// as when nobody scanned the code in time.
func (p tenantPage) Stands() bool {
	return !p.Tenant.Wanted || p.Tenant.Status == flowhq.TenantPaused ||
		p.Tenant.Status == flowhq.TenantError
}

// qr is the code to scan, if there is one.
type qr struct {
	State flowhq.SessionState `json:"state"`
	// QR is null while there is no code to show, such as of a phone that is linked.
	QR *string `json:"qr"`
	// ExpiresAt is when the code ends; the next one takes its place.
	ExpiresAt *time.Time `json:"expires_at"`
	Reason    string     `json:"reason"`
	NextStep  string     `json:"next_step"`
}

// Picture is the code as the address of an image: the API draws it.
func (q qr) Picture() string {
	// An empty address shows no image.
	if q.QR == nil {
		return ""
	}
	return *q.QR
}

// Seconds are until the code ends.
func (q qr) Seconds() int {
	if q.ExpiresAt == nil {
		return 0
	}
	return max(0, int(time.Until(*q.ExpiresAt).Seconds()))
}

// shortCode is how long most codes live, in seconds. The first of a session lives longer.
const shortCode = 20

// Life is how much of the ring around a code's end is drawn, in hundredths: all of it until the last
// seconds, in which nobody should begin to scan.
func (q qr) Life() int { return min(q.Seconds(), shortCode) * 100 / shortCode }

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
		// A part of a page is put below the menu that is there already.
		if !v.isPart() {
			// A page is not to fail for a figure beside it.
			if _, err := v.handedOver(); err != nil {
				v.site.log.Debug("who waits is not counted", "err", err)
			}
		}
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

// tenantState is the head of a tenant's pages, which changes by itself.
func (v *visit) tenantState() error {
	// Of which page it is the head decides what it leads to.
	p, err := v.about(v.r.Form.Get("tab"))
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "timeline", "state-part", v.view(p.section(), v.title(p), p))
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
	if show := v.site.ways.Workflow; show != nil && !p.App {
		p.Workflow = show(p.Tenant.ID)
	}
	return v.showTenant(http.StatusOK, "timeline", p)
}
