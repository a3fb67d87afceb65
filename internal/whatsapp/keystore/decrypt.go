package keystore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.mau.fi/whatsmeow/store"
	waKeys "go.mau.fi/whatsmeow/util/keys"

	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/sessionlock"
)

// This file is what a decryption reads and writes besides sessions and identities.

// DoDecryptionTxn decrypts one message, with the lock held, and stores the session and the
// plaintext, both or none: in one statement where a draft is enough, else in a transaction.
//
// An error of decrypt that comes from the message is returned as it is: the library asks
// the sender for another copy and acknowledges this one. An error that comes from the
// database, or a panic of ours, ends the connection, and the library acknowledges
// nothing.
func (s *stores) DoDecryptionTxn(
	ctx context.Context, decrypt func(context.Context) error,
) (err error) {
	defer func() {
		// The library recovers a panic too, and acknowledges (message.go, decryptMessages).
		if p := recover(); p != nil {
			s.conn.Log().Error("storing a decryption panicked",
				"panic", p, "stack", string(debug.Stack()))
			err = s.fail(fmt.Errorf("panic: %v", p))
		}
	}()
	hold := s.lock.NewHold()
	if err := hold.Take(ctx); err != nil {
		return err
	}
	defer hold.Release()
	op := &operation{hold: hold, draft: &draft{}}
	var outcome error // of decrypt in a transaction
	err = s.decryptAtOnce(ctx, op, decrypt)
	if errors.Is(err, errInsufficient) {
		op = &operation{hold: hold}
		outcome, err = s.decryptInTransaction(ctx, op, decrypt)
	}
	failpoint.Hit("keys.decrypted")
	switch {
	case err == nil:
		s.identities.keep(op.identities)
		return nil
	case op.failure == nil && outcome != nil:
		return err
	default:
		return s.fail(err)
	}
}

// decryptAtOnce decrypts a message and writes the draft. It returns errInsufficient, and has
// written nothing, if that takes a transaction. So does a message that cannot be decrypted:
// only under the fence is that known of the sessions as they are. Other errors are the
// database's.
func (s *stores) decryptAtOnce(
	ctx context.Context, op *operation, decrypt func(context.Context) error,
) error {
	outcome := s.recovered(withOperation(ctx, op), decrypt)
	if op.failure != nil { // the library may have dropped it
		return op.failure
	}
	if outcome != nil || !op.draft.isComplete() {
		return errInsufficient
	}
	changes, args := op.draft.changes(s.jid)
	if err := s.changeAtOnce(ctx, changes, args...); err != nil {
		return err
	}
	if address := op.draft.identityAddress; address != "" {
		op.identity(address, op.draft.identityKey)
	}
	return nil
}

// decryptInTransaction decrypts a message in a transaction. outcome is the error of decrypt, if
// that ran, and err is that or one of the database.
func (s *stores) decryptInTransaction(
	ctx context.Context, op *operation, decrypt func(context.Context) error,
) (outcome, err error) {
	err = s.change(ctx, func(ctx context.Context) error {
		op.isFenced = true
		ctx = withOperation(ctx, op)
		return s.AllSessionSpecificStores.DoDecryptionTxn(ctx, func(ctx context.Context) error {
			if outcome = s.recovered(ctx, decrypt); outcome != nil {
				return outcome
			}
			return op.failure // the library may have dropped it
		})
	})
	return outcome, err
}

// recovered calls decrypt and turns a panic into an error. The cryptography is fed with
// what a stranger sent. On a panic the library would acknowledge the message without
// reporting it; on an error it reports an undecryptable message, which is recorded.
func (s *stores) recovered(ctx context.Context, decrypt func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.conn.Log().Error("decryption panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("decryption panicked: %v", p)
		}
	}()
	return decrypt(ctx)
}

// GetBufferedEvent looks for the plaintext of a message that is delivered again. The
// library takes an error for one of the message (message.go, bufferedDecrypt), so a
// failure of the database ends the connection.
func (s *stores) GetBufferedEvent(
	ctx context.Context, hash [32]byte,
) (*store.BufferedEvent, error) {
	event, err := s.AllSessionSpecificStores.GetBufferedEvent(ctx, hash)
	if err != nil {
		return nil, s.fail(err)
	}
	return event, nil
}

// PutBufferedEvent keeps a plaintext until its message was handled.
func (s *stores) PutBufferedEvent(
	ctx context.Context, hash [32]byte, plaintext []byte, sentAt time.Time,
) error {
	if d := draftOf(ctx); d != nil {
		d.event = &bufferedEvent{hash: hash, plaintext: plaintext, sentAt: sentAt}
		return nil
	}
	return noted(ctx, s.AllSessionSpecificStores.PutBufferedEvent(ctx, hash, plaintext, sentAt))
}

// ClearBufferedEventPlaintext forgets the plaintext of a message that was handled. After
// the end of the connection it keeps the plaintext: the library discards the outcome of
// some handlers, and clears the plaintext though the handler has failed.
func (s *stores) ClearBufferedEventPlaintext(ctx context.Context, hash [32]byte) error {
	if s.conn.HasEnded() {
		return sessionlock.ErrClosed
	}
	return s.AllSessionSpecificStores.ClearBufferedEventPlaintext(ctx, hash)
}

// DeleteOldBufferedHashes does nothing. In the library it is one statement over the whole
// table, which every client runs after its first message and every 12 h: each connection
// would search and lock the rows of all tenants. [Store.PruneBuffer] does the work.
func (s *stores) DeleteOldBufferedHashes(context.Context) error { return nil }

// GetPreKey returns one of our one-time keys, which a contact's first message uses.
func (s *stores) GetPreKey(ctx context.Context, id uint32) (*waKeys.PreKey, error) {
	if err := mustBeInTransaction(ctx); err != nil {
		return nil, err
	}
	key, err := s.AllSessionSpecificStores.GetPreKey(ctx, id)
	return key, noted(ctx, err)
}

// RemovePreKey deletes a one-time key that was used.
func (s *stores) RemovePreKey(ctx context.Context, id uint32) error {
	if err := mustBeInTransaction(ctx); err != nil {
		return err
	}
	return noted(ctx, s.AllSessionSpecificStores.RemovePreKey(ctx, id))
}
