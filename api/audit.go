package api

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// An AuditLog knows who has done what, to any tenant and to the installation.
type AuditLog interface {
	Audit(
		ctx context.Context, f store.AuditFilter,
	) (page []flowhq.AuditEntry, next string, err error)
	AddFleetEvent(ctx context.Context, e flowhq.FleetEvent) error
}

// auditRequest is GET /admin/audit.
type auditRequest struct{ store.AuditFilter }

func (r *auditRequest) bind(b *binder) {
	r.filter(b)
	r.Limit = b.number("limit", defaultLimit, 1, maxLimit)
	r.Cursor = b.text("cursor")
}

// filter reads what the list and its export have in common.
func (r *auditRequest) filter(b *binder) {
	r.Principal = b.text("principal")
	r.Action = optionalWord(b, "action", flowhq.EventTypes)
	// One that is gone is no error: that it was deleted, and by whom, is what one looks for.
	r.Tenant = b.anyTenant()
	r.From, r.To = b.stretch()
}

// auditList is a page of the audit.
type auditList struct {
	Entries []flowhq.AuditEntry `json:"entries"`
	Next    string              `json:"next"`
}

// listAudit handles GET /admin/audit. A page of a filter that fits few entries may have fewer than
// its limit, or none, and a next one all the same.
func (a *API) listAudit(ctx context.Context, req auditRequest) (auditList, error) {
	entries, next, err := a.Audit.Audit(ctx, req.AuditFilter)
	return auditList{list(entries), next}, err
}

// auditFile has one line for each entry. Its times are UTC: it is about all tenants, each of which
// has a clock of its own.
var auditFile = table[flowhq.AuditEntry, string]("audit.csv", nil, []string{
	"at", "action", "outcome", "principal_kind", "principal", "address", "tenant_id",
	"tenant_name", "detail",
}, func(w *bookWriter, e export, n flowhq.AuditEntry) {
	w.line(e.local(n.At), string(n.Action), string(n.Outcome), string(n.Kind), n.Principal,
		n.Address, string(n.Tenant), n.TenantName, n.Detail)
})

// exportAudit handles GET /admin/audit.csv, the audit as a file. That somebody has taken it is in
// the audit from then on.
func (a *API) exportAudit(c *gin.Context) {
	var req auditRequest
	mark, ok := a.bindFile(c, req.filter)
	if !ok {
		return
	}
	ctx := c.Request.Context()
	req.Limit = exportPage
	rows := func(cursor string) ([]flowhq.AuditEntry, string, error) {
		req.Cursor = cursor
		return a.Audit.Audit(ctx, req.AuditFilter)
	}
	first, next, err := rows("")
	// A client that asks again and again must not fill the table.
	if err == nil && a.noted.First("audit.csv "+actor(ctx), noteEvery) {
		// Who reads about everybody is noted in any case, or no file is sent.
		err = a.Audit.AddFleetEvent(ctx, flowhq.FleetEvent{
			Type: flowhq.EventExported, Actor: actor(ctx), Reason: auditFile.name,
		})
	}
	if err != nil {
		a.fail(c, err)
		return
	}
	sendPages(c, a, auditFile, export{zone: time.UTC}, mark, first, next, rows)
}
