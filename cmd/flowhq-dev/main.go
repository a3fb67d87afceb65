// Command flowhq-dev is what people who work on Flow HQ run, or try it with: the whole
// product on one machine, a simulated WhatsApp, and what the tests need. Production runs
// the program flowhq alone, which carries none of this.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/flowhq/flowhq/internal/dev"
	"github.com/flowhq/flowhq/internal/shutdown"
)

// usage is the help of the program. It goes to stdout when it was asked for, and to stderr
// after wrong usage.
const usage = `usage: flowhq-dev <command>

  up         run everything on this machine ("flowhq-dev up -h" for its flags)
  simulate   serve a simulated WhatsApp on loopback
  testenv    run a command with a private PostgreSQL and Temporal, for tests

The program flowhq, which "up" and the tests start, is looked for beside this one;
FLOWHQ_BIN names another.
`

// sameSignal is how far apart two signals may arrive that are one: a terminal sends its
// Ctrl-C to this program and to the go command above it, which may pass it on.
const sameSignal = time.Second

// main chooses the signals and leaves the rest to run, as os.Exit would skip what is deferred.
func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it, and what it starts should go on
		signals = append(signals, syscall.SIGHUP)
	}
	// A read from the terminal by a process in the background fails then. Otherwise it
	// would stop the process, and with it the supervision of all others.
	signal.Ignore(syscall.SIGTTIN)
	ctx, hurry := shutdown.Signals(context.Background(), sameSignal, signals...)
	os.Exit(run(ctx, hurry, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run runs one command and returns the process's exit code: 0 for success, 1 for a
// failure that was explained on stderr, 2 for wrong usage, and for testenv that of the
// command it ran. ctx ends when the process is told to end, and hurry is closed when
// there is no time to do so in good order.
func run(
	ctx context.Context, hurry <-chan struct{}, args []string,
	getenv func(string) string, stdout, stderr io.Writer,
) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	switch name, rest := args[0], args[1:]; name {
	case "up":
		return dev.Up(ctx, hurry, rest, getenv, stdout, stderr)
	case "simulate":
		return dev.Simulate(ctx, rest, getenv, stderr)
	case "testenv":
		return dev.TestEnv(ctx, rest, getenv, stdout, stderr)
	case "help", "-h", "--help":
		fmt.Fprint(stdout, usage)
		return 0
	default:
		fmt.Fprintf(stderr, "flowhq-dev: unknown command %q\n\n%s", name, usage)
		return 2
	}
}
