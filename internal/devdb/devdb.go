package devdb

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/flowhq/flowhq/internal/dev/proc"
)

const (
	role     = "flowhq" // a superuser, and the owner of the database of that name
	database = "flowhq"

	// startTimeout bounds the wait for a server to accept connections. Recovery
	// after a crash is what takes time.
	startTimeout = 60 * time.Second
	// stopTimeout bounds an orderly stop; a killed server recovers at its next start.
	stopTimeout = 10 * time.Second
	// pollEvery is how often a condition is looked at that nothing announces.
	pollEvery = 10 * time.Millisecond
)

// Options say where a cluster lives and whom to tell.
type Options struct {
	Dir      string // created if missing; holds one folder per major version
	Port     int    // for the first start, if it is free; 0 = any
	Log      *slog.Logger
	Progress func(string) // told what takes time; may be nil
}

// A Server is a running PostgreSQL.
type Server struct {
	url     string
	child   *proc.Child
	cluster *cluster
	done    chan error
	stop    sync.Once
	temp    string // removed at the end; "" keeps everything
}

// Start starts the private PostgreSQL in o.Dir, creating it the first time. It
// returns when the server accepts connections, or an error that says what to do, in
// particular when another process runs it already. ctx bounds the start only; the
// server runs until Stop.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	owner, err := serverUser()
	if err != nil {
		return nil, err
	}
	if dir, err = owner.home(dir, o.Log); err != nil {
		return nil, fmt.Errorf("database folder %s: %w", dir, err)
	}
	bin, err := find(ctx, dir, owner, o.Progress)
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: filepath.Join(dir, strconv.Itoa(bin.major)), bin: bin, owner: owner, log: o.Log, settings: durable, wanted: o.Port}
	s, err := c.start(ctx, o.Progress)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL in %s: %w", c.dir, err)
	}
	return s, nil
}

// URL returns the connection string of the database, password included.
func (s *Server) URL() string { return s.url }

// Done delivers the reason if the server ends without having been stopped; it
// is closed when the server has ended.
func (s *Server) Done() <-chan error { return s.done }

// Stop shuts the server down and waits for it, at most until ctx ends; then the
// server is killed, which costs it a recovery at its next start. Stopping twice is
// harmless.
func (s *Server) Stop(ctx context.Context) error {
	var err error
	s.stop.Do(func() { err = s.shutDown(ctx) })
	return err
}

// Crash ends the server without a shutdown, for tests: with SIGQUIT its sessions
// end at once, with SIGKILL they notice by themselves that it is gone. It returns
// when the server can be started again.
func (s *Server) Crash(sig syscall.Signal) {
	s.stop.Do(func() {
		s.cluster.stopping.Store(true)
		s.child.Stop(sig, stopTimeout)
		for range s.done {
			// closed by watch, once everything is put away
		}
	})
}

func (s *Server) shutDown(ctx context.Context) error {
	grace := stopTimeout
	if deadline, ok := ctx.Deadline(); ok {
		grace = min(grace, time.Until(deadline))
	}
	s.cluster.stopping.Store(true)
	obeyed := s.child.Stop(syscall.SIGINT, grace) // SIGINT: end all sessions, then shut down cleanly
	for range s.done {
		// closed by watch, once everything is put away
	}
	if s.temp != "" {
		return os.RemoveAll(s.temp)
	}
	if !obeyed {
		return fmt.Errorf("PostgreSQL did not stop within %v and was killed", grace.Round(time.Millisecond))
	}
	return nil
}

// watch puts everything away once the server has ended.
func (s *Server) watch() {
	err := s.child.Err()
	s.cluster.release()
	if !s.cluster.stopping.Load() {
		s.done <- fmt.Errorf("PostgreSQL ended: %w", cmp.Or(err, errEnded))
	}
	close(s.done)
}
