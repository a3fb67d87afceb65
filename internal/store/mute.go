package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Mute has whoever wrote the message with this ID not answered for that long, records
// CONTACT_MUTED and returns until when. Of one who is muted already it changes nothing, so a
// repetition returns the same time and adds no event. A Fenced error means that a newer host
// owns the session.
//
// The contact is found by the message, as contacts may become one at any time, and its row is
// locked before it is read: of two calls the second sees what the first has written. The event
// outlives the messages, so it names the message and no number.
func (s *Store) Mute(
	ctx context.Context, tenant flowhq.TenantID, epoch, id int64, length time.Duration,
	reason string,
) (until time.Time, err error) {
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), who as (
			select c.id, c.muted_until from fence
			join flowhq.message_logs m on m.tenant_id = @tenant and m.id = @id
			join flowhq.contacts c on c.tenant_id = @tenant and c.id = m.contact_id
			for no key update of c
		), muted as (
			update flowhq.contacts c set muted_until = now() + make_interval(secs => @length)
			from who
			where c.tenant_id = @tenant and c.id = who.id
				and coalesce(who.muted_until < now(), true)
			returning c.muted_until
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @type, 'host',
				concat('the writer of message ', @id::bigint, ' ', @reason::text)
			from muted
		)
		select exists (select from fence),
			coalesce((select muted_until from muted), (select muted_until from who), now())`
	type answer struct {
		Current bool
		Until   time.Time
	}
	a, err := one(ctx, s, q, named{
		"tenant": tenant, "epoch": epoch, "id": id, "length": length.Seconds(),
		"type": flowhq.EventContactMuted, "reason": clean(reason),
	}, pgx.RowToStructByPos[answer])
	if err == nil && !a.Current {
		err = fenced(tenant, epoch)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("mute the writer of message %d: %w", id, err)
	}
	return a.Until, nil
}

// Unmute has whoever wrote, or was sent, the message with this ID answered again, and
// records CONTACT_UNMUTED if it was muted. A NotFound error means that the tenant has no
// such message.
//
// It is an operator's, so it is not fenced. The host has the time in memory while the chat is
// busy, and reads it anew with the next message after that.
func (s *Store) Unmute(ctx context.Context, tenant flowhq.TenantID, id int64, actor string) error {
	const q = `
		with message as (
			select contact_id from flowhq.message_logs where tenant_id = @tenant and id = @id
		), unmuted as (
			update flowhq.contacts c set muted_until = null
			from message
			where c.tenant_id = @tenant and c.id = message.contact_id and c.muted_until > now()
			returning c.id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @type, @actor, concat('the writer of message ', @id::bigint)
			from unmuted
		)
		select exists (select from message)`
	// oneHeld keeps the writer from becoming part of another contact meanwhile.
	found, err := oneHeld(ctx, s, tenant, q, named{
		"tenant": tenant, "id": id, "type": flowhq.EventContactUnmuted, "actor": clean(actor),
	}, pgx.RowTo[bool])
	if err == nil && !found {
		err = flowhq.Errorf(flowhq.NotFound, "there is no such message")
	}
	if err != nil {
		return fmt.Errorf("unmute the writer of message %d: %w", id, err)
	}
	return nil
}
