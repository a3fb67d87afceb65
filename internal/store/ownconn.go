package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Bounds on the pause between two attempts to replace a connection that was lost. The first is
// short because a database that closes one connection usually takes the next one at once; the
// last is well within the life of a lease.
const (
	minRedial = 20 * time.Millisecond
	maxRedial = 500 * time.Millisecond
)

// signLockTimeout bounds the wait of a sign of life for a lock: the next one follows
// soon, and others wait for the same connection.
const signLockTimeout = time.Second

// An ownConn is one connection beside the pool, for statements that must not wait for
// the messages of all tenants: the pool is empty when these are slow. It is opened at
// the first call, and replaced when it is lost.
type ownConn struct {
	hangUp func(*pgx.Conn) // closes a connection, also when the context of newOwnConn has ended
	config *pgx.ConnConfig
	redial bool // go on trying while the database cannot be reached
	// inUse holds one value while a call uses conn. It is a channel and no mutex, so that a
	// caller whose context ends stops waiting.
	inUse chan struct{}
	// conn and closed belong to whoever has put its value into inUse.
	conn   *pgx.Conn   // nil: not open
	closed bool        // for good
	opened atomic.Bool // conn was open once; read without inUse
}

// newOwnConn returns a connection like those of the pool, under a name of its own.
// lockTimeout is how long it waits for a lock, 0 for as long as the others.
func newOwnConn(
	ctx context.Context, pool *pgx.ConnConfig, name string, lockTimeout time.Duration,
) *ownConn {
	config := pool.Copy()
	config.RuntimeParams["application_name"] = name
	if lockTimeout > 0 {
		config.RuntimeParams["lock_timeout"] = milliseconds(lockTimeout)
	}
	hangUp := func(conn *pgx.Conn) { closeConn(ctx, conn) }
	return &ownConn{config: config, inUse: make(chan struct{}, 1), hangUp: hangUp}
}

// do calls fn with the connection, alone. If the connection is lost meanwhile it calls
// fn again with another one, until ctx ends: fn must be safe to repeat, since the first call may
// have been committed. Renewals, beats and reads are.
func (o *ownConn) do(ctx context.Context, fn func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	select {
	case o.inUse <- struct{}{}:
		defer func() { <-o.inUse }()
	case <-ctx.Done():
		return classify(ctx.Err())
	}
	for pause := minRedial; ; pause = min(2*pause, maxRedial) {
		err := o.try(ctx, fn)
		if err == nil || ctx.Err() != nil || !o.replaceable(err) {
			return classify(err)
		}
		select {
		case <-ctx.Done():
			return classify(err)
		case <-time.After(pause/2 + rand.N(pause)): // all processes lose the database at once
		}
	}
}

// open opens the connection, if it never was, so that the first call that is in a hurry
// finds it open. If it cannot, that call opens it.
func (o *ownConn) open(ctx context.Context) {
	if o.opened.Load() {
		return
	}
	o.opened.Store(o.do(ctx, func(context.Context, *pgx.Conn) error { return nil }) == nil)
}

// try calls fn once, with a new connection if there is none. pgx closes a connection whose
// statement was cut off by its context, so that the next call does not read a late answer.
func (o *ownConn) try(ctx context.Context, fn func(context.Context, *pgx.Conn) error) error {
	if o.closed {
		return net.ErrClosed
	}
	if o.conn == nil || o.conn.IsClosed() {
		conn, err := pgx.ConnectConfig(ctx, o.config)
		if err != nil {
			return err
		}
		// The pool does the same for each of its connections.
		inUTC(conn.TypeMap())
		o.conn = conn
	}
	return fn(ctx, o.conn)
}

// replaceable reports whether fn may be called again with another connection: the database
// could not be reached and redial is set, or the connection was lost. An error of the server on
// a connection that goes on is the caller's.
func (o *ownConn) replaceable(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return o.redial
	}
	return !o.closed && o.conn != nil && o.conn.IsClosed()
}

// close waits for the call under way and closes the connection. Later calls fail.
func (o *ownConn) close() {
	o.inUse <- struct{}{}
	defer func() { <-o.inUse }()
	o.closed = true
	if o.conn != nil {
		o.hangUp(o.conn)
	}
}

// own is one on a connection of its own: it runs a statement that yields exactly one row, and
// that may be repeated.
func own[T any](
	ctx context.Context, o *ownConn, sql string, args named, scan pgx.RowToFunc[T],
) (v T, err error) {
	err = o.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, _ := conn.Query(ctx, sql, args) // Collect reports its error
		v, err = pgx.CollectExactlyOneRow(rows, scan)
		return err
	})
	return v, err
}
