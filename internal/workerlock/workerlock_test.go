package workerlock

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

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
	select {}
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
