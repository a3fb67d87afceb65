package dev

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// parentEvery is how often it is looked whether the parent lives.
const parentEvery = 500 * time.Millisecond

// options are the flags of "flowhq-dev up".
type options struct {
	whatsApp     bool
	followParent bool
}

// Up is the command "flowhq-dev up": it runs everything on this machine until ctx ends,
// and at once when hurry is closed after that. It returns the process's exit code: 0 if
// it was told to end, 2 for wrong usage, and 1 if something is in the way, which one
// sentence on stderr explains.
func Up(ctx context.Context, hurry <-chan struct{}, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	var o options
	fs := flag.NewFlagSet("flowhq-dev up", flag.ContinueOnError)
	fs.BoolVar(&o.whatsApp, "whatsapp", false, "talk to WhatsApp itself instead of a simulated one; its state is kept apart")
	fs.BoolVar(&o.followParent, "follow-parent", false, "end when the parent process ends, for tools that pass no signals on")
	if code, ok := parse(fs, args, stderr); !ok {
		return code
	}
	if o.followParent {
		ctx = untilOrphaned(ctx)
	}
	d := &dev{options: o, getenv: getenv, out: &screen{w: stdout}, hurry: hurry, stdin: os.Stdin}
	err := d.run(ctx)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "flowhq-dev up:", err)
		return 1
	}
	return 0
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
