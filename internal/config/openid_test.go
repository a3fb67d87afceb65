package config

import (
	"strings"
	"testing"
)

// TestOpenID: a provider is given whole, over https, and with a way back.
func TestOpenID(t *testing.T) {
	all := []string{"OIDC_ISSUER=https://issuer.example.com/tenant", "OIDC_CLIENT_ID=flowhq",
		"OIDC_CLIENT_SECRET=hunter2", "PUBLIC_URL=https://hq.example.com"}
	for what, tt := range map[string]struct {
		env []string
		bad string // variable that is wrong
	}{
		"none": {nil, ""}, "all": {all, ""},
		"on this machine": {append([]string{"OIDC_ISSUER=http://127.0.0.1:8080"}, all[1:]...), ""},
		"no issuer":       {all[1:], "OIDC_ISSUER"},
		"no id":           {append([]string{all[0]}, all[2:]...), "OIDC_CLIENT_ID"},
		"no secret":       {append([]string{all[3]}, all[:2]...), "OIDC_CLIENT_SECRET"},
		"no way back":     {all[:3], "PUBLIC_URL"},
		"plain HTTP": {append([]string{"OIDC_ISSUER=http://issuer.example.com"}, all[1:]...),
			"OIDC_ISSUER"}, "no URL": {append([]string{"OIDC_ISSUER=issuer"}, all[1:]...), "OIDC_ISSUER"},
		"a user": {append([]string{"OIDC_ISSUER=https://u:hunter2@issuer.example.com"}, all[1:]...),
			"OIDC_ISSUER"},
	} {
		_, err := Parse(environ(tt.env...))
		if tt.bad == "" != (err == nil) || err != nil &&
			(!strings.HasPrefix(err.Error(), tt.bad+": ") || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v; want a problem with %q", what, err, tt.bad)
		}
	}
}
