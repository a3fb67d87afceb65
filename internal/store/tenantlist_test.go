package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestTenantOrders: in each order and direction the pages together have every tenant once, in the
// order that is asked for, with what each is sorted by; a cursor of another order is refused.
func TestTenantOrders(t *testing.T) {
	t.Parallel()
	b := open(t)
	names := []string{"amani", "Baraka", "Čaj", "duka " + strings.Repeat("ü", 90),
		"duka " + strings.Repeat("ü", 95), "zawadi"}
	for i, name := range names {
		id := b.tenant(t)
		b.exec(t, `update flowhq.tenants set name = $2, phone_number = $3 where id = $1`, id, name,
			"+25571300000"+string(rune('0'+i)))
		if i%2 == 0 {
			b.exec(t, `update flowhq.whatsapp_sessions set last_seen_at = now() - $2 * interval '1 hour' where tenant_id = $1`, id, i)
			b.exec(t, `insert into flowhq.message_counts values ($1, (now() at time zone 'UTC')::date, $2)`, id, i)
			b.exec(t, `insert into flowhq.handovers (tenant_id, contact_id, reason) select $1, n, 'ASKED' from generate_series(1, $2) n`, id, i)
		} else {
			b.exec(t, `insert into flowhq.message_counts values ($1, (now() at time zone 'UTC')::date - 1, 99)`, id)
			b.exec(t, `insert into flowhq.handovers (tenant_id, contact_id, reason, owner_at) values ($1, 1, 'ASKED', now())`, id)
		}
	}
	key := map[store.TenantSort]func(flowhq.Tenant) string{
		store.SortCreated: func(t flowhq.Tenant) string { return t.CreatedAt.Format("2006-01-02T15:04:05.000000") },
		store.SortStatus:  func(t flowhq.Tenant) string { return string(t.Status) },
		store.SortLastSeen: func(t flowhq.Tenant) string {
			if t.Session.LastSeenAt == nil {
				return ""
			}
			return t.Session.LastSeenAt.Format("2006-01-02T15:04:05.000000")
		},
		store.SortMessages: func(t flowhq.Tenant) string {
			return string(rune('0' +
				t.Activity.MessagesToday))
		},
		store.SortHandOvers: func(t flowhq.Tenant) string {
			return string(rune('0' +
				t.Activity.UnreadHandOvers))
		},
		// How a database sorts letters of other scripts is its own affair.
		store.SortName: func(t flowhq.Tenant) string { return strings.ToLower(t.Name)[:1] },
	}
	for _, sort := range store.TenantSorts {
		for _, order := range store.TenantDirections {
			f := store.TenantFilter{Sort: sort, Order: order, Limit: 2}
			var keys []string
			seen := map[flowhq.TenantID]bool{}
			for more := true; more && len(keys) < 20; more = f.Cursor != "" {
				page, next, err := b.Tenants(t.Context(), f)
				if err != nil {
					t.Fatal(sort, order, err)
				}
				for _, tenant := range page {
					keys, seen[tenant.ID] = append(keys, key[sort](tenant)), true
				}
				f.Cursor = next
				if next != "" {
					other := f
					other.Order = store.TenantDirections[0]
					if order == other.Order {
						other.Order = store.TenantDirections[1]
					}
					if _, _, err := b.Tenants(t.Context(), other); flowhq.ErrorCode(err) != flowhq.Invalid {
						t.Errorf("%s %s takes the cursor of the other direction: %v", sort, order, err)
					}
				}
			}
			sorted := slices.Sorted(slices.Values(keys))
			if order == store.Descending {
				slices.Reverse(sorted)
			}
			if sort == store.SortName { // č may be among the c or after the z
				keys, sorted = only(keys, "abdz"), only(sorted, "abdz")
			}
			if len(seen) != len(names) || !slices.Equal(keys, sorted) {
				t.Errorf("%s %s: %d tenants in the order %q", sort, order, len(seen), keys)
			}
		}
	}
}

// only leaves out what does not begin with one of the letters.
func only(keys []string, letters string) (some []string) {
	for _, k := range keys {
		if strings.ContainsAny(k, letters) {
			some = append(some, k)
		}
	}
	return some
}
