package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/flowhq/flowhq"
)

// The order of locks. Whoever writes rows of a tenant locks them in this order, and so nobody waits
// for another in a circle:
//
//  1. hosts, the tenant's row. A host's write locks it by [Fence] for key share, and so does
//     everybody else's, by holdSQL. What decides on more than it locks excludes all of them: the
//     transaction in which contacts become one (fenceAlone), a claim, and the end of a tenant.
//  2. whatsapp_sessions and tenants. The foreign keys of all other tables lock the tenant's row for
//     key share, at the end of a statement: an erasure that had that row, and waited for a row that
//     such a statement has written, would wait for ever. It locks hosts first.
//  3. contacts, unless hosts excludes everybody.
//  4. The message that is answered or tried again, bookings, orders, tickets, handovers,
//     unanswered. Several of one table by their ids.
//  5. follow_ups. The triggers on bookings and orders lock them after these.
//  6. message_logs of follow-ups, which are withdrawn or written.
//
// The lock of a tenant's feed, which is no row's, is the last for whoever appends to the feed: at the
// commit. Whoever writes a webhook, its cursor or several of its deliveries takes that lock before
// those, and after hosts.
//
// In the transaction of a merge, messages come before the facts, and an answer locks its message
// before the facts. An operator's change of an order locks the order before the message of its
// follow-up. It is the first step alone that keeps these two from waiting for each other.
//
// Rows that are skipped while somebody has them, by Prune and ClaimFollowUps, may be locked in any
// order, and so may the only row that a statement locks.

// holdSQL keeps the contacts of a tenant from becoming one, and the tenant from being erased, until
// the transaction ends. It is for writes that no host makes, which no epoch fences.
const holdSQL = `select from flowhq.hosts where tenant_id = @tenant for key share`

// A held is a statement that locks rows of a tenant for the one that follows.
type held struct {
	sql  string
	args named
}

// oneHeld is one for a statement that writes what is about a contact, and that no host makes. It
// locks the tenant's host first, and then what before locks. The statements are one transaction and
// one round trip. Each has a snapshot of its own, so the last sees what those have left that it has
// waited for, such as the contacts after a merge.
func oneHeld[T any](
	ctx context.Context, s *Store, tenant flowhq.TenantID, sql string, args named,
	scan pgx.RowToFunc[T], before ...held,
) (v T, err error) {
	batch := &pgx.Batch{}
	// First of all: a statement that had another row by then could wait in a circle.
	batch.Queue(holdSQL, named{"tenant": tenant})
	for _, h := range before {
		batch.Queue(h.sql, h.args)
	}
	batch.Queue(sql, args).Query(func(rows pgx.Rows) (err error) {
		v, err = pgx.CollectExactlyOneRow(rows, scan)
		return err
	})
	return v, send(ctx, s, batch)
}
