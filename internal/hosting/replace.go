package hosting

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

const (
	// livesAgain is when a tenant is looked at again whose host was found to live, as it
	// waits for something.
	livesAgain = 10 * time.Second
	// replacedAgain is when a tenant is looked at again whose host was replaced: where a
	// worker stands still, Temporal may give it the next attempt, too.
	replacedAgain = time.Second
	// absentFor is for how long an attempt must have been seen to be nowhere, as it never
	// arrived, or to be told to end though it holds no lease, to count as lost.
	absentFor = 9 * time.Second
	// failoverBatch and failoverAtOnce bound what one step asks of Temporal.
	failoverBatch  = 500
	failoverAtOnce = 8
)

// replace looks at the tenants without a lease, and has those hosts replaced whose worker
// has died. A process that is not on duty replaces those of workers that it alone knows to
// have ended.
func (f *Failover) replace(ctx context.Context, onDuty bool) {
	all, err := f.batch(ctx)
	if err != nil {
		f.Log.Warn("could not see which tenants have lost their host; trying again", "err", err)
		return
	}
	again := make([]time.Duration, len(all))     // when each is looked at again
	slots := make(chan struct{}, failoverAtOnce) // or Temporal is asked for hundreds at once
	var wg sync.WaitGroup
	for i, u := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			replaced, err := f.look(ctx, u, onDuty)
			if again[i] = livesAgain; replaced || err != nil {
				again[i] = replacedAgain
			}
			if err != nil && ctx.Err() == nil {
				f.Log.Warn("could not see whether a tenant's host is lost; trying again",
					"tenant", string(u.Tenant), "err", err)
			}
		})
	}
	wg.Wait()
	for i, u := range all {
		f.looked[u.Tenant] = time.Now().Add(again[i])
	}
}

// batch is the next tenants to look at: those after the last batch or, after the last of
// all, the first ones.
func (f *Failover) batch(ctx context.Context) (all []store.Unhosted, err error) {
	over := func(_ flowhq.TenantID, until time.Time) bool { return time.Now().After(until) }
	maps.DeleteFunc(f.looked, over)
	for {
		page, err := f.Store.Unhosted(ctx, f.Timing.Lease(), f.StableFor, f.after, failoverBatch)
		if err != nil {
			return nil, err
		}
		for _, u := range page {
			f.after = u.Tenant
			if _, lately := f.looked[u.Tenant]; lately {
				continue
			}
			if all = append(all, u); len(all) == failoverBatch {
				return all, nil
			}
		}
		if len(page) < failoverBatch {
			f.after = ""
			return all, nil
		}
	}
}

// look asks Temporal which worker has the tenant's host, and tells it if that worker is
// dead, if this process never got the host, or if the host was told to end, has hung up and
// cannot say so.
func (f *Failover) look(
	ctx context.Context, u store.Unhosted, onDuty bool,
) (replaced bool, err error) {
	// More than one if the workflow has abandoned an older one.
	running, err := f.Attempts.Running(ctx, u.Tenant)
	if err != nil {
		return false, err
	}
	for _, a := range running {
		lost, err := f.lost(ctx, u.Tenant, a, onDuty)
		if err == nil && lost {
			err = f.end(ctx, u, a)
		}
		if err != nil {
			return replaced, err
		}
		replaced = replaced || lost
	}
	return replaced, nil
}

// lost reports whether an attempt of a tenant whose lease nobody holds is to be ended.
func (f *Failover) lost(
	ctx context.Context, tenant flowhq.TenantID, a *Attempt, onDuty bool,
) (bool, error) {
	switch {
	case f.proven[a.Worker]:
		return true, nil
	case a.Worker == f.Name:
		return !f.Slots.Has(tenant) && f.longAbsent(tenant, a), nil
	case !onDuty && !f.isAbsent(tenant):
		return false, nil
	}
	// Only what is read after the attempt is sure to know its worker: a worker joins the
	// fleet before it asks for work.
	lives, err := f.Store.WorkerLives(ctx, a.Worker)
	if err != nil {
		return false, err
	}
	return !lives || a.Cancelled && f.longAbsent(tenant, a), nil
}

// end ends an attempt whose worker has died. The loss is counted if the worker died with
// the session in hand, and once: not when it was given the next attempt, too.
func (f *Failover) end(ctx context.Context, u store.Unhosted, a *Attempt) error {
	var last Status
	if a.Last(&last) != nil {
		last = Status{State: flowhq.Connecting} // of a newer version; the count begins anew
	}
	if u.Worker == a.Worker && a.Worker != f.Name && last.Lost != u.Epoch {
		last = last.AfterLoss(u.Stable)
		last.Lost = u.Epoch
	}
	last.Stable = false
	f.Log.Info("a tenant's worker has died",
		"tenant", string(u.Tenant), "worker", a.Worker, "losses", last.Losses)
	return f.Attempts.Lose(ctx, u.Tenant, a, last)
}

// longAbsent notes that an attempt seems to be lost, and reports whether it has for long.
func (f *Failover) longAbsent(tenant flowhq.TenantID, a *Attempt) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	is := absence{a.RunID, a.ActivityID, a.Number, time.Now()}
	was := f.absent[tenant]
	if is.from = was.from; was != is {
		is.from = time.Now()
		f.absent[tenant] = is
	}
	return time.Since(is.from) >= absentFor
}

// isAbsent reports whether an attempt of the tenant has seemed to be lost. Who has noted that
// sees it through, whoever is on duty by then: only this process knows since when.
func (f *Failover) isAbsent(tenant flowhq.TenantID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, is := f.absent[tenant]
	return is
}

// anyAbsent reports whether some attempt seemed to be lost lately.
func (f *Failover) anyAbsent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := func(_ flowhq.TenantID, a absence) bool { return time.Since(a.from) > failoverFor }
	maps.DeleteFunc(f.absent, old)
	return len(f.absent) > 0
}
