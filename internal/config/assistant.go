package config

import (
	"cmp"
	"net/url"
	"strings"
)

// An Assistant points to a language model. The zero Assistant is none.
type Assistant struct {
	Provider string // "anthropic" or "openai", by the form of the endpoint; "" = off
	URL      string // of the endpoint
	Model    string
	Key      Secret // "" = none
}

// The variables of an Assistant.
const (
	assistantProvider = "ASSISTANT_PROVIDER"
	assistantURL      = "ASSISTANT_URL"
	assistantModel    = "ASSISTANT_MODEL"
	assistantKey      = "ASSISTANT_API_KEY"
)

// assistantURLs are the providers' own endpoints, which need a key.
var assistantURLs = map[string]string{
	"anthropic": "https://api.anthropic.com/v1/messages",
	"openai":    "https://api.openai.com/v1/chat/completions",
}

// assistant reads which language model may be asked. Texts of customers are sent there, so nothing
// of it is on unless all of it is right.
func (e *environment) assistant() Assistant {
	a := Assistant{
		Provider: e.text(assistantProvider, ""), URL: e.text(assistantURL, ""),
		Model: e.text(assistantModel, ""), Key: e.assistantKey(),
	}
	// A variable that is set alone is a mistake, and not a choice to stay off: whoever sets a model
	// expects it to be asked.
	own, known := assistantURLs[a.Provider]
	switch {
	case a == Assistant{}:
		return a
	case a.Provider == "":
		e.problem(assistantProvider, "missing; set it to anthropic or openai, by the form of the "+
			"endpoint, or unset the other variables that begin with ASSISTANT_")
		return a
	case !known:
		e.problem(assistantProvider, "%q is neither anthropic nor openai", a.Provider)
	}
	// There is no default: models come and go, and each has its price.
	if a.Model == "" {
		e.problem(assistantModel, "missing; set it to the name of a model of the endpoint")
	}
	// A server of one's own may need no key; the providers' own endpoints do.
	if a.URL == "" && a.Key == "" && known {
		e.problem(assistantKey, "missing; set it to a key of %s, or %s to an endpoint that "+
			"needs none", own, assistantURL)
	}
	a.URL = cmp.Or(a.URL, own)
	u, err := url.Parse(a.URL)
	if known && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.User != nil || u.Fragment != "") {
		// Not repeated: somebody may have put the key into it.
		e.problem(assistantURL, "not the URL of an endpoint without a user, such as %s", own)
	}
	return a
}

// assistantKey reads the key.
func (e *environment) assistantKey() Secret {
	key := e.text(assistantKey, "")
	// Such a key would fail each request, long after the start.
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		e.problem(assistantKey, "has a character that no header may have")
		return ""
	}
	return Secret(key)
}
