// Package gobuild runs "go build" and says how far it is. A first build, on an
// empty cache, takes minutes, of which the go command says nothing.
//
// The package needs only the standard library, so that a program that uses it is
// itself built within two seconds.
package gobuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/flowhq/flowhq/internal/dev/proc"
)

// errorBytes bounds what an error repeats of the go command's output. The first
// error of a compiler fits; the rest is mostly its consequences.
const errorBytes = 800

// A Build is one run of "go build".
type Build struct {
	What string // how messages call the programs that are built
	// Dir is a folder of the module; "" is that of this process.
	Dir     string
	Flags   []string // of "go build"; not of the "go list" that counts
	Targets []string // the packages
	// Env are variables beside those of this process. Of two of one name, that in Env wins.
	Env []string
	// Count lists the packages to do before the build, which costs a second. Worth it
	// for programs that were never built here: their packages are rarely cached.
	Count bool
}

// Run builds, and tells say how far it is: the first time after half a second. When
// ctx ends, the go command is killed with the compilers that it started. The error
// holds the beginning of what a compiler complained of.
func (b Build) Run(ctx context.Context, say func(format string, args ...any)) error {
	// A program may outlive the toolchain that built it: in a container, for instance.
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("there is no Go toolchain in the PATH")
	}
	p := &progress{}
	stop := p.show(b.What, say)
	defer stop()
	if b.Count {
		if err := b.count(ctx, p); err != nil {
			return err
		}
	}
	p.begin()
	args := append(append([]string{"build", "-v"}, b.Flags...), b.Targets...)
	complaints, err := b.goCommand(ctx, p, io.Discard, args)
	return failure(ctx, err, complaints)
}

// count finds out how many packages are not in the build cache. It fetches the
// modules that are missing, which takes most of its time. Nothing is compiled yet, so an
// error, such as a module that cannot be fetched, is one that the build would meet as well.
func (b Build) count(ctx context.Context, p *progress) error {
	// A package is stale when it is not in the cache, or depends on one that is not.
	// "unsafe" always is, though there is nothing to compile.
	const list = `{{if and .Stale (ne .ImportPath "unsafe")}}{{.ImportPath}}{{end}}`
	out := &lines{each: func(string) { p.add(&p.todo) }}
	args := append([]string{"list", "-deps", "-f", list}, b.Targets...)
	complaints, err := b.goCommand(ctx, p, out, args)
	return failure(ctx, err, complaints)
}

// goCommand runs the go command and returns what it complained of. What it says of
// its progress goes to p: "go build -v" prints a package when its turn comes.
func (b Build) goCommand(
	ctx context.Context, p *progress, stdout io.Writer, args []string,
) (string, error) {
	var complaints strings.Builder
	// The go command writes progress and errors to one stream, so they are told apart by
	// how they look.
	heard := &lines{each: func(line string) {
		switch {
		case strings.HasPrefix(line, "go: downloading "):
			p.add(&p.fetched)
		case strings.ContainsAny(line, " \t"): // no import path has one
			fmt.Fprintln(&complaints, line)
		default:
			p.add(&p.done)
		}
	}}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = b.Dir, stdout, heard
	cmd.Env = append(os.Environ(), b.Env...)
	// The compilers are in the go command's process group. Left alone, they would go on
	// for minutes after a Ctrl-C.
	child, err := proc.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return "", err
	}
	select {
	case <-ctx.Done():
		child.Kill()
		return "", ctx.Err()
	case <-child.Done():
	}
	return complaints.String(), child.Err()
}

// failure makes an error of one that the go command ended with. That of ctx stays as it is:
// the caller ended the build, and what a killed compiler said is of no use. A full disk is
// said in one sentence, which is more than the beginning of the output may show.
func failure(ctx context.Context, err error, complaints string) error {
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case strings.Contains(complaints, "no space left on device"):
		return errors.New("the disk is full: make room and try again")
	}
	complaints = strings.TrimSpace(complaints)
	return fmt.Errorf("go build: %w: %s", err, complaints[:min(len(complaints), errorBytes)])
}

// lines is a writer that hands on whole lines, without the spaces around them; empty ones are
// left out. It is written to by one goroutine, that of os/exec.
type lines struct {
	each func(string)
	rest []byte // the beginning of a line whose end was not written yet
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	// A pipe delivers what fits, not lines: a package's name may come in two pieces.
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.rest = rest
		if text := strings.TrimSpace(string(line)); text != "" {
			l.each(text)
		}
	}
}
