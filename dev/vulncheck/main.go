// Command vulncheck fails if the program calls code with a known vulnerability.
//
//	go run ./dev/vulncheck PACKAGE...
//
// It is govulncheck, which needs the database of vulnerabilities at GOVULNDB. A machine that cannot
// reach it says so in one line and passes: a check that a network decides would be turned off.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// publicDatabase is what govulncheck asks by default.
	publicDatabase = "https://vuln.go.dev"
	// patience is for the first answer of the database.
	patience = 15 * time.Second
)

// main leaves everything to run, as os.Exit would skip what run has deferred.
func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:], os.Getenv("GOVULNDB"), os.Stdout))
}

// run returns the exit code, which is govulncheck's: 3 for vulnerabilities.
func run(ctx context.Context, packages []string, database string, out io.Writer) int {
	if database == "" {
		database = publicDatabase
	}
	// A database that is away must not stop a change that has nothing to do with it.
	if err := reach(ctx, database); err != nil {
		fmt.Fprintf(out, "known vulnerabilities were not looked for: %v\n", err)
		return 0
	}
	// The version of govulncheck is pinned in tools/go.mod, apart from the program's own modules.
	args := []string{"tool", "-modfile=tools/go.mod", "govulncheck", "-db", database}
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	// Both go to one place, in the order in which they were written.
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	// 3 says that there are vulnerabilities. Whoever called this program decides by it.
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	// The command could not even begin, such as without go in the path.
	if err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	return 0
}

// reach returns an error if nothing is to be had from the database: a folder, or a server whose
// answer comes from a database and not from a proxy that lets nobody out.
func reach(ctx context.Context, database string) error {
	// Every database of the format that govulncheck reads has this file.
	const index = "index/db.json"
	at, err := url.Parse(database)
	if err != nil {
		return err
	}
	// A copy of the database in a folder is there or is not, whatever the network does.
	if at.Scheme == "file" {
		_, err = os.Stat(filepath.Join(at.Path, index))
		return err
	}
	// A proxy may take a connection and never answer.
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.JoinPath(index).String(), nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	// A proxy that lets nobody out answers with a status of its own, such as 403.
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", database, answer.Status)
	}
	return nil
}
