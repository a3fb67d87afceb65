package store_test

import (
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A row is what one row of a table holds, as JSON.
type row struct{ Table, JSON string }

// dump returns all that the database holds on a tenant.
func dump(t testing.TB, b *bench, tenant flowhq.TenantID) []row {
	t.Helper()
	var all []row
	for _, table := range append(tenantTables(t, b), "tenants") {
		column := "tenant_id"
		if table == "tenants" {
			column = "id"
		}
		rows, _ := b.raw.Query(t.Context(),
			"select '"+table+"', to_json(x)::text from flowhq."+table+" x where "+column+
				" = $1 order by 2", tenant)
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

// tenantTables names the tables that have a tenant_id.
func tenantTables(t testing.TB, b *bench) []string {
	t.Helper()
	rows, _ := b.raw.Query(t.Context(), `select table_name from information_schema.columns
		where table_schema = 'flowhq' and column_name = 'tenant_id' order by 1`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) < 8 {
		t.Fatalf("tables %v, %v", names, err)
	}
	return names
}
