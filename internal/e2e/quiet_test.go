package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// TestOrdinaryLifeIsNoError: what operators do every day leaves no error in the log, where
// an error is to mean something.
func TestOrdinaryLifeIsNoError(t *testing.T) {
	s := newStand(t)
	worker := s.worker("worker", "DRAIN_TIMEOUT_MS=0") // as there is no other
	b := s.business(barbers)
	b.command(flowhq.Start)
	b.scan()
	b.connected(patience)
	for range 3 {
		b.command(flowhq.Stop)
		b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
		b.command(flowhq.Start)
		b.connected(patience)
		for _, again := range []flowhq.Command{flowhq.Restart, flowhq.ForceRestart} {
			before := b.epoch()
			b.command(again)
			b.replaced(before)
			b.connected(patience)
		}
	}
	worker.terminate()
	worker.ended(patience)
	out, err := os.ReadFile(worker.out)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, " ERR ") {
			t.Errorf("the worker says: %s", line)
		}
	}
}
