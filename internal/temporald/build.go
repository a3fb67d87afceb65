package temporald

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/flowhq/flowhq/internal/dev/proc"
	"github.com/flowhq/flowhq/internal/gobuild"
)

// buildBytes is the disk space that the first build asks for: for modules, compiled
// packages, which Go keeps, and the program. A build that fills the disk would fail only
// after minutes.
const buildBytes = 3 << 30

// Build returns the program of dev/temporald in the checkout at root, building it the
// first time, which takes minutes; say is told how far it is. The program is kept in
// .dev/temporald-<hash>, by what it is built from. Of several processes that ask at
// once, one builds, and the others wait for it until their ctx ends. An error of the build names
// the ways to do without it.
func Build(
	ctx context.Context, root string, say func(format string, args ...any),
) (Program, error) {
	source := filepath.Join(root, "dev", "temporald")
	hash, err := sourceHash(source)
	if err != nil {
		return Program{}, err
	}
	dir := filepath.Join(root, ".dev")
	path := filepath.Join(dir, "temporald-"+hash)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Program{}, err
	}
	unlock, err := proc.Lock(ctx, filepath.Join(dir, "temporald.lock"), func() {
		say("waiting for another process, which builds the embedded Temporal server")
	})
	if err != nil {
		return Program{}, err
	}
	defer unlock()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		err = build(ctx, source, path, say)
		if err != nil {
			return Program{}, fmt.Errorf("build the embedded Temporal server: %w; "+
				"or install Temporal's command line tool, or set TEMPORAL_ADDRESS to a server", err)
		}
	}
	return probe(ctx, path)
}

// build makes the program, which appears under its name when it is complete,
// and removes those of older sources: each is a large file, and nobody would delete them by
// hand. A server that runs from one goes on, as its file only loses its name.
func build(
	ctx context.Context, source, path string, say func(format string, args ...any),
) error {
	if err := room(filepath.Dir(path)); err != nil {
		return err
	}
	older, err := filepath.Glob(filepath.Join(filepath.Dir(path), "temporald-*"))
	if err != nil {
		return err
	}
	draft := path + ".new"
	b := gobuild.Build{
		What: "building the embedded Temporal server, once",
		Dir:  source, Count: true,
		// Without the tables for debuggers it links faster, and is smaller. Compiling what
		// flowhq does not share takes a seventh less time without them. The rest must be
		// compiled with the same flags as flowhq, or it is not found in the cache.
		Flags: []string{
			"-gcflags=go.temporal.io/server/...=-dwarf=false", "-gcflags=modernc.org/...=-dwarf=false",
			"-ldflags=-s -w", "-buildvcs=false", "-o", draft,
		},
		Targets: []string{"."},
		// What is set for our own module must not reach this one: its versions are its own,
		// and flags such as -race or -mod=vendor do not fit it.
		Env: []string{"GOWORK=off", "GOFLAGS="},
	}
	if err := b.Run(ctx, say); err != nil {
		return err
	}
	for _, name := range older {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return os.Rename(draft, path)
}

// room returns an error of one sentence if the disk of dir has less than buildBytes left. It
// looks at what others than root may use (Bavail): the rest is kept back.
func room(dir string) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return fmt.Errorf("free space of %s: %w", dir, err)
	}
	if free := uint64(st.Bavail) * uint64(st.Bsize); free < buildBytes {
		return fmt.Errorf("the disk of %s has %d MB left and %d MB are needed: make room and try again",
			dir, free>>20, buildBytes>>20)
	}
	return nil
}

// sourceHash names what a program is built from: its files and the compiler. The compiler is
// taken to be that of this process, so that no go command has to run to find nothing to do.
func sourceHash(dir string) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version())
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { // by name
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		// With its length, so that what moves from one file to the next changes the sum.
		fmt.Fprintf(sum, "%s %d\n%s", path[len(dir):], len(data), data)
		return err
	})
	const letters = 12 // short enough to read, and no two sources will share them
	return hex.EncodeToString(sum.Sum(nil))[:letters], err
}
