package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/sessionlock"
	flowstore "github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// noHandler is the handler of connections that are never connected.
type noHandler struct {
	Handler
	fenced error // what Fence returns
}

func (h *noHandler) Fence(context.Context, Tx) error { return h.fenced }

// storedConn returns a connection, not connected, of a device whose keys are in
// a database of the test's own.
func storedConn(t *testing.T) *Conn {
	t.Helper()
	db, err := flowstore.OpenWA(testdb.New(t, Upgrade))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	// No server is configured: the trust in one can be set only once per process.
	n, err := open(db, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	device := n.devices.NewDevice()
	jid := types.NewADJID("255700000001", 0, 7)
	device.ID, device.LID = &jid, types.NewJID("9001", types.HiddenUserServer)
	device.Account = &waAdv.ADVSignedDeviceIdentity{
		Details: []byte{1}, AccountSignature: make([]byte, 64), AccountSignatureKey: make([]byte, 32), DeviceSignature: make([]byte, 64),
	}
	if err := device.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := n.conn(t.Context(), builtIn, device, &noHandler{})
	t.Cleanup(c.cancel)
	return c
}

func TestSessionsSurviveTheWrapping(t *testing.T) {
	c := storedConn(t)
	ctx, sessions := t.Context(), c.client.Load().Store.Sessions
	if err := sessions.PutManySessions(ctx, map[string][]byte{"1_1:0": {1}, "2_1:0": {2}}); err != nil {
		t.Fatal(err)
	}
	got, err := sessions.GetManySessions(ctx, []string{"1_1:0", "2_1:0", `odd"\`})
	want := map[string][]byte{"1_1:0": {1}, "2_1:0": {2}, `odd"\`: nil}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("GetManySessions: %v (-want +got):\n%s", err, diff)
	}
	session, err := sessions.GetSession(ctx, "1_1:0")
	if err != nil || len(session) != 1 {
		t.Fatalf("GetSession = %v, %v", session, err)
	}
	if err := sessions.PutSession(ctx, "1_1:0", []byte{3}); err != nil {
		t.Error(err)
	}
	if err := sessions.PutSession(ctx, "1_1:0", []byte{4}); !errors.Is(err, sessionlock.ErrLeaseLost) {
		t.Errorf("PutSession without a read before it = %v; want %v", err, sessionlock.ErrLeaseLost)
	}
}

// A host that a newer one has replaced can neither change a session nor, because
// that takes one, send or decrypt.
func TestFencedHostKeepsOffTheKeys(t *testing.T) {
	c := storedConn(t)
	ctx, stores := t.Context(), c.client.Load().Store
	if err := stores.Sessions.PutManySessions(ctx, map[string][]byte{"1_1:0": {1}}); err != nil {
		t.Fatal(err)
	}
	c.handler.(*noHandler).fenced = flowhq.Errorf(flowhq.Fenced, "a newer host has taken over")

	b := &bracket{hold: c.guard.NewHold(), send: &sending{contact: "1_1", abort: func(error) {}}}
	send := withBracket(ctx, b)
	if _, err := stores.Sessions.GetManySessions(send, []string{"1_1:0"}); err != nil {
		t.Fatal(err)
	}
	if err := stores.Sessions.PutManySessions(send, map[string][]byte{"1_1:0": {2}}); flowhq.ErrorCode(err) != flowhq.Fenced {
		t.Errorf("the session of a send is written: %v; want code %s", err, flowhq.Fenced)
	}
	if got := sendError(fmt.Errorf("send: %w", c.handler.Fence(ctx, nil))); flowhq.ErrorCode(got) != flowhq.Fenced {
		t.Errorf("the send's error has code %s; want %s", flowhq.ErrorCode(got), flowhq.Fenced)
	}
	if err := stores.Sessions.DeleteSession(ctx, "1_1:0"); flowhq.ErrorCode(err) != flowhq.Fenced {
		t.Errorf("a session is deleted: %v; want code %s", err, flowhq.Fenced)
	}
	decrypted := false
	err := stores.EventBuffer.DoDecryptionTxn(ctx, func(context.Context) error { decrypted = true; return nil })
	if !errors.Is(err, context.Canceled) || decrypted {
		t.Errorf("decryption: %v, done %v; want an error on which nothing is acknowledged, and not done", err, decrypted)
	}
	session, err := c.network.devices.GetDevice(ctx, *stores.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := session.Sessions.GetSession(ctx, "1_1:0"); err != nil || len(got) != 1 || got[0] != 1 {
		t.Errorf("the session is now %v, %v; want it as it was", got, err)
	}
}

// An identity key is written once, and again only after it was deleted or the
// decryption that wrote it came to nothing.
func TestIdentitiesAreWrittenOnce(t *testing.T) {
	c := storedConn(t)
	ctx, stores, key := t.Context(), c.client.Load().Store, [32]byte{1}
	stored := func(address string) bool {
		t.Helper()
		var n int
		err := c.network.db.QueryRowContext(ctx, `select count(*) from whatsmeow_identity_keys where their_id = $1`, address).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n == 1
	}
	decryption := func(address string, outcome error) error {
		return stores.EventBuffer.DoDecryptionTxn(ctx, func(ctx context.Context) error {
			return errors.Join(stores.Identities.PutIdentity(ctx, address, key), outcome)
		})
	}
	if err := decryption("1_1:0", errors.New("old counter")); err == nil || stored("1_1:0") {
		t.Fatalf("a decryption that fails: %v, leaves its key: %v", err, stored("1_1:0"))
	}
	if err := decryption("1_1:0", nil); err != nil || !stored("1_1:0") {
		t.Fatalf("one that succeeds after it: %v, leaves its key: %v; want that", err, stored("1_1:0"))
	}
	if err := stores.Identities.PutIdentity(canceled(ctx), "1_1:0", key); err != nil {
		t.Errorf("a key that is stored is written again: %v", err)
	}
	if err := stores.Identities.PutIdentity(canceled(ctx), "1_1:0", [32]byte{2}); err == nil {
		t.Error("another key for the address is not written")
	}
	if err := stores.Identities.DeleteAllIdentities(ctx, "1_1"); err != nil {
		t.Fatal(err)
	}
	if err := stores.Identities.PutIdentity(ctx, "1_1:0", key); err != nil || !stored("1_1:0") {
		t.Errorf("after it was deleted: %v, stored: %v; want it written", err, stored("1_1:0"))
	}
}

// A message is decrypted while another is being encrypted for the same chat: the
// decryption must wait for the sessions to be written back.
func TestDecryptionWaitsForSend(t *testing.T) {
	c := storedConn(t)
	stores := c.client.Load().Store
	b := &bracket{hold: c.guard.NewHold(), send: &sending{contact: "1_1", abort: func(error) {}}}
	send := withBracket(t.Context(), b)
	if _, err := stores.Sessions.GetManySessions(send, []string{"1_1:0"}); err != nil {
		t.Fatal(err)
	}
	steps := make(chan string, 2)
	go func() {
		_ = stores.EventBuffer.DoDecryptionTxn(t.Context(), func(context.Context) error {
			steps <- "decrypted"
			return nil
		})
	}()
	select {
	case <-steps:
		t.Fatal("the decryption did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	if err := stores.Sessions.PutManySessions(send, map[string][]byte{"1_1:0": {1}}); err != nil {
		t.Fatal(err)
	}
	<-steps
}

func TestSendToNobodyIsAborted(t *testing.T) {
	c := storedConn(t)
	var aborted error
	b := &bracket{hold: c.guard.NewHold(), send: &sending{contact: "1_1", abort: func(err error) { aborted = err }}}
	send := withBracket(t.Context(), b)
	if _, err := c.client.Load().Store.Sessions.GetManySessions(send, []string{"1_1:0"}); err != nil {
		t.Fatal(err)
	}
	// The library found no key and goes on, without having written a session.
	if _, err := c.client.Load().Store.PrivacyTokens.GetPrivacyToken(send, types.NewJID("1", types.HiddenUserServer)); err == nil {
		t.Error("the library may go on")
	}
	if !errors.Is(aborted, errNotEncrypted) || b.hold.IsHeld() {
		t.Errorf("aborted with %v, holds the guard %v; want %v, false", aborted, b.hold.IsHeld(), errNotEncrypted)
	}
}

func TestDecryptionFailures(t *testing.T) {
	broken := errors.New("old counter")
	tests := []struct {
		name    string
		decrypt func(context.Context, *store.Device) error
		acked   bool // the library may acknowledge the message
	}{
		{"the message is broken", func(context.Context, *store.Device) error { return broken }, true},
		{"the message makes it panic", func(context.Context, *store.Device) error { panic("index out of range") }, true},
		{"the database fails", func(ctx context.Context, d *store.Device) error {
			_, err := d.Sessions.GetSession(canceled(ctx), "1_1:0")
			return errors.Join(broken, err)
		}, false},
		{"the database fails and nobody cares", func(ctx context.Context, d *store.Device) error {
			_ = d.PreKeys.RemovePreKey(canceled(ctx), 1)
			return nil
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := storedConn(t)
			err := c.client.Load().Store.EventBuffer.DoDecryptionTxn(t.Context(), func(ctx context.Context) error {
				return tt.decrypt(ctx, c.client.Load().Store)
			})
			if err == nil {
				t.Fatal("the decryption succeeds")
			}
			if acked := !errors.Is(err, context.Canceled); acked != tt.acked {
				t.Errorf("error %v lets the library acknowledge: %v; want %v", err, acked, tt.acked)
			}
			if c.isOver() == tt.acked {
				t.Errorf("the connection is over: %v; want %v", c.isOver(), !tt.acked)
			}
			if !isFree(t, c.guard, time.Second) {
				t.Error("the guard is still held")
			}
		})
	}
}

// panicking is a handler with an error of ours.
type panicking struct{ noHandler }

func (*panicking) Fence(context.Context, Tx) error { panic("index out of range") }

func TestPanicAroundADecryptionIsNotAcknowledged(t *testing.T) {
	c := storedConn(t)
	c.handler = &panicking{}
	err := c.client.Load().Store.EventBuffer.DoDecryptionTxn(t.Context(), func(ctx context.Context) error {
		return c.client.Load().Store.Sessions.PutSession(ctx, "1_1:0", []byte{1})
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("DoDecryptionTxn = %v; want a cancellation, on which nothing is acknowledged", err)
	}
	if !c.isOver() || !isFree(t, c.guard, time.Second) {
		t.Errorf("the connection is over: %v; want it over, and the guard free", c.isOver())
	}
}

func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func TestDatabaseAwayIsNotAcknowledged(t *testing.T) {
	c := storedConn(t)
	c.network.db.Close()
	if _, err := c.client.Load().Store.EventBuffer.GetBufferedEvent(t.Context(), [32]byte{}); !errors.Is(err, context.Canceled) {
		t.Errorf("GetBufferedEvent = %v; want a cancellation, on which nothing is acknowledged", err)
	}
	if c.end == nil || c.end.Reason != flowhq.EndNotRecorded {
		t.Errorf("the connection's end is %+v; want %s", c.end, flowhq.EndNotRecorded)
	}
}

func TestOverConnectionWritesNothing(t *testing.T) {
	c := storedConn(t)
	ctx, stores := t.Context(), c.client.Load().Store
	c.finish(&EndError{Reason: flowhq.EndFailed})
	if !c.guard.Close(time.Second) {
		t.Fatal("the guard is held")
	}
	for name, write := range map[string]func() error{
		"PutManySessions": func() error { return stores.Sessions.PutManySessions(ctx, map[string][]byte{"1_1:0": {1}}) },
		"DeleteSession":   func() error { return stores.Sessions.DeleteSession(ctx, "1_1:0") },
		"DoDecryptionTxn": func() error {
			return stores.EventBuffer.DoDecryptionTxn(ctx, func(context.Context) error { return nil })
		},
		"ClearBufferedEventPlaintext": func() error { return stores.EventBuffer.ClearBufferedEventPlaintext(ctx, [32]byte{}) },
		"Save":                        func() error { return stores.Save(ctx) },
	} {
		if err := write(); !errors.Is(err, errOver) {
			t.Errorf("%s = %v; want errOver", name, err)
		}
	}
}

func TestLibraryDoesNotDeleteLinkedKeys(t *testing.T) {
	c := storedConn(t)
	if err := c.client.Load().Store.Delete(t.Context()); !errors.Is(err, errKeysKept) {
		t.Errorf("Delete = %v; want errKeysKept", err)
	}
	if d, err := c.network.device(t.Context(), c.device.JID); err != nil || d.ID == nil {
		t.Errorf("the stored device is %v, %v; want it there", d, err)
	}
	if err := c.network.Forget(t.Context(), c.device.JID); err != nil {
		t.Fatal(err)
	}
	if d, err := c.network.device(t.Context(), c.device.JID); err != nil || d.ID != nil {
		t.Errorf("after Forget the stored device is %v, %v; want a new one", d, err)
	}
}

// isFree reports whether the guard can be taken within the given time.
func isFree(t *testing.T, guard *sessionlock.Lock, within time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if guard.Lock(ctx) != nil {
		return false
	}
	guard.Unlock()
	return true
}
