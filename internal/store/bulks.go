package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// bulkColumns are the fields of flowhq.Bulk, in their order.
const bulkColumns = `
	id::text, command, actor, state, per_second, matched, sent, failed, started_at, ended_at`

const (
	// bulkDays is how long a bulk that has ended is remembered, in days.
	bulkDays = 30
	// maxOpenBulks is how many bulks OpenBulks finds; a later call finds the rest.
	maxOpenBulks = 100
)

// BeginBulk records that a command is to be given to many tenants, and returns the bulk as
// it is then. From then on each of them will get it, whatever happens to any process. The
// key of the request is that of the bulk: a repeated one begins nothing new. A Conflict
// error means that the key was used for something else.
//
// The key, the row and the list of its tenants are one transaction. Temporal is told afterwards:
// if that fails, the reconciler finds the row with OpenBulks and begins the bulk. The list is
// made here and stays, so a tenant that begins or ceases to match the filter later changes
// nothing.
func (s *Store) BeginBulk(
	ctx context.Context, key string, body []byte, b flowhq.Bulk, tenants []flowhq.TenantID,
) (flowhq.Bulk, error) {
	const add = `
		insert into flowhq.bulks (id, command, actor, per_second, matched, tenants)
		select @id, @command, @actor, @per_second, cardinality(@tenants::uuid[]), @tenants
		from flowhq.request_keys where key = @key and subject = @id
		on conflict (id) do nothing`
	const forget = `delete from flowhq.bulks where ended_at < now() - make_interval(days => @days)`
	const read = `select ` + bulkColumns + ` from flowhq.bulks where id = @id`
	ids := make([]string, len(tenants)) // not nil, which is null
	for i, t := range tenants {
		ids[i] = string(t)
	}
	use := newKeyUse(key, "begin a bulk", body, b.ID)
	batch := use.batch(s.installation, func(batch *pgx.Batch) {
		batch.Queue(add, named{
			"id": b.ID, "key": use.key, "command": b.Command, "actor": clean(b.Actor),
			"per_second": b.PerSecond, "tenants": ids,
		})
	})
	// Old bulks go whenever a new one begins, so the table stays bounded without the retention.
	batch.Queue(forget, named{"days": bulkDays})
	var begun []flowhq.Bulk
	batch.Queue(read, named{"id": b.ID}).Query(func(rows pgx.Rows) (err error) {
		begun, err = pgx.CollectRows(rows, pgx.RowToStructByPos[flowhq.Bulk])
		return err
	})
	err := send(ctx, s, batch)
	if err == nil {
		err = use.refused()
	}
	if err == nil && len(begun) == 0 { // the key outlived the bulk
		err = flowhq.Errorf(flowhq.Conflict,
			"this key was used for a bulk that is forgotten; a new request needs a new key")
	}
	if err != nil {
		return b, fmt.Errorf("begin a bulk: %w", s.missing(ctx, err))
	}
	return begun[0], nil
}

// Bulk returns one bulk, as far as it is known to have come, or a NotFound error.
func (s *Store) Bulk(ctx context.Context, id string) (flowhq.Bulk, error) {
	const q = `select ` + bulkColumns + ` from flowhq.bulks where id = @id`
	return s.bulk(ctx, q, named{"id": id})
}

// CancelBulk notes that a bulk is to tell no further tenants and returns it as it is now;
// one that has ended is left as it is. A NotFound error means that there is none. The note is in
// the row, so that it holds also while Temporal cannot be reached: the reconciler passes it on.
func (s *Store) CancelBulk(ctx context.Context, id string) (flowhq.Bulk, error) {
	const q = `update flowhq.bulks set cancelled = true where id = @id returning ` + bulkColumns
	return s.bulk(ctx, q, named{"id": id})
}

// bulk runs a statement that yields one bulk, and says of a missing one that it is a bulk which
// is missing. In another installation's database it is Unavailable, for the bulk's own may come
// back.
func (s *Store) bulk(ctx context.Context, q string, args named) (flowhq.Bulk, error) {
	b, err := one(ctx, s, q, args, pgx.RowToStructByPos[flowhq.Bulk])
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		err = flowhq.Errorf(flowhq.NotFound,
			"there is no such bulk, or it ended so long ago that it is forgotten")
	}
	if err != nil {
		return b, fmt.Errorf("bulk %s: %w", args["id"], s.missing(ctx, err))
	}
	return b, nil
}

// Bulks returns a page of bulks, the newest first, in the order of bulks_started_idx, and the cursor
// of the next page, "" after the last. A cursor that did not come from here is Invalid.
func (s *Store) Bulks(
	ctx context.Context, after string, limit int,
) (page []flowhq.Bulk, next string, err error) {
	before, beforeID, err := parseCursor(after)
	if err != nil {
		return nil, "", err
	}
	const q = `
		select ` + bulkColumns + `
		from flowhq.bulks
		where @before_id::uuid is null or started_at <= @before::timestamptz
			and (started_at < @before or id > @before_id)
		order by started_at desc, id
		limit @limit`
	args := named{"before": before, "before_id": beforeID, "limit": limit + 1}
	page, err = many(ctx, s, q, args, pgx.RowToStructByPos[flowhq.Bulk])
	if err != nil {
		return nil, "", fmt.Errorf("bulks: %w", err)
	}
	// One row more than the page was read, so that the last page is known without a count.
	if len(page) > limit {
		page = page[:limit]
		next = cursor(page[limit-1].StartedAt, page[limit-1].ID)
	}
	return page, next, nil
}

// An OpenBulk is a bulk that is not known to have ended.
type OpenBulk struct {
	flowhq.Bulk
	Cancelled bool // somebody asked for it to end
}

// OpenBulks returns bulks that are not known to have ended, the oldest first. If there are
// very many, a later call returns the rest. bulks_open_idx holds no others. The reconciler calls
// it every few seconds.
func (s *Store) OpenBulks(ctx context.Context) ([]OpenBulk, error) {
	const q = `
		select ` + bulkColumns + `, cancelled
		from flowhq.bulks
		where ended_at is null
		order by started_at, id
		limit @limit`
	all, err := many(ctx, s, q, named{"limit": maxOpenBulks}, pgx.RowToStructByPos[OpenBulk])
	if err != nil {
		return nil, fmt.Errorf("open bulks: %w", err)
	}
	return all, nil
}

// BulkTenants returns the tenants of a bulk that has not ended.
func (s *Store) BulkTenants(ctx context.Context, id string) ([]flowhq.TenantID, error) {
	const q = `select unnest(tenants)::text from flowhq.bulks where id = @id`
	ids, err := many(ctx, s, q, named{"id": id}, pgx.RowTo[flowhq.TenantID])
	if err != nil {
		return nil, fmt.Errorf("tenants of bulk %s: %w", id, err)
	}
	return ids, nil
}

// SetBulk notes how far a bulk has come. One that has ended stays as it is, so a late report
// cannot begin it again. The list of its tenants goes with its end: it may be of 10,000 ids.
func (s *Store) SetBulk(ctx context.Context, b flowhq.Bulk) error {
	const q = `
		update flowhq.bulks set
			state = @state, sent = @sent, failed = @failed, ended_at = @ended_at::timestamptz,
			tenants = case when @ended_at::timestamptz is null then tenants else '{}' end
		where id = @id and ended_at is null`
	_, err := exec(ctx, s, q, named{
		"id": b.ID, "state": b.State, "sent": b.Sent, "failed": b.Failed, "ended_at": b.EndedAt,
	})
	if err != nil {
		return fmt.Errorf("bulk %s: %w", b.ID, err)
	}
	return nil
}
