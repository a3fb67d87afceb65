package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// FeedDays is for how many days the feed is kept. Who was away for longer reads what there is now.
const FeedDays = 30

// feedColumns are the fields of flowhq.FeedEvent, in their order.
const feedColumns = `id, tenant_id, event_type, contact_id, data, created_at`

// A FeedPage selects events of the feed, in their order.
type FeedPage struct {
	Types []flowhq.EventType // empty selects all
	After int64              // ID of an event; only later ones
	UpTo  int64              // and none after this one, which a FeedReader has come to
	Limit int                // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

// Feed returns one page of a tenant's feed. Fewer events than the limit are the last up to UpTo.
func (s *Store) Feed(
	ctx context.Context, tenant flowhq.TenantID, p FeedPage,
) ([]flowhq.FeedEvent, error) {
	// feed_pkey yields the page in the order of the ids. UpTo keeps those away before which a
	// lower id may still appear.
	const q = `
		select ` + feedColumns + ` from flowhq.feed
		where tenant_id = @tenant and id > @after and id <= @up_to
			and (cardinality(@types::text[]) = 0 or event_type = any(@types))
		order by id
		limit @limit`
	// types is empty and not nil, which would be null: no event would be selected then.
	all, err := many(ctx, s, q, named{
		"tenant": tenant, "after": p.After, "up_to": p.UpTo,
		"types": append([]string{}, words(p.Types)...), "limit": clampLimit(p.Limit),
	}, pgx.RowToStructByPos[flowhq.FeedEvent])
	if err != nil {
		return nil, fmt.Errorf("feed of tenant %s: %w", tenant, err)
	}
	return all, nil
}

// FeedOfAll is Feed of all tenants at once.
func (s *Store) FeedOfAll(ctx context.Context, p FeedPage) ([]flowhq.FeedEvent, error) {
	// feed_id_key yields the page, without a condition on the tenant.
	const q = `
		select ` + feedColumns + ` from flowhq.feed
		where id > @after and id <= @up_to
			and (cardinality(@types::text[]) = 0 or event_type = any(@types))
		order by id
		limit @limit`
	all, err := many(ctx, s, q, named{
		"after": p.After, "up_to": p.UpTo, "types": append([]string{}, words(p.Types)...),
		"limit": clampLimit(p.Limit),
	}, pgx.RowToStructByPos[flowhq.FeedEvent])
	if err != nil {
		return nil, fmt.Errorf("feed of all tenants: %w", err)
	}
	return all, nil
}

// feedBatch is how many events a FeedReader reads at a time.
const feedBatch = 500

// settleEvery is how often FollowFeed looks whether writers have ended: each commit lasts
// milliseconds.
const settleEvery = 10 * time.Millisecond

// A FeedReader follows the feed of all tenants, and skips no event.
//
// Ids are drawn before the transactions that draw them end, so a row can appear with a lower id
// than one that was read. What is missing between two ids is either still to come or was never
// written, as its transaction failed or the server had drawn ids ahead. The reader waits at the
// gap until all have ended that had the lock of a feed when it saw the gap: whoever draws an id
// has one, from just before until the row can be seen. They are at their commits, so that is a
// matter of milliseconds, and a transaction that takes long, such as a migration, holds nobody
// up.
//
// A FeedReader is for one goroutine.
type FeedReader struct {
	store *Store
	last  int64 // id of the last event that was returned
	// sure is up to which id all rows are there that will ever be.
	sure int64
	// writers are those that are waited for at a gap, until all rows up to seen are there; nil:
	// there is no gap.
	writers []string
	seen    int64
}

// FollowFeed returns a reader of what comes after now. It waits until those have ended that write
// just now, so that nothing is still to come up to its Position.
func (s *Store) FollowFeed(ctx context.Context) (*FeedReader, error) {
	const q = `select coalesce(max(id), 0) from flowhq.feed`
	r := &FeedReader{store: s}
	var err error
	// The id is read before the writers are asked for: whoever has drawn a lower one is among
	// them, or has ended.
	if r.last, err = one(ctx, s, q, named{}, pgx.RowTo[int64]); err == nil {
		r.writers, err = s.feedWriters(ctx, nil)
	}
	for err == nil && len(r.writers) > 0 {
		select {
		case <-ctx.Done():
			err = classify(ctx.Err())
		case <-time.After(settleEvery):
			r.writers, err = s.feedWriters(ctx, r.writers)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("follow the feed: %w", err)
	}
	r.writers = nil
	return r, nil
}

// feedWriters returns the transactions that have the lock of a feed; of those in among, if it is
// not nil.
func (s *Store) feedWriters(ctx context.Context, among []string) ([]string, error) {
	// objsubid 2 is a lock of two keys, of which classid is the first. The locks of other
	// databases of the server are in the view too.
	const q = `
		select virtualtransaction from pg_locks
		where locktype = 'advisory' and granted and objsubid = 2
			and classid = flowhq.feed_lock_class()::bigint::oid
			and database = (select oid from pg_database where datname = current_database())
			and (@among::text[] is null or virtualtransaction = any(@among))`
	return many(ctx, s, q, named{"among": among}, pgx.RowTo[string])
}

// Position is the ID of the last event that Next has returned: all up to it are final.
func (r *FeedReader) Position() int64 { return r.last }

// Next returns the next events, in the order of their ids, and whether there may be more to be read
// at once. It does not wait for any.
func (r *FeedReader) Next(ctx context.Context) (events []flowhq.FeedEvent, more bool, err error) {
	const q = `
		select ` + feedColumns + ` from flowhq.feed where id > @last order by id limit @limit`
	rows, err := many(ctx, r.store, q, named{"last": r.last, "limit": feedBatch},
		pgx.RowToStructByPos[flowhq.FeedEvent])
	if err != nil {
		return nil, false, fmt.Errorf("read the feed: %w", err)
	}
	ready := 0
	// What follows without a gap is final, and so is all up to sure.
	for ready < len(rows) && (rows[ready].ID == r.last+1 || rows[ready].ID <= r.sure) {
		r.last = rows[ready].ID
		ready++
	}
	if ready == len(rows) {
		return rows, ready == feedBatch, nil
	}
	// The writers are asked for after the rows. One that has ended in between is not among them,
	// and its row is there when the rows are read again. Only those count that had the lock when
	// the gap was seen. Whoever takes it later draws a higher id than seen.
	if r.writers == nil {
		r.seen = rows[len(rows)-1].ID
	}
	if r.writers, err = r.store.feedWriters(ctx, r.writers); err != nil {
		// What is ready was taken off the feed, so it is returned: the gap is looked at again.
		return rows[:ready], true, nil //nolint:nilerr // the next call has the same error
	}
	// All of them have ended, so what is missing up to seen was never written.
	if len(r.writers) == 0 {
		r.sure, r.writers, more = max(r.sure, r.seen), nil, true
	}
	return rows[:ready], more, nil
}

// PruneFeed deletes at most PruneBatch of the events that are older than FeedDays. If it deletes
// PruneBatch, there may be more. It is across tenants on purpose: ids grow with time, so those of
// erased tenants go with the others, and no index on time is needed.
func (s *Store) PruneFeed(ctx context.Context) (deleted int64, err error) {
	const q = `
		delete from flowhq.feed where id = any(array(
			select id from (
				select id, created_at from flowhq.feed order by id limit @limit
			) as oldest
			where created_at < now() - make_interval(days => @days::integer)))`
	return s.pruneSome(ctx, "feed", q, FeedDays)
}
