package pages

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"

	"github.com/flowhq/flowhq"
)

// bulkPage is one command for many tenants, and how far it is.
type bulkPage struct{ flowhq.Bulk }

// Tried is how many tenants are behind it, and Running whether there are more.
func (p bulkPage) Tried() int    { return p.Sent + p.Failed }
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

// startBulk gives all tenants that a list shows one command, at a pace. The form has a key of its own,
// so that a second click begins no second one.
func (v *visit) startBulk() error {
	if err := v.operator(); err != nil {
		return err
	}
	f := v.r.PostForm
	filter := map[string]any{}
	for _, name := range []string{"search", "status", "template"} {
		if text := f.Get(name); text != "" {
			filter[name] = text
		}
	}
	if len(filter) == 0 {
		filter["all"] = true
	}
	in := map[string]any{"command": f.Get("command"), "filter": filter}
	if n, err := strconv.Atoi(f.Get("per_second")); err == nil {
		in["per_second"] = n
	}
	if key := f.Get("key"); key != "" {
		v.api.Header.Set("Idempotency-Key", key)
	}
	var b flowhq.Bulk
	if err := v.post("/admin/bulk", in, &b); err != nil {
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
	return v.redirect(path)
}

// BulkKey is new with each page, and the same however often its form is sent.
func (p tenantsPage) BulkKey() string { return rand.Text() }

// Commands are those that many tenants can get.
func (p tenantsPage) Commands() []flowhq.Command { return flowhq.BulkCommands }
