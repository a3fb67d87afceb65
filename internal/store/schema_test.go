package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// Who only waits for the tables makes none, says what is missing, and goes on when
// somebody else has made them.
func TestAwaitSchema(t *testing.T) {
	t.Parallel()
	url := testdb.Empty(t)
	log := newRecorder()
	done := make(chan error, 1)
	go func() { done <- store.AwaitSchema(t.Context(), url, log.log()) }()
	select {
	case <-log.heard:
	case <-time.After(patience):
		t.Fatal("AwaitSchema says nothing")
	}
	if said := log.String(); !strings.Contains(said, "run flowhq migrate") ||
		!strings.Contains(said, "version=0") {
		t.Errorf("AwaitSchema does not say what to do: %s", said)
	}
	if got := tables(t, connect(t, url)); strings.Contains(got, "flowhq.") {
		t.Errorf("AwaitSchema has made tables: %s", got)
	}
	ok(t, store.Migrate(t.Context(), url, store.Migration{}, silent))
	ok(t, <-done)
	ok(t, store.AwaitSchema(t.Context(), url, silent))
}

func TestAwaitSchemaInVain(t *testing.T) {
	t.Parallel()
	url := testdb.Empty(t)
	ok(t, store.Migrate(t.Context(), url, store.Migration{Files: upTo(t, 0)}, silent))
	ctx, cancel := context.WithTimeout(t.Context(), 10*renewal) // to connect takes long on a busy machine
	defer cancel()
	err := store.AwaitSchema(ctx, url, silent)
	wantCode(t, "AwaitSchema that nobody helps", err, flowhq.Unavailable)
	if err == nil || !strings.Contains(err.Error(), "is at version 0") ||
		!strings.Contains(err.Error(), "run flowhq migrate") {
		t.Errorf("AwaitSchema = %v; want what to do", err)
	}

	newer := testdb.New(t)
	_, err = connect(t, newer).Exec(t.Context(), `update flowhq.schema_migrations set version = 9999`)
	ok(t, err)
	wantCode(t, "AwaitSchema of a newer database", store.AwaitSchema(t.Context(), newer, silent),
		flowhq.Conflict)
}
