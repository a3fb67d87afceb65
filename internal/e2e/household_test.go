package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A household is a stand whose parts are those of "flowhq-dev up", in a checkout of its
// own.
type household struct {
	*stand
	dev *process // nil while it is down
}

// newHousehold prepares a checkout in which nothing has been started yet.
func newHousehold(tb testing.TB, env ...string) *household {
	tb.Helper()
	// Not tb.TempDir: the user that PostgreSQL runs as could not reach it.
	dir, err := os.MkdirTemp("", "flowhq-e2e-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	for _, name := range []string{"go.mod", "dev/temporald/go.mod"} {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	s := &stand{t: tb, dir: dir, workDir: dir, api: "http://" + freeAddr(tb)}
	s.env = append([]string{
		"HTTP_ADDR=" + strings.TrimPrefix(s.api, "http://"), "ADMIN_PASSWORD=" + password,
		"TEMPORALD=" + os.Getenv("TEMPORALD"),
		"FLOWHQ_BIN=" + os.Getenv("FLOWHQ_BIN"),
		"HOME=" + os.Getenv("HOME"), // where PostgreSQL may have been fetched to
	}, env...)
	return &household{stand: s}
}

// simulatorAt is where the summary of "flowhq-dev up" says that the simulator is.
var simulatorAt = regexp.MustCompile(`Simulator +(\S+)`)

// up starts everything and returns once it runs.
func (h *household) up() {
	h.t.Helper()
	h.dev = h.startCommand("dev", h.env, os.Getenv("FLOWHQ_DEV_BIN"), "up")
	eventually(h.t, 3*patience, func() error {
		select {
		case <-h.dev.gone:
			h.t.Fatalf("flowhq-dev up ended:\n%s", h.dev.tail())
		default:
		}
		said, err := os.ReadFile(h.dev.out)
		if err != nil {
			return err
		}
		at := simulatorAt.FindSubmatch(said)
		if at == nil {
			return fmt.Errorf("it is not up:\n%s", h.dev.tail())
		}
		h.sim = string(at[1])
		return nil
	})
	h.temporal = h.given("TEMPORAL_ADDRESS")
	h.dbURL, _, _ = strings.Cut(h.given("DATABASE_URL"), "&role=") // tests look at everything
}

// down ends everything and returns once it has ended.
func (h *household) down(how syscall.Signal) {
	h.t.Helper()
	parts := children(h.dev.cmd.Process.Pid)
	if err := h.dev.cmd.Process.Signal(how); err != nil {
		h.t.Fatal(err)
	}
	h.dev.ended(patience)
	eventually(h.t, patience, func() error {
		for _, pid := range parts {
			raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err == nil && statFields(raw)[0] != "Z" { // it may wait for a parent to look at it
				return fmt.Errorf("process %d still runs", pid)
			}
		}
		return nil
	})
}

// part is the process id of the part whose command is this.
func (h *household) part(command string) (pid int) {
	h.t.Helper()
	eventually(h.t, patience, func() error {
		for _, child := range children(h.dev.cmd.Process.Pid) {
			line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
			if err == nil && strings.Contains(string(line), "\x00"+command+"\x00") {
				pid = child
				return nil
			}
		}
		return fmt.Errorf("no process runs %s", command)
	})
	return pid
}

// kill ends a part the hard way; it is started again.
func (h *household) kill(command string) {
	h.t.Helper()
	if err := syscall.Kill(h.part(command), syscall.SIGKILL); err != nil {
		h.t.Fatal(err)
	}
}

// given is a variable that "flowhq-dev up" gives its API.
func (h *household) given(name string) string {
	h.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", h.part("api")))
	if err != nil {
		h.t.Fatal(err)
	}
	for v := range strings.SplitSeq(string(raw), "\x00") {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	h.t.Fatalf("the API has no %s", name)
	return ""
}
