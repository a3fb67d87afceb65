package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A DeadLetterFilter selects dead letters. Empty fields select all.
type DeadLetterFilter struct {
	Tenant flowhq.TenantID // "" is every tenant
	Reason string          // exactly
	Before int64           // ID of a message; only earlier ones
	Limit  int             // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

const (
	// maxReasons bounds the reasons by which dead letters are counted. Some reasons quote what a
	// server answered, so there may be many.
	maxReasons = 100
	// maxCounted bounds the dead letters that are counted, the newest ones. After an outage there
	// may be one of every chat. They lie scattered over the table: ten thousand took 80 ms.
	maxCounted = 2_000
	// maxExcerpt is how many characters of its text a dead letter is listed with. The log has all.
	maxExcerpt = 200
)

// where is the condition on the messages m that the filter selects, but for the page. It is written
// without a tenant for all of them: each form is found by an index that holds nothing else,
// message_logs_failed_idx or message_logs_all_failed_idx.
func (f DeadLetterFilter) where() string {
	q := "m.status = 'FAILED' and (@reason::text = '' or m.reason = @reason)"
	if f.Tenant != "" {
		q = "m.tenant_id = @tenant and " + q
	}
	return q
}

// args are the parameters of where and others.
func (f DeadLetterFilter) args(others named) named {
	others["reason"] = clean(f.Reason)
	if f.Tenant != "" {
		others["tenant"] = f.Tenant
	}
	return others
}

// DeadLetters returns one page of the messages that have FAILED and that f selects, newest first,
// and the Before of the next page, 0 after the last. Without a tenant it is across tenants, for
// operators who look what has gone wrong with many.
func (s *Store) DeadLetters(
	ctx context.Context, f DeadLetterFilter,
) (page []flowhq.DeadLetter, next int64, err error) {
	// The join hides no row: a message cannot outlive its tenant.
	q := `
		select m.tenant_id, t.name, m.id, m.direction, m.kind, m.contact_id, m.contact,
			left(m.text, @excerpt), m.reason, m.created_at, m.retried_at
		from flowhq.message_logs m
		join flowhq.tenants t on t.id = m.tenant_id
		where ` + f.where() + ` and (@before::bigint = 0 or m.id < @before)
		order by m.id desc
		limit @limit`
	limit := clampLimit(f.Limit)
	page, err = many(ctx, s, q, f.args(named{
		"before": f.Before, "excerpt": maxExcerpt,
		// One row more than the page tells whether there is another page.
		"limit": limit + 1,
	}), pgx.RowToStructByPos[flowhq.DeadLetter])
	if err != nil {
		return nil, 0, fmt.Errorf("dead letters: %w", err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Message
	}
	return page, next, nil
}

// DeadLetterReasons counts the newest dead letters that f selects by their reasons, the most
// frequent reason first. See maxCounted and maxReasons for how far.
func (s *Store) DeadLetterReasons(
	ctx context.Context, f DeadLetterFilter,
) ([]flowhq.DeadLetterReason, error) {
	// The rows are bounded before they are grouped, or one request would read all that ever
	// failed.
	q := `
		select reason, count(*), count(distinct tenant_id), min(created_at), max(created_at)
		from (
			select m.reason, m.tenant_id, m.created_at from flowhq.message_logs m
			where ` + f.where() + `
			order by m.id desc
			limit @counted
		) as newest
		group by reason
		order by count(*) desc, reason
		limit @limit`
	reasons, err := many(ctx, s, q, f.args(named{"counted": maxCounted, "limit": maxReasons}),
		pgx.RowToStructByPos[flowhq.DeadLetterReason])
	if err != nil {
		return nil, fmt.Errorf("reasons of dead letters: %w", err)
	}
	return reasons, nil
}
