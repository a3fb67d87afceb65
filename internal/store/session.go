package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Codes are what links a phone, while a session waits for that. They are secrets, so they are
// no part of a [flowhq.Transition]. A step without codes clears those of the step before.
type Codes struct {
	QR        string // the text in the picture
	QRExpires time.Time
	Link      LinkCode // beside the QR code, if somebody has asked for one
}

// A LinkCode is a code to be typed into the phone.
type LinkCode struct {
	Code      string
	ExpiresAt time.Time
}

// transitionArgs are the parameters by which a statement writes a transition. SetSession and
// RecordState share them, so that a host and a workflow write the same transition in one way.
// The codes are no part of a transition, which travels through Temporal's history.
func transitionArgs(t flowhq.Transition, codes Codes, actor string) named {
	return named{
		"state": t.State, "reason": clean(t.Reason), "ending": t.Ending,
		"retry_at": orNull(t.RetryAt), "waiting_for": t.WaitingFor,
		"keeps_failing": t.KeepsFailing(), "last_error": clean(t.LastError),
		"qr": codes.QR, "qr_expires": orNull(codes.QRExpires),
		"link_code": codes.Link.Code, "link_expires": orNull(codes.Link.ExpiresAt),
		"event": t.Event, "actor": actor,
	}
}

// updateSession is the part of a statement that writes a transition to the session's row. It
// follows a part "held", which has the host's row.
const updateSession = `
			update flowhq.whatsapp_sessions s set
				state = @state::text,
				since = case when @state = state then since else now() end,
				reason = @reason,
				ending = @ending,
				waiting_for = @waiting_for,
				epoch = held.epoch,
				retry_at = @retry_at,
				keeps_failing = @keeps_failing,
				qr = @qr,
				qr_expires_at = @qr_expires,
				link_code = @link_code,
				link_code_expires_at = @link_expires
			from held
			where s.tenant_id = @tenant`

// SetSession writes what a host says of its session. A Fenced error means that a newer host
// owns the session, and that nothing was written. It may be repeated: the times of a state stay
// while the state does, but an event is recorded once for each call that was committed.
//
// The statement does not call flowhq.fence: it begins with an update of the host's row, which
// is fence and lock at once. To lock the row and then update it in the same statement would
// deadlock with another statement that does so, while a third, a write of the host, holds the
// row for key share. Statements that change several tables do so in the order hosts,
// whatsapp_sessions, so that they do not wait for each other in a circle.
func (s *Store) SetSession(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, t flowhq.Transition, codes Codes,
) error {
	const q = `
		with held as (
			update flowhq.hosts set
				last_error = @last_error
			where tenant_id = @tenant and epoch = @epoch
			returning tenant_id, epoch
		), session as (` + updateSession + `), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event::text, @actor, @reason from held where @event <> ''
		)
		select exists (select from held)`
	if err := fencedExec(ctx, s, q, tenant, epoch, transitionArgs(t, codes, "host")); err != nil {
		return fmt.Errorf("session of tenant %s: %w", tenant, err)
	}
	return nil
}

// RecordState writes how things stand when no host should run, and marks the commands as
// applied that led to it. It raises the epoch above floor, the newest that the workflow knows,
// so that a host which nobody has heard of for a while is fenced and cannot say otherwise
// later, and notifies all listeners ("epoch"). A lease that ran out is forgotten, so that the
// next start is not shown as STALE. It is no error if the tenant is gone.
//
// A worker may be killed after the change and before the workflow knows of it. The repetition
// finds the session as it wants it and no command left to apply, and adds no second event.
//
// The order of its changes is that of SetSession.
func (s *Store) RecordState(
	ctx context.Context, tenant flowhq.TenantID, t flowhq.Transition, floor int64,
	outcomes []CommandOutcome,
) error {
	// before tells a repetition, which gets no event, from a change.
	const q = `
		with before as (
			select state, ending, waiting_for, reason
			from flowhq.whatsapp_sessions where tenant_id = @tenant
		), held as (
			update flowhq.hosts set
				since = now(),
				last_error = @last_error,
				epoch = flowhq.next_epoch(epoch, @floor),
				lease_epoch = case when lease_expires_at < now() then 0 else lease_epoch end,
				lease_expires_at = case
					when lease_expires_at < now() then null else lease_expires_at end
			where tenant_id = @tenant
			returning tenant_id, epoch
		), session as (` + updateSession + `), applied as (
			update flowhq.commands c set applied_at = now(), outcome = o.outcome
			from unnest(@command_ids::bigint[], @command_keys::text[], @outcomes::text[])
				as o (id, key, outcome)
			where c.tenant_id = @tenant and c.id = o.id and o.key in ('', c.key)
				and c.applied_at is null
			returning c.id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event::text, @actor, @reason from held, before
			where @event <> '' and (exists (select from applied)
				or (state, ending, waiting_for, before.reason)
					is distinct from (@state, @ending, @waiting_for, @reason))
		)
		select exists (select from held, flowhq.notify('epoch', tenant_id, epoch))`
	args := transitionArgs(t, Codes{}, "workflow")
	args["tenant"], args["floor"] = tenant, floor
	outcomeArgs(args, outcomes)
	recorded, err := one(ctx, s, q, args, pgx.RowTo[bool])
	if err == nil && !recorded {
		err = s.Ping(ctx) // the tenant is gone, or this is not its database
	}
	if err != nil {
		return fmt.Errorf("state of tenant %s: %w", tenant, err)
	}
	return nil
}

// QR returns the code to scan, and notes that somebody asked for it, at most every
// five seconds: pages poll it, and each note is a write of the row that renewals need. An expired
// code is left out, whatever the state. A NotFound error means that there is no such tenant.
func (s *Store) QR(ctx context.Context, tenant flowhq.TenantID) (flowhq.QR, error) {
	// The time is the database's, by which QRAsked compares it.
	const q = `
		with asked as (
			update flowhq.whatsapp_sessions set qr_asked_at = now()
			where tenant_id = @tenant
				and (qr_asked_at is null or qr_asked_at < now() - interval '5 s')
		)
		select state,
			case when state = 'QR_READY' and qr_expires_at > now() then qr else '' end,
			coalesce(qr_expires_at, '0001-01-01Z'),
			reason, ending
		from flowhq.whatsapp_sessions
		where tenant_id = @tenant`
	qr, err := one(ctx, s, q, named{"tenant": tenant}, pgx.RowToStructByPos[flowhq.QR])
	if err != nil {
		return flowhq.QR{}, fmt.Errorf("qr of tenant %s: %w", tenant, err)
	}
	return qr, nil
}

// QRAsked reports whether somebody has asked for the code within the given time. If not, the
// host lets the codes end and the session waits for a person: nobody is there to scan them.
func (s *Store) QRAsked(
	ctx context.Context, tenant flowhq.TenantID, within time.Duration,
) (bool, error) {
	const q = `
		select coalesce(qr_asked_at > now() - @within::interval, false)
		from flowhq.whatsapp_sessions
		where tenant_id = @tenant`
	asked, err := one(ctx, s, q, named{"tenant": tenant, "within": within}, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("qr of tenant %s: %w", tenant, err)
	}
	return asked, nil
}

// orNull returns nil for a time that is not set. Go's zero time is a date of the year 1 to
// PostgreSQL.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
