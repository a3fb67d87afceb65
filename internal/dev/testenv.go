package dev

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/flowhq/flowhq/internal/dev/proc"
	"github.com/flowhq/flowhq/internal/devdb"
	"github.com/flowhq/flowhq/internal/temporald"
)

const (
	// testGrace is how long an interrupted command has to clean up. "go test" passes the
	// signal on and prints what it has so far.
	testGrace = 5 * time.Second
	// exitNotRun is the exit code if the command could not be run at all.
	exitNotRun = 1
)

// testenvUsage is the help of "flowhq-dev testenv".
const testenvUsage = `usage: flowhq-dev testenv -- COMMAND [ARGUMENT]...

Runs the command with what the tests need and returns its exit code. It sets
  TEST_DATABASE_URL  a throw-away PostgreSQL, unless it is set already
  TEMPORALD          the embedded Temporal server, built once, unless it is set already
  FLOWHQ_BIN         the program flowhq beside this one, unless it is set already
  FLOWHQ_DEV_BIN     this program
`

// TestEnv is the command "flowhq-dev testenv": it runs the command in args with a throw-away
// PostgreSQL and the embedded Temporal, and returns its exit code. When ctx ends, so does the
// command, and nothing that either started is left. A failure of its own is explained on
// stderr, with exitNotRun; wrong usage is 2.
func TestEnv(
	ctx context.Context, args []string,
	getenv func(string) string, stdout, stderr io.Writer,
) int {
	fs := flag.NewFlagSet("flowhq-dev testenv", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() { fmt.Fprint(stderr, testenvUsage) }
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
		// The exit codes are those of flag.ExitOnError, so a script can tell wrong usage from tests
		// that fail.
	} else if err != nil {
		return 2
	}
	if fs.NArg() == 0 {
		fs.Usage()
		return 2
	}
	code, err := testEnv(ctx, fs.Args(), getenv, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "flowhq-dev testenv:", err)
	}
	return code
}

// testEnv prepares the environment, runs the command and takes everything down again. code is
// the command's, and exitNotRun with an error if it could not be run.
func testEnv(
	ctx context.Context, args []string,
	getenv func(string) string, stdout, stderr io.Writer,
) (code int, err error) {
	self, flowhq, err := programs(getenv)
	if err != nil {
		return exitNotRun, err
	}
	// Tests start servers. A test binary that is killed by its time limit cannot end them.
	adoptOrphans()
	defer killOrphans()
	env := append(os.Environ(), "FLOWHQ_BIN="+flowhq, "FLOWHQ_DEV_BIN="+self)
	if getenv("TEST_DATABASE_URL") == "" {
		level := &slog.HandlerOptions{Level: slog.LevelWarn}
		// Each run has a server of its own, so two checkouts may be tested at once.
		db, err := devdb.Ephemeral(ctx, slog.New(slog.NewTextHandler(stderr, level)))
		if err != nil {
			return exitNotRun, err
		}
		// The context may have ended by an interrupt. The server is stopped all the same, or it
		// would stay behind with its folder.
		defer func() { err = errors.Join(err, db.Stop(context.WithoutCancel(ctx))) }()
		env = append(env, "TEST_DATABASE_URL="+db.URL())
	}
	if getenv(temporald.Variable) == "" {
		// Always our own, so that tests do not depend on what a machine has.
		root, err := findCheckout()
		if err != nil {
			return exitNotRun, err
		}
		c := &console{w: stderr}
		program, err := temporald.Build(ctx, root, c.printf)
		if err != nil {
			return exitNotRun, err
		}
		env = append(env, temporald.Variable+"="+program.Path)
	}
	// Not bound to ctx: that would kill the command at once, and it is to clean up first.
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, stdout, stderr
	return runTests(ctx, cmd)
}

// runTests runs cmd to its end and returns its exit code. When ctx ends, the command is
// interrupted, and killed if it has not ended within testGrace.
func runTests(ctx context.Context, cmd *exec.Cmd) (int, error) {
	child, err := proc.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return exitNotRun, err
	}
	select {
	case <-child.Done():
	case <-ctx.Done():
		// SIGINT is what Ctrl-C sends, so the command does what it would do without testenv.
		child.Stop(syscall.SIGINT, testGrace)
	}
	if err := child.Err(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok || exit.ExitCode() < 0 { // it could not be run, or a signal ended it
			return exitNotRun, fmt.Errorf("%s: %w", cmd.Path, err)
		}
		return exit.ExitCode(), nil // the command has explained itself
	}
	return 0, nil
}
