package pages

import (
	"net/http"
	"net/url"

	"github.com/flowhq/flowhq"
)

// webhooksPage is where a tenant's events are sent, and what became of the last ones.
type webhooksPage struct {
	tenantPage
	form
	Hooks []hook
	// Types are those that a webhook can ask for.
	Types []flowhq.EventType
	// Secret is shown once, of the webhook that SecretOf names.
	Secret, SecretOf string
}

// Chosen are the types that were ticked.
func (p webhooksPage) Chosen() map[string]bool {
	chosen := map[string]bool{}
	// A form that was refused shows the boxes as they were ticked.
	for _, t := range p.Values["types"] {
		chosen[t] = true
	}
	return chosen
}

// A hook is a webhook with its last deliveries.
type hook struct {
	flowhq.Webhook
	Deliveries []flowhq.WebhookDelivery
}

// shownHooks bounds the webhooks whose deliveries are shown: each is one more question to the API.
const shownHooks = 10

// webhooks lists the webhooks of a tenant.
func (v *visit) webhooks() error { return v.showWebhooks(http.StatusOK, webhooksPage{}) }

// showWebhooks shows the webhooks with what became of a form.
func (v *visit) showWebhooks(status int, p webhooksPage) error {
	var err error
	if p.tenantPage, err = v.about("webhooks"); err != nil {
		return err
	}
	p.Types = flowhq.WebhookTypes
	var list struct{ Webhooks []flowhq.Webhook }
	if err := v.get(v.tenantPath()+"/webhooks", &list); err != nil {
		return err
	}
	for i, w := range list.Webhooks {
		h := hook{Webhook: w}
		// The others are listed without their deliveries, so a long list costs few questions.
		if i < shownHooks {
			var last struct{ Deliveries []flowhq.WebhookDelivery }
			// Five show whether the receiver answers just now.
			if err := v.get(v.hookPath(w.ID)+"/deliveries?limit=5", &last); err != nil {
				return err
			}
			h.Deliveries = last.Deliveries
		}
		p.Hooks = append(p.Hooks, h)
	}
	return v.show(status, "webhooks", "tenants", p.Tenant.Name, p)
}

// hookPath is where the API has a webhook.
func (v *visit) hookPath(id string) string {
	return v.tenantPath() + "/webhooks/" + url.PathEscape(id)
}

// addWebhook makes a webhook, and shows the secret that its deliveries are signed with.
func (v *visit) addWebhook() error {
	if err := v.operator(); err != nil {
		return err
	}
	f := v.r.PostForm
	in := map[string]any{
		"url": f.Get("url"), "description": f.Get("description"), "types": []string{},
	}
	// A form without a ticked box has no such field, and the API takes a list.
	if f.Has("types") {
		in["types"] = f["types"]
	}
	return v.showSecret(v.tenantPath()+"/webhooks", in, f.Get("url"))
}

// showSecret asks for a secret, and shows it this once. A new webhook and a new secret both end
// here: no later answer of the API has the secret.
func (v *visit) showSecret(path string, in any, of string) error {
	var made struct{ Secret string }
	err := v.post(path, in, &made)
	if isRefusedForm(err) {
		return v.showWebhooks(statusOf(err), webhooksPage{form: v.formOf(err)})
	}
	if err != nil {
		return err
	}
	return v.showWebhooks(http.StatusOK, webhooksPage{Secret: made.Secret, SecretOf: of})
}

// changeWebhook does to a webhook what the button says that was pressed.
func (v *visit) changeWebhook() error {
	if err := v.operator(); err != nil {
		return err
	}
	path, f := v.hookPath(v.r.PathValue("webhook")), v.r.PostForm
	var err error
	// The buttons of a webhook share one path, and differ by what they send.
	switch f.Get("do") {
	case "rotate":
		// For a day deliveries are signed with both secrets, so the receiver can change over.
		return v.showSecret(path+"/rotate-secret", nil, f.Get("url"))
	case "test":
		// The test is delivered like an event, and shows among the last deliveries.
		err = v.post(path+"/test", nil, nil)
	case "delete":
		err = v.api.Call(v.ctx(), http.MethodDelete, path, nil, nil)
	default:
		// To enable and to disable are one field of the API.
		err = v.api.Call(v.ctx(), http.MethodPatch, path,
			map[string]bool{"enabled": f.Get("do") == "enable"}, nil)
	}
	if isRefusedForm(err) {
		return v.showWebhooks(statusOf(err), webhooksPage{form: v.formOf(err)})
	}
	if err != nil {
		return err
	}
	return v.redirect(v.base() + "/webhooks")
}
