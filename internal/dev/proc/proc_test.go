package proc

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asParent makes the test binary a program that starts a child, prints its
// process id and waits to be killed.
const asParent = "PROC_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(asParent) != "" {
		child, err := Start(exec.Command("sleep", "1000"), syscall.SIGKILL)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		// The thread that started the child must not end with its goroutine's work.
		for range 100 {
			go runtime.LockOSThread() // ends a thread each
		}
		fmt.Println(child.Pid())
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func start(t *testing.T, script string) (*Child, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	out, in, err := os.Pipe() // unlike cmd.StdoutPipe, it outlasts the child
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	cmd.Stdout = in
	c, err := Start(cmd, syscall.SIGKILL)
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Kill)
	return c, bufio.NewScanner(out)
}

// number reads the next line, a process id.
func number(t *testing.T, lines *bufio.Scanner) int {
	t.Helper()
	if !lines.Scan() {
		t.Fatal("no line; want a process id")
	}
	n, err := strconv.Atoi(strings.TrimSpace(lines.Text()))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// gone waits until there is no process pid, which nothing announces.
func gone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for alive(pid) {
		select {
		case <-deadline:
			t.Fatalf("process %d still runs", pid)
		case <-time.After(10 * time.Millisecond):
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

func TestErrTellsHowItEnded(t *testing.T) {
	if c, _ := start(t, "exit 0"); c.Err() != nil {
		t.Errorf("Err of exit 0 = %v; want nil", c.Err())
	}
	c, _ := start(t, "exit 3")
	if err := c.Err(); err == nil || err.Error() != "exit status 3" {
		t.Errorf("Err of exit 3 = %v; want exit status 3", err)
	}
	c.Kill() // harmless now
	if !c.Stop(syscall.SIGTERM, time.Second) {
		t.Error("Stop of an ended child = false; want true")
	}
}

func TestStopWaitsForAnOrderlyEnd(t *testing.T) {
	c, lines := start(t, `trap 'echo 2; exit 0' TERM; echo 1; while :; do sleep 0.01; done`)
	number(t, lines)
	if !c.Stop(syscall.SIGTERM, 10*time.Second) {
		t.Error("Stop = false; want that it obeyed")
	}
	if err := c.Err(); err != nil {
		t.Errorf("Err = %v; want nil", err)
	}
}

func TestStopKillsTheStubborn(t *testing.T) {
	c, lines := start(t, `trap '' TERM; sleep 1000 & echo $!; while :; do sleep 0.01; done`)
	grandchild := number(t, lines)
	if c.Stop(syscall.SIGTERM, 50*time.Millisecond) {
		t.Error("Stop = true; want that it had to be killed")
	}
	gone(t, grandchild)
}

func TestGrandchildrenEndWithTheChild(t *testing.T) {
	c, lines := start(t, `sleep 1000 >/dev/null & echo $!`)
	grandchild := number(t, lines)
	<-c.Done()
	gone(t, grandchild)
}

func TestStartReportsWhatCannotBeStarted(t *testing.T) {
	if _, err := Start(exec.Command("/nonexistent/program"), syscall.SIGKILL); err == nil {
		t.Error("Start = nil; want an error")
	}
}

// A lock that somebody else holds is waited for until the context ends, and is had once it is free.
func TestLockWaitsNoLongerThanItsContext(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(t.Context(), name, func() { t.Error("it waits for a free lock") })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Lock(ctx, name, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("a second Lock = %v; want the context's error", err)
	}
	second, err := Lock(t.Context(), name, unlock) // frees it, now that somebody waits
	if err != nil {
		t.Fatal(err)
	}
	second()
}
