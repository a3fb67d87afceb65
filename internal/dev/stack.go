package dev

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flowhq/flowhq/internal/apiclient"
)

// Default addresses. All but the API's move to a free port if they are taken: people type
// the API's into programs of their own, so it must stay where they expect it.
const (
	defaultAPI      = "127.0.0.1:3000"
	defaultTemporal = "127.0.0.1:7233" // as Temporal's own development server has it
	defaultUI       = "127.0.0.1:8233" // likewise
	defaultControl  = "127.0.0.1:7300" // of the simulator
	defaultWhatsApp = "127.0.0.1:7400" // of the simulator
	defaultPhone    = "127.0.0.1:7500" // the page to try everything on

	// The default of flowhq too, so that tools with the same environment find the workflows.
	namespace = "flowhq" // of Temporal, unless TEMPORAL_NAMESPACE names another
)

// How long processes have to end when they are told to. They end in this order, so the
// sum is what a Ctrl-C may take: less than ten seconds, which people wait for.
const (
	appGrace      = 4 * time.Second // the API and the worker
	backendGrace  = 2 * time.Second // the simulator and Temporal
	databaseGrace = 2 * time.Second
	// hurriedGrace is what is left of databaseGrace after a second Ctrl-C. PostgreSQL
	// recovers from a kill too, but its next start is slower then.
	hurriedGrace = 300 * time.Millisecond
)

// readyTimeout bounds the start of each service. It is long enough for a machine that runs
// all tests at the same time.
const readyTimeout = 90 * time.Second

// A stack is one run of everything: the processes, where they are, and what leads to them. One
// goroutine runs it, that of run. The functions that start the backends run at the same time,
// and each sets fields that no other one touches.
type stack struct {
	options
	getenv  func(string) string
	console *console
	stdin   io.Reader
	hurry   <-chan struct{} // closed when there is no more time for graces

	reserved []net.PacketConn // see reserve

	// What follows is set by prepare, before anything is started.
	root   string      // of the checkout
	data   *dataFolder // of the services
	self   string      // this program, which the simulator is a command of
	flowhq string      // the program of production, which the API and the worker are commands of

	// Where everything is. The start of each service sets what it knows.
	databaseURL string
	temporal    string // address
	ui          string // address of Temporal's Web UI, "" with a Temporal of somebody else's
	password    string // of the admin API
	apiAddr     string // where the API listens, maybe for other machines too
	api         adminAPI
	simulator   simulatorAPI
	whatsApp    []string // the variables that lead to the simulator

	db       *database   // nil with a database of somebody else's
	backends *supervisor // of the simulator and Temporal
	apps     *supervisor // of the API and the worker
	worker   *service

	phone    *http.Server // nil without a simulator
	phoneURL string       // "" likewise
}

// run starts everything in the order of its dependencies, and ends it in the opposite order
// when ctx does. If a service cannot start, run ends what had started and returns why. It also
// returns an error if the private database is lost later; every other service is started again
// for as long as it takes.
func (s *stack) run(ctx context.Context) (err error) {
	began := time.Now()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	// The lock of the folder goes last, when no service writes there any more.
	defer s.data.close()
	defer s.release()

	// Both supervisors outlive ctx, so that end decides in which order services end.
	s.backends = newSupervisor(ctx, s.console, s.hurry)
	s.apps = newSupervisor(ctx, s.console, s.hurry)
	defer s.end(ctx)
	if err := s.startBackends(ctx); err != nil {
		return err
	}
	if err := s.startApps(ctx); err != nil {
		return err
	}
	// What follows is for people, so nothing of it ends the stack when it fails.
	if s.simulator.Base != "" {
		s.servePhone(ctx)
		d := show{api: s.api, simulator: s.simulator, console: s.console}
		err := d.play(ctx, s.data.demoMark(s.getenv("DATABASE_URL")))
		if err != nil && ctx.Err() == nil {
			s.console.printf("The demo was cut short (%v); it goes on at the next start. "+
				"Everything else runs.", err)
		}
	}
	s.summarize(ctx, time.Since(began))
	// Only now, so that the summary is not buried before it was read.
	s.console.verbose.Store(true)
	go s.readCommands(ctx)
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.db.lost():
		return err
	}
}

// prepare finds out what is needed and whether it can be had, before anything is started. A
// person should not wait minutes for Temporal to be built only to read that the API's port is
// taken. If it fails it holds nothing.
func (s *stack) prepare(ctx context.Context) (err error) {
	if err := s.checkVariables(); err != nil {
		return err
	}
	if s.root, err = findCheckout(); err != nil {
		return err
	}
	if s.self, s.flowhq, err = programs(s.getenv); err != nil {
		return err
	}
	// The password is the same with and without WhatsApp: "flowhq tenants" looks for one. The
	// rest is apart, as a simulated phone number must never be taken for a real one.
	kept := filepath.Join(s.root, ".dev")
	dir := kept
	if s.options.whatsApp {
		dir = filepath.Join(kept, "whatsapp")
	}
	if s.data, err = openDataFolder(dir); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.data.close()
		}
	}()
	if s.password, err = adminPassword(ctx, kept, s.getenv("ADMIN_PASSWORD")); err != nil {
		return err
	}
	addr, local, err := apiAddr(s.getenv("HTTP_ADDR"))
	if err != nil {
		return err
	}
	s.apiAddr = addr
	s.api = adminAPI{apiclient.Client{Base: "http://" + local, Password: s.password}}
	return nil
}

// checkVariables refuses settings that contradict each other. Whether each is right by itself,
// the process checks that uses it. With --whatsapp and a server in the environment, tenants of
// the simulator would end up among those that are linked to real phones.
func (s *stack) checkVariables() error {
	var set []string
	for _, name := range []string{"WHATSAPP_ADDR", "WHATSAPP_CA_FILE", "WHATSAPP_ROOT_KEY_FILE"} {
		if s.getenv(name) != "" {
			set = append(set, name)
		}
	}
	switch {
	case s.options.whatsApp && len(set) > 0:
		return fmt.Errorf("--whatsapp means WhatsApp itself, but %s leads elsewhere: "+
			"leave out one of the two", strings.Join(set, ", "))
	case len(set) == 1 || len(set) == 2:
		return fmt.Errorf("only %s is set: WHATSAPP_ADDR, WHATSAPP_CA_FILE and "+
			"WHATSAPP_ROOT_KEY_FILE belong together, all three or none", strings.Join(set, ", "))
	}
	return nil
}

// startBackends starts what the API and the worker need, all at once, and returns when all are
// ready or one cannot be. What had started is left to end, which run has deferred.
func (s *stack) startBackends(ctx context.Context) error {
	// When one of them cannot start, there is no sense in waiting for the others, of which
	// the first build of Temporal takes minutes.
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.startDatabase(ctx) })
	if s.temporal = s.getenv("TEMPORAL_ADDRESS"); s.temporal == "" {
		s.temporal, s.ui = s.reserve(ctx, defaultTemporal), s.reserve(ctx, defaultUI)
		g.Go(func() error { return s.startTemporal(ctx) })
	} else {
		g.Go(func() error { return s.useTemporal(ctx) })
	}
	if !s.options.whatsApp && s.getenv("WHATSAPP_ADDR") == "" {
		addr, control := s.reserve(ctx, defaultWhatsApp), s.reserve(ctx, defaultControl)
		g.Go(func() error { return s.startSimulator(ctx, addr, control) })
	}
	return g.Wait()
}

// end ends everything, what depends on others first, so that no service logs the end of another
// one as a failure. It returns when every process has ended, within the sum of the graces.
func (s *stack) end(ctx context.Context) {
	if ctx.Err() != nil {
		s.console.printf("\nending …")
	}
	s.closePhone()
	s.apps.stop()
	s.backends.stop()
	s.db.stop(s.hurry)
}
