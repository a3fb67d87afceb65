package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// ttl is a lease that does not run out during a test.
const ttl = time.Minute

// patience bounds every wait of a test.
const patience = 10 * time.Second

// nobody is a tenant that does not exist.
const nobody = flowhq.TenantID("00000000-0000-4000-8000-000000000000")

var silent = slog.New(slog.DiscardHandler)

// A bench is a store on a database of its own, with a connection past it.
type bench struct {
	*store.Store
	url string
	raw *pgx.Conn
}

func open(t testing.TB) *bench {
	t.Helper()
	url := testdb.New(t)
	s, err := store.Open(t.Context(), url, silent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &bench{Store: s, url: url, raw: connect(t, url)}
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// exec runs a statement past the store.
func (b *bench) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := b.raw.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// scalar returns the one value that a query past the store yields.
func scalar[T any](t testing.TB, b *bench, sql string, args ...any) T {
	t.Helper()
	rows, _ := b.raw.Query(t.Context(), sql, args...)
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// barbers counts the tenants of the tests, of which each has a number of its own.
var barbers atomic.Int64

func barber() flowhq.NewTenant {
	return flowhq.NewTenant{
		Name: "barber", PhoneNumber: fmt.Sprintf("+2557%08d", barbers.Add(1)),
		Template:     flowhq.BookingTemplate,
		BusinessName: "Blue Door Barbers", Language: flowhq.English,
	}
}

// tenant creates a tenant.
func (b *bench) tenant(t testing.TB) flowhq.TenantID {
	t.Helper()
	return must(b.CreateTenant(t.Context(), barber(), "admin"))(t).ID
}

// number is the tenant's phone number.
func (b *bench) number(t testing.TB, tenant flowhq.TenantID) string {
	t.Helper()
	return must(b.Tenant(t.Context(), tenant))(t).PhoneNumber
}

// hosted creates a tenant with a host that holds the lease.
func (b *bench) hosted(t testing.TB) (flowhq.TenantID, int64) {
	t.Helper()
	tenant := b.tenant(t)
	epoch := must(b.Claim(t.Context(), tenant, "host-a"))(t)
	if taken, _, err := b.TakeLease(t.Context(), tenant, epoch, ttl); err != nil || !taken {
		t.Fatalf("TakeLease = %v, %v; want true, nil", taken, err)
	}
	return tenant, epoch
}

// receive records a text message from a customer, which must be new.
func (b *bench) receive(t testing.TB, tenant flowhq.TenantID, epoch int64, waID string) int64 {
	t.Helper()
	r, err := b.Receive(t.Context(), tenant, epoch, text(waID))
	if err != nil || !r.New {
		t.Fatalf("Receive(%s) = %+v, %v; want a new message", waID, r, err)
	}
	return r.ID
}

func text(waID string) store.Inbound {
	return store.Inbound{
		LID: "41@lid", Number: "+255700000041", WAID: waID,
		Kind: flowhq.KindText, Text: "book a cut", SentAt: noon,
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func answer(waID string) store.Outcome {
	return store.Outcome{
		Status: flowhq.Answered,
		Reply:  &store.Outbound{WAID: waID, Kind: flowhq.KindReply, Text: "for which day?"},
		State:  []byte(`{"step": "day"}`),
	}
}

// reply receives a message and answers it, and returns the reply's WhatsApp id.
func (b *bench) reply(t testing.TB, tenant flowhq.TenantID, epoch int64, waID string) string {
	t.Helper()
	id := b.receive(t, tenant, epoch, "in-"+waID)
	if _, done, err := b.Answer(t.Context(), tenant, epoch, id, answer(waID)); err != nil || !done {
		t.Fatalf("Answer = %v, %v; want true, nil", done, err)
	}
	return waID
}

// message returns the tenant's newest message.
func (b *bench) message(t testing.TB, tenant flowhq.TenantID) flowhq.Message {
	t.Helper()
	ms, _, err := b.Messages(t.Context(), tenant, store.MessageFilter{Limit: 1})
	if err != nil || len(ms) != 1 {
		t.Fatalf("Messages = %d, %v; want 1, nil", len(ms), err)
	}
	return ms[0]
}

// must returns a function that ends the test if err is not nil.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, what string, err error, want flowhq.Code) {
	t.Helper()
	if got := flowhq.ErrorCode(err); got != want {
		t.Errorf("%s: code %q (%v); want %q", what, got, err, want)
	}
}

// eventually waits until done reports true.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("waited %v for %s", patience, what)
		case <-tick.C:
		}
	}
}

// waiters returns how many connections of this database wait for a lock.
func (b *bench) waiters(t testing.TB) int {
	t.Helper()
	return scalar[int](t, b, `select count(*)::int from pg_stat_activity
		where datname = current_database() and wait_event_type = 'Lock'`)
}
