package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"", 2, "usage: flowhq"},
		{"help", 0, "usage: flowhq"},
		{"explode", 2, `unknown command "explode"`},
		{"simulate", 2, `unknown command "simulate"`},
		{"worker -h", 0, "its settings are environment variables"},
		{"api --help", 0, "its settings are environment variables"},
		{"migrate now", 2, `"now" is one argument too many`},
		{"worker -capacity 3", 2, "its settings are environment variables"},
		{"tenants list -h", 0, "-limit"},
	} {
		var out bytes.Buffer
		code := run(t.Context(), nil, strings.Fields(tt.args), func(string) string { return "" }, &out, &out)
		if code != tt.code || !strings.Contains(out.String(), tt.says) {
			t.Errorf("flowhq %s = %d, %q; want %d, %q", tt.args, code, out.String(), tt.code, tt.says)
		}
	}
}
