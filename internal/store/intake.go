package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Intake counts what customers of a tenant have written since a time, among the newest maxExamined
// messages. A tenant that does not exist has nothing.
func (s *Store) Intake(
	ctx context.Context, tenant flowhq.TenantID, since time.Time,
) (flowhq.Intake, error) {
	// Two statements, as in the log: under row-level security a search within the second one's
	// condition is made for each message that the tenant has, and with its result as a number the
	// primary key is read from there on.
	const first = `
		select coalesce(flowhq.first_message_since(@tenant,
			@since::timestamptz - make_interval(secs => @slack)), 0)`
	floor, err := one(ctx, s, first, named{
		"tenant": tenant, "since": since, "slack": outOfOrder.Seconds(),
	}, pgx.RowTo[int64])
	if err != nil {
		return flowhq.Intake{}, fmt.Errorf("intake of tenant %s: %w", tenant, err)
	}
	const q = `
		select count(distinct contact_id) filter (where counts), count(*) filter (where counts),
			count(*) filter (where counts and status = 'ANSWERED'), count(*) >= @most
		from (
			select contact_id, status, direction = 'IN' and created_at >= @since as counts
			from flowhq.message_logs
			where tenant_id = @tenant and id >= @floor
			order by id desc
			limit @most
		) as newest`
	a, err := planned(ctx, s, q, named{
		"tenant": tenant, "since": since, "floor": floor, "most": maxExamined,
	}, pgx.RowToStructByPos[flowhq.Intake])
	if err != nil {
		return flowhq.Intake{}, fmt.Errorf("intake of tenant %s: %w", tenant, err)
	}
	return a[0], nil
}
