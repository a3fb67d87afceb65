package pages

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/sync/errgroup"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
)

// user is known for a business's own pages. An operator has no business of their own.
func (v *visit) user() error {
	if err := v.known(); err != nil {
		return err
	}
	// An operator belongs to no tenant, and no path of /app names one.
	if !v.me.Bound() {
		return &apiclient.Refusal{
			Status: http.StatusForbidden, Detail: "This page is for a business's own people.",
		}
	}
	return nil
}

// homePage answers whether the bot works, and who waits.
type homePage struct {
	tenantPage
	// Waiting are customers who were handed over to a person, the first twenty.
	Waiting []flowhq.Chat
	Counts  []recordCount
	// Today are the figures of the day, which are counted when the page is opened and once a
	// minute.
	Today []figure
}

// troubles are why a bot is off the air until a person acts, as an owner is told. What the API
// says of it is for operators, in their words. Causes with the same way out share a text.
var troubles = map[flowhq.Ending]string{
	flowhq.EndLoggedOut: "trouble.unlinked", flowhq.EndDeviceRemoved: "trouble.unlinked",
	flowhq.EndBanned: "trouble.banned", flowhq.EndRefused: "trouble.banned",
	flowhq.EndLocked:    "trouble.locked",
	flowhq.EndQRExpired: "trouble.expired", flowhq.EndPairFailed: "trouble.expired",
	flowhq.EndNumberDiffers: "trouble.number", flowhq.EndPasskey: "trouble.passkey",
}

// Trouble is the key of what is wrong, with what to do.
func (p tenantPage) Trouble() string {
	// An ending without a text of its own must not leave the owner without one.
	return cmp.Or(troubles[p.Tenant.Session.Ending], "trouble.other")
}

// Links is whether linking the phone again is what helps. A ban or a lock stays whatever is
// linked, so the page shows no button for linking then.
func (p homePage) Links() bool {
	switch p.Trouble() {
	case "trouble.unlinked", "trouble.expired", "trouble.number", "trouble.passkey":
		return true
	}
	return false
}

// A recordCount is how many of a kind of record wait for the business.
type recordCount struct {
	Kind  string // as in the key of its name
	Count int
	More  bool // there are more than were counted
}

// recordKinds are the kinds of records, each with the path of the API and the status of what is
// new.
var recordKinds = []struct{ Kind, Waiting string }{
	{"bookings", string(flowhq.BookingConfirmed)},
	{"orders", string(flowhq.OrderConfirmed)},
	{"tickets", string(flowhq.TicketOpen)},
}

// facts is a page of a list of records of any kind.
type facts struct {
	Bookings []flowhq.Booking
	Orders   []flowhq.Order
	Tickets  []flowhq.Ticket
	Next     string
}

// count is how many there are. Of a list of one kind the other two are empty.
func (f facts) count() int { return len(f.Bookings) + len(f.Orders) + len(f.Tickets) }

// home is the start page of a business. One that has asked for nothing yet is led to asking.
func (v *visit) home() error {
	p := homePage{}
	var err error
	if p.tenantPage, err = v.about("home"); err != nil {
		return err
	}
	// Nobody has ever started it, so there is nothing to say of it yet.
	if !p.Tenant.Wanted && p.Tenant.Session.Number == "" {
		return v.redirect("/app/onboarding")
	}
	// The part of the page that is asked for every few seconds needs no figures, and that which is
	// asked for every minute nothing else.
	part := v.r.Form.Get("part")
	var group errgroup.Group
	if part != "live" {
		group.Go(func() (err error) {
			p.Today, err = v.today(p.Tenant)
			return err
		})
	}
	if part != "today" {
		group.Go(func() (err error) {
			p.Counts, err = v.waitingRecords()
			return err
		})
		// Whoever was handed over waits for a person, and comes first on the page.
		waiting, err := v.handedOver()
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		// Twenty are more than a person answers at a time. The list of chats has them all.
		const most = 20
		p.Waiting = waiting[:min(len(waiting), most)]
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return v.show(http.StatusOK, "home", "home", v.say("home.title"), p)
}

// waitingRecords counts what a business has to look at: no cancelled ones, and none that are done. A
// kind that it has nothing of is left out: a barber has no orders.
func (v *visit) waitingRecords() ([]recordCount, error) {
	all := make([]facts, len(recordKinds))
	var group errgroup.Group
	for i, k := range recordKinds {
		// One request a kind. The counter of more than a hundred ends with a plus.
		group.Go(func() error {
			return v.get(v.tenantPath()+"/"+k.Kind+"?limit=100&status="+k.Waiting, &all[i])
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var counts []recordCount
	for i, k := range recordKinds {
		if n := all[i].count(); n > 0 {
			counts = append(counts, recordCount{k.Kind, n, all[i].Next != ""})
		}
	}
	return counts, nil
}

// onboardingPage is the form of a setup request and how far it has come.
type onboardingPage struct {
	tenantPage
	form
	// Asked is the newest request; without an id there is none.
	Asked     flowhq.SetupRequest
	Steps     []step
	Templates []flowhq.Template
	Languages []flowhq.Language
}

// A step of being put on the air.
type step struct {
	Key     string
	Done    bool
	Current bool
}

// Done is whether there is nothing left to ask for.
func (p onboardingPage) Done() bool { return len(p.Steps) > 0 && p.Steps[len(p.Steps)-1].Done }

// stepsOf says how far a business is. Each step is what the rows say, so the line is always true.
func stepsOf(asked flowhq.SetupRequest, t flowhq.Tenant) []step {
	// A request that is active was approved before.
	approved := asked.Status == flowhq.SetupApproved || asked.Status == flowhq.SetupActive
	all := []step{
		{Key: "asked", Done: asked.ID != "" && asked.Status != flowhq.SetupRejected},
		{Key: "approved", Done: approved},
		{Key: "linked", Done: t.Session.Number != ""},
		// Only a connected session answers customers.
		{Key: "answering", Done: t.Session.State == flowhq.Connected},
	}
	// Operators may have put a business on the air that never asked. A later step that is done
	// therefore stands for those before it.
	for i := len(all) - 2; i >= 0; i-- {
		all[i].Done = all[i].Done || all[i+1].Done
	}
	// The first step that is missing is what the page asks for next.
	for i := range all {
		if !all[i].Done {
			all[i].Current = true
			break
		}
	}
	return all
}

// onboardingForm asks for what an operator decides on, or says how far that is.
func (v *visit) onboardingForm() error { return v.showOnboarding(http.StatusOK, nil) }

// showOnboarding shows the form, with why it was refused.
func (v *visit) showOnboarding(status int, refused error) error {
	p := onboardingPage{Templates: flowhq.Templates, Languages: flowhq.Languages}
	var err error
	if p.tenantPage, err = v.about("onboarding"); err != nil {
		return err
	}
	var requests setupRequests
	// The newest request counts. Those before it were decided on.
	if err := v.get(v.tenantPath()+"/setup-requests?limit=1", &requests); err != nil {
		return err
	}
	if len(requests.Requests) > 0 {
		p.Asked = requests.Requests[0]
	}
	p.form, p.Steps = v.formOf(refused), stepsOf(p.Asked, p.Tenant)
	if len(p.Values) == 0 { // nothing was typed yet: what is known is a start
		p.Values = url.Values{
			"business_name":   {p.Tenant.Config.BusinessName},
			"whatsapp_number": {p.Tenant.PhoneNumber},
			"template_type":   {string(p.Tenant.Config.Template)},
			"language":        {string(p.Tenant.Config.Language)},
		}
	}
	return v.show(status, "onboarding", "home", v.say("onboarding.title"), p)
}

// onboarding asks for the bot to be put on the air. Asking twice for the same is one request.
func (v *visit) onboarding() error {
	// The fields have the API's names, so an error of the API finds its field without a table.
	f := v.r.PostFormValue
	in := map[string]string{
		"business_name": f("business_name"), "template_type": f("template_type"),
		"whatsapp_number": plainNumber(f("whatsapp_number")), "language": f("language"),
	}
	if err := v.post(v.tenantPath()+"/setup-requests", in, nil); err != nil {
		// The form comes back with what was typed, beside what is wrong with it.
		return v.showOnboarding(statusOf(err), err)
	}
	return v.redirect("/app/onboarding")
}
