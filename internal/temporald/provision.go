package temporald

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/flowhq/flowhq/internal/searchattributes"
)

// Retention is how long a closed workflow stays readable in a namespace that is
// created here. dev/temporald creates its own with the same.
const Retention = 72 * time.Hour

// pollEvery is how often a server is asked whether it knows a new namespace by now.
const pollEvery = 50 * time.Millisecond

// Provision gives the server that o leads to the namespace and the search attributes
// that it lacks. Neither o's namespace nor anything that is there already is changed.
// A server may take some ten seconds to know a namespace that it has just created;
// ctx bounds the wait.
func Provision(ctx context.Context, o client.Options) error {
	c, err := client.DialContext(ctx, o)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: o.Namespace, WorkflowExecutionRetentionPeriod: durationpb.New(Retention),
	})
	if _, exists := errors.AsType[*serviceerror.NamespaceAlreadyExists](err); err != nil && !exists {
		return fmt.Errorf("create namespace %s: %w", o.Namespace, err)
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := addSearchAttributes(ctx, c, o.Namespace)
		if _, unknown := errors.AsType[*serviceerror.NamespaceNotFound](err); !unknown {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// addSearchAttributes adds those that the namespace lacks. Those that are there are left out of
// the request. The server's NamespaceNotFound can be found in its error, by which Provision
// knows that it has to try again.
func addSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	there, err := c.OperatorService().ListSearchAttributes(ctx,
		&operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return err
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, kind := range searchattributes.All() {
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
