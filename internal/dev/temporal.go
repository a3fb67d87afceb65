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
func (d *dev) startTemporal(ctx context.Context) error {
	program := d.getenv("TEMPORALD")
	if program == "" {
		var err error
		if program, err = buildTemporald(ctx, d.root, d.out); err != nil {
			return err
		}
	}
	version, err := temporalVersion(d.root)
	if err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(d.temporal) // from claim
	_, uiPort, _ := net.SplitHostPort(d.ui)
	args := []string{
		program, "server", "start-dev", "--ip", host, "--port", port, "--ui-port", uiPort,
		"--namespace", d.namespace(), "--db-filename", d.home.path("temporal-" + version + ".db"),
		"--log-level", "warn", "--follow-parent",
		// Else what is handed to a worker that is just stopping is lost for a while.
		"--dynamic-config-value", "frontend.enableCancelWorkerPollsOnShutdown=true",
	}
	if d.getenv("PAYLOAD_KEYS") != "" {
		args = append(args, "--ui-codec-endpoint", d.api.Base+"/codec")
	}
	p := d.backends.keep(&part{name: "temporal", grace: backendGrace, env: os.Environ(), out: d.logOnly("temporal"), args: args})
	return d.out.during("starting Temporal", func() error { return p.await(ctx, readyTimeout, d.provision) })
}

// useTemporal prepares somebody else's server, that of TEMPORAL_ADDRESS.
func (d *dev) useTemporal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout+namespaceDelay)
	defer cancel()
	err := answers(ctx, d.temporal)
	if err == nil {
		err = d.provision(ctx)
	}
	if err != nil {
		return fmt.Errorf("the Temporal server of TEMPORAL_ADDRESS at %s cannot be used (%w): start it, or unset TEMPORAL_ADDRESS to use the embedded one", d.temporal, err)
	}
	return nil
}

func (d *dev) namespace() string {
	if name := d.getenv("TEMPORAL_NAMESPACE"); name != "" {
		return name
	}
	return namespace
}

// provision creates the namespace and the search attributes that are missing.
func (d *dev) provision(ctx context.Context) error {
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	options := client.Options{}
	if d.getenv("TEMPORAL_ADDRESS") != "" { // somebody else's, which may not be open to everybody
		settings, err := config.Parse(d.getenv, config.Temporal)
		if err != nil {
			return err
		}
		options = settings.TemporalAccess.Options()
	}
	options.HostPort, options.Namespace, options.Logger = d.temporal, d.namespace(), quiet
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: d.namespace(), WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if _, exists := errors.AsType[*serviceerror.NamespaceAlreadyExists](err); err != nil && !exists {
		return fmt.Errorf("create namespace %s: %w", d.namespace(), err)
	}
	return poll(ctx, func() error {
		err := addSearchAttributes(ctx, c, d.namespace())
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
