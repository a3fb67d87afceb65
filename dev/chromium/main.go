// Command chromium prints the path of the browser that the pages are tested in, after fetching one
// where the machine has none.
//
//	go run ./dev/chromium
//
// Where none can be had it says so, prints nothing and passes, since everything else can still be
// tested. With CI=true it fails: nobody would notice there.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/flowhq/flowhq/internal/chromium"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(ctx, os.Getenv("CI") == "true", os.Stdout, os.Stderr))
}

// run returns the exit code.
func run(ctx context.Context, isCI bool, out, errs io.Writer) int {
	path, err := chromium.Find(ctx, func(what string) { fmt.Fprintln(errs, what) })
	if err != nil {
		fmt.Fprintln(errs, "THE PAGES ARE NOT TESTED:", err)
		if isCI {
			return 1
		}
		return 0
	}
	fmt.Fprintln(out, path)
	return 0
}
