package main

import (
	"context"
	"errors"
	"io"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/api"
	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/logging"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/workers"
	"github.com/flowhq/flowhq/workflows"
)

// runAPI is the api command.
func runAPI(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) error {
	if err := noArguments("api", args, stderr); err != nil {
		return err
	}
	p, err := open(ctx, getenv, stderr, awaitSchema, config.Database, config.Temporal, config.Admin)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.dialTemporal(ctx, instanceName("api")); err != nil {
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
		Tenants: p.store, Logs: p.store, Codes: p.store, Commands: p.store, Nudges: commands, Bulks: commands, BulkRecords: p.store, Fleet: p.store,
		Database: p.store, Temporal: commands, Metrics: metrics.NewRegistry(),
		Password: p.config.AdminPassword, QueryAuth: p.config.AdminQueryAuth, TrustedProxies: p.config.TrustedProxies, Log: p.log,
	})
	if err != nil {
		return err
	}
	return api.Serve(ctx, p.config.HTTPAddr, handler, p.log)
}

// runWorker is the worker command. hurry is closed when it should end at once.
func runWorker(ctx context.Context, hurry <-chan struct{}, args []string, getenv func(string) string, stderr io.Writer) error {
	if err := noArguments("worker", args, stderr); err != nil {
		return err
	}
	p, err := open(ctx, getenv, stderr, migrate, config.Database, config.Temporal)
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

// runMigrate is the migrate command.
func runMigrate(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) error {
	if err := noArguments("migrate", args, stderr); err != nil {
		return err
	}
	settings, err := config.Parse(getenv, config.Database)
	if err != nil {
		return err
	}
	logger, _, err := logging.New(stderr, "", settings.LogLevel) // no folder: it logs nothing of one tenant
	if err != nil {
		return err
	}
	if err := migrate(ctx, settings, logger); err != nil {
		return err
	}
	logger.Info("the database is up to date")
	return nil
}
