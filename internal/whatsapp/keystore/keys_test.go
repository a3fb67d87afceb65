package keystore

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/sessionlock"
	flowstore "github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// A connection is a connection that exists only to use keys.
type connection struct {
	fence    func() error // what Fence does; nil = nothing
	pairErr  error        // what Pair returns
	isLinked bool
	failure  error // what Fail was told; the connection has ended then
}

func (c *connection) Fence(context.Context, Tx) error {
	if c.fence == nil {
		return nil
	}
	return c.fence()
}

func (c *connection) Change(ctx context.Context, db Tx, changes string, args ...any) error {
	if c.fence != nil {
		if err := c.fence(); err != nil {
			return err
		}
	}
	// There is no host in this database.
	q := `with fence as (select where $1::text is null and $2::text is null), ` + changes + ` select true`
	return db.QueryRowContext(ctx, q, append([]any{nil, nil}, args...)...).Scan(new(bool))
}

func (c *connection) Pair(context.Context, *store.Device) error { return c.pairErr }
func (c *connection) Do(f func() error) error {
	if c.HasEnded() {
		return sessionlock.ErrClosed
	}
	return f()
}
func (c *connection) IsLinked() bool  { return c.isLinked }
func (c *connection) HasEnded() bool  { return c.failure != nil }
func (c *connection) Fail(err error)  { c.failure = err }
func (*connection) Log() *slog.Logger { return slog.New(slog.DiscardHandler) }

// A user is a linked device, whose keys are in a database of the test's own, and the
// connection that uses them.
type user struct {
	*connection
	of     *Store
	keys   *Keys
	device *store.Device
}

func newUser(t *testing.T) *user {
	t.Helper()
	db, err := flowstore.OpenWA(testdb.New(t, Upgrade))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := New(db, waLog.Noop)
	if err != nil {
		t.Fatal(err)
	}
	device := s.devices.NewDevice()
	jid := types.NewADJID("255700000001", 0, 7)
	device.ID, device.LID = &jid, types.NewJID("9001", types.HiddenUserServer)
	device.Account = &waAdv.ADVSignedDeviceIdentity{
		Details: []byte{1}, AccountSignature: make([]byte, 64),
		AccountSignatureKey: make([]byte, 32), DeviceSignature: make([]byte, 64),
	}
	if err := device.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &connection{isLinked: true}
	return &user{connection: c, of: s, keys: s.Use(device, c), device: device}
}

// sending returns the context of a send to the contact 1_1, and what it was aborted with.
func (u *user) sending(t *testing.T) (_ context.Context, aborted *error) {
	t.Helper()
	aborted = new(error)
	ctx, done := u.keys.Send(t.Context(), types.NewJID("1", types.HiddenUserServer),
		func(err error) { *aborted = err })
	t.Cleanup(done)
	return ctx, aborted
}

func TestSessionsSurviveTheWrapping(t *testing.T) {
	u := newUser(t)
	ctx, sessions := t.Context(), u.device.Sessions
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
	u := newUser(t)
	ctx, stores := t.Context(), u.device
	if err := stores.Sessions.PutManySessions(ctx, map[string][]byte{"1_1:0": {1}}); err != nil {
		t.Fatal(err)
	}
	u.fence = func() error { return flowhq.Errorf(flowhq.Fenced, "a newer host has taken over") }

	send, _ := u.sending(t)
	if _, err := stores.Sessions.GetManySessions(send, []string{"1_1:0"}); err != nil {
		t.Fatal(err)
	}
	if err := stores.Sessions.PutManySessions(send,
		map[string][]byte{"1_1:0": {2}}); flowhq.ErrorCode(err) != flowhq.Fenced {
		t.Errorf("the session of a send is written: %v; want code %s", err, flowhq.Fenced)
	}
	if err := stores.Sessions.DeleteSession(ctx, "1_1:0"); flowhq.ErrorCode(err) != flowhq.Fenced {
		t.Errorf("a session is deleted: %v; want code %s", err, flowhq.Fenced)
	}
	for name, decrypt := range map[string]func(context.Context, string, []byte) error{
		"in a session": u.decrypt, "of a first message": u.decryptFirst,
	} {
		err := stores.EventBuffer.DoDecryptionTxn(ctx, func(ctx context.Context) error {
			return decrypt(ctx, "1_1:0", []byte{2})
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("decryption %s: %v; want an error on which nothing is acknowledged", name, err)
		}
	}
	if event, err := stores.EventBuffer.GetBufferedEvent(ctx, eventHash); event != nil || err != nil {
		t.Errorf("the plaintext of a decryption is kept: %v, %v", event, err)
	}
	session, err := u.of.devices.GetDevice(ctx, *stores.ID)
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
	u := newUser(t)
	ctx, stores, key := t.Context(), u.device, [32]byte{1}
	stored := func(address string) bool {
		t.Helper()
		var n int
		err := u.of.db.QueryRowContext(ctx,
			`select count(*) from whatsmeow_identity_keys where their_id = $1`, address).Scan(&n)
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
	u := newUser(t)
	stores := u.device
	send, _ := u.sending(t)
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
	u := newUser(t)
	send, aborted := u.sending(t)
	if _, err := u.device.Sessions.GetManySessions(send, []string{"1_1:0"}); err != nil {
		t.Fatal(err)
	}
	// The library found no key and goes on, without having written a session.
	if _, err := u.device.PrivacyTokens.GetPrivacyToken(send,
		types.NewJID("1", types.HiddenUserServer)); err == nil {
		t.Error("the library may go on")
	}
	if !errors.Is(*aborted, ErrNotEncrypted) || !isFree(t, u.keys.lock, time.Second) {
		t.Errorf("aborted with %v; want %v, and the lock free", *aborted, ErrNotEncrypted)
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
		{"the message makes it panic", func(context.Context,
			*store.Device) error {
			panic("index out of range")
		}, true},
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
			u := newUser(t)
			err := u.device.EventBuffer.DoDecryptionTxn(t.Context(), func(ctx context.Context) error {
				return tt.decrypt(ctx, u.device)
			})
			if err == nil {
				t.Fatal("the decryption succeeds")
			}
			if acked := !errors.Is(err, context.Canceled); acked != tt.acked {
				t.Errorf("error %v lets the library acknowledge: %v; want %v", err, acked, tt.acked)
			}
			if u.HasEnded() == tt.acked {
				t.Errorf("the connection is over: %v; want %v", u.HasEnded(), !tt.acked)
			}
			if !isFree(t, u.keys.lock, time.Second) {
				t.Error("the lock is still held")
			}
		})
	}
}

func TestPanicAroundADecryptionIsNotAcknowledged(t *testing.T) {
	u := newUser(t)
	u.fence = func() error { panic("index out of range") }
	err := u.device.EventBuffer.DoDecryptionTxn(t.Context(), func(ctx context.Context) error {
		return u.device.Sessions.PutSession(ctx, "1_1:0", []byte{1})
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("DoDecryptionTxn = %v; want a cancellation, on which nothing is acknowledged", err)
	}
	if !u.HasEnded() || !isFree(t, u.keys.lock, time.Second) {
		t.Errorf("the connection is over: %v; want it over, and the lock free", u.HasEnded())
	}
}

func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func TestDatabaseAwayIsNotAcknowledged(t *testing.T) {
	u := newUser(t)
	u.of.db.Close()
	if _, err := u.device.EventBuffer.GetBufferedEvent(t.Context(), [32]byte{}); !errors.Is(err,
		context.Canceled) {
		t.Errorf("GetBufferedEvent = %v; want a cancellation, on which nothing is acknowledged", err)
	}
	if u.failure == nil {
		t.Error("the connection goes on")
	}
}

func TestOverConnectionWritesNothing(t *testing.T) {
	u := newUser(t)
	ctx, stores := t.Context(), u.device
	u.Fail(errors.New("the connection was lost"))
	if !u.keys.Close(time.Second) {
		t.Fatal("the lock is held")
	}
	for name, write := range map[string]func() error{
		"PutManySessions": func() error {
			return stores.Sessions.PutManySessions(ctx,
				map[string][]byte{"1_1:0": {1}})
		},
		"DeleteSession": func() error { return stores.Sessions.DeleteSession(ctx, "1_1:0") },
		"DoDecryptionTxn": func() error {
			return stores.EventBuffer.DoDecryptionTxn(ctx, func(context.Context) error { return nil })
		},
		"ClearBufferedEventPlaintext": func() error { return stores.EventBuffer.ClearBufferedEventPlaintext(ctx, [32]byte{}) },
		"Save":                        func() error { return stores.Save(ctx) },
	} {
		if err := write(); !errors.Is(err, sessionlock.ErrClosed) {
			t.Errorf("%s = %v; want %v", name, err, sessionlock.ErrClosed)
		}
	}
}

func TestLibraryDoesNotDeleteLinkedKeys(t *testing.T) {
	u := newUser(t)
	if err := u.device.Delete(t.Context()); !errors.Is(err, ErrKept) {
		t.Errorf("Delete = %v; want ErrKept", err)
	}
	if d, err := u.of.Device(t.Context(), u.device.ID.String()); err != nil || d.ID == nil {
		t.Errorf("the stored device is %v, %v; want it there", d, err)
	}
	if err := u.of.Forget(t.Context(), u.device.ID.String()); err != nil {
		t.Fatal(err)
	}
	if d, err := u.of.Device(t.Context(), u.device.ID.String()); err != nil || d.ID != nil {
		t.Errorf("after Forget the stored device is %v, %v; want a new one", d, err)
	}
}

// isFree reports whether the lock can be taken within the given time.
func isFree(t *testing.T, l *sessionlock.Lock, within time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if l.Lock(ctx) != nil {
		return false
	}
	l.Unlock()
	return true
}
