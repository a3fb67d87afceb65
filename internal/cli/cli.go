package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq/internal/apiclient"
)

// usage is the help of "flowhq tenants". It goes to stdout when it was asked for, with code 0,
// and to stderr after wrong usage, with code 2.
const usage = `usage: flowhq tenants <command> [flags] [TENANT...]

  list           list tenants; -status, -session, -template, -search, -attention, -limit,
                 -json
  create         create one; -name, -phone, -template, -business, -language
  show           show one; -json
  start, stop, restart, force-restart
                 give a command to the sessions of these tenants
  relink         drop the link to the phone, and start with a new code to scan
  delete         stop, unlink and erase one; asks for -yes
  qr             show the code to scan until the phone is linked; -start
  logs           show the newest messages, oldest first; -n, -f goes on
  unmute         answer a contact again that was muted because it writes like a
                 program: "unmute TENANT MESSAGE", one of its messages in the log
  handovers      show the chats that wait for a person; -n
  give-back      have the bot answer such a chat again: "give-back TENANT CONTACT"
  events         show the newest events, oldest first; -n
  bulk           command many: "bulk start|stop|restart" with a filter or -all, and
                 -per-second; "bulk list", "bulk watch ID", "bulk cancel ID"

TENANT is an id, a number with its plus sign, or a name or its beginning.
FLOWHQ_URL is where the API is (default http://127.0.0.1:3000). FLOWHQ_KEY is an API
key, or ADMIN_PASSWORD the password; in a checkout, that of "flowhq-dev up" is found
by itself.
`

// defaultURL is where an API on this machine is, unless HTTP_ADDR or FLOWHQ_URL says
// otherwise.
const defaultURL = "http://127.0.0.1:3000"

// errUsage is returned after the wrong usage was explained on stderr. Tenants prints nothing
// more for it and returns 2.
var errUsage = errors.New("wrong usage")

// pollEvery is the pause between two requests for what may have changed. Nothing pushes
// changes to the command line, and a person does not notice a second.
const pollEvery = time.Second

// A line is one command line that is executed. It is made for one command and used by one
// goroutine.
type line struct {
	getenv         func(string) string // of FLOWHQ_URL, FLOWHQ_KEY and ADMIN_PASSWORD alone
	api            apiclient.Client    // its Base is "" before the first call
	stdout, stderr io.Writer
	every          time.Duration // pollEvery, but in tests
}

// Tenants runs "flowhq tenants" with args and returns its exit code: 0 for success, 1 for a
// failure that was explained on stderr, 2 for wrong usage. When ctx ends, so does a command
// that follows something, with success: a Ctrl-C is how "logs -f" is meant to end.
func Tenants(
	ctx context.Context, args []string,
	getenv func(string) string, stdout, stderr io.Writer,
) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	l := &line{getenv: getenv, stdout: stdout, stderr: stderr, every: pollEvery}
	err := l.execute(ctx, args[0], args[1:])
	// Of help and wrong usage, everything has been printed. A cancelled context is what a
	// Ctrl-C leaves of a request, which would read "context canceled".
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case errors.Is(err, context.Canceled):
		err = errors.New("interrupted")
	}
	// Clean, as the error may repeat what the API or a proxy answered.
	fmt.Fprintf(stderr, "flowhq tenants %s: %s\n", args[0], clean(err.Error()))
	return 1
}

// execute runs one command. It returns errUsage for a command that does not exist, flag.ErrHelp
// after "-h", and otherwise the error of the command, which Tenants prints.
func (l *line) execute(ctx context.Context, command string, args []string) error {
	// Each command reads its own flags, as most have some that no other one knows.
	switch command {
	case "list":
		return l.list(ctx, args)
	case "create":
		return l.create(ctx, args)
	case "show":
		return l.show(ctx, args)
	case "start", "stop", "restart", "force-restart", "relink":
		return l.command(ctx, command, args)
	case "delete":
		return l.delete(ctx, args)
	case "qr":
		return l.qr(ctx, args)
	case "logs":
		return l.logs(ctx, args)
	case "unmute":
		return l.unmute(ctx, args)
	case "handovers":
		return l.handOvers(ctx, args)
	case "give-back":
		return l.giveBack(ctx, args)
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

// call makes one request of the API. The first one finds out where the API is: a command
// that makes none, such as -h, needs no password either.
func (l *line) call(ctx context.Context, method, path string, in, out any) error {
	if l.api.Base == "" {
		if err := l.connect(); err != nil {
			return err
		}
	}
	// A refusal by the API explains itself. An API that does not answer may be at another address.
	err := l.api.Call(ctx, method, path, in, out)
	if _, silent := errors.AsType[*apiclient.NoAnswer](err); silent {
		return fmt.Errorf("the API at %w; start it or set FLOWHQ_URL to where it is", err)
	}
	return err
}

// connect finds the API and its password. It makes no request: that the address or the password
// is wrong, the first request finds out.
//
// The password that flowhq-dev made up is only sent to this machine: another one whose name is
// in FLOWHQ_URL has no right to learn it, and HTTP Basic authentication would hand it over.
func (l *line) connect() error {
	base := strings.TrimSuffix(cmp.Or(l.getenv("FLOWHQ_URL"), defaultURL), "/")
	// Checked here, as the HTTP client's own error for an address without a scheme, such as
	// "localhost:3000", speaks of an unsupported protocol and names no variable.
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("FLOWHQ_URL: %q is not the URL of an API, such as %s", base, defaultURL)
	}
	// A key comes first: it says more exactly who asks than the one password does.
	if key := l.getenv("FLOWHQ_KEY"); key != "" {
		l.api = apiclient.Client{Base: base, Key: key}
		return nil
	}
	password := l.getenv("ADMIN_PASSWORD")
	if password == "" && isLocal(u.Hostname()) {
		password = devPassword()
	}
	if password == "" {
		return errors.New("ADMIN_PASSWORD: missing; set it to the password of the admin API at " +
			base + ", or FLOWHQ_KEY to an API key")
	}
	l.api = apiclient.Client{Base: base, Password: password}
	return nil
}

// isLocal reports whether host is this machine. A name that only looks like a loopback
// address, such as 127.example.com, may be anybody's.
func isLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// devPassword returns the password that "flowhq-dev up" made up in the checkout that
// holds the current folder, or "" if there is none.
func devPassword() string {
	// From here up to the root of the file system: a person may be in any folder of it.
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

// flags returns an empty flag set for a command, which explains wrong usage on stderr. It
// continues on an error, as package flag would otherwise end the process in the middle of a
// test, and of "flowhq-dev up", which runs this package.
func (l *line) flags(command string) *flag.FlagSet {
	fs := flag.NewFlagSet("flowhq tenants "+command, flag.ContinueOnError)
	fs.SetOutput(l.stderr)
	return fs
}

// parse reads flags that may stand before, between and after the other arguments, which package
// flag alone does not allow: people add "-f" at the end of a line. It returns the other
// arguments, of which there must be at least least and at most most.
//
// A "--" protects only the argument that follows it, as package flag is called again after that
// one. A second name that begins with a dash needs a "--" of its own.
func (l *line) parse(
	fs *flag.FlagSet, args []string, least, most int,
) (rest []string, err error) {
	// Package flag stops at the first argument that is no flag. That one is kept, and the
	// rest is parsed again.
	for {
		// Of flag.ErrHelp both codes match; Tenants asks for ErrHelp first.
		if err := fs.Parse(args); err != nil {
			return nil, errors.Join(errUsage, err)
		}
		if fs.NArg() == 0 {
			break
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
	switch {
	case len(rest) < least, slices.Contains(rest, ""):
		// An empty argument is what a shell variable that is not set leaves. As a search it
		// would mean every tenant.
		fmt.Fprintf(l.stderr, "%s: which one?\n\n%s", fs.Name(), usage)
		return nil, errUsage
	case len(rest) > most:
		fmt.Fprintf(l.stderr, "%s: %q is one argument too many\n", fs.Name(), rest[most])
		return nil, errUsage
	}
	return rest, nil
}
