package dev

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/temporald"
)

// namespaceDelay is how long a server may take to know a namespace that it has just created.
// Some ten seconds are usual (see temporald.Provision); twice that leaves room for a slow one.
const namespaceDelay = 20 * time.Second

// startTemporal starts a server of our own. Its program may have to be built first, which takes
// minutes and is not bounded by readyTimeout. The server is ready when provision succeeds: a
// server that listens may still not know its namespace.
func (s *stack) startTemporal(ctx context.Context) error {
	program, err := temporald.Find(ctx, s.root, s.getenv(temporald.Variable), s.console.printf)
	if err != nil {
		return err
	}
	server := temporald.Server{
		Addr: s.temporal, UI: s.ui, Namespace: s.namespace(), Dir: s.data.dir,
	}
	// For the Web UI, which has what is encrypted decrypted by the API.
	if s.getenv("PAYLOAD_KEYS") != "" {
		server.Codec = s.api.Base + "/codec"
	}
	service := s.backends.start(&service{
		name: "temporal", grace: backendGrace, env: os.Environ(), out: s.fileOutput("temporal"),
		args: program.Command(server),
	})
	return s.console.during("starting Temporal", func() error {
		return service.awaitReady(ctx, readyTimeout, s.provision)
	})
}

// useTemporal prepares somebody else's server, that of TEMPORAL_ADDRESS. The namespace and the
// search attributes that are missing are created there, which that server may refuse.
func (s *stack) useTemporal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout+namespaceDelay)
	defer cancel()
	err := answers(ctx, s.temporal)
	if err == nil {
		err = s.provision(ctx)
	}
	if err != nil {
		return fmt.Errorf("the Temporal server of TEMPORAL_ADDRESS at %s cannot be used (%w): "+
			"start it, or unset TEMPORAL_ADDRESS to use the embedded one", s.temporal, err)
	}
	return nil
}

// namespace returns the namespace of the workflows, in either server.
func (s *stack) namespace() string {
	if name := s.getenv("TEMPORAL_NAMESPACE"); name != "" {
		return name
	}
	return namespace
}

// provision creates the namespace and the search attributes that are missing.
func (s *stack) provision(ctx context.Context) error {
	options := client.Options{}
	if s.getenv("TEMPORAL_ADDRESS") != "" {
		// It is somebody else's, which may ask for a key or a certificate.
		settings, err := config.Parse(s.getenv, config.Temporal)
		if err != nil {
			return err
		}
		options = settings.TemporalAccess.Options()
	}
	options.HostPort, options.Namespace = s.temporal, s.namespace()
	// Discarded: what goes wrong while a server starts is tried again, and awaitReady returns
	// the last error.
	options.Logger = log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	return temporald.Provision(ctx, options)
}
