package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A Device is a tenant's linked device on WhatsApp.
type Device struct {
	JID    string // with its device part
	Number string // E.164; a missing plus sign is added; "" if unknown
}

// A Linking says whether a linked device may serve its tenant.
type Linking struct {
	Number       string // of the device, E.164
	TenantNumber string // its phone_number
	Confirmed    bool   // they are one number, or were when it was linked
}

// Link records the device that was linked, which is what a relink that was asked for
// meanwhile is for. It must not serve unless the Linking is
// Confirmed; if it is, what was left of another number has ended, see takeOver. A
// Conflict error means that another tenant has this number linked; Fenced, that a newer
// host owns the session.
func (s *Store) Link(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, d Device,
) (Linking, error) {
	// A number is unconfirmed until decideNumber has compared it, in the same transaction. A
	// device without a number has none to compare.
	const q = `
		update flowhq.whatsapp_sessions
		set device_jid = @jid, number = @number, unconfirmed = @number <> '', relink = false
		where tenant_id = @tenant`
	if d.Number != "" && d.Number[0] != '+' {
		d.Number = "+" + d.Number
	}
	return s.changeNumber(ctx, tenant, epoch, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, named{"tenant": tenant, "jid": d.JID, "number": d.Number})
		return err
	})
}

// ConfirmNumber reports whether the linked device may serve its tenant: an operator may
// have changed the tenant's number since it was linked. Errors are those of Link. A host calls
// it before it dials. If a Linking is not Confirmed the host answers nobody, and ends with
// flowhq.EndNumberDiffers.
func (s *Store) ConfirmNumber(
	ctx context.Context, tenant flowhq.TenantID, epoch int64,
) (Linking, error) {
	return s.changeNumber(ctx, tenant, epoch, func(pgx.Tx) error { return nil })
}

// changeNumber changes something about the linked device and decides about it then. It
// excludes all writes of hosts meanwhile: a message that was recorded between the decision and
// the commit would be answered by the number that it was not sent to.
//
// Rows are locked in the order hosts, whatsapp_sessions, message_logs. Retry locks the session's
// row for share before it changes a message, so it comes whole before the new number or sees it.
// The transaction may be repeated after an unknown commit: what has changed hands is decided by
// served_number, which it has set then.
func (s *Store) changeNumber(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, change func(pgx.Tx) error,
) (l Linking, err error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := fenceAlone(ctx, tx, tenant, epoch); err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		l, err = decideNumber(ctx, tx, tenant)
		return err
	})
	if err != nil {
		return Linking{}, fmt.Errorf("device of tenant %s: %w", tenant, classify(err))
	}
	return l, nil
}

// decideNumber finds out whether the linked number may serve the tenant, and has it take
// over if it may. The caller has the exclusive fence. A number that was confirmed once stays
// so: an operator who changes phone_number later does not take the bot off the air.
func decideNumber(ctx context.Context, tx pgx.Tx, tenant flowhq.TenantID) (l Linking, err error) {
	// The session's row is locked before it is read, so that Retry, which locks it for share,
	// comes whole before this or after it.
	const (
		now = `
			select s.number, s.served_number, s.unconfirmed, t.phone_number
			from flowhq.whatsapp_sessions s
			join flowhq.tenants t on t.id = s.tenant_id
			where s.tenant_id = @tenant
			for update of s`
		confirm = `
			update flowhq.whatsapp_sessions set unconfirmed = false, served_number = number
			where tenant_id = @tenant`
	)
	var served string
	var unconfirmed bool
	args := named{"tenant": tenant}
	err = tx.QueryRow(ctx, now, args).Scan(&l.Number, &served, &unconfirmed, &l.TenantNumber)
	if err != nil {
		return l, err
	}
	l.Confirmed = !unconfirmed || flowhq.SameNumber(l.Number, l.TenantNumber)
	// Nothing changes hands if the number must not serve, is not known, or serves already.
	if !l.Confirmed || l.Number == "" || !unconfirmed && l.Number == served {
		return l, nil
	}
	if _, err := tx.Exec(ctx, confirm, args); err != nil {
		return l, err
	}
	return l, takeOver(ctx, tx, tenant, served, l.Number)
}

// takeOver ends what belongs to other numbers of the tenant than the one that serves it
// from now on: messages to them are not answered any more and replies of theirs not
// sent, for the customers would get them from a stranger. Conversations begin anew,
// in chats of whose timers nothing is known.
func takeOver(ctx context.Context, tx pgx.Tx, tenant flowhq.TenantID, before, now string) error {
	const (
		owners = `
			select distinct flowhq.own_number(direction, from_number, to_number)
			from flowhq.message_logs
			where tenant_id = @tenant
				and status in ('RECEIVED', 'FORWARDED', 'PENDING', 'UNKNOWN')`
		end = `
			update flowhq.message_logs set
				status = 'FAILED',
				reason = concat('it belongs to ',
					flowhq.own_number(direction, from_number, to_number),
					' and the number is now ', @now::text)
			where tenant_id = @tenant
				and status in ('RECEIVED', 'FORWARDED', 'PENDING', 'UNKNOWN')
				and flowhq.own_number(direction, from_number, to_number) = any(@others)`
		forget = `delete from flowhq.conversations where tenant_id = @tenant`
		untime = `
			update flowhq.contacts set timer_seconds = 0, timer_set_at = null
			where tenant_id = @tenant and timer_set_at is not null`
		event = `
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			values (@tenant, @type, 'host', @reason)`
	)
	rows, _ := tx.Query(ctx, owners, named{"tenant": tenant}) // Collect reports its error
	others, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	// Go decides whether two numbers are the same, as it does in flowhq.SameNumber for the tenant's
	// own number: some countries write one number in two ways.
	others = slices.DeleteFunc(others, func(number string) bool {
		return flowhq.SameNumber(number, now)
	})
	tag, err := tx.Exec(ctx, end, named{"tenant": tenant, "now": now, "others": others})
	if err != nil {
		return err
	}
	// Of a first number, and of the same one written otherwise, the conversations go on.
	if before == "" || flowhq.SameNumber(before, now) {
		return nil
	}
	for _, q := range []string{forget, untime} {
		if _, err := tx.Exec(ctx, q, named{"tenant": tenant}); err != nil {
			return err
		}
	}
	reason := fmt.Sprintf("%s instead of %s", now, before)
	if n := tag.RowsAffected(); n > 0 {
		reason += fmt.Sprintf(
			"; what was to be answered or sent by that one has failed: %d messages", n)
	}
	_, err = tx.Exec(ctx, event, named{
		"tenant": tenant, "type": flowhq.EventNumberChanged, "reason": reason,
	})
	return err
}

// Unlink forgets the linked device and its number. There is nothing to relink then. Until it is
// called, whatsapp_sessions_number_key keeps another tenant from linking the number. The number
// that was served last stays: messages that wait are its own. To repeat it is harmless. A Fenced
// error means that a newer host owns the session.
func (s *Store) Unlink(ctx context.Context, tenant flowhq.TenantID, epoch int64) error {
	// The change joins fence, so that a host which was replaced does not forget the device of the
	// newer one.
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), session as (
			update flowhq.whatsapp_sessions s set
				device_jid = '', number = '', unconfirmed = false, relink = false
			from fence where s.tenant_id = @tenant
		)
		select exists (select from fence)`
	if err := fencedExec(ctx, s, q, tenant, epoch, named{}); err != nil {
		return fmt.Errorf("device of tenant %s: %w", tenant, err)
	}
	return nil
}

// ForgetDevice notes that a device's keys are deleted, if it is the tenant's. No host may
// have it: this is for a tenant that is being erased. The next attempt of an erasure that was
// cut off finds by it that there is nothing to unlink any more. It is no error if the tenant
// is gone.
func (s *Store) ForgetDevice(ctx context.Context, tenant flowhq.TenantID, jid string) error {
	// Another device that was linked since has another JID, and stays.
	const q = `
		update flowhq.whatsapp_sessions set device_jid = ''
		where tenant_id = @tenant and device_jid = @jid`
	if _, err := exec(ctx, s, q, named{"tenant": tenant, "jid": jid}); err != nil {
		return fmt.Errorf("device of tenant %s: %w", tenant, err)
	}
	return nil
}

// RelinkAsked reports whether the link to the phone is to be dropped. The flag is in the row and
// not in the command alone: a host that dies while it drops the link leaves it to the next one.
func (s *Store) RelinkAsked(ctx context.Context, tenant flowhq.TenantID) (bool, error) {
	const q = `select relink from flowhq.whatsapp_sessions where tenant_id = @tenant`
	asked, err := one(ctx, s, q, named{"tenant": tenant}, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("device of tenant %s: %w", tenant, err)
	}
	return asked, nil
}

// Device returns the JID of the tenant's linked device, "" if none is linked. A NotFound error
// means that the tenant is gone, which an erasure takes for its own success.
func (s *Store) Device(ctx context.Context, tenant flowhq.TenantID) (jid string, err error) {
	const q = `select device_jid from flowhq.whatsapp_sessions where tenant_id = @tenant`
	jid, err = one(ctx, s, q, named{"tenant": tenant}, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("device of tenant %s: %w", tenant, s.missing(ctx, err))
	}
	return jid, nil
}
