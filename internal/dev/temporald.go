package dev

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/flowhq/flowhq/internal/dev/proc"
)

// buildBytes is the disk space that the first build takes, mostly for modules
// and compiled packages that Go keeps.
const buildBytes = 4 << 30

// Temporald returns the path of the embedded Temporal server, building it the
// first time, which takes minutes; say is told so. The program is kept in
// .dev/temporald-<hash>, by what it is built from. Of several processes that ask
// at once, one builds.
func Temporald(ctx context.Context, say func(format string, args ...any)) (string, error) {
	root, err := findCheckout()
	if err != nil {
		return "", err
	}
	return buildTemporald(ctx, root, &console{w: sayer(say)})
}

// sayer is a writer of whole lines.
type sayer func(format string, args ...any)

func (s sayer) Write(p []byte) (int, error) {
	s("%s", bytes.TrimRight(p, "\n"))
	return len(p), nil
}

func buildTemporald(ctx context.Context, root string, out *console) (string, error) {
	source := filepath.Join(root, "dev", "temporald")
	hash, err := sourceHash(source)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, ".dev")
	program := filepath.Join(dir, "temporald-"+hash)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	err = out.during("building the embedded Temporal server, once", func() error {
		unlock, err := proc.Lock(filepath.Join(dir, "temporald.lock"))
		if err != nil {
			return err
		}
		defer unlock()
		if _, err := os.Stat(program); err == nil {
			return nil // somebody else has built it meanwhile
		}
		return build(ctx, source, program)
	})
	return program, err
}

// build makes the program, which appears under its name when it is complete,
// and removes those of older sources.
func build(ctx context.Context, source, program string) error {
	if err := checkFreeSpace(filepath.Dir(program), buildBytes); err != nil {
		return err
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		return errors.New("the embedded Temporal server must be built once, and there is no Go toolchain in the PATH: install Go, or set TEMPORAL_ADDRESS to a Temporal server")
	}
	older, err := filepath.Glob(filepath.Join(filepath.Dir(program), "temporald-*"))
	if err != nil {
		return err
	}
	draft := program + ".new"
	cmd := exec.Command(tool, "build", "-ldflags=-s -w", "-o", draft, ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if err := runQuietly(ctx, cmd); err != nil {
		return fmt.Errorf("build the embedded Temporal server: %w", err)
	}
	for _, name := range older {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return os.Rename(draft, program)
}

// runQuietly runs cmd to its end; its output is in the error only.
func runQuietly(ctx context.Context, cmd *exec.Cmd) error {
	const enough = 800 // bytes of output in an error
	out, err := proc.Run(ctx, cmd)
	if err == nil || ctx.Err() != nil {
		return err
	}
	text := strings.TrimSpace(string(out))
	if strings.Contains(text, "no space left on device") {
		return errors.New("the disk is full: make room and try again")
	}
	return fmt.Errorf("%w: %s", err, text[max(0, len(text)-enough):])
}

// sourceHash names what a program is built from: its files and the compiler.
func sourceHash(dir string) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version())
	entries, err := os.ReadDir(dir) // in the order of their names
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", e.Name(), len(data), data)
	}
	const letters = 12
	return hex.EncodeToString(sum.Sum(nil))[:letters], nil
}

var serverVersion = regexp.MustCompile(`(?m)^\s*go\.temporal\.io/server v(\S+)`)

// temporalVersion returns the version of the embedded server. Its files are
// never migrated, so it is part of their name.
func temporalVersion(root string) (string, error) {
	data, err := os.ReadFile(filepath.Join(root, "dev", "temporald", "go.mod"))
	if err != nil {
		return "", err
	}
	m := serverVersion.FindSubmatch(data)
	if m == nil {
		return "", errors.New("dev/temporald/go.mod names no go.temporal.io/server")
	}
	return string(m[1]), nil
}
