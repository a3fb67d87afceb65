// Package temporald provides the Temporal server that development and tests run
// on: a "temporal" command line tool that is installed and new enough, or the
// program of dev/temporald, which is built from source once.
//
// Both take the same commands. What they differ in is here, and so is what a
// namespace needs before Flow HQ can use it.
package temporald

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq/internal/dev/proc"
	"github.com/flowhq/flowhq/internal/searchattributes"
)

// Variable is the environment variable that chooses the program: Embedded, the path
// or name of a program, or nothing to let [Find] choose.
const Variable = "TEMPORALD"

// Embedded is the value of [Variable] for the program of dev/temporald.
const Embedded = "embedded"

// oldest is the first server with worker commands, by which a session that is
// stopped hears of it at once. An older one tells it with its next heartbeat, which
// takes seconds longer than our documents promise.
var oldest = []int{1, 32, 0}

// probeTimeout bounds "temporal --version". The tool is some 200 MB, which a cold disk
// takes a while to read.
const probeTimeout = 20 * time.Second

// A Program is an executable that serves Temporal.
type Program struct {
	Path string // of the executable
	// Version is that of the server inside, which is not the command line tool's own.
	Version string
	// CLI reports whether this is Temporal's command line tool, which lacks some flags
	// of ours and has nothing of Flow HQ built in.
	CLI bool
}

// Find returns the program that choice, the value of [Variable], stands for. For an
// empty choice that is "temporal" in the PATH if it is new enough, and else the
// program of dev/temporald in the checkout at root, which is built if need be.
func Find(
	ctx context.Context, root, choice string, say func(format string, args ...any),
) (Program, error) {
	switch choice {
	case "":
		if p, err := installed(ctx); err == nil {
			say("Temporal: %s, server %s (TEMPORALD=embedded builds our own)", p.Path, p.Version)
			return p, nil
		} else if !errors.Is(err, exec.ErrNotFound) {
			say("Temporal: our own, because %v", err)
		}
		return Build(ctx, root, say)
	case Embedded:
		return Build(ctx, root, say)
	}
	// Who names a program gets it, however old it is, or an error: never another one.
	path, err := exec.LookPath(choice)
	if err != nil {
		return Program{}, fmt.Errorf("%s=%s: %w", Variable, choice, err)
	}
	p, err := probe(ctx, path)
	if err != nil {
		return Program{}, fmt.Errorf("%s=%s: %w", Variable, choice, err)
	}
	return p, nil
}

// installed returns the command line tool of this machine, or why it is not used.
func installed(ctx context.Context) (Program, error) {
	path, err := exec.LookPath("temporal")
	if err != nil {
		return Program{}, err
	}
	p, err := probe(ctx, path)
	if err != nil {
		return Program{}, err
	}
	// Compared as numbers: as text, 1.100 would be older than 1.32.
	if slices.Compare(numbers(p.Version), oldest) < 0 {
		return Program{}, fmt.Errorf("%s holds server %s, and it takes %s", path, p.Version, dotted(oldest))
	}
	return p, nil
}

// versionLine is what "temporal --version" prints, such as
// "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)", and dev/temporald likewise.
var versionLine = regexp.MustCompile(`^(temporald?) version .*\(Server (\d+\.\d+\.\d+)`)

// probe asks a program what it is. A program that prints something else is refused here, with
// its path, instead of failing later for a flag that it does not know.
func probe(ctx context.Context, path string) (Program, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	out, err := proc.Run(ctx, exec.Command(path, "--version"))
	if err != nil {
		return Program{}, fmt.Errorf("%s --version: %w", path, err)
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return Program{}, fmt.Errorf("%s --version does not name a Temporal server", path)
	}
	return Program{Path: path, Version: string(m[2]), CLI: string(m[1]) == "temporal"}, nil
}

// numbers splits a version that versionLine has matched.
func numbers(version string) []int {
	var n []int
	for part := range strings.SplitSeq(version, ".") {
		i, _ := strconv.Atoi(part) // digits only
		n = append(n, i)
	}
	return n
}

// dotted is the opposite of numbers.
func dotted(n []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(n), " ", "."), "[]")
}

// A Server says how to run a program.
type Server struct {
	// Addr and UI are host:port of the server and of the Web UI. Both listen on Addr's host;
	// of UI only the port is used.
	Addr, UI  string
	Namespace string
	Dir       string // holds what the server keeps
	// Codec is the URL below which the Web UI asks to decrypt; "" without encryption.
	Codec string
}

// Command returns the program with its arguments. It checks nothing: a port that is missing in
// s is refused by the program.
func (p Program) Command(s Server) []string {
	host, port, _ := net.SplitHostPort(s.Addr)
	_, uiPort, _ := net.SplitHostPort(s.UI)
	args := []string{
		p.Path, "server", "start-dev", "--ip", host, "--port", port, "--ui-port", uiPort,
		"--namespace", s.Namespace, "--log-level", "warn",
		// A server never migrates its file, so each version has one. What an older one
		// held is in PostgreSQL too, from where workflows are started again.
		"--db-filename", filepath.Join(s.Dir, "temporal-"+p.Version+".db"),
		// Else what is handed to a worker that is just stopping is lost for a while.
		"--dynamic-config-value", "frontend.enableCancelWorkerPollsOnShutdown=true",
	}
	args = append(args, searchattributes.Flags()...)
	if s.Codec != "" {
		args = append(args, "--ui-codec-endpoint", s.Codec)
	}
	if !p.CLI {
		// Systems other than Linux do not end a child with its parent.
		return append(args, "--follow-parent")
	}
	return append(args,
		// dev/temporald has these built in, for the reasons given there.
		"--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=1",
		"--dynamic-config-value", "frontend.WorkerCommandsEnabled=true",
		"--dynamic-config-value", "system.enableCancelActivityWorkerCommand=true",
	)
}
