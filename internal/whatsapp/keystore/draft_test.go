package keystore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// eventHash is the hash of the message that decrypt and decryptFirst decrypt.
var eventHash = [32]byte{7}

// decrypt does what the library does to decrypt a message in a session that is there already,
// with the identity key {1}, which makes the session next.
func (u *user) decrypt(ctx context.Context, address string, next []byte) error {
	if has, err := u.device.Sessions.HasSession(ctx, address); err != nil || !has {
		return errors.Join(errors.New("no session"), err)
	}
	if _, err := u.device.Sessions.GetSession(ctx, address); err != nil {
		return err
	}
	trusted, err := u.device.Identities.IsTrustedIdentity(ctx, address, [32]byte{1})
	if err != nil || !trusted {
		return errors.Join(errors.New("untrusted"), err)
	}
	if err := u.device.Identities.PutIdentity(ctx, address, [32]byte{1}); err != nil {
		return err
	}
	if err := u.device.Sessions.PutSession(ctx, address, next); err != nil {
		return err
	}
	return u.device.EventBuffer.PutBufferedEvent(ctx, eventHash, []byte("hello"), time.Unix(1, 0))
}

// decryptFirst is decrypt for a message that begins a session with one of our one-time keys.
func (u *user) decryptFirst(ctx context.Context, address string, next []byte) error {
	if _, err := u.device.Sessions.GetSession(ctx, address); err != nil {
		return err
	}
	if _, err := u.device.PreKeys.GetPreKey(ctx, 1); err != nil {
		return err
	}
	if err := u.device.Identities.PutIdentity(ctx, address, [32]byte{1}); err != nil {
		return err
	}
	if err := u.device.Sessions.PutSession(ctx, address, next); err != nil {
		return err
	}
	if err := u.device.PreKeys.RemovePreKey(ctx, 1); err != nil {
		return err
	}
	return u.device.EventBuffer.PutBufferedEvent(ctx, eventHash, []byte("hello"), time.Unix(1, 0))
}

// A kept is what a decryption has left in the tables.
type kept struct {
	Session    []byte
	Identities int
	PreKeys    int
	Plaintext  string
}

func (u *user) kept(t *testing.T, address string) (k kept) {
	t.Helper()
	const q = `select
		(select session from whatsmeow_sessions where their_id = $1),
		(select count(*) from whatsmeow_identity_keys where their_id = $1),
		(select count(*) from whatsmeow_pre_keys),
		coalesce((select convert_from(plaintext, 'UTF8') from whatsmeow_event_buffer), '')`
	err := u.of.db.QueryRowContext(t.Context(), q, address).Scan(&k.Session, &k.Identities,
		&k.PreKeys, &k.Plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A decryption stores all that it changes or nothing, in a session that is there by one
// statement, and with a one-time key in a transaction.
func TestDecryptionStoresAllOrNothing(t *testing.T) {
	broken := errors.New("old counter")
	for _, first := range []bool{false, true} {
		for _, outcome := range []error{nil, broken} {
			u := newUser(t)
			ctx, want := t.Context(), kept{PreKeys: 1}
			if _, err := u.device.PreKeys.GetOrGenPreKeys(ctx, 1); err != nil {
				t.Fatal(err)
			}
			decrypt := u.decryptFirst
			if !first {
				decrypt = u.decrypt
				if err := u.device.Sessions.PutManySessions(ctx,
					map[string][]byte{"1_1:0": {1}}); err != nil {
					t.Fatal(err)
				}
				want.Session = []byte{1}
			}
			if outcome == nil {
				want = kept{Session: []byte{2}, Identities: 1, PreKeys: 1, Plaintext: "hello"}
				if first {
					want.PreKeys = 0
				}
			}
			calls, fences := 0, 0
			u.fence = func() error { fences++; return nil }
			err := u.device.EventBuffer.DoDecryptionTxn(ctx, func(ctx context.Context) error {
				calls++
				return errors.Join(decrypt(ctx, "1_1:0", []byte{2}), outcome)
			})
			if (err == nil) != (outcome == nil) || u.HasEnded() {
				t.Errorf("first %v, outcome %v: DoDecryptionTxn = %v", first, outcome, err)
			}
			if diff := cmp.Diff(want, u.kept(t, "1_1:0")); diff != "" {
				t.Errorf("first %v, outcome %v: kept (-want +got):\n%s", first, outcome, diff)
			}
			// A message that cannot be decrypted is tried again under the fence.
			if wantCalls := map[bool]int{false: 1, true: 2}[first || outcome != nil]; calls != wantCalls {
				t.Errorf("first %v, outcome %v: decrypted %d times; want %d", first, outcome, calls, wantCalls)
			}
			if got := u.keys.identities.has("1_1:0", [32]byte{1}); got != (outcome == nil) {
				t.Errorf("first %v, outcome %v: the identity key counts as stored: %v", first, outcome, got)
			}
		}
	}
}

// What a draft cannot hold begins the decryption anew in a transaction, where it is done.
func TestDraftsThatDoNotSuffice(t *testing.T) {
	for name, also := range map[string]func(context.Context, *user) error{
		"another session": func(ctx context.Context,
			u *user) error {
			return u.device.Sessions.PutSession(ctx, "2_1:0", []byte{9})
		},
		"another identity": func(ctx context.Context, u *user) error {
			return u.device.Identities.PutIdentity(ctx, "2_1:0", [32]byte{9})
		},
		"a deleted session": func(ctx context.Context,
			u *user) error {
			return u.device.Sessions.DeleteSession(ctx, "2_1:0")
		},
		"deleted sessions": func(ctx context.Context,
			u *user) error {
			return u.device.Sessions.DeleteAllSessions(ctx, "2_1")
		},
		"a deleted identity": func(ctx context.Context,
			u *user) error {
			return u.device.Identities.DeleteIdentity(ctx, "2_1:0")
		},
		"deleted identities": func(ctx context.Context,
			u *user) error {
			return u.device.Identities.DeleteAllIdentities(ctx, "2_1")
		},
		"a group's key": func(ctx context.Context, u *user) error {
			return u.device.SenderKeys.PutSenderKey(ctx, "3@g.us", "2_1:0", []byte{9})
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUser(t)
			ctx := t.Context()
			if err := u.device.Sessions.PutManySessions(ctx, map[string][]byte{"1_1:0": {1}}); err != nil {
				t.Fatal(err)
			}
			calls := 0
			err := u.device.EventBuffer.DoDecryptionTxn(ctx, func(ctx context.Context) error {
				calls++
				return errors.Join(u.decrypt(ctx, "1_1:0", []byte{2}), also(ctx, u))
			})
			if err != nil || calls != 2 || u.HasEnded() {
				t.Errorf("DoDecryptionTxn = %v after %d calls; want nil after 2", err, calls)
			}
			want := kept{Session: []byte{2}, Identities: 1, Plaintext: "hello"}
			if diff := cmp.Diff(want, u.kept(t, "1_1:0")); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
		})
	}
}
