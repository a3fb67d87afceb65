package dev

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flowhq/flowhq/internal/apiclient"
)

// Default addresses. All but the API's move to a free port if they are taken.
const (
	defaultAPI      = "127.0.0.1:3000"
	defaultTemporal = "127.0.0.1:7233"
	defaultUI       = "127.0.0.1:8233"
	defaultControl  = "127.0.0.1:7300"
	defaultWhatsApp = "127.0.0.1:7400"

	namespace = "flowhq"
)

// What the end may cost, in sum less than ten seconds.
const (
	appGrace     = 4 * time.Second // the API and the worker
	backendGrace = 2 * time.Second // the simulator and Temporal
	dbGrace      = 2 * time.Second
	hurriedGrace = 300 * time.Millisecond // of the database, if somebody is in a hurry
)

// readyTimeout bounds the start of each part, on a slow machine.
const readyTimeout = 90 * time.Second

// A dev is one run of everything.
type dev struct {
	options
	getenv func(string) string
	out    *screen
	stdin  io.Reader
	hurry  <-chan struct{}

	claims []net.PacketConn // see claim

	root   string // of the checkout
	home   *home
	self   string // this program, which the simulator is a command of
	flowhq string // the program that runs in production, which the API and the worker are commands of

	databaseURL, temporal, ui string // where they are; ui is "" with a Temporal of somebody else's
	password                  string
	apiAddr                   string // where the API listens, maybe for other machines too
	api                       web
	sim                       web      // base is "" without a simulator
	whatsApp                  []string // the variables that lead to the simulator

	db       *database // nil with a database of somebody else's
	backends *layer    // the simulator, Temporal
	apps     *layer    // the API, the worker
	worker   *part
}

// run starts everything, in layers, and ends it again when ctx does. If a part
// cannot start, it ends what had started and returns why.
func (d *dev) run(ctx context.Context) (err error) {
	began := time.Now()
	if err := d.prepare(); err != nil {
		return err
	}
	defer d.home.close()
	defer d.release()

	d.backends, d.apps = newLayer(ctx, d.out.say, d.hurry), newLayer(ctx, d.out.say, d.hurry)
	defer d.end(ctx)
	if err := d.startBackends(ctx); err != nil {
		return err
	}
	if err := d.startApps(ctx); err != nil {
		return err
	}
	if d.sim.Base != "" {
		s := stage{api: d.api, sim: d.sim, out: d.out}
		if err := s.play(ctx, d.home.demoMark(d.getenv("DATABASE_URL"))); err != nil && ctx.Err() == nil {
			d.out.say("The demo was cut short (%v); it goes on at the next start. Everything else runs.", err)
		}
	}
	d.summarize(ctx, time.Since(began))
	d.out.chatty.Store(true)
	go d.listen(ctx)
	select {
	case <-ctx.Done():
		return nil
	case err := <-d.db.lost():
		return err
	}
}

// prepare finds out what is needed and whether it can be had, before anything
// is started.
func (d *dev) prepare() (err error) {
	if err := d.checkVariables(); err != nil {
		return err
	}
	if d.root, err = findCheckout(); err != nil {
		return err
	}
	if d.self, d.flowhq, err = programs(d.getenv); err != nil {
		return err
	}
	kept := filepath.Join(d.root, ".dev")
	dir := kept
	if d.options.whatsApp {
		dir = filepath.Join(kept, "whatsapp")
	}
	if d.home, err = openHome(dir); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			d.home.close()
		}
	}()
	if d.password, err = adminPassword(kept, d.getenv("ADMIN_PASSWORD")); err != nil {
		return err
	}
	addr, near, err := apiAddr(d.getenv("HTTP_ADDR"))
	if err != nil {
		return err
	}
	d.apiAddr, d.api = addr, web{apiclient.Client{Base: "http://" + near, Password: d.password}}
	return nil
}

// checkVariables refuses what contradicts itself.
func (d *dev) checkVariables() error {
	var set []string
	for _, name := range []string{"WHATSAPP_ADDR", "WHATSAPP_CA_FILE", "WHATSAPP_ROOT_KEY_FILE"} {
		if d.getenv(name) != "" {
			set = append(set, name)
		}
	}
	switch {
	case d.options.whatsApp && len(set) > 0:
		return fmt.Errorf("--whatsapp means WhatsApp itself, but %s leads elsewhere: leave out one of the two", strings.Join(set, ", "))
	case len(set) == 1 || len(set) == 2:
		return fmt.Errorf("only %s is set: WHATSAPP_ADDR, WHATSAPP_CA_FILE and WHATSAPP_ROOT_KEY_FILE belong together, all three or none", strings.Join(set, ", "))
	}
	return nil
}

// startBackends starts what the API and the worker need, all at once.
func (d *dev) startBackends(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.startDatabase(ctx) })
	if d.temporal = d.getenv("TEMPORAL_ADDRESS"); d.temporal == "" {
		d.temporal, d.ui = d.claim(ctx, defaultTemporal), d.claim(ctx, defaultUI)
		g.Go(func() error { return d.startTemporal(ctx) })
	} else {
		g.Go(func() error { return d.useTemporal(ctx) })
	}
	if !d.options.whatsApp && d.getenv("WHATSAPP_ADDR") == "" {
		addr, control := d.claim(ctx, defaultWhatsApp), d.claim(ctx, defaultControl)
		g.Go(func() error { return d.startSimulator(ctx, addr, control) })
	}
	return g.Wait()
}

func (d *dev) startSimulator(ctx context.Context, addr, control string) error {
	state := d.home.path("simulator")
	d.sim = web{apiclient.Client{Base: "http://" + control}}
	d.whatsApp = []string{
		"WHATSAPP_ADDR=" + addr,
		"WHATSAPP_CA_FILE=" + filepath.Join(state, "ca.pem"),
		"WHATSAPP_ROOT_KEY_FILE=" + filepath.Join(state, "root.key"),
	}
	p := d.backends.keep(&part{
		name: "simulator", grace: backendGrace, env: os.Environ(), out: d.logOnly("simulator"),
		args: []string{d.self, "simulate", "-addr", addr, "-control", control, "-state", state},
	})
	return d.out.during("starting the simulated WhatsApp", func() error {
		return p.await(ctx, readyTimeout, d.sim.ready("/healthz"))
	})
}

func (d *dev) startApps(ctx context.Context) error {
	env := os.Environ()
	if d.getenv("TEMPORAL_ADDRESS") == "" { // what is set for another one does not fit the embedded one
		env = append(env, "TEMPORAL_TLS=false", "TEMPORAL_API_KEY=", "TEMPORAL_CONFIG_FILE=", "TEMPORAL_PROFILE=")
	}
	env = append(env,
		"DATABASE_URL="+d.databaseURL, "TEMPORAL_ADDRESS="+d.temporal,
		"HTTP_ADDR="+d.apiAddr, "ADMIN_PASSWORD="+d.password,
	)
	for name, value := range map[string]string{
		"LOGS_PATH":    d.home.path("logs", "tenants"),
		"STATE_PATH":   d.home.path("workers"),
		"CODEC_ORIGIN": d.codecOrigin(),
		// Short, so that whoever kills the worker to see what happens need not wait.
		"HEARTBEAT_INTERVAL_MS": "2000",
		// There is no other worker that could take over.
		"DRAIN_TIMEOUT_MS": "0",
		"METRICS_ADDR":     "127.0.0.1:0", // the worker's log says where
	} {
		if d.getenv(name) == "" {
			env = append(env, name+"="+value)
		}
	}
	env = append(env, d.whatsApp...)
	if err := d.migrate(ctx, env); err != nil {
		return err
	}

	api := d.apps.keep(&part{name: "api", grace: appGrace, env: env, out: d.shown("api"), args: []string{d.flowhq, "api"}})
	d.worker = d.apps.keep(&part{name: "worker", grace: appGrace, env: env, out: d.shown("worker"), args: []string{d.flowhq, "worker"}})
	err := d.out.during("starting the API", func() error {
		return api.await(ctx, readyTimeout, d.api.ready("/readyz"))
	})
	if err != nil {
		return err
	}
	return d.worker.prove() // it needs the same as the API, so it has got as far by now
}

// migrate brings the database up to date before anything that needs it starts.
func (d *dev) migrate(ctx context.Context, env []string) error {
	out := d.logOnly("migrate")
	defer out.close()
	cmd := exec.CommandContext(ctx, d.flowhq, "migrate")
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("the database could not be brought up to date: %s", out.lastLine())
	}
	return ctx.Err()
}

// codecOrigin is where the pages come from that may ask the API to decrypt: the Web
// UI's, if it is ours.
func (d *dev) codecOrigin() string {
	if d.ui == "" {
		return ""
	}
	return "http://" + d.ui
}

// shown returns where a part's output goes that people want to read.
func (d *dev) shown(name string) *lines {
	return newLines(name, d.home.path("logs", name+".log"), d.out)
}

// logOnly returns where a part's output goes that is there for when something
// is wrong.
func (d *dev) logOnly(name string) *lines {
	return newLines(name, d.home.path("logs", name+".log"), nil)
}

// end ends the layers from the top.
func (d *dev) end(ctx context.Context) {
	if ctx.Err() != nil {
		d.out.say("\nending …")
	}
	d.apps.stop()
	d.backends.stop()
	d.db.stop(d.hurry)
}

// apiAddr returns where the API listens, which is wanted with its port filled in, and
// how this machine reaches it, after a look whether that is free.
func apiAddr(wanted string) (listen, near string, err error) {
	if wanted == "" {
		wanted = defaultAPI
	}
	l, err := net.Listen("tcp", wanted)
	host, port, _ := net.SplitHostPort(wanted)
	if inUse(err) {
		return "", "", fmt.Errorf("port %s is taken by another program: end that one, or choose another port with HTTP_ADDR, such as HTTP_ADDR=%s", port, freeAddr(""))
	}
	if err != nil {
		return "", "", fmt.Errorf("HTTP_ADDR=%s: %w", wanted, err)
	}
	defer l.Close()
	addr := l.Addr().(*net.TCPAddr)
	listen = net.JoinHostPort(host, strconv.Itoa(addr.Port))
	if addr.IP.IsUnspecified() {
		addr.IP = net.IPv4(127, 0, 0, 1)
	}
	return listen, addr.String(), nil
}
