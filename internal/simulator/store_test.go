package simulator

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mau.fi/whatsmeow/types"
)

func readAll(t *testing.T, db *database, bucket string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := db.each(bucket, func(key string, value []byte) error {
		out[key] = string(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDatabaseKeepsOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), databaseFile)
	db, err := openDatabase(path)
	if err != nil {
		t.Fatal(err)
	}
	db.put(bucketInbox, "a", []byte("1"))
	db.put(bucketInbox, "b", []byte("1"))
	db.remove(bucketInbox, "a")
	if err = db.wait(db.put(bucketInbox, "b", []byte("2"))); err != nil {
		t.Fatalf("wait() = %v", err)
	}
	// What was waited for is in the file before the database is closed.
	if diff := cmp.Diff(map[string]string{"b": "2"}, readAll(t, db, bucketInbox)); diff != "" {
		t.Errorf("records after waiting (-want +got):\n%s", diff)
	}
	db.put(bucketInbox, "c", nil)
	if err = db.close(); err != nil {
		t.Fatalf("close() = %v", err)
	}
	if err = db.wait(db.put(bucketInbox, "d", nil)); !errors.Is(err, errClosed) {
		t.Errorf("wait() after close() = %v; want %v", err, errClosed)
	}
	if db, err = openDatabase(path); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"b": "2", "c": ""}, readAll(t, db, bucketInbox)); diff != "" {
		t.Errorf("records after reopening (-want +got):\n%s", diff)
	}
	if err = db.close(); err != nil {
		t.Fatalf("close() = %v", err)
	}
}

func TestDatabaseWaitsTogether(t *testing.T) {
	db, err := openDatabase(filepath.Join(t.TempDir(), databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 16, 50
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				if err := db.wait(db.put(bucketInbox, fmt.Sprint(w, "/", i), nil)); err != nil {
					t.Errorf("wait() = %v", err)
				}
			}
		})
	}
	writing.Wait()
	if got := len(readAll(t, db, bucketInbox)); got != writers*each {
		t.Errorf("%d records; want %d", got, writers*each)
	}
	if err = db.flush(); err != nil {
		t.Errorf("flush() = %v", err)
	}
	if err = db.close(); err != nil {
		t.Fatalf("close() = %v", err)
	}
}

func TestDatabaseIsNotShared(t *testing.T) {
	r := start(t)
	err := Run(t.Context(), Options{Addr: "127.0.0.1:0", Control: "127.0.0.1:0", Dir: r.dir, Log: testLog()})
	if err == nil {
		t.Error("Run() on the directory of another = nil; want an error")
	}
}

// A decryption that fails leaves no trace; one that succeeds is saved as one
// change.
func TestDecryptionIsAtomic(t *testing.T) {
	var saved []map[string][]byte
	s := newSignalStore(map[string][]byte{}, func(changes map[string][]byte) { saved = append(saved, changes) })
	failure := errors.New("broken")
	for _, want := range []error{failure, nil} {
		err := s.DoDecryptionTxn(t.Context(), func(ctx context.Context) error {
			if err := s.PutSession(ctx, "a:1", []byte("session")); err != nil {
				return err
			}
			if got, _ := s.GetSession(ctx, "a:1"); string(got) != "session" {
				t.Errorf("GetSession() in the decryption = %q; want what it has put", got)
			}
			return errors.Join(s.PutBufferedEvent(ctx, [32]byte{1}, []byte("text"), time.Time{}), want)
		})
		if !errors.Is(err, want) {
			t.Errorf("DoDecryptionTxn() = %v; want %v", err, want)
		}
		if has, _ := s.HasSession(t.Context(), "a:1"); has != (want == nil) {
			t.Errorf("HasSession() after %v = %v", want, has)
		}
	}
	if len(saved) != 1 || len(saved[0]) != 2 {
		t.Errorf("saved %v; want one change of two records", saved)
	}
}

// The library may forget to give the guard back; it runs out.
func TestGuardLeaseRunsOut(t *testing.T) {
	s := newSignalStore(map[string][]byte{}, nil)
	if _, err := s.GetSession(t.Context(), "a:1"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- s.sending(t.Context(), func(ctx context.Context) error {
			_, err := s.GetManySessions(ctx, []string{"a:1"})
			return err // without writing back
		})
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("the guard is held for ever")
	}
	if err := s.DoDecryptionTxn(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

// Only so much is remembered, and what a restart brings back is in order.
func TestRememberedMessages(t *testing.T) {
	s := newSignalStore(map[string][]byte{}, nil)
	chat := types.NewJID("1", types.HiddenUserServer)
	for i := range maxRemembered + 10 {
		if err := s.AddOutgoingEvent(t.Context(), chat, numbered("ID", i), "wa", []byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	s = newSignalStore(s.records, nil)
	if err := s.AddOutgoingEvent(t.Context(), chat, "LAST", "wa", []byte("text")); err != nil {
		t.Fatal(err)
	}
	if len(s.records) != maxRemembered {
		t.Errorf("%d messages are remembered; want %d", len(s.records), maxRemembered)
	}
	for id, want := range map[string]error{numbered("ID", 10): errNotRemembered, numbered("ID", 11): nil, "LAST": nil} {
		if _, _, err := s.GetOutgoingEvent(t.Context(), chat, types.EmptyJID, id); !errors.Is(err, want) {
			t.Errorf("GetOutgoingEvent(%s) = %v; want %v", id, err, want)
		}
	}
}
