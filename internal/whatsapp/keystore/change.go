package keystore

import (
	"context"
	"errors"

	"github.com/flowhq/flowhq/internal/sessionlock"
)

// change performs a change to stored sessions. Every such change passes here. It is
// refused once the keys are closed, and if the host was replaced by a newer one. The
// latter is found out in the transaction of the change itself.
func (k *Keys) change(ctx context.Context, f func(context.Context) error) error {
	if k.lock.IsClosed() {
		return sessionlock.ErrClosed
	}
	if op := operationOf(ctx); op != nil && op.isFenced {
		return f(ctx)
	}
	db := k.of.keys
	return db.DoTxn(ctx, nil, func(ctx context.Context) error {
		if err := k.conn.Fence(ctx, db.Execable(ctx)); err != nil {
			return err
		}
		return f(ctx)
	})
}

// changeAtOnce performs changes in one statement, see [Connection.Change]. It is refused as
// change is. ctx must not be of a transaction.
func (k *Keys) changeAtOnce(ctx context.Context, changes string, args ...any) error {
	if k.lock.IsClosed() {
		return sessionlock.ErrClosed
	}
	return k.conn.Change(ctx, k.of.db, changes, args...)
}

// changeLocked performs a change with the lock held, and takes it for that unless the
// operation holds it already.
func (k *Keys) changeLocked(ctx context.Context, f func(context.Context) error) error {
	if op := operationOf(ctx); op == nil || !op.hold.IsHeld() {
		if err := k.lock.Lock(ctx); err != nil {
			return err
		}
		defer k.lock.Unlock()
	}
	return noted(ctx, k.change(ctx, f))
}

// fail ends the connection, and returns the error to give to the library: a cancellation,
// so that the library acknowledges nothing.
func (k *Keys) fail(err error) error {
	k.conn.Fail(err)
	return errors.Join(sessionlock.ErrClosed, err)
}
