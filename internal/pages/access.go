package pages

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/flowhq/flowhq"
)

// accessPart is who may get in, people and keys: of the installation, or of one tenant.
type accessPart struct {
	// Action is the path of the page, and Installation whether it is about the whole of it.
	Action       string
	Installation bool
	// May is whether the visitor may look at it and change it.
	May      bool
	Accounts []flowhq.Account
	Roles    []flowhq.Role
	Keys     []flowhq.APIKey
	Scopes   []flowhq.Scope
	// PersonForm and KeyForm are what was typed.
	PersonForm, KeyForm form
	// Link and Secret are shown once: nobody can read them again.
	Link, Invited    string
	Mailed           bool
	Secret, SecretOf string
	// Trouble is why a change was refused.
	Trouble string
}

// teamPage is who may get into the installation. People and keys of a tenant are a part of its
// settings page instead, which shares accessPart.
type teamPage struct{ accessPart }

// accessPaths are where the page is, and where the API has people and keys. need is the scope
// without which the API lists neither. A path without a tenant's id is the installation's.
func (v *visit) accessPaths() (action, people, keys string, need flowhq.Scope) {
	if v.r.PathValue("id") == "" {
		return "/admin/people", "/admin/operators", "/admin/keys", flowhq.ScopeOwn
	}
	return v.base() + "/settings", v.tenantPath() + "/users", v.tenantPath() + "/keys",
		flowhq.ScopeManage
}

// readAccess reads the people and keys, if the visitor may see them. A visitor without the right
// still gets the page: to ask the API for people would be refused, and the refusal would take the
// place of the whole page.
func (v *visit) readAccess(a *accessPart) error {
	action, people, keys, need := v.accessPaths()
	a.Action, a.Installation = action, v.r.PathValue("id") == ""
	// Operators and a tenant's people have roles and scopes of their own. A form must not offer
	// what the API would refuse.
	a.Roles, a.Scopes = flowhq.UserRoles, flowhq.TenantKeyScopes
	if a.Installation {
		a.Roles, a.Scopes = flowhq.OperatorRoles, flowhq.KeyScopes
	}
	if a.May = v.me.Has(need); !a.May {
		return nil
	}
	// The answers of the API are one object each, with the list as its member.
	var accounts struct{ Accounts []flowhq.Account }
	if err := v.get(people, &accounts); err != nil {
		return err
	}
	var list struct{ Keys []flowhq.APIKey }
	// Who may invite people may make keys too, so one scope decides on both lists.
	err := v.get(keys, &list)
	a.Accounts, a.Keys = accounts.Accounts, list.Keys
	return err
}

// team shows the people and keys of the installation.
func (v *visit) team() error {
	if err := v.operator(); err != nil {
		return err
	}
	return v.showAccess(http.StatusOK, accessPart{})
}

// showAccess shows the page that the form was on.
func (v *visit) showAccess(status int, a accessPart) error {
	// A tenant's people stand in its settings, so a refused form is shown there again.
	if v.r.PathValue("id") != "" {
		return v.showSettings(status, settingsPage{accessPart: a})
	}
	if err := v.readAccess(&a); err != nil {
		return err
	}
	return v.show(status, "team", "people", "People and keys", teamPage{a})
}

// invitePerson invites somebody. The link is shown once, to be passed on. A refused address or
// name is shown again with what was typed.
func (v *visit) invitePerson() error {
	if err := v.operator(); err != nil {
		return err
	}
	f := v.r.PostFormValue
	in := flowhq.NewAccount{
		Email: f("email"), Name: strings.TrimSpace(f("name")), Role: flowhq.Role(f("role")),
	}
	_, people, _, _ := v.accessPaths()
	return v.linked(people, in, func(err error) accessPart {
		return accessPart{PersonForm: v.formOf(err)}
	})
}

// linked asks the API for a link by which somebody sets a password, and shows it. refused makes
// the page of a form that was refused, since an invitation and a new link are different forms. Any
// other refusal, such as 401 or 403, is a page of its own.
func (v *visit) linked(path string, in any, refused func(error) accessPart) error {
	var made struct {
		Account flowhq.Account
		Link    string
		Mailed  bool
	}
	err := v.post(path, in, &made)
	if isRefusedForm(err) {
		return v.showAccess(statusOf(err), refused(err))
	}
	if err != nil {
		return err
	}
	return v.showAccess(http.StatusOK, accessPart{
		Link: v.wholeLink(made.Link), Invited: made.Account.Name, Mailed: made.Mailed,
	})
}

// changeAccount gives somebody another role, lets them in or keeps them out, or makes another link.
func (v *visit) changeAccount() error {
	if err := v.operator(); err != nil {
		return err
	}
	action, people, _, _ := v.accessPaths()
	path := people + "/" + url.PathEscape(v.r.PathValue("account"))
	f := v.r.PostForm
	// A refused button has no field to stand beside, so all that is wrong is said in one line.
	trouble := func(err error) accessPart {
		byField, whole := v.fieldErrors(err)
		for _, text := range byField {
			whole = strings.TrimSpace(whole + " " + text)
		}
		return accessPart{Trouble: whole}
	}
	// The buttons of a person share one path, and differ by what they send.
	if f.Get("do") == "link" {
		return v.linked(path+"/link", nil, trouble)
	}
	// Only what the form sent is changed: the button that keeps somebody out has no role with it.
	in := map[string]any{}
	if f.Has("role") {
		in["role"] = f.Get("role")
	}
	if f.Has("disabled") {
		in["disabled"] = f.Get("disabled") == "true"
	}
	// PATCH changes what is named and leaves the rest as it is.
	err := v.api.Call(v.ctx(), http.MethodPatch, path, in, nil)
	if isRefusedForm(err) { // such as the last owner, who cannot be kept out
		return v.showAccess(statusOf(err), trouble(err))
	}
	if err != nil {
		return err
	}
	return v.redirect(action)
}

// makeKey makes a key and shows its secret, this once.
func (v *visit) makeKey() error {
	if err := v.operator(); err != nil {
		return err
	}
	// The field is called key_name since the form of a person on the same page has a name.
	in := map[string]any{
		"name": strings.TrimSpace(v.r.PostFormValue("key_name")), "scopes": v.r.PostForm["scopes"],
	}
	if in["scopes"] == nil {
		// Without a ticked box a browser sends no such field. The API takes a list, never null.
		in["scopes"] = []string{}
	}
	r := newFieldReader(v.r.PostForm, "Must be a whole number.", "")
	// An empty field asks for a key without an end. The API refuses 0 days, so nothing is sent
	// then.
	var days int
	if r.read("expires_in_days", &days); v.r.PostFormValue("expires_in_days") != "" {
		in["expires_in_days"] = days
	}
	if len(r.wrong) > 0 {
		return v.showAccess(http.StatusUnprocessableEntity,
			accessPart{KeyForm: form{Values: v.r.PostForm, Errors: r.wrong}})
	}
	_, _, keys, _ := v.accessPaths()
	var made struct {
		flowhq.APIKey
		Secret string `json:"secret"`
	}
	err := v.post(keys, in, &made)
	if isRefusedForm(err) {
		f := v.formOf(err)
		// The page has another field that is called name.
		if wrong, ok := f.Errors["name"]; ok {
			f.Errors["key_name"] = wrong
		}
		return v.showAccess(statusOf(err), accessPart{KeyForm: f})
	}
	if err != nil {
		return err
	}
	// No redirect: the secret is in this answer of the API, and no later page could show it.
	return v.showAccess(http.StatusOK, accessPart{Secret: made.Secret, SecretOf: made.Name})
}

// revokeKey ends a key at once.
func (v *visit) revokeKey() error {
	if err := v.operator(); err != nil {
		return err
	}
	action, _, keys, _ := v.accessPaths()
	// An id in the address may hold a slash, which would lead to another path of the API.
	path := keys + "/" + url.PathEscape(v.r.PathValue("key"))
	// A program that has the key is refused from its next request on.
	if err := v.api.Call(v.ctx(), http.MethodDelete, path, nil, nil); err != nil {
		return err
	}
	return v.redirect(action)
}
