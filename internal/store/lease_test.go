package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

func TestClaim(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	for want := int64(1); want <= 3; want++ {
		if epoch, err := b.Claim(t.Context(), tenant, "host-a"); err != nil || epoch != want {
			t.Fatalf("Claim = %d, %v; want %d", epoch, err, want)
		}
	}
	w := must(b.Tenant(t.Context(), tenant))(t).Host
	want := flowhq.Host{Status: flowhq.HostStarting, Worker: "host-a", Epoch: 3, Since: w.Since}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Errorf("worker (-want +got):\n%s", diff)
	}
	_, err := b.Claim(t.Context(), nobody, "host-a")
	wantCode(t, "Claim of nobody", err, flowhq.NotFound)
}

func TestClaimsAtOnceGetEpochsOfTheirOwn(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const hosts = 20
	epochs := make([]int64, hosts)
	var group sync.WaitGroup
	for i := range hosts {
		group.Go(func() {
			var err error
			if epochs[i], err = b.Claim(t.Context(), tenant, fmt.Sprint("host-", i)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	slices.Sort(epochs)
	for i, epoch := range epochs {
		if epoch != int64(i+1) {
			t.Fatalf("epochs = %v; want 1 to %d", epochs, hosts)
		}
	}
}

func TestLease(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, first := b.hosted(t)
	second := must(b.Claim(t.Context(), tenant, "host-b"))(t)

	taken, wait, err := b.TakeLease(t.Context(), tenant, second, ttl)
	if err != nil || taken || wait <= ttl-patience || wait > ttl {
		t.Fatalf("TakeLease beside a live one = %v, %v, %v; want false and nearly %v", taken, wait, err, ttl)
	}
	_, _, err = b.TakeLease(t.Context(), tenant, first, ttl)
	wantCode(t, "TakeLease by the older host", err, flowhq.Fenced)
	if got := must(b.renewed(t.Context(),
		[]store.Lease{{Tenant: tenant, Epoch: first}, {Tenant: tenant, Epoch: second}},
		ttl))(t); len(got) != 0 {
		t.Errorf("RenewLeases of a fenced host and one without a lease = %v; want none", got)
	}

	ok(t, b.ReleaseLease(t.Context(), tenant, first))
	for range 2 { // the second extends it
		if taken, wait, err := b.TakeLease(t.Context(), tenant, second, ttl); err != nil ||
			!taken || wait != 0 {
			t.Fatalf("TakeLease after release = %v, %v, %v; want true", taken, wait, err)
		}
	}
	ok(t, b.ReleaseLease(t.Context(), tenant, first)) // late: must not release the other's
	if got := must(b.renewed(t.Context(), []store.Lease{{Tenant: tenant, Epoch: second}},
		ttl))(t); len(got) != 1 {
		t.Errorf("RenewLeases = %v; want %s", got, tenant)
	}
	_, _, err = b.TakeLease(t.Context(), nobody, 1, ttl)
	wantCode(t, "TakeLease of nobody", err, flowhq.Fenced)
	ok(t, b.ReleaseLease(t.Context(), nobody, 1))
}

// expire lets the tenant's lease run out on the database's clock.
func (b *bench) expire(t testing.TB, tenant flowhq.TenantID) {
	t.Helper()
	b.exec(t, `update flowhq.hosts set lease_expires_at = now() - interval '1 s' where tenant_id = $1`, tenant)
}

func TestLeaseRunsOut(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _ := b.hosted(t)
	b.expire(t, tenant)
	second := must(b.Claim(t.Context(), tenant, "host-b"))(t)
	if taken, _, err := b.TakeLease(t.Context(), tenant, second, ttl); err != nil || !taken {
		t.Fatalf("TakeLease after expiry = %v, %v; want true", taken, err)
	}
}

func TestLeaseRunsOnTheDatabasesClock(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _ := b.hosted(t)
	left := scalar[time.Duration](t, b, `select lease_expires_at - now() from flowhq.hosts where tenant_id = $1`, tenant)
	if left <= ttl-patience || left > ttl {
		t.Errorf("the lease runs for %v on the database's clock; want nearly %v", left, ttl)
	}
}

func TestRenewLeases(t *testing.T) {
	t.Parallel()
	b := open(t)
	const hosts = 40
	var leases []store.Lease
	var want []store.Lease
	seen := time.Now().UTC().Truncate(time.Microsecond)
	for i := range hosts {
		tenant, epoch := b.hosted(t)
		l := store.Lease{Tenant: tenant, Epoch: epoch}
		switch i % 4 {
		case 0: // fenced
			must(b.Claim(t.Context(), tenant, "host-b"))(t)
		case 1: // released
			ok(t, b.ReleaseLease(t.Context(), tenant, epoch))
		case 2: // seen
			l.SeenAt = &seen
			fallthrough
		default: // not heard from yet
			want = append(want, store.Lease{Tenant: tenant, Epoch: epoch})
		}
		leases = append(leases, l)
	}
	leases = append(leases, store.Lease{Tenant: nobody, Epoch: 1})
	got := must(b.renewed(t.Context(), leases, time.Hour))(t)
	byTenant := func(a, b store.Lease) int { return strings.Compare(string(a.Tenant), string(b.Tenant)) }
	slices.SortFunc(got, byTenant)
	slices.SortFunc(want, byTenant)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("RenewLeases (-want +got):\n%s", diff)
	}
	long := scalar[int](t, b, `select count(*)::int from flowhq.hosts where lease_expires_at > now() + interval '50 min'`)
	if long != len(want) {
		t.Errorf("%d leases run for an hour; want %d", long, len(want))
	}
	for i, l := range leases[:hosts] {
		got := must(b.Tenant(t.Context(), l.Tenant))(t).Session.LastSeenAt
		if i%4 == 2 && (got == nil || !got.Equal(seen)) || i%4 != 2 && got != nil {
			t.Errorf("host %d last seen %v; want %v", i, got, l.SeenAt)
		}
	}
	earlier := seen.Add(-time.Minute)
	leases[2].SeenAt = &earlier
	must(b.renewed(t.Context(), leases[2:3], ttl))(t)
	if got := must(b.Tenant(t.Context(), leases[2].Tenant))(t).Session.LastSeenAt; !got.Equal(seen) {
		t.Errorf("last seen went back to %v", got)
	}
	if got, err := b.renewed(t.Context(), nil, ttl); err != nil || len(got) != 0 {
		t.Errorf("RenewLeases of nothing = %v, %v", got, err)
	}
}

// renewed are the leases that could be renewed.
func (b *bench) renewed(ctx context.Context, leases []store.Lease, ttl time.Duration) ([]store.Lease, error) {
	done, _, err := b.RenewLeases(ctx, leases, ttl)
	return done, err
}

// TestHostsDoNotDeadlock lets a few tenants' rows be used in every way at once,
// by hosts that are settled and replaced all the while. To be fenced is fine.
func TestHostsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	b := open(t)
	const hosts, rounds = 3, 150
	var (
		tenants [hosts]flowhq.TenantID
		epochs  [hosts]atomic.Int64
	)
	lease := func(i int) store.Lease {
		return store.Lease{Tenant: tenants[i], Epoch: epochs[i].Load(), SeenAt: &noon}
	}
	for i := range hosts {
		tenant, epoch := b.hosted(t)
		tenants[i] = tenant
		epochs[i].Store(epoch)
	}
	uses := map[string]func(i, round int) error{
		"renew": func(int, int) error {
			_, err := b.renewed(t.Context(), []store.Lease{lease(0), lease(1), lease(2)}, ttl)
			return err
		},
		"report": func(i, _ int) error {
			return b.SetSession(t.Context(), tenants[i], epochs[i].Load(), connected, noCodes)
		},
		"extend": func(i, _ int) error {
			return second(b.TakeLease(t.Context(), tenants[i], epochs[i].Load(), ttl))
		},
		"settle": func(i, _ int) error {
			err := b.RecordState(t.Context(), tenants[i], flowhq.Starting(flowhq.Counts{}), 0, noOutcomes)
			if err != nil {
				return err
			}
			epoch, err := b.Claim(t.Context(), tenants[i], "next")
			epochs[i].Store(epoch)
			return err
		},
		"link": func(i, _ int) error {
			return last(b.Link(t.Context(), tenants[i], epochs[i].Load(),
				store.Device{JID: "1:2@s.whatsapp.net"}))
		},
		"rename": func(i, _ int) error {
			name := "new"
			_, err := b.UpdateTenant(t.Context(), tenants[i], flowhq.TenantChange{Name: &name}, "admin")
			return err
		},
		"receive": func(i, round int) error {
			return last(b.Receive(t.Context(), tenants[i], epochs[i].Load(), text(fmt.Sprint(round%10))))
		},
	}
	var group sync.WaitGroup
	for name, use := range uses {
		for range 2 {
			group.Go(func() {
				for round := range rounds {
					if err := use(round%hosts, round); err != nil && flowhq.ErrorCode(err) != flowhq.Fenced {
						t.Errorf("%s: %v", name, err)
					}
				}
			})
		}
	}
	group.Wait()
}

func TestStale(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	status := func() flowhq.HostStatus {
		t.Helper()
		one := must(b.Tenant(t.Context(), tenant))(t).Host.Status
		page, _, err := b.Tenants(t.Context(), store.TenantFilter{})
		if err != nil || len(page) != 1 || page[0].Host.Status != one {
			t.Errorf("Tenants = %+v, %v; want one that is %s", page, err, one)
		}
		return one
	}
	want := func(what string, want flowhq.HostStatus) {
		t.Helper()
		if got := status(); got != want {
			t.Errorf("%s: worker %s; want %s", what, got, want)
		}
	}
	for status, to := range map[flowhq.HostStatus]flowhq.Transition{
		flowhq.HostStarting: {State: flowhq.Connecting}, flowhq.HostRunning: connected,
		flowhq.HostDraining: {State: flowhq.Disconnected, Ending: flowhq.EndDraining},
	} {
		must(b.renewed(t.Context(), []store.Lease{{Tenant: tenant, Epoch: epoch}}, ttl))(t)
		ok(t, b.SetSession(t.Context(), tenant, epoch, to, noCodes))
		want("lease runs", status)
		b.expire(t, tenant)
		want("lease ran out", flowhq.HostStale)
	}
	since := must(b.Tenant(t.Context(), tenant))(t).Host.Since
	if end := scalar[time.Time](t, b, `select lease_expires_at from flowhq.hosts`); !since.Equal(end) {
		t.Errorf("stale since %v; want the end of the lease, %v", since, end)
	}
	for status, end := range map[flowhq.HostStatus]flowhq.Ending{
		flowhq.HostStopped: flowhq.EndStopped, flowhq.HostError: flowhq.EndLoggedOut,
	} {
		ok(t, b.SetSession(t.Context(), tenant, epoch,
			flowhq.Transition{State: end.SessionState(), Ending: end}, noCodes))
		want("not meant to run", status)
	}
	ok(t, b.RecordState(t.Context(), tenant, flowhq.Starting(flowhq.Counts{}), 0, noOutcomes))
	want("started again after a crash", flowhq.HostStarting)
	must(b.Claim(t.Context(), tenant, "host-b"))(t)
	want("claimed", flowhq.HostStarting)
}

// TestNoWriteAfterClaim lets many hosts of the old epoch write while another
// claims. What is there when Claim returns is all there ever is.
func TestNoWriteAfterClaim(t *testing.T) {
	t.Parallel()
	b := open(t)
	const rounds, writers = 10, 8
	for round := range rounds {
		tenant, epoch := b.hosted(t)
		written := make(chan struct{}, 1) // some write has been made
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for i := 0; ; i++ {
					_, err := b.Receive(t.Context(), tenant, epoch, text(fmt.Sprintf("%d-%d", w, i)))
					if err != nil {
						wantCode(t, "Receive", err, flowhq.Fenced)
						return
					}
					select {
					case written <- struct{}{}:
					default:
					}
				}
			})
		}
		<-written
		must(b.Claim(t.Context(), tenant, "host-b"))(t)
		const count = `select count(*) from flowhq.message_logs where tenant_id = $1`
		atClaim := scalar[int64](t, b, count, tenant)
		group.Wait()
		if after := scalar[int64](t, b, count, tenant); after != atClaim {
			t.Errorf("round %d: %d messages when Claim returned, %d later", round, atClaim, after)
		}
	}
}

// TestWriteDuringClaim holds a claim between its update and its commit. A write
// that began before the commit, and so does not see it, must wait and be fenced.
func TestWriteDuringClaim(t *testing.T) {
	t.Parallel()
	for _, name := range writes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			g := newGuest(t, b)
			before := dump(t, b, g.tenant)
			tx := must(b.raw.Begin(t.Context()))(t)
			if _, err := tx.Exec(t.Context(),
				`update flowhq.hosts set epoch = epoch + 1 where tenant_id = $1`, g.tenant); err != nil {
				t.Fatal(err)
			}
			result := make(chan error, 1)
			go func() {
				_, err := calls[name](t.Context(), b.Store, g)
				result <- err
			}()
			watch := &bench{raw: connect(t, b.url)}
			eventually(t, name+" to wait for the claim", func() bool { return watch.waiters(t) == 1 })
			ok(t, tx.Commit(t.Context()))
			wantCode(t, name, <-result, flowhq.Fenced)
			after := dump(t, b, g.tenant)
			if diff := cmp.Diff(withoutTable(before, "hosts"), withoutTable(after, "hosts")); diff != "" {
				t.Errorf("%s wrote (-want +got):\n%s", name, diff)
			}
		})
	}
}

func withoutTable(rows []row, table string) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.Table == table })
}

// TestFence holds a host's change of whatsmeow's tables before its commit. Claim
// must wait for it, and after that no such change may begin.
func TestFence(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	keys, err := store.OpenWA(b.url)
	ok(t, err)
	t.Cleanup(func() { keys.Close() })
	tx := must(keys.BeginTx(t.Context(), nil))(t)
	ok(t, store.Fence(t.Context(), tx, tenant, epoch))
	b.claimWaits(t, tenant, tx.Commit)

	tx = must(keys.BeginTx(t.Context(), nil))(t)
	defer tx.Rollback() //nolint:errcheck // it only read
	wantCode(t, "Fence of an old host", store.Fence(t.Context(), tx, tenant, epoch), flowhq.Fenced)
	wantCode(t, "Fence of nobody", store.Fence(t.Context(), tx, nobody, epoch), flowhq.Fenced)
	ok(t, store.Fence(t.Context(), tx, tenant, epoch+1))
}

// A change in one statement is made whole by the newest host, and not at all by another. It keeps
// a claim waiting until it is committed.
func TestChangeFenced(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	db, err := store.OpenWA(b.url)
	ok(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = b.raw.Exec(t.Context(), `create table public.keys (key text)`)
	ok(t, err)
	change := func(db store.Querier, tenant flowhq.TenantID, epoch int64, key string) error {
		return store.ChangeFenced(t.Context(), db, tenant, epoch, `
			one as (insert into public.keys select $3::text from fence),
			two as (insert into public.keys select $3::text || $4::text from fence)`, key, "+")
	}
	tx := must(db.BeginTx(t.Context(), nil))(t)
	ok(t, change(tx, tenant, epoch, "a"))
	b.claimWaits(t, tenant, tx.Commit)

	wantCode(t, "change of an old host", change(db, tenant, epoch, "b"), flowhq.Fenced)
	wantCode(t, "change of nobody", change(db, nobody, epoch, "c"), flowhq.Fenced)
	ok(t, change(db, tenant, epoch+1, "d"))
	var keys string
	ok(t, b.raw.QueryRow(t.Context(), `select string_agg(key, ' ' order by key) from public.keys`).Scan(&keys))
	if want := "a a+ d d+"; keys != want {
		t.Errorf("the changes are %q; want %q", keys, want)
	}
}

// TestClaimWaitsForWrites holds a host's write before its commit. Claim must
// wait for it, and renewals must not.
func TestClaimWaitsForWrites(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	tx := must(b.raw.Begin(t.Context()))(t)
	if _, err := tx.Exec(t.Context(), `select from flowhq.hosts where tenant_id = $1 for key share`,
		tenant); err != nil {
		t.Fatal(err)
	}
	if got := must(b.renewed(t.Context(), []store.Lease{{Tenant: tenant, Epoch: epoch}},
		ttl))(t); len(got) != 1 {
		t.Errorf("RenewLeases beside a write = %v; want one", got)
	}
	ok(t, b.SetSession(t.Context(), tenant, epoch, connected, noCodes))
	b.claimWaits(t, tenant, func() error { return tx.Commit(t.Context()) })
}

// claimWaits has another host claim a tenant, and fails the test unless the claim waits for a change
// of the host before, until commit ends that.
func (b *bench) claimWaits(t *testing.T, tenant flowhq.TenantID, commit func() error) {
	t.Helper()
	claimed := make(chan error, 1)
	go func() {
		_, err := b.Claim(t.Context(), tenant, "host-b")
		claimed <- err
	}()
	watch := &bench{raw: connect(t, b.url)}
	eventually(t, "Claim to wait for the change", func() bool { return watch.waiters(t) == 1 })
	ok(t, commit())
	ok(t, <-claimed)
}

func TestWriteOfAnOldHost(t *testing.T) {
	t.Parallel()
	b := open(t)
	g := newGuest(t, b)
	must(b.Claim(t.Context(), g.tenant, "host-b"))(t)
	before := dump(t, b, g.tenant)
	orphan := g
	orphan.tenant = nobody
	for _, name := range writes {
		_, err := calls[name](t.Context(), b.Store, g)
		wantCode(t, name+" of an old host", err, flowhq.Fenced)
		_, err = calls[name](t.Context(), b.Store, orphan)
		wantCode(t, name+" without a tenant", err, flowhq.Fenced)
	}
	if diff := cmp.Diff(before, dump(t, b, g.tenant)); diff != "" {
		t.Errorf("an old host wrote (-want +got):\n%s", diff)
	}
}

// TestLockTimeout claims a tenant whose row somebody holds for too long.
func TestLockTimeout(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	tx := must(b.raw.Begin(t.Context()))(t)
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), `select from flowhq.hosts where tenant_id = $1 for update`,
		tenant); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	_, err := b.Receive(t.Context(), tenant, epoch, text("1"))
	wantCode(t, "Receive", err, flowhq.Unavailable)
	if took := time.Since(begun); took > store.Timeout+time.Second {
		t.Errorf("Receive gave up after %v; want at most %v", took, store.Timeout)
	}
}
