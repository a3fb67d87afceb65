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
	// schemaPatience is shorter than a migration may take. A process that ends with the reason is
	// noticed sooner than one that waits in silence because nobody ever migrates.
	schemaPatience = time.Minute
	schemaEvery    = 500 * time.Millisecond // between two reads of the version
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
	// The minute does not include the connection, which dialTimeout bounds.
	ctx, cancel := context.WithTimeout(ctx, schemaPatience)
	defer cancel()
	for logged := false; ; logged = true {
		is, err := schemaVersion(ctx, conn)
		switch {
		case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
			// The select below says what is missing, which is more than that a read was cut off.
		case err != nil && (conn.IsClosed() || ctx.Err() != nil ||
			flowhq.ErrorCode(err) != flowhq.Unavailable):
			return fmt.Errorf("read the database's version: %w", err)
		case err == nil && is == needed:
			return nil
		case err == nil && is > needed:
			return tooNew(is, needed)
		case err == nil && !logged: // once: the same line twice a second hides everything else
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

// schemaVersion returns the version of our schema, 0 if there is none. A migration writes the
// version in the transaction of its last change, so a version that can be read is complete.
func schemaVersion(ctx context.Context, conn *pgx.Conn) (version uint, err error) {
	const q = `select coalesce(max(version), 0) from ` + ourSchema + `.schema_migrations`
	err = conn.QueryRow(ctx, q).Scan(&version)
	if code := serverCode(err); code == "42P01" || code == "3F000" { // no such table, schema
		return 0, nil
	}
	return version, classify(err)
}

// programVersion returns the version that this program migrates to. A process that does not
// migrate needs it as well: its statements are written for that version and no other.
func programVersion() (uint, error) {
	files, err := iofs.New(migrations.Files, ".")
	if err != nil {
		return 0, err
	}
	return newestVersion(files)
}
