package pages

import (
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// operatorSamples are what the pages of operators are given: nothing, and what strangers wrote.
func operatorSamples() map[string][]any {
	at := time.Now()
	tenant := tenantPage{Tenant: flowhq.Tenant{Name: hostile, PhoneNumber: hostile}, Base: "/admin/tenants/x"}
	typed := form{
		Values: url.Values{"name": {hostile}, "text": {hostile}, "key_name": {hostile}, "scopes": {hostile}},
		Errors: map[string]string{"name": hostile, "scopes": hostile, hostile: hostile}, Wrong: hostile,
	}
	a := accessPart{
		Action: "/admin/people", May: true, Installation: true, Roles: flowhq.OperatorRoles,
		Scopes: flowhq.KeyScopes,
		Accounts: []flowhq.Account{
			{ID: hostile, Name: hostile, Email: hostile, Invited: true},
			{Name: strings.Repeat(hostile, 20), Disabled: true, SignedInAt: &at},
		},
		Keys: []flowhq.APIKey{
			{ID: hostile, Name: hostile, Prefix: hostile, CreatedBy: hostile,
				Scopes: []flowhq.Scope{hostile, "read"}, ExpiresAt: &at},
			{Name: hostile, RevokedAt: &at, LastUsedAt: &at},
		},
		PersonForm: typed, KeyForm: typed, Link: hostile, Invited: hostile, Secret: hostile,
		SecretOf: hostile, Trouble: hostile,
	}
	return map[string][]any{
		"log": {logPage{}, logPage{tenantPage: tenant, form: typed}, logPage{
			tenantPage: tenant, form: form{Values: typed.Values}, Filtered: true,
			Query: "text=" + url.QueryEscape(hostile),
			Next:  "?text=" + url.QueryEscape(hostile), Statuses: flowhq.MessageStatuses,
			Logs: []flowhq.Message{
				{Text: strings.Repeat(hostile, 1000), Contact: hostile, Status: flowhq.Failed,
					Reason: hostile, EditedAt: &at},
				{Kind: flowhq.KindOther, RevokedAt: &at}, {Kind: flowhq.KindMedia, Media: hostile},
			},
		}},
		"settings": {settingsPage{}, settingsPage{
			tenantPage: tenant, form: typed, accessPart: a, Templates: flowhq.Templates,
			Languages: flowhq.Languages, Answerers: answerers,
			Saved: true, NameWrong: true,
		}},
		"webhooks": {webhooksPage{}, webhooksPage{
			tenantPage: tenant, form: typed, Types: flowhq.WebhookTypes, Secret: hostile, SecretOf: hostile,
			Hooks: []hook{{Webhook: flowhq.Webhook{
				ID: hostile, URL: hostile, Description: hostile, Reason: hostile,
				CreatedBy: hostile, Failures: 2, RetryAt: &at,
			}, Deliveries: []flowhq.WebhookDelivery{{Type: hostile, Reason: hostile, TriedAt: &at}, {}}}, {}},
		}},
		"audit": {auditPage{}, auditPage{form: typed, TenantName: hostile},
			auditPage{Next: "?cursor=" + hostile}, auditPage{
				form: form{Values: typed.Values}, Filtered: true,
				Query: "principal=" + url.QueryEscape(hostile), Next: "?x=" + hostile,
				Entries: []flowhq.AuditEntry{
					{Action: hostile, Principal: strings.Repeat(hostile, 20),
						Kind: flowhq.PrincipalPortal, Address: hostile, Detail: hostile,
						Tenant: hostile, TenantName: hostile, Outcome: flowhq.AuditDone},
					{Kind: flowhq.PrincipalPassword, Tenant: hostile, Outcome: flowhq.AuditAsked},
					{Outcome: flowhq.AuditRefused},
				},
			}},
		"team": {teamPage{}, teamPage{accessPart{May: true}}, teamPage{a}},
		"set-aside": {setAsidePage{}, setAsidePage{Reason: hostile}, setAsidePage{Tenant: hostile,
			Letters: []flowhq.DeadLetter{{TenantName: hostile}}, Reasons: []flowhq.DeadLetterReason{{}},
		}, setAsidePage{
			Letters: []flowhq.DeadLetter{{Tenant: hostile, TenantName: hostile, Contact: hostile,
				Excerpt: hostile, Reason: hostile}, {}},
			Reasons: []flowhq.DeadLetterReason{{Reason: hostile, Messages: 1, Tenants: 1},
				{Messages: 3}}, Reason: hostile,
			Older: "?x=" + hostile, Retried: hostile, Refused: hostile, Left: true,
		}, setAsidePage{Webhooks: true}, setAsidePage{Webhooks: true, Tenant: hostile, Reason: hostile,
			Deliveries: []flowhq.AsideDelivery{{Tenant: hostile, TenantName: hostile, Host: hostile,
				WebhookDelivery: flowhq.WebhookDelivery{Type: hostile, Reason: hostile}}, {}},
			Causes: []flowhq.AsideReason{{Reason: hostile, Deliveries: 1, Tenants: 1}, {}},
			Older:  "?x=" + hostile, Retried: hostile, Refused: hostile,
		}},
		"bulk": {bulkPage{}, bulkPage{flowhq.Bulk{
			ID: hostile, Actor: hostile, State: flowhq.BulkRunning, Matched: 2, Failed: 1, EndedAt: &at,
		}}},
		"bulks": {bulksPage{}, bulksPage{[]flowhq.Bulk{{ID: hostile, Actor: hostile, Command: hostile}}}},
		"about": {aboutPage{}, aboutPage{
			Version: hostile, Parts: []partHealth{{hostile, false, hostile}}, Workers: []flowhq.Worker{{}},
			Modules:  []*debug.Module{{Path: hostile, Version: hostile}},
			Licences: []licence{{hostile, hostile}},
		}},
	}
}
