package testdb

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq/internal/devdb"
	"github.com/jackc/pgx/v5"
)

// urlVariable names a server to use instead of a private one.
const urlVariable = "TEST_DATABASE_URL"

// startServer returns the URL of a server, and what ends it. The server of TEST_DATABASE_URL is its
// owner's, and is not ended. A private one is started for each test binary, and its folder is
// deleted with it.
func startServer(ctx context.Context) (admin string, stop func(), err error) {
	if admin = os.Getenv(urlVariable); admin != "" {
		u, err := url.Parse(admin)
		// The value is not printed, as it may have a password in it.
		if err != nil || u.Host == "" {
			return "", nil, fmt.Errorf("%s must be a URL, such as "+
				"postgres://user:password@host:5432/postgres", urlVariable)
		}
		return admin, func() {}, nil
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := devdb.Ephemeral(ctx, log)
	if err != nil {
		return "", nil, err
	}
	return s.URL(), func() {
		// The context of the start has ended by then, so the stop has a limit of its own.
		ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "testdb:", err)
		}
	}, nil
}

// A test's database is called after when it was made, so that what a killed run
// left behind can be told from what is in use.
const testPrefix = "flowhq_test_"

// maxAge is for how long a test's database may be in use. It is above the longest run of the
// tests: sweep would otherwise drop the databases of another run on the same server.
const maxAge = time.Hour

// databaseName is unique on the server: two test binaries that run at once have other process
// ids, and a process id that comes again does so in another second.
func databaseName(now time.Time, pid, n int) string {
	return fmt.Sprintf("%s%d_%d_%d", testPrefix, now.Unix(), pid, n)
}

// expired reports whether name is a test's database that nobody uses any more.
func expired(name string, now time.Time) bool {
	rest, ok := strings.CutPrefix(name, testPrefix)
	seconds, _, _ := strings.Cut(rest, "_")
	made, err := strconv.ParseInt(seconds, 10, 64)
	// A name that cannot be read is left alone: it is perhaps somebody's own database.
	return ok && err == nil && now.Sub(time.Unix(made, 0)) > maxAge
}

// sweep drops what earlier runs left behind, as far as it can: those that were killed, and the
// databases of tests that failed. It never touches a database without the prefix.
func (c *cluster) sweep(ctx context.Context) {
	conn, err := pgx.Connect(ctx, c.admin)
	if err != nil {
		return // the first test will say so
	}
	defer conn.Close(ctx)
	const q = `select datname from pg_database where starts_with(datname, $1)`
	rows, _ := conn.Query(ctx, q, testPrefix) // Collect reports its error
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return
	}
	var old []string
	for _, name := range names {
		if expired(name, time.Now()) {
			old = append(old, name)
		}
	}
	c.drop(old)
}
