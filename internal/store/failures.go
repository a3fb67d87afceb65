package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A FailureFilter selects what has failed: dead letters, or deliveries that were set aside. Empty
// fields select all.
type FailureFilter struct {
	Tenant flowhq.TenantID // "" is every tenant
	Reason string          // exactly
	Cursor int64           // the next of the page before, 0 for the first page
	Limit  int             // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
	// OldestFirst is for a retry, which must go through a chat in the order of its messages. People
	// read the newest first.
	OldestFirst bool
}

const (
	// maxReasons bounds the reasons by which failures are counted. Some reasons quote what a
	// server answered, so there may be many.
	maxReasons = 100
	// maxCounted bounds the failures that are counted, the newest ones. After an outage there
	// may be one of every chat. They lie scattered over the table: ten thousand took 80 ms.
	maxCounted = 2_000
	// maxExcerpt is how many characters of its text a dead letter is listed with. The log has all.
	maxExcerpt = 200
)

// where is the condition on the rows f of this status that the filter selects, but for the page. It
// is written without a tenant for all of them: each form is found by an index that holds nothing
// else, message_logs_failed_idx and message_logs_all_failed_idx of dead letters,
// webhook_deliveries_tenant_set_aside_idx and webhook_deliveries_all_set_aside_idx of deliveries.
func (f FailureFilter) where(status string) string {
	q := "f.status = '" + status + "' and (@reason::text = '' or f.reason = @reason)"
	if f.Tenant != "" {
		q = "f.tenant_id = @tenant and " + q
	}
	return q
}

// reasonsSQL counts the newest rows of a table that the filter selects by their reasons, the most
// frequent reason first.
func (f FailureFilter) reasonsSQL(table, status string) string {
	// The rows are bounded before they are grouped, or one request would read all that ever
	// failed.
	return `
		select reason, count(*), count(distinct tenant_id), min(created_at), max(created_at)
		from (
			select f.reason, f.tenant_id, f.created_at from flowhq.` + table + ` f
			where ` + f.where(status) + `
			order by f.id desc
			limit @counted
		) as newest
		group by reason
		order by count(*) desc, reason
		limit @limit`
}

// pageSQL is the end of a statement that reads a page of rows f, and one row more, which says that
// there is another page. Ids grow with time, and the indexes of where are read in either direction.
func (f FailureFilter) pageSQL() string {
	if f.OldestFirst {
		return " and f.id > @cursor order by f.id limit @limit"
	}
	return " and (@cursor::bigint = 0 or f.id < @cursor) order by f.id desc limit @limit"
}

// args are the parameters of where and pageSQL, and others.
func (f FailureFilter) args(others named) named {
	others["reason"] = clean(f.Reason)
	if f.Tenant != "" {
		others["tenant"] = f.Tenant
	}
	return others
}

// DeadLetters returns one page of the messages that have FAILED and that f selects, and the Cursor of
// the next page, 0 after the last. Without a tenant it is across tenants, for operators who look what
// has gone wrong with many.
func (s *Store) DeadLetters(
	ctx context.Context, f FailureFilter,
) (page []flowhq.DeadLetter, next int64, err error) {
	// The join hides no row: a message cannot outlive its tenant.
	q := `
		select f.tenant_id, t.name, f.id, f.direction, f.kind, f.contact_id, f.contact,
			left(f.text, @excerpt), f.reason, f.created_at, f.retried_at
		from flowhq.message_logs f
		join flowhq.tenants t on t.id = f.tenant_id
		where ` + f.where("FAILED") + f.pageSQL()
	rows, err := many(ctx, s, q, f.args(named{
		"cursor": f.Cursor, "excerpt": maxExcerpt, "limit": clampLimit(f.Limit) + 1,
	}), pgx.RowToStructByPos[flowhq.DeadLetter])
	if err != nil {
		return nil, 0, fmt.Errorf("dead letters: %w", err)
	}
	page, next = cut(rows, f.Limit, 0, func(d flowhq.DeadLetter) int64 { return d.Message })
	return page, next, nil
}

// DeadLetterReasons counts the newest dead letters that f selects by their reasons, the most
// frequent reason first. See maxCounted and maxReasons for how far.
func (s *Store) DeadLetterReasons(
	ctx context.Context, f FailureFilter,
) ([]flowhq.DeadLetterReason, error) {
	q := f.reasonsSQL("message_logs", "FAILED")
	reasons, err := many(ctx, s, q, f.args(named{"counted": maxCounted, "limit": maxReasons}),
		pgx.RowToStructByPos[flowhq.DeadLetterReason])
	if err != nil {
		return nil, fmt.Errorf("reasons of dead letters: %w", err)
	}
	return reasons, nil
}

// AsideDeliveries returns one page of the deliveries that were set aside and that f selects, and the
// Cursor of the next page, 0 after the last. Without a tenant it is across tenants.
func (s *Store) AsideDeliveries(
	ctx context.Context, f FailureFilter,
) (page []flowhq.AsideDelivery, next int64, err error) {
	// The joins hide no row: a delivery outlives neither its webhook nor its tenant.
	q := `
		select f.tenant_id::text, t.name, f.webhook_id::text,
			coalesce(substring(w.url from '^[a-zA-Z]+://(?:[^/?#]*@)?([^/?#]*)'), ''),
			f.id, f.event_id, f.event_type, f.contact_id, f.status, f.attempts, f.reason,
			f.response_code, f.duration_ms, f.created_at, f.tried_at, null::timestamptz
		from flowhq.webhook_deliveries f
		join flowhq.webhooks w on w.tenant_id = f.tenant_id and w.id = f.webhook_id
		join flowhq.tenants t on t.id = f.tenant_id
		where ` + f.where("SET_ASIDE") + f.pageSQL()
	rows, err := many(ctx, s, q, f.args(named{
		"cursor": f.Cursor, "limit": clampLimit(f.Limit) + 1,
	}), pgx.RowToStructByPos[flowhq.AsideDelivery])
	if err != nil {
		return nil, 0, fmt.Errorf("deliveries that were set aside: %w", err)
	}
	page, next = cut(rows, f.Limit, 0, func(d flowhq.AsideDelivery) int64 { return d.ID })
	return page, next, nil
}

// AsideReasons counts the newest deliveries that f selects by their reasons, the most frequent
// reason first. See maxCounted and maxReasons for how far.
func (s *Store) AsideReasons(ctx context.Context, f FailureFilter) ([]flowhq.AsideReason, error) {
	q := f.reasonsSQL("webhook_deliveries", "SET_ASIDE")
	reasons, err := many(ctx, s, q, f.args(named{"counted": maxCounted, "limit": maxReasons}),
		pgx.RowToStructByPos[flowhq.AsideReason])
	if err != nil {
		return nil, fmt.Errorf("reasons of deliveries that were set aside: %w", err)
	}
	return reasons, nil
}
