// Command temporald is a Temporal server with its Web UI in one process, for
// development and tests. It keeps everything in one SQLite file, or in memory,
// and listens on loopback only unless told otherwise.
//
// It understands the flags of the Temporal CLI's "server start-dev", so that
// the SDK's testsuite.StartDevServer can start it by path:
//
//	temporald server start-dev --port 7233 --ui-port 8233 --db-filename dev.db
//
// What an installation of Flow HQ must be given by hand elsewhere is built in:
// the namespace with its retention, and the switches that push a cancellation to a session
// host at once instead of with its next heartbeat. Search attributes come by flags, as with
// the CLI.
//
// It is a module of its own because the server drags in some two hundred
// modules that the application must not depend on. SQLite files are never
// migrated by the server, so whoever names a file puts the server's version
// into the name; "temporald --version" prints it.
//
// SIGTERM and SIGINT end it within about a second, at any moment.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.temporal.io/server/common/headers"
)

const (
	// stopTimeout bounds the orderly stop. SQLite survives being killed, so there
	// is nothing to lose by not waiting longer.
	stopTimeout = 4 * time.Second
	// parentEvery is how often --follow-parent looks whether the parent lives.
	parentEvery = 500 * time.Millisecond
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the process's exit code: 2 for a wrong command line, 1 if the
// server could not start, 0 if it was asked to stop.
func run(args []string, stdout, stderr io.Writer) int {
	// Before anything else: a signal that arrives while the server starts must
	// stop it, not kill it half-way.
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()

	if len(args) == 1 && args[0] == "--version" {
		// In the words of the CLI, so that whoever starts either asks in one way.
		fmt.Fprintf(stdout, "temporald version %s (Server %[1]s)\n", headers.ServerVersion)
		return 0
	}
	o, err := parse(args, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "temporald:", err)
		return 2
	}
	if o.followParent {
		go followParent(ctx, os.Getppid(), cancel)
	}
	if err := serve(ctx, o, stdout); err != nil {
		fmt.Fprintln(stderr, "temporald:", err)
		return 1
	}
	return 0
}

// serve starts the server and its Web UI, says so on stdout, and stops them
// when ctx ends.
func serve(ctx context.Context, o options, stdout io.Writer) error {
	if err := o.portsFree(); err != nil {
		return err
	}
	server, err := newServer(o)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	fmt.Fprintf(stdout, "temporal %s ready on %s\n", headers.ServerVersion, o.frontend())
	if !o.headless {
		ui := newUI(o)
		go ui.Start() // ends the process itself if it cannot listen
		defer ui.Stop()
		fmt.Fprintf(stdout, "web ui on http://%s\n", o.ui())
	}
	<-ctx.Done()

	stopped := make(chan error, 1)
	go func() { stopped <- server.Stop() }()
	select {
	case err := <-stopped:
		return err
	case <-time.After(stopTimeout):
		return nil
	}
}

// followParent cancels once this process has another parent than the one that
// started it, which is what the death of that one looks like.
func followParent(ctx context.Context, parent int, cancel func()) {
	tick := time.NewTicker(parentEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if os.Getppid() != parent {
			cancel()
			return
		}
		<-tick.C
	}
}
