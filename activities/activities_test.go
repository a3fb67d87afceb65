package activities

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"

	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

func openStore(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// tenants counts those of the tests, of which each has a number of its own.
var tenants atomic.Int64

func newTenant(t *testing.T, s *store.Store) flowhq.TenantID {
	t.Helper()
	tenant, err := s.CreateTenant(t.Context(), flowhq.NewTenant{
		Name: "a", PhoneNumber: fmt.Sprintf("+2557%08d", tenants.Add(1)), Template: flowhq.BookingTemplate, BusinessName: "b", Language: flowhq.English,
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return tenant.ID
}

// From the third worker in a row that dies of a session on, the workflow is told.
func TestTheThirdLossIsTheWorkflows(t *testing.T) {
	for losses, final := range map[int]bool{0: false, 1: false, flowhq.CrashLoopAfter - 1: false, flowhq.CrashLoopAfter: true, flowhq.CrashLoopAfter + 1: true} {
		app, ok := errors.AsType[*temporal.ApplicationError](WorkerLost(flowhq.Counts{Losses: losses}))
		var got flowhq.Transition
		if !ok || app.Type() != string(flowhq.EndWorkerLost) || app.Details(&got) != nil || got.Losses != losses || app.NonRetryable() != final {
			t.Errorf("%d losses: %v; want a lost worker, which is the workflow's: %v", losses, app, final)
		}
	}
}
