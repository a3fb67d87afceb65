package keystore

import (
	"context"
	"errors"
	"time"
)

// A draft holds what a decryption changes until one statement writes it.
//
// Nearly every message belongs to a session that is there already: its decryption reads the
// session and writes session and plaintext. With a transaction around that it took eight round
// trips to the database, and now takes two. Whatever else a decryption does, such as using up
// a one-time key for a contact's first message, needs the transaction, and the draft says so.
//
// The session is read before the fence is there. No other host can have changed it since if
// the fence holds when it is written: older hosts were shut out when this one claimed the
// tenant, and the lock keeps out whoever else uses this connection.
type draft struct {
	address         string // of the session; "" = it was not read yet
	read            []byte // the session as it is stored; empty = there is none
	session         []byte // as it is to be stored; nil = it was not written yet
	identityAddress string // of the identity key that is to be stored; "" = none is
	identityKey     [32]byte
	event           *bufferedEvent
	// isInsufficient says that the decryption needs more than a draft.
	isInsufficient bool
}

// A bufferedEvent is the plaintext of a message, by the hash of its ciphertext.
type bufferedEvent struct {
	hash      [32]byte
	plaintext []byte
	sentAt    time.Time
}

// errInsufficient answers what a draft cannot hold. The decryption is then done once more, in
// a transaction, and its error is never seen.
var errInsufficient = errors.New("the decryption needs a transaction")

// draftOf returns the draft of the decryption that ctx belongs to, or nil.
func draftOf(ctx context.Context) *draft {
	if op := operationOf(ctx); op != nil {
		return op.draft
	}
	return nil
}

// insufficient notes that the decryption needs more than its draft.
func (d *draft) insufficient() error {
	d.isInsufficient = true
	return errInsufficient
}

// mustBeInTransaction returns an error if ctx belongs to a decryption that has only a draft.
func mustBeInTransaction(ctx context.Context) error {
	if d := draftOf(ctx); d != nil {
		return d.insufficient()
	}
	return nil
}

// keepRead keeps a session that was read for HasSession, which the library calls before
// GetSession if there should be one (libsignal, Cipher.DecryptAndGetKey).
func (d *draft) keepRead(address string, session []byte) (has bool, err error) {
	if d.address != "" {
		return false, d.insufficient()
	}
	d.address, d.read = address, session
	return len(session) > 0, nil
}

// getSession returns the session that keepRead has kept. Without that the message begins a
// session, which takes a one-time key.
func (d *draft) getSession(address string) ([]byte, error) {
	if d.address != address || d.session != nil {
		return nil, d.insufficient()
	}
	return d.read, nil
}

// putSession keeps the session as the decryption has changed it.
func (d *draft) putSession(address string, session []byte) error {
	if d.address != address {
		return d.insufficient()
	}
	d.session = session
	return nil
}

// putIdentity keeps the identity key that belongs to the session.
func (d *draft) putIdentity(address string, key [32]byte) error {
	if d.identityAddress != "" && d.identityAddress != address {
		return d.insufficient()
	}
	d.identityAddress, d.identityKey = address, key
	return nil
}

// isComplete reports whether everything is there that a decryption changes.
func (d *draft) isComplete() bool {
	return !d.isInsufficient && d.session != nil && d.event != nil
}

// The changes of a draft, for [Connection.Change].
const (
	draftChanges = `
		session as (
			insert into whatsmeow_sessions (our_jid, their_id, session)
			select $3::text, $4::text, $5::bytea from fence
			on conflict (our_jid, their_id) do update set session = excluded.session
		), event as (
			insert into whatsmeow_event_buffer (
				our_jid, ciphertext_hash, plaintext, server_timestamp, insert_timestamp)
			select $3::text, $6::bytea, $7::bytea, $8::bigint, $9::bigint from fence
		)`
	draftIdentity = `, identity as (
			insert into whatsmeow_identity_keys (our_jid, their_id, identity)
			select $3::text, $10::text, $11::bytea from fence
			on conflict (our_jid, their_id) do update set identity = excluded.identity
		)`
)

// changes returns what a complete draft changes of the device jid.
func (d *draft) changes(jid string) (changes string, args []any) {
	changes = draftChanges
	args = []any{
		jid, d.address, d.session,
		d.event.hash[:], d.event.plaintext, d.event.sentAt.Unix(), time.Now().UnixMilli(),
	}
	if d.identityAddress != "" {
		changes += draftIdentity
		args = append(args, d.identityAddress, d.identityKey[:])
	}
	return changes, args
}
