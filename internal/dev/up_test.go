package dev

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowhq/flowhq/internal/apiclient"
)

// checkout makes a folder that passes for a checkout of the repository, in which
// nothing has been started yet.
func checkout(t *testing.T) string {
	t.Helper()
	root, err := findCheckout()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: the user that PostgreSQL runs as could not reach it.
	dir, err := os.MkdirTemp("", "flowhq-dev-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "dev/temporald/go.mod"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	upWithin  = 2 * time.Minute  // on a machine that runs all other tests as well
	endWithin = 10 * time.Second // as promised
	isUp      = "Ctrl-C ends everything"
)

// startUp runs "flowhq-dev up" in dir until it is up.
func startUp(t *testing.T, dir, addr string, args ...string) *run {
	t.Helper()
	vars := []string{"HTTP_ADDR=" + addr, "DATABASE_URL=", "TEMPORAL_ADDRESS=",
		"ADMIN_PASSWORD=hunter2-hunter2"}
	r := start(t, dir, vars, append([]string{"up"}, args...)...)
	r.says(isUp, upWithin)
	return r
}

// end sends sig and sees everything end in time.
func (r *run) end(sig syscall.Signal) {
	r.t.Helper()
	pids := descendants(r.child.Pid())
	began := time.Now()
	r.child.Signal(sig)
	<-r.child.Done()
	gone(r.t, pids, endWithin-time.Since(began))
	if took := time.Since(began); took > endWithin {
		r.t.Errorf("it took %v to end; want at most %v", took, endWithin)
	}
}

// What a newcomer sees: three bots are linked and answer, everything is where
// the summary says, and it is all still there the next day.
func TestUpFromTheFirstDayToTheNext(t *testing.T) {
	t.Parallel()
	dir, addr := checkout(t), freeAddr("")
	first := startUp(t, dir, addr)
	// On a busy machine an answer takes long enough for a line of progress.
	said := regexp.MustCompile(`(?m)^waiting for the reply: .*\n`).ReplaceAllString(first.out.String(), "")
	for _, want := range []string{
		"Amina               Hi, can I book a haircut?\n  Blue Door Barbers   ",
		"Juma                mchele kilo 5 na mafuta lita 3\n  Duka la Mama Asha   ",
		"Neema               My internet is not working\n  Pwani Net           ",
		"http://" + addr, "admin  hunter2-hunter2", "Temporal Web UI",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the first start did not print %q", want)
		}
	}
	api := adminAPI{apiclient.Client{Base: "http://" + addr, Password: "hunter2-hunter2"}}
	wantConnected(t, api)
	wantPhone(t, said)
	first.end(syscall.SIGINT)
	if err := first.child.Err(); err != nil {
		t.Errorf("it ended with %v; want exit status 0", err)
	}

	second := startUp(t, dir, addr)
	if said := second.out.String(); strings.Contains(said, "Amina") {
		t.Error("the second start played the demo again")
	}
	wantConnected(t, api)
	second.child.Signal(syscall.SIGTERM)
	second.end(syscall.SIGINT) // one and the same signal, as go and the terminal both send it
	if err := second.child.Err(); err != nil {
		t.Errorf("it ended with %v; want exit status 0", err)
	}

	// A checkout whose first migration was edited in place since.
	kept := filepath.Join(dir, ".dev", "schema")
	if err := os.WriteFile(kept, []byte("000001_init.up.sql 00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := start(t, dir, []string{"HTTP_ADDR=" + addr, "DATABASE_URL=", "TEMPORAL_ADDRESS="}, "up")
	err := third.child.Err() // waits for its end
	want := "remove " + filepath.Join(dir, ".dev") + ","
	if err == nil || err.Error() != "exit status 1" || !strings.Contains(third.out.String(), want) {
		t.Errorf("it ended with %v; want exit status 1, and %q", err, want)
	}
}

// wantPhone: the first address that is printed leads to the page to try everything on, which shows
// the conversation that the demo has begun.
func wantPhone(t *testing.T, said string) {
	t.Helper()
	first := regexp.MustCompile(`Flow HQ runs[^\n]*\n\n  Try it +(http://[^ ]+)`).FindStringSubmatch(said)
	if first == nil {
		t.Fatal("the summary does not begin with the address of the phone")
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, first[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	html, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(html), "Hi, can I book a haircut?") {
		t.Errorf("the phone (%d, %v) does not show the conversation", res.StatusCode, err)
	}
}

func wantConnected(t *testing.T, api adminAPI) {
	t.Helper()
	eventually(t, func() bool {
		tenants, err := api.tenants(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, tenant := range tenants {
			if tenant.Session.State == "CONNECTED" {
				n++
			}
		}
		return n == len(businesses)
	})
}

// Killed services come back, and killing dev itself leaves nothing running.
func TestUpSurvivesItsServices(t *testing.T) {
	t.Parallel()
	dir, addr := checkout(t), freeAddr("")
	r := startUp(t, dir, addr)
	api := adminAPI{apiclient.Client{Base: "http://" + addr, Password: "hunter2-hunter2"}}
	for _, name := range []string{"temporald", "/postgres ", " api ", " worker ", " simulate "} {
		if err := syscall.Kill(servicePID(t, r, name), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"temporal", "database", "api", "worker", "simulator"} {
		r.says(name+" ended by itself (", upWithin)
	}
	eventually(t, func() bool { return api.Call(t.Context(), http.MethodGet, "/readyz", nil, nil) == nil })
	wantConnected(t, api)

	pids := descendants(r.child.Pid())
	r.child.Kill()
	gone(t, pids, endWithin)
}

// servicePID returns the process of a service by a word of its command line.
func servicePID(t *testing.T, r *run, word string) int {
	t.Helper()
	for _, pid := range children(r.child.Pid()) {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.Contains(strings.ReplaceAll(string(line), "\x00", " ")+" ", word) {
			return pid
		}
	}
	t.Fatalf("no process runs %s", word)
	return 0
}

// Its tenants must never meet the simulator's.
func TestUpWithWhatsAppKeepsApart(t *testing.T) {
	t.Parallel()
	dir, addr := checkout(t), freeAddr("")
	r := startUp(t, dir, addr, "--whatsapp")
	if said := r.out.String(); strings.Contains(said, "Simulator") || strings.Contains(said, "Amina") {
		t.Error("it started a simulator; want none")
	}
	tenants, err := adminAPI{apiclient.Client{Base: "http://" + addr,
		Password: "hunter2-hunter2"}}.tenants(t.Context())
	if err != nil || len(tenants) > 0 {
		t.Errorf("tenants = %v, %v; want none", tenants, err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".dev", "whatsapp", "pg")); err != nil && os.Getuid() != 0 {
		t.Errorf("its database is not in .dev/whatsapp: %v", err)
	}
	r.end(syscall.SIGTERM)
}

func TestUpSaysWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	busy, closed := taken(t), freeAddr("")
	for name, tt := range map[string]struct{ variable, want string }{
		"port taken": {"HTTP_ADDR=" + busy, "is taken by another program"},
		"no database": {"DATABASE_URL=postgres://u:p@" + closed + "/x",
			"the database of DATABASE_URL at " + closed + " does not answer"},
		"no Temporal": {"TEMPORAL_ADDRESS=" + closed,
			"the Temporal server of TEMPORAL_ADDRESS at " + closed + " cannot be used"},
		"wrong setting":        {"WORKER_CAPACITY=many", "WORKER_CAPACITY"},
		"no PostgreSQL there":  {"DEV_PG_BIN=/nonexistent", "DEV_PG_BIN=/nonexistent"},
		"half of the settings": {"WHATSAPP_ADDR=" + closed, "only WHATSAPP_ADDR is set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, checkout(t), []string{"HTTP_ADDR=127.0.0.1:0", tt.variable}, "up")
			if err := r.child.Err(); err == nil || err.Error() != "exit status 1" {
				t.Errorf("it ended with %v; want exit status 1", err)
			}
			lines := strings.Split(strings.TrimSpace(r.out.String()), "\n")
			last := lines[len(lines)-1]
			if !strings.HasPrefix(last, "flowhq-dev up: ") || !strings.Contains(last, tt.want) {
				t.Errorf("its last line was %q; want %q in it", last, tt.want)
			}
		})
	}
}
