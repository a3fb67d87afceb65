package dev

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/logging"
	"github.com/flowhq/flowhq/internal/simulator"
)

// Simulate is the command "flowhq-dev simulate": it serves a simulated WhatsApp until
// ctx ends, and returns the process's exit code: 0 if it was told to end, 2 for wrong
// usage, and 1 for a failure that was explained on stderr.
func Simulate(
	ctx context.Context, args []string, getenv func(string) string, stderr io.Writer,
) int {
	o := simulator.Options{}
	fs := flag.NewFlagSet("flowhq-dev simulate", flag.ContinueOnError)
	fs.StringVar(&o.Addr, "addr", "127.0.0.1:7400", "`host:port` on which WhatsApp is simulated")
	fs.StringVar(&o.Control, "control", "127.0.0.1:7300", "`host:port` of the control API")
	fs.StringVar(&o.Dir, "state", ".dev/simulator", "`folder` for keys and state")
	if code, ok := parse(fs, args, stderr); !ok {
		return code
	}
	// The name of the command is in front, since several programs write to one terminal under "up".
	if err := simulate(ctx, o, getenv, stderr); err != nil {
		fmt.Fprintln(stderr, "flowhq-dev simulate:", err)
		return 1
	}
	return 0
}

// simulate serves with the settings of the environment, of which the simulator uses the log
// level alone.
func simulate(
	ctx context.Context, o simulator.Options, getenv func(string) string, stderr io.Writer,
) error {
	settings, err := config.Parse(getenv)
	if err != nil {
		return err
	}
	// Without a folder for logs: the simulator has nothing to say of one tenant alone.
	logger, logs, err := logging.New(stderr, "", settings.LogLevel)
	if err != nil {
		return err
	}
	defer logs.Close()
	o.Log = logger
	return simulator.Run(ctx, o)
}

// parse reads the flags of a command that takes nothing else. ok is false if the process is to
// exit with code: 0 after -h, or 2 after wrong usage, which was explained on stderr. An
// argument is refused, as one that is ignored is often a flag whose dash was forgotten.
func parse(fs *flag.FlagSet, args []string, stderr io.Writer) (code int, ok bool) {
	fs.SetOutput(stderr)
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0, false
	} else if err != nil {
		return 2, false // flag has explained it
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(stderr, "%s: %q is one argument too many\n", fs.Name(), fs.Arg(0))
		fs.Usage()
		return 2, false
	}
	return 0, true
}
