package e2e

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// A cable is a TCP relay that can be cut: from then on nothing gets through, and
// nobody is told.
type cable struct {
	t      testing.TB
	to     string // host:port
	listen net.Listener

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

// newCable lays a cable to an address and returns it, until the test ends.
func newCable(t testing.TB, to string) *cable {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{t: t, to: to, listen: l}
	go c.accept()
	t.Cleanup(func() {
		_ = l.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, conn := range c.conns {
			_ = conn.Close()
		}
	})
	return c
}

func (c *cable) addr() string { return c.listen.Addr().String() }

func (c *cable) accept() {
	for {
		near, err := c.listen.Accept()
		if err != nil {
			return // the test is over
		}
		c.keep(near)
		if c.isCut() {
			continue // it hears nothing, for ever
		}
		far, err := net.Dial("tcp", c.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		c.keep(far)
		go c.relay(near, far)
		go c.relay(far, near)
	}
}

// relay carries bytes one way while the cable is whole.
func (c *cable) relay(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if c.isCut() {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				_ = from.Close()
				return
			}
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

func (c *cable) keep(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
}

func (c *cable) isCut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut
}

func (c *cable) sever() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
}

// A host that is cut off from Temporal, from the database or from both, but not
// from WhatsApp, has hung up by the time another one serves its number: WhatsApp
// never sees two, and every message is answered once.
func TestCutOff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name               string
		temporal, database bool
	}{
		{"from Temporal", true, false},
		{"from the database", false, true},
		{"from both", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			s := newStand(t)
			url, err := url.Parse(s.dbURL)
			if err != nil {
				t.Fatal(err)
			}
			temporal, database := newCable(t, s.temporal), newCable(t, url.Host)
			first := s.worker("first", "TEMPORAL_ADDRESS="+temporal.addr(),
				"DATABASE_URL="+strings.Replace(s.dbURL, url.Host, database.addr(), 1))
			b := s.business(unlimited(barbers))
			b.link()
			c := s.customer("+254711000001", "Amina")
			cs := []*conversation{{customer: c, to: b, texts: []string{"hello", "prices", "how are you"}}}
			play(t, cs, nil)
			answeredOnce(t, patience, cs)
			s.worker("second")

			before := b.epoch()
			if tt.temporal {
				temporal.sever()
			}
			if tt.database {
				database.sever()
			}
			play(t, cs, nil) // by whichever host there is
			b.replaced(before)
			play(t, cs, nil)
			answeredOnce(t, patience, cs)
			b.neverHostedTwice()
			got, err := b.read()
			if err != nil {
				t.Fatal(err)
			}
			if host := first.attr("worker started", "name"); got.Host.Worker == host {
				t.Errorf("%s still hosts it; want the other worker, which can reach everything", host)
			}
			b.becomes(patience, flowhq.TenantActive, flowhq.Connected, flowhq.HostRunning)
		})
	}
}

// A stop counts at once for a host whose worker Temporal cannot tell of it, and is applied
// though that one cannot say that it has hung up.
func TestStopOfAHostThatIsCutOffFromTemporal(t *testing.T) {
	t.Parallel()
	const hungUp, applied = 25 * time.Second, 2 * time.Minute // Temporal's own timeout is 5 min
	s := newStand(t, "LEASE_RENEWAL_INTERVAL_MS=5000")
	line := newCable(t, s.temporal)
	s.worker("first", "TEMPORAL_ADDRESS="+line.addr())
	all := s.fleet(3)
	stopped, deleted, serves := all[0], all[1], all[2]
	s.worker("second")
	line.sever()
	began := time.Now()
	stopped.command(flowhq.Stop)
	s.must(s.call("DELETE", deleted.path(), nil, nil))
	eventually(t, hungUp, func() error {
		now, err := stopped.read()
		if err == nil && now.Session.State != flowhq.Disconnected {
			err = fmt.Errorf("the session is %s", now.Session.State)
		}
		return err
	})
	t.Logf("off the air after %v", time.Since(began))
	stopped.becomes(applied, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
	deleted.deleted(applied)
	t.Logf("applied after %v", time.Since(began))
	ask(t, s.customer("+254711000001", "Amina"), serves, "hello", patience)
	stopped.neverHostedTwice()
}
