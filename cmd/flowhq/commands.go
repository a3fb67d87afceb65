package main

import (
	"context"
	"errors"
	"flag"
	"io"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/api"
	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/logging"
	"github.com/flowhq/flowhq/internal/mail"
	"github.com/flowhq/flowhq/internal/media"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/openid"
	"github.com/flowhq/flowhq/internal/pages"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/workers"
	"github.com/flowhq/flowhq/workflows"
)

// runAPI is the api command: it answers requests until ctx ends. It fails if a setting is wrong,
// if Temporal does not answer, or if the namespace belongs to another database. The tables are a
// worker's to make: it waits for them. Without a provider of OpenID in the settings the sign-in
// has no button for one, and without a mail server links are only shown to whoever invites.
func runAPI(
	ctx context.Context, args []string, getenv func(string) string, stderr io.Writer,
) error {
	if err := noArguments("api", args, stderr); err != nil {
		return err
	}
	p, err := open(ctx, getenv, stderr, awaitSchema, config.Database, config.Temporal, config.Admin)
	if err != nil {
		return err
	}
	defer p.close()
	p.checkGuard()
	if err := p.dialTemporal(ctx, instanceName("api")); err != nil {
		return err
	}
	commands := workflows.NewClient(p.temporal)
	commands.Converter = p.codec.Converter()
	commands.Installation = p.store.Installation()
	// Commands to tenants of another installation would be applied by nobody, or end its
	// workflows. If Temporal cannot be asked, the API still starts: what it answers comes
	// from the database, and commands are kept there until Temporal is back.
	err = commands.ClaimNamespace(ctx, workflows.NamespaceClaim{
		Installation: p.store.Installation(), Database: p.store.Address(),
		Namespace: p.config.TemporalNamespace,
	})
	if flowhq.ErrorCode(err) == flowhq.Conflict {
		return err
	} else if err != nil {
		p.log.Warn("could not make sure that this namespace belongs to this database", "err", err)
	}
	o := api.Options{
		Codec: p.codec, CodecOrigin: p.config.CodecOrigin,
		Tenants: p.store, Profiles: p.store, Facts: p.store, Contacts: p.store, Logs: p.store,
		FollowUps: p.store, Feed: p.store, Codes: p.store, Commands: p.store, Accounts: p.store,
		Keys:     p.store,
		Webhooks: p.store, WebhookGuard: p.webhookGuard(),
		Media: p.store, Fetcher: media.NewFetcher(p.webhookGuard()),
		Setups: p.store, ApproveSetups: p.config.ApproveSetups,
		Signals: commands, Bulks: commands, BulkRecords: p.store, Fleet: p.store,
		Audit:    p.store,
		Database: p.store, Temporal: commands, Metrics: metrics.NewRegistry(),
		PortalKey: p.config.PortalKey,
		Password:  p.config.AdminPassword, QueryAuth: p.config.AdminQueryAuth,
		PublicURL: p.config.PublicURL, TrustedProxies: p.config.TrustedProxies, Log: p.log,
	}
	if provider := p.config.OpenID; provider.Issuer != "" {
		o.OpenID = openid.New(openid.Options{
			Issuer: provider.Issuer, ClientID: provider.ClientID,
			ClientSecret: provider.ClientSecret.Reveal(),
			RedirectURL:  p.config.PublicURL + api.OpenIDPath,
		})
	}
	if m := p.config.Mail; m.Host != "" {
		o.Mail = mail.New(mail.Options{
			Host: m.Host, Port: m.Port, User: m.User, Password: m.Password.Reveal(),
			From: m.From, TLS: mail.TLS(m.TLS),
		})
	}
	handler, err := api.New(o)
	if err != nil {
		return err
	}
	site, err := pages.New(handler, p.ways(o), p.log)
	if err != nil {
		return err
	}
	return api.Serve(ctx, p.config.HTTPAddr, site, p.log)
}

// ways is what pages may offer to people, by what the installation has.
func (p *process) ways(o api.Options) pages.Ways {
	w := pages.Ways{
		OpenID: o.OpenID != nil, Mail: o.Mail != nil, Help: p.config.SupportContact,
	}
	// The origin that may decrypt payloads is Temporal's Web UI.
	if ui := p.config.CodecOrigin; ui != "" {
		w.Workflow = func(id flowhq.TenantID) string {
			return workflows.PageOf(ui, p.config.TemporalNamespace, id)
		}
	}
	return w
}

// checkGuard says so if the API's own check of who sees which tenant is the only one.
func (p *process) checkGuard() {
	if !p.store.GuardsTenants() {
		p.log.Warn("this database user may not take the tenants' role, so no row-level security "+
			"stands behind the API's own check of who sees which tenant: run flowhq migrate, or "+
			"what flowhq migrate --print-roles prints", "role", store.RoleTenant)
	}
}

// runWorker is the worker command: it hosts sessions until ctx ends, and then hands them over,
// for which there is no time any more once hurry is closed. It migrates the database first, if its
// database user may.
func runWorker(
	ctx context.Context, hurry <-chan struct{}, args []string,
	getenv func(string) string, stderr io.Writer,
) error {
	if err := noArguments("worker", args, stderr); err != nil {
		return err
	}
	p, err := open(ctx, getenv, stderr, migrateOrAwait, config.Database, config.Temporal)
	if err != nil {
		return err
	}
	defer p.close()
	identity := instanceName("worker")
	if err := p.dialTemporal(ctx, identity); err != nil {
		return err
	}
	network, err := p.dialWhatsApp(ctx)
	if err != nil {
		return err
	}
	counted := metrics.NewRegistry() // counts also while nobody scrapes
	o := workers.Options{
		Temporal: p.temporal, Namespace: p.config.TemporalNamespace,
		Converter: p.codec.Converter(), Store: p.store, Network: network,
		Capacity: p.config.WorkerCapacity, WhatsAppVersion: p.config.WhatsAppVersion,
		DrainTimeout: p.config.DrainTimeout, Hurry: hurry,
		ConnectsPerSecond: p.config.ConnectsPerSecond,
		Webhooks:          p.webhookGuard(),
		Timing:            hosting.Timing{Renewal: p.config.Renewal},
		BurstWindow:       p.config.BurstWindow,
		Metrics:           metrics.NewWorker(counted), Name: identity, Log: p.log,
	}
	o.Assistant = p.assistant(o.Metrics)
	// Without a lock the worker runs all the same, unless the operator named a folder for it.
	if o.Lock, err = p.lock(); err != nil {
		return err
	}
	// Who has named a folder relies on it: then a worker that cannot use it must not run.
	o.LockRequired = p.config.StateRequired
	// Without an address nothing is served, and the counters cost next to nothing.
	if p.config.MetricsAddr == "" {
		return workers.Run(ctx, o)
	}
	work := func(ctx context.Context) error { return workers.Run(ctx, o) }
	serve := func(ctx context.Context) error {
		return metrics.Serve(ctx, p.config.MetricsAddr, counted, p.log)
	}
	return runBeside(ctx, work, serve)
}

// runBeside runs the work until ctx ends, and the server for as long as the work takes, which
// goes on after that: a drain is when metrics are looked at. If the server fails, the work is
// ended: a worker whose address for metrics is taken would otherwise run unobserved. The errors
// of both are returned.
func runBeside(ctx context.Context, work, serve func(context.Context) error) error {
	working, stopWork := context.WithCancel(ctx)
	defer stopWork()
	// Not ctx: the server must not end with it, but after the work.
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	// With room for one, so that the goroutine ends even if nobody receives.
	failed := make(chan error, 1)
	go func() {
		defer stopWork()
		failed <- serve(serving)
	}()
	err := work(working)
	stopServing()
	// The work's error comes first: the server's may be its consequence.
	return errors.Join(err, <-failed)
}

// runMigrate is the migrate command: it brings the database up to date and ends, as a job
// before a deploy does. It needs no Temporal and no folder for logs. It is an error, and the
// exit code 1, if another program of a newer version has migrated the database already.
func runMigrate(
	ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer,
) error {
	var print bool
	err := arguments("migrate", args, stderr, func(fs *flag.FlagSet) {
		fs.BoolVar(&print, "print-roles", false,
			"print what an administrator of PostgreSQL runs to create the roles, "+
				"and change nothing")
	})
	if err != nil {
		return err
	}
	settings, err := config.Parse(getenv, config.Database)
	if err != nil {
		return err
	}
	// The output is SQL alone, so that it can be piped into psql: no line of the log may come
	// between.
	if print {
		owner, err := store.Owner(settings.DatabaseURL.Reveal())
		if err == nil {
			_, err = io.WriteString(stdout, store.RolesSQL(owner))
		}
		return err
	}
	// The log goes to stderr alone: a migration has no folder for logs.
	logger, _, err := logging.New(stderr, "", settings.LogLevel)
	if err != nil {
		return err
	}
	if err := migrate(ctx, settings, logger); err != nil {
		return err
	}
	logger.Info("the database is up to date")
	return nil
}
