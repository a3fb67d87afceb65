package store_test

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// BenchmarkPrincipal measures what row-level security costs a request: as an operator, as one
// tenant's user, and as users of two tenants in turns, which changes the connection's tenant.
func BenchmarkPrincipal(b *testing.B) {
	db := open(b)
	api := testdb.OpenStoreAs(b, store.RoleAPI, db.url)
	all := []flowhq.TenantID{db.tenant(b), db.tenant(b)}
	for name, tenants := range map[string][]flowhq.TenantID{
		"operator": {"", ""}, "user": {all[0], all[0]}, "users in turns": all,
	} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				ctx := flowhq.WithPrincipal(b.Context(), flowhq.Principal{Tenant: tenants[i%2]})
				must(api.Tenant(ctx, cmp.Or(tenants[i%2], all[0])))(b)
			}
		})
	}
}

// BenchmarkMessage measures what each step of a message's life costs, on one
// connection's worth of traffic.
func BenchmarkMessage(b *testing.B) {
	db := open(b)
	tenant, epoch := db.hosted(b)
	b.Run("Ping", func(b *testing.B) { // the least that a call costs
		for b.Loop() {
			ok(b, db.Ping(b.Context()))
		}
	})
	b.Run("Receive", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			db.receive(b, tenant, epoch, fmt.Sprint(b.N, "-", i))
		}
	})
	b.Run("ReceiveAgain", func(b *testing.B) {
		db.receive(b, tenant, epoch, "again")
		for b.Loop() {
			if r, err := db.Receive(b.Context(), tenant, epoch, text("again")); err != nil || r.New {
				b.Fatal(r, err)
			}
		}
	})
	b.Run("Conversation", func(b *testing.B) {
		id := db.receive(b, tenant, epoch, "in a conversation")
		for b.Loop() {
			must(db.Conversation(b.Context(), tenant, id))(b)
		}
	})
	b.Run("AnswerAndSent", func(b *testing.B) {
		ms := must(db.Unanswered(b.Context(), tenant, 0, store.MaxLimit))(b)
		for i := 0; b.Loop(); i++ {
			if len(ms) == 0 {
				b.StopTimer()
				for j := range store.MaxLimit {
					db.receive(b, tenant, epoch, fmt.Sprint("more-", i, "-", j))
				}
				ms = must(db.Unanswered(b.Context(), tenant, 0, store.MaxLimit))(b)
				b.StartTimer()
			}
			id := fmt.Sprint("reply-", i)
			if _, done, err := db.Answer(b.Context(), tenant, epoch, ms[0].ID,
				answer(id)); err != nil || !done {
				b.Fatal(done, err)
			}
			ok(b, db.SetOutbound(b.Context(), tenant, epoch, id, flowhq.Sent, ""))
			ms = ms[1:]
		}
	})
	b.Run("Receipt", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			ok(b, db.Receipts(b.Context(), tenant, epoch, []store.Receipt{
				{WAID: fmt.Sprint("reply-", i), Status: flowhq.Delivered, At: noon},
			}))
		}
	})
	b.Run("Unanswered", func(b *testing.B) {
		for b.Loop() {
			must(db.Unanswered(b.Context(), tenant, 0, 50))(b)
		}
	})
}

// BenchmarkRenewLeases measures what a process with many hosts costs per interval.
func BenchmarkRenewLeases(b *testing.B) {
	db := open(b)
	for _, hosts := range []int{1, 100, 500} {
		leases := make([]store.Lease, hosts)
		for i := range leases {
			tenant, epoch := db.hosted(b)
			leases[i] = store.Lease{Tenant: tenant, Epoch: epoch}
		}
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			for b.Loop() {
				now := time.Now()
				for i := range leases {
					leases[i].SeenAt = &now
				}
				if got := must(db.renewed(b.Context(), leases, ttl))(b); len(got) != hosts {
					b.Fatalf("renewed %d; want %d", len(got), hosts)
				}
			}
		})
	}
}

func BenchmarkSetSession(b *testing.B) {
	db := open(b)
	tenant, epoch := db.hosted(b)
	for b.Loop() {
		ok(b, db.SetSession(b.Context(), tenant, epoch, connected, noCodes))
	}
}
