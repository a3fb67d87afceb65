package e2e

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// operator returns a command line as an operator types it.
func (s *stand) operator(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Getenv("FLOWHQ_BIN"), append([]string{"tenants"}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "FLOWHQ_URL=" + s.api, "ADMIN_PASSWORD=" + password}
	cmd.Dir = s.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// types runs a command line, which must succeed, and returns what it printed.
func (s *stand) types(args ...string) string {
	s.t.Helper()
	out, err := s.operator(s.t.Context(), args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("flowhq tenants %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// A typed command line goes on printing.
type typed struct {
	*exec.Cmd
	s   *stand
	out string // file
}

// keepsTyping starts a command line that goes on.
func (s *stand) keepsTyping(args ...string) *typed {
	s.t.Helper()
	out, err := os.CreateTemp(s.dir, "typed")
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	c := &typed{s.operator(s.t.Context(), args...), s, out.Name()}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// shows waits until it has printed a text.
func (c *typed) shows(text string) {
	c.s.t.Helper()
	eventually(c.s.t, patience, func() error {
		out, err := os.ReadFile(c.out)
		if err == nil && !strings.Contains(string(out), text) {
			err = errStill(out)
		}
		return err
	})
}

// TestOperatorOnTheCommandLine does everything to one tenant that an operator does.
func TestOperatorOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	id := flowhq.TenantID(strings.TrimSpace(s.types("create", "-name", "barbers", "-phone",
		barbers.PhoneNumber, "-template", "BOOKING")))
	if !id.Valid() {
		t.Fatalf("create printed %q; want an id", id)
	}
	s.must(s.simulate("POST", "/phones", map[string]any{"number": barbers.PhoneNumber, "name": "x"}, nil))
	b := &business{s: s, id: id, NewTenant: barbers}

	// The picture ends when the phone has scanned it.
	qr := s.keepsTyping("qr", "-start", "barbers")
	qr.shows("█")
	b.scan()
	if err := qr.Wait(); err != nil {
		t.Error(err)
	}
	qr.shows("barbers is linked to " + barbers.PhoneNumber + ".\n")
	b.connected(patience)

	// Messages appear as they come; an interrupt ends that.
	logs := s.keepsTyping("logs", "-f", "barbers")
	ask(t, s.customer("+254711000001", "Amina"), b, "hello", patience)
	logs.shows(": hello\n")
	logs.shows(" > ")
	if err := logs.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := logs.Wait(); err != nil {
		t.Errorf("an interrupted logs -f ended with %v; want success", err)
	}

	if out := s.types("list", "-session", "CONNECTED"); !strings.Contains(out, string(id)) ||
		!strings.HasPrefix(out, "NAME ") {
		t.Errorf("list printed\n%s", out)
	}
	s.types("bulk", "restart", "-status", "ACTIVE")
	s.types("stop", "+254700000001")
	b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
	if out := s.types("show", "barb"); !regexp.MustCompile(`status +PAUSED\n`).MatchString(out) {
		t.Errorf("show printed\n%s", out)
	}
	if out := s.types("events", string(id)); !strings.Contains(out, "STOP_REQUESTED") ||
		!strings.Contains(out, "request bulk:") {
		t.Errorf("events printed\n%s", out)
	}
	if out, err := s.operator(t.Context(), "delete", "barbers").CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "-yes") {
		t.Errorf("delete without -yes: %v\n%s", err, out)
	}
	s.types("delete", "barbers", "-yes")
	eventually(t, patience, func() error {
		if out := s.types("list"); strings.Contains(out, string(id)) {
			return errStill(out)
		}
		return nil
	})
}

// errStill is an output that does not yet say what it should.
type errStill string

func (e errStill) Error() string { return "still:\n" + string(e) }
