// Package store holds every SQL statement of Flow HQ, and is the only importer
// of pgx.
//
// Every method takes the tenant first and touches the rows of that tenant
// alone. Each is one round trip, but for Erase, and nearly always one statement,
// so there is no transaction to leave open and no lock held while a client thinks.
//
// # Fencing
//
// A tenant has had Epoch hosts so far, and only the latest may write. The
// methods of a host take its epoch after the tenant; they lock the tenant's row
// of hosts "for key share" under the condition that it still holds
// that epoch, and write nothing if it does not: the error has code
// [flowhq.Fenced]. Claim raises the epoch, which is a key of that table, so it
// waits for the writes already under way and every later one sees the new
// epoch. Renewals change no key and wait for neither.
//
// # Errors
//
// Every error carries a [flowhq.Code]: NotFound if there is no such tenant,
// Conflict if a unique key is in the way, Unavailable if the database is down,
// slow or restarting and the call may be repeated. After Unavailable a write may
// or may not have happened; the methods of a host are safe to repeat.
package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Timeout bounds a call whose context has no deadline of its own.
const Timeout = 5 * time.Second

// A Store is the database as the rest of Flow HQ sees it. It is safe for
// concurrent use.
type Store struct {
	// Defaults are for tenants that chose no reply limits, retention or age of their
	// own. Set them before the first call.
	Defaults Defaults

	pool   *pgxpool.Pool
	leases *ownConn // renews them
	signs  *ownConn // of life: of this process, and of the database
	log    *slog.Logger

	address      string // of the database, without user or password
	installation string // id of the one that this database belongs to
}

// Defaults are an installation's reply limits, retention, and age of what is answered.
type Defaults struct {
	RepliesPerMinute  int
	RepliesPerContact int
	RetentionDays     int

	AnswerWithinMinutes int
}

// defaults are Defaults until somebody sets others.
var defaults = Defaults{
	RepliesPerMinute: 10, RepliesPerContact: 5, RetentionDays: 365,
	AnswerWithinMinutes: flowhq.DefaultAnswerWithin,
}

// Open connects to the migrated database at url, a PostgreSQL URL or DSN. The
// caller closes the Store. An Invalid error means that url cannot be parsed;
// Unavailable, that the database cannot be reached or has not been migrated.
func Open(ctx context.Context, url string, log *slog.Logger) (*Store, error) {
	config, err := poolConfig(url)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", classify(err))
	}
	s := &Store{
		Defaults: defaults,
		pool:     pool, log: log, address: address(config.ConnConfig),
		leases: newOwnConn(ctx, config.ConnConfig, "flowhq-leases", 0),
		signs:  newOwnConn(ctx, config.ConnConfig, "flowhq-signs", signLockTimeout),
	}
	s.leases.redial = true
	if s.installation, err = s.readInstallation(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open database %s: %w", address(config.ConnConfig), err)
	}
	return s, nil
}

// Close waits for the calls under way and closes every connection.
func (s *Store) Close() {
	s.pool.Close()
	s.leases.close()
	s.signs.close()
}

// named are the arguments of a statement by the names of its parameters, all of them and no
// others.
type named = pgx.StrictNamedArgs

// none are the arguments of a statement that has no parameters.
var none = named{}

// one runs a statement that yields exactly one row; none is NotFound.
func one[T any](
	ctx context.Context, s *Store, sql string, args named, scan pgx.RowToFunc[T],
) (T, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	rows, _ := s.pool.Query(ctx, sql, args) // Collect reports its error
	v, err := pgx.CollectExactlyOneRow(rows, scan)
	return v, classify(err)
}

// many runs a statement that yields any number of rows, and never returns nil
// rows without an error.
func many[T any](
	ctx context.Context, s *Store, sql string, args named, scan pgx.RowToFunc[T],
) ([]T, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	rows, _ := s.pool.Query(ctx, sql, args) // Collect reports its error
	vs, err := pgx.CollectRows(rows, scan)
	return vs, classify(err)
}

// exec runs a statement for its effect.
func exec(ctx context.Context, s *Store, sql string, args named) (pgconn.CommandTag, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	tag, err := s.pool.Exec(ctx, sql, args)
	return tag, classify(err)
}

// send runs the batch in one round trip and, as no transaction is open, as one
// transaction. The batch's callbacks have been called when it returns.
func send(ctx context.Context, s *Store, batch *pgx.Batch) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	return classify(s.pool.SendBatch(ctx, batch).Close())
}

// bounded returns ctx with a deadline.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, Timeout)
}
