package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// maxGrouped is how many questions a list groups at most, the newest that are selected: a group's
// questions lie anywhere among all others. Older ones are found by a narrower filter, and those
// that are open come into view as others are closed.
const maxGrouped = maxSearched

// groupedSQL yields the groups of the questions that are picked, newest first. A group has the
// newest question's text. @before may be 0.
const groupedSQL = `
	), groups as (
		select max(id) as id, count(*)::int as questions,
			count(distinct contact_id)::int as contacts, min(created_at) as first_at,
			max(created_at) as last_at, max(updated_at) as updated_at
		from picked
		group by wording, status
		having @before::bigint = 0 or max(id) < @before
		order by max(id) desc
		limit @limit
	)
	select g.id, u.contact_id, u.text, u.language, u.intents, u.status, u.message_id,
		g.questions, g.contacts, g.first_at, g.last_at, g.updated_at
	from groups g
	join flowhq.unanswered u on u.tenant_id = @tenant and u.id = g.id
	order by g.id desc`

// picked begins a statement that groupedSQL ends: the newest questions that f selects. They are
// picked first, so that a filter changes which questions are counted.
func picked(sel selection) string {
	return `
	with picked as materialized (
		select u.* from flowhq.unanswered u
		where ` + strings.Join(slices.Concat(sel.found, sel.searched), " and ") + `
		order by id desc
		limit @grouped`
}

// QuestionGroups returns one page of the questions that f selects, those of one wording and status
// as one, newest first, and the Before of the next page, 0 after the last.
func (s *Store) QuestionGroups(
	ctx context.Context, tenant flowhq.TenantID, f FactFilter,
) (page []flowhq.QuestionGroup, next int64, err error) {
	before := f.Before
	// A bound on the rows would cut a group in two, and the half on the next page would look like
	// another question.
	f.Before = 0 // which is about groups here
	sel := unansweredTable.selects(tenant, f)
	// A search by words has no index. The floor bounds how far back it reads.
	floor, err := s.floor(ctx, " from flowhq.unanswered", "id", sel)
	if err == nil {
		if floor > 0 {
			sel.find("id >= @floor", "floor", floor)
		}
		sel.args["before"], sel.args["grouped"] = before, maxGrouped
		// One row more than the page tells whether there is another page.
		sel.args["limit"] = clampLimit(f.Limit) + 1
		page, err = many(ctx, s, picked(sel)+groupedSQL, sel.args,
			pgx.RowToStructByName[flowhq.QuestionGroup])
	}
	if err != nil {
		return nil, 0, fmt.Errorf("questions of tenant %s: %w", tenant, err)
	}
	// The id is that of the newest question of the group, so a group that grows while a client
	// pages moves to the front.
	page, next = cut(page, f.Limit, 0, func(g flowhq.QuestionGroup) int64 { return g.ID })
	return page, next, nil
}

// QuestionGroup returns the group of the question with this ID, or a NotFound error.
func (s *Store) QuestionGroup(
	ctx context.Context, tenant flowhq.TenantID, id int64,
) (flowhq.QuestionGroup, error) {
	// unanswered_wording_idx finds the group, however many other questions there are.
	const q = `
		with picked as (
			select u.* from flowhq.unanswered u, flowhq.unanswered asked
			where asked.tenant_id = @tenant and asked.id = @id
				and u.tenant_id = @tenant and u.wording = asked.wording
				and u.status = asked.status` + groupedSQL
	page, err := many(ctx, s, q, named{
		"tenant": tenant, "id": id, "before": 0, "limit": 1,
	}, pgx.RowToStructByName[flowhq.QuestionGroup])
	if err == nil && len(page) == 0 {
		err = flowhq.Errorf(flowhq.NotFound, "there is no such question")
	}
	if err != nil {
		return flowhq.QuestionGroup{}, fmt.Errorf("question %d of tenant %s: %w", id, tenant, err)
	}
	return page[0], nil
}

// lockGroup locks the questions of a group, by their ids: two operators may each end the group by
// another of its questions.
func lockGroup(tenant flowhq.TenantID, id int64) held {
	const q = `
		select from flowhq.unanswered
		where tenant_id = @tenant and (status, wording) = (
			select status, wording from flowhq.unanswered
			where tenant_id = @tenant and id = @id)
		order by id
		for no key update`
	return held{q, named{"tenant": tenant, "id": id}}
}

// SetQuestion changes the status of the question with this ID, and of all of its group. Errors are
// those of SetBooking. Rows of the same words that come later are a new group, which is OPEN.
func (s *Store) SetQuestion(
	ctx context.Context, tenant flowhq.TenantID, id int64, status flowhq.UnansweredStatus,
	actor string,
) error {
	// The group is the questions of the same words and status: those that were dismissed before
	// stay so. One event tells of all of them.
	const q = `
		with asked as (
			select status, wording from flowhq.unanswered
			where tenant_id = @tenant and id = @id
			for no key update
		), changed as (
			update flowhq.unanswered u set status = @status, updated_at = now()
			from asked
			where u.tenant_id = @tenant and u.status = asked.status
				and u.wording = asked.wording and asked.status = any(@from::text[])
			returning u.id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @event, @actor, concat('question ', @id::bigint, ' ', @status::text)
			where exists (select from changed)
		)
		select status, exists (select from changed) from asked`
	type answer struct {
		Shown string
		Done  bool
	}
	// The statuses from which the new one may be reached are part of the statement, so of two
	// operators who decide at once the second is refused and overwrites nothing.
	m := moveTo(status, flowhq.UnansweredStatuses)
	a, err := oneHeld(ctx, s, tenant, q, named{
		"tenant": tenant, "id": id, "status": status, "from": m.from,
		"event": flowhq.EventFactChanged, "actor": clean(actor),
	}, pgx.RowToStructByPos[answer], lockGroup(tenant, id))
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		err = flowhq.Errorf(flowhq.NotFound, "there is no such question")
	// A repeated request finds the status that it asks for, and that is success.
	case err == nil && !a.Done && a.Shown != m.to:
		err = m.refused(unansweredTable, fmt.Sprint(id), a.Shown)
	}
	if err != nil {
		return fmt.Errorf("question %d of tenant %s: %w", id, tenant, err)
	}
	return nil
}

// AnswerQuestion makes a version of the profile as ChangeProfile does, whose errors it has, and in
// the same statement marks the question with this ID, and all of its group, as RESOLVED, with
// FACT_CHANGED. A Conflict error also means that the question is not OPEN any more.
//
// With two statements, a crash between them would leave an answered question OPEN, and an operator
// would teach the bot twice. The lock on the question's row keeps two answers at once apart.
func (s *Store) AnswerQuestion(
	ctx context.Context, tenant flowhq.TenantID, id int64, c ProfileChange,
) (flowhq.Profile, error) {
	const q = `
		with asked as (
			select wording from flowhq.unanswered
			where tenant_id = @tenant and id = @question and status = 'OPEN'
			for no key update
		), current as (
			select t.id, coalesce(max(p.version), 0) as version
			from flowhq.tenants t left join flowhq.profiles p on p.tenant_id = t.id
			where t.id = @tenant and exists (select from asked)
			group by t.id
		), ` + changeProfileSQL + `
		), resolved as (
			update flowhq.unanswered u set status = 'RESOLVED', updated_at = now()
			from added, asked
			where u.tenant_id = added.tenant_id and u.status = 'OPEN'
				and u.wording = asked.wording
		), fact_event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, 'FACT_CHANGED', @actor,
				concat('question ', @question::bigint, ' RESOLVED')
			from added
		)` + changedProfileSQL + `
		from (values (1)) as one`
	p, err := s.changeProfile(ctx, q, tenant, c, named{"question": id}, lockGroup(tenant, id))
	if err != nil {
		return p, fmt.Errorf("answer question %d of tenant %s: %w", id, tenant, err)
	}
	return p, nil
}
