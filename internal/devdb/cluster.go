package devdb

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flowhq/flowhq/internal/dev/proc"
)

// portTries bounds the ports tried when each free one is taken by somebody else
// between our look and the server's start.
const portTries = 5

var errEnded = errors.New("exit status 0")

// Settings of postgresql.conf, in the order of their importance.
var (
	// durable loses nothing that was committed. In particular commits wait for the
	// disk: without that, the last of them die with the server's process.
	durable = []string{"max_connections=200", "wal_level=minimal", "max_wal_senders=0"}
	// fast forgets everything at a crash, which is what throw-away data may do.
	fast = []string{
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300",
		"wal_level=minimal", "max_wal_senders=0", "max_wal_size=256MB",
		// POSIX shared memory would be left behind by a killed server.
		"dynamic_shared_memory_type=mmap",
	}
)

// A cluster is one PostgreSQL data directory with the files beside it.
type cluster struct {
	dir      string // <dir>/<major>
	bin      binaries
	owner    runner
	settings []string
	wanted   int // port; 0 = any
	log      *slog.Logger

	lock     *os.File // held while we own the server
	stopping atomic.Bool
}

func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

// start becomes the owner of the cluster and starts it.
func (c *cluster) start(ctx context.Context, progress func(string)) (_ *Server, err error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	if err := c.owner.own(c.dir); err != nil {
		return nil, err
	}
	if err := c.acquirePatiently(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.release()
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	password, err := c.password()
	if err != nil {
		return nil, err
	}
	if err := c.stopOrphan(ctx); err != nil {
		return nil, err
	}
	if err := c.create(ctx, progress); err != nil {
		return nil, err
	}
	child, port, err := c.launch(ctx)
	if err != nil {
		return nil, err
	}
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	s := &Server{url: u.String(), child: child, cluster: c, done: make(chan error, 1)}
	go s.watch()
	return s, nil
}

// acquirePatiently takes the owner's lock, once a process that is about to end has
// given it up.
func (c *cluster) acquirePatiently(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for {
		owned, err := c.acquire()
		if owned || err != nil {
			return err
		}
		if err := pause(ctx); err != nil {
			return errors.New("another process runs it: end that one first")
		}
	}
}

// acquire takes the owner's lock, which ends with this process at the latest.
func (c *cluster) acquire() (bool, error) {
	f, err := os.OpenFile(c.path("owner.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		c.lock = f
		return true, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, f.Close()
	default:
		f.Close()
		return false, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
}

// release gives the cluster up once its server has ended.
func (c *cluster) release() {
	c.lock.Close() // and with it the lock
}

// password returns the role's password, which is made up before the cluster is.
func (c *cluster) password() (string, error) {
	data, err := os.ReadFile(c.path("password"))
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if _, err := os.Stat(c.path("data")); err == nil {
		return "", fmt.Errorf("the data are there but the file password is gone: put it back, or move %s away to begin anew", c.dir)
	}
	p := rand.Text()
	return p, c.write("password", p)
}

// write puts a line into a file of the cluster, all or nothing, readable to
// the server's user alone.
func (c *cluster) write(name, line string) error {
	draft := c.path(name + ".new")
	if err := os.WriteFile(draft, []byte(line+"\n"), 0o600); err != nil {
		return err
	}
	if err := c.owner.own(draft); err != nil {
		return err
	}
	return os.Rename(draft, c.path(name))
}

// launch starts the server on the port it had before, or on another free one,
// and waits until it accepts connections.
func (c *cluster) launch(ctx context.Context) (*proc.Child, int, error) {
	var err error
	for tries := 0; tries < portTries; tries++ {
		port := c.port()
		var child *proc.Child
		if child, err = c.exec(port); err != nil {
			return nil, 0, err
		}
		if err = c.ready(ctx, child); err == nil {
			return child, port, c.write("port", strconv.Itoa(port))
		}
		child.Stop(syscall.SIGINT, stopTimeout)
		switch {
		case strings.Contains(err.Error(), "Address already in use"):
		case strings.Contains(err.Error(), "shared memory block") && pause(ctx) == nil:
			tries-- // the last sessions of a killed server are about to notice
		default:
			return nil, 0, err
		}
	}
	return nil, 0, err
}

// port returns the port of the last start if it is free, or the one that is
// wanted, or any free one.
func (c *cluster) port() int {
	data, _ := os.ReadFile(c.path("port"))
	kept, _ := strconv.Atoi(strings.TrimSpace(string(data))) // 0, any, if there is none
	for _, port := range []int{cmp.Or(kept, c.wanted), c.wanted, 0} {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			defer l.Close()
			return l.Addr().(*net.TCPAddr).Port
		}
	}
	return kept // no port is free; the server will say so
}

func (c *cluster) exec(port int) (*proc.Child, error) {
	// A new file: the last sessions of a killed server still write to theirs, and
	// what they say must not be taken for this one's.
	if err := os.Remove(c.path("server.log")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	log, err := os.Create(c.path("server.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := []string{"-D", c.path("data"), "-p", strconv.Itoa(port)}
	for _, s := range append([]string{"listen_addresses=127.0.0.1", "unix_socket_directories="}, c.settings...) {
		args = append(args, "-c", s)
	}
	cmd := c.command("postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	return proc.Start(cmd, syscall.SIGINT)
}

// command runs a program of PostgreSQL as the right user in a clean environment.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin.dir, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"LC_ALL=C", "HOME=" + c.dir, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = c.owner.attr()
	return cmd
}

// ready waits until child accepts connections. The error holds what the server
// printed if it ended instead.
func (c *cluster) ready(ctx context.Context, child *proc.Child) error {
	for {
		pid, status := c.pidFile()
		if pid == child.Pid() && status == "ready" {
			return nil
		}
		select {
		case <-child.Done():
			return fmt.Errorf("%w: %s", child.Err(), lastLines(c.path("server.log")))
		default:
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("not ready in time: %w: %s", err, lastLines(c.path("server.log")))
		}
	}
}

// pause waits for the next look at something, or returns why not to look again.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pollEvery):
		return nil
	}
}

// lastLines returns the end of a log in one line, for an error message.
func lastLines(path string) string {
	const enough = 500 // bytes
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return tail(data, enough)
}

func tail(text []byte, n int) string {
	s := strings.TrimSpace(string(text))
	if len(s) > n {
		s = "…" + s[len(s)-n:]
	}
	return strings.ReplaceAll(s, "\n", "; ")
}
