package dev

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowhq/flowhq/internal/dev/proc"
	"github.com/flowhq/flowhq/internal/temporald"
)

// program returns the path of flowhq-dev, which has the program flowhq beside it, built
// for the tests that run it unless testenv says where it is.
var program = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("FLOWHQ_DEV_BIN"); path != "" {
		return path, nil
	}
	dir, err := os.MkdirTemp("", "flowhq-test-")
	if err != nil {
		return "", err
	}
	built = dir
	out, err := exec.Command("go", "build", "-o", dir, "../../cmd/flowhq",
		"../../cmd/flowhq-dev").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return filepath.Join(dir, "flowhq-dev"), err
})

var built string // folder of the programs, if these tests built it

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(built)
	os.Exit(code)
}

// A run is the program, running.
type run struct {
	t     *testing.T
	child *proc.Child
	out   *scratch
}

// temporalProgram returns the embedded server, as tests of every package find it.
func temporalProgram(t *testing.T) string {
	t.Helper()
	if path := os.Getenv(temporald.Variable); path != "" {
		return path
	}
	root, err := findCheckout()
	if err != nil {
		t.Fatal(err)
	}
	p, err := temporald.Build(t.Context(), root, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return p.Path
}

// start runs a command of the program in dir.
func start(t *testing.T, dir string, vars []string, args ...string) *run {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	r := &run{t: t, out: &scratch{}}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), temporald.Variable+"="+temporalProgram(t))
	cmd.Env = append(cmd.Env, vars...)
	cmd.Stdout, cmd.Stderr = r.out, r.out
	if r.child, err = proc.Start(cmd, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.child.Kill()
		if t.Failed() {
			t.Logf("--- flowhq-dev %s\n%s", strings.Join(args, " "), r.out)
		}
	})
	return r
}

// says waits until the program has printed text.
func (r *run) says(text string, within time.Duration) {
	r.t.Helper()
	deadline := time.After(within)
	for !strings.Contains(r.out.String(), text) {
		select {
		case <-r.child.Done():
			r.t.Fatalf("it ended (%v) before it said %q", r.child.Err(), text)
		case <-deadline:
			r.t.Fatalf("it has not said %q within %v", text, within)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// descendants returns the processes that pid started, and those that they did.
func descendants(pid int) (list []int) {
	for _, child := range children(pid) {
		list = append(append(list, child), descendants(child)...)
	}
	return list
}

// gone waits until none of pids runs any more.
func gone(t *testing.T, pids []int, within time.Duration) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		left := slices.DeleteFunc(slices.Clone(pids), func(pid int) bool { return !running(pid) })
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			for _, pid := range left {
				name, parent := stat(pid)
				t.Errorf("process %d, %s, child of %d, still runs", pid, name, parent)
			}
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}

// running reports whether pid runs; waiting to be reaped is not running.
func running(pid int) bool {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(data), ") Z ")
}

func TestTestEnvPassesThingsOn(t *testing.T) {
	t.Parallel()
	r := start(t, ".", []string{"TEST_DATABASE_URL="}, "testenv", "--",
		"sh", "-c", `echo "$TEST_DATABASE_URL"; test -x "$TEMPORALD" && test -x "$FLOWHQ_BIN" && test -x "$FLOWHQ_DEV_BIN" && exit 7`)
	if err := r.child.Err(); err == nil || err.Error() != "exit status 7" {
		t.Errorf("testenv ended with %v; want the command's exit status 7", err)
	}
	if !strings.HasPrefix(r.out.String(), "postgres://flowhq:") {
		t.Errorf("the command saw %q; want the URL of a throw-away database", r.out)
	}
}

func TestTestEnvSaysWhatCannotBeRun(t *testing.T) {
	t.Parallel()
	r := start(t, ".", []string{"TEST_DATABASE_URL=mine"}, "testenv", "--", "/nonexistent/program")
	if err := r.child.Err(); err == nil || err.Error() != "exit status 1" {
		t.Errorf("testenv ended with %v; want exit status 1", err)
	}
	r.says("no such file", time.Second)
}

// However a run of tests ends, nothing that it started may be left.
func TestTestEnvLeavesNothing(t *testing.T) {
	t.Parallel()
	const script = `setsid sleep 1000 & (sleep 1000 &) ; trap '' INT; echo up; `
	for name, tt := range map[string]struct {
		then   string
		signal syscall.Signal // 0 lets it end by itself
	}{
		"ends":        {"exit 0", 0},
		"interrupted": {"sleep 1000", syscall.SIGINT},
		"terminated":  {"sleep 1000", syscall.SIGTERM},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, ".", []string{"TEST_DATABASE_URL="}, "testenv", "--", "sh", "-c",
				script+"sleep 1; "+tt.then)
			r.says("up", time.Minute)
			pids := descendants(r.child.Pid())
			if len(pids) < 3 {
				t.Fatalf("descendants = %v; want the command, what it left, and the database", pids)
			}
			if tt.signal != 0 {
				r.child.Signal(tt.signal)
			}
			<-r.child.Done()
			gone(t, pids, time.Second)
		})
	}
}
