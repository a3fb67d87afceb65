package main

import (
	"bytes"
	"strings"
	"testing"
)

// A machine without a browser is told so. In CI, where nobody reads what passes, it fails.
func TestNoBrowser(t *testing.T) {
	t.Setenv("CHROMIUM", "no-such-browser")
	for _, isCI := range []bool{false, true} {
		var out, errs bytes.Buffer
		code := run(t.Context(), isCI, &out, &errs)
		said := strings.Contains(errs.String(), "ARE NOT TESTED")
		if (code != 0) != isCI || out.Len() > 0 || !said {
			t.Errorf("CI %t: exit %d, printed %q and %q", isCI, code, out.String(), errs.String())
		}
	}
}
