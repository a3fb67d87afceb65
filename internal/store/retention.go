package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// PruneBatch bounds what one call of a Prune method reads and deletes, in rows,
// and so for how long it holds a lock.
const PruneBatch = 1000

// A prunable is a table of whose rows a tenant's old ones are deleted. Its texts become part of
// the statement, so they are constants and never come from outside.
type prunable struct {
	table string // in schema flowhq
	key   string // column: with the tenant it is the table's key
	time  string // column: a row is old if this is before the tenant's retention
	// over is the condition on old rows that nobody needs any more, "true" for all of them. It
	// names the row t.
	over string
	// more is a condition on the page: false says that no later page has anything old, so
	// that most of a long log is never read.
	more string
}

// unclosedSQL is the condition on an order or ticket that nobody has closed and nobody will.
const unclosedSQL = "t.updated_at < now() - interval '365 days'"

// Rows of a log are in the order of their times, more or less: the ids of one transaction may
// be older than those of another that began before. So the first page without anything old is
// the last. The times of contacts and conversations move, and old ones are anywhere.
const (
	inOrderOfTime = "bool_or(is_old)"
	inNoOrder     = "true"
)

var (
	// What is not yet answered, or perhaps not sent, is kept however old it is. A question may
	// go before its reply or the other way round: nothing reads both.
	prunableMessages = prunable{"message_logs", "id", "created_at", `t.status in (
		'ANSWERED', 'SUPPRESSED', 'OVERFLOWED', 'EXPIRED', 'IGNORED', 'UNDECRYPTABLE',
		'SENT', 'DELIVERED', 'READ', 'FAILED')`, inOrderOfTime}

	prunableConversations = prunable{"conversations", "contact_id", "updated_at", "true", inNoOrder}

	// Messages of the contact refer to it, and so does its conversation.
	prunableContacts = prunable{"contacts", "id", "last_seen_at", `not exists (
			select from flowhq.message_logs m where m.tenant_id = @tenant and m.contact_id = t.id
		) and not exists (
			select from flowhq.conversations c where c.tenant_id = @tenant and c.contact_id = t.id
		) and not exists (
			select from flowhq.bookings b where b.tenant_id = @tenant and b.contact_id = t.id
		) and not exists (
			select from flowhq.orders o where o.tenant_id = @tenant and o.contact_id = t.id
		) and not exists (
			select from flowhq.tickets k where k.tenant_id = @tenant and k.contact_id = t.id
		) and not exists (
			select from flowhq.handovers h where h.tenant_id = @tenant and h.contact_id = t.id
		) and not exists (
			select from flowhq.unanswered u where u.tenant_id = @tenant and u.contact_id = t.id
		) and not exists (
			select from flowhq.follow_ups f where f.tenant_id = @tenant and f.contact_id = t.id
		) and left_alone = '' and unreminded_at is null`, inNoOrder}

	// A booking ahead and an open hand-over are kept however old they are: without the hand-over
	// the bot would answer in a chat that a person has. An order or a ticket that nobody has
	// closed is kept for a year after its last change, or for the tenant's retention if that is
	// longer. By then nobody will see to it, and what it has of a customer must not stay for
	// ever.
	prunableFacts = []prunable{
		{"bookings", "id", "updated_at",
			"t.ends_at < flowhq.kept_since(@tenant, @default_days)", inNoOrder},
		{"orders", "id", "updated_at",
			"(t.status <> 'CONFIRMED' or " + unclosedSQL + ")", inNoOrder},
		{"tickets", "id", "updated_at", "(t.status <> 'OPEN' or " + unclosedSQL + ")", inNoOrder},
		{"handovers", "id", "at", "t.ended_at is not null", inNoOrder},
		{"unanswered", "id", "updated_at", "true", inNoOrder},
		{"follow_ups", "id", "updated_at", "t.status <> 'PENDING'", inNoOrder},
	}

	prunableEvents = prunable{"portal_event_logs", "id", "created_at", "true", inOrderOfTime}

	prunableCommands = prunable{
		"commands", "id", "asked_at", "t.applied_at is not null", inOrderOfTime}
)

// prune deletes the old rows of one page of a tenant's rows of a table. The page begins after
// the given key; next is where the following page begins, 0 if no later one has anything old.
//
// It walks the table by its key, so it needs no index on time, which every message would have
// to keep up to date. Each page reads the tenant's retention anew: a change counts from the
// next page on.
//
// It skips rows that somebody else has locked, and finds them a day later. So it waits for
// nobody, and no lock that is taken in another order can deadlock with its own. A row may
// have changed before it was locked: that it is old is decided once more of what is locked.
func (s *Store) prune(
	ctx context.Context, p prunable, tenant flowhq.TenantID, after int64,
) (deleted, next int64, err error) {
	const q = `
		with kept as (
			select flowhq.kept_since(@tenant, @default_days) as since
		), page as (
			select KEY, TIME < kept.since as is_old
			from flowhq.TABLE, kept
			where tenant_id = @tenant and KEY > @after
			order by KEY
			limit @limit
		), old as (
			select t.KEY
			from flowhq.TABLE t, kept
			where t.tenant_id = @tenant and t.KEY = any(array(select KEY from page where is_old))
				and t.TIME < kept.since and OVER
			for update of t skip locked
		), gone as (
			delete from flowhq.TABLE
			where tenant_id = @tenant and KEY = any(array(select KEY from old))
			returning KEY
		)
		select (select count(*) from gone),
			coalesce((select max(KEY) from page having count(*) = @limit and MORE), 0)`
	type answer struct{ Deleted, Next int64 }
	of := strings.NewReplacer(
		"TABLE", p.table, "KEY", p.key, "TIME", p.time, "OVER", p.over, "MORE", p.more)
	a, err := one(ctx, s, of.Replace(q), named{
		"tenant": tenant, "after": after, "limit": PruneBatch, "default_days": s.defaultDays(),
	}, pgx.RowToStructByPos[answer])
	if err != nil {
		return 0, 0, fmt.Errorf("prune %s of tenant %s: %w", p.table, tenant, err)
	}
	return a.Deleted, a.Next, nil
}

// defaultDays is the retention, in days, of tenants that chose none. A store whose Defaults
// were not set must not delete everything.
func (s *Store) defaultDays() int { return max(s.Defaults.RetentionDays, flowhq.MinRetentionDays) }

// PruneMessages deletes, of the page of messages that come after the one with ID after, those
// that are finished and older than the tenant's retention. next is where the next page
// begins, 0 if no later one has anything old.
func (s *Store) PruneMessages(
	ctx context.Context, tenant flowhq.TenantID, after int64,
) (deleted, next int64, err error) {
	return s.prune(ctx, prunableMessages, tenant, after)
}

// PruneConversations deletes, of the page of conversations whose contacts come after the given one,
// those that have stood still for longer than the tenant's retention. A customer who writes again
// after that begins anew. next is where the next page begins, 0 if this was the last.
func (s *Store) PruneConversations(
	ctx context.Context, tenant flowhq.TenantID, after int64,
) (deleted, next int64, err error) {
	return s.prune(ctx, prunableConversations, tenant, after)
}

// PruneFacts deletes the tenant's bookings, orders, tickets, hand-overs and unanswered questions
// that nobody needs any more and that have not changed for longer than the tenant's retention.
// They are few beside the messages, so it goes through all of them; if it fails, what is deleted
// stays so.
func (s *Store) PruneFacts(ctx context.Context, tenant flowhq.TenantID) (deleted int64, err error) {
	for _, p := range prunableFacts {
		// Keys are above 0, so 0 both begins the walk and ends it.
		for after, more := int64(0), true; more; more = after != 0 {
			n, next, err := s.prune(ctx, p, tenant, after)
			if err != nil {
				return deleted, err
			}
			deleted, after = deleted+n, next
		}
	}
	return deleted, nil
}

// PruneContacts deletes, of the page of contacts that come after the given one, those that
// were last seen longer ago than the tenant's retention and of whom nothing else is left. It
// comes after the messages, conversations and facts, so that a contact goes in the same night as
// the last of these. next is where the next page begins, 0 if this was the last.
func (s *Store) PruneContacts(
	ctx context.Context, tenant flowhq.TenantID, after int64,
) (deleted, next int64, err error) {
	return s.prune(ctx, prunableContacts, tenant, after)
}

// PruneEvents deletes, of the page of events that come after the given one, those that are
// older than the tenant's retention. next is where the next page begins, 0 if no later one
// has anything old.
func (s *Store) PruneEvents(
	ctx context.Context, tenant flowhq.TenantID, after int64,
) (deleted, next int64, err error) {
	return s.prune(ctx, prunableEvents, tenant, after)
}

// PruneCommands deletes, of the page of commands that come after the given one, those that
// have been applied and are older than the tenant's retention. One that nobody has applied stays
// however old it is: it is what the tenant's workflow still has to do. next is where the next
// page begins, 0 if no later one has anything old.
func (s *Store) PruneCommands(
	ctx context.Context, tenant flowhq.TenantID, after int64,
) (deleted, next int64, err error) {
	return s.prune(ctx, prunableCommands, tenant, after)
}

// pruneSome runs a statement that deletes rows which are older than a number of days, at most
// PruneBatch of them. If it deletes PruneBatch, there may be more.
//
// Its statements name the rows by their ctid: what is locked by the inner select stays where it
// is until the deletion, so the outer one needs no index. They skip what others have locked and
// wait for nobody, and it is harmless to repeat them.
func (s *Store) pruneSome(ctx context.Context, what, q string, days int) (int64, error) {
	tag, err := exec(ctx, s, q, named{"limit": PruneBatch, "days": days})
	if err != nil {
		return 0, fmt.Errorf("prune %s: %w", what, err)
	}
	return tag.RowsAffected(), nil
}

// PruneDeletions deletes at most PruneBatch of the commands that erased tenants, if they
// are older than the default retention. To Deletion it is then as if such a tenant had
// never been. If it deletes PruneBatch, there may be more. It is across tenants on purpose: such
// a command's tenant is in no list. commands_deletions_idx finds it by its time.
func (s *Store) PruneDeletions(ctx context.Context) (deleted int64, err error) {
	const q = `
		delete from flowhq.commands where ctid = any(array(
			select c.ctid from flowhq.commands c
			where c.command = 'delete'
				and c.applied_at < now() - make_interval(days => @days::integer)
				and not exists (select from flowhq.tenants where id = c.tenant_id)
			limit @limit
			for update skip locked))`
	return s.pruneSome(ctx, "commands of erased tenants", q, s.defaultDays())
}

// PruneErased deletes at most PruneBatch of the events that are all that is left of erased
// tenants, if they are older than the default retention. If it deletes PruneBatch, there may
// be more. portal_event_logs_erased_idx finds them by their time, and holds no other events;
// TestFewRowsPerPrunedPage guards that those of other tenants are not read.
func (s *Store) PruneErased(ctx context.Context) (deleted int64, err error) {
	const q = `
		delete from flowhq.portal_event_logs where ctid = any(array(
			select ctid from flowhq.portal_event_logs
			where event_type = 'TENANT_DELETED'
				and created_at < now() - make_interval(days => @days::integer)
			limit @limit
			for update skip locked))`
	return s.pruneSome(ctx, "events of erased tenants", q, s.defaultDays())
}

// PruneFleetEvents deletes at most PruneBatch of the fleet's events that are older than
// the default retention. If it deletes PruneBatch, there may be more. It reads the whole table,
// which has some 50,000 rows at the very most: see AddLoginEvent.
func (s *Store) PruneFleetEvents(ctx context.Context) (deleted int64, err error) {
	const q = `
		delete from flowhq.fleet_events where ctid = any(array(
			select ctid from flowhq.fleet_events
			where created_at < now() - make_interval(days => @days::integer)
			limit @limit
			for update skip locked))`
	return s.pruneSome(ctx, "events of the fleet", q, s.defaultDays())
}

// keyDays is how long the key of a request is remembered, in days. Nobody repeats a request
// after that; one that is repeated all the same is a new request.
const keyDays = 7

// PruneKeys deletes at most PruneBatch of the keys of requests that are older than keyDays. Such
// a key belongs to no tenant. If it deletes PruneBatch, there may be more.
func (s *Store) PruneKeys(ctx context.Context) (deleted int64, err error) {
	const q = `
		delete from flowhq.request_keys where ctid = any(array(
			select ctid from flowhq.request_keys
			where created_at < now() - make_interval(days => @days::integer)
			limit @limit
			for update skip locked))`
	return s.pruneSome(ctx, "keys of requests", q, keyDays)
}

// TenantIDs returns at most limit tenants whose ids come after the given one, ""
// being before the first, in the order of their ids. The nightly pruning goes through all of
// them page by page: a tenant that is created meanwhile is in a later page or has nothing old.
func (s *Store) TenantIDs(
	ctx context.Context, after flowhq.TenantID, limit int,
) ([]flowhq.TenantID, error) {
	const q = `
		select id from flowhq.tenants
		where @after::text = '' or id > nullif(@after, '')::uuid
		order by id
		limit @limit`
	args := named{"after": after, "limit": clampLimit(limit)}
	ids, err := many(ctx, s, q, args, pgx.RowTo[flowhq.TenantID])
	if err != nil {
		return nil, fmt.Errorf("tenants after %q: %w", after, err)
	}
	return ids, nil
}
