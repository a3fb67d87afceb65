package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

// command gives a tenant a command.
func (b *bench) command(t testing.TB, tenant flowhq.TenantID, c flowhq.Command,
	key string) flowhq.TenantCommand {
	t.Helper()
	given, _, err := b.Command(t.Context(), tenant, store.NewCommand{Command: c, Key: key, Actor: "admin"})
	if err != nil {
		t.Fatal(err)
	}
	return given
}

// waiting are the commands that a look finds, as "command key".
func (b *bench) waiting(t testing.TB, tenant flowhq.TenantID) (all []string) {
	t.Helper()
	for _, c := range must(b.TenantSnapshot(t.Context(), tenant, 0))(t).Commands {
		all = append(all, string(c.Command)+" "+c.Key)
	}
	return all
}

func TestCommand(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	for i, tt := range []struct {
		command flowhq.Command
		wanted  bool
	}{{flowhq.Start, true}, {flowhq.Stop, false}, {flowhq.Restart, true},
		{flowhq.ForceRestart, true}, {flowhq.Relink, true}, {flowhq.Delete, false}} {
		first := b.command(t, tenant, tt.command, fmt.Sprint(i))
		if again := b.command(t, tenant, tt.command, fmt.Sprint(i)); again != first {
			t.Errorf("again = %+v; want %+v", again, first)
		}
		if got := must(b.Tenant(t.Context(), tenant))(t); got.Wanted != tt.wanted {
			t.Errorf("wanted = %t after %s", got.Wanted, tt.command)
		}
		_, _, err := b.Command(t.Context(), tenant,
			store.NewCommand{Command: flowhq.Start, Key: fmt.Sprint(i), Reason: "another"})
		wantCode(t, "another request of the same key", err, flowhq.Conflict)
	}
	if diff := cmp.Diff([]string{"start 0", "stop 1", "restart 2", "force-restart 3", "relink 4",
		"delete 5"}, b.waiting(t, tenant)); diff != "" {
		t.Errorf("not applied (-want +got):\n%s", diff)
	}
	_, _, err := b.Command(t.Context(), tenant, store.NewCommand{Command: flowhq.Start, Key: "late"})
	wantCode(t, "start of a tenant that is being deleted", err, flowhq.Conflict)
	_, _, err = b.Command(t.Context(), nobody, store.NewCommand{Command: flowhq.Start, Key: "late"})
	wantCode(t, "start of nobody", err, flowhq.NotFound)
}

// TestCommandsAtOnce: each is there once, and the last one that was given says what is
// wanted.
func TestCommandsAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const senders, each = 8, 10
	var wg sync.WaitGroup
	for n := range senders {
		wg.Go(func() {
			for i := range each {
				c := []flowhq.Command{flowhq.Start, flowhq.Stop}[(n+i)%2]
				key := fmt.Sprintf("%d-%d", n/2, i) // two senders have the same
				_, _, err := b.Command(t.Context(), tenant,
					store.NewCommand{Command: c, Key: key, Actor: "admin"})
				if code := flowhq.ErrorCode(err); code != "" && code != flowhq.Conflict {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all, _, err := b.TenantCommands(t.Context(), tenant, 0, store.MaxLimit)
	ok(t, err)
	if len(all) != senders/2*each {
		t.Errorf("%d commands; want %d", len(all), senders/2*each)
	}
	if got := must(b.Tenant(t.Context(), tenant))(t); got.Wanted != (all[0].Command == flowhq.Start) {
		t.Errorf("wanted = %t; the last command is %s", got.Wanted, all[0].Command)
	}
}

// TestRelinkWhileAHostWrites: the two change the same rows, and neither is in the other's
// way for ever.
func TestRelinkWhileAHostWrites(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	const times = 60
	steps := []flowhq.Transition{connected, {State: flowhq.Disconnected, Ending: flowhq.EndLost}}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range times {
			if err := b.SetSession(t.Context(), tenant, epoch, steps[i%2], noCodes); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range times {
		b.command(t, tenant, []flowhq.Command{flowhq.Relink, flowhq.Stop}[i%2], fmt.Sprint(i))
	}
	wg.Wait()
}

func TestApplied(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, other := b.tenant(t), b.tenant(t)
	start, stop := b.command(t, tenant, flowhq.Start, "1"), b.command(t, tenant, flowhq.Stop, "2")
	ok(t, b.RecordState(t.Context(), other, flowhq.Stopped(flowhq.Counts{}), 0,
		[]store.CommandOutcome{{ID: start.ID, Outcome: "stolen"}}))
	ok(t, b.RecordState(t.Context(), tenant, flowhq.Stopped(flowhq.Counts{}), 0,
		[]store.CommandOutcome{{ID: stop.ID, Outcome: "done"}}))
	if diff := cmp.Diff([]string{"start 1"}, b.waiting(t, tenant)); diff != "" {
		t.Errorf("not applied (-want +got):\n%s", diff)
	}
	for _, outcome := range []string{"first", "second"} {
		ok(t, b.RecordOutcomes(t.Context(), tenant, []store.CommandOutcome{{ID: start.ID, Outcome: outcome}}))
		if got := must(b.TenantCommand(t.Context(), tenant, start.ID))(t); got.Outcome != "first" ||
			got.AppliedAt == nil {
			t.Errorf("command = %+v; want what was noted first", got)
		}
	}
	_, err := b.TenantCommand(t.Context(), other, start.ID)
	wantCode(t, "another tenant's command", err, flowhq.NotFound)
}

func TestLook(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	look := func() store.TenantSnapshot { return must(b.TenantSnapshot(t.Context(), tenant, 0))(t) }
	if got := look(); got.NeedsHost || got.Quiet || got.Epoch != epoch || got.Name != "barber" {
		t.Errorf("hosted: %+v", got)
	}
	b.command(t, tenant, flowhq.Start, "1")
	for _, tt := range []struct {
		is            flowhq.Transition
		wanted, quiet bool
	}{
		{connected, true, false},
		{flowhq.Transition{State: flowhq.Disconnected, Reason: "told to hang up"}, true, false},
		{flowhq.Stopped(flowhq.Counts{}), true, true},
		{flowhq.Transition{State: flowhq.LoggedOut, Ending: flowhq.EndLoggedOut}, false, true},
		{flowhq.Transition{State: flowhq.Disconnected, Ending: flowhq.EndQRExpired}, false, true},
		{flowhq.Transition{State: flowhq.Disconnected, Ending: flowhq.EndReplacedByStranger}, true, false},
		{flowhq.Transition{State: flowhq.Banned, Ending: flowhq.EndTempBanned, RetryAt: noon}, true, true},
	} {
		ok(t, b.RecordState(t.Context(), tenant, tt.is, 0, noOutcomes))
		got := look()
		if got.NeedsHost != tt.wanted || got.Quiet != tt.quiet ||
			(got.RetryAt != nil) != !tt.is.RetryAt.IsZero() {
			t.Errorf("after %+v: %+v; want wanted %t, quiet %t", tt.is, got, tt.wanted, tt.quiet)
		}
	}
	_, err := b.TenantSnapshot(t.Context(), nobody, 0)
	wantCode(t, "TenantSnapshot of nobody", err, flowhq.NotFound)
}

// TestAnotherDatabase: that a tenant is not there means nothing in a database that is not
// its installation's.
func TestAnotherDatabase(t *testing.T) {
	t.Parallel()
	for name, swap := range map[string]string{
		"another": `update flowhq.installation set id = gen_random_uuid()`,
		"none":    `delete from flowhq.installation`,
		"empty":   `drop schema flowhq cascade`,
	} {
		b := open(t)
		b.exec(t, swap)
		for call, err := range map[string]error{
			"Ping":           b.Ping(t.Context()),
			"RecordState":    b.RecordState(t.Context(), nobody, connected, 0, noOutcomes),
			"TenantSnapshot": failure(b.TenantSnapshot(t.Context(), nobody, 0)),
			"Claim":          failure(b.Claim(t.Context(), nobody, "host")),
			"Tenant":         failure(b.Tenant(t.Context(), nobody)),
			"Device":         failure(b.Device(t.Context(), nobody)),
			"RecordOutcomes": b.RecordOutcomes(t.Context(), nobody, []store.CommandOutcome{{ID: 1}}),
			"Deletion":       failure(b.Deletion(t.Context(), nobody)),
		} {
			wantCode(t, name+": "+call, err, flowhq.Unavailable)
		}
		_, _, err := b.Command(t.Context(), nobody, store.NewCommand{Command: flowhq.Start, Key: "k"})
		wantCode(t, name+": Command", err, flowhq.Unavailable)
		_, err = b.CreateTenant(t.Context(), barber(), "admin")
		wantCode(t, name+": CreateTenant", err, flowhq.Unavailable)
		_, err = b.BeginBulk(t.Context(), "k", nil, flowhq.Bulk{ID: string(nobody)}, nil)
		wantCode(t, name+": BeginBulk", err, flowhq.Unavailable)
	}
}

// TestLooksInTurn show all of very many commands.
func TestLooksInTurn(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	b.exec(t, `insert into flowhq.commands (tenant_id, key, command, actor, reason, request_hash)
		select '`+string(tenant)+`', n::text, 'stop', 'test', '', '' from generate_series(1, 450) n order by n`)
	var seen []flowhq.TenantCommand
	for looks, more := 0, true; more; looks++ {
		var after int64
		if len(seen) > 0 {
			after = seen[len(seen)-1].ID
		}
		v := must(b.TenantSnapshot(t.Context(), tenant, after))(t)
		if seen, more = append(seen, v.Commands...), v.More; looks > 3 {
			t.Fatal("there is no end")
		}
	}
	if len(seen) != 450 || !slices.IsSortedFunc(seen,
		func(a, b flowhq.TenantCommand) int { return int(a.ID - b.ID) }) {
		t.Errorf("%d commands; want 450, in order", len(seen))
	}
}

// TestMarksOfAnotherTime: an older backup gives ids out again, and what came of a command
// before it is no outcome of the one that has its id now.
func TestMarksOfAnotherTime(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	c := b.command(t, tenant, flowhq.Start, "new")
	ok(t, b.RecordOutcomes(t.Context(), tenant,
		[]store.CommandOutcome{{ID: c.ID, Key: "old", Outcome: "done"}}))
	if v := must(b.TenantSnapshot(t.Context(), tenant, 0))(t); len(v.Commands) != 1 {
		t.Errorf("%d commands wait; want the new one", len(v.Commands))
	}
	ok(t, b.RecordOutcomes(t.Context(), tenant,
		[]store.CommandOutcome{{ID: c.ID, Key: "new", Outcome: "done"}}))
	if v := must(b.TenantSnapshot(t.Context(), tenant, 0))(t); len(v.Commands) > 0 {
		t.Errorf("%d commands wait; want none", len(v.Commands))
	}
}

func failure[T any](_ T, err error) error { return err }

// TestEpochsOfAnOlderBackup: a host is newer than those that the backup has not heard of.
func TestEpochsOfAnOlderBackup(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	for _, tt := range []struct{ floor, want int64 }{{0, 1}, {27, 28}, {3, 29}, {1 << 62, 30}} {
		if got := must(b.ClaimAbove(t.Context(), tenant, "host", tt.floor))(t); got != tt.want {
			t.Errorf("ClaimAbove(%d) = %d; want %d", tt.floor, got, tt.want)
		}
	}
	ok(t, b.RecordState(t.Context(), tenant, connected, 40, noOutcomes))
	if got := must(b.Claim(t.Context(), tenant, "host"))(t); got != 42 {
		t.Errorf("Claim after a RecordState above 40 = %d; want 42", got)
	}
}

func TestOneReconciles(t *testing.T) {
	t.Parallel()
	b := open(t)
	for _, tt := range []struct {
		name string
		ttl  time.Duration
		want bool
	}{{"a", ttl, true}, {"b", ttl, false}, {"a", -time.Second, true}, {"b", ttl, true}, {"a", ttl, false}} {
		if got := must(b.TakeReconcilerLease(t.Context(), tt.name, tt.ttl))(t); got != tt.want {
			t.Errorf("TakeReconcilerLease(%s) = %t; want %t", tt.name, got, tt.want)
		}
	}
}
