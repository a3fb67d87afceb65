package pages

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"github.com/flowhq/flowhq"
)

// settingsPage is what operators decide about a tenant, and what it takes to delete it.
type settingsPage struct {
	tenantPage
	form
	accessPart
	Templates []flowhq.Template
	Languages []flowhq.Language
	Answerers []answerer
	// Saved is whether the page follows a change that was taken.
	Saved bool
	// NameWrong is said if the name that was typed to delete the tenant is another one.
	NameWrong bool
}

// An answerer is who may answer a tenant's customers, with what that means.
type answerer struct {
	Value     flowhq.Answerer
	Name, For string
}

// answerers are the choices, in the order of flowhq.Answerers.
var answerers = []answerer{
	{flowhq.ByTemplate, "The bot", "By its template and what the owner has told it."},
	{flowhq.ByWebhook, "A program of the business",
		"A webhook tells it of each message. What it leaves for five minutes goes to a person."},
	{flowhq.ByPerson, "A person", "Every chat is handed over; the bot only keeps the messages."},
}

// tenantNumbers are the settings that are numbers. saveSettings reads them in this order.
var tenantNumbers = []string{
	"replies_per_minute", "replies_per_contact", "retention_days", "answer_within_minutes",
}

// settings shows the settings of a tenant.
func (v *visit) settings() error {
	return v.showSettings(http.StatusOK, settingsPage{Saved: v.r.Form.Get("saved") != ""})
}

// showSettings shows the settings with what became of a form.
func (v *visit) showSettings(status int, p settingsPage) error {
	var err error
	if p.tenantPage, err = v.about("settings"); err != nil {
		return err
	}
	p.Templates, p.Languages, p.Answerers = flowhq.Templates, flowhq.Languages, answerers
	if err := v.readAccess(&p.accessPart); err != nil {
		return err
	}
	// Nothing was typed yet: the fields show what holds.
	if p.Values == nil {
		c := p.Tenant.Config
		p.Values = url.Values{
			"name": {p.Tenant.Name}, "phone_number": {p.Tenant.PhoneNumber},
			"business_name": {c.BusinessName},
			"template_type": {string(c.Template)}, "language": {string(c.Language)},
			"answered_by":           {string(c.AnsweredBy)},
			"replies_per_minute":    {strconv.Itoa(c.RepliesPerMinute)},
			"replies_per_contact":   {strconv.Itoa(c.RepliesPerContact)},
			"retention_days":        {strconv.Itoa(c.RetentionDays)},
			"answer_within_minutes": {strconv.Itoa(c.AnswerWithinMinutes)},
			versionField:            {version(p.Tenant)},
		}
	}
	return v.show(status, "settings", "tenants", p.Tenant.Name, p)
}

// versionField is the field with the version of the tenant that a form was made of, as the API's
// ETag has it.
const versionField = "version"

// version is the ETag of a tenant.
func version(t flowhq.Tenant) string {
	return strconv.Quote(strconv.FormatInt(t.UpdatedAt.UnixMicro(), 10))
}

// saveSettings changes what is different from what there is: a number that is sent again as it is
// must not look like a change of it in the timeline.
func (v *visit) saveSettings() error {
	p := settingsPage{}
	var err error
	if p.tenantPage, err = v.about("settings"); err != nil {
		return err
	}
	f := v.r.PostFormValue
	in := map[string]any{}
	c := p.Tenant.Config
	// An empty text is a change as well, which the API refuses where it makes no sense.
	for name, old := range map[string]string{
		"name": p.Tenant.Name, "phone_number": p.Tenant.PhoneNumber,
		"business_name": c.BusinessName,
		"template_type": string(c.Template), "language": string(c.Language),
		"answered_by": string(c.AnsweredBy),
	} {
		// A form that was loaded before an upgrade lacks what is new, and means no change of it.
		if !v.r.PostForm.Has(name) {
			continue
		}
		if text := f(name); text != old {
			in[name] = text
		}
	}
	wrong := map[string]string{}
	for i, old := range []int{
		c.RepliesPerMinute, c.RepliesPerContact, c.RetentionDays, c.AnswerWithinMinutes,
	} {
		name := tenantNumbers[i]
		// Amounts may be grouped, such as 1,000.
		n, err := strconv.Atoi(digits(f(name)))
		// An empty field is refused too: nothing tells what was meant by it.
		if err != nil {
			wrong[name] = "Must be a whole number."
		} else if n != old {
			in[name] = n
		}
	}
	// Nothing is sent while a number is wrong, so no change is half done.
	if len(wrong) > 0 {
		return v.showSettings(http.StatusUnprocessableEntity,
			settingsPage{form: form{Values: v.r.PostForm, Errors: wrong}})
	}
	// A form without a change is taken, and asks the API for nothing.
	if len(in) > 0 {
		// The API compares what is typed with what the form showed, and not with what holds by
		// now: otherwise what somebody else changed meanwhile would be changed back.
		// A program that sends no version means any.
		err := v.with("If-Match", cmp.Or(f(versionField), "*")).
			Call(v.ctx(), http.MethodPut, v.tenantPath(), in, nil)
		if statusOf(err) == http.StatusPreconditionFailed {
			// Whoever saves once more has read that somebody else did.
			v.r.PostForm.Set(versionField, version(p.Tenant))
			return v.showSettings(http.StatusPreconditionFailed, settingsPage{form: form{
				Values: v.r.PostForm, Wrong: "Somebody else changed this tenant since you opened " +
					"the page. Nothing is saved yet. What you typed is below: look it over, and " +
					"save again to put it in place of the other change.",
			}})
		}
		if isRefusedForm(err) {
			return v.showSettings(statusOf(err), settingsPage{form: v.formOf(err)})
		}
		if err != nil {
			return err
		}
	}
	return v.redirect(v.base() + "/settings?saved=1")
}

// isRefusedForm reports whether an error is about what was typed, which is then shown again. 409
// is among them: a number may be another tenant's already.
func isRefusedForm(err error) bool {
	if err == nil {
		return false
	}
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusConflict:
		return true
	}
	return false
}

// deleteTenant deletes a tenant whose name was typed. The name is compared here: the API is for
// programs, which name what they delete by its id.
func (v *visit) deleteTenant() error {
	p, err := v.about("settings")
	if err != nil {
		return err
	}
	// Whoever types the name has read which tenant goes, with all its messages.
	if v.r.PostFormValue("confirm") != p.Tenant.Name {
		return v.showSettings(http.StatusUnprocessableEntity, settingsPage{NameWrong: true})
	}
	if err := v.api.Call(v.ctx(), http.MethodDelete, v.tenantPath(), nil, nil); err != nil {
		return err
	}
	// The tenant's own pages are gone, so the list says what became of it.
	return v.redirect("/admin/tenants?deleted=" + url.QueryEscape(p.Tenant.Name))
}
