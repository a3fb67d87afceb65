package flowhq

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", MaxTextBytes/2-1) + "abc" // the cut falls after "ab"
	tests := []struct{ in, want string }{
		{"hello", "hello"},
		{"a\x00b", "a\uFFFDb"},
		{"a\xff\xfeb", "a\uFFFDb"},
		{"a\n\tb", "a\n\tb"},
		{"a\r\x1b\x7f\u0085\u009fb", "a\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDb"},
		{"👩‍👩‍👧\u00a0\u202e", "👩‍👩‍👧\u00a0\u202e"},
		{long, long[:MaxTextBytes]},
		{"x" + strings.Repeat("é", MaxTextBytes), "x" + strings.Repeat("é", MaxTextBytes/2-1)},
		{strings.Repeat("\x01", MaxTextBytes), strings.Repeat("\uFFFD", MaxTextBytes/3)},
	}
	for _, tt := range tests {
		got := CleanText(tt.in)
		if got != tt.want {
			t.Errorf("CleanText(%.10q…) = %.20q…, %d bytes; want %d", tt.in, got, len(got), len(tt.want))
		}
		if !utf8.ValidString(got) || CleanText(got) != got {
			t.Errorf("CleanText(%.10q…) is not clean", tt.in)
		}
	}
}
