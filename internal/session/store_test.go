package session

import (
	"testing"
	"time"

	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// patience bounds what should happen soon.
const patience = 10 * time.Second

// soon waits for a signal.
func soon(t *testing.T, what string, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(patience):
		t.Fatalf("%s: not within %v", what, patience)
	}
}
