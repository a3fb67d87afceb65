package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/devdb"
	"github.com/flowhq/flowhq/internal/searchattributes"
	"github.com/flowhq/flowhq/internal/store"
)

// A chaos is a stand whose parts come and go, with all that is needed to account
// for what happens on it.
type chaos struct {
	*stand
	plan    plan
	wa      string // address of the simulated WhatsApp
	dbPort  int
	began   time.Time
	lasted  time.Duration // the trouble
	settled time.Duration

	workers [chaosWorkers]*part
	up      struct{ api, simulator, temporal *part }
	keeping sync.WaitGroup

	businesses []*business
	chats      []*chat
	hooks      map[*business]*hook // each business has a webhook, whose receiver fails now and then
	guests     guests
	orders     orders
	journal    journal
	freezes    freezes
}

// newChaos starts everything, links the tenants and brings them on the air.
func newChaos(t *testing.T, p plan) *chaos {
	t.Helper()
	s := &stand{t: t, dir: t.TempDir(), temporal: steadyAddr(t)}
	c := &chaos{stand: s, plan: p, wa: steadyAddr(t), hooks: map[*business]*hook{}}
	_, port, err := net.SplitHostPort(steadyAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Sscan(port, &c.dbPort)
	t.Cleanup(func() { c.keepOutputs() })
	if err := c.raiseDatabase(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stopDatabase() })

	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); c.keeping.Wait() })
	c.startParts(ctx)
	for i, n := range chaosBusinesses() {
		b := s.business(n)
		b.link()
		c.businesses = append(c.businesses, b)
		c.hooks[b] = b.hook(hookFails, flowhq.EventMessageReceived)
		texts := utterances(t, n.Template, n.Language, utterancesPerTenant)
		for j := range chaosCustomers {
			number := fmt.Sprintf("+2557%02d%06d", i, j)
			c.chats = append(c.chats, newChat(s.customer(number, fmt.Sprintf("Customer %d", j)), b, texts, p.questions[len(c.chats)]))
		}
	}
	c.guests.robot, c.guests.mover, c.guests.viewer = c.newRobot(), c.newMover(), c.newViewer()
	c.guests.poison.Store(c.newPoison())
	return c
}

func (c *chaos) startParts(ctx context.Context) {
	bin, simulator, armed := os.Getenv("FLOWHQ_BIN"), os.Getenv("FLOWHQ_DEV_BIN"), os.Getenv("FLOWHQ_FAILPOINTS_BIN")
	if bin == "" || simulator == "" || armed == "" {
		c.t.Fatal("run the tests through `go tool task test`: it builds the programs that they start")
	}
	host, port, err := net.SplitHostPort(c.temporal)
	if err != nil {
		c.t.Fatal(err)
	}
	control, api := steadyAddr(c.t), steadyAddr(c.t)
	c.sim, c.api = "http://"+control, "http://"+api
	c.env = slices.Clip([]string{
		webhooksInside[0], webhooksInside[1],
		"DATABASE_URL=" + devdb.As(store.RoleWorker, c.dbURL),
		"TEMPORAL_ADDRESS=" + c.temporal,
		"ADMIN_PASSWORD=" + password,
		"LEASE_RENEWAL_INTERVAL_MS=" + fmt.Sprint(renewal.Milliseconds()),
		"WHATSAPP_ADDR=" + c.wa,
		"WHATSAPP_CA_FILE=" + filepath.Join(c.dir, "simulator", "ca.pem"),
		"WHATSAPP_ROOT_KEY_FILE=" + filepath.Join(c.dir, "simulator", "root.key"),
		"LOGS_PATH=" + filepath.Join(c.dir, "logs"),
		"STATE_PATH=" + filepath.Join(c.dir, "workers"),
	})
	c.up.temporal = newPart("temporal", func(int) (*process, error) {
		return c.launch("temporald", nil, os.Getenv("TEMPORALD"), append([]string{"server", "start-dev",
			"--ip", host, "--port", port, "--headless", "--namespace", "flowhq",
			"--db-filename", filepath.Join(c.dir, "temporal.db"), "--log-level", "error"},
			searchattributes.Flags()...)...)
	})
	c.up.simulator = newPart("simulator", func(int) (*process, error) {
		return c.launch("simulator", nil, simulator, "simulate", "-addr", c.wa, "-control", control, "-state", filepath.Join(c.dir, "simulator"))
	})
	c.keep(ctx, c.up.temporal, c.up.simulator)
	eventually(c.t, time.Minute, func() error { _, err := c.simulate("GET", "/healthz", nil, nil); return err })
	eventually(c.t, time.Minute, func() error {
		conn, err := net.DialTimeout("tcp", c.temporal, time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	c.migrate(c.dbURL)
	c.up.api = newPart("api", func(int) (*process, error) {
		return c.launch("api", append(c.env, "HTTP_ADDR="+api, "DATABASE_URL="+devdb.As(store.RoleAPI, c.dbURL)), bin, "api")
	})
	c.keep(ctx, c.up.api)
	eventually(c.t, time.Minute, func() error { _, err := c.call("GET", "/admin/tenants", nil, nil); return err })
	for i := range c.workers {
		name, env := fmt.Sprintf("worker%d", i), c.env
		if i == 0 { // as on a machine of its own: nothing but its leases says that it has ended
			env = append(env, c.ownFolder(name))
		}
		c.workers[i] = newPart(name, func(life int) (*process, error) {
			if i < armedWorkers && c.journal.armed() {
				return c.launch(name, append(env, c.plan.armament(i, life, c.guests.poisonPoint())), armed, "worker")
			}
			return c.launch(name, env, bin, "worker")
		})
		c.keep(ctx, c.workers[i])
		if i < armedWorkers {
			c.keeping.Go(func() { c.wake(ctx, c.workers[i], i) })
		}
	}
}

func (c *chaos) keep(ctx context.Context, parts ...*part) {
	for _, p := range parts {
		c.keeping.Go(func() { p.keep(ctx) })
	}
}

func (c *chaos) parts() []*part {
	return append(c.workers[:len(c.workers):len(c.workers)], c.up.api, c.up.simulator, c.up.temporal)
}

// raiseDatabase starts PostgreSQL, on the same port every time.
func (c *chaos) raiseDatabase() error {
	db, err := devdb.Start(c.t.Context(), devdb.Options{
		Dir: filepath.Join(c.dir, "pg"), Port: c.dbPort, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	c.db = db
	if c.dbURL != "" && c.dbURL != db.URL() {
		return errors.New("the database came back on another address")
	}
	c.dbURL = db.URL()
	return nil
}

// fellDatabase ends PostgreSQL without a shutdown and starts it again.
func (c *chaos) fellDatabase(ctx context.Context, sig syscall.Signal, away time.Duration) error {
	c.db.Crash(sig)
	pause(ctx, away)
	return c.raiseDatabase()
}

// keepOutputs saves what a failed run's processes have printed.
func (c *chaos) keepOutputs() {
	if !c.t.Failed() {
		return
	}
	to := filepath.Join("..", "..", ".dev", fmt.Sprintf("chaos-seed-%d", c.plan.seed))
	if err := os.RemoveAll(to); err != nil {
		c.t.Error(err)
	}
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".log" || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, filepath.Base(path)), raw, 0o600)
	})
	c.t.Logf("the processes' outputs are in .dev/%s (%v)", filepath.Base(to), err)
}
