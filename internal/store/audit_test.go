package store_test

import (
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestAuditPages: a rare deed at the far end of a long audit is found by pages that each look
// through a bounded part of it, and deeds of one moment, of both tables, are on one page each.
func TestAuditPages(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const history = 12_000
	b.exec(t, `delete from flowhq.portal_event_logs`)
	b.exec(t, `insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason, created_at)
		select $1, case n when 1 then 'TENANT_CREATED' else 'TENANT_UPDATED' end,
			case when n % 2 = 1 then 'operator asha@example.com (192.0.2.7)' else 'host' end, n,
			'2026-01-01Z'::timestamptz + n / 10 * interval '1 second' from generate_series(1, $2) n`, tenant, 2*history)
	b.exec(t, `insert into flowhq.fleet_events (event_type, actor, reason, created_at)
		select 'LOGIN_FAILED', '192.0.2.9', n, '2026-01-01Z'::timestamptz + n / 10 * interval '1 second' from generate_series(1, 50) n`)
	b.exec(t, `analyze flowhq.portal_event_logs, flowhq.fleet_events`)
	for _, tt := range []struct {
		name   string
		filter store.AuditFilter
		found  int
		pages  int
	}{
		{"all", store.AuditFilter{}, history + 50, 13},
		{"of the tenant", store.AuditFilter{Tenant: tenant}, history, 12},
		{"a rare action", store.AuditFilter{Action: flowhq.EventTenantCreated}, 1, 7},
		{"a rare action of the tenant", store.AuditFilter{Tenant: tenant,
			Action: flowhq.EventTenantCreated}, 1, 7},
		{"an address", store.AuditFilter{Principal: "192.0.2.9"}, 50, 7},
		{"nobody", store.AuditFilter{Principal: "xyzzy"}, 0, 7},
	} {
		tt.filter.Limit = store.MaxLimit
		seen, pages := map[flowhq.AuditEntry]bool{}, 0
		for more := true; more && pages < 50; pages++ {
			page, next, err := b.Audit(t.Context(), tt.filter)
			if err != nil {
				t.Fatal(tt.name, err)
			}
			for _, e := range page {
				seen[e] = true
			}
			tt.filter.Cursor, more = next, next != ""
		}
		if len(seen) != tt.found || pages != tt.pages {
			t.Errorf("%s: %d entries on %d pages; want %d on %d", tt.name, len(seen), pages,
				tt.found, tt.pages)
		}
	}
}
