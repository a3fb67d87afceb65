package store

import (
	"context"

	"github.com/golang-migrate/migrate/v4"
)

// What the tests of this package, which are outside of it, need from inside.
var Classify = classify

const MigrationLock = int64(migrationLock)

// NewMigrate returns a golang-migrate over our driver, and what closes it.
func NewMigrate(ctx context.Context, url string, o Migration) (*migrate.Migrate, func(), error) {
	m, err := newMigrator(ctx, url, o, nil)
	if err != nil {
		return nil, nil, err
	}
	return m.Migrate, m.close, nil
}

// Erasables are the tables that Erase goes through in batches.
func Erasables() (tables []string) {
	for _, e := range erasables {
		tables = append(tables, e.table)
	}
	return tables
}
