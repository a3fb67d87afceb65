package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// PruneBatch bounds what one call of a Prune method reads and deletes, in rows,
// and so for how long it holds a lock.
const PruneBatch = 1000

// The Prune methods walk a table by its key, a page a call, so they need no index
// on time, which every message would have to keep up to date. Each reads the
// tenant's retention anew: a change counts from the next page on.
//
// They skip what somebody else holds, and find it a day later. So they wait for
// nobody, and no lock that is taken in another order can deadlock with theirs.

// kept is the common table expression that they begin with: one row, the time
// from which on rows are kept. A tenant that is gone has the default.
const kept = `
	with kept as (
		select now() - make_interval(days => coalesce(
			(select retention_days from flowhq.tenant_configs where tenant_id = @tenant), @default_days)) as since
	)`

func (s *Store) pruneArgs(tenant flowhq.TenantID, after int64) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{
		"tenant": tenant, "after": after, "limit": PruneBatch, "default_days": s.defaultDays(),
	}
}

// defaultDays is the retention of tenants that chose none. A store whose Defaults
// were not set must not delete everything.
func (s *Store) defaultDays() int { return max(s.Defaults.RetentionDays, flowhq.MinRetentionDays) }

// A prunedPage is what a Prune method answers.
type prunedPage struct {
	Deleted int64
	Next    int64
}

// PruneMessages deletes, of the page of messages that come after the one with ID
// after, those that are finished and older than the tenant's retention. What is
// not yet answered, or perhaps not sent, is kept however old it is. next is where
// the next page begins, 0 if no later one has anything old.
//
// A question may go before its reply or the other way round: nothing reads both.
func (s *Store) PruneMessages(ctx context.Context, tenant flowhq.TenantID, after int64) (deleted, next int64, err error) {
	const q = kept + `, page as (
			select id, created_at < kept.since as is_old
			from flowhq.message_logs, kept
			where tenant_id = @tenant and id > @after
			order by id
			limit @limit
		), old as (
			select id from flowhq.message_logs
			where tenant_id = @tenant and id = any(array(select id from page where is_old)) and status in (
				'ANSWERED', 'SUPPRESSED', 'OVERFLOWED', 'EXPIRED', 'IGNORED', 'UNDECRYPTABLE', 'SENT', 'DELIVERED', 'READ', 'FAILED')
			for update skip locked
		), gone as (
			delete from flowhq.message_logs
			where tenant_id = @tenant and id = any(array(select id from old))
			returning id
		)
		select (select count(*) from gone),
			coalesce((select max(id) from page having count(*) = @limit and bool_or(is_old)), 0)`
	p, err := one(ctx, s, q, s.pruneArgs(tenant, after), pgx.RowToStructByPos[prunedPage])
	if err != nil {
		return 0, 0, fmt.Errorf("prune messages of tenant %s: %w", tenant, err)
	}
	return p.Deleted, p.Next, nil
}

// PruneConversations deletes, of the page of conversations whose contacts come after
// the given one, those that have stood still for longer than the tenant's retention.
// next is where the next page begins, 0 if this was the last.
func (s *Store) PruneConversations(ctx context.Context, tenant flowhq.TenantID, after int64) (deleted, next int64, err error) {
	const q = kept + `, page as (
			select contact_id, updated_at < kept.since as is_old
			from flowhq.conversations, kept
			where tenant_id = @tenant and contact_id > @after
			order by contact_id
			limit @limit
		), old as (
			select contact_id from flowhq.conversations c, kept
			where tenant_id = @tenant and contact_id = any(array(select contact_id from page where is_old))
				and updated_at < kept.since -- as of now: the row may have changed before it was locked
			for update of c skip locked
		), gone as (
			delete from flowhq.conversations
			where tenant_id = @tenant and contact_id = any(array(select contact_id from old))
			returning contact_id
		)
		select (select count(*) from gone),
			coalesce((select max(contact_id) from page having count(*) = @limit), 0)`
	p, err := one(ctx, s, q, s.pruneArgs(tenant, after), pgx.RowToStructByPos[prunedPage])
	if err != nil {
		return 0, 0, fmt.Errorf("prune conversations of tenant %s: %w", tenant, err)
	}
	return p.Deleted, p.Next, nil
}

// PruneContacts deletes, of the page of contacts that come after the given one, those
// that were last seen longer ago than the tenant's retention and of whom nothing else
// is left. next is where the next page begins, 0 if this was the last.
func (s *Store) PruneContacts(ctx context.Context, tenant flowhq.TenantID, after int64) (deleted, next int64, err error) {
	const q = kept + `, page as (
			select id, last_seen_at < kept.since as is_old
			from flowhq.contacts, kept
			where tenant_id = @tenant and id > @after
			order by id
			limit @limit
		), old as (
			select id from flowhq.contacts c, kept
			where tenant_id = @tenant and id = any(array(select id from page where is_old))
				and last_seen_at < kept.since -- as of now, like a conversation
				and not exists (select from flowhq.message_logs where tenant_id = @tenant and contact_id = c.id)
				and not exists (select from flowhq.conversations where tenant_id = @tenant and contact_id = c.id)
			for update of c skip locked
		), gone as (
			delete from flowhq.contacts
			where tenant_id = @tenant and id = any(array(select id from old))
			returning id
		)
		select (select count(*) from gone),
			coalesce((select max(id) from page having count(*) = @limit), 0)`
	p, err := one(ctx, s, q, s.pruneArgs(tenant, after), pgx.RowToStructByPos[prunedPage])
	if err != nil {
		return 0, 0, fmt.Errorf("prune contacts of tenant %s: %w", tenant, err)
	}
	return p.Deleted, p.Next, nil
}

// PruneEvents deletes, of the page of events that come after the given one, those
// that are older than the tenant's retention. next is where the next page begins,
// 0 if no later one has anything old.
func (s *Store) PruneEvents(ctx context.Context, tenant flowhq.TenantID, after int64) (deleted, next int64, err error) {
	const q = kept + `, page as (
			select id, created_at < kept.since as is_old
			from flowhq.portal_event_logs, kept
			where tenant_id = @tenant and id > @after
			order by id
			limit @limit
		), old as (
			select id from flowhq.portal_event_logs
			where tenant_id = @tenant and id = any(array(select id from page where is_old))
			for update skip locked
		), gone as (
			delete from flowhq.portal_event_logs
			where tenant_id = @tenant and id = any(array(select id from old))
			returning id
		)
		select (select count(*) from gone),
			coalesce((select max(id) from page having count(*) = @limit and bool_or(is_old)), 0)`
	p, err := one(ctx, s, q, s.pruneArgs(tenant, after), pgx.RowToStructByPos[prunedPage])
	if err != nil {
		return 0, 0, fmt.Errorf("prune events of tenant %s: %w", tenant, err)
	}
	return p.Deleted, p.Next, nil
}

// PruneCommands deletes, of the page of commands that come after the given one, those that
// have been applied and are older than the tenant's retention. next is where the next page
// begins, 0 if no later one has anything old.
func (s *Store) PruneCommands(ctx context.Context, tenant flowhq.TenantID, after int64) (deleted, next int64, err error) {
	const q = kept + `, page as (
			select id, asked_at < kept.since as is_old
			from flowhq.commands, kept
			where tenant_id = @tenant and id > @after
			order by id
			limit @limit
		), old as (
			select id from flowhq.commands
			where tenant_id = @tenant and id = any(array(select id from page where is_old)) and applied_at is not null
			for update skip locked
		), gone as (
			delete from flowhq.commands
			where tenant_id = @tenant and id = any(array(select id from old))
			returning id
		)
		select (select count(*) from gone),
			coalesce((select max(id) from page having count(*) = @limit and bool_or(is_old)), 0)`
	p, err := one(ctx, s, q, s.pruneArgs(tenant, after), pgx.RowToStructByPos[prunedPage])
	if err != nil {
		return 0, 0, fmt.Errorf("prune commands of tenant %s: %w", tenant, err)
	}
	return p.Deleted, p.Next, nil
}

// PruneDeletions deletes at most PruneBatch of the commands that erased tenants, if they
// are older than the default retention. To Deletion it is then as if such a tenant had
// never been. If it deletes PruneBatch, there may be more.
func (s *Store) PruneDeletions(ctx context.Context) (deleted int64, err error) {
	const q = `
		with old as (
			select tenant_id, id from flowhq.commands c
			where command = 'delete' and applied_at < now() - make_interval(days => @default_days::integer)
				and not exists (select from flowhq.tenants where id = c.tenant_id)
			limit @limit
			for update skip locked
		)
		delete from flowhq.commands c using old
		where c.tenant_id = old.tenant_id and c.id = old.id`
	tag, err := exec(ctx, s, q, pgx.StrictNamedArgs{"limit": PruneBatch, "default_days": s.defaultDays()})
	if err != nil {
		return 0, fmt.Errorf("prune commands of erased tenants: %w", err)
	}
	return tag.RowsAffected(), nil
}

// PruneErased deletes at most PruneBatch of the events that are all that is left
// of erased tenants, if they are older than the default retention. If it deletes PruneBatch, there may be more.
func (s *Store) PruneErased(ctx context.Context) (deleted int64, err error) {
	const q = `
		with old as (
			select tenant_id, id from flowhq.portal_event_logs
			where event_type = '` + TenantDeleted + `'
				and created_at < now() - make_interval(days => @default_days::integer)
			limit @limit
			for update skip locked
		)
		delete from flowhq.portal_event_logs e using old
		where e.tenant_id = old.tenant_id and e.id = old.id`
	tag, err := exec(ctx, s, q, pgx.StrictNamedArgs{"limit": PruneBatch, "default_days": s.defaultDays()})
	if err != nil {
		return 0, fmt.Errorf("prune events of erased tenants: %w", err)
	}
	return tag.RowsAffected(), nil
}

// PruneFleetEvents deletes at most PruneBatch of the fleet's events that are older than
// the default retention. If it deletes PruneBatch, there may be more.
func (s *Store) PruneFleetEvents(ctx context.Context) (deleted int64, err error) {
	const q = `
		with old as (
			select id from flowhq.fleet_events
			where created_at < now() - make_interval(days => @default_days::integer)
			limit @limit
			for update skip locked
		)
		delete from flowhq.fleet_events e using old
		where e.id = old.id`
	tag, err := exec(ctx, s, q, pgx.StrictNamedArgs{"limit": PruneBatch, "default_days": s.defaultDays()})
	if err != nil {
		return 0, fmt.Errorf("prune events of the fleet: %w", err)
	}
	return tag.RowsAffected(), nil
}

// TenantIDs returns at most limit tenants whose ids come after the given one, ""
// being before the first, in the order of their ids.
func (s *Store) TenantIDs(ctx context.Context, after flowhq.TenantID, limit int) ([]flowhq.TenantID, error) {
	const q = `
		select id from flowhq.tenants
		where @after::text = '' or id > nullif(@after, '')::uuid
		order by id
		limit @limit`
	ids, err := many(ctx, s, q, pgx.StrictNamedArgs{"after": after, "limit": clampLimit(limit)}, pgx.RowTo[flowhq.TenantID])
	if err != nil {
		return nil, fmt.Errorf("tenants after %q: %w", after, err)
	}
	return ids, nil
}
