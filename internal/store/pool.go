package store

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// Bounds on connections. An API process holds at most maxConns of them for operators, as many for
// tenants' people, and one for signs of life. A worker holds maxConns, maxWAConns for the library,
// one each for notices, leases and signs of life and, at its start, three to migrate. PostgreSQL
// allows 100 by default.
const (
	maxConns    = 16 // of each pool, unless the URL says pool_max_conns
	maxWAConns  = 8
	idleTimeout = 5 * time.Minute // after which an unused connection is closed
	dialTimeout = 5 * time.Second // unless the URL says connect_timeout
	// pingAfter is how long a connection of the pools may be unused and still be taken without a
	// ping, which costs a round trip. PostgreSQL takes longer to restart, at least 60 ms, so no call
	// after a restart meets a connection from before it (TestRestartedDatabase). pgxpool's own
	// second is too long.
	pingAfter = 20 * time.Millisecond
)

// serverLimits bound what a connection may do on the server even if this
// process is gone. The URL may set others.
var serverLimits = map[string]string{
	// A client that gives up closes its connection, but the server goes on with the statement
	// until its end, and keeps its locks.
	"statement_timeout": "60s",
	// Below Timeout, so that the error names the lock: code Unavailable, and not a mere timeout.
	"lock_timeout": "4s",
	// A process that is frozen within a transaction holds a tenant's row no longer than that. The
	// next host cannot claim the tenant before.
	"idle_in_transaction_session_timeout": "10s",
}

// OpenWA returns a small pool of its own for whatsmeow's tables, in schema wa,
// so that neither side's transactions wait for the other's connections. It does
// not connect yet. The caller closes it.
func OpenWA(url string) (*sql.DB, error) {
	config, err := connConfig(url, "flowhq-wa")
	if err != nil {
		return nil, fmt.Errorf("open whatsapp tables: %w", err)
	}
	config.RuntimeParams["search_path"] = waSchema
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(maxWAConns)
	// All may stay idle for a while, or each burst of messages would dial anew.
	db.SetMaxIdleConns(maxWAConns)
	db.SetConnMaxIdleTime(idleTimeout)
	return db, nil
}

// poolConfig is of the pool that nearly all statements share. A URL that cannot be parsed is
// Invalid.
func poolConfig(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, badURL(err)
	}
	prepare(config.ConnConfig, "flowhq")
	// pgxpool has a default of its own, by the number of processors, and does not say whether
	// the URL has set the number.
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = maxConns
	}
	config.MaxConnIdleTime = idleTimeout
	config.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool {
		return p.IdleDuration > pingAfter
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		inUTC(conn.TypeMap())
		return nil
	}
	return config, nil
}

// connConfig is of a single connection, which pg_stat_activity shows under name. A URL that
// cannot be parsed is Invalid.
func connConfig(url, name string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, badURL(err)
	}
	prepare(config, name)
	return config, nil
}

// badURL classifies a URL that cannot be parsed. pgx leaves the password out of
// its error.
func badURL(err error) error {
	return &flowhq.Error{
		Code:    flowhq.Invalid,
		Message: "DATABASE_URL must look like postgres://user:password@host:5432/database",
		Err:     err,
	}
}

// prepare names the connection and bounds it, where the URL does not.
func prepare(config *pgx.ConnConfig, name string) {
	setDefault(config.RuntimeParams, "application_name", name)
	for limit, value := range serverLimits {
		setDefault(config.RuntimeParams, limit, value)
	}
	// A commit that does not wait for the log dies with the server's process, and
	// what it recorded has been acknowledged to WhatsApp by then.
	setDefault(config.RuntimeParams, "synchronous_commit", "on")
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = dialTimeout
	}
}

// setDefault sets a parameter of a connection unless the URL has set it.
func setDefault(params map[string]string, name, value string) {
	if _, ok := params[name]; !ok {
		params[name] = value
	}
}

// inUTC makes times come back in UTC instead of the process's time zone. The API prints times
// as they come, and its clients should not learn where a process runs.
func inUTC(types *pgtype.Map) {
	types.RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
}

// address names the database for a message, without user or password.
func address(config *pgx.ConnConfig) string {
	return net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))) + "/" + config.Database
}
