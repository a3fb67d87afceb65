package database

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readAll(t *testing.T, db *DB, bucket string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := db.Each(bucket, func(key string, value []byte) error {
		out[key] = string(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDatabaseKeepsOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	db.Put(Inbox, "a", []byte("1"))
	db.Put(Inbox, "b", []byte("1"))
	db.Remove(Inbox, "a")
	if err = db.Wait(db.Put(Inbox, "b", []byte("2"))); err != nil {
		t.Fatalf("Wait() = %v", err)
	}
	// What was waited for is in the file before the database is closed.
	if diff := cmp.Diff(map[string]string{"b": "2"}, readAll(t, db, Inbox)); diff != "" {
		t.Errorf("records after waiting (-want +got):\n%s", diff)
	}
	db.Put(Inbox, "c", nil)
	if err = db.Close(); err != nil {
		t.Fatalf("Close() = %v", err)
	}
	if err = db.Wait(db.Put(Inbox, "d", nil)); !errors.Is(err, ErrClosed) {
		t.Errorf("Wait() after close() = %v; want %v", err, ErrClosed)
	}
	if db, err = Open(path); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"b": "2", "c": ""}, readAll(t, db, Inbox)); diff != "" {
		t.Errorf("records after reopening (-want +got):\n%s", diff)
	}
	if err = db.Close(); err != nil {
		t.Fatalf("Close() = %v", err)
	}
}

func TestDatabaseWaitsTogether(t *testing.T) {
	db, err := Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 16, 50
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				if err := db.Wait(db.Put(Inbox, fmt.Sprint(w, "/", i), nil)); err != nil {
					t.Errorf("Wait() = %v", err)
				}
			}
		})
	}
	writing.Wait()
	if got := len(readAll(t, db, Inbox)); got != writers*each {
		t.Errorf("%d records; want %d", got, writers*each)
	}
	if err = db.Flush(); err != nil {
		t.Errorf("Flush() = %v", err)
	}
	if err = db.Close(); err != nil {
		t.Fatalf("Close() = %v", err)
	}
}
