package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/migrations"
	"github.com/golang-migrate/migrate/v4"
	mpgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
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

// Bounds on a migration.
const (
	turnTimeout    = 5 * time.Minute // to wait while another process migrates
	fileTimeout    = "10min"         // for one file
	ddlLockTimeout = "10s"           // for one table; all who use it queue behind us meanwhile
)

// turnLock is the advisory lock under which a database is migrated: "flowhq" in
// ASCII, so that nobody else's program has it by chance.
const turnLock = 0x666c_6f77_6871

// Migrate brings the database at url up to this program: it creates the schemas,
// applies our migrations and then calls wa, unless it is nil, with a pool for
// whatsmeow's tables, which is closed afterwards. Any number of processes may
// migrate one database at once; each waits for its turn and finds nothing left
// to do. url must lead to PostgreSQL itself, not to a pooler.
//
// A Conflict error means that a person must act: a migration was interrupted, or
// the database is newer than this program. Its message says what to do.
func Migrate(ctx context.Context, url string, wa func(context.Context, *sql.DB) error, log *slog.Logger) error {
	conn, err := takeTurn(ctx, url, log)
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	defer closeConn(ctx, conn) // ends the turn
	const q = `create schema if not exists ` + ourSchema + `; create schema if not exists ` + waSchema
	if _, err := conn.Exec(ctx, q); err != nil {
		return fmt.Errorf("migrate database: create schemas: %w", classify(err))
	}
	if err := migrateOurs(ctx, url, log); err != nil {
		return fmt.Errorf("migrate schema %s: %w", ourSchema, classify(err))
	}
	if wa == nil {
		return nil
	}
	db, err := OpenWA(url)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := wa(ctx, db); err != nil {
		return fmt.Errorf("migrate schema %s: %w", waSchema, classify(err))
	}
	return nil
}

// takeTurn returns a connection that holds turnLock until it is closed.
func takeTurn(ctx context.Context, url string, log *slog.Logger) (_ *pgx.Conn, err error) {
	config, err := connConfig(url, "flowhq-migrate")
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["lock_timeout"] = "0" // the context bounds the wait
	config.RuntimeParams["statement_timeout"] = "0"
	ctx, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, classify(fmt.Errorf("connect to %s: %w", address(config), err))
	}
	defer func() {
		if err != nil {
			closeConn(ctx, conn)
		}
	}()
	var free bool
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock($1)`, turnLock).Scan(&free); err != nil {
		return nil, classify(err)
	}
	if free {
		return conn, nil
	}
	log.Info("waiting for another process that migrates the database")
	if _, err := conn.Exec(ctx, `select pg_advisory_lock($1)`, turnLock); err != nil {
		return nil, classify(err)
	}
	return conn, nil
}

// migrateOurs applies what is missing in schema flowhq.
func migrateOurs(ctx context.Context, url string, log *slog.Logger) error {
	m, files, err := newMigrate(url)
	if err != nil {
		return err
	}
	defer m.Close()
	stop := context.AfterFunc(ctx, func() { m.GracefulStop <- true }) // after the file under way
	defer stop()

	before, dirty, err := m.Version()
	if err != nil && !errors.Is(err, migrate.ErrNilVersion) {
		return err
	}
	newest, err := newestVersion(files)
	if err != nil {
		return err
	}
	switch {
	case dirty:
		return interrupted(before)
	case before > newest:
		return flowhq.Errorf(flowhq.Conflict,
			"the database is newer than this program: it is at version %d, the program knows %d; run the newer program, or restore a backup",
			before, newest)
	case before == newest:
		return nil
	}
	if err := m.Up(); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	log.Info("database migrated", "from", before, "to", newest)
	return nil
}

// newMigrate returns a golang-migrate with connections of its own, which its
// Close closes, and the migrations it will apply. It must not be given a shared
// pool, since it keeps a connection for ever if it fails.
func newMigrate(url string) (*migrate.Migrate, source.Driver, error) {
	config, err := connConfig(url, "flowhq-migrate")
	if err != nil {
		return nil, nil, err
	}
	config.RuntimeParams["search_path"] = ourSchema
	config.RuntimeParams["lock_timeout"] = ddlLockTimeout
	config.RuntimeParams["statement_timeout"] = fileTimeout
	files, err := iofs.New(migrations.Files, ".")
	if err != nil {
		return nil, nil, err
	}
	db := stdlib.OpenDB(*config)
	driver, err := mpgx.WithInstance(db, &mpgx.Config{SchemaName: ourSchema})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	m, err := migrate.NewWithInstance("embed", files, "pgx5", driver)
	return m, files, err
}

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

// interrupted explains a migration that was begun and not finished. Which of the
// two it is cannot be told from here, so nothing is forced.
func interrupted(version uint) error {
	undone := fmt.Sprintf("update flowhq.schema_migrations set version = %d, dirty = false", version-1)
	if version == 1 {
		undone = "truncate flowhq.schema_migrations"
	}
	return flowhq.Errorf(flowhq.Conflict, `migration %d was interrupted: compare migrations/%06d_*.up.sql with the database, then
  if nothing of it is there (PostgreSQL undoes a file that fails):
    psql "$DATABASE_URL" -c '%s'
  if all of it is there (the program was killed while PostgreSQL finished):
    psql "$DATABASE_URL" -c 'update flowhq.schema_migrations set dirty = false'
  and start again`, version, version, undone)
}
