package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A ContactFilter selects contacts of a tenant. Empty fields select all.
type ContactFilter struct {
	ID   int64
	Text string // that is in the name or the number, in any case
	// nil selects both, here and in the next two.
	HandedOver *bool
	LeftAlone  *bool
	Muted      *bool
	Before     int64 // ID of a contact; only earlier ones
	Limit      int   // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

// contactsSQL yields contacts with their open hand-overs. The names of the hand-over's columns are
// those of its JSON. handovers_open_key has one open row for a contact at most, so the join adds no
// rows.
const contactsSQL = `
	select c.id, c.number, c.name, c.first_seen_at, c.last_seen_at,
		case when c.muted_until > now() then c.muted_until end as muted_until, c.left_alone,
		case when h.id is not null then json_build_object(
			'id', h.id, 'contact_id', c.id, 'contact', c.number, 'reason', h.reason,
			'status', 'OPEN', 'note', h.note, 'at', h.at, 'owner_at', h.owner_at,
			'until', h.until, 'message_id', h.message_id)::text end as hand_over`

// contactsFrom is where contactsSQL reads, and handedOverFrom the same for those alone that are
// handed over, who are few. Both begin with the table whose index has the order of the page.
const (
	contactsFrom = `
	from flowhq.contacts c
	left join flowhq.handovers h on h.tenant_id = c.tenant_id and h.contact_id = c.id
		and h.ended_at is null and (h.until is null or h.until > now())`
	handedOverFrom = `
	from flowhq.handovers h
	join flowhq.contacts c on c.tenant_id = h.tenant_id and c.id = h.contact_id`
)

// selects returns what f selects of a tenant's contacts, and where they are read.
func (f ContactFilter) selects(tenant flowhq.TenantID) (sel selection, from, id string) {
	from, id, owner := contactsFrom, "c.id", "c.tenant_id"
	if f.HandedOver != nil && *f.HandedOver {
		from, id, owner = handedOverFrom, "h.contact_id", "h.tenant_id"
	}
	sel = selection{keys: named{}, args: named{}}
	// Both tables know the tenant. The condition is on the one whose index has the order of the
	// page.
	sel.find(owner+" = @tenant", "tenant", tenant)
	also := func(condition string) { sel.found = append(sel.found, condition) }
	if from == handedOverFrom {
		also("h.ended_at is null and (h.until is null or h.until > now())")
	} else if f.HandedOver != nil {
		sel.searched = append(sel.searched, "h.id is null")
	}
	if f.ID != 0 {
		sel.find(id+" = @id", "id", f.ID)
	}
	if f.Before != 0 {
		sel.find(id+" < @before", "before", f.Before)
	}
	// Those who are left alone or muted are few, and have an index each.
	if f.LeftAlone != nil && *f.LeftAlone {
		also("c.left_alone <> ''")
	} else if f.LeftAlone != nil {
		sel.searched = append(sel.searched, "c.left_alone = ''")
	}
	// contacts_muted_idx also has those whose time is over, which are told apart row by row.
	if f.Muted != nil && *f.Muted {
		also("c.muted_until is not null")
		sel.searched = append(sel.searched, "c.muted_until > now()")
	} else if f.Muted != nil {
		sel.searched = append(sel.searched, "coalesce(c.muted_until <= now(), true)")
	}
	if f.Text != "" {
		sel.search("strpos(lower(concat_ws(' ', c.name, c.number)), lower(@text)) > 0",
			"text", clean(f.Text))
	}
	return sel, from, id
}

// Contacts returns one page of the tenant's contacts that f selects, newest first, and the Before
// of the next page, 0 after the last; see maxSearched.
func (s *Store) Contacts(
	ctx context.Context, tenant flowhq.TenantID, f ContactFilter,
) (page []flowhq.Contact, next int64, err error) {
	sel, from, id := f.selects(tenant)
	searched := from
	if from == contactsFrom {
		searched = " from flowhq.contacts c" // the join is of no use to the floor
	}
	floor, err := s.floor(ctx, searched, id, sel)
	if err == nil {
		if floor > 0 {
			sel.find(id+" >= @floor", "floor", floor)
		}
		// One row more than the page tells whether there is another page.
		sel.args["limit"] = clampLimit(f.Limit) + 1
		q := contactsSQL + from + `
			where ` + strings.Join(slices.Concat(sel.found, sel.searched), " and ") + `
			order by ` + id + ` desc
			limit @limit`
		page, err = many(ctx, s, q, sel.args, scanContact)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("contacts of tenant %s: %w", tenant, err)
	}
	page, next = cut(page, f.Limit, floor, func(c flowhq.Contact) int64 { return c.ID })
	return page, next, nil
}

// scanContact reads a row of contactsSQL.
func scanContact(row pgx.CollectableRow) (c flowhq.Contact, err error) {
	var handOver *string
	if err := row.Scan(contactFields(&c, &handOver)...); err != nil {
		return c, err
	}
	err = parseHandOver(handOver, &c.HandOver)
	return c, err
}

// contactFields is where the columns of contactsSQL are read to, in their order.
func contactFields(c *flowhq.Contact, handOver **string) []any {
	return []any{
		&c.ID, &c.Number, &c.Name, &c.FirstSeenAt, &c.LastSeenAt, &c.MutedUntil, &c.LeftAlone,
		handOver,
	}
}

// parseHandOver reads the open hand-over of a contact; a column that is null leaves it as it is.
func parseHandOver(column *string, into **flowhq.HandOver) error {
	if column == nil {
		return nil
	}
	h := &flowhq.HandOver{}
	if err := json.Unmarshal([]byte(*column), h); err != nil {
		return err
	}
	// PostgreSQL writes times in JSON with the offset of the connection's zone.
	h.At = h.At.UTC()
	for _, at := range []*time.Time{h.OwnerAt, h.Until} {
		if at != nil {
			*at = at.UTC()
		}
	}
	*into = h
	return nil
}

// Contact returns the contact with this ID, or a NotFound error. A contact that has turned out to
// be the same person as an older one is gone, and the older one has all of it.
func (s *Store) Contact(
	ctx context.Context, tenant flowhq.TenantID, id int64,
) (flowhq.Contact, error) {
	page, _, err := s.Contacts(ctx, tenant, ContactFilter{ID: id, Limit: 1})
	if err == nil && len(page) == 0 {
		err = fmt.Errorf("contact %d of tenant %s: %w", id, tenant, s.nobody(ctx, tenant))
	}
	if err != nil {
		return flowhq.Contact{}, err
	}
	return page[0], nil
}

// AddContact returns the contact with this number, and whether it is new: nobody has written from
// the number, and the bot was not told of it. A NotFound error means that there is no such tenant.
func (s *Store) AddContact(
	ctx context.Context, tenant flowhq.TenantID, number string,
) (c flowhq.Contact, added bool, err error) {
	// contacts_number_key decides: of two requests at once one adds the contact, and both find it.
	tag, err := exec(ctx, s, writeContactSQL, named{"tenant": tenant, "to": clean(number)})
	var id int64
	if err == nil {
		const q = `select id from flowhq.contacts where tenant_id = @tenant and number = @number`
		id, err = one(ctx, s, q, named{"tenant": tenant, "number": clean(number)}, pgx.RowTo[int64])
	}
	if err != nil {
		return c, false, fmt.Errorf("add a contact of tenant %s: %w", tenant, err)
	}
	c, err = s.Contact(ctx, tenant, id)
	// No row was inserted for a number that is known.
	return c, tag.RowsAffected() > 0, err
}

// A ContactOrder is what an operator wants of the chat with a contact. An operator's order is not
// fenced: it counts whichever host there is.
type ContactOrder struct {
	Contact int64
	// Actor is for the tenant's history.
	Actor string
	// Note and Length are of a hand-over: what it is about, and for how long it is, 0 for until it
	// is given back.
	Note   string
	Length time.Duration
}

// HandOverContact hands the chat with a contact over to a person. A chat that is handed over is
// kept for o.Length from now on. It records HANDED_OVER, and notifies every listener ("work"). A
// NotFound error means that the tenant has no such contact.
func (s *Store) HandOverContact(
	ctx context.Context, tenant flowhq.TenantID, o ContactOrder,
) error {
	// One whose time is over, which nobody has noted yet, is no hand-over to go on with. What an
	// operator says counts, also if it ends the hand-over earlier.
	const q = `
		with who as (
			select id from flowhq.contacts where tenant_id = @tenant and id = @id
			for no key update
		), handed as (
			insert into flowhq.handovers as h (tenant_id, contact_id, reason, note, owner_at, until)
			select @tenant, id, 'OPERATOR', @note, now(),
				now() + make_interval(secs => nullif(@length, 0))
			from who
			on conflict (tenant_id, contact_id) where ended_at is null do update set
				reason = case when h.until <= now() then excluded.reason else h.reason end,
				at = case when h.until <= now() then excluded.at else h.at end,
				note = case when h.until <= now() or excluded.note <> '' then excluded.note
					else h.note end,
				owner_at = now(), until = excluded.until
			returning h.id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @event, @actor, concat('contact ', @id::bigint, ': OPERATOR')
			from handed
		), nudge as (
			select flowhq.notify('work', @tenant) from handed
		)
		select exists (select from who), exists (select from nudge)`
	return s.orderContact(ctx, tenant, q, o, flowhq.EventHandedOver,
		named{"note": clean(o.Note), "length": o.Length.Seconds()})
}

// GiveBackContact ends the hand-over of the chat with a contact: the bot answers again. It records
// GIVEN_BACK, and notifies every listener ("work"). Messages that came meanwhile stay unanswered. A
// NotFound error means that the tenant has no such contact. A chat that is not handed over stays as
// it is, without an event.
func (s *Store) GiveBackContact(
	ctx context.Context, tenant flowhq.TenantID, o ContactOrder,
) error {
	// The contact is not locked: the update of the one open hand-over decides, and a repetition
	// finds none.
	const q = `
		with who as (
			select id from flowhq.contacts where tenant_id = @tenant and id = @id
		), ended as (
			update flowhq.handovers h set
				ended_at = now(), end_reason = concat('given back by ', @by::text)
			from who
			where h.tenant_id = @tenant and h.contact_id = who.id and h.ended_at is null
			returning h.id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @event, @actor, concat('hand-over ', id) from ended
		), nudge as (
			select flowhq.notify('work', @tenant) from ended
		)
		select exists (select from who), exists (select from nudge)`
	return s.orderContact(ctx, tenant, q, o, flowhq.EventGivenBack,
		named{"by": flowhq.ActorKind(clean(o.Actor))})
}

// LeaveContactAlone has the bot never answer a contact, who may have no number, or answer again. It
// records CONTACT_LEFT_ALONE or CONTACT_SERVED. Only a change is recorded, so a repeated request
// leaves no second event. A NotFound error means that the tenant has no such contact.
func (s *Store) LeaveContactAlone(
	ctx context.Context, tenant flowhq.TenantID, o ContactOrder, alone bool,
) error {
	const q = `
		with who as (
			select id from flowhq.contacts where tenant_id = @tenant and id = @id
		), changed as (
			update flowhq.contacts c set left_alone = @why
			from who
			where c.tenant_id = @tenant and c.id = who.id and (c.left_alone = '') <> (@why = '')
			returning c.id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @event, @actor, concat('contact ', id) from changed
		)
		select exists (select from who), true`
	// OWNER_BEGAN is replaced only by being served first: who is left alone already stays so, with
	// the first reason.
	why, event := flowhq.NotLeftAlone, flowhq.EventContactServed
	if alone {
		why, event = flowhq.LeftListed, flowhq.EventContactLeftAlone
	}
	return s.orderContact(ctx, tenant, q, o, event, named{"why": why})
}

// MuteContact has a contact not answered for o.Length from now on, or answered again if that is 0.
// It records CONTACT_MUTED, or CONTACT_UNMUTED if the contact was muted. A NotFound error means that
// the tenant has no such contact.
//
// It is an operator's, so it is not fenced. The host reads the time anew before the next message of
// the chat that is not in hand yet, see Unmute.
func (s *Store) MuteContact(ctx context.Context, tenant flowhq.TenantID, o ContactOrder) error {
	// A repeated request moves the end, and leaves an event of its own.
	const q = `
		with who as (
			select id, muted_until from flowhq.contacts where tenant_id = @tenant and id = @id
		), changed as (
			update flowhq.contacts c
			set muted_until = case when @length::float8 > 0
				then now() + make_interval(secs => @length) end
			from who
			where c.tenant_id = @tenant and c.id = who.id
				and (@length > 0 or who.muted_until > now())
			returning c.id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @event, @actor, concat('contact ', id) from changed
		)
		select exists (select from who), true`
	event := flowhq.EventContactUnmuted
	if o.Length > 0 {
		event = flowhq.EventContactMuted
	}
	return s.orderContact(ctx, tenant, q, o, event, named{"length": o.Length.Seconds()})
}

// orderContact runs a statement of an operator about a contact. The statement yields whether there
// is such a contact, and a value that keeps PostgreSQL from dropping the notice.
func (s *Store) orderContact(
	ctx context.Context, tenant flowhq.TenantID, q string, o ContactOrder, event flowhq.EventType,
	args named,
) error {
	type answer struct{ Found, Notified bool }
	args["tenant"], args["id"] = tenant, o.Contact
	args["actor"], args["event"] = clean(o.Actor), event
	a, err := oneHeld(ctx, s, tenant, q, args, pgx.RowToStructByPos[answer])
	if err == nil && !a.Found {
		err = s.nobody(ctx, tenant)
	}
	if err != nil {
		return fmt.Errorf("contact %d of tenant %s: %w", o.Contact, tenant, err)
	}
	return nil
}

// SetHandOver gives the chat of the hand-over with this ID back, if to is ENDED, and records
// GIVEN_BACK. Errors are those of SetTicket: a hand-over that has ended is not opened again.
func (s *Store) SetHandOver(
	ctx context.Context, tenant flowhq.TenantID, id int64, to flowhq.HandOverStatus, actor string,
) error {
	// One that is over by its time is shown as ENDED, and is not ended once more.
	const q = `
		with old as (
			select id, ` + handOverStatus + ` as shown from flowhq.handovers
			where tenant_id = @tenant and id = @id
			for no key update
		), ended as (
			update flowhq.handovers h set
				ended_at = now(), end_reason = concat('given back by ', @by::text)
			from old
			where h.tenant_id = @tenant and h.id = old.id and old.shown = any(@from::text[])
			returning h.id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @event, @actor, concat('hand-over ', id) from ended
		), nudge as (
			select flowhq.notify('work', @tenant) from ended
		)
		select shown, exists (select from nudge) from old`
	type answer struct {
		Shown string
		Done  bool
	}
	m := moveTo(to, flowhq.HandOverStatuses)
	a, err := oneHeld(ctx, s, tenant, q, named{
		"tenant": tenant, "id": id, "from": m.from, "actor": clean(actor),
		"by": flowhq.ActorKind(clean(actor)), "event": flowhq.EventGivenBack,
	}, pgx.RowToStructByPos[answer])
	switch {
	// The row is locked before its status is read, so of two requests at once the second finds it
	// ENDED.
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		err = flowhq.Errorf(flowhq.NotFound, "there is no such hand-over")
	case err == nil && !a.Done && a.Shown != m.to:
		err = m.refused(handOverTable, fmt.Sprint(id), a.Shown)
	}
	if err != nil {
		return fmt.Errorf("hand-over %d of tenant %s: %w", id, tenant, err)
	}
	return nil
}
