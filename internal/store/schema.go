package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/migrations"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
)

// Bounds on AwaitSchema.
const (
	schemaPatience = time.Minute
	schemaEvery    = 500 * time.Millisecond
)

// AwaitSchema waits until somebody, such as a worker that is just starting, has brought
// the database at url up to this program. It changes nothing.
//
// An Unavailable error means that the database does not answer, or that nobody has
// within a minute; Conflict, that the database is newer than this program.
func AwaitSchema(ctx context.Context, url string, log *slog.Logger) error {
	config, err := connConfig(url, "flowhq-schema")
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return classify(fmt.Errorf("connect to %s: %w", address(config), err))
	}
	defer closeConn(ctx, conn)
	needed, err := programVersion()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, schemaPatience)
	defer cancel()
	for told := false; ; told = true {
		is, err := schemaVersion(ctx, conn)
		switch {
		case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded): // see below
		case err != nil && (conn.IsClosed() || ctx.Err() != nil ||
			flowhq.ErrorCode(err) != flowhq.Unavailable):
			return fmt.Errorf("read the database's version: %w", err)
		case err == nil && is == needed:
			return nil
		case err == nil && is > needed:
			return tooNew(is, needed)
		case err == nil && !told:
			log.Info("waiting until the database is migrated: "+
				"run flowhq migrate, or start a worker", "version", is, "needed", needed)
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return flowhq.Errorf(flowhq.Unavailable, "the database is at version %d and this "+
					"program needs %d: run flowhq migrate, or start a worker", is, needed)
			}
			return classify(ctx.Err())
		case <-time.After(schemaEvery):
		}
	}
}

// schemaVersion returns the version of our schema, 0 if there is none.
func schemaVersion(ctx context.Context, conn *pgx.Conn) (version uint, err error) {
	const q = `select coalesce(max(version), 0) from ` + ourSchema + `.schema_migrations`
	err = conn.QueryRow(ctx, q).Scan(&version)
	if code := serverCode(err); code == "42P01" || code == "3F000" { // no such table, schema
		return 0, nil
	}
	return version, classify(err)
}

// programVersion returns the version that this program migrates to.
func programVersion() (uint, error) {
	files, err := iofs.New(migrations.Files, ".")
	if err != nil {
		return 0, err
	}
	return newestVersion(files)
}
