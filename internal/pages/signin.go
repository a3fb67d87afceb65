package pages

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
)

// start leads everybody to their own place.
func (v *visit) start() error {
	// A stranger's error leads to the sign-in and back here.
	if err := v.known(); err != nil {
		return err
	}
	// Whoever opens the bare address, from a bookmark or a letter, need not know which of the two.
	if v.me.Bound() {
		return v.redirect("/app")
	}
	return v.redirect("/admin")
}

// A form is what a form shows: what was typed, and what is wrong with it.
type form struct {
	Values url.Values
	Errors map[string]string // by field
	Wrong  string            // with the form as a whole
	Next   string            // where to go afterwards
}

// Value is what was typed into a field.
func (f form) Value(name string) string { return f.Values.Get(name) }

// Error is what is wrong with a field, or "".
func (f form) Error(name string) string { return f.Errors[name] }

// formOf returns the form that was sent, with why it was refused. Anybody may have written the
// address, so next is kept only if it is a path of this site.
func (v *visit) formOf(err error) form {
	f := form{Values: v.r.Form, Next: local(v.r.FormValue("next"))}
	if err != nil {
		f.Errors, f.Wrong = v.fieldErrors(err)
	}
	return f
}

// signOut ends the sign-in in the database too, so that a copy of the cookie opens nothing.
func (v *visit) signOut() error {
	// The API's answer also takes the cookie from the browser.
	if err := v.post("/auth/sign-out", nil, nil); err != nil {
		return err
	}
	return v.redirect("/sign-in")
}

// useLink sets the password that was typed and signs in.
func (v *visit) useLink(token string) error {
	// The token is used up by the API, so the same link sets no second password.
	in := map[string]string{"token": token, "password": v.r.PostFormValue("password")}
	return v.post("/auth/link", in, &v.me)
}

// setupForm asks for the admin password and who the new owner is.
func (v *visit) setupForm() error {
	// Anybody may see the form. Only the admin password leads further.
	return v.show(http.StatusOK, "setup", "", "Set up Flow HQ", v.formOf(nil))
}

// setup makes the first owner, for whom the admin password vouches. It is an invitation that is
// accepted at once, so whoever has the admin password can also add an owner when all others have
// lost their passwords.
func (v *visit) setup() error {
	invited := struct{ Token string }{}
	admin := v.api // a copy: the visitor's own requests are still those of a stranger
	admin.Password = v.r.PostFormValue("admin_password")
	in := flowhq.NewAccount{
		Email: v.r.PostFormValue("email"), Name: strings.TrimSpace(v.r.PostFormValue("name")),
		// An owner may invite everybody else.
		Role: flowhq.RoleOwner,
	}
	// The password is looked at first. An invitation whose password is then refused would leave an
	// account that cannot be invited again.
	err := checkPassword(v.r.PostFormValue("password"), in.Email)
	if err == nil {
		err = admin.Call(v.ctx(), http.MethodPost, "/admin/operators", in, &invited)
	}
	if err == nil {
		// The link signs in too, so the first owner need not type the password once more.
		err = v.useLink(invited.Token)
	}
	if err != nil {
		// A page must never hold a password, not even the one that was typed into it.
		v.r.Form.Del("password")
		v.r.Form.Del("admin_password")
		f := v.formOf(err)
		// The API does not know that the password came from a field.
		if statusOf(err) == http.StatusUnauthorized {
			f.Errors = map[string]string{"admin_password": f.Wrong}
			f.Wrong = ""
		}
		return v.show(statusOf(err), "setup", "", "Set up Flow HQ", f)
	}
	return v.redirect("/admin")
}

// checkPassword refuses a password as the API would. The API takes its rules from the same
// function, so the two cannot differ.
func checkPassword(password, email string) error {
	wrong := flowhq.CheckPassword(password, email)
	if wrong == "" {
		return nil
	}
	return &apiclient.Refusal{
		Status: http.StatusUnprocessableEntity,
		Errors: []flowhq.FieldError{{Field: "password", Message: wrong}},
	}
}
