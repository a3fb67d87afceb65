package devdb

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flowhq/flowhq/internal/dev/proc"
)

// helperDir makes the test binary a program that runs the database of a folder
// until its input ends, so that tests can kill it.
const helperDir = "DEVDB_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		os.Exit(helper(dir))
	}
	os.Exit(m.Run())
}

func helper(dir string) int {
	s, err := Start(context.Background(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("url", s.URL())
	eof := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(eof)
	}()
	select {
	case err := <-s.Done():
		fmt.Println("ended", err)
		return 1
	case <-eof:
		if err := s.Stop(context.Background()); err != nil {
			return 1
		}
		return 0
	}
}

// program is a running helper.
type program struct {
	t     *testing.T
	child *proc.Child
	stdin io.Closer
	lines *bufio.Scanner
}

func startProgram(t *testing.T, dir string) *program {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperDir+"="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child, err := proc.Start(cmd, syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(child.Kill)
	return &program{t: t, child: child, stdin: in, lines: bufio.NewScanner(out)}
}

// word returns the rest of the program's next line, which must begin with want.
func (p *program) word(want string) string {
	p.t.Helper()
	if !p.lines.Scan() {
		p.t.Fatalf("the program ended: %v", p.child.Err())
	}
	got, rest, _ := strings.Cut(p.lines.Text(), " ")
	if got != want {
		p.t.Fatalf("the program printed %q; want %s", p.lines.Text(), want)
	}
	return rest
}

// quietly ends the program as its user would.
func (p *program) quietly() {
	p.t.Helper()
	p.stdin.Close()
	if err := p.child.Err(); err != nil {
		p.t.Fatalf("the program ended with %v", err)
	}
}

// tempDir is a folder that the server's user can reach, unlike t.TempDir, whose
// parent is private.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(ephemeralBase(), "devdb-test-") // in memory, if possible: initdb is slow on disks
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(context.Background()) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// count notes a visit in the database and returns how many there were.
func count(t *testing.T, url string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	const note = `create table if not exists visits (at timestamptz); insert into visits values (now())`
	if _, err := conn.Exec(t.Context(), note); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), `select count(*) from visits`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func serverPid(t *testing.T, dir string) int {
	t.Helper()
	pid, _ := onlyCluster(t, dir).pidFile()
	if pid == 0 {
		t.Fatal("no server is running")
	}
	return pid
}

func onlyCluster(t *testing.T, dir string) *cluster {
	t.Helper()
	data, err := filepath.Glob(filepath.Join(dir, "*", "data"))
	if err != nil || len(data) != 1 {
		t.Fatalf("clusters in %s: %v, %v; want one", dir, data, err)
	}
	return &cluster{dir: filepath.Dir(data[0])}
}

// eventually polls until ok, which nothing announces.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		if err := pause(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// alive reports whether process pid runs; waiting to be reaped is not running.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !bytes.Contains(stat, []byte(") Z "))
}

func TestStartKeepsDataAndPort(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	first := start(t, dir)
	if n := count(t, first.URL()); n != 1 {
		t.Errorf("visits after the first start = %d; want 1", n)
	}
	stop(t, first)
	stop(t, first) // harmless
	if _, open := <-first.Done(); open {
		t.Error("Done delivered an error after Stop; want none")
	}

	second := start(t, dir)
	if second.URL() != first.URL() {
		t.Errorf("url of the second start = %s; want %s", second.URL(), first.URL())
	}
	if n := count(t, second.URL()); n != 2 {
		t.Errorf("visits after the second start = %d; want 2", n)
	}
}

func TestListensOnLoopbackWithPassword(t *testing.T) {
	t.Parallel()
	s := start(t, tempDir(t))
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	if u.Hostname() != "127.0.0.1" {
		t.Errorf("host = %s; want 127.0.0.1", u.Hostname())
	}
	u.User = url.UserPassword(role, "wrong")
	if conn, err := pgx.Connect(t.Context(), u.String()); err == nil {
		conn.Close(t.Context())
		t.Error("a wrong password was accepted")
	}
}

func TestTakenPortIsReplaced(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	first := start(t, dir)
	count(t, first.URL())
	stop(t, first)

	u, err := url.Parse(first.URL())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	second := start(t, dir)
	if n := count(t, second.URL()); n != 2 {
		t.Errorf("visits = %d; want 2", n)
	}
}

// The preferred port is taken at the first start, and kept from then on.
func TestPreferredPort(t *testing.T) {
	c := &cluster{dir: t.TempDir()}
	some, other := c.port(), c.port()
	c.preferred = some
	if got := c.port(); got != some {
		t.Errorf("the first start takes port %d; want %d", got, some)
	}
	if err := c.write("port", strconv.Itoa(other)); err != nil {
		t.Fatal(err)
	}
	if got := c.port(); got != other {
		t.Errorf("a later start takes port %d; want %d, as before", got, other)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	owner := startProgram(t, dir)
	url := owner.word("url")

	s, err := Start(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "another process runs it") {
		t.Errorf("a second start: %v, %v; want that another process runs it", s, err)
	}
	if n := count(t, url); n != 1 {
		t.Errorf("visits = %d; want 1", n)
	}
	owner.quietly()
}

// Who starts while the one before still ends gets the cluster a moment later.
func TestTwoStartsInTurn(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	first := startProgram(t, dir)
	first.word("url")
	second := startProgram(t, dir)
	first.quietly()
	if n := count(t, second.word("url")); n != 1 {
		t.Errorf("visits = %d; want 1", n)
	}
}

func TestKilledProcessLeavesNoServer(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	p := startProgram(t, dir)
	count(t, p.word("url"))
	pid := serverPid(t, dir)

	p.child.Kill()
	eventually(t, "the server ends with its owner", func() bool { return !alive(pid) })
	if n := count(t, start(t, dir).URL()); n != 2 {
		t.Errorf("visits = %d; want 2", n)
	}
}

func TestKilledServerIsReportedAndRecovers(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, dir)
	count(t, s.URL())
	if err := syscall.Kill(serverPid(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-s.Done(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Done delivered %v; want that the server was killed", err)
	}
	if n := count(t, start(t, dir).URL()); n != 2 {
		t.Errorf("visits = %d; want 2", n)
	}
}

// What was committed outlives the server's process, however it ends, even while a
// session is busy.
func TestCrash(t *testing.T) {
	dir := tempDir(t)
	s := start(t, dir)
	for i, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		busy, err := pgx.Connect(t.Context(), s.URL())
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = busy.Exec(t.Context(), `select count(*) from generate_series(1, 20000000)`) }()
		if got := count(t, s.URL()); got != i+1 {
			t.Errorf("visit %d is number %d", i+1, got)
		}
		s.Crash(sig)
		url := s.URL()
		if s = start(t, dir); s.URL() != url {
			t.Errorf("the server came back as %s; want %s", s.URL(), url)
		}
	}
	stop(t, s)
}

func TestOrphanIsStopped(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, dir)
	count(t, s.URL())
	c := s.cluster
	stop(t, s)

	// A server that nobody owns, as a system without parent-death signals leaves it.
	orphan, err := c.exec(c.port())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(orphan.Kill)
	if err := c.ready(t.Context(), orphan); err != nil {
		t.Fatal(err)
	}
	if n := count(t, start(t, dir).URL()); n != 2 {
		t.Errorf("visits = %d; want 2", n)
	}
	<-orphan.Done()
}

func TestForeignPidFileIsRemoved(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, dir)
	count(t, s.URL())
	c := s.cluster
	stop(t, s)

	pidFile := strconv.Itoa(os.Getpid()) + "\n" + c.path("data") + "\n"
	if err := os.WriteFile(c.path("data/postmaster.pid"), []byte(pidFile), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := count(t, start(t, dir).URL()); n != 2 {
		t.Errorf("visits = %d; want 2", n)
	}
}

func TestKilledDuringCreation(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{50 * time.Millisecond, 150 * time.Millisecond,
		300 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			dir := tempDir(t)
			p := startProgram(t, dir)
			select { // the moment is the point: nothing announces it
			case <-time.After(after):
			case <-p.child.Done():
			}
			p.child.Kill()
			if n := count(t, start(t, dir).URL()); n != 1 {
				t.Errorf("visits = %d; want 1", n)
			}
			left, err := filepath.Glob(filepath.Join(dir, "*", "data.new-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v; want nothing", left, err)
			}
		})
	}
}

// TestRemoveDraft: what a killed initdb has begun may write for a moment more, and is waited for.
func TestRemoveDraft(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "data.new-X")
	if err := os.MkdirAll(filepath.Join(dir, "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	writing := time.Now().Add(300 * time.Millisecond)
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; time.Now().Before(writing); i++ {
				// It fails once the folder is gone.
				_ = os.WriteFile(filepath.Join(dir, "base", fmt.Sprint(w, "-", i)), nil, 0o600)
			}
		})
	}
	err := removeDraft(t.Context(), dir)
	writers.Wait()
	if _, gone := os.Stat(dir); err != nil || !os.IsNotExist(gone) {
		t.Errorf("removeDraft = %v, and then %v; want the folder gone", err, gone)
	}
}

func TestLostPasswordIsExplained(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := start(t, dir)
	stop(t, s)
	if err := os.Remove(s.cluster.path("password")); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "password is gone") {
		t.Errorf("Start = %v; want that the password is gone", err)
	}
}

func TestEphemeralVanishes(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s, err := Ephemeral(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, s.URL()); n != 1 {
		t.Errorf("visits = %d; want 1", n)
	}
	stop(t, s)
	if _, err := os.Stat(s.temp); !os.IsNotExist(err) {
		t.Errorf("stat %s = %v; want that it is gone", s.temp, err)
	}
}

func TestSweepRemovesWhatKilledRunsLeft(t *testing.T) {
	t.Parallel()
	base := tempDir(t)
	dead, fresh := filepath.Join(base, ephemeralPrefix+"dead"), filepath.Join(base, ephemeralPrefix+"fresh")
	for _, dir := range []string{dead, fresh} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * sweepAfter)
	if err := os.Chtimes(dead, old, old); err != nil {
		t.Fatal(err)
	}
	sweep(t.Context(), base, slog.New(slog.DiscardHandler))
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("stat of the dead = %v; want that it is gone", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("stat of the fresh = %v; want that it is there", err)
	}
}
