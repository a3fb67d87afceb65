package whatsapp

import (
	"strings"
	"testing"
)

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
