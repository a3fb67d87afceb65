package store

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// watchesPerWait is how often the watcher reads, during one lock wait, what a transaction waits
// for. The sum of the waits is known to an eighth of the bound.
const watchesPerWait = 8

// logEvery is how often the log says what is waited for. A backup takes hours.
const logEvery = 10 * time.Second

// lockWaits waits for locks that others hold, such as a pg_dump or a long report, and
// lets nobody wait behind it for long: a request for a lock queues everybody who comes
// later. So it waits for a moment, gives everything back, and tries again.
//
// The server's lock_timeout bounds the wait for each lock. The sum over the locks of
// one transaction, during which it holds the first of them, is bounded by a second
// connection, which also sees who is in the way. It is opened when it is first needed.
//
// A wait is longer than PostgreSQL's deadlock_timeout of 1 s, unless the renewal interval is
// under 4 s: only then does an autovacuum give way.
type lockWaits struct {
	config   *pgx.ConnConfig
	wait     time.Duration // for the locks of one transaction, in sum
	patience time.Duration // for all transactions, in sum
	left     time.Duration // of the patience
	log      *slog.Logger

	conn      *pgx.Conn // of the watcher, nil until it is needed
	seen      obstacle  // the last
	cancelled bool      // a transaction was cancelled, whose error may come late
	loggedAt  time.Time
}

// newLockWaits connects to nothing yet: most migrations meet no lock.
func newLockWaits(config *pgx.ConnConfig, o Migration, log *slog.Logger) *lockWaits {
	config = config.Copy()
	config.RuntimeParams["application_name"] = "flowhq-migrate-watch"
	config.RuntimeParams["search_path"] = "pg_catalog" // so that tables are named with their schema
	return &lockWaits{
		config: config, wait: o.lockWait(), left: o.Patience, patience: o.Patience, log: log,
		seen: unseen,
	}
}

// close closes the watcher's connection. No attempt may be under way.
func (l *lockWaits) close(ctx context.Context) {
	if l.conn != nil {
		closeConn(ctx, l.conn)
	}
}

// lock takes an advisory lock for conn. Nobody but others who migrate waits behind it.
func (l *lockWaits) lock(ctx context.Context, conn *pgx.Conn, key int64) error {
	return l.retry(ctx, conn.PgConn().PID, 0, func() error {
		_, err := conn.Exec(ctx, `select pg_advisory_lock($1)`, key)
		return err
	})
}

// patiently calls attempt, which uses the connection of server process pid (0 if there is
// none yet), until it meets no lock that others hold, ctx ends or the patience does. What an
// attempt did before it failed must be undone. One attempt at a time.
func (l *lockWaits) patiently(ctx context.Context, pid func() uint32, attempt func() error) error {
	return l.retry(ctx, pid, l.wait, attempt)
}

// retry pauses, between attempts, for once or twice the time it is given, in which
// those get their turn who came later.
func (l *lockWaits) retry(
	ctx context.Context, pid func() uint32, pause time.Duration, attempt func() error,
) error {
	for {
		began := time.Now()
		watch := l.watch(ctx, pid)
		err := attempt()
		watch()
		if err == nil || ctx.Err() != nil || !l.isLockWait(err) {
			return err
		}
		// By chance, so that two who wait for each other's locks do not meet again and again.
		pause := pause + rand.N(pause+time.Millisecond)
		l.left -= time.Since(began) + pause
		if l.left <= 0 {
			message := fmt.Sprintf("gave up after %v: %s, which %s did not give back; nothing is "+
				"half done, start again when it has ended", l.patience, l.seen.what, l.seen.holders)
			return &flowhq.Error{Code: flowhq.Unavailable, Err: err, Message: message}
		}
		waited := l.patience - l.left
		// A wait in which nothing was seen is told only once it is long: most end by themselves.
		if time.Since(l.loggedAt) >= logEvery && (l.seen != unseen || waited >= logEvery) {
			l.loggedAt = time.Now()
			l.log.Info("the migration waits and tries again; sessions go on meanwhile",
				"for", l.seen.what, "held_by", l.seen.holders,
				"gives_up_in", l.left.Round(time.Second))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// isLockWait reports whether err means that others held a lock. A cancelled statement counts only
// if the watcher has cancelled one: statement_timeout has the same code, and is the file's fault.
func (l *lockWaits) isLockWait(err error) bool {
	code := serverCode(err)
	return code == lockNotAvailable || code == deadlockDetected ||
		code == queryCanceled && l.cancelled
}

// SQLSTATEs, by the names of PostgreSQL's manual. A statement is cancelled by somebody
// else, or by statement_timeout.
const (
	lockNotAvailable = "55P03"
	deadlockDetected = "40P01"
	queryCanceled    = "57014"
)

// An obstacle is what a transaction waits for and who holds it.
type obstacle struct{ what, holders string }

// unseen is what stands in the way before anything was seen, as on a busy machine.
var unseen = obstacle{"a lock", "somebody"}

// watch looks at what the server process pid waits for until the function that it
// returns is called.
func (l *lockWaits) watch(ctx context.Context, pid func() uint32) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	// The attempt itself waits for the server. What the goroutine writes belongs to it until stop
	// has returned.
	go func() {
		defer close(done)
		every := l.wait / watchesPerWait
		tick := time.NewTicker(every)
		defer tick.Stop()
		var waited time.Duration
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			now, waits := l.readObstacle(ctx, pid())
			if !waits {
				continue
			}
			if now.holders != "" { // it waited until just before we asked for whom
				l.seen = now
			}
			// Only the waits count: a file that works for long is not cut off.
			if waited += every; waited >= l.wait {
				l.cancel(ctx, pid())
			}
		}
	}()
	return func() {
		close(ended)
		<-done
	}
}

// readObstacle returns what the server process pid waits for. If that cannot be seen it is as
// if it waited for nothing: lock_timeout holds all the same.
func (l *lockWaits) readObstacle(ctx context.Context, pid uint32) (seen obstacle, waits bool) {
	const q = `
		select case locktype
			when 'relation' then 'table ' || relation::regclass
			when 'advisory' then 'another process that migrates'
			else 'a lock of kind ' || locktype end,
			coalesce((
				select string_agg(format('pid %s (%s)', a.pid, concat_ws(', ',
					nullif(application_name, ''), upper(substring(query from '^\s*(\w+)')),
					case when starts_with(state, 'idle') then state end,
					'for ' || date_trunc('second', now() - xact_start))), ' and ')
				from pg_stat_activity a where a.pid = any(pg_blocking_pids($1))), '')
		from pg_locks where pid = $1 and not granted
		limit 1`
	// Bounded, so that stop does not wait for a server that is gone.
	ctx, cancel := context.WithTimeout(ctx, hangUpTimeout)
	defer cancel()
	conn := l.watcher(ctx)
	if conn == nil {
		return obstacle{}, false
	}
	rows, _ := conn.Query(ctx, q, int32(pid)) // Collect reports its error
	scan := func(row pgx.CollectableRow) (s obstacle, err error) {
		return s, row.Scan(&s.what, &s.holders)
	}
	seen, err := pgx.CollectExactlyOneRow(rows, scan)
	return seen, err == nil
}

// cancel ends the statement that the server process pid waits in. It may come when the statement
// has just got its lock, and so end another one: that is why isLockWait looks at the code, and
// the whole transaction is tried again.
func (l *lockWaits) cancel(ctx context.Context, pid uint32) {
	ctx, cancel := context.WithTimeout(ctx, hangUpTimeout)
	defer cancel()
	if conn := l.watcher(ctx); conn != nil {
		l.cancelled = true
		// If this fails, lock_timeout ends the wait a little later.
		_, _ = conn.Exec(ctx, `select pg_cancel_backend($1)`, int32(pid))
	}
}

// watcher returns the connection to look through, or nil if the database takes no further one.
// The migration goes on without it: lock_timeout still bounds the wait for each single lock.
func (l *lockWaits) watcher(ctx context.Context) *pgx.Conn {
	if l.conn != nil && !l.conn.IsClosed() {
		return l.conn
	}
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		l.log.Debug("cannot look for what the migration waits for", "err", err)
		return nil
	}
	l.conn = conn
	return conn
}
