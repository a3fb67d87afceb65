package loadtest

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// TestSeed: there is as much as was asked for, and a statement without an index is seen to read it all.
func TestSeed(t *testing.T) {
	t.Parallel()
	url := testdb.New(t)
	seeded, err := Seed(t.Context(), url, Size{Tenants: 10, Messages: 4000, Facts: 5})
	if err != nil || len(seeded.Tenants) != 10 {
		t.Fatalf("Seed = %d tenants, %v; want 10", len(seeded.Tenants), err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var all, large int
	const q = `select count(*), count(*) filter (where tenant_id = $1) from flowhq.message_logs`
	if err := conn.QueryRow(t.Context(), q, seeded.Tenants[0]).Scan(&all, &large); err != nil {
		t.Fatal(err)
	}
	if all < 3000 || all > 4500 || large != 2000 {
		t.Errorf("there are %d messages, of which the largest tenant has %d; want some 4000 and 2000", all, large)
	}
	m := &Meter{conn: conn}
	cost, err := m.Measure(t.Context(), Statement{
		SQL:  `select count(*) from flowhq.message_logs where tenant_id = @tenant and text like '%bei%'`,
		Args: []any{pgx.StrictNamedArgs{"tenant": seeded.Tenants[0]}},
	}, seeded.Tenants[1])
	if err != nil || cost.Rows < large {
		t.Errorf("Measure = %d rows, %v; want at least %d", cost.Rows, err, large)
	}
}
