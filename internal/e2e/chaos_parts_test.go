package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// restartPause is how long a part that has ended stays away at least.
const restartPause = 200 * time.Millisecond

// drainWithin is how long a worker may take to end when it is told to: the time
// for which it serves on, its hosts' ten seconds to hang up, and something for a
// machine that is busy.
const drainWithin = 45 * time.Second

// A part is one process of the stand under chaos: whenever it ends, for whatever
// reason, it is started again.
type part struct {
	name  string
	start func(life int) (*process, error)
	renew chan struct{} // a fresh process is wanted beside the present one

	mu       sync.Mutex
	now      *process  // nil = down
	leaving  *process  // told to end, and perhaps not gone yet
	awayTill time.Time // do not start it before
	lives    int
	outputs  []string // of all lives
}

func newPart(name string, start func(life int) (*process, error)) *part {
	return &part{name: name, start: start, renew: make(chan struct{})}
}

// keep keeps the part running until ctx ends, and then kills it.
func (p *part) keep(ctx context.Context) {
	for ctx.Err() == nil {
		now, err := p.begin()
		if err == nil {
			select {
			case <-ctx.Done():
				now.kill()
				return
			case <-p.renew:
				continue
			case <-now.gone:
			}
		}
		p.end()
		p.mu.Lock()
		away := max(restartPause, time.Until(p.awayTill))
		p.mu.Unlock()
		pause(ctx, away)
	}
}

// pause lets some time pass, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (p *part) begin() (*process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, err := p.start(p.lives)
	if err != nil {
		return nil, err
	}
	p.now = now
	p.lives++
	p.outputs = append(p.outputs, now.out)
	return now, nil
}

func (p *part) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = nil
}

func (p *part) current() *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// living returns the part's processes that may run.
func (p *part) living() (all []*process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range []*process{p.now, p.leaving} {
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}

// kill kills the process and keeps the part away for a while.
func (p *part) kill(away time.Duration) {
	p.mu.Lock()
	now := p.now
	p.awayTill = time.Now().Add(away)
	p.mu.Unlock()
	if now != nil {
		now.kill()
	}
}

// drain asks the process to end, has a fresh one started beside it, and waits for
// its end. It reports whether that came in time.
func (p *part) drain(ctx context.Context) bool {
	now := p.current()
	if now == nil {
		return true
	}
	p.mu.Lock()
	p.leaving = now
	p.mu.Unlock()
	_ = now.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case p.renew <- struct{}{}:
	case <-now.gone:
		return true
	case <-ctx.Done():
	}
	select {
	case <-now.gone:
		return true
	case <-time.After(drainWithin):
		now.kill()
		return false
	}
}

// poisonFault is how the verdict calls the end of a worker by the tenant that is poison.
const poisonFault = "poison tenant"

// struck matches what a failpoint says before it strikes.
var struck = regexp.MustCompile(`(?m)^failpoint (\S+): (\w+)$`)

// accident matches the first line of what no process may ever print, unless a
// failpoint made it.
var accident = regexp.MustCompile(`^WARNING: DATA RACE|^fatal error: |^panic: |^\S+ ERR .*\b(panicked|panic\.)`)

// accidents returns what the part's processes printed that must never be, and
// counts the failpoints that struck.
func (p *part) accidents(failpoints map[string]int) (bad []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range p.outputs {
		raw, err := os.ReadFile(name)
		if err != nil {
			return append(bad, err.Error())
		}
		for _, m := range struck.FindAllSubmatch(raw, -1) {
			if bytes.Contains(m[1], []byte("/")) {
				failpoints[poisonFault]++
			} else {
				failpoints["failpoint "+string(m[2])]++
			}
		}
		text, races := withoutLibraryRaces(string(raw))
		if races > 0 {
			failpoints["race in the library"] += races
		}
		for line := range strings.Lines(text) {
			if accident.MatchString(line) && !strings.Contains(line, "failpoint") {
				bad = append(bad, fmt.Sprintf("%s printed %q, see %s", p.name,
					strings.TrimSpace(line), filepath.Base(name)))
			}
		}
	}
	return bad
}

// raceReport is what the race detector prints between two rulers.
var raceReport = regexp.MustCompile(`(?s)WARNING: DATA RACE.*?\n==================`)

// libraryRaces are whatsmeow's own races, by the functions whose accesses meet. Without the
// detector the first ends the process at worst, and the second may leave a connection that
// was lost within its handshake to be found out by its silence; a run is about both anyway.
var libraryRaces = [][2]string{
	// A request's channel is closed, because its context has ended, while the answer is being
	// put into it.
	{"whatsmeow.(*Client).cancelResponse()", "whatsmeow.(*Client).receiveResponse()"},
	// A socket is closed by the other end while the end of its handshake says whom to tell.
	{"whatsmeow/socket.(*FrameSocket).Close()", "whatsmeow/socket.newNoiseSocket()"},
}

// withoutLibraryRaces returns what a process printed without the reports of races that are all
// the library's own, and how many there were.
func withoutLibraryRaces(text string) (rest string, races int) {
	rest = raceReport.ReplaceAllStringFunc(text, func(report string) string {
		for _, race := range libraryRaces {
			if strings.Contains(report, race[0]) && strings.Contains(report, race[1]) {
				races++
				return ""
			}
		}
		return report
	})
	return rest, races
}

// steadyAddr is a loopback address for a server that comes and goes. Its port is
// not among those that the system gives to outgoing connections, one of which
// could take it meanwhile.
func steadyAddr(t testing.TB) string {
	t.Helper()
	const lowest, ports = 20_000, 10_000
	for i := range ports {
		addr := fmt.Sprintf("127.0.0.1:%d", lowest+(os.Getpid()*7+i)%ports)
		if _, taken := steadyTaken.LoadOrStore(addr, true); taken {
			continue
		}
		if isFree(t, addr) {
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

func isFree(t testing.TB, addr string) bool {
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", addr)
	if err != nil {
		return false
	}
	return l.Close() == nil
}

var steadyTaken sync.Map // addresses that steadyAddr has given out
