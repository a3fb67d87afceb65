package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowhq/flowhq/internal/devdb"
	"github.com/flowhq/flowhq/internal/store"
)

// A process is one process of a stand. Its output goes to a file, which is shown
// if the test fails.
type process struct {
	t    testing.TB
	name string
	cmd  *exec.Cmd
	out  string
	gone chan struct{} // closed when it has ended
	nap  sync.Mutex    // held while somebody has it stand still
}

// start runs the program under test with the stand's settings.
func (s *stand) start(name string, env []string, args ...string) *process {
	s.t.Helper()
	all := slices.Clone(s.env)
	if args[0] == "api" { // the others have the rights of a worker
		all = append(all, "DATABASE_URL="+devdb.As(store.RoleAPI, s.dbURL))
	}
	return s.startCommand(name, append(all, env...), os.Getenv("FLOWHQ_BIN"), args...)
}

func (s *stand) startCommand(name string, env []string, bin string, args ...string) *process {
	s.t.Helper()
	p, err := s.launch(name, env, bin, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		p.kill()
		if s.t.Failed() {
			s.t.Logf("--- %s (%s)\n%s", name, filepath.Base(p.out), p.tail())
		}
	})
	return p
}

// launch starts a process that its caller ends.
func (s *stand) launch(name string, env []string, bin string, args ...string) (*process, error) {
	if bin == "" {
		return nil, errors.New("run the tests through `go tool task test`: it builds the programs that they start")
	}
	out, err := os.CreateTemp(s.dir, name+"-*.log")
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(bin, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "NO_COLOR=1",
		"GORACE=halt_on_error=1"}, env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.workDir, out, out
	// Nothing of a test that dies may live on.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{t: s.t, name: name, cmd: cmd, out: out.Name(), gone: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its output
		close(p.gone)
	}()
	return p, nil
}

// kill ends the process the hard way and waits for its end.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // may have ended
	<-p.gone
}

// terminate asks the process to end. It does not wait.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("terminate %s: %v", p.name, err)
	}
}

// ended waits for the process to end by itself.
func (p *process) ended(within time.Duration) {
	p.t.Helper()
	select {
	case <-p.gone:
	case <-time.After(within):
		p.t.Fatalf("%s still runs after %v", p.name, within)
	}
}

// says waits until the process has printed a text, and reports false if it ended before.
func (p *process) says(text string) bool {
	p.t.Helper()
	said := false
	eventually(p.t, patience, func() error {
		ended := false
		select {
		case <-p.gone:
			ended = true
		default:
		}
		raw, err := os.ReadFile(p.out)
		if said = bytes.Contains(raw, []byte(text)); said || ended {
			return nil
		}
		return errors.Join(err, fmt.Errorf("%s has not said %q", p.name, text))
	})
	return said
}

// attr waits for a log line and returns one of its attributes.
func (p *process) attr(message, key string) string {
	p.t.Helper()
	line := regexp.MustCompile(regexp.QuoteMeta(message) + `.*\b` + key + `=(\S+)`)
	var value string
	eventually(p.t, patience, func() error {
		raw, err := os.ReadFile(p.out)
		if err != nil {
			return err
		}
		if m := line.FindSubmatch(raw); m != nil {
			value = string(m[1])
			return nil
		}
		select {
		case <-p.gone:
			p.t.Fatalf("%s ended before it said %q", p.name, message)
		default:
		}
		return fmt.Errorf("%s has not said %q", p.name, message)
	})
	return value
}

// maxTail is how much of a process's output a failed test shows, in lines.
const maxTail = 60

func (p *process) tail() string {
	raw, err := os.ReadFile(p.out)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-maxTail):], "\n")
}
