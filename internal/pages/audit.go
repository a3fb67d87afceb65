package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// auditPage is who has done what, as it is searched for.
type auditPage struct {
	form
	Entries []flowhq.AuditEntry
	// TenantName is that of the tenant whose entries are asked for, "" if they are of all.
	TenantName string
	// Query is of the filter alone, for the file; Next is of the older page, "" on the last.
	Query, Next string
	// Filtered is whether an empty list is the filter's doing.
	Filtered bool
}

// auditFilters are the fields of the filter that the API reads as they are.
var auditFilters = []string{"principal", "action", "tenant"}

// auditStretches is how many pages of the API one page of a rare filter goes through. Each looks
// through thousands of entries, so a filter that fits nothing costs some 50 ms here.
const auditStretches = 5

// audit lists who has done what. What is wrong with the filter is said above the list.
func (v *visit) audit() error {
	if err := v.operator(); err != nil {
		return err
	}
	q := url.Values{}
	for _, name := range auditFilters {
		if text := v.r.Form.Get(name); text != "" {
			q.Set(name, text)
		}
	}
	v.utcDays(q)
	p := auditPage{form: v.formOf(nil), Filtered: len(q) > 0, Query: q.Encode()}
	// A hundred are a long page. Who wants more takes the file.
	q.Set("limit", "100")
	if cursor := v.r.Form.Get("cursor"); cursor != "" {
		q.Set("cursor", cursor)
	}
	status, err := v.readAudit(q, &p)
	if err != nil {
		return err
	}
	if id := v.r.Form.Get("tenant"); id != "" {
		// One that is gone has no name any more, and what was done to it is still listed.
		p.TenantName = id
		var t flowhq.Tenant
		if err := v.get("/admin/tenants/"+url.PathEscape(id), &t); err == nil {
			p.TenantName = t.Name
		}
	}
	return v.show(status, "audit", "audit", "Audit", p)
}

// readAudit reads entries until there are some, or the filter has been tried for long enough.
func (v *visit) readAudit(q url.Values, p *auditPage) (status int, err error) {
	for range auditStretches {
		var list struct {
			Entries []flowhq.AuditEntry
			Next    string
		}
		err := v.get("/admin/audit?"+q.Encode(), &list)
		// A filter that is wrong shows the form again, with all that was chosen.
		if status := statusOf(err); err != nil &&
			(status == http.StatusBadRequest || status == http.StatusUnprocessableEntity) {
			p.form = v.formOf(err)
			return status, nil
		}
		if err != nil {
			return 0, err
		}
		p.Entries, p.Next = list.Entries, ""
		if list.Next == "" {
			break
		}
		q.Set("cursor", list.Next)
		p.Next = v.auditNext(list.Next)
		if len(list.Entries) > 0 {
			break
		}
	}
	return http.StatusOK, nil
}

// auditNext is the query of the page at a cursor, with the days as they were typed.
func (v *visit) auditNext(cursor string) string {
	again := url.Values{"cursor": {cursor}}
	for _, name := range append([]string{"from", "to"}, auditFilters...) {
		if text := v.r.Form.Get(name); text != "" {
			again.Set(name, text)
		}
	}
	return "?" + again.Encode()
}

// utcDays puts the days that were chosen into a query, as the times when they begin and end. They
// are those of UTC: the entries are of businesses in several zones.
func (v *visit) utcDays(q url.Values) {
	for name, add := range map[string]int{"from": 0, "to": 1} {
		text := v.r.Form.Get(name)
		day, err := time.Parse(time.DateOnly, text)
		switch {
		case err == nil: // to the end of the last day
			q.Set(name, day.AddDate(0, 0, add).Format(time.RFC3339))
		case text != "": // which the API refuses, and says how a time looks
			q.Set(name, text)
		}
	}
}

// File is where the API has what is listed as a file.
func (p auditPage) File() string { return "/admin/audit.csv?" + p.Query }

// All is the query without the tenant, for who wants to see what was done to the others too.
func (p auditPage) All() string {
	q, err := url.ParseQuery(p.Query)
	if err != nil {
		return "/admin/audit"
	}
	q.Del("tenant")
	return "/admin/audit?" + q.Encode()
}

// machineEvents begin the types of events that no person causes, or that are in the feed alone.
var machineEvents = []string{
	"HOST_", "SESSION_", "MESSAGE_RECEIVED", "MESSAGE_SENT", "MESSAGE_DELIVERED", "MESSAGE_READ",
	"MESSAGE_FAILED", "MESSAGE_DEAD", "BOOKING_", "ORDER_", "TICKET_", "CONTACT_MUTED",
	"REPLIES_DELAYED", "CLIENT_OUTDATED", "NUMBER_CHANGED", "SETUP_REQUEST_ACTIVE",
	"WEBHOOK_DISABLED",
}

// auditActions are the actions that the filter offers, in the order of the alphabet.
var auditActions = func() []flowhq.EventType {
	machines := map[flowhq.EventType]bool{}
	for _, e := range flowhq.Endings {
		machines[e.Event()] = true
	}
	all := slices.DeleteFunc(slices.Clone(flowhq.EventTypes), func(t flowhq.EventType) bool {
		return machines[t] || slices.ContainsFunc(machineEvents, func(begins string) bool {
			return strings.HasPrefix(string(t), begins)
		})
	})
	slices.Sort(all)
	return slices.Compact(all)
}()

// Actions are offered by the filter.
func (p auditPage) Actions() []flowhq.EventType { return auditActions }
