package dev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/flowhq/flowhq/internal/devdb"
)

// A database is the private PostgreSQL, kept running by a goroutine that owns it. It is
// no service of a supervisor: starting it takes several programs, which devdb runs. A nil
// one, which stands for a database of somebody else's, does nothing.
type database struct {
	stack  *stack
	out    *output       // its log
	url    string        // promised to all other services, so it may not change
	server *devdb.Server // only the goroutine of run uses it after the start

	ending  chan time.Duration // takes the grace once, when the server is to end
	ended   chan struct{}      // closed when run has returned
	failure chan error         // takes why the server cannot be brought back
}

// startDatabase starts the private PostgreSQL, or checks that the one that DATABASE_URL names
// is there. From then on s.databaseURL leads to the database, and s.db is nil if it is somebody
// else's. The server outlives ctx, as it must end after the processes that use it.
func (s *stack) startDatabase(ctx context.Context) error {
	if s.databaseURL = s.getenv("DATABASE_URL"); s.databaseURL != "" {
		return reachable(ctx, s.databaseURL)
	}
	return s.console.during("starting the private PostgreSQL", func() error {
		out := s.fileOutput("database")
		server, err := s.openDatabase(ctx, out)
		if err != nil {
			out.close()
			return err
		}
		s.databaseURL = server.URL()
		s.db = &database{
			stack: s, out: out, url: server.URL(), server: server,
			// With room for one, so that neither end waits for the other.
			ending: make(chan time.Duration, 1), failure: make(chan error, 1),
			ended: make(chan struct{}),
		}
		// Without the cancellation of ctx: the database ends last, and by stop.
		go s.db.run(context.WithoutCancel(ctx))
		return nil
	})
}

// openDatabase starts the server on its files, which it makes the first time. devdb may have to
// fetch PostgreSQL before that, which Progress shows.
func (s *stack) openDatabase(ctx context.Context, out *output) (*devdb.Server, error) {
	return devdb.Start(ctx, devdb.Options{
		Dir: s.data.path("pg"), Log: slog.New(slog.NewTextHandler(out, nil)),
		Progress: func(what string) { s.console.printf("%s", what) },
	})
}

// run starts the server again whenever it ends by itself, until stop. If the server cannot be
// brought back, run says why on failure and returns. There is no pause between two starts: each
// waits until the server accepts connections, and if it does not do so within devdb's bound,
// that is the failure.
func (db *database) run(ctx context.Context) {
	defer close(db.ended)
	defer db.out.close()
	for {
		select {
		case grace := <-db.ending:
			db.end(ctx, grace)
			return
		case err := <-db.server.Done():
			db.stack.console.printf("database ended by itself (%v); it starts again", err)
		}
		server, err := db.stack.openDatabase(ctx, db.out)
		if err != nil {
			db.failure <- err
			return
		}
		db.server = server
		// The other processes have been given the old URL in their environment, which nothing
		// can change while they run. Another program has taken the port meanwhile.
		if server.URL() != db.url {
			db.end(ctx, databaseGrace)
			db.failure <- errors.New(
				"the private PostgreSQL came back on another port: start flowhq-dev up again")
			return
		}
	}
}

// end stops the server. PostgreSQL is killed if it has not ended within grace, and recovers
// from that at its next start. Its error is printed and not returned, as there is nobody to
// handle it: the stack is ending or fails for another reason.
func (db *database) end(ctx context.Context, grace time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if err := db.server.Stop(ctx); err != nil {
		db.stack.console.printf("%v", fmt.Errorf("database: %w", err))
	}
}

// lost delivers why the database cannot be kept running, if it comes to that. The stack ends
// then: without its database no other process is of use.
func (db *database) lost() <-chan error {
	if db == nil {
		return nil // a channel from which nothing ever comes
	}
	return db.failure
}

// stop ends the server and returns when it has ended. It is called last of all, after
// everything that uses the database. A hurry that comes only after this call does not shorten
// the grace, which is two seconds at most.
func (db *database) stop(hurry <-chan struct{}) {
	if db == nil {
		return
	}
	grace := databaseGrace
	select {
	case <-hurry:
		grace = hurriedGrace
	default:
	}
	db.ending <- grace
	<-db.ended
}
