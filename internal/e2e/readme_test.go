package e2e

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// repository is the root of the checkout, seen from this package.
const repository = "../.."

// shellBlock is a block of the README that a reader copies into a terminal.
var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestREADME runs every command of the README in the order in which a reader does, against a
// real API and worker. What "go tool task" names must be a task. The environment has just
// "flowhq" and "curl" in its PATH: a reader's machine may have nothing else.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := newStand(t)
	s.worker("worker")
	s.must(s.simulate("POST", "/phones", map[string]any{"number": "+254712345678", "name": "x"}, nil))
	path := s.programs(t)
	commands := 0
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		for _, command := range joined(block[1]) {
			commands++
			switch {
			case strings.HasPrefix(command, "go tool task "):
				isTask(t, strings.Fields(command)[3])
			case strings.HasPrefix(command, "export "): // the test has values of its own
			case strings.HasPrefix(command, "flowhq tenants qr "): // ends when the phone is linked
				s.scansMeanwhile(t, strings.Fields(command)[3], func() { s.reader(t, path, command) })
			default:
				s.reader(t, path, command)
			}
		}
	}
	if commands < 10 {
		t.Errorf("the README has %d commands; want those of the first five minutes", commands)
	}
}

// joined splits a block into commands: a command goes on while a quote is open.
func joined(block string) (commands []string) {
	var command string
	for line := range strings.Lines(block) {
		command += line
		if strings.Count(command, "'")%2 == 0 {
			if command = strings.TrimSpace(command); command != "" {
				commands = append(commands, command)
			}
			command = ""
		}
	}
	return commands
}

// isTask fails unless the Taskfile has the task.
func isTask(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "Taskfile.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\n  "+name+":\n") {
		t.Errorf("the README says %q; the Taskfile has no such task", "go tool task "+name)
	}
}

// programs makes a folder with the programs that the README's commands name, and returns it.
// "curl" is this test program: the machine need not have it.
func (s *stand) programs(t *testing.T) (folder string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := filepath.Abs(os.Getenv("FLOWHQ_BIN"))
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	for name, target := range map[string]string{"flowhq": program, "curl": self} {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// reader runs a command as a reader of the README does. It must succeed.
func (s *stand) reader(t *testing.T, path, command string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.Env = []string{"PATH=" + path, "FLOWHQ_URL=" + s.api, "ADMIN_PASSWORD=" + password}
	cmd.Dir = t.TempDir()
	cmd.WaitDelay = 10 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s\n%v\n%s", command, err, out)
	}
}

// scansMeanwhile scans the tenant's code with its phone while something waits for that.
func (s *stand) scansMeanwhile(t *testing.T, name string, waits func()) {
	t.Helper()
	var list struct {
		Tenants []flowhq.Tenant `json:"tenants"`
	}
	s.must(s.call("GET", "/admin/tenants?search="+name, nil, &list))
	if len(list.Tenants) != 1 {
		t.Fatalf("%d tenants have the name %q; want one", len(list.Tenants), name)
	}
	one := list.Tenants[0]
	b := &business{s: s, id: one.ID, NewTenant: flowhq.NewTenant{Name: one.Name,
		PhoneNumber: one.PhoneNumber}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		waits()
	}()
	b.scan()
	<-done
}

// runCurl does what the README's curl commands do, with the flags that they use.
func runCurl(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("curl", flag.ContinueOnError)
	user := flags.String("u", "", "user:password")
	method := flags.String("X", "GET", "method")
	header := flags.String("H", "", "header")
	data := flags.String("d", "", "body")
	flags.SetOutput(out)
	var url string
	for len(args) > 0 { // the address may stand between flags
		if err := flags.Parse(args); err != nil {
			return err
		}
		if args = flags.Args(); len(args) > 0 {
			url, args = args[0], args[1:]
		}
	}
	req, err := http.NewRequestWithContext(context.Background(), *method, url, strings.NewReader(*data))
	if err != nil {
		return err
	}
	if name, secret, ok := strings.Cut(*user, ":"); ok {
		req.SetBasicAuth(name, secret)
	}
	if name, value, ok := strings.Cut(*header, ":"); ok {
		req.Header.Set(name, strings.TrimSpace(value))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(out, res.Body); err != nil {
		return err
	}
	if res.StatusCode >= 400 { // curl itself would not mind, a reader would
		return fmt.Errorf("%s %s: %s", *method, url, res.Status)
	}
	return nil
}
