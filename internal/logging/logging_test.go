package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

const (
	alice flowhq.TenantID = "aaaaaaaa-0000-4000-8000-000000000001"
	bob   flowhq.TenantID = "bbbbbbbb-0000-4000-8000-000000000002"
)

// lines returns the msg of every line of a tenant's file, "" if there is no file.
func lines(t *testing.T, dir string, id flowhq.TenantID) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, string(id)+".log"))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	var msgs []string
	for line := range strings.Lines(string(text)) {
		var r struct{ Msg string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		msgs = append(msgs, r.Msg)
	}
	return strings.Join(msgs, " ")
}

func TestRouting(t *testing.T) {
	dir := t.TempDir()
	var console bytes.Buffer
	log, closer, err := New(&console, dir, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("plain")
	log.Info("record", "tenant", string(alice))
	log.Info("typed", "tenant", alice)
	log.With("tenant", alice).With("x", 1).Info("with")
	log.With("tenant", alice).Info("overridden", "tenant", bob)
	log.With("tenant", alice).WithGroup("g").Info("then-grouped", "tenant", bob)
	log.WithGroup("g").Info("grouped", "tenant", bob)
	log.WithGroup("g").With("tenant", bob).Info("grouped-with")
	log.WithGroup("").Info("empty-group", "tenant", bob)
	log.Info("escape", "tenant", "../../etc/passwd")
	log.Info("upper", "tenant", strings.ToUpper(string(alice)))
	log.Info("number", "tenant", 7)
	log.Debug("quiet", "tenant", alice)
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	log.Info("late", "tenant", alice)
	if err := closer.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}

	if diff := cmp.Diff("record typed with then-grouped", lines(t, dir, alice)); diff != "" {
		t.Errorf("alice's file (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("overridden empty-group", lines(t, dir, bob)); diff != "" {
		t.Errorf("bob's file (-want +got):\n%s", diff)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 2 {
		t.Errorf("folder holds %v, %v; want the two files", names, err)
	}
	if got, want := strings.Count(console.String(), "\n"), 13; got != want {
		t.Errorf("console has %d lines; want %d:\n%s", got, want, console.String())
	}
	if strings.Contains(console.String(), "\x1b") {
		t.Errorf("console output that is no terminal is coloured: %q", console.String())
	}
}

func TestConsoleOnly(t *testing.T) {
	var console bytes.Buffer
	log, closer, err := New(&console, "", slog.LevelDebug)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	log.Debug("hello", "tenant", alice)
	if got := console.String(); !strings.Contains(got, "hello tenant="+string(alice)) {
		t.Errorf("console = %q", got)
	}
}

func TestBadFolder(t *testing.T) {
	taken := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := New(io.Discard, taken, slog.LevelInfo)
	if err == nil || !strings.HasPrefix(err.Error(), "LOGS_PATH: log folder "+taken) {
		t.Errorf("New with a file as folder: %v; want an error that names the setting and it", err)
	}
}

// TestFailureIsReported removes the folder under the logger and puts a file in
// its place, which not even root can write through.
func TestFailureIsReported(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	var console bytes.Buffer
	log, closer, err := New(&console, dir, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	log.Info("one", "tenant", alice)
	log.Info("two", "tenant", alice)
	if got := strings.Count(console.String(), "tenant log file not written"); got != 1 {
		t.Errorf("the failure was reported %d times; want once:\n%s", got, console.String())
	}
}

// TestManyTenants writes for more tenants than files may be open, from several
// goroutines: nothing is lost or misplaced, and no goroutine is left behind.
func TestManyTenants(t *testing.T) {
	const tenants, writers, each, open = 20, 4, 50, 3
	dir := t.TempDir()
	f := newFiles(dir, open, 1)
	h := newTee(slog.DiscardHandler, f, slog.LevelInfo)
	before := runtime.NumGoroutine()

	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each * tenants {
				id := flowhq.TenantID(fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", (i+w)%tenants))
				r := slog.Record{Level: slog.LevelInfo, Message: string(id)}
				r.AddAttrs(slog.Any(TenantKey, id))
				if err := h.Handle(t.Context(), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := f.recent.Len(); got > open {
		t.Errorf("%d files are open; want at most %d", got, open)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range tenants {
		id := flowhq.TenantID(fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", i))
		want := strings.TrimSpace(strings.Repeat(string(id)+" ", writers*each))
		if got := lines(t, dir, id); got != want {
			t.Errorf("file of %s has %d lines; want %d, all its own", id, len(strings.Fields(got)),
				writers*each)
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	f := newFiles(dir, 1, 1)
	line := append(bytes.Repeat([]byte("x"), 64<<10-1), '\n')
	f.current = alice
	const megabytes = 7
	for range megabytes << 20 / len(line) {
		// Old files are told apart by the millisecond, and counted by it.
		for last := time.Now().UnixMilli(); time.Now().UnixMilli() == last; {
		}
		if _, err := f.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil { // waits for the removal of old files
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(found) != 1+maxOldFiles {
		t.Errorf("folder holds %v, %v; want the file and %d old ones", found, err, maxOldFiles)
	}
	for _, name := range found {
		if s, err := os.Stat(name); err != nil || s.Size() > 1<<20 {
			t.Errorf("%s: %v, %v; want at most 1 MiB", name, s.Size(), err)
		}
	}
}

// TestOldFilesAreDeleted: what belongs to a tenant that has fallen silent goes, and
// nothing else does.
func TestOldFilesAreDeleted(t *testing.T) {
	dir := t.TempDir()
	f := newFiles(dir, 2, 1)
	f.current = bob
	write := func(line string) {
		t.Helper()
		if _, err := f.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	names := func() (names []string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	age := func(name string, age time.Duration) {
		t.Helper()
		at := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("first\n")
	ages := map[string]time.Duration{
		string(alice) + ".log":                              maxFileAge + time.Hour,
		string(alice) + "-2026-01-02T03-04-05.678-size.log": maxFileAge + time.Hour,
		string(alice) + "-2026-02-02T03-04-05.678-size.log": maxFileAge - time.Hour,
		string(alice) + ".log.gz":                           maxFileAge + time.Hour, // not ours
		"notes.log":                                         maxFileAge + time.Hour,
	}
	for name, d := range ages {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		age(name, d)
	}
	write("on the same day\n")
	if got := names(); len(got) != 1+len(ages) {
		t.Errorf("on the same day the folder holds %v; want all %d", got, 1+len(ages))
	}
	age(string(bob)+".log", 2*maxFileAge) // though it is open
	f.swept = f.swept.Add(-sweepEvery)
	write("a day later\n")
	want := []string{
		string(alice) + "-2026-02-02T03-04-05.678-size.log", string(alice) + ".log.gz",
		string(bob) + ".log", "notes.log",
	}
	if diff := cmp.Diff(want, names()); diff != "" {
		t.Errorf("a day later (-want +got):\n%s", diff)
	}
	text, err := os.ReadFile(filepath.Join(dir, string(bob)+".log"))
	if err != nil || string(text) != "a day later\n" {
		t.Errorf("bob's file holds %q, %v; want the new line, in a new file", text, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
