package dev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/flowhq/flowhq/internal/devdb"
)

// A database is the private PostgreSQL, kept running by a goroutine that owns
// it. A nil one, which stands for a database of somebody else's, does nothing.
type database struct {
	dev     *dev
	out     *lines // its log
	url     string
	server  *devdb.Server // the goroutine's
	ending  chan time.Duration
	ended   chan struct{}
	failure chan error
}

// startDatabase starts the private PostgreSQL, or looks whether the one that
// DATABASE_URL names is there.
func (d *dev) startDatabase(ctx context.Context) error {
	if d.databaseURL = d.getenv("DATABASE_URL"); d.databaseURL != "" {
		return reachable(ctx, d.databaseURL)
	}
	return d.out.during("starting the private PostgreSQL", func() error {
		out := d.logOnly("database")
		server, err := d.openDatabase(ctx, out)
		if err != nil {
			out.close()
			return err
		}
		d.databaseURL = server.URL()
		d.db = &database{
			dev: d, out: out, url: server.URL(), server: server,
			ending: make(chan time.Duration, 1), ended: make(chan struct{}), failure: make(chan error, 1),
		}
		go d.db.run(context.WithoutCancel(ctx))
		return nil
	})
}

func (d *dev) openDatabase(ctx context.Context, out *lines) (*devdb.Server, error) {
	return devdb.Start(ctx, devdb.Options{
		Dir: d.home.path("pg"), Log: slog.New(slog.NewTextHandler(out, nil)),
		Progress: func(what string) { d.out.say("%s", what) },
	})
}

// run starts the server again whenever it ends by itself, until stop. If it
// cannot be brought back, failure says why.
func (db *database) run(ctx context.Context) {
	defer close(db.ended)
	defer db.out.close()
	for {
		select {
		case grace := <-db.ending:
			db.end(ctx, grace)
			return
		case err := <-db.server.Done():
			db.dev.out.say("database ended by itself (%v); it starts again", err)
		}
		server, err := db.dev.openDatabase(ctx, db.out)
		if err != nil {
			db.failure <- err
			return
		}
		db.server = server
		if server.URL() != db.url {
			db.end(ctx, dbGrace)
			db.failure <- errors.New("the private PostgreSQL came back on another port: start flowhq-dev up again")
			return
		}
	}
}

func (db *database) end(ctx context.Context, grace time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if err := db.server.Stop(ctx); err != nil {
		db.dev.out.say("%v", fmt.Errorf("database: %w", err))
	}
}

// lost delivers why the database cannot be kept running, if it comes to that.
func (db *database) lost() <-chan error {
	if db == nil {
		return nil
	}
	return db.failure
}

// stop ends the server and returns when it has ended.
func (db *database) stop(hurry <-chan struct{}) {
	if db == nil {
		return
	}
	grace := dbGrace
	select {
	case <-hurry:
		grace = hurriedGrace
	default:
	}
	db.ending <- grace
	<-db.ended
}
