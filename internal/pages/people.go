package pages

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/headers"
)

// Runs is whether the visitor may start and stop the bot and change what it says. A page shows no
// button that the API would refuse.
func (v view) Runs() bool { return v.Me.Has(flowhq.ScopeOperate) }

// Manages is whether the visitor may invite people and change what they may do.
func (v view) Manages() bool { return v.Me.Has(flowhq.ScopeManage) }

// peoplePage shows who works for the business, and lets its owner invite others.
type peoplePage struct {
	tenantPage
	form
	Accounts []flowhq.Account
	Roles    []flowhq.Role
	// Link is by which an invited person sets a password. It is shown once.
	Link, Invited string
	Mailed        bool
	Password      form // the visitor's own
	Changed       bool // the visitor's password was
}

// invitation is the API's answer to one.
type invitation struct {
	Account flowhq.Account
	Link    string
	Mailed  bool
}

// people shows the people of the business.
func (v *visit) people() error { return v.showPeople(http.StatusOK, peoplePage{}) }

// showPeople shows the people with what became of the last form.
func (v *visit) showPeople(status int, p peoplePage) error {
	tab, err := v.about("people")
	if err != nil {
		return err
	}
	// Roles of operators are not among those to choose from.
	p.tenantPage, p.Roles = tab, flowhq.UserRoles
	// Everybody sees the page, since their own password is changed on it.
	if v.me.Has(flowhq.ScopeManage) {
		var list struct{ Accounts []flowhq.Account }
		if err := v.get(v.tenantPath()+"/users", &list); err != nil {
			return err
		}
		p.Accounts = list.Accounts
	}
	return v.show(status, "people", "people", v.say("people.title"), p)
}

// invite invites somebody, and shows the link that the owner passes on.
func (v *visit) invite() error {
	in := flowhq.NewAccount{
		Email: v.r.PostFormValue("email"), Name: strings.TrimSpace(v.r.PostFormValue("name")),
		// A role that is none, or an operator's, is refused by the API.
		Role: flowhq.Role(v.r.PostFormValue("role")),
	}
	var made invitation
	if err := v.post(v.tenantPath()+"/users", in, &made); err != nil {
		return v.refusedPeople(err)
	}
	return v.showInvitation(made)
}

// refusedPeople shows the form of an invitation again, unless nothing that is typed would help.
// What is typed is no help against 401, 403 and 404.
func (v *visit) refusedPeople(err error) error {
	switch statusOf(err) {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return err
	}
	return v.showPeople(statusOf(err), peoplePage{form: v.formOf(err)})
}

// showInvitation shows a link.
func (v *visit) showInvitation(made invitation) error {
	return v.showPeople(http.StatusOK, peoplePage{
		Link: v.wholeLink(made.Link), Invited: made.Account.Name, Mailed: made.Mailed,
	})
}

// wholeLink returns the address of a link that the API has made. The API has a whole address where
// it was told its own. A bare path cannot be passed on in a chat, so it gets the host and scheme by
// which the visitor came.
func (v *visit) wholeLink(link string) string {
	if !strings.HasPrefix(link, "/") {
		return link
	}
	scheme := "http://"
	if headers.BehindTLS(v.r) {
		scheme = "https://"
	}
	return scheme + v.r.Host + link
}

// changePerson gives a person another role, lets them in or keeps them out, or makes another link.
func (v *visit) changePerson() error {
	path := v.tenantPath() + "/users/" + url.PathEscape(v.r.PathValue("account"))
	f := v.r.PostForm
	// The buttons of a person share one path, and differ by what they send.
	if f.Get("do") == "link" {
		var made invitation
		if err := v.post(path+"/link", nil, &made); err != nil {
			return v.refusedPeople(err)
		}
		return v.showInvitation(made)
	}
	// What the form does not send stays as it is.
	in := map[string]any{}
	if f.Has("role") {
		in["role"] = f.Get("role")
	}
	if f.Has("disabled") {
		in["disabled"] = f.Get("disabled") == "true"
	}
	if err := v.api.Call(v.ctx(), http.MethodPatch, path, in, nil); err != nil {
		return v.refusedPeople(err)
	}
	return v.redirect("/app/people")
}

// changePassword sets another password of the visitor's own.
func (v *visit) changePassword() error {
	in := map[string]string{
		"current": v.r.PostFormValue("current_password"), "new": v.r.PostFormValue("new_password"),
	}
	// The current password is asked for, so that nobody who finds a browser open can shut its
	// owner out.
	err := v.api.Call(v.ctx(), http.MethodPut, "/auth/password", in, nil)
	if err == nil {
		return v.showPeople(http.StatusOK, peoplePage{Changed: true})
	}
	// A page never holds a password.
	v.r.Form.Del("current_password")
	v.r.Form.Del("new_password")
	return v.showPeople(statusOf(err), peoplePage{Password: v.formOf(err)})
}

// versionsPage lists what the bot was told before.
type versionsPage struct {
	tenantPage
	Versions []flowhq.ProfileVersion
	Next     int64
}

// versions lists the versions of what the bot was told, the newest first.
func (v *visit) versions() error {
	p := versionsPage{}
	var err error
	if p.tenantPage, err = v.about("bot"); err != nil {
		return err
	}
	var list struct {
		Versions []flowhq.ProfileVersion
	}
	if err := v.get(v.tenantPath()+"/profile/versions?limit=30", &list); err != nil {
		return err
	}
	p.Versions = list.Versions
	return v.show(http.StatusOK, "versions", "bot", v.say("versions.title"), p)
}

// restore makes an earlier version the one that holds. It is a new version, so that can be undone
// too.
func (v *visit) restore() error {
	version := url.PathEscape(v.r.PathValue("version"))
	if err := v.post(v.tenantPath()+"/profile/versions/"+version+"/restore", nil, nil); err != nil {
		return err
	}
	// The list begins with the version that was just made.
	return v.redirect("/app/bot/versions")
}

// helpPage says what to do when something is wrong, and whom to ask.
type helpPage struct {
	tenantPage
	Ways
}

// help shows the page of help.
func (v *visit) help() error { return v.showHelp("help") }

// more lists what has no place in the bar of a phone.
func (v *visit) more() error { return v.showHelp("more") }

// showHelp shows a page that needs the tenant and the ways to reach help, and nothing else.
func (v *visit) showHelp(name string) error {
	p := helpPage{Ways: v.site.ways}
	var err error
	if p.tenantPage, err = v.about(name); err != nil {
		return err
	}
	return v.show(http.StatusOK, name, name, v.say(name+".title"), p)
}

// HelpLink leads to the people who run the installation.
func (p helpPage) HelpLink() string {
	// The message begins with which business it is about, so nobody has to ask back.
	about := "Flow HQ: " + p.Tenant.Config.BusinessName + " (" + p.Tenant.PhoneNumber + ")"
	// A number begins with + in E.164. Anything else is an e-mail address.
	if number, ok := strings.CutPrefix(p.Help, "+"); ok {
		// wa.me takes a number without its plus.
		return "https://wa.me/" + number + "?text=" + url.QueryEscape(about)
	}
	return "mailto:" + p.Help + "?subject=" + url.PathEscape(about)
}
