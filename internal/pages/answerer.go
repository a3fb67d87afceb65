package pages

import (
	"net/http"

	"github.com/flowhq/flowhq"
)

// answererPage is the choice of who answers a business's customers.
type answererPage struct {
	tenantPage
	form
	Answerers []flowhq.Answerer
	Saved     bool
}

// Chosen is who answers now.
func (p answererPage) Chosen() flowhq.Answerer { return p.Tenant.Config.AnsweredBy }

// answerer shows who answers, and that it was just changed.
func (v *visit) answerer() error {
	return v.showAnswerer(http.StatusOK, answererPage{Saved: v.r.Form.Get("saved") != ""})
}

// showAnswerer shows the page with what it is about.
func (v *visit) showAnswerer(status int, p answererPage) error {
	var err error
	if p.tenantPage, err = v.about("answerer"); err != nil {
		return err
	}
	p.Answerers = flowhq.Answerers
	return v.show(status, "answerer", "more", v.say("answerer.title"), p)
}

// chooseAnswerer has somebody else answer from the next message on. The API lets an owner choose
// that alone of a tenant's settings, and refuses staff.
func (v *visit) chooseAnswerer() error {
	in := map[string]string{"answered_by": v.r.PostFormValue("answered_by")}
	err := v.api.Call(v.ctx(), http.MethodPut, v.tenantPath()+"/answered-by", in, nil)
	if err == nil {
		return v.redirect("/app/answerer?saved=1")
	}
	// Anything else than a wrong choice is a page of its own, such as what staff may not do.
	s := statusOf(err)
	if s != http.StatusUnprocessableEntity && s != http.StatusBadRequest {
		return err
	}
	return v.showAnswerer(s, answererPage{form: v.formOf(err)})
}
