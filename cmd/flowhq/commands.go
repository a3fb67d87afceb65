package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/api"
	"github.com/flowhq/flowhq/internal/codec"
	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/logging"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
	"github.com/flowhq/flowhq/internal/workerlock"
	"github.com/flowhq/flowhq/workers"
	"github.com/flowhq/flowhq/workflows"
)

// errUsage is returned after the wrong usage was explained.
var errUsage = errors.New("wrong usage")

// noArguments refuses arguments of a command that takes none, so that a typing
// error is not silently ignored.
func noArguments(name string, args []string, stderr io.Writer) error {
	fs := flag.NewFlagSet("flowhq "+name, flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprintf(stderr, "flowhq %s takes no arguments; its settings are environment variables, see the README\n", name)
	}
	return parse(fs, args, stderr)
}

// parse reads the flags of a command that takes nothing else. What is wrong with them,
// it prints. It returns flag.ErrHelp if only that was asked for.
func parse(fs *flag.FlagSet, args []string, stderr io.Writer) error {
	fs.SetOutput(stderr)
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(stderr, "%s: %q is one argument too many\n", fs.Name(), fs.Arg(0))
		fs.Usage()
		return errUsage
	}
	return nil
}

// A process is what the long-running commands have in common.
type process struct {
	config   config.Config
	log      *slog.Logger
	store    *store.Store
	temporal client.Client
	codec    *codec.Codec
	closers  []func()
}

// A preparation sees to it that the database has the tables of this program.
type preparation func(ctx context.Context, c config.Config, log *slog.Logger) error

// migrated is the preparation of who may change the database.
func migrated(ctx context.Context, c config.Config, log *slog.Logger) error {
	return store.Migrate(ctx, c.DatabaseURL.Reveal(), store.Migration{WA: whatsapp.Upgrade, Heartbeat: c.Heartbeat}, log)
}

// awaited is the preparation of who waits for somebody else to do it.
func awaited(ctx context.Context, c config.Config, log *slog.Logger) error {
	return store.AwaitSchema(ctx, c.DatabaseURL.Reveal(), log)
}

// open reads the settings, prepares the database, and connects to it.
// Whatever is unusable is named in the error. The caller closes the process.
func open(ctx context.Context, getenv func(string) string, stderr io.Writer, prepare preparation, need ...config.Need) (_ *process, err error) {
	p := &process{}
	if p.config, err = config.Parse(getenv, need...); err != nil {
		return nil, err
	}
	if p.codec, err = newCodec(p.config.PayloadKeys); err != nil {
		return nil, err
	}
	logger, logs, err := logging.New(stderr, p.config.LogsPath, p.config.LogLevel)
	if err != nil {
		return nil, err
	}
	p.log = logger
	p.closers = append(p.closers, func() { _ = logs.Close() }) // lines are written as they come
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	limitMemory(logger, memlimit.FromCgroup)
	if err := prepare(ctx, p.config, logger); err != nil {
		return nil, err
	}
	if p.store, err = store.Open(ctx, p.config.DatabaseURL.Reveal(), logger); err != nil {
		return nil, err
	}
	p.store.Defaults.RepliesPerMinute = p.config.RepliesPerMinute
	p.store.Defaults.RepliesPerContact = p.config.RepliesPerContact
	p.store.Defaults.RetentionDays = p.config.RetentionDays
	p.store.Defaults.AnswerWithinMinutes = p.config.AnswerWithin
	p.closers = append(p.closers, p.store.Close)
	return p, nil
}

// temporalBackoff is how soon a lost connection to Temporal is tried again. The
// SDK's own goes up to ten seconds, and as long every command after an outage
// would still find it unavailable.
var temporalBackoff = backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}

// temporalConnect is how long one attempt to connect may take; gRPC's default.
const temporalConnect = 20 * time.Second

// dialTemporal connects to Temporal, or says what to do about it.
func (p *process) dialTemporal(ctx context.Context, identity string) error {
	options := p.config.TemporalAccess.Options()
	options.HostPort, options.Namespace, options.Identity = p.config.TemporalAddress, p.config.TemporalNamespace, identity
	options.Logger = calm{log.NewStructuredLogger(p.log)}
	// Without keys too: what others have encrypted is not to be dropped.
	options.DataConverter = workflows.Converter(p.codec)
	options.ConnectionOptions.DialOptions = []grpc.DialOption{
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: temporalBackoff, MinConnectTimeout: temporalConnect}),
	}
	if p.codec.Encrypts() { // the texts of failures as well
		options.FailureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
			DataConverter: options.DataConverter, EncodeCommonAttributes: true,
		})
	}
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return unreachable(ctx, p.config.TemporalAddress, options.ConnectionOptions.TLS, err)
	}
	p.temporal = c
	p.closers = append(p.closers, c.Close)
	return nil
}

// newCodec makes what encrypts payloads for Temporal.
func newCodec(keys []config.PayloadKey) (*codec.Codec, error) {
	var all []codec.Key
	for _, k := range keys {
		all = append(all, codec.Key{ID: k.ID, Secret: k.Secret.Reveal()})
	}
	return codec.New(all)
}

func (p *process) close() {
	for i := len(p.closers) - 1; i >= 0; i-- {
		p.closers[i]()
	}
}

// serveAPI is the api command.
func serveAPI(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) error {
	if err := noArguments("api", args, stderr); err != nil {
		return err
	}
	p, err := open(ctx, getenv, stderr, awaited, config.Database, config.Temporal, config.Admin)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.dialTemporal(ctx, name("api")); err != nil {
		return err
	}
	commands := workflows.NewClient(p.temporal)
	commands.Converter = workflows.Converter(p.codec)
	commands.Installation = p.store.Installation()
	err = commands.Pair(ctx, workflows.Pairing{
		Installation: p.store.Installation(), Database: p.store.Address(),
		Namespace: p.config.TemporalNamespace,
	})
	if flowhq.ErrorCode(err) == flowhq.Conflict {
		return err
	} else if err != nil {
		p.log.Warn("could not make sure that this namespace belongs to this database", "err", err)
	}
	handler, err := api.New(api.Options{
		Codec: p.codec, CodecOrigin: p.config.CodecOrigin,
		Tenants: p.store, Logs: p.store, Codes: p.store, Commands: p.store, Nudges: commands, Bulks: commands, Asked: p.store, Fleet: p.store,
		Database: p.store, Temporal: commands, Metrics: metrics.NewRegistry(),
		Password: p.config.AdminPassword, QueryAuth: p.config.AdminQueryAuth, TrustedProxies: p.config.TrustedProxies, Log: p.log,
	})
	if err != nil {
		return err
	}
	return api.Serve(ctx, p.config.HTTPAddr, handler, p.log)
}

// work is the worker command. hurry is closed when it should end at once.
func work(ctx context.Context, hurry <-chan struct{}, args []string, getenv func(string) string, stderr io.Writer) error {
	if err := noArguments("worker", args, stderr); err != nil {
		return err
	}
	p, err := open(ctx, getenv, stderr, migrated, config.Database, config.Temporal)
	if err != nil {
		return err
	}
	defer p.close()
	identity := name("worker")
	if err := p.dialTemporal(ctx, identity); err != nil {
		return err
	}
	network, err := p.dialWhatsApp(ctx)
	if err != nil {
		return err
	}
	counted := metrics.NewRegistry()
	o := workers.Options{
		Temporal: p.temporal, Namespace: p.config.TemporalNamespace, Converter: workflows.Converter(p.codec), Store: p.store, Network: network, Capacity: p.config.WorkerCapacity,
		WhatsAppVersion: p.config.WhatsAppVersion, DrainTimeout: p.config.DrainTimeout, Hurry: hurry, ConnectsPerSecond: p.config.ConnectsPerSecond,
		Timing: hosting.Timing{Heartbeat: p.config.Heartbeat}, Metrics: metrics.NewWorker(counted), Name: identity, Log: p.log,
	}
	if o.Lock, err = p.lock(); err != nil {
		return err
	}
	o.LockWanted = p.config.StateWanted
	if p.config.MetricsAddr == "" {
		return workers.Run(ctx, o)
	}
	return besides(ctx, func(ctx context.Context) error { return workers.Run(ctx, o) },
		func(ctx context.Context) error { return metrics.Serve(ctx, p.config.MetricsAddr, counted, p.log) })
}

// lock takes this worker's place among those of its machine. Without a folder for it the
// worker works all the same: after it was killed, its leases have to run out.
func (p *process) lock() (*workerlock.Lock, error) {
	l, err := workerlock.Open(p.config.StatePath)
	if err != nil && p.config.StateWanted {
		return nil, fmt.Errorf("STATE_PATH: %w", err)
	}
	if err != nil {
		p.log.Warn("no folder to prove in that a worker has ended: set STATE_PATH, or what a killed one hosted waits for its leases to run out",
			"err", err)
		return nil, nil //nolint:nilnil // no lock is no failure
	}
	return l, nil
}

// besides runs the main work until ctx ends, and something beside it for as long as
// that takes, which may be longer. If that fails, so does the work.
func besides(ctx context.Context, work, beside func(context.Context) error) error {
	working, stopWork := context.WithCancel(ctx)
	defer stopWork()
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	failed := make(chan error, 1)
	go func() {
		defer stopWork()
		failed <- beside(serving)
	}()
	err := work(working)
	stopServing()
	return errors.Join(err, <-failed)
}

// dialWhatsApp prepares the way to WhatsApp, or to the server that stands in for
// it.
func (p *process) dialWhatsApp(ctx context.Context) (*whatsapp.Network, error) {
	var server *whatsapp.Server
	if w := p.config.WhatsApp; w.Addr != "" {
		var err error
		if server, err = whatsapp.LoadServer(w.Addr, w.CAFile, w.RootKeyFile); err != nil {
			return nil, err
		}
	}
	db, err := store.OpenWA(p.config.DatabaseURL.Reveal())
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, func() { _ = db.Close() })
	o := whatsapp.Options{DB: db, Server: server, Log: p.log, DeviceName: "Flow HQ"}
	if proxy := p.config.WhatsAppProxy; proxy != "" {
		if o.Proxy, err = url.Parse(proxy.Reveal()); err != nil {
			return nil, errors.New("WHATSAPP_PROXY is not a URL") // whose own error would repeat it
		}
	}
	return whatsapp.New(ctx, o)
}

// migrate is the migrate command.
func migrate(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) error {
	if err := noArguments("migrate", args, stderr); err != nil {
		return err
	}
	settings, err := config.Parse(getenv, config.Database)
	if err != nil {
		return err
	}
	logger, _, err := logging.New(stderr, "", settings.LogLevel) // no folder: it has nothing to tell of a tenant
	if err != nil {
		return err
	}
	if err := migrated(ctx, settings, logger); err != nil {
		return err
	}
	logger.Info("the database is up to date")
	return nil
}

// name names this process among others of its kind: the machine and something
// that changes with every start, as a restarted process is another host.
func name(kind string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s@%s-%s", kind, host, rand.Text()[:6])
}
