package dev

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/apiclient"
	"github.com/flowhq/flowhq/internal/devdb"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/migrations"
)

// startSimulator starts the simulated WhatsApp. The API and the worker learn from
// variables where it is and which certificates to trust; it writes those when it starts.
func (s *stack) startSimulator(ctx context.Context, addr, control string) error {
	state := s.data.path("simulator")
	s.simulator = simulatorAPI{apiclient.Client{Base: "http://" + control}}
	s.whatsApp = []string{
		"WHATSAPP_ADDR=" + addr,
		"WHATSAPP_CA_FILE=" + filepath.Join(state, "ca.pem"),
		"WHATSAPP_ROOT_KEY_FILE=" + filepath.Join(state, "root.key"),
	}
	service := s.backends.start(&service{
		// A command of this program: the program of production does not carry it.
		name: "simulator", grace: backendGrace, env: os.Environ(),
		out:  s.fileOutput("simulator"),
		args: []string{s.self, "simulate", "-addr", addr, "-control", control, "-state", state},
	})
	return s.console.during("starting the simulated WhatsApp", func() error {
		return service.awaitReady(ctx, readyTimeout, answering(s.simulator.Client, "/healthz"))
	})
}

// startApps brings the database up to date and starts the API and the worker, both at once. The
// backends must be ready: each of the two ends if Temporal does not answer.
func (s *stack) startApps(ctx context.Context) error {
	env := s.appEnvironment()
	if err := s.migrate(ctx, env); err != nil {
		return err
	}
	api := s.apps.start(&service{
		name: "api", grace: appGrace, env: s.asRole(store.RoleAPI, env), out: s.shownOutput("api"),
		args: []string{s.flowhq, "api"},
	})
	s.worker = s.apps.start(&service{
		name: "worker", grace: appGrace, out: s.shownOutput("worker"),
		env:  s.asRole(store.RoleWorker, env),
		args: []string{s.flowhq, "worker"},
	})
	err := s.console.during("starting the API", func() error {
		return api.awaitReady(ctx, readyTimeout, answering(s.api.Client, "/readyz"))
	})
	if err != nil {
		return err
	}
	// Nothing tells from outside that a worker is ready. It needs what the API needs, so by
	// now it has started, or has ended for the same reason.
	return s.worker.markReady()
}

// appEnvironment returns the variables of the API and the worker: those of this process, with
// what leads to the other services. Of two variables with one name, package exec passes on the
// later one, so what is appended here wins.
func (s *stack) appEnvironment() []string {
	env := os.Environ()
	if s.getenv("TEMPORAL_ADDRESS") == "" {
		// What is set for another Temporal does not fit the embedded one.
		env = append(env, "TEMPORAL_TLS=false", "TEMPORAL_API_KEY=", "TEMPORAL_CONFIG_FILE=",
			"TEMPORAL_PROFILE=")
	}
	env = append(env,
		"DATABASE_URL="+s.databaseURL, "TEMPORAL_ADDRESS="+s.temporal,
		"HTTP_ADDR="+s.apiAddr, "ADMIN_PASSWORD="+s.password,
	)
	// These have other defaults here than in production, but whoever sets them decides.
	for name, value := range map[string]string{
		"LOGS_PATH":    s.data.path("logs", "tenants"),
		"STATE_PATH":   s.data.path("workers"),
		"CODEC_ORIGIN": s.codecOrigin(),
		// Short, so that whoever kills the worker to see what happens need not wait.
		"LEASE_RENEWAL_INTERVAL_MS": "2000",
		// A drain hands sessions to other workers, and there is none.
		"DRAIN_TIMEOUT_MS": "0",
		// Receivers of webhooks that one writes run on this machine.
		"WEBHOOK_NETWORKS": "127.0.0.0/8,::1", "WEBHOOK_HTTP": "true",
		"METRICS_ADDR": "127.0.0.1:0", // the worker's log says which port that became
	} {
		if s.getenv(name) == "" {
			env = append(env, name+"="+value)
		}
	}
	return append(env, s.whatsApp...)
}

// asRole returns the variables of a process that has the rights of a role of the private database.
// A database of somebody else's is used as whom its URL names.
func (s *stack) asRole(role string, env []string) []string {
	if s.db == nil {
		return env
	}
	return append(slices.Clip(env), "DATABASE_URL="+devdb.As(role, s.databaseURL))
}

// migrate brings the database up to date before anything that needs it starts. The worker
// would do so too, but if it fails there, all that people see is a worker that ends.
func (s *stack) migrate(ctx context.Context, env []string) error {
	now, err := schemaOf(migrations.Files)
	if err != nil {
		return err
	}
	// Only the private database is judged by what was kept. Another one may be shared with other
	// checkouts.
	private := s.db != nil
	if kept, ok := s.data.keptSchema(); private && ok && !kept.leadsTo(now) {
		return s.data.errOtherSchema()
	}
	out := s.fileOutput("migrate")
	defer out.close()
	cmd := exec.CommandContext(ctx, s.flowhq, "migrate")
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		said := out.lastLine()
		if private && strings.Contains(said, store.DatabaseTooNew) {
			return s.data.errOtherSchema() // which is older than the kept schemas
		}
		return fmt.Errorf("the database could not be brought up to date: %s", said)
	}
	if private && ctx.Err() == nil {
		return s.data.keepSchema(now)
	}
	return ctx.Err()
}

// codecOrigin returns the origin of the pages that may ask the API to decrypt: those of the Web
// UI, if it is ours. With a Temporal of somebody else's it is "", and no page may.
func (s *stack) codecOrigin() string {
	if s.ui == "" {
		return ""
	}
	return "http://" + s.ui
}

// shownOutput returns where the output of a service goes that people want to read: the API and
// the worker, whose log lines tell what happens to a message.
func (s *stack) shownOutput(service string) *output {
	return newOutput(service, s.logFile(service), s.console)
}

// fileOutput returns where the output of a service goes that is only read when something
// is wrong.
func (s *stack) fileOutput(service string) *output {
	return newOutput(service, s.logFile(service), nil)
}

// logFile returns the file that keeps what a service prints, under the service's name. It
// outlives the service: the next start of the stack appends to it.
func (s *stack) logFile(service string) string { return s.data.path("logs", service+".log") }
