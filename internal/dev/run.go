package dev

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const (
	// sameSignal is how far apart two signals may arrive that are one: from a
	// terminal, and once more from the go command.
	sameSignal = time.Second
	// parentEvery is how often it is looked whether the parent lives.
	parentEvery = 500 * time.Millisecond
)

// options are the flags of "flowhq dev".
type options struct {
	whatsApp     bool
	followParent bool
}

// parse returns the flags; what is wrong with them, it prints.
func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("flowhq dev", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.whatsApp, "whatsapp", false, "talk to WhatsApp itself instead of a simulated one; its state is kept apart")
	f.BoolVar(&o.followParent, "follow-parent", false, "end when the parent process ends, for tools that pass no signals on")
	if err := f.Parse(args); err != nil {
		return o, err // it has been printed
	}
	if f.NArg() > 0 {
		err = fmt.Errorf("%q is not a flag; try -h", f.Arg(0))
		fmt.Fprintln(stderr, "flowhq dev:", err)
	}
	return o, err
}

// Run is the command "flowhq dev": it runs everything on this machine until ctx
// ends or a signal arrives, and returns the process's exit code: 0 if it was
// told to end, 2 for wrong usage, and 1 if something is in the way, which one
// sentence on stderr explains.
func Run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	ctx, hurry, stop := untilSignal(ctx)
	defer stop()
	if o.followParent || underGoRun() {
		ctx = untilOrphaned(ctx)
	}
	d := &dev{options: o, getenv: getenv, out: &screen{w: stdout}, hurry: hurry, stdin: os.Stdin}
	err = d.run(ctx)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "flowhq dev:", err)
		return 1
	}
	return 0
}

// untilSignal returns a context that ends with the first signal to end, and a
// channel that is closed by a later one, which means that somebody is in a
// hurry.
func untilSignal(parent context.Context) (ctx context.Context, hurry <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup does
		signal.Notify(signals, syscall.SIGHUP)
	}
	// Reading from the terminal in the background must fail, not stop the process.
	signal.Ignore(syscall.SIGTTIN)

	impatient, over := make(chan struct{}), make(chan struct{})
	go func() {
		var first time.Time
		for {
			select {
			case <-over:
				return
			case <-signals:
			}
			switch {
			case first.IsZero():
				first = time.Now()
				cancel()
			case time.Since(first) > sameSignal:
				close(impatient)
				return
			}
		}
	}()
	return ctx, impatient, func() {
		signal.Stop(signals)
		close(over)
		cancel()
	}
}

// underGoRun reports whether this program was built and started by "go run",
// which dies of a SIGTERM without passing it on.
func underGoRun() bool {
	self, err := os.Executable()
	return err == nil && strings.Contains(self, string(os.PathSeparator)+"go-build")
}

// untilOrphaned returns a context that ends when this process has another parent
// than now, which is what the death of that one looks like. Below "go tool", or
// "go run", that go command is watched in the same way.
func untilOrphaned(ctx context.Context) context.Context {
	parent := os.Getppid()
	grandparent, byGo := goAbove(parent)
	orphaned := func() bool {
		if os.Getppid() != parent {
			return true
		}
		now, _ := goAbove(parent)
		return byGo && now != grandparent
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		tick := time.NewTicker(parentEvery)
		defer tick.Stop()
		for !orphaned() {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return ctx
}

// goAbove returns the parent of process pid, and whether that is the go command.
// Where there is no /proc, it never is.
func goAbove(pid int) (parent int, is bool) {
	name, parent := stat(pid)
	if name == "" {
		return 0, false
	}
	name, _ = stat(parent)
	return parent, name == "go"
}
