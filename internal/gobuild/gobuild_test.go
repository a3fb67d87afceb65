package gobuild

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// module makes a module of a program and a package that it imports.
func module(t *testing.T, body string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module example.com/m\n\ngo 1.26\n",
		"main.go":   "package main\n\nimport \"example.com/m/part\"\n\nfunc main() { part.F() }\n",
		"part/p.go": "package part\n\n// " + dir + "\n\n" + body + "\n", // the folder's name: nothing is cached
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRunBuilds(t *testing.T) {
	t.Parallel()
	dir := module(t, "func F() {}")
	b := Build{What: "building m", Dir: dir, Flags: []string{"-o", "out"}, Targets: []string{"."},
		Count: true}
	if err := b.Run(t.Context(), func(string, ...any) {}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); err != nil {
		t.Error(err)
	}
}

func TestCountsWhatIsNotCached(t *testing.T) {
	t.Parallel()
	b, p := Build{Dir: module(t, "func F() {}"), Targets: []string{"."}}, &progress{}
	if err := b.count(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if p.todo < 2 {
		t.Errorf("%d packages are to do; want the two of the module at least", p.todo)
	}
}

func TestAnErrorSaysWhatTheCompilerSaid(t *testing.T) {
	t.Parallel()
	b := Build{Dir: module(t, "func F() { nothing() }"), Flags: []string{"-o", "out"}, Targets: []string{"."}}
	err := b.Run(t.Context(), func(string, ...any) {})
	if err == nil || !strings.Contains(err.Error(), "undefined: nothing") {
		t.Errorf("Run = %v; want the compiler's words", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := Build{Dir: module(t, "func F() {}"), Targets: []string{"."}}
	if err := b.Run(ctx, func(string, ...any) {}); err != context.Canceled {
		t.Errorf("Run = %v; want that it was cancelled", err)
	}
}

func TestProgressIsToldApart(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]*progress{
		"looking what there is to do":  {},
		"fetching modules, 3 so far":   {fetched: 3},
		"compiling, 2 packages":        {fetched: 3, building: true, done: 2},
		"compiling, 2 of 9 packages":   {building: true, todo: 9, done: 2},
		"compiling, 11 of 11 packages": {building: true, todo: 9, done: 11},
	} {
		if got := p.String(); got != want {
			t.Errorf("%+v: %q; want %q", p, got, want)
		}
	}
}

// What takes half a second is mentioned, from then on.
func TestShowBreaksTheSilence(t *testing.T) {
	t.Parallel()
	said := make(chan string, 1)
	var once sync.Once
	stop := (&progress{done: 4}).show("building m", func(format string, args ...any) {
		once.Do(func() { said <- fmt.Sprintf(format, args...) })
	})
	defer stop()
	select {
	case line := <-said:
		if !strings.HasPrefix(line, "building m: compiling, 4 packages (") {
			t.Errorf("said %q", line)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing was said")
	}
}

func TestLinesAreWhole(t *testing.T) {
	t.Parallel()
	var got []string
	l := &lines{each: func(line string) { got = append(got, line) }}
	for _, part := range []string{"go: down", "loading a v1\n\nfm", "t\n", "rest"} {
		if _, err := l.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if want := "go: downloading a v1|fmt"; strings.Join(got, "|") != want {
		t.Errorf("lines %q; want %q", got, want)
	}
}
