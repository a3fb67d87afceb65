package pages

import (
	"net/http"
	"net/url"
	"time"

	"github.com/flowhq/flowhq"
)

// logPage is every message of a tenant, as it is searched for.
type logPage struct {
	tenantPage
	form
	// Directions and Statuses are offered by the filter.
	Directions []flowhq.Direction
	Statuses   []flowhq.MessageStatus
	Logs       []flowhq.Message
	// Query is of the filter alone, for the file; Next is of the older page, "" on the last.
	Query, Next string
	// Filtered is whether an empty list is the filter's doing.
	Filtered bool
}

// File is where the API has what is listed as a file.
func (p logPage) File() string { return p.Base + "/logs.csv?" + p.Query }

// logFilters are the fields of the filter that the API reads as they are.
var logFilters = []string{"text", "contact", "direction", "status"}

// logs lists a tenant's messages. What is wrong with the filter is said at its fields.
func (v *visit) logs() error {
	p := logPage{
		Directions: []flowhq.Direction{flowhq.In, flowhq.Out}, Statuses: flowhq.MessageStatuses,
	}
	var err error
	if p.tenantPage, err = v.about("log"); err != nil {
		return err
	}
	// Only what was filled in is sent, so an empty query means that nothing is filtered.
	q := url.Values{}
	for _, name := range logFilters {
		if text := v.r.Form.Get(name); text != "" {
			q.Set(name, text)
		}
	}
	if err := v.days(q); err != nil {
		return err
	}
	// The file has all that the filter chose, so its query has neither a limit nor a place in the
	// list.
	p.Filtered, p.Query = len(q) > 0, q.Encode()
	// A hundred are a long page. Who wants more takes the file.
	q.Set("limit", "100")
	// before is the API's own mark of where the list goes on, and is passed on unread.
	if before := v.r.Form.Get("before"); before != "" {
		q.Set("before", before)
	}
	var list struct {
		Logs []flowhq.Message
		Next string
	}
	err = v.get(v.tenantPath()+"/logs?"+q.Encode(), &list)
	p.form, p.Logs = v.formOf(nil), list.Logs
	if list.Next != "" {
		// The next page gets the days as they were typed: times would not fit into the fields.
		again := url.Values{"before": {list.Next}}
		for _, name := range append([]string{"from", "to"}, logFilters...) {
			if text := v.r.Form.Get(name); text != "" {
				again.Set(name, text)
			}
		}
		p.Next = "?" + again.Encode()
	}
	status := http.StatusOK
	if err != nil {
		// A filter that is wrong shows the form again, with all that was chosen.
		if status = statusOf(err); status != http.StatusBadRequest &&
			status != http.StatusUnprocessableEntity {
			return err
		}
		p.form = v.formOf(err)
	}
	return v.show(status, "log", "tenants", p.Tenant.Name, p)
}

// days puts the days that were chosen into a query, as the times when they begin and end where the
// business is: what "yesterday" was, its customers decide.
func (v *visit) days(q url.Values) error {
	// Without a day there is no time to tell, and the profile need not be read.
	if v.r.Form.Get("from") == "" && v.r.Form.Get("to") == "" {
		return nil
	}
	var p flowhq.Profile
	if err := v.get(v.tenantPath()+"/profile", &p); err != nil {
		return err
	}
	// The API takes times, so a day becomes its first midnight and the one after it.
	for name, add := range map[string]int{"from": 0, "to": 1} {
		text := v.r.Form.Get(name)
		day, err := time.ParseInLocation(time.DateOnly, text, p.Zone())
		switch {
		case err == nil: // to the end of the last day
			q.Set(name, day.AddDate(0, 0, add).UTC().Format(time.RFC3339))
		case text != "": // which the API refuses, and says how a time looks
			q.Set(name, text)
		}
	}
	return nil
}

// retry has a message handled again that was given up, and leads back to where it was listed.
func (v *visit) retry() error {
	// Whether a message can be handled again is the API's to say.
	path := v.tenantPath() + "/logs/" + url.PathEscape(v.r.PathValue("message")) + "/retry"
	if err := v.post(path, nil, nil); err != nil {
		return err
	}
	// Retried messages are listed in more than one place, so the form says where to go back to.
	return v.redirect(local(v.r.FormValue("next")))
}
