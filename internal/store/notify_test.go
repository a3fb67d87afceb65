package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

// listen returns what a listener hears, which is already listening.
func (b *bench) listen(t *testing.T) <-chan store.Notice {
	t.Helper()
	notices := make(chan store.Notice, 100)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Listen(ctx, func(n store.Notice) { notices <- n }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Listen = %v; want %v", err, context.Canceled)
		}
	})
	wantNotice(t, notices, store.Notice{Kind: store.Resync})
	return notices
}

func wantNotice(t testing.TB, notices <-chan store.Notice, want store.Notice) {
	t.Helper()
	select {
	case got := <-notices:
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("notice (-want +got):\n%s", diff)
		}
	case <-time.After(patience):
		t.Fatalf("no notice in %v; want %v", patience, want)
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	first, other := b.listen(t), b.listen(t)
	epoch := must(b.Claim(t.Context(), tenant, "host-a"))(t)
	taken, _, err := b.TakeLease(t.Context(), tenant, epoch, ttl)
	if err != nil || !taken {
		t.Fatalf("TakeLease = %v, %v", taken, err)
	}
	b.exec(t, `notify flowhq, 'epoch of nobody'`)
	b.exec(t, `notify flowhq, 'rumour `+string(tenant)+` 1'`)
	b.exec(t, `notify flowhq, 'two words'`)
	ok(t, b.ReleaseLease(t.Context(), tenant, epoch))
	ok(t, b.ReleaseLease(t.Context(), tenant, epoch)) // nothing to release, nothing to tell
	name := "new"
	must(b.UpdateTenant(t.Context(), tenant, flowhq.TenantChange{Name: &name}, "admin"))(t)
	for range 2 {
		ok(t, b.Erase(t.Context(), tenant, "admin"))
	}
	must(b.CreateTenant(t.Context(), barber(), "admin"))(t)
	last := must(b.Claim(t.Context(), b.tenant(t), "host-a"))(t)
	for _, notices := range []<-chan store.Notice{first, other} {
		wantNotice(t, notices, store.Notice{Kind: store.NewEpoch, Tenant: tenant, Epoch: epoch})
		wantNotice(t, notices, store.Notice{Kind: store.FreeLease, Tenant: tenant, Epoch: epoch})
		wantNotice(t, notices, store.Notice{Kind: store.NewConfig, Tenant: tenant, Epoch: epoch})
		wantNotice(t, notices, store.Notice{Kind: store.NewEpoch, Tenant: tenant,
			Epoch: epoch + 1}) // for who erases
		wantNotice(t, notices, store.Notice{Kind: store.ErasedTenant, Tenant: tenant})
		if n := <-notices; n.Kind != store.NewEpoch || n.Epoch != last {
			t.Errorf("last notice = %+v; want epoch %d", n, last)
		}
	}
}

func TestListenReconnects(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	notices := b.listen(t)
	for range 3 {
		killed := scalar[int](t, b, `select count(pg_terminate_backend(pid))::int from pg_stat_activity
			where datname = current_database() and application_name = 'flowhq-listen'`)
		if killed != 1 {
			t.Fatalf("terminated %d connections; want 1", killed)
		}
		wantNotice(t, notices, store.Notice{Kind: store.Resync})
		epoch := must(b.Claim(t.Context(), tenant, "host-a"))(t)
		wantNotice(t, notices, store.Notice{Kind: store.NewEpoch, Tenant: tenant, Epoch: epoch})
	}
}
