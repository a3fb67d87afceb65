package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

// Somebody who locks the rows of a tenant, by hand or for long, holds up no other lease.
func TestALockedRowCostsNoOtherLease(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"hosts", "whatsapp_sessions"} {
		for _, mode := range []string{"update", "no key update", "share"} {
			b := open(t)
			locked, first := b.hosted(t)
			fenced, second := b.hosted(t)
			free, third := b.hosted(t)
			must(b.Claim(t.Context(), fenced, "host-b"))(t)
			tx := must(b.raw.Begin(t.Context()))(t)
			if _, err := tx.Exec(t.Context(),
				`select from flowhq.`+table+` where tenant_id = any($1) for `+mode,
				[]flowhq.TenantID{locked, fenced}); err != nil {
				t.Fatal(err)
			}
			seen := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), store.Timeout/4)
			renewed, waits, err := b.RenewLeases(ctx, []store.Lease{
				{Tenant: locked, Epoch: first, SeenAt: &seen},
				{Tenant: fenced, Epoch: second, SeenAt: &seen},
				{Tenant: free, Epoch: third, SeenAt: &seen},
			}, ttl)
			cancel()
			ok(t, err)
			ok(t, tx.Rollback(t.Context()))
			slices.SortFunc(renewed, func(a,
				b store.Lease) int {
				return strings.Compare(string(a.Tenant), string(b.Tenant))
			})
			want, wantWaits := []store.Lease{{Tenant: free, Epoch: third}},
				[]store.Lease{{Tenant: locked, Epoch: first}}
			if table == "whatsapp_sessions" { // only the proof of life is left out
				want, wantWaits = append(want, wantWaits...), nil
				slices.SortFunc(want, func(a,
					b store.Lease) int {
					return strings.Compare(string(a.Tenant), string(b.Tenant))
				})
			}
			if diff := cmp.Diff([][]store.Lease{want, wantWaits},
				[][]store.Lease{renewed, waits}); diff != "" {
				t.Errorf("%s for %s: renewed and waiting (-want +got):\n%s", table, mode, diff)
			}
		}
	}
}
