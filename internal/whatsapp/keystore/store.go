package keystore

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"go.mau.fi/util/dbutil"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/flowhq/flowhq"
)

// dialect is the library's name for PostgreSQL reached through pgx.
const dialect = "pgx"

// A Store holds the keys of all devices, in the library's tables.
type Store struct {
	db      *sql.DB
	keys    *dbutil.Database // db as the library sees it
	devices *sqlstore.Container
}

// Upgrade brings the library's tables in db up to date. The caller makes sure that only
// one process at a time does so.
func Upgrade(ctx context.Context, db *sql.DB) error {
	if err := sqlstore.NewWithDB(db, dialect, nil).Upgrade(ctx); err != nil {
		return fmt.Errorf("whatsmeow tables: %w", err)
	}
	return nil
}

// useArrays sets the library's encoding of arrays, a package variable that every query
// reads without a lock. It is set once, before there is a Store.
var useArrays = sync.OnceFunc(func() { sqlstore.PostgresArrayWrapper = newArray })

// New returns a Store over tables in db that are up to date. It does not connect. The
// database stays the caller's to close.
func New(db *sql.DB, log waLog.Logger) (*Store, error) {
	useArrays()
	keys, err := dbutil.NewWithDB(db, dialect)
	if err != nil {
		return nil, fmt.Errorf("key store: %w", err)
	}
	return &Store{db: db, keys: keys, devices: sqlstore.NewWithWrappedDB(keys, log)}, nil
}

// Ping fails with code Unavailable if the tables cannot be read.
func (s *Store) Ping(ctx context.Context) error {
	const q = `select from whatsmeow_version limit 1`
	if _, err := s.db.ExecContext(ctx, q); err != nil {
		return unreadable(err)
	}
	return nil
}

// Device returns the stored device, or a new one that is not linked to a phone if jid is
// "" or its keys are not there. It fails with code Invalid if jid is malformed, and with
// Unavailable if the database does not answer.
func (s *Store) Device(ctx context.Context, jid string) (*store.Device, error) {
	if jid == "" {
		return s.devices.NewDevice(), nil
	}
	parsed, err := types.ParseJID(jid)
	if err != nil {
		return nil, &flowhq.Error{
			Code: flowhq.Invalid, Message: "the device's JID is malformed", Err: err,
		}
	}
	device, err := s.devices.GetDevice(ctx, parsed)
	if err != nil {
		return nil, unreadable(err)
	}
	if device == nil {
		return s.devices.NewDevice(), nil
	}
	return device, nil
}

// LIDs returns the table of which LID has which number. All devices share it.
func (s *Store) LIDs() LIDs { return LIDs{s.keys} }
