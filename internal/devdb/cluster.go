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

// errEnded is said of a server that ended unasked and without a failure: somebody else has
// shut it down. proc has no error for exit status 0.
var errEnded = errors.New("exit status 0")

// Settings of postgresql.conf, in the order of their importance: create looks at the first
// one. They go onto the command line, where they win over the file that initdb wrote.
//
// Nothing replicates from these servers, so the log need hold only what recovery needs
// (wal_level=minimal), which PostgreSQL accepts only together with max_wal_senders=0.
var (
	// durable loses nothing that was committed. In particular commits wait for the
	// disk: without that, the last of them die with the server's process. A process of
	// Flow HQ has a pool of 16 connections, so 200 are room for a dozen processes.
	durable = []string{"max_connections=200", "wal_level=minimal", "max_wal_senders=0"}
	// fast forgets everything at a crash, which is what throw-away data may do. It has more
	// connections, as the test binaries of all packages share one server, and a small log,
	// as the default of 1 GB could fill the memory disk.
	fast = []string{
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300",
		"wal_level=minimal", "max_wal_senders=0", "max_wal_size=256MB",
		// POSIX shared memory would be left behind by a killed server.
		"dynamic_shared_memory_type=mmap",
	}
)

// A cluster is one PostgreSQL data directory with the files beside it.
type cluster struct {
	// dir is <dir>/<major>, or, of a throw-away cluster, the whole temporary folder.
	dir       string
	bin       binaries
	owner     runner   // whose files these are, and as whom the programs run
	settings  []string // durable or fast
	preferred int      // port of the first start; 0 = any
	log       *slog.Logger

	// lock is held from before anything in dir is touched until the server has ended. Two
	// servers on one data directory would destroy it.
	lock *os.File
	// stopping tells watch that the end was asked for, so that it is not reported.
	stopping atomic.Bool
}

// path returns the path of one of the files beside the data, or of the data itself.
func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

// start becomes the owner of the cluster and starts it. The order of the steps matters: the
// lock comes before everything, initdb reads the file with the password, and a server left
// behind must be gone before another one opens its data. After an error the lock is free
// again, so that the next try is not refused by this process itself.
//
// The URL turns TLS off: the server has no certificate, and listens on loopback only.
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
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	s := &Server{url: u.String(), child: child, cluster: c, done: make(chan error, 1)}
	go s.watch()
	return s, nil
}

// acquirePatiently takes the owner's lock, once a process that is about to end has
// given it up. It waits because a developer who restarts "flowhq-dev up" is often faster than
// the shutdown of the database before. After stopTimeout the other process is taken for one
// that means to stay.
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

// acquire takes the owner's lock, which ends with this process at the latest, even if it is
// killed. Go opens files close-on-exec, so the server does not inherit the lock: a server left
// behind could otherwise never be stopped by the next owner. It returns false, and no error, if
// another process has the lock. The file stays where it is: if it were deleted, two processes
// could each lock a file of that name.
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

// password returns the role's password, which is made up before the cluster is. A password
// whose file is gone cannot be found out from the data, so that is an error: a new one would
// not be accepted, and making new data would hide the old.
func (c *cluster) password() (string, error) {
	data, err := os.ReadFile(c.path("password"))
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if _, err := os.Stat(c.path("data")); err == nil {
		return "", fmt.Errorf("the data are there but the file password is gone: put it back, "+
			"or move %s away to begin anew", c.dir)
	}
	p := rand.Text()
	return p, c.write("password", p)
}

// write puts a line into a file of the cluster, all or nothing, readable to
// the server's user alone. Half a password or half a port number would survive a crash and
// look like a whole one.
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
// and waits until it accepts connections. What went wrong is known only from what the server
// printed, which is English as command sets LC_ALL.
//
// A taken port counts against portTries. Shared memory that the sessions of a killed server
// still hold does not: they soon notice that it is gone, and ctx bounds the wait.
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
// preferred, or any free one. It finds out by listening there for a moment, so somebody else may
// take the port before the server does; launch then tries again.
func (c *cluster) port() int {
	data, _ := os.ReadFile(c.path("port"))
	kept, _ := strconv.Atoi(strings.TrimSpace(string(data))) // 0, any, if there is none
	for _, port := range []int{cmp.Or(kept, c.preferred), c.preferred, 0} {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			defer l.Close()
			return l.Addr().(*net.TCPAddr).Port
		}
	}
	return kept // no port is free; the server will say so
}

// exec starts the server on port. It listens on IPv4 loopback only, and on no Unix socket: the
// usual folder of those, such as /var/run/postgresql, belongs to the machine's own PostgreSQL.
// If this process dies first, Linux sends the server SIGINT, which is an orderly shutdown.
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
	for _, s := range append(
		[]string{"listen_addresses=127.0.0.1", "unix_socket_directories="}, c.settings...,
	) {
		args = append(args, "-c", s)
	}
	cmd := c.command("postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	return proc.Start(cmd, syscall.SIGINT)
}

// command returns a program of PostgreSQL as the right user in a clean environment: a
// developer's PGDATA, PGPORT or PGUSER is about another server. LC_ALL=C keeps messages
// English, which launch relies on. The working folder and HOME are the cluster's: the server's
// user can enter that, but perhaps neither root's home nor the folder that root works in.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin.dir, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"LC_ALL=C", "HOME=" + c.dir, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = c.owner.attr()
	return cmd
}

// ready waits until child accepts connections. The error holds what the server
// printed if it ended instead. The pid file tells, which needs neither a driver nor a
// password. Its pid is compared, for until the new server writes it, it may be that of a
// killed one, and say "ready" of that.
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

// pause waits for the next look at something, or returns why not to look again. Every poll of
// this package goes through it with a ctx that has a deadline, so that none is endless.
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
	const enough = 500 // bytes: the last few lines, of which a FATAL is usually the last
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return tail(data, enough)
}

// tail returns the last n bytes of what a program printed, in one line: errors are shown in a
// terminal and in a log, and programs say at the end why they gave up.
func tail(text []byte, n int) string {
	s := strings.TrimSpace(string(text))
	if len(s) > n {
		s = "…" + s[len(s)-n:]
	}
	return strings.ReplaceAll(s, "\n", "; ")
}
