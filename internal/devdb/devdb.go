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
	// role is a superuser, as initdb makes no other, and owns database. Tests create
	// databases of their own with it.
	role     = "flowhq"
	database = "flowhq"

	// startTimeout bounds all that a start does once the cluster is ours: initdb the first
	// time, stopping a server left behind, and the wait until the new one accepts
	// connections. Recovery after a crash is what takes time.
	startTimeout = 60 * time.Second
	// stopTimeout bounds an orderly stop; a killed server recovers at its next start. It also
	// bounds the waits for others to stop: the previous owner, and a server left behind.
	stopTimeout = 10 * time.Second
	// pollEvery is how often a condition is looked at that nothing announces, such as a lock
	// given up or a line of a pid file. A start should not take longer for it.
	pollEvery = 10 * time.Millisecond
)

// Options say where a cluster lives and whom to tell.
type Options struct {
	// Dir is created if it is missing, and holds one folder for each major version. Under
	// root the clusters may be elsewhere: see rootHome.
	Dir string
	// Port is for the first start, if it is free; 0 is any. Later starts keep the port that
	// the first one got, so that connection strings stay valid.
	Port int
	// Log gets what the package does unasked, such as stopping a server left behind. It must
	// not be nil. What the server prints goes to server.log instead.
	Log *slog.Logger
	// Progress is called before what takes time: fetching PostgreSQL, creating a cluster. It
	// may be nil.
	Progress func(string)
}

// A Server is a running PostgreSQL. Its methods may be called from several goroutines.
type Server struct {
	url     string // with the password, so it is never logged
	child   *proc.Child
	cluster *cluster // this process owns it until watch has released it
	// done has room for one error, so that watch ends although nobody listens.
	done chan error
	// stop lets one of Stop and Crash act, once: the other, or a second call, waits for the
	// first and then does nothing.
	stop sync.Once
	temp string // removed by Stop; "" keeps everything
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
	c := &cluster{
		dir: filepath.Join(dir, strconv.Itoa(bin.major)), bin: bin, owner: owner,
		log: o.Log, settings: durable, preferred: o.Port,
	}
	s, err := c.start(ctx, o.Progress)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL in %s: %w", c.dir, err)
	}
	return s, nil
}

// URL returns the connection string of the database, password included.
func (s *Server) URL() string { return s.url }

// Done delivers the reason if the server ends without having been stopped; it
// is closed when the server has ended. By then the cluster is given up, and whoever was
// waiting may start it again.
func (s *Server) Done() <-chan error { return s.done }

// Stop shuts the server down and waits for it, at most until ctx ends; then the
// server is killed, which costs it a recovery at its next start and is an error. Only the
// deadline of ctx counts, and at most stopTimeout is waited. Stopping twice is harmless.
func (s *Server) Stop(ctx context.Context) error {
	var err error
	s.stop.Do(func() { err = s.shutDown(ctx) })
	return err
}

// Crash ends the server without a shutdown, for tests: with SIGQUIT its sessions
// end at once, with SIGKILL they notice by themselves that it is gone. It returns
// when the server can be started again. Nothing arrives on Done, as this end was asked for;
// the folder of a throw-away cluster is left to the next sweep.
func (s *Server) Crash(sig syscall.Signal) {
	s.stop.Do(func() {
		s.cluster.stopping.Store(true)
		s.child.Stop(sig, stopTimeout)
		for range s.done {
			// closed by watch, once everything is put away
		}
	})
}

// shutDown is what the first Stop does. PostgreSQL takes SIGINT for its fast shutdown: sessions
// are ended, and everything is on disk. With SIGTERM it would wait for clients to leave, and a
// pool of connections that somebody forgot to close would use up the whole of stopTimeout.
// A kill of a throw-away cluster is no error: nothing of it is kept.
func (s *Server) shutDown(ctx context.Context) error {
	grace := stopTimeout
	if deadline, ok := ctx.Deadline(); ok {
		grace = min(grace, time.Until(deadline))
	}
	s.cluster.stopping.Store(true)
	obeyed := s.child.Stop(syscall.SIGINT, grace)
	for range s.done {
		// closed by watch, once everything is put away
	}
	if s.temp != "" {
		return os.RemoveAll(s.temp)
	}
	if !obeyed {
		return fmt.Errorf("PostgreSQL did not stop within %v and was killed",
			grace.Round(time.Millisecond))
	}
	return nil
}

// watch puts everything away once the server has ended. It runs in a goroutine of its own, one
// for each server, which ends with the server. The lock is released before done is closed:
// whoever starts the cluster again on hearing of the end must not find it locked.
func (s *Server) watch() {
	err := s.child.Err()
	s.cluster.release()
	if !s.cluster.stopping.Load() {
		s.done <- fmt.Errorf("PostgreSQL ended: %w", cmp.Or(err, errEnded))
	}
	close(s.done)
}
