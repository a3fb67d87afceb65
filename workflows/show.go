package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
)

// Search attributes of a tenant workflow. Operators filter the Web UI's list by
// them, such as SessionState = "LOGGED_OUT". Their names are never reused.
var (
	tenantIDKey     = temporal.NewSearchAttributeKeyKeyword("TenantId")
	tenantNameKey   = temporal.NewSearchAttributeKeyKeyword("TenantName")
	templateKey     = temporal.NewSearchAttributeKeyKeyword("Template")
	sessionStateKey = temporal.NewSearchAttributeKeyKeyword("SessionState")
	hostKey         = temporal.NewSearchAttributeKeyKeyword("Host")
	lastReasonKey   = temporal.NewSearchAttributeKeyKeyword("LastReason")
	attentionKey    = temporal.NewSearchAttributeKeyBool("AttentionNeeded")
)

// maxReason bounds a reason in a search attribute, in bytes. PostgreSQL
// visibility stores keywords in varchar(255).
const maxReason = 200

// show brings the Web UI up to date: search attributes for the list, current
// details for the tenant's page.
func (t *tenant) show(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, t.details())
	return workflow.UpsertTypedSearchAttributes(ctx,
		tenantIDKey.ValueSet(string(t.Tenant)),
		tenantNameKey.ValueSet(t.Name),
		templateKey.ValueSet(string(t.Template)),
		sessionStateKey.ValueSet(string(t.Session)),
		hostKey.ValueSet(t.Host),
		lastReasonKey.ValueSet(cut(t.Reason, maxReason)),
		attentionKey.ValueSet(t.Attention),
	)
}

// details is what an operator reads on the tenant's page, in Markdown.
func (t *tenant) details() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", t.Name)
	fmt.Fprintf(&b, "**%s** since %s", t.Session, t.Since.UTC().Format(time.RFC3339))
	if t.Reason != "" {
		fmt.Fprintf(&b, ": %s", t.Reason)
	}
	wanted := "no"
	if t.Wanted {
		wanted = "yes"
	}
	fmt.Fprintf(&b, "\n\n| | |\n|---|---|\n| wanted | %s |\n| template | %s |\n| host | %s |\n| epoch | %d |\n",
		wanted, t.Template, t.Host, t.Epoch)
	if t.Attention {
		b.WriteString("\n**Attention:** " + nextStep(t.Session) + "\n")
	}
	return b.String()
}

// nextStep says what a person can do about a session that needs one.
func nextStep(s flowhq.SessionState) string {
	switch s {
	case flowhq.LoggedOut:
		return "the phone unlinked this bot. Start the tenant and scan the new QR code."
	case flowhq.Banned:
		return "WhatsApp banned the number. Ask the tenant to appeal in WhatsApp, then start again."
	default:
		return "start the tenant again; if it needs a QR code, have the phone ready."
	}
}

// cut shortens s to at most n bytes at a character boundary.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
