package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/migrations"
	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/source"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// The schemas of a database.
const (
	ourSchema = "flowhq"
	waSchema  = "wa" // whatsmeow's tables; it allows one such schema a database
)

// The advisory locks under which a database is migrated: "flowhq" and "flowwa" in
// ASCII, so that nobody else's program has them by chance. The second is held by the
// connection that creates whatsmeow's tables, so that it outlives a killed process
// for as long as what the server still does for it.
const (
	migrationLock   = 0x666c_6f77_6871
	waMigrationLock = 0x666c_6f77_7761
)

// Bounds on a migration.
const (
	migratePatience  = 10 * time.Minute // to wait for locks and other processes, in sum
	statementTimeout = "10min"          // for one statement of a file
	defaultRenewal   = 5 * time.Second
	longestLockWait  = 2 * time.Second // however long the interval: messages wait behind us too
)

// A Migration says how Migrate goes about it. Its zero value will do.
type Migration struct {
	// WA creates and updates whatsmeow's tables. The pool it is given is closed
	// afterwards. It is called again if it met a lock, so what it does before an error
	// must be undone. nil: they are left alone.
	WA func(context.Context, *sql.DB) error
	// Renewal is how often leases are renewed meanwhile: nobody is made to wait
	// behind a migration for longer than half of it. 0: 5 s.
	Renewal time.Duration
	// Patience bounds the wait for locks that others hold. 0: 10 min.
	Patience time.Duration
	// Files are the migrations. nil: this program's own.
	Files fs.FS
}

// lockWait bounds the wait for the locks of one file: less than half a renewal interval, after
// which a renewal of leases that waits behind it fails.
func (o Migration) lockWait() time.Duration { return min(o.Renewal/4, longestLockWait) }

// withDefaults fills in what the caller has left open.
func (o Migration) withDefaults() Migration {
	if o.Renewal <= 0 {
		o.Renewal = defaultRenewal
	}
	if o.Patience <= 0 {
		o.Patience = migratePatience
	}
	if o.Files == nil {
		o.Files = migrations.Files
	}
	return o
}

// Migrate brings the database at url up to this program: it creates the schemas,
// applies our migrations and then calls o.WA. Any number of processes may migrate one
// database at once; each waits until the others are through, and finds nothing left to do. url must
// lead to PostgreSQL itself, not to a pooler.
//
// Each file is one transaction, so it may be interrupted at any time and begun again.
// A lock that somebody else holds is asked for again and again, for a moment each
// time; the log says who holds it.
//
// A Conflict error means that a person must act: the database is newer than this
// program. Unavailable means that the database does not answer, or that a lock was
// held for longer than o.Patience; calling Migrate again goes on where it stopped.
func Migrate(ctx context.Context, url string, o Migration, log *slog.Logger) error {
	m, err := newMigrator(ctx, url, o, log)
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	defer m.close()
	if err := m.driver.Lock(); err != nil { // for both schemas
		return fmt.Errorf("migrate database: %w", classify(err))
	}
	if err := m.createRoles(); err != nil {
		return fmt.Errorf("create roles: %w", classify(err))
	}
	if err := m.up(); err != nil {
		return fmt.Errorf("migrate schema %s: %w", ourSchema, classify(err))
	}
	if o.WA != nil {
		if err := m.whatsApp(); err != nil {
			return fmt.Errorf("migrate schema %s: %w", waSchema, classify(err))
		}
	}
	if err := m.secure(); err != nil {
		return fmt.Errorf("grant rights to the roles: %w", classify(err))
	}
	return nil
}

// A migrator is one call of Migrate.
type migrator struct {
	*migrate.Migrate
	ctx    context.Context
	url    string
	o      Migration
	files  source.Driver
	driver *driver
	waits  *lockWaits
	log    *slog.Logger
}

// newMigrator connects to the database, and creates our schemas where they lack. Its
// ctx bounds everything the migrator does.
func newMigrator(
	ctx context.Context, url string, o Migration, log *slog.Logger,
) (_ *migrator, err error) {
	o = o.withDefaults()
	config, err := migrateConfig(url, ourSchema, o)
	if err != nil {
		return nil, err
	}
	files, err := iofs.New(o.Files, ".")
	if err != nil {
		return nil, err
	}
	waits := newLockWaits(config, o, log)
	d, err := newDriver(ctx, config, waits)
	// Nothing is open then: the watcher connects when it is first needed.
	if err != nil {
		return nil, err
	}
	m := &migrator{ctx: ctx, url: url, o: o, files: files, driver: d, waits: waits, log: log}
	m.Migrate, err = migrate.NewWithInstance("embed", files, "flowhq", d)
	if err != nil {
		m.close()
		return nil, err
	}
	m.LockTimeout = 2 * o.Patience // the driver's own bound is the one that counts
	return m, nil
}

// migrateConfig is of the connections that change a schema. Its lock_timeout is shorter than that
// of others, as a request for an exclusive lock keeps everybody waiting who comes later.
func migrateConfig(url, schema string, o Migration) (*pgx.ConnConfig, error) {
	config, err := connConfig(url, "flowhq-migrate")
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["search_path"] = schema
	config.RuntimeParams["lock_timeout"] = milliseconds(o.lockWait())
	config.RuntimeParams["statement_timeout"] = statementTimeout
	return config, nil
}

// close ends both connections. A lock that the server still holds for one of them goes with it.
func (m *migrator) close() {
	_ = m.driver.Close() // and with it every lock
	m.waits.close(m.ctx)
}

// up applies what is missing in schema flowhq, file by file. A file that fails leaves those before
// it applied, and the next call goes on with it. A program that is older than the database must
// not even read, so that is a Conflict.
func (m *migrator) up() error {
	before, dirty, err := m.Version()
	if err != nil && !errors.Is(err, migrate.ErrNilVersion) {
		return err
	}
	newest, err := newestVersion(m.files)
	if err != nil {
		return err
	}
	// Judged before anything is applied, so a dirty or newer database stays as it is.
	switch {
	case dirty:
		return flowhq.Errorf(flowhq.Conflict, "another program than flowhq has begun migration %d "+
			"and not finished it: restore a backup, or finish it by hand and run: "+
			"update flowhq.schema_migrations set dirty = false", before)
	case before > newest:
		return tooNew(before, newest)
	case before == newest:
		return nil
	}
	if err := m.Up(); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return err
	}
	m.log.Info("database migrated", "from", before, "to", newest)
	return nil
}

// DatabaseTooNew begins the error about a database that a newer program has migrated.
const DatabaseTooNew = "the database is newer than this program"

// tooNew refuses to work on what a newer program may have changed the meaning of: code Conflict,
// as only a person can say which of the two is to go.
func tooNew(is, known uint) error {
	return flowhq.Errorf(flowhq.Conflict, DatabaseTooNew+": it is at "+
		"version %d, the program knows %d; run the newer program, or restore a backup", is, known)
}

// newestVersion returns the version of the last file. Files are in the order of their versions,
// and the end of them is an error of os.ErrNotExist.
func newestVersion(files source.Driver) (uint, error) {
	v, err := files.First()
	for err == nil {
		var next uint
		if next, err = files.Next(v); err == nil {
			v = next
		}
	}
	if !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	return v, nil
}

// whatsApp has whatsmeow's tables brought up to date, over one connection that holds
// a lock of its own.
func (m *migrator) whatsApp() error {
	config, err := migrateConfig(m.url, waSchema, m.o)
	if err != nil {
		return err
	}
	// The number is that of the newest connection, as the pool may have replaced a lost one.
	var pid atomic.Uint32
	lock := func(ctx context.Context, conn *pgx.Conn) error {
		pid.Store(conn.PgConn().PID())
		_, err := conn.Exec(ctx, `select pg_advisory_lock($1)`, waMigrationLock)
		return err
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(lock))
	defer db.Close()
	// Each connection takes the lock, so a second one would wait for the first.
	db.SetMaxOpenConns(1)
	return m.waits.patiently(m.ctx, pid.Load, func() error {
		if err := db.PingContext(m.ctx); err != nil {
			return err
		}
		return m.o.WA(m.ctx, db)
	})
}
