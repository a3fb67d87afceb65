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
		{"", 2, "usage: flowhq-dev"},
		{"help", 0, "usage: flowhq-dev"},
		{"worker", 2, `unknown command "worker"`},
		{"up -h", 0, "-whatsapp"},
		{"simulate -h", 0, "-control"},
		{"simulate extra", 2, `"extra" is one argument too many`},
		{"simulate -colour", 2, "not defined"},
		{"testenv -h", 0, "usage: flowhq-dev testenv"},
	} {
		var out bytes.Buffer
		code := run(t.Context(), nil, strings.Fields(tt.args), func(string) string { return "" }, &out, &out)
		if code != tt.code || !strings.Contains(out.String(), tt.says) {
			t.Errorf("flowhq-dev %s = %d, %q; want %d, %q", tt.args, code, out.String(), tt.code, tt.says)
		}
	}
}
