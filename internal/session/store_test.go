package session

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// patience bounds what should happen soon.
const patience = 10 * time.Second

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
		Name: "a", PhoneNumber: fmt.Sprintf("+2557%08d", tenants.Add(1)),
		Template: flowhq.BookingTemplate, BusinessName: "b", Language: flowhq.English,
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return tenant.ID
}

// soon waits for a signal.
func soon(t *testing.T, what string, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(patience):
		t.Fatalf("%s: not within %v", what, patience)
	}
}
