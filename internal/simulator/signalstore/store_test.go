package signalstore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/sessionlock"
)

// A decryption that fails leaves no trace; one that succeeds is saved as one
// change.
func TestDecryptionIsAtomic(t *testing.T) {
	var saved []map[string][]byte
	s := New(map[string][]byte{}, func(changes map[string][]byte) { saved = append(saved, changes) })
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

// The library may forget to write a session back; the lock is free again all the same.
func TestLeaseRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(map[string][]byte{}, nil)
		if _, err := s.GetSession(t.Context(), "a:1"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := s.Send(t.Context(), func(ctx context.Context) error {
			_, err := s.GetManySessions(ctx, []string{"a:1"})
			return err // without writing back
		}); err != nil || time.Since(began) != sessionlock.LeaseTimeout {
			t.Errorf("Send() = %v after %v; want nil after %v", err, time.Since(began),
				sessionlock.LeaseTimeout)
		}
		if err := s.PutSession(t.Context(), "a:1", nil); !errors.Is(err, sessionlock.ErrLeaseLost) {
			t.Errorf("PutSession() after the lease = %v; want %v", err, sessionlock.ErrLeaseLost)
		}
		if err := s.DoDecryptionTxn(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

// Only so much is remembered, and what a restart brings back is in order.
func TestRememberedMessages(t *testing.T) {
	s := New(map[string][]byte{}, nil)
	chat := types.NewJID("1", types.HiddenUserServer)
	for i := range maxRemembered + 10 {
		if err := s.AddOutgoingEvent(t.Context(), chat, fmt.Sprint("ID", i), "wa",
			[]byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	s = New(s.Records(), nil)
	if err := s.AddOutgoingEvent(t.Context(), chat, "LAST", "wa", []byte("text")); err != nil {
		t.Fatal(err)
	}
	if len(s.Records()) != maxRemembered {
		t.Errorf("%d messages are remembered; want %d", len(s.Records()), maxRemembered)
	}
	for id, want := range map[string]error{"ID10": errNotRemembered, "ID11": nil, "LAST": nil} {
		if _, _, err := s.GetOutgoingEvent(t.Context(), chat, types.EmptyJID, id); !errors.Is(err, want) {
			t.Errorf("GetOutgoingEvent(%s) = %v; want %v", id, err, want)
		}
	}
}
