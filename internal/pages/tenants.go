package pages

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/flowhq/flowhq"
)

// tenantList is a page of tenants.
type tenantList struct {
	Tenants []flowhq.Tenant `json:"tenants"`
	Next    string          `json:"next"`
}

// tenantsPage is the list of tenants.
type tenantsPage struct {
	tenantList
	// Query is how the list is filtered and sorted, without the place in it.
	Query   url.Values
	Workers []flowhq.Worker
	// Paged is whether the page is not the first.
	Paged bool
	// Deleted is the name of a tenant whose deletion was asked for just now.
	Deleted string
}

// tenantFilters are what the list is filtered by, and tenantSorting is how it is sorted. Both are
// the API's own parameters.
var (
	tenantFilters = []string{"search", "status", "template", "worker", "attention", "stale"}
	tenantSorting = []string{"sort", "order"}
)

// tenants lists the tenants, as they are searched for.
func (v *visit) tenants() error {
	if err := v.operator(); err != nil {
		return err
	}
	p := tenantsPage{Query: url.Values{}, Deleted: v.r.Form.Get("deleted")}
	// Only what was filled in is sent, so the address of the next page is as short as the filter.
	for _, names := range [][]string{tenantFilters, tenantSorting} {
		for _, name := range names {
			if text := v.r.Form.Get(name); text != "" {
				p.Query.Set(name, text)
			}
		}
	}
	// Fifty are a screen or two. The next page is a click away.
	q := p.with("limit", "50")
	if cursor := v.r.Form.Get("cursor"); cursor != "" {
		q.Set("cursor", cursor)
		p.Paged = true
	}
	if err := v.get("/admin/tenants?"+q.Encode(), &p.tenantList); err != nil {
		return err
	}
	var w struct{ Workers []flowhq.Worker }
	if err := v.get("/admin/workers", &w); err != nil {
		return err
	}
	p.Workers = w.Workers
	return v.show(http.StatusOK, "tenants", "tenants", "Tenants", p)
}

// with is the query with another value of one field; "" takes it away.
func (p tenantsPage) with(name, value string) url.Values {
	q := url.Values{}
	for n, values := range p.Query {
		q[n] = values
	}
	q.Del(name)
	if value != "" {
		q.Set(name, value)
	}
	return q
}

// Get is the value of a field of the filter, "" if it is not filtered by.
func (p tenantsPage) Get(name string) string { return p.Query.Get(name) }

// Filtered is whether the list leaves tenants out. A list that is empty because of the filter says
// so, rather than that there are no tenants.
func (p tenantsPage) Filtered() bool {
	for _, name := range tenantFilters {
		if p.Query.Has(name) {
			return true
		}
	}
	return false
}

// All says which tenants a command to all of the list is for, and how many they are, as far as one
// page tells.
func (p tenantsPage) All() string {
	which := "all"
	switch n := len(p.Tenants); {
	case p.Next != "" || p.Paged:
		which += fmt.Sprintf(" tenants, more than %d", n)
	case n == 1:
		which = "1 tenant"
	default:
		which += fmt.Sprintf(" %d tenants", n)
	}
	if p.Filtered() {
		which += ", as they are filtered"
	}
	return which
}

// Older is the address of the next page, "" on the last. The filter and the order stay with it.
func (p tenantsPage) Older() string {
	if p.Next == "" {
		return ""
	}
	return tenantsAt(p.with("cursor", p.Next))
}

// tenantsAt is the address of the list with a query.
func tenantsAt(q url.Values) string {
	if len(q) == 0 {
		return "/admin/tenants"
	}
	return "/admin/tenants?" + q.Encode()
}

// A chip is a filter that one press sets, or takes away again.
type chip struct {
	Name, Path string
	On         bool
}

// Chips are the filters of one press: what needs a person first, then the rest.
func (p tenantsPage) Chips() []chip {
	var all []chip
	add := func(field, value, name string) {
		on, to := p.Query.Get(field) == value, value
		if on {
			to = ""
		}
		all = append(all, chip{name, tenantsAt(p.with(field, to)), on})
	}
	add("attention", "true", "needs attention")
	add("stale", "true", "stale")
	for _, s := range flowhq.TenantStatuses {
		add("status", string(s), inWords(s))
	}
	for _, t := range flowhq.Templates {
		add("template", string(t), inWords(t))
	}
	// A worker is chosen among many by its name; of one there is nothing to choose.
	for _, w := range p.Workers {
		if len(p.Workers) > 1 || p.Query.Get("worker") == w.Name {
			add("worker", w.Name, w.Name)
		}
	}
	return all
}

// A sortable is the head of a column that one can sort by.
type sortable struct {
	Name, Path string
	// Sorted is what aria-sort says: "ascending", "descending", or "" if the list is sorted
	// otherwise.
	Sorted string
	Number bool
}

// ascendsAtFirst are the columns of words, of which one looks for the first; of numbers and times
// one looks for the greatest. It is as the API has it without an order.
var ascendsAtFirst = map[string]bool{"name": true, "status": true}

// Column is the head of a column. Pressing it sorts by it, and pressing again turns the order
// round.
func (p tenantsPage) Column(field, name string) sortable {
	c := sortable{Name: name, Number: field == "messages" || field == "hand_overs"}
	ascends := ascendsAtFirst[field]
	if p.Query.Get("sort") == field {
		if order := p.Query.Get("order"); order != "" {
			ascends = order == "asc"
		}
		c.Sorted = "descending"
		if ascends {
			c.Sorted = "ascending"
		}
		ascends = !ascends
	}
	q := p.with("sort", field)
	q.Set("order", "desc")
	if ascends {
		q.Set("order", "asc")
	}
	c.Path = tenantsAt(q)
	return c
}

// A hidden is a field that a form sends along unseen.
type hidden struct{ Name, Value string }

// Kept are the fields of the query but those that are named, which a form of the page has itself.
func (p tenantsPage) Kept(but ...string) []hidden {
	var all []hidden
	left := url.Values{}
	for _, name := range but {
		left.Set(name, "")
	}
	for _, names := range [][]string{tenantFilters, tenantSorting} {
		for _, name := range names {
			if p.Query.Has(name) && !left.Has(name) {
				all = append(all, hidden{name, p.Query.Get(name)})
			}
		}
	}
	return all
}

// Commands are those that many tenants can get.
func (p tenantsPage) Commands() []flowhq.Command { return flowhq.BulkCommands }
