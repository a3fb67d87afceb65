package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// CountAttempt counts one more attempt to handle or send the message with this ID, and returns
// how many there have been; 0 means that the message has FAILED meanwhile, or is gone. The count
// is in the row and is raised before the attempt, because an attempt may be the end of its worker:
// a message that crashes each worker would otherwise crash them one after the other. The first
// attempt is often counted with the row itself: see Inbound.Attempted and Answer.
//
// A call that is repeated after an unknown commit counts twice, which costs the message one of
// its attempts. A Fenced error means that a newer host owns the session.
func (s *Store) CountAttempt(
	ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
) (attempts int, err error) {
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), counted as (
			update flowhq.message_logs m set attempts = m.attempts + 1
			from fence
			where m.tenant_id = @tenant and m.id = @id and m.status <> 'FAILED'
			returning m.attempts
		)
		select exists (select from fence), coalesce((select attempts from counted), 0)`
	// The fence is asked apart from the count: no count may also mean that the message has
	// FAILED.
	type answer struct {
		Current  bool
		Attempts int
	}
	args := named{"tenant": tenant, "epoch": epoch, "id": id}
	a, err := one(ctx, s, q, args, pgx.RowToStructByPos[answer])
	if err == nil && !a.Current {
		err = fenced(tenant, epoch)
	}
	if err != nil {
		return 0, fmt.Errorf("count an attempt of message %d: %w", id, err)
	}
	return a.Attempts, nil
}

// WithdrawAttempt takes back what CountAttempt has counted last, for a message that was not
// attempted after all: it waits for something that has nothing to do with it, and its worker may
// die meanwhile. A Fenced error means that a newer host owns the session.
func (s *Store) WithdrawAttempt(
	ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
) error {
	// A repetition after an unknown commit takes back one too many, which gives the message one
	// attempt more. It never goes below 0.
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), withdrawn as (
			update flowhq.message_logs m set attempts = m.attempts - 1
			from fence
			where m.tenant_id = @tenant and m.id = @id and m.attempts > 0
		)
		select exists (select from fence)`
	if err := fencedExec(ctx, s, q, tenant, epoch, named{"id": id}); err != nil {
		return fmt.Errorf("withdraw an attempt of message %d: %w", id, err)
	}
	return nil
}

// DeadLetter marks a message as FAILED that is still to be handled or sent, so that its chat
// goes on without it, and records MESSAGE_DEAD_LETTERED. A message that is past that is left
// alone. Retry takes a message back.
//
// The event is inserted for the row that was changed, in the same statement, so a repetition
// adds none, nor does a call that comes after a receipt: a message that is SENT has not failed. It
// names the message by its id: events outlive the texts. A Fenced error means that a
// newer host owns the session.
func (s *Store) DeadLetter(
	ctx context.Context, tenant flowhq.TenantID, epoch, id int64, reason string,
) error {
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), failed as (
			update flowhq.message_logs m set status = 'FAILED', reason = @reason
			from fence
			where m.tenant_id = @tenant and m.id = @id
				and m.status in ('RECEIVED', 'PENDING', 'UNKNOWN')
			returning m.id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @type, 'host', concat('message ', id, ': ', @reason::text)
			from failed
		)
		select exists (select from fence)`
	args := named{"id": id, "type": flowhq.EventMessageDeadLettered, "reason": clean(reason)}
	if err := fencedExec(ctx, s, q, tenant, epoch, args); err != nil {
		return fmt.Errorf("dead letter, message %d: %w", id, err)
	}
	return nil
}

// retriable are the states of a message that was not answered, or not sent, and will not be
// by itself. One that OVERFLOWED is among them: nobody has read it.
var retriable = []flowhq.MessageStatus{
	flowhq.Failed, flowhq.Suppressed, flowhq.Overflowed, flowhq.Expired,
}

// Retry makes a message that was given up ready to be handled or sent once more, records
// MESSAGE_RETRIED, notifies every listener ("work") and returns the message as it is then. A
// NotFound error means that the tenant has no such message; Conflict, that it has not been
// given up, was deleted by its writer, or belongs to another number than the tenant has now.
//
// It reads and decides first, since Go decides whether two numbers are the same. The change
// repeats the condition: a host may have changed the message, or the number, in between. The
// session's row is locked for share, so that no new number is linked before the commit.
func (s *Store) Retry(
	ctx context.Context, tenant flowhq.TenantID, id int64, actor string,
) (flowhq.Message, error) {
	const q = `
		with retried as (
			update flowhq.message_logs set
				status = case direction when 'IN' then 'RECEIVED' else 'PENDING' end,
				reason = '',
				attempts = 0,
				retried_at = now()
			where tenant_id = @tenant and id = @id
				and status = any(@retriable) and revoked_at is null
				and flowhq.own_number(direction, from_number, to_number) = @owner
				and @served = (
					select served_number from flowhq.whatsapp_sessions
					where tenant_id = @tenant
					for share)
			returning *
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @type, @actor, concat('message ', id) from retried
		)
		select ` + messageColumns + `
		from retried, flowhq.notify('work', tenant_id)`
	owner, served, err := s.mayBeRetried(ctx, tenant, id)
	if err != nil {
		return flowhq.Message{}, fmt.Errorf("retry message %d: %w", id, err)
	}
	// oneHeld locks hosts before the statement locks the session's row, which is the order of all
	// locks, and keeps the chat's contacts from becoming one meanwhile.
	m, err := oneHeld(ctx, s, tenant, q, named{
		"tenant": tenant, "id": id, "actor": actor, "type": flowhq.EventMessageRetried,
		"retriable": retriable, "owner": owner, "served": served,
	}, pgx.RowToStructByName[flowhq.Message])
	// Nothing was changed: a host or another operator was faster, between the two statements.
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		err = flowhq.Errorf(flowhq.Conflict, "the message has just changed; look at it again")
	}
	if err != nil {
		return m, fmt.Errorf("retry message %d: %w", id, err)
	}
	return m, nil
}

// mayBeRetried returns the number that the message belongs to, and the one that the tenant
// has now, if the message may be retried. Its errors are those of Retry.
func (s *Store) mayBeRetried(
	ctx context.Context, tenant flowhq.TenantID, id int64,
) (owner, served string, err error) {
	// Nothing is locked. The statement of Retry repeats what may change in between.
	const q = `
		select m.status, m.revoked_at is not null,
			flowhq.own_number(m.direction, m.from_number, m.to_number), s.served_number
		from flowhq.message_logs m
		join flowhq.whatsapp_sessions s on s.tenant_id = m.tenant_id
		where m.tenant_id = @tenant and m.id = @id`
	type answer struct {
		Status        flowhq.MessageStatus
		Revoked       bool
		Owner, Served string
	}
	args := named{"tenant": tenant, "id": id}
	a, err := one(ctx, s, q, args, pgx.RowToStructByPos[answer])
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		return "", "", flowhq.Errorf(flowhq.NotFound, "there is no such message")
	case err != nil:
		return "", "", err
	case !slices.Contains(retriable, a.Status):
		return "", "", flowhq.Errorf(flowhq.Conflict, "the message is %s; only one that is "+
			"FAILED, SUPPRESSED, OVERFLOWED or EXPIRED can be tried again", a.Status)
	case a.Revoked:
		return "", "", flowhq.Errorf(flowhq.Conflict,
			"the customer has deleted the message, and would not expect an answer to it")
	// A tenant that has served no number yet has none to compare with.
	case a.Served != "" && !flowhq.SameNumber(a.Owner, a.Served):
		return "", "", flowhq.Errorf(flowhq.Conflict, "the message belongs to %s, and the "+
			"number is now %s, from which its customer would not expect an answer",
			a.Owner, a.Served)
	}
	return a.Owner, a.Served, nil
}
