package whatsapp

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
)

func TestCleanText(t *testing.T) {
	long := strings.Repeat("é", flowhq.MaxTextBytes/2-1) + "abc" // the cut falls after "ab"
	tests := []struct{ in, want string }{
		{"hello", "hello"},
		{"a\x00b", "ab"},
		{"a\xffb", "a\uFFFDb"},
		{long, long[:flowhq.MaxTextBytes]},
		{"x" + strings.Repeat("é", flowhq.MaxTextBytes), "x" + strings.Repeat("é", flowhq.MaxTextBytes/2-1)},
	}
	for _, tt := range tests {
		got := cleanText(tt.in)
		if got != tt.want {
			t.Errorf("cleanText(%.10q…) has %d bytes; want %d", tt.in, len(got), len(tt.want))
		}
		if !utf8.ValidString(got) {
			t.Errorf("cleanText(%.10q…) is not valid UTF-8", tt.in)
		}
	}
}

func TestIsID(t *testing.T) {
	for id, want := range map[string]bool{
		"3EB0A1B2C3":             true,
		"":                       false,
		"a b":                    false,
		"a\x00":                  false,
		"é":                      false,
		strings.Repeat("A", 128): true,
		strings.Repeat("A", 129): false,
	} {
		if got := isID(id); got != want {
			t.Errorf("isID(%q) = %v; want %v", id, got, want)
		}
	}
}
