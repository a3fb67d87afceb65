package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/advice"
)

// Search attributes of a tenant workflow. Operators filter the Web UI's list by
// them, such as SessionState = "LOGGED_OUT". Their names are never reused. Each must be in
// the list of package searchattributes, or the server refuses the workflow task.
var (
	tenantIDKey     = temporal.NewSearchAttributeKeyKeyword("TenantId")
	tenantNameKey   = temporal.NewSearchAttributeKeyKeyword("TenantName")
	templateKey     = temporal.NewSearchAttributeKeyKeyword("Template")
	sessionStateKey = temporal.NewSearchAttributeKeyKeyword("SessionState")
	workerKey       = temporal.NewSearchAttributeKeyKeyword("Worker")
	lastEndingKey   = temporal.NewSearchAttributeKeyKeyword("LastEnding")
	attentionKey    = temporal.NewSearchAttributeKeyBool("AttentionNeeded")
)

// show brings the Web UI up to date: search attributes for the list, current details for the
// tenant's page. Both are server-side copies. The API reads neither: visibility trails by about a
// second, and the rows are exact. An upsert is an event of history, so show is called on a
// transition, never on a heartbeat.
func (t *tenant) show(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, t.details())
	return workflow.UpsertTypedSearchAttributes(ctx,
		tenantIDKey.ValueSet(string(t.Tenant)),
		tenantNameKey.ValueSet(t.Name),
		templateKey.ValueSet(string(t.Template)),
		sessionStateKey.ValueSet(string(t.Session)),
		workerKey.ValueSet(t.Worker),
		lastEndingKey.ValueSet(string(t.Ending)),
		attentionKey.ValueSet(t.Attention),
	)
}

// details is what an operator reads on the tenant's page, in Markdown.
func (t *tenant) details() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", plain(t.Name))
	fmt.Fprintf(&b, "**%s** since %s", t.Session, t.Since.UTC().Format(time.RFC3339))
	if t.Reason != "" {
		fmt.Fprintf(&b, ": %s", plain(t.Reason))
	}
	// Words are printed: "true" beside a label reads like a setting, and this is what the tenant is
	// in need of.
	needsHost := "no"
	if t.NeedsHost {
		needsHost = "yes"
	}
	b.WriteString("\n\n")
	if t.Attention {
		b.WriteString("**Attention needed.** ")
	}
	if t.down() {
		fmt.Fprintf(&b, "**Next:** %s\n\n", advice.NextStep(t.Ending))
	}
	// A table of two columns without headings is the one list that the Web UI sets in columns.
	row := func(name string, value any) { fmt.Fprintf(&b, "| %s | %v |\n", name, value) }
	b.WriteString("| | |\n|---|---|\n")
	row("needs a host", needsHost)
	row("template", t.Template)
	row("worker", plain(t.Worker))
	row("epoch", t.Epoch)
	if t.Ending != "" {
		row("last ended", fmt.Sprintf("%s, %s", t.Ending, t.EndedAt.UTC().Format(time.RFC3339)))
	}
	if t.WaitingFor != "" {
		row("waits for", t.WaitingFor)
	}
	if !t.RetryAt.IsZero() {
		row("tries again", t.RetryAt.UTC().Format(time.RFC3339))
	}
	// Of a connected session the count may be stale: no report says that the failures are over.
	if t.Failures > 0 && t.Session != flowhq.Connected {
		row("failed attempts in a row", fmt.Sprintf("at least %d", t.Failures))
	}
	return b.String()
}

// down reports whether there is something to say about how the session ended: it is
// neither up nor on its way.
func (t *tenant) down() bool {
	switch t.Session {
	case flowhq.Connected, flowhq.Connecting, flowhq.QRReady:
		return false
	default:
		return t.Ending != "" && (t.Attention || t.WaitingFor == "")
	}
}
