package workerlock

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const childVariable = "WORKERLOCK_TEST_DIR"

// TestMain is also the process whose end is to be proven.
func TestMain(m *testing.M) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	l, err := Open(dir)
	if err == nil {
		err = l.SetName(fmt.Sprint("child-", os.Getpid()))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	// Not select {}: a process whose goroutines all wait for nothing ends as deadlocked.
	<-time.After(time.Hour)
	runtime.KeepAlive(l) // the garbage collector would close its file, and so give up the lock
}

// child runs a process that has a place in dir.
func child(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the child did not start: %v", err)
	}
	return cmd, fmt.Sprint("child-", cmd.Process.Pid)
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // may have ended
	_ = cmd.Wait()
}

func ended(t *testing.T, l *Lock, want ...string) {
	t.Helper()
	got, err := l.Ended()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ended (-want +got):\n%s", diff)
	}
}

// A worker that was killed has ended, one that stands still has not, and its place is
// nobody else's.
func TestOnlyAProcessThatIsNoMoreHasEnded(t *testing.T) {
	dir := t.TempDir()
	killed, first := child(t, dir)
	frozen, _ := child(t, dir)
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.SetName("me"); err != nil {
		t.Fatal(err)
	}
	ended(t, l)
	if err := frozen.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	kill(killed)
	ended(t, l, first)
	ended(t, l, first) // until it is forgotten
	if err := l.Forget(first); err != nil {
		t.Fatal(err)
	}
	ended(t, l)
	if err := frozen.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	ended(t, l)
}

// The successor finds its predecessor in the place that it takes over, and all others
// of the folder that have ended with it.
func TestTheSuccessorFindsItsPredecessors(t *testing.T) {
	dir := t.TempDir()
	one, first := child(t, dir)
	two, second := child(t, dir)
	kill(one)
	kill(two)
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{first, second}
	if second < first {
		want = []string{second, first}
	}
	ended(t, l, want...)
	// A second one that starts meanwhile takes another place, and leaves them alone.
	other, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ended(t, other)
	for _, name := range want {
		if err := l.Forget(name); err != nil {
			t.Fatal(err)
		}
	}
	ended(t, l)
	if err := l.SetName("me"); err != nil {
		t.Fatal(err)
	}
	ended(t, other)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	ended(t, l) // it ended in order, and had no name
}

// A worker that dies before it has forgotten its predecessor leaves that to its own
// successor; one that ends in order leaves nothing.
func TestNamesOutliveWhoDidNotForgetThem(t *testing.T) {
	dir := t.TempDir()
	one, first := child(t, dir)
	kill(one)
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ended(t, l, first)
	if err := l.own.Close(); err != nil { // as the kernel does
		t.Fatal(err)
	}
	if l, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	ended(t, l, first)
	if err := l.Close(); err != nil { // it could not start
		t.Fatal(err)
	}
	if l, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	ended(t, l, first)
	if err := l.Forget(first); err != nil {
		t.Fatal(err)
	}
	if err := l.SetName("me"); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	ended(t, l)
}

// A folder per container proves nothing about the others.
func TestAnotherFolderProvesNothing(t *testing.T) {
	one, _ := child(t, t.TempDir())
	kill(one)
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended(t, l)
}

// What another kernel's worker has left proves nothing, as it may live with locks of its
// own on the same files, or on those that these are a copy of. Nor does a torn name.
func TestAnotherKernelProvesNothing(t *testing.T) {
	dir := t.TempDir()
	there, err := openAs(dir, "another-kernel")
	if err != nil {
		t.Fatal(err)
	}
	if err := there.SetName("elsewhere"); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(there.own.Name())
	if err != nil {
		t.Fatal(err)
	}
	if err := there.own.Close(); err != nil { // no lock of it is seen here
		t.Fatal(err)
	}
	for path, content := range map[string]string{
		"worker-2.lock": string(written), "worker-3.lock": "old\n", "worker-4.lock": "torn",
		"worker-5.lock": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended(t, l)
	if err := l.SetName("me"); err != nil {
		t.Fatal(err)
	}
	if err := l.own.Close(); err != nil { // as the kernel does
		t.Fatal(err)
	}
	if there, err = openAs(dir, "another-kernel"); err != nil {
		t.Fatal(err)
	}
	ended(t, there, "elsewhere") // the copy, which is of a worker of its own
}

// A place that cannot be used keeps no worker from starting, nor from learning of others.
func TestAPlaceThatCannotBeUsedIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "worker-1.lock"), 0o700); err != nil { // whoever runs this
		t.Fatal(err)
	}
	one, first := child(t, dir)
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	kill(one)
	names, err := l.Ended()
	if err == nil {
		t.Error("a place that cannot be read is not told of")
	}
	if diff := cmp.Diff([]string{first}, names); diff != "" {
		t.Errorf("ended (-want +got):\n%s", diff)
	}
}

// Without a place to be had the error says why.
func TestNoPlace(t *testing.T) {
	dir := t.TempDir()
	for n := range maxFiles {
		if err := os.Mkdir(filepath.Join(dir, fmt.Sprintf("worker-%d.lock", n+1)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(dir); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("Open = %v; want it to name the cause", err)
	}
}

// A name that was not forgotten is gone for good once the place has another one.
func TestASecondNameReplacesTheFirst(t *testing.T) {
	dir := t.TempDir()
	one, first := child(t, dir)
	kill(one)
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended(t, l, first)
	if err := l.SetName("me"); err != nil {
		t.Fatal(err)
	}
	ended(t, l)
}
