package store_test

import (
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestSearchGoesOn: a text that only the oldest row has is found by following the pages, each of
// which goes through a bounded number of rows, and no row is left out or shown twice.
func TestSearchGoesOn(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const rows = 4500 // more than two pages search
	b.exec(t, `insert into flowhq.contacts (tenant_id, number, name)
		select $1, '+2556' || lpad(n::text, 9, '0'), case when n in (1, $2 - 1) then 'Zawadi' else 'Juma' end
		from generate_series(1, $2) n`, tenant, rows)
	b.exec(t, `insert into flowhq.tickets (tenant_id, number, contact_id, subject, status)
		select $1, 'T' || n, 0, case when n in (1, $2 - 1) then 'the oven' else 'other' end, 'OPEN'
		from generate_series(1, $2) n`, tenant, rows)
	for name, page := range map[string]func(before int64) (found int, next int64){
		"tickets": func(before int64) (int, int64) {
			page, next, err := b.Tickets(t.Context(), tenant,
				store.FactFilter{Text: "OVEN", Status: string(flowhq.TicketOpen), Before: before})
			ok(t, err)
			return len(page), next
		},
		"contacts": func(before int64) (int, int64) {
			page, next, err := b.Contacts(t.Context(), tenant,
				store.ContactFilter{Text: "zawa", Before: before})
			ok(t, err)
			return len(page), next
		},
	} {
		found, pages, next := 0, 0, int64(0)
		for more := true; more && pages < 10; pages++ {
			var n int
			n, next = page(next)
			found, more = found+n, next != 0
		}
		if found != 2 || pages != 3 {
			t.Errorf("%s: %d found on %d pages; want 2 on 3", name, found, pages)
		}
	}
}
