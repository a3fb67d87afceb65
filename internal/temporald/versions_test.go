package temporald_test

import (
	"os"
	"regexp"
	"testing"
)

var required = regexp.MustCompile(`(?m)^(?:require)?\s+(\S+\.\S+) (v\S+)`)

// versions returns what a go.mod file requires.
func versions(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, m := range required.FindAllStringSubmatch(string(text), -1) {
		found[m[1]] = m[2]
	}
	return found
}

// The packages that flowhq and the embedded server share, protobuf, gRPC and Temporal's
// API among them, are compiled once if their versions are the same, and else twice:
// 100 CPU-seconds at a first start.
func TestSharedModulesHaveOneVersion(t *testing.T) {
	ours, server := versions(t, "../../go.mod"), versions(t, "../../dev/temporald/go.mod")
	shared := 0
	for module, want := range ours {
		got, ok := server[module]
		if !ok {
			continue
		}
		shared++
		if got != want {
			t.Errorf("dev/temporald/go.mod requires %s %s, and go.mod %s; want the same", module, got, want)
		}
	}
	if shared < 20 {
		t.Errorf("%d shared modules found; want dozens", shared)
	}
}
