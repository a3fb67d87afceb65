package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Types of the events about messages that are not answered, or not at once.
const (
	MessageSetAside = "MESSAGE_SET_ASIDE"
	MessageRetried  = "MESSAGE_RETRIED"
	RepliesDelayed  = "REPLIES_DELAYED" // customers wait for the tenant's limit
)

// Try counts one more try to handle or send the message with this ID, and returns
// how many there have been; 0 means that there is no such message. The count is in
// the row because a try may be the end of its process.
func (s *Store) Try(ctx context.Context, tenant flowhq.TenantID, epoch, id int64) (tries int, err error) {
	const q = fence + `, tried as (
			update flowhq.message_logs m set tries = m.tries + 1
			from fence
			where m.tenant_id = @tenant and m.id = @id
			returning m.tries
		)
		select exists (select from fence), coalesce((select tries from tried), 0)`
	type answer struct {
		Current bool
		Tries   int
	}
	a, err := one(ctx, s, q, pgx.StrictNamedArgs{"tenant": tenant, "epoch": epoch, "id": id}, pgx.RowToStructByPos[answer])
	if err == nil && !a.Current {
		err = fenced(tenant, epoch)
	}
	if err != nil {
		return 0, fmt.Errorf("try message %d: %w", id, err)
	}
	return a.Tries, nil
}

// SetAside marks a message as FAILED that is still to be handled or sent, and
// records MESSAGE_SET_ASIDE. A message that is past that is left alone.
func (s *Store) SetAside(ctx context.Context, tenant flowhq.TenantID, epoch, id int64, reason string) error {
	const q = fence + `, aside as (
			update flowhq.message_logs m set status = 'FAILED', reason = @reason
			from fence
			where m.tenant_id = @tenant and m.id = @id and m.status in ('RECEIVED', 'PENDING', 'UNKNOWN')
			returning m.id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, '` + MessageSetAside + `', 'host', concat('message ', id, ': ', @reason::text) from aside
		)
		select exists (select from fence)`
	if err := fencedExec(ctx, s, q, tenant, epoch, pgx.StrictNamedArgs{"id": id, "reason": clean(reason)}); err != nil {
		return fmt.Errorf("set message %d aside: %w", id, err)
	}
	return nil
}

// retriable are the states of a message that was not answered, or not sent, and will
// not be by itself. One that OVERFLOWED is among them: nobody has read it.
const retriable = `('FAILED', 'SUPPRESSED', 'OVERFLOWED', 'EXPIRED')`

// Retry makes a message that was given up ready to be handled or sent once more,
// records MESSAGE_RETRIED, tells every listener ("work") and returns the message as it
// is then. A NotFound error means that the tenant has no such message; Conflict, that
// it has not been given up.
func (s *Store) Retry(ctx context.Context, tenant flowhq.TenantID, id int64, actor string) (flowhq.Message, error) {
	const q = `
		with retried as (
			update flowhq.message_logs set
				status = case direction when 'IN' then 'RECEIVED' else 'PENDING' end, reason = '', tries = 0, retried_at = now()
			where tenant_id = @tenant and id = @id and status in ` + retriable + `
			returning *
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, '` + MessageRetried + `', @actor, concat('message ', id) from retried
		)
		select ` + messageColumns + `
		from retried cross join lateral pg_notify('` + channel + `', concat_ws(' ', 'work', tenant_id, 0))`
	args := pgx.StrictNamedArgs{"tenant": tenant, "id": id, "actor": actor}
	m, err := one(ctx, s, q, args, pgx.RowToStructByName[flowhq.Message])
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		err = s.whyNotRetried(ctx, tenant, id)
	}
	if err != nil {
		return m, fmt.Errorf("retry message %d: %w", id, err)
	}
	return m, nil
}

// whyNotRetried tells a message that was not given up from one that is not there.
func (s *Store) whyNotRetried(ctx context.Context, tenant flowhq.TenantID, id int64) error {
	const q = `select status from flowhq.message_logs where tenant_id = @tenant and id = @id`
	status, err := one(ctx, s, q, pgx.StrictNamedArgs{"tenant": tenant, "id": id}, pgx.RowTo[flowhq.MessageStatus])
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		return flowhq.Errorf(flowhq.NotFound, "there is no such message")
	case err != nil:
		return err
	}
	return flowhq.Errorf(flowhq.Conflict, "the message is %s; only one that is FAILED, SUPPRESSED, OVERFLOWED or EXPIRED can be tried again", status)
}
