package store_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"golang.org/x/sync/errgroup"
)

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	b := open(t)
	nowhere := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	nowhere.Close()
	tests := map[string]struct {
		url  string
		code flowhq.Code
		want string
	}{
		"not a URL": {"postgres://%zz:secret@", flowhq.Invalid, "DATABASE_URL must look like"},
		"no server": {"postgres://u:secret@" + nowhere.Addr().String() + "/x", flowhq.Unavailable,
			"does not answer"},
		"no database": {replaceDatabase(b.url, "no_such_database"), flowhq.Unavailable, "create it"},
		"no tables":   {replaceDatabase(b.url, "postgres"), flowhq.Unavailable, "flowhq migrate"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), tt.url, silent)
			if err == nil {
				s.Close()
				t.Fatal("Open succeeded")
			}
			wantCode(t, "Open", err, tt.code)
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("Open: %v; want %q and no password", err, tt.want)
			}
		})
	}
}

func TestLostDatabase(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	b.exec(t, `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`)
	// The pool may hold several dead connections; each costs one call at most.
	eventually(t, "the store to recover", func() bool {
		_, err := b.Receive(t.Context(), tenant, epoch, text("3EB0"))
		if err != nil {
			wantCode(t, "Receive on a lost connection", err, flowhq.Unavailable)
		}
		return err == nil
	})
}

// TestRestartedDatabase: a restart closes every connection of the pools, and the first calls after
// it meet none of those.
func TestRestartedDatabase(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _ := b.hosted(t)
	owner := flowhq.WithPrincipal(t.Context(),
		flowhq.Principal{Kind: flowhq.PrincipalUser, Tenant: tenant})
	// As many calls at a time as make both pools keep several connections.
	calls := func() error {
		var group errgroup.Group
		for range 8 {
			for _, ctx := range []context.Context{t.Context(), owner} {
				group.Go(func() error {
					_, err := b.Tenant(ctx, tenant)
					return err
				})
			}
		}
		return group.Wait()
	}
	if err := calls(); err != nil {
		t.Fatal(err)
	}
	const others = ` from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`
	b.exec(t, `select pg_terminate_backend(pid)`+others)
	ended := time.Now()
	eventually(t, "the connections to end", func() bool {
		const restart = 50 * time.Millisecond // the server is not back sooner
		var n int
		err := b.raw.QueryRow(t.Context(), `select count(*)`+others).Scan(&n)
		return err == nil && n == 0 && time.Since(ended) > restart
	})
	if err := calls(); err != nil {
		t.Errorf("the first calls after a restart: %v", err)
	}
}

func TestContexts(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Receive(gone, tenant, epoch, text("3EB0"))
	wantCode(t, "Receive in a context that has ended", err, flowhq.Unavailable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Receive = %v; want its cause kept", err)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	wantCode(t, "Erase after its deadline", b.Erase(late, tenant, "admin"), flowhq.Unavailable)
	b.Close()
	wantCode(t, "Ping after Close", b.Ping(t.Context()), flowhq.Unavailable)
}

// TestMessagesKeepSQLToThemselves: what an operator is shown names no table.
func TestMessagesKeepSQLToThemselves(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	for name, err := range map[string]error{
		"check":   b.SetSession(t.Context(), tenant, epoch, flowhq.Transition{State: "DREAMING"}, noCodes),
		"uuid":    b.AddEvent(t.Context(), flowhq.Event{Tenant: "x"}),
		"fenced":  b.Unlink(t.Context(), tenant, epoch-1),
		"nothing": func() error { _, err := b.Tenant(t.Context(), nobody); return err }(),
	} {
		e, isOurs := errors.AsType[*flowhq.Error](err)
		if !isOurs || strings.ContainsAny(e.Message, `_"$`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// replaceDatabase returns url with another database.
func replaceDatabase(url, database string) string {
	base, query, _ := strings.Cut(url, "?")
	return base[:strings.LastIndex(base, "/")+1] + database + "?" + query
}
