package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A contact is who wrote, by what is known of the person: LID and number, either of
// which may be "". WhatsApp delivers a message with one of them or both, and may name the same
// person by the other one in the next message.
type contact struct {
	ID     int64
	LID    string // JID
	Number string // E.164
}

// chat is the JID to write to: the LID where it is known, as WhatsApp keeps it when the person
// changes the number.
func (c contact) chat() string {
	if c.LID != "" || c.Number == "" {
		return c.LID
	}
	return strings.TrimPrefix(c.Number, "+") + "@s.whatsapp.net"
}

// differs reports whether c and other are known to be two people: both have a LID,
// or a number, and it is not the same.
func (c contact) differs(other contact) bool {
	return c.LID != "" && other.LID != "" && c.LID != other.LID ||
		c.Number != "" && other.Number != "" && c.Number != other.Number
}

// The candidates are what a message says of its writer, and which contacts that may be.
type candidates struct {
	contact           // as the message names its writer; ID is 0
	known   []contact // who have one of these addresses, by id
	same    []contact // who have the very message already, by id
}

// An identity is who the writer of a message turns out to be.
type identity struct {
	contact         // ID is 0 if nobody knew the writer
	merged  []int64 // contacts that turn out to be the same person
	moved   []int64 // contacts whose number is now this person's
}

// identify decides who wrote. It depends on nothing but its argument:
//
//   - Whoever has the LID wrote, under whatever number: people change numbers, and
//     WhatsApp keeps the LID.
//   - Whoever has the number wrote, unless that contact has another LID. Then the
//     number has changed hands, and goes with the message.
//   - Whoever has the very message wrote it, unless an address says otherwise. Its id
//     is long and random, and known to nobody but the writer and us, so nothing else
//     can tell that a number without a LID and a LID without a number are one person.
//
// If these are several they become one, the oldest: what was known first is in the
// log for longest.
func identify(s candidates) identity {
	who := identity{contact: s.contact}
	var members []int64
	join := func(c contact) {
		who.LID, who.Number = cmp.Or(who.LID, c.LID), cmp.Or(who.Number, c.Number)
		members = append(members, c.ID)
	}
	// The LID first: what it teaches decides below whether the number has changed hands.
	for _, c := range s.known {
		if c.LID != "" && c.LID == s.LID {
			join(c)
		}
	}
	for _, c := range s.known {
		switch {
		case slices.Contains(members, c.ID):
		case c.LID == "" || who.LID == "":
			join(c)
		default:
			who.moved = append(who.moved, c.ID)
		}
	}
	// The copies last, as they prove least: an address that says otherwise outweighs them.
	for _, c := range s.same {
		isNew := !slices.Contains(members, c.ID) && !slices.Contains(who.moved, c.ID)
		if isNew && !c.differs(who.contact) {
			join(c)
		}
	}
	if len(members) > 0 {
		slices.Sort(members)
		who.ID, who.merged = members[0], members[1:]
	}
	return who
}

// maxFollow is about how many rows of a person one transaction moves or brings up to date. The
// tenant's lease is not renewed meanwhile, as its row is locked, so that is short.
const maxFollow = 1000

// recognise finds out who wrote m, however many contacts that has been so far, and
// writes down what m teaches. Then write writes what m itself is about, in the same
// transaction. Messages of contacts that become one are moved before, a part at a time.
//
// The fence is the exclusive one: the decision rests on contacts and messages that other writes
// change, such as an Answer that adds a reply to a contact which is about to be merged, or an
// operator's message to it. The row of hosts is locked first, and all of those wait there; see
// lockorder.go.
//
// Each transaction leaves the rows as they may be read and answered, so an error, a kill or a
// newer host in between does no harm: whoever receives m again goes on. A Fenced error means
// that a newer host owns the session.
func (s *Store) recognise(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, m Inbound,
	write func(context.Context, pgx.Tx, identity) error,
) error {
	for more := true; more; {
		// Each round has a bound of its own, unless the caller's context has one: whoever has a
		// long log takes several.
		bounded, cancel := bounded(ctx)
		err := pgx.BeginFunc(bounded, s.pool, func(tx pgx.Tx) error {
			// Before anything is read: what is read then holds until the commit.
			if err := fenceAlone(bounded, tx, tenant, epoch); err != nil {
				return err
			}
			all, err := readCandidates(bounded, tx, tenant, m)
			if err != nil {
				return err
			}
			who := identify(all)
			if more, err = who.moveSome(bounded, tx, tenant, m.WAID); more || err != nil {
				// A round that has moved a part writes nothing else. The next one decides anew,
				// from what is left.
				return err
			}
			if who.ID, err = who.record(bounded, tx, tenant); err != nil {
				return err
			}
			return write(bounded, tx, who)
		})
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// readCandidates finds whoever may have written m: by its addresses, through contacts_lid_key
// and contacts_number_key, and by the message, through message_logs_inbound_key. A copy counts
// only if one of the two cannot be read or both say the same: WhatsApp's ids are unique for
// their writer and not for a tenant.
func readCandidates(
	ctx context.Context, tx pgx.Tx, tenant flowhq.TenantID, m Inbound,
) (candidates, error) {
	// An address that is not known is '' in many rows. The conditions on that keep those apart,
	// and let the partial indexes serve.
	const known = `
		select id, lid, number from flowhq.contacts
		where tenant_id = @tenant
			and (lid <> '' and lid = @lid or number <> '' and number = @number)
		order by id`
	// Copies are compared by what was first written, as the customer may have changed one since.
	const same = `
		select id, lid, number from flowhq.contacts
		where tenant_id = @tenant and id in (
			select contact_id from flowhq.message_logs
			where tenant_id = @tenant and wa_message_id = @wa_id and direction = 'IN'
				and (@undecryptable or status = 'UNDECRYPTABLE'
					or coalesce(original_text, text) = @text))
		order by id`
	s := candidates{contact: contact{LID: m.LID, Number: m.Number}}
	rows, _ := tx.Query(ctx, known, named{"tenant": tenant, "lid": m.LID, "number": m.Number})
	var err error
	if s.known, err = pgx.CollectRows(rows, pgx.RowToStructByPos[contact]); err != nil {
		return s, err
	}
	rows, _ = tx.Query(ctx, same, named{
		"tenant": tenant, "wa_id": m.WAID, "undecryptable": m.Undecryptable, "text": m.Text,
	})
	s.same, err = pgx.CollectRows(rows, pgx.RowToStructByPos[contact])
	return s, err
}

// rowsOf are the merged contacts' oldest messages, but for what has WhatsApp's id @besides.
// They come through message_logs_contact_idx, in the order of the ids.
const rowsOf = `
	select id from flowhq.message_logs
	where tenant_id = @tenant and contact_id = any(@merged)
		and wa_message_id is distinct from @besides
	order by id
	limit @limit`

// moveSome moves the oldest messages and events of merged contacts that have more than record
// moves, and reports whether it had to. It may be repeated, by another host too: the message that
// is being received stays where it is, as it may be all that tells who this is.
func (i identity) moveSome(
	ctx context.Context, tx pgx.Tx, tenant flowhq.TenantID, received string,
) (bool, error) {
	if len(i.merged) == 0 {
		return false, nil
	}
	args := i.args(tenant)
	// One row more than a transaction moves, to see whether record can do the rest.
	args["limit"], args["besides"] = maxFollow+1, received
	rows, _ := tx.Query(ctx, rowsOf, args) // Collect reports its error
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return false, err
	}
	if len(ids) > maxFollow {
		return true, i.move(ctx, tx, args, ids[:maxFollow])
	}
	return i.moveEvents(ctx, tx, args)
}

// move makes these rows the person's: of the merged contacts, or of this one. A number that a
// row has stays: it says under which number the person wrote then.
func (i identity) move(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, rows []int64) error {
	const follow = `
		update flowhq.message_logs set
			contact_id = @id, chat = @chat,
			contact = coalesce(nullif(contact, ''), @number),
			from_number = case direction
				when 'IN' then coalesce(nullif(from_number, ''), @number) else from_number end,
			to_number = case direction
				when 'OUT' then coalesce(nullif(to_number, ''), @number) else to_number end
		where tenant_id = @tenant and id = any(@rows)`
	if len(rows) == 0 {
		return nil
	}
	args["rows"] = rows
	if len(i.merged) > 0 {
		// Before the rows have one contact, or their copies would violate message_logs_inbound_key.
		if err := i.separateCopies(ctx, tx, args); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, follow, args)
	return err
}

// args are the arguments of all statements about the person. Each uses some of them, so they are
// not checked like those of other statements. The limit is above what moveSome leaves to record:
// maxFollow rows, and the copies of the message that is being received.
func (i identity) args(tenant flowhq.TenantID) pgx.NamedArgs {
	return pgx.NamedArgs{
		"tenant": tenant, "id": i.ID, "lid": i.LID, "number": i.Number, "chat": i.chat(),
		"merged": i.merged, "moved": i.moved, "limit": 2 * maxFollow, "besides": (*string)(nil),
	}
}

// staleSQL finds rows of the person that do not have the newest address. It is a union of five
// searches, each of which has an index of its own to go through; a single condition with "or" would
// read all rows of the contact.
const staleSQL = `
	select id from (
		(select id, chat, contact from flowhq.message_logs
		where tenant_id = @tenant and contact_id = @id
		order by id desc limit @limit)
		union
		(select id, chat, contact from flowhq.message_logs
		where tenant_id = @tenant and contact_id = @id and status = 'RECEIVED'
		order by id desc limit @limit)
		union
		(select id, chat, contact from flowhq.message_logs
		where tenant_id = @tenant and contact_id = @id and status = 'FORWARDED'
		order by id desc limit @limit)
		union
		(select id, chat, contact from flowhq.message_logs
		where tenant_id = @tenant and contact_id = @id and status in ('PENDING', 'UNKNOWN')
		order by id desc limit @limit)
		union
		(select id, chat, contact from flowhq.message_logs
		where tenant_id = @tenant and contact_id = @id and status = 'FAILED'
		order by id desc limit @limit)
	) as own
	where chat <> @chat or contact = '' and @number <> ''`

// record writes down who somebody is, and returns the contact's ID. Rows of the person
// follow, so that there is one chat: all of merged contacts, and of the contact itself
// those that wait or can be retried, and the newest. Older ones keep the address that was
// known when they were written: to change them all would hold the tenant's row for as long as
// the log is long, see TestLongLog.
//
// yield comes before learn, as contacts_number_key allows a number once.
func (i identity) record(
	ctx context.Context, tx pgx.Tx, tenant flowhq.TenantID,
) (id int64, err error) {
	const (
		yield = `
			update flowhq.contacts set number = ''
			where tenant_id = @tenant and id = any(@moved)`
		add = `
			insert into flowhq.contacts (tenant_id, lid, number) values (@tenant, @lid, @number)
			returning id`
		learn = `
			update flowhq.contacts set lid = @lid, number = @number
			where tenant_id = @tenant and id = @id`
	)
	args := i.args(tenant)
	if len(i.moved) > 0 {
		if _, err := tx.Exec(ctx, yield, args); err != nil {
			return 0, err
		}
	}
	if i.ID == 0 {
		// Of somebody new there is nothing that could have to follow.
		err = tx.QueryRow(ctx, add, args).Scan(&id)
		return id, err
	}
	for _, which := range []string{rowsOf, staleSQL} {
		if which == rowsOf && len(i.merged) == 0 {
			continue
		}
		rows, _ := tx.Query(ctx, which, args) // Collect reports its error
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err == nil {
			err = i.move(ctx, tx, args, ids)
		}
		if err != nil {
			return 0, err
		}
	}
	// learn comes last: the addresses are free only when the merged contacts are deleted.
	steps := []string{learn}
	if len(i.merged) > 0 {
		steps = slices.Concat(factsFollow[:], merge[:], steps)
	}
	for _, q := range steps {
		if _, err := tx.Exec(ctx, q, args); err != nil {
			return 0, err
		}
	}
	return i.ID, nil
}

// separateCopies sees to copies of one message among the rows and others of the person: the
// first that can be read stays; others are deleted if nobody has handled them, and else stay
// under ids of their own. Such copies are there because the message came again from an address
// that was not known to be the same person's.
//
// "offset 0" and "+ 0" in the statement keep the planner to the index of WhatsApp's ids. It
// would otherwise go through all that the contacts have ever written.
func (i identity) separateCopies(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) error {
	// Copies are numbered with the readable ones first, and then by their ids.
	const (
		copies = `
			with copies as (
				select distinct c.id, c.wa_message_id, c.status
				from flowhq.message_logs m
				cross join lateral (
					select id, wa_message_id, status from flowhq.message_logs
					where tenant_id = @tenant and wa_message_id = m.wa_message_id
						and direction = 'IN'
						and (contact_id + 0 = @id or contact_id + 0 = any(@merged))
					offset 0
				) as c
				where m.tenant_id = @tenant and m.id = any(@rows) and m.direction = 'IN'
			), counted as (
				select id, status, row_number() over (
					partition by wa_message_id order by (status = 'UNDECRYPTABLE'), id) as nth
				from copies
			)
			select id, status in ('RECEIVED', 'FORWARDED', 'UNDECRYPTABLE') from counted
			where nth > 1`
		drop = `
			delete from flowhq.message_logs
			where tenant_id = @tenant and id = any(@unhandled)`
		rename = `
			update flowhq.message_logs set wa_message_id = wa_message_id || '~' || id
			where tenant_id = @tenant and id = any(@handled)`
	)
	var id int64
	var waits bool
	var handled, unhandled []int64
	rows, _ := tx.Query(ctx, copies, args) // ForEachRow reports its error
	_, err := pgx.ForEachRow(rows, []any{&id, &waits}, func() error {
		if waits {
			unhandled = append(unhandled, id)
		} else {
			handled = append(handled, id)
		}
		return nil
	})
	if err != nil || len(handled)+len(unhandled) == 0 {
		return err
	}
	// A copy that was handled keeps its row, which replies and facts name. Only WhatsApp's id of
	// it is made another, so that the unique index has room for both.
	args["handled"], args["unhandled"] = handled, unhandled
	for _, q := range []string{drop, rename} {
		if _, err := tx.Exec(ctx, q, args); err != nil {
			return err
		}
	}
	return nil
}

// factsFollow makes the facts of merged contacts the person's. Of two hand-overs that are open the
// later stays so, as a chat is handed over once at a time. The other one ends before the
// hand-overs follow, or handovers_open_key would refuse the second.
var factsFollow = [...]string{
	`update flowhq.bookings set contact_id = @id
	where tenant_id = @tenant and contact_id = any(@merged)`,
	`update flowhq.orders set contact_id = @id
	where tenant_id = @tenant and contact_id = any(@merged)`,
	`update flowhq.tickets set contact_id = @id
	where tenant_id = @tenant and contact_id = any(@merged)`,
	`update flowhq.unanswered set contact_id = @id
	where tenant_id = @tenant and contact_id = any(@merged)`,
	`update flowhq.follow_ups set contact_id = @id
	where tenant_id = @tenant and contact_id = any(@merged)`,
	`update flowhq.handovers set ended_at = now(), end_reason = 'part of another hand-over'
	where tenant_id = @tenant and ended_at is null
		and (contact_id = @id or contact_id = any(@merged))
		and id <> (
			select max(id) from flowhq.handovers
			where tenant_id = @tenant and ended_at is null
				and (contact_id = @id or contact_id = any(@merged)))`,
	`update flowhq.handovers set contact_id = @id
	where tenant_id = @tenant and contact_id = any(@merged)`,
}

// merge makes the merged contacts part of the one with the id, but for its addresses
// and the messages, which record sees to. Of two conversations the later goes on, which the
// first statement copies: the second deletes the merged contacts, and their conversations with
// them by the foreign key. Of two timers the later holds, and a person who was muted under
// either address stays muted until the later time. Whether the owner began the chat is as the first
// of them says: the owner may have written to the number of a customer who was known by a LID.
// That an operator has listed one of them outweighs it.
var merge = [...]string{
	`with latest as (
		select state, updated_at from flowhq.conversations
		where tenant_id = @tenant and (contact_id = @id or contact_id = any(@merged))
		order by updated_at desc, contact_id
		limit 1
	)
	insert into flowhq.conversations (tenant_id, contact_id, state, updated_at)
	select @tenant, @id, state, updated_at from latest
	on conflict (tenant_id, contact_id) do update set
		state = excluded.state, updated_at = excluded.updated_at`,
	`with gone as (
		delete from flowhq.contacts where tenant_id = @tenant and id = any(@merged)
		returning name, first_seen_at, muted_until, timer_seconds, timer_set_at, left_alone,
			unreminded_at, read_to
	)
	update flowhq.contacts c set
		(timer_seconds, timer_set_at) = (
			select timer_seconds, timer_set_at
			from (
				select timer_seconds, timer_set_at from gone
				union all
				select c.timer_seconds, c.timer_set_at
			) as timers
			order by timer_set_at desc nulls last
			limit 1),
		first_seen_at = least(first_seen_at, (select min(first_seen_at) from gone)),
		muted_until = greatest(muted_until, (select max(muted_until) from gone)),
		unreminded_at = greatest(unreminded_at, (select max(unreminded_at) from gone)),
		-- Rather is something shown as unread twice than something new as read.
		read_to = least(read_to, (select min(read_to) from gone)),
		left_alone = (
			select left_alone
			from (
				select left_alone, first_seen_at from gone
				union all
				select c.left_alone, c.first_seen_at
			) as members
			order by left_alone = 'LISTED' desc, first_seen_at
			limit 1),
		name = coalesce(nullif(name, ''), (select max(name) from gone), '')
	where tenant_id = @tenant and id = @id`,
}
