package activities

import (
	"errors"
	"testing"

	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// From the third worker in a row that dies of a session on, the workflow is told.
func TestTheThirdLossIsTheWorkflows(t *testing.T) {
	for losses, final := range map[int]bool{0: false, 1: false, flowhq.CrashLoopAfter - 1: false,
		flowhq.CrashLoopAfter: true, flowhq.CrashLoopAfter + 1: true} {
		app, ok := errors.AsType[*temporal.ApplicationError](WorkerLost(flowhq.Counts{Losses: losses}))
		var got flowhq.Transition
		if !ok || app.Type() != string(flowhq.EndWorkerLost) || app.Details(&got) != nil ||
			got.Losses != losses || app.NonRetryable() != final {
			t.Errorf("%d losses: %v; want a lost worker, which is the workflow's: %v", losses, app, final)
		}
	}
}
