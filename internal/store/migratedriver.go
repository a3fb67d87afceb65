package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/flowhq/flowhq/internal/failpoint"
)

// A driver is how golang-migrate reaches our schema: over one connection, which holds
// the lock of migrations and does all the work, so that neither outlives the other.
//
// For each file golang-migrate calls SetVersion(v, true), Run, SetVersion(v, false),
// and takes a version that is left dirty for a file that needs a person. Here the first
// call only notes v, and Run commits the file together with its version, which the
// last call finds done. So a version is never dirty, whoever is killed when.
type driver struct {
	ctx   context.Context // golang-migrate passes none
	conn  *pgx.Conn
	waits *lockWaits

	locks int // how often Lock was called, but for what Unlock took back

	target  int  // the version that the next Run leads to
	begun   bool // target is set
	written bool // target is committed
}

var _ database.Driver = (*driver)(nil)

// newDriver connects to the database. The lock is not taken yet.
func newDriver(ctx context.Context, config *pgx.ConnConfig, waits *lockWaits) (*driver, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, classify(fmt.Errorf("connect to %s: %w", address(config), err))
	}
	return &driver{ctx: ctx, conn: conn, waits: waits}, nil
}

// prepare makes the schemas and the table of versions if they are not there. It asks
// first, since only the owner of the database may create a schema, even if it exists.
func (d *driver) prepare() error {
	const there = `
		select to_regclass('` + ourSchema + `.schema_migrations') is not null
			and exists (select from pg_namespace where nspname = '` + waSchema + `')`
	const create = `
		create schema if not exists ` + ourSchema + `;
		create schema if not exists ` + waSchema + `;
		create table if not exists ` + ourSchema + `.schema_migrations (
			version bigint  not null primary key,
			dirty   boolean not null -- never true: golang-migrate's own program wants the column
		)`
	var ready bool
	if err := d.conn.QueryRow(d.ctx, there).Scan(&ready); err != nil || ready {
		return err
	}
	return d.exec(create)
}

// Open is not used: a driver is made by newDriver.
func (d *driver) Open(string) (database.Driver, error) {
	return nil, errors.New("this driver is not opened by URL")
}

// Close hangs up, which gives back the lock.
func (d *driver) Close() error {
	closeConn(d.ctx, d.conn)
	return nil
}

// Lock waits for the lock of migrations, which one process holds. It may be called again by who
// holds it: Migrate does so, and golang-migrate once more for each of its calls.
func (d *driver) Lock() error {
	if err := d.waits.lock(d.ctx, d.conn, migrationLock); err != nil {
		return err
	}
	d.locks++
	return nil
}

// Unlock gives the lock back, if it was called as often as Lock.
func (d *driver) Unlock() error {
	if d.locks == 0 {
		return database.ErrNotLocked
	}
	if d.conn.IsClosed() { // why, the call that closed it has said
		d.locks = 0
		return nil
	}
	if _, err := d.conn.Exec(d.ctx, `select pg_advisory_unlock($1)`, migrationLock); err != nil {
		return err
	}
	d.locks--
	return nil
}

// Run applies a file and writes its version, in one transaction.
func (d *driver) Run(migration io.Reader) error {
	// golang-migrate sets a version before each file. Without one the file could not be committed
	// together with it.
	if !d.begun {
		return errors.New("no version was set for this migration")
	}
	file, err := io.ReadAll(migration)
	if err != nil {
		return err
	}
	err = d.transact(func() error {
		if err := d.exec(string(file)); err != nil {
			return err
		}
		// A file that commits by itself would leave its changes without their version.
		if d.conn.PgConn().TxStatus() != 'T' {
			return errors.New("the file ends the transaction that it runs in")
		}
		failpoint.Hit("migrate.applied")
		// With the file, so that no table is ever there without its policy and grants.
		if err := d.exec(secureSQL); err != nil {
			return err
		}
		return d.write(d.target)
	})
	if err != nil {
		return fmt.Errorf("version %d: %w", d.target, err)
	}
	d.written = true
	return nil
}

// SetVersion writes a version, unless Run does or has done so.
func (d *driver) SetVersion(version int, dirty bool) error {
	if dirty {
		d.target, d.begun, d.written = version, true, false
		return nil
	}
	// This is the last call for a file, whose version Run has committed with it.
	done := d.written && d.target == version
	d.begun, d.written = false, false
	if done {
		return nil
	}
	return d.transact(func() error { return d.write(version) })
}

// write makes version the only row. It deletes rather than truncates: that waits for
// no reader.
func (d *driver) write(version int) error {
	const insert = `insert into schema_migrations (version, dirty) values ($1, false)`
	err := d.exec(`delete from schema_migrations`)
	if err == nil && version != database.NilVersion {
		_, err = d.conn.Exec(d.ctx, insert, version)
	}
	return err
}

// Version returns the version of the schema, or database.NilVersion.
func (d *driver) Version() (version int, dirty bool, err error) {
	// In a transaction that is patient with locks, as the tables may have to be made first.
	err = d.transact(func() error {
		if err := d.prepare(); err != nil {
			return err
		}
		const q = `select version, dirty from schema_migrations`
		err := d.conn.QueryRow(d.ctx, q).Scan(&version, &dirty)
		if errors.Is(err, pgx.ErrNoRows) {
			version, err = database.NilVersion, nil
		}
		return err
	})
	return version, dirty, err
}

// Drop deletes our schema with everything in it. Nothing of Flow HQ calls it.
func (d *driver) Drop() error {
	return d.transact(func() error { return d.exec(`drop schema ` + ourSchema + ` cascade`) })
}

// transact runs fn in a transaction, and again as long as others hold what it needs. Everything
// that fn has done is undone in between, so fn must keep nothing outside of the database.
func (d *driver) transact(fn func() error) error {
	return d.waits.patiently(d.ctx, d.conn.PgConn().PID, func() error {
		err := d.exec("begin")
		if err == nil {
			err = fn()
		}
		if err == nil {
			err = d.exec("commit")
		}
		// Also after a commit that failed: a rollback without a transaction is a mere warning.
		if err != nil {
			d.rollback()
		}
		return err
	})
}

// rollback ends a transaction. It may meet the cancellation of what came before it,
// for which pgx would give up the connection, and with it the lock.
func (d *driver) rollback() {
	// A few tries, as a cancellation may come late and meet the rollback too.
	for range 3 {
		if serverCode(d.exec("rollback")) != queryCanceled {
			return
		}
	}
}

// exec runs any number of statements that have no parameters. It is the simple protocol, as no
// other takes several at once.
func (d *driver) exec(sql string) error {
	_, err := d.conn.PgConn().Exec(d.ctx, sql).ReadAll()
	return err
}

// milliseconds returns d as PostgreSQL reads a setting. A bare number would be read in the unit of
// that setting.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + "ms" }

// serverCode returns the SQLSTATE of what the server answered, or "".
func serverCode(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}
