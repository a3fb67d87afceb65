// Command flowhq is what runs in production: the API, the worker, and the tools of
// operators. What people need to work on Flow HQ is the program flowhq-dev.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"syscall"

	"github.com/flowhq/flowhq/internal/cli"
	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/shutdown"
)

// usage is the help of the program. It goes to stdout when it was asked for, and to stderr
// after wrong usage.
const usage = `usage: flowhq <command>

  api        serve the admin API
  worker     host WhatsApp sessions and run tenant workflows
  tenants    list, create, start, stop and link tenants ("flowhq tenants" lists how)
  migrate    bring the database up to date (-print-roles prints the roles to create before)
  version    print the version

Settings are environment variables; see the README.
`

// main leaves everything to run, as os.Exit would skip what run has deferred. Every signal
// counts by itself: what starts this program in production sends each one once.
func main() {
	ctx, hurry := shutdown.Signals(context.Background(), 0, os.Interrupt, syscall.SIGTERM)
	os.Exit(run(ctx, hurry, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run runs one command and returns the process's exit code: 0 for success, 1 for a failure
// that was explained on stderr, 2 for wrong usage. ctx ends when the process is told to end,
// and hurry is closed when it should do so without delay. Tests call run in place of
// starting the program.
func run(
	ctx context.Context, hurry <-chan struct{}, args []string,
	getenv func(string) string, stdout, stderr io.Writer,
) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	var err error
	switch name, rest := args[0], args[1:]; name {
	case "api":
		err = runAPI(ctx, rest, getenv, stderr)
	case "worker":
		err = runWorker(ctx, hurry, rest, getenv, stderr)
	case "tenants":
		// A password may stand in a file that a variable names. The other commands read it with
		// their settings.
		if getenv, err = config.WithFiles(getenv); err != nil {
			break
		}
		return cli.Tenants(ctx, rest, getenv, stdout, stderr)
	case "migrate":
		err = runMigrate(ctx, rest, getenv, stdout, stderr)
	case "version":
		fmt.Fprintln(stdout, version())
	case "help", "-h", "--help":
		fmt.Fprint(stdout, usage)
	default:
		fmt.Fprintf(stderr, "flowhq: unknown command %q\n\n%s", name, usage)
		return 2
	}
	// Of these two, whoever read the flags has explained everything. Help that was asked for is a
	// success, and scripts tell wrong usage by code 2.
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	if err != nil {
		fmt.Fprintf(stderr, "flowhq %s: %v\n", args[0], err)
		return 1
	}
	return 0
}

// version returns the module version or the commit that this program was built from. A build in
// a checkout has "(devel)" for a version, or one that is made up of a time and the beginning of
// the commit. A build without version control in reach has no commit, and says "(devel)".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value
		}
	}
	return v
}
