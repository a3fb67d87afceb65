package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"go.temporal.io/sdk/client"

	"github.com/flowhq/flowhq/internal/codec"
	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/logging"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/webhook"
	"github.com/flowhq/flowhq/internal/whatsapp"
	"github.com/flowhq/flowhq/internal/workerlock"
)

// A process is what the commands that run for long have in common: settings, a logger, and
// connections to what they need. The command that opens it closes it; nothing in it may be used
// after that.
type process struct {
	config   config.Config
	log      *slog.Logger
	store    *store.Store
	temporal client.Client // nil before dialTemporal
	codec    *codec.Codec  // encrypts nothing without keys, but decrypts and passes on
	// closers are called in the opposite order of what they close was opened in, as what was
	// opened later may use what was opened before.
	closers []func()
}

// A preparation sees to it that the database has the tables of this program, and fails if it
// cannot. It has a connection of its own and runs before the store is opened, whose statements
// need the tables.
type preparation func(ctx context.Context, c config.Config, log *slog.Logger) error

// migrateOrAwait is the preparation of a worker. It migrates, so that an installation of one role
// needs no other step, unless its database user is one that may not.
func migrateOrAwait(ctx context.Context, c config.Config, log *slog.Logger) error {
	may, err := store.MayMigrate(ctx, c.DatabaseURL.Reveal())
	if err != nil {
		return err
	}
	if !may {
		return awaitSchema(ctx, c, log)
	}
	return migrate(ctx, c, log)
}

// migrate is the preparation of whoever may change the database. Several may call it at once, as
// when a fleet of workers starts; store.Migrate lets one after the other do it.
func migrate(ctx context.Context, c config.Config, log *slog.Logger) error {
	m := store.Migration{WA: whatsapp.Upgrade, Renewal: c.Renewal}
	return store.Migrate(ctx, c.DatabaseURL.Reveal(), m, log)
}

// awaitSchema is the preparation of a process that waits for another one to migrate: the API,
// whose database user needs no right to change tables. It fails if the database is newer than
// this program, as waiting would not help.
func awaitSchema(ctx context.Context, c config.Config, log *slog.Logger) error {
	return store.AwaitSchema(ctx, c.DatabaseURL.Reveal(), log)
}

// open reads the settings, prepares the database and connects to it. need lists the
// variables without which the command makes no sense. The error names what is unusable. The
// caller closes the process; if open fails, it has closed what it had opened.
func open(
	ctx context.Context, getenv func(string) string, stderr io.Writer,
	prepare preparation, need ...config.Need,
) (_ *process, err error) {
	p := &process{}
	// Settings come first: all that is wrong with them is known before anything is opened.
	if p.config, err = config.Parse(getenv, need...); err != nil {
		return nil, err
	}
	keys := payloadKeys(p.config.PayloadKeys)
	if p.codec, err = codec.New(keys); err != nil {
		return nil, err
	}
	secrets, err := codec.NewSecrets(keys)
	if err != nil {
		return nil, err
	}
	logger, logs, err := logging.New(stderr, p.config.LogsPath, p.config.LogLevel)
	if err != nil {
		return nil, err
	}
	p.log = logger
	// The error of closing says nothing: lines are written to their files as they come.
	p.closers = append(p.closers, func() { _ = logs.Close() })
	// Whatever fails from here on, what was opened before must not stay open.
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	// Before anything that takes much memory is opened.
	limitMemory(logger, memlimit.FromCgroup)
	// The store's statements need the tables, so they are there first.
	if err := prepare(ctx, p.config, logger); err != nil {
		return nil, err
	}
	if p.store, err = store.Open(ctx, p.config.DatabaseURL.Reveal(), logger); err != nil {
		return nil, err
	}
	// Tenants that have no value of their own follow the environment, also after it changed,
	// so these are not written to the database.
	p.store.Defaults.RepliesPerMinute = p.config.RepliesPerMinute
	p.store.Defaults.RepliesPerContact = p.config.RepliesPerContact
	p.store.Defaults.RetentionDays = p.config.RetentionDays
	p.store.Defaults.AnswerWithinMinutes = p.config.AnswerWithin
	p.store.Secrets = secrets
	p.closers = append(p.closers, p.store.Close)
	return p, nil
}

// payloadKeys are the keys of the settings. The first one encrypts what Temporal gets and seals the
// secrets of the database; all of them decrypt.
func payloadKeys(keys []config.PayloadKey) (all []codec.Key) {
	for _, k := range keys {
		all = append(all, codec.Key{ID: k.ID, Secret: k.Secret.Reveal()})
	}
	return all
}

// close closes what was opened, the last first. It is called once.
func (p *process) close() {
	// The log's files were opened first, so they take what the others say at their end.
	for i := len(p.closers) - 1; i >= 0; i-- {
		p.closers[i]()
	}
}

// dialWhatsApp prepares the way to WhatsApp, or to the server that stands in for it. No
// connection is made before the first session. It fails if a file of the other server cannot be
// read, or if WHATSAPP_PROXY is not a URL.
func (p *process) dialWhatsApp(ctx context.Context) (*whatsapp.Network, error) {
	var server *whatsapp.Server
	// Without another server it is WhatsApp itself.
	if w := p.config.WhatsApp; w.Addr != "" {
		var err error
		if server, err = whatsapp.LoadServer(w.Addr, w.CAFile, w.RootKeyFile); err != nil {
			return nil, err
		}
	}
	// The library has a pool of connections of its own, to the schema of its own tables.
	db, err := store.OpenWA(p.config.DatabaseURL.Reveal())
	if err != nil {
		return nil, err
	}
	// Its own closer, as the store does not know this pool.
	p.closers = append(p.closers, func() { _ = db.Close() })
	// Customers read the name in WhatsApp, in the list of linked devices.
	o := whatsapp.Options{DB: db, Server: server, Log: p.log, DeviceName: "Flow HQ"}
	if proxy := p.config.WhatsAppProxy; proxy != "" {
		if o.Proxy, err = url.Parse(proxy.Reveal()); err != nil {
			// The parser's own error repeats the URL, and with it the proxy's password.
			return nil, errors.New("WHATSAPP_PROXY is not a URL")
		}
	}
	return whatsapp.New(ctx, o)
}

// lock locks this worker's file in the folder that the workers of a machine share, by which
// they know at once that a killed one has ended. Without such a folder the worker works all the
// same, but after a kill its leases have to run out. It returns nil if there is no lock, and an
// error only if STATE_PATH names a folder that cannot be used. The kernel drops the lock with
// the process.
func (p *process) lock() (*workerlock.Lock, error) {
	// The default folder may not be writable where nobody asked for it, as in a container with
	// a read-only file system. One that somebody has set is required.
	l, err := workerlock.Open(p.config.StatePath)
	if err != nil && p.config.StateRequired {
		return nil, fmt.Errorf("STATE_PATH: %w", err)
	}
	if err != nil {
		p.log.Warn("no folder to prove in that a worker has ended: set STATE_PATH, "+
			"or what a killed one hosted waits for its leases to run out", "err", err)
		return nil, nil //nolint:nilnil // no lock is no failure
	}
	return l, nil
}

// instanceName names this process among others of its kind: the machine, and something that
// changes with every start, as leases of the process before must not look like ours. Operators
// read it in the API as a tenant's worker and in Temporal's Web UI.
func instanceName(kind string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	const letters = 6 // of five bits: two of a machine's processes will not draw the same
	return fmt.Sprintf("%s@%s-%s", kind, host, rand.Text()[:letters])
}

// webhookGuard says which addresses webhooks may have, by the settings.
func (p *process) webhookGuard() webhook.Guard {
	return webhook.Guard{
		Allowed: p.config.WebhookNetworks, PlainHTTP: p.config.WebhookHTTP,
	}
}
