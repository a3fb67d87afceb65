package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const usage = `usage: flowhq tenants <command> [flags] [TENANT...]

  list           list tenants; -status, -session, -template, -search, -limit, -json
  create         create one; -name, -phone, -template, -business, -language
  show           show one; -json
  start, stop, restart, force-restart
                 tell the workers of these tenants
  delete         stop, unlink and erase one; asks for -yes
  qr             show the code to scan until the phone is linked; -start
  logs           show the newest messages, oldest first; -n, -f goes on
  events         show the newest events, oldest first; -n
  bulk           tell many: "bulk start|stop|restart" with a filter or -all, and
                 -per-second; "bulk list", "bulk watch ID", "bulk cancel ID"

TENANT is an id, a number with its plus sign, or a name or its beginning.
FLOWHQ_URL is where the API is (default http://127.0.0.1:3000) and ADMIN_PASSWORD
its password; in a checkout, that of "flowhq dev" is found by itself.
`

// defaultURL is where an API on this machine is.
const defaultURL = "http://127.0.0.1:3000"

// errUsage is returned after the wrong usage was explained.
var errUsage = errors.New("wrong usage")

// A command line being obeyed.
type line struct {
	Client
	stdout, stderr io.Writer
	every          time.Duration // between two looks at what may have changed
}

// Tenants runs "flowhq tenants" with args and returns its exit code: 0 for success, 1
// for a failure that was explained on stderr, 2 for wrong usage. When ctx ends, so
// does a command that follows something, with success.
func Tenants(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	const lookEvery = time.Second
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	l := &line{stdout: stdout, stderr: stderr, every: lookEvery}
	err := l.connect(getenv)
	if err == nil {
		err = l.obey(ctx, args[0], args[1:])
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage), errors.Is(err, flag.ErrHelp):
		return 2
	}
	fmt.Fprintf(stderr, "flowhq tenants %s: %s\n", args[0], clean(err.Error()))
	return 1
}

func (l *line) obey(ctx context.Context, command string, args []string) error {
	switch command {
	case "list":
		return l.list(ctx, args)
	case "create":
		return l.create(ctx, args)
	case "show":
		return l.show(ctx, args)
	case "start", "stop", "restart", "force-restart":
		return l.command(ctx, command, args)
	case "delete":
		return l.delete(ctx, args)
	case "qr":
		return l.qr(ctx, args)
	case "logs":
		return l.logs(ctx, args)
	case "events":
		return l.events(ctx, args)
	case "bulk":
		return l.bulk(ctx, args)
	case "help", "-h", "--help":
		fmt.Fprint(l.stdout, usage)
		return nil
	}
	fmt.Fprintf(l.stderr, "flowhq tenants: unknown command %q\n\n%s", command, usage)
	return errUsage
}

// connect finds the API and its password. That of a development API is for this
// machine only: it is not offered to another.
func (l *line) connect(getenv func(string) string) error {
	l.Base = strings.TrimSuffix(cmp.Or(getenv("FLOWHQ_URL"), defaultURL), "/")
	u, err := url.Parse(l.Base)
	if err != nil || u.Host == "" {
		return fmt.Errorf("FLOWHQ_URL: %q is not the URL of an API, such as %s", l.Base, defaultURL)
	}
	if l.Password = getenv("ADMIN_PASSWORD"); l.Password != "" {
		return nil
	}
	if host := u.Hostname(); host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.") {
		l.Password = devPassword()
	}
	if l.Password == "" {
		return errors.New("ADMIN_PASSWORD: missing; set it to the password of the admin API at " + l.Base)
	}
	return nil
}

// devPassword returns the password that "flowhq dev" made up in the checkout that
// holds the current folder, or "".
func devPassword() string {
	dir, err := os.Getwd()
	for err == nil {
		data, err := os.ReadFile(filepath.Join(dir, ".dev", "admin-password"))
		if err == nil {
			return strings.TrimSpace(string(data))
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

// flags makes the flag set of a command.
func (l *line) flags(command string) *flag.FlagSet {
	fs := flag.NewFlagSet("flowhq tenants "+command, flag.ContinueOnError)
	fs.SetOutput(l.stderr)
	return fs
}

// parse reads flags that may stand before, between and after the other arguments,
// of which it wants at least least and at most most.
func (l *line) parse(fs *flag.FlagSet, args []string, least, most int) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, errors.Join(errUsage, err)
		}
		if fs.NArg() == 0 {
			break
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
	switch {
	case len(rest) < least:
		fmt.Fprintf(l.stderr, "%s: which one?\n\n%s", fs.Name(), usage)
		return nil, errUsage
	case len(rest) > most:
		fmt.Fprintf(l.stderr, "%s: %q is one argument too many\n", fs.Name(), rest[most])
		return nil, errUsage
	}
	return rest, nil
}

// wait waits until the next look, and reports whether there is to be one.
func (l *line) wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(l.every):
		return true
	}
}
