package dev

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A scratch is a console's writer that a test can read while it is written to.
type scratch struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *scratch) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *scratch) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// A bench is a supervisor to run services on, and what it printed.
type bench struct {
	*supervisor
	t       *testing.T
	printed *scratch
	console *console
	hurry   chan struct{}
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, printed: &scratch{}, hurry: make(chan struct{})}
	b.console = &console{w: b.printed}
	b.console.verbose.Store(true)
	b.supervisor = newSupervisor(t.Context(), b.console, b.hurry)
	t.Cleanup(b.stop)
	return b
}

// shell keeps a shell script running.
func (b *bench) shell(script string) *service {
	return b.start(&service{
		name: "example", args: []string{"sh", "-c", script}, grace: 100 * time.Millisecond, env: os.Environ(),
		out: newOutput("example", filepath.Join(b.t.TempDir(), "example.log"), b.console),
	})
}

// shows waits until text has been printed times times.
func (b *bench) shows(text string, times int) {
	b.t.Helper()
	eventually(b.t, func() bool { return strings.Count(b.printed.String(), text) >= times })
}

// eventually polls until ok, which nothing announces.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := poll(ctx, func() error {
		if !ok() {
			return errNotYet
		}
		return nil
	})
	if err != nil {
		t.Fatalf("waited in vain: %v", err)
	}
}

func TestServiceIsStartedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.shell("echo hello; read nothing")
	if err := p.markReady(); err != nil {
		t.Fatal(err)
	}
	b.shows("example   | hello", 2)
	b.shows("example ended by itself (exit status 1); it starts again in 1s", 1)
}

func TestServiceThatNeverWorkedIsNot(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.shell("echo one; echo the reason; exit 1")
	err := p.awaitReady(t.Context(), time.Minute, func(context.Context) error { return errNotYet })
	if err == nil || err.Error() != "example could not start: the reason" {
		t.Errorf("awaitReady = %v; want the last line it printed", err)
	}
	if err := p.markReady(); err == nil {
		t.Error("markReady = nil; want that it has ended")
	}
}

func TestAwaitReadyGivesUp(t *testing.T) {
	t.Parallel()
	p := newBench(t).shell("sleep 1000")
	cold := errors.New("still cold")
	err := p.awaitReady(t.Context(), 100*time.Millisecond, func(context.Context) error { return cold })
	if !errors.Is(err, cold) {
		t.Errorf("awaitReady = %v; want the last answer", err)
	}
}

func TestStopEndsAllServices(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var pids []int
	for _, script := range []string{
		"echo up; sleep 1000",
		"trap '' TERM; echo up; sleep 1000 & while :; do sleep 0.1; done", // does not obey, and has a child
		"echo up; exit 1", // waits to be started again
	} {
		p := b.shell(script)
		_ = p.markReady()
		eventually(t, func() bool { return p.pid.Load() != 0 || p.out.lastLine() != "" })
		pids = append(pids, int(p.pid.Load()))
	}
	b.shows("up", len(pids))
	began := time.Now()
	b.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stop took %v; want little more than the grace of 100ms", took)
	}
	for _, pid := range pids {
		if name, _ := stat(pid); pid != 0 && name != "" {
			t.Errorf("process %d, %s, still runs", pid, name)
		}
	}
}

func TestHurryCutsGracesShort(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.start(&service{
		name: "stubborn", grace: time.Hour, env: os.Environ(),
		args: []string{"sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"},
		out:  newOutput("stubborn", filepath.Join(t.TempDir(), "stubborn.log"), b.console),
	})
	b.shows("up", 1)
	close(b.hurry)
	b.stop()
	if p.pid.Load() != 0 {
		t.Error("it still runs")
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	var printed scratch
	c := &console{w: &printed}
	file := filepath.Join(t.TempDir(), "service.log")
	o := newOutput("service", file, c)
	write := func(text string) {
		if _, err := io.WriteString(o, text); err != nil {
			t.Fatal(err)
		}
	}
	write("12:00 INF kept to it")
	write("self\n12:01 WRN that is bad\n")
	c.verbose.Store(true)
	write("12:02 INF chat\n\n" + strings.Repeat("x", 2*maxLine))
	o.close()

	shown := strings.Split(printed.String(), "\n")
	if want := []string{"service   | 12:01 WRN that is bad",
		"service   | 12:02 INF chat"}; len(shown) < 2 || shown[0] != want[0] || shown[1] != want[1] {
		t.Errorf("shown = %.80q…; want %q first", shown, want)
	}
	if len(o.lastLine()) != maxLine {
		t.Errorf("a line of %d bytes was kept; want %d", len(o.lastLine()), maxLine)
	}
	kept, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(kept), "12:00 INF kept to itself\n12:01") {
		t.Errorf("the file holds %.80q…, %v; want everything", kept, err)
	}
}

func TestDuringSaysWhatTakesLong(t *testing.T) {
	t.Parallel()
	var printed scratch
	c := &console{w: &printed}
	if err := c.during("a moment", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	err := c.during("digging", func() error {
		eventually(t, func() bool { return strings.Contains(printed.String(), "digging") })
		return errNotYet
	})
	if !errors.Is(err, errNotYet) {
		t.Errorf("during = %v; want what the work returned", err)
	}
	if got := printed.String(); got != "digging: 2s\n" {
		t.Errorf("printed %q; want one line, after two seconds", got)
	}
}
