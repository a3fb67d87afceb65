// Package store holds the SQL statements on Flow HQ's own tables. Package keystore has those on
// the library's tables.
//
// A method that is about one tenant takes the tenant first and touches the rows of that tenant
// alone. Those that are about all tenants at once, such as the fleet, bulks and retention, say so.
// Where somebody who belongs to a tenant asks, row-level security holds the statement to that
// tenant besides, see pools. Nearly every method is one statement and one round trip, so there is
// no transaction to leave open and no lock held while a client thinks.
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
)

// Timeout bounds a call whose context has no deadline of its own. It is above the server's
// lock_timeout of 4 s: a call that waits for a row fails with an error that says so.
const Timeout = 5 * time.Second

// A Store is the database as the rest of Flow HQ sees it. It is safe for
// concurrent use.
type Store struct {
	// Defaults are for tenants that chose no reply limits, retention or age of their
	// own. Set them before the first call.
	Defaults Defaults
	// Secrets seals what the database keeps of secrets. Without one they are kept as they are. Set
	// it before the first call.
	Secrets Sealer

	pool *pools // for all that has no connection of its own
	// leases is what RenewLeases uses. A pool that is busy with messages would hold up the
	// renewal, and the worker would lose every session that it has.
	leases *ownConn
	// signs is for signs of life: BeatWorker says that this process lives, and Ping asks
	// whether the database does.
	signs *ownConn
	log   *slog.Logger

	address      string // of the database, without user or password
	installation string // id of the one that this database belongs to
}

// Defaults are an installation's reply limits, retention, and age of what is answered. They
// are no rows: the columns of a tenant that chose none are null, so that another default holds
// for such a tenant from the next start of a process on.
type Defaults struct {
	RepliesPerMinute  int // of one tenant
	RepliesPerContact int // in one flowhq.ContactWindow
	RetentionDays     int // see Store.defaultDays for the least

	AnswerWithinMinutes int // an older message is not answered; 0: flowhq.DefaultAnswerWithin
}

// defaults are Defaults until somebody sets others.
var defaults = Defaults{
	RepliesPerMinute: 10, RepliesPerContact: 5, RetentionDays: 365,
	AnswerWithinMinutes: flowhq.DefaultAnswerWithin,
}

// Open connects to the migrated database at url, a PostgreSQL URL or DSN. The
// caller closes the Store. An Invalid error means that url cannot be parsed;
// Unavailable, that the database cannot be reached or has not been migrated.
//
// A tracer is told of each statement of the pool. Tests judge the plans of what handlers ask.
func Open(
	ctx context.Context, url string, log *slog.Logger, tracer ...pgx.QueryTracer,
) (*Store, error) {
	config, err := poolConfig(url)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	for _, t := range tracer {
		config.ConnConfig.Tracer = t
	}
	pool, err := openPools(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", classify(err))
	}
	s := &Store{
		Defaults: defaults,
		pool:     pool, log: log, address: address(config.ConnConfig),
		leases: newOwnConn(ctx, config.ConnConfig, "flowhq-leases", 0),
		signs:  newOwnConn(ctx, config.ConnConfig, "flowhq-signs", signLockTimeout),
	}
	// A renewal has the rest of a lease to find a database that restarts. Ping must not go on
	// trying: its callers want to know at once that the database is away.
	s.leases.redial = true
	// This is the first statement, so it also finds out whether the database is there and has
	// our tables.
	if s.installation, err = s.readInstallation(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open database %s: %w", address(config.ConnConfig), err)
	}
	if err := pool.bind(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open database %s: role %s: %w", s.address, RoleTenant, classify(err))
	}
	return s, nil
}

// GuardsTenants reports whether row-level security stands behind the API's own check: statements of
// a principal that belongs to a tenant run as RoleTenant. It does not where the database's user may
// not take that role, see RolesSQL.
func (s *Store) GuardsTenants() bool { return s.pool.bound != nil }

// Close waits for the calls under way and closes every connection.
func (s *Store) Close() {
	s.pool.close()
	s.leases.close()
	s.signs.close()
}

// named are the arguments of a statement by the names of its parameters. pgx refuses a
// statement that lacks one of them or has no use for one, so a misspelt name is an error and
// not a null.
type named = pgx.StrictNamedArgs

// none are the arguments of a statement that has no parameters.
var none = named{}

// one runs a statement that yields exactly one row. No row is NotFound with a message about a
// tenant: a caller who looked for something else asks noSuch, and a caller whose
// answer ends a workflow asks missing first.
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

// planned is many for a statement whose arguments select one row or a hundred thousand. It is
// planned anew for each call, which costs a fraction of a millisecond. The plan that PostgreSQL
// keeps for a prepared statement may be right for small tenants, and sort all that a large one
// has for a page.
func planned[T any](
	ctx context.Context, s *Store, sql string, args named, scan pgx.RowToFunc[T],
) ([]T, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	// This mode keeps the description of a statement and no plan of it.
	rows, _ := s.pool.Query(ctx, sql, pgx.QueryExecModeCacheDescribe, args)
	vs, err := pgx.CollectRows(rows, scan)
	return vs, classify(err)
}

// exec runs a statement for its effect. The tag says how many rows the statement itself has
// changed or returned, and nothing of the changes in its WITH.
func exec(ctx context.Context, s *Store, sql string, args named) (pgconn.CommandTag, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	tag, err := s.pool.Exec(ctx, sql, args)
	return tag, classify(err)
}

// send runs the batch in one round trip and, as no transaction is open, as one
// transaction: pgx ends the batch with a single Sync, at which PostgreSQL commits. Each
// statement has a snapshot of its own, so one that follows a lock sees what the last holder of
// the lock has committed. The batch's callbacks have been called when it returns.
func send(ctx context.Context, s *Store, batch *pgx.Batch) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	return classify(s.pool.SendBatch(ctx, batch).Close())
}

// bounded returns ctx with a deadline. A caller's own deadline stays, even if it is later.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, Timeout)
}
