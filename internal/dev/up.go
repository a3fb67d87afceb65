package dev

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// parentEvery is how often it is checked whether the parent lives. Ending everything may take
// ten seconds, so half a second more is not noticed.
const parentEvery = 500 * time.Millisecond

// options are the flags of "flowhq-dev up".
type options struct {
	whatsApp     bool // talk to WhatsApp itself, with data of their own
	followParent bool // end when the parent process ends
}

// Up is the command "flowhq-dev up": it runs everything on this machine until ctx ends,
// and ends it without its graces if hurry is closed after that. It returns the process's
// exit code: 0 if it was told to end, 2 for wrong usage, and 1 if something is in the
// way, which one sentence on stderr explains.
func Up(
	ctx context.Context, hurry <-chan struct{}, args []string,
	getenv func(string) string, stdout, stderr io.Writer,
) int {
	var o options
	fs := flag.NewFlagSet("flowhq-dev up", flag.ContinueOnError)
	fs.BoolVar(&o.whatsApp, "whatsapp", false,
		"talk to WhatsApp itself instead of a simulated one; its state is kept apart")
	fs.BoolVar(&o.followParent, "follow-parent", false,
		"end when the parent process ends, for tools that pass no signals on")
	if code, ok := parse(fs, args, stderr); !ok {
		return code
	}
	if o.followParent {
		ctx = untilOrphaned(ctx)
	}
	s := &stack{
		options: o, getenv: getenv, hurry: hurry,
		console: &console{w: stdout}, stdin: os.Stdin,
	}
	err := s.run(ctx)
	// What fails while everything ends is a consequence of the end, and would only worry whoever
	// pressed Ctrl-C.
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "flowhq-dev up:", err)
		return 1
	}
	return 0
}

// untilOrphaned returns a context that ends when this process has another parent than
// now: that is what the death of its parent looks like. Below "go tool" the go command is
// watched in the same way, as it dies of a SIGTERM without passing it on to the tool.
func untilOrphaned(ctx context.Context) context.Context {
	parent := os.Getppid()
	grandparent, byGo := goAbove(parent) // Task, and the go command that runs it
	orphaned := func() bool {
		if os.Getppid() != parent {
			return true
		}
		now, _ := goAbove(parent)
		return byGo && now != grandparent
	}
	ctx, cancel := context.WithCancel(ctx)
	// Nothing announces the death of a parent. The signal that the kernel can send instead
	// (PR_SET_PDEATHSIG) comes when the thread that started us ends, not the process.
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

// goAbove returns the parent of process pid, and whether that is the go command. Where
// there is no /proc, it never is.
func goAbove(pid int) (parent int, is bool) {
	name, parent := stat(pid)
	if name == "" {
		return 0, false
	}
	name, _ = stat(parent)
	return parent, name == "go"
}
