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
