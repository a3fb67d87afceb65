package workflows

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/session"
)

// Names on the wire. They outlive every deployment and are never reused.
const (
	// TaskQueue has workflow tasks and short activities. Hosts have a queue of their own,
	// activities.SessionQueue: a host holds its slot for as long as its session lives.
	TaskQueue      = "tenants"
	tenantWorkflow = "Tenant"
	changedSignal  = "changed" // of the rows; without a payload, for it says no more
	// reportSignal carries a session.Report. It is news of the session; what is wanted is in the
	// rows.
	reportSignal = "report"
	// statusQuery returns the TenantState. Only tests and operators ask: a query needs a worker.
	statusQuery = "status"
)

// sendTimeout is how long a caller waits for Temporal, unless its own deadline comes
// first: half of that, which is what the SDK spends on a call and its retries. Of a
// request to the API, that is 5 s: long enough for a Temporal that is just starting again.
const sendTimeout = 16 * time.Second

// A Client speaks to tenant workflows. It is the only holder of their names.
type Client struct {
	// Converter is that of the Temporal client. Set it before the first call where it is
	// not the default one.
	Converter converter.DataConverter

	// Installation is the one whose tenants these are. Set it likewise.
	Installation string

	temporal client.Client
}

// NewClient returns a Client over an open Temporal client, which stays the
// caller's to close.
func NewClient(temporal client.Client) *Client {
	return &Client{Converter: converter.GetDefaultDataConverter(), temporal: temporal}
}

// Signal has a tenant's workflow look at its rows, and starts it if it does not run. It
// may be repeated, and lost: what there is to see is in the rows. The name is for operators
// who look for a workflow that is new. It fails with code Unavailable.
//
// Signal-with-start is one call, so no workflow can end between a look whether it runs and the
// signal. The id is the tenant's, hence Temporal itself keeps a second workflow of the same tenant
// from starting.
func (c *Client) Signal(ctx context.Context, tenant flowhq.TenantID, name string) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	opts := client.StartWorkflowOptions{
		ID:                       workflowID(tenant),
		TaskQueue:                TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            plain(name),
	}
	_, err := c.temporal.SignalWithStartWorkflow(
		ctx, opts.ID, changedSignal, nil, opts, tenantWorkflow,
		TenantState{Version: stateVersion, Tenant: tenant, Installation: c.Installation})
	return classify("the tenant's workflow could not be signalled", err)
}

// A RunStatus is how a tenant's workflow is. It comes from the server's own record, so it can be
// asked while no worker lives.
type RunStatus string

const (
	NotRunning RunStatus = "NOT_RUNNING" // it never began, or has ended, however it did
	Idle       RunStatus = "IDLE"        // it waits for a signal, or for a time
	Busy       RunStatus = "BUSY"        // an activity runs or is about to, such as a host
)

// RunStatus tells how a tenant's workflow is. It fails with code Unavailable.
func (c *Client) RunStatus(ctx context.Context, tenant flowhq.TenantID) (RunStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	d, err := c.temporal.DescribeWorkflowExecution(ctx, workflowID(tenant), "")
	if _, unknown := errors.AsType[*serviceerror.NotFound](err); unknown {
		return NotRunning, nil
	}
	switch {
	case err != nil:
		return "", classify("the tenant's workflow was not found", err)
	case !open(d.GetWorkflowExecutionInfo().GetStatus()):
		return NotRunning, nil
	case len(d.GetPendingActivities()) > 0:
		return Busy, nil
	default:
		return Idle, nil
	}
}

// Report tells the tenant's workflow about its session. A workflow that has ended is not an error:
// the tenant is gone. The run id is left empty, which means the newest run: whoever reports what a
// tenant waits for knows of no run. Reports carry epochs instead, by which receiveReport knows late
// ones.
func (c *Client) Report(ctx context.Context, tenant flowhq.TenantID, r session.Report) error {
	err := c.temporal.SignalWorkflow(ctx, workflowID(tenant), "", reportSignal, r)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return nil
	}
	return classify("the report was not sent", err)
}

// Ping returns nil if Temporal answers and has our namespace, else an error of code
// Unavailable. It asks for our task queue, since a health check knows no namespace.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.temporal.DescribeTaskQueue(ctx, TaskQueue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	return classify("Temporal is not ready", err)
}

// Register makes r run tenant workflows, bulks, follow-ups and the retention job. The names are
// given, not derived: renaming a method must not orphan the workflows that run.
func (w Tenants) Register(r worker.WorkflowRegistry) {
	r.RegisterWorkflowWithOptions(w.Bulk, workflow.RegisterOptions{Name: bulkWorkflow})
	r.RegisterWorkflowWithOptions(w.FollowUp, workflow.RegisterOptions{Name: followUpWorkflow})
	r.RegisterWorkflowWithOptions(w.Webhook, workflow.RegisterOptions{Name: webhookWorkflow})
	r.RegisterWorkflowWithOptions(w.Tenant, workflow.RegisterOptions{Name: tenantWorkflow})
	r.RegisterWorkflowWithOptions(w.Retention, workflow.RegisterOptions{Name: retentionWorkflow})
}

// workflowID has no slash, because it ends up in URLs. Visibility and signals find a tenant by it.
func workflowID(id flowhq.TenantID) string { return tenantPrefix + string(id) }

// tenantPrefix keeps tenants apart from bulks and the retention job in one namespace.
const tenantPrefix = "tenant:"

// PageOf returns where Temporal's Web UI, which is at an origin, shows the workflow of a tenant in a
// namespace.
func PageOf(origin, namespace string, id flowhq.TenantID) string {
	return origin + "/namespaces/" + url.PathEscape(namespace) + "/workflows/" +
		url.PathEscape(workflowID(id))
}

// tenantOf returns the tenant whose workflow has this id.
func tenantOf(workflowID string) flowhq.TenantID {
	return flowhq.TenantID(strings.TrimPrefix(workflowID, tenantPrefix))
}

// classify makes an error of Temporal one of code Unavailable. A missing namespace is named:
// it is a mistake of the installation, which waiting does not mend.
func classify(message string, err error) error {
	if err == nil {
		return nil
	}
	why := "Temporal is unavailable"
	if missing, ok := errors.AsType[*serviceerror.NamespaceNotFound](err); ok {
		why = fmt.Sprintf("Temporal has no namespace %q; deploy/temporal/namespace.sh makes it",
			missing.Namespace)
	}
	return &flowhq.Error{Code: flowhq.Unavailable, Message: message + ": " + why, Err: err}
}
