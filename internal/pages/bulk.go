package pages

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/flowhq/flowhq"
)

// bulkPage is one command for many tenants, and how far it is.
type bulkPage struct{ flowhq.Bulk }

// Tried is how many tenants are behind it.
func (p bulkPage) Tried() int { return p.Sent + p.Failed }

// Running is whether tenants are left to try.
func (p bulkPage) Running() bool { return p.State == flowhq.BulkRunning }

// bulksPage lists the last ones.
type bulksPage struct{ Bulks []flowhq.Bulk }

// bulks lists what was done to many tenants at once.
func (v *visit) bulks() error {
	if err := v.operator(); err != nil {
		return err
	}
	var p bulksPage
	if err := v.get("/admin/bulk?limit=50", &p); err != nil {
		return err
	}
	return v.show(http.StatusOK, "bulks", "tenants", "Many at once", p)
}

// startBulk gives all tenants that a list shows one command, at a pace. The form has a key of its
// own, so that a second click begins no second one.
func (v *visit) startBulk() error {
	if err := v.operator(); err != nil {
		return err
	}
	f := v.r.PostForm
	// The filter is sent, and not the tenants of the page: a list has thousands and a page fifty.
	filter := map[string]any{}
	for _, name := range tenantFilters {
		switch text := f.Get(name); {
		case text == "":
		case name == "attention" || name == "stale":
			filter[name] = text == "true"
		default:
			filter[name] = text
		}
	}
	// Those that were ticked are meant, whatever list they were ticked in.
	if ticked := f["tenants"]; len(ticked) > 0 {
		filter = map[string]any{"tenants": ticked}
	} else if f.Has("ticked") {
		return v.redirect("/admin/tenants") // the button of the ticked ones, without a tick
	}
	// The API refuses an empty filter, so that a forgotten one does not stop everybody.
	// Here the list without a filter was looked at, and all of it is meant.
	if len(filter) == 0 {
		filter["all"] = true
	}
	in := map[string]any{"command": f.Get("command"), "filter": filter}
	// An empty field leaves the pace to the API.
	if n, err := strconv.Atoi(f.Get("per_second")); err == nil {
		in["per_second"] = n
	}
	var b flowhq.Bulk
	if err := v.postOnce("/admin/bulk", in, &b); err != nil {
		return err
	}
	return v.redirect("/admin/bulk/" + url.PathEscape(b.ID))
}

// bulk shows how far one is.
func (v *visit) bulk() error {
	if err := v.operator(); err != nil {
		return err
	}
	var p bulkPage
	if err := v.get("/admin/bulk/"+url.PathEscape(v.r.PathValue("bulk")), &p.Bulk); err != nil {
		return err
	}
	return v.show(http.StatusOK, "bulk", "tenants", "Many at once", p)
}

// cancelBulk ends one. Tenants that have the command keep it.
func (v *visit) cancelBulk() error {
	if err := v.operator(); err != nil {
		return err
	}
	path := "/admin/bulk/" + url.PathEscape(v.r.PathValue("bulk"))
	if err := v.api.Call(v.ctx(), http.MethodDelete, path, nil, nil); err != nil {
		return err
	}
	// The page of a command has the same path as the API's operation.
	return v.redirect(path)
}
