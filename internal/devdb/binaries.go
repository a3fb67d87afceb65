package devdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// minMajor is the oldest PostgreSQL whose SQL the application understands.
const minMajor = 15

// Where the usual packages put PostgreSQL's programs.
var wellKnown = []string{
	"/usr/lib/postgresql/*/bin",      // Debian, Ubuntu
	"/usr/pgsql-*/bin",               // PostgreSQL's own rpm packages
	"/usr/libexec/postgresql*",       // Alpine
	"/usr/local/pgsql/bin",           // built from source
	"/opt/homebrew/opt/*sql*/bin",    // Homebrew on Apple silicon
	"/usr/local/opt/*sql*/bin",       // Homebrew on Intel
	"/opt/local/lib/postgresql*/bin", // MacPorts
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// binaries is a folder that holds initdb and postgres of one version.
type binaries struct {
	dir   string
	major int
}

func (b binaries) majorString() string { return strconv.Itoa(b.major) }

// findOrFetch returns the programs to run the clusters of home with: those of
// the newest major version that has a cluster there already, otherwise the
// newest on this machine, otherwise downloaded ones.
func findOrFetch(ctx context.Context, home string, owner runner, progress func(string)) (binaries, error) {
	if dir := os.Getenv("DEV_PG_BIN"); dir != "" {
		b, err := inspect(dir, owner)
		if err != nil {
			return b, fmt.Errorf("DEV_PG_BIN=%s: %w", dir, err)
		}
		return b, nil
	}
	var found []binaries
	for _, dir := range candidates() {
		if b, err := inspect(dir, owner); err == nil && b.major >= minMajor {
			found = append(found, b)
		}
	}
	if len(found) > 0 {
		return preferred(found, home), nil
	}
	b, err := fetch(ctx, owner, progress)
	if err != nil {
		return b, fmt.Errorf(noBinaries, minMajor, err)
	}
	return b, nil
}

// preferred returns the newest of found that has data in home, or the newest.
func preferred(found []binaries, home string) binaries {
	newest := slices.MaxFunc(found, func(a, b binaries) int { return a.major - b.major })
	withData := slices.DeleteFunc(slices.Clone(found), func(b binaries) bool {
		_, err := os.Stat(filepath.Join(home, b.majorString(), "data"))
		return err != nil
	})
	if len(withData) == 0 {
		return newest
	}
	return slices.MaxFunc(withData, func(a, b binaries) int { return a.major - b.major })
}

// candidates returns folders that may hold the programs, in no useful order.
func candidates() []string {
	var dirs []string
	for _, pattern := range wellKnown {
		matches, _ := filepath.Glob(pattern) // fails only on a malformed pattern
		dirs = append(dirs, matches...)
	}
	// A link in the PATH leads to where the rest of the installation is.
	if p, err := exec.LookPath("postgres"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(p))
		}
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect returns what dir holds, or why it cannot be used.
func inspect(dir string, owner runner) (binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return binaries{}, err
	}
	if owner.other() && !owner.reaches(filepath.Join(dir, "initdb")) {
		return binaries{}, errors.New("unreachable for user " + owner.name)
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "-V").CombinedOutput()
	if err != nil {
		const enough = 300 // bytes
		return binaries{}, fmt.Errorf("postgres -V: %w: %s", err, tail(out, enough))
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return binaries{}, fmt.Errorf("postgres -V printed %q", out)
	}
	major, err := strconv.Atoi(string(m[1]))
	return binaries{dir: dir, major: major}, err
}

// noBinaries takes the oldest version that will do and why the download failed.
const noBinaries = `there is no PostgreSQL %d or newer on this machine (%w). Any one of these helps:
  Debian, Ubuntu   apt-get install -y postgresql
  Fedora, RHEL     dnf install -y postgresql-server
  Alpine           apk add postgresql
  macOS            brew install postgresql@17
  anywhere         install Node.js; its npm then fetches a private copy by itself
  Docker           docker compose up -d postgres, and set DATABASE_URL
  a server you have   set DATABASE_URL=postgres://user:password@host:5432/database`
