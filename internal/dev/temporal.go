package dev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/flowhq/flowhq/internal/config"
)

// retention is how long a closed workflow stays readable in a namespace that is
// created here; the embedded server uses the same.
const retention = 72 * time.Hour

// searchAttributes are what workflows are listed by. The embedded server has
// them built in; another one, or an older file, is given what it lacks.
var searchAttributes = map[string]enumspb.IndexedValueType{
	"TenantId":        enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"TenantName":      enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"SessionState":    enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"Template":        enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"Host":            enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"LastReason":      enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"AttentionNeeded": enumspb.INDEXED_VALUE_TYPE_BOOL,
}

// namespaceDelay is how long a server may take to know a namespace that it has
// just created.
const namespaceDelay = 20 * time.Second

// startTemporal starts the embedded server and sees to it that the namespace is
// as the workflows want it.
func (s *stack) startTemporal(ctx context.Context) error {
	program := s.getenv("TEMPORALD")
	if program == "" {
		var err error
		if program, err = buildTemporald(ctx, s.root, s.console); err != nil {
			return err
		}
	}
	version, err := temporalVersion(s.root)
	if err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(s.temporal) // from reserve
	_, uiPort, _ := net.SplitHostPort(s.ui)
	args := []string{
		program, "server", "start-dev", "--ip", host, "--port", port, "--ui-port", uiPort,
		"--namespace", s.namespace(), "--db-filename", s.data.path("temporal-" + version + ".db"),
		"--log-level", "warn", "--follow-parent",
		// Else what is handed to a worker that is just stopping is lost for a while.
		"--dynamic-config-value", "frontend.enableCancelWorkerPollsOnShutdown=true",
	}
	if s.getenv("PAYLOAD_KEYS") != "" {
		args = append(args, "--ui-codec-endpoint", s.api.Base+"/codec")
	}
	service := s.backends.start(&service{name: "temporal", grace: backendGrace, env: os.Environ(), out: s.fileOutput("temporal"), args: args})
	return s.console.during("starting Temporal", func() error { return service.awaitReady(ctx, readyTimeout, s.provision) })
}

// useTemporal prepares somebody else's server, that of TEMPORAL_ADDRESS.
func (s *stack) useTemporal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout+namespaceDelay)
	defer cancel()
	err := answers(ctx, s.temporal)
	if err == nil {
		err = s.provision(ctx)
	}
	if err != nil {
		return fmt.Errorf("the Temporal server of TEMPORAL_ADDRESS at %s cannot be used (%w): start it, or unset TEMPORAL_ADDRESS to use the embedded one", s.temporal, err)
	}
	return nil
}

func (s *stack) namespace() string {
	if name := s.getenv("TEMPORAL_NAMESPACE"); name != "" {
		return name
	}
	return namespace
}

// provision creates the namespace and the search attributes that are missing.
func (s *stack) provision(ctx context.Context) error {
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	options := client.Options{}
	if s.getenv("TEMPORAL_ADDRESS") != "" { // somebody else's, which may not be open to everybody
		settings, err := config.Parse(s.getenv, config.Temporal)
		if err != nil {
			return err
		}
		options = settings.TemporalAccess.Options()
	}
	options.HostPort, options.Namespace, options.Logger = s.temporal, s.namespace(), quiet
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: s.namespace(), WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if _, exists := errors.AsType[*serviceerror.NamespaceAlreadyExists](err); err != nil && !exists {
		return fmt.Errorf("create namespace %s: %w", s.namespace(), err)
	}
	return poll(ctx, func() error {
		err := addSearchAttributes(ctx, c, s.namespace())
		if _, unknown := errors.AsType[*serviceerror.NamespaceNotFound](err); unknown {
			return errNotYet
		}
		return err
	})
}

func addSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	there, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return err
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, kind := range searchAttributes {
		if _, ok := there.GetCustomAttributes()[name]; !ok {
			missing[name] = kind
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: missing,
	})
	if err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}
