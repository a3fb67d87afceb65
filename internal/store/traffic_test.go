package store_test

import (
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/google/go-cmp/cmp"
)

// TestTraffic: what workers count adds up by stretch and by tenant, what is old goes, and a tenant
// that is gone keeps nobody's counts from being written.
func TestTraffic(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, gone := b.tenant(t), b.tenant(t)
	ok(t, b.Erase(t.Context(), gone, "admin"))
	replies := make([]int, len(flowhq.ReplyBounds)+1)
	replies[3] = 2
	counted := flowhq.Traffic{Received: 2, Sent: 3, Replies: replies,
		Messages: map[flowhq.TenantID]int{tenant: 5, gone: 7}}
	b.exec(t, `insert into flowhq.traffic (at, worker, received, sent, replies) values
		(now() - interval '3 days', 'a', 1, 1, '{}'), (now() - interval '25 hours', 'a', 1, 1, '{}'), (now() - interval '23 hours', 'a', 4, 4, '{}')`)
	ok(t, b.AddTraffic(t.Context(), "a", flowhq.Traffic{}))
	ok(t, b.AddTraffic(t.Context(), "a", counted))
	ok(t, b.AddTraffic(t.Context(), "a", counted))
	ok(t, b.AddTraffic(t.Context(), "b", counted))
	all := must(b.Traffic(t.Context()))(t)
	// Ten minutes may have ended meanwhile, which makes one stretch more.
	sum := flowhq.Traffic{Replies: make([]int, len(replies))}
	for _, s := range all[1:] {
		sum.Received, sum.Sent = sum.Received+s.Received, sum.Sent+s.Sent
		for i, n := range s.Replies {
			sum.Replies[i] += n
		}
	}
	replies[3] = 6
	if diff := cmp.Diff(flowhq.Traffic{Received: 6, Sent: 9, Replies: replies}, sum); diff != "" ||
		all[0].Received != 4 {
		t.Errorf("the first stretch has %+v, and the others (-want +got):\n%s", all[0], diff)
	}
	if n := scalar[int](t, b, `select messages from flowhq.message_counts where tenant_id = $1`,
		tenant); n != 15 {
		t.Errorf("the tenant has %d messages; want 15", n)
	}
	if n := scalar[int](t, b, `select count(*) from flowhq.traffic where at < now() - interval '2 days'`); n != 0 {
		t.Errorf("%d old stretches are left", n)
	}
	b.exec(t, `update flowhq.message_counts set day = day - 1`)
	ok(t, b.AddTraffic(t.Context(), "b", counted))
	if n := scalar[int](t, b, `select messages from flowhq.message_counts where tenant_id = $1`,
		tenant); n != 5 {
		t.Errorf("the tenant has %d messages on a new day; want 5", n)
	}
}
