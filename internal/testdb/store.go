package testdb

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/devdb"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/jackc/pgx/v5"
)

// tenants counts the tenants of this test binary, of which each has a number of its own.
var tenants atomic.Int64

// OpenStore opens the database at url, which New has returned, until t ends, with the rights of a
// worker. Two stores of one database are two processes.
func OpenStore(t testing.TB, url string, tracer ...pgx.QueryTracer) *store.Store {
	t.Helper()
	return OpenStoreAs(t, store.RoleWorker, url, tracer...)
}

// OpenStoreAs is OpenStore with the rights of another role.
func OpenStoreAs(t testing.TB, role, url string, tracer ...pgx.QueryTracer) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), devdb.As(role, url), silent, tracer...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// NewTenant creates a tenant that nobody has started. No two tenants of a test binary have the
// same number, so that one of them can be linked in each.
func NewTenant(t testing.TB, s *store.Store) flowhq.TenantID {
	t.Helper()
	n := tenants.Add(1)
	tenant, err := s.CreateTenant(t.Context(), flowhq.NewTenant{
		Name: fmt.Sprint("barber ", n), PhoneNumber: fmt.Sprintf("+2557%08d", n),
		Template: flowhq.BookingTemplate, BusinessName: "Blue Door Barbers",
		Language: flowhq.English,
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return tenant.ID
}
