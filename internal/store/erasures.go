package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/jackc/pgx/v5"
)

// An Erasure is a contact that is being erased.
type Erasure struct {
	Tenant  flowhq.TenantID
	Contact int64
	// Addresses are the JIDs by which the contact was known.
	Addresses []string
	// Followed are the bookings and orders that had follow-ups ahead, such as BOOKING:K48219.
	Followed []string
	AskedAt  time.Time
}

// contactTables are the tables with what belongs to a contact, in an order in which nothing refers
// to what is deleted. TestErasedContactIsNowhere looks through all tables that there are.
var contactTables = []string{
	"follow_ups", "message_logs", "bookings", "orders", "tickets", "handovers", "unanswered",
	"webhook_deliveries", "feed",
}

// maxAddresses bounds the messages that are looked through for addresses that the contact had
// before.
const maxAddresses = 10_000

// EraseContact deletes a contact, with its conversation and what waits to be answered or sent, and
// writes down that all else of it is to be erased, which ContactErasure then finds. It records
// ERASURE_REQUESTED, and may be repeated. A NotFound error means that the tenant has no such
// contact and is erasing none.
//
// Everything that may write for the contact waits for the row of hosts, or finds no contact
// afterwards. Whoever writes from its address from then on becomes a new contact, and is answered.
func (s *Store) EraseContact(
	ctx context.Context, tenant flowhq.TenantID, contact int64, actor string,
) error {
	args := named{"tenant": tenant, "contact": contact}
	ctx, cancel := bounded(ctx)
	defer cancel()
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// Locked before the contact is looked for: a host's write for the contact is through by
		// then, or waits and finds none.
		if _, err := tx.Exec(ctx, holdAloneSQL, named{"tenant": tenant}); err != nil {
			return err
		}
		const asked = `
			select exists (
				select from flowhq.erasures where tenant_id = @tenant and contact_id = @contact)`
		// A contact that is being erased is gone from contacts already, so its erasure tells a
		// repetition.
		var isAsked bool
		if err := tx.QueryRow(ctx, asked, args).Scan(&isAsked); err != nil || isAsked {
			return err
		}
		known, err := cutContact(ctx, tx, args)
		if err == nil && !known {
			return flowhq.Errorf(flowhq.NotFound, "there is no such contact")
		}
		if err != nil {
			return err
		}
		const event = `
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			values (@tenant, @type, @actor, concat('contact ', @contact::bigint))`
		_, err = tx.Exec(ctx, event, named{
			"tenant": tenant, "contact": contact, "type": flowhq.EventErasureAsked,
			"actor": clean(actor),
		})
		failpoint.Hit("erase.cut")
		return err
	})
	failpoint.Hit("erase.asked")
	// It may be the tenant that is missing, which is asked for after the transaction.
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		err = s.nobody(ctx, tenant)
	}
	if err != nil {
		return fmt.Errorf("erase contact %d of tenant %s: %w", contact, tenant, classify(err))
	}
	return nil
}

// holdAloneSQL is holdSQL for what must exclude the writes of a host too. A renewal of the lease
// skips the row meanwhile, so the transaction is short.
const holdAloneSQL = `select from flowhq.hosts where tenant_id = @tenant for update`

// cutContact writes the erasure of a contact, and deletes the contact with what a host may still
// take up. It reports whether there was such a contact.
func cutContact(ctx context.Context, tx pgx.Tx, args named) (known bool, err error) {
	// The log tells of addresses that the contact had before: people change numbers.
	const erasure = `
		insert into flowhq.erasures (tenant_id, contact_id, addresses, followed)
		select c.tenant_id, c.id, array(
			select distinct address from (
				select c.lid as address
				union all
				select substr(c.number, 2) || '@s.whatsapp.net' where c.number <> ''
				union all
				select unnest(array[m.chat, case when m.contact <> ''
					then substr(m.contact, 2) || '@s.whatsapp.net' else '' end])
				from (
					select chat, contact from flowhq.message_logs
					where tenant_id = @tenant and contact_id = @contact
					order by id desc
					limit @most
				) as m
			) as addresses
			where address <> ''
		), array(
			select distinct f.about || ':' || f.number from flowhq.follow_ups f
			where f.tenant_id = @tenant and f.contact_id = @contact and f.status = 'PENDING'
		)
		from flowhq.contacts c
		where c.tenant_id = @tenant and c.id = @contact`
	// A map of its own, as pgx refuses an argument that a statement has no use for.
	with := named{"most": maxAddresses}
	for name, value := range args {
		with[name] = value
	}
	tag, err := tx.Exec(ctx, erasure, with)
	// No row was written: the tenant has no such contact.
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	// What a host or a workflow may still take up goes now, with the contact. All else goes in
	// batches, as it may be long.
	for _, q := range []string{
		// Media that only this contact was sent, before the messages that say so. What others were
		// sent too, such as a menu, is nothing of the contact's.
		`delete from flowhq.media where tenant_id = @tenant and id = any(array(
			select media_id from flowhq.message_logs
			where tenant_id = @tenant and contact_id = @contact and media_id is not null
			except
			select media_id from flowhq.message_logs
			where tenant_id = @tenant and contact_id <> @contact and media_id is not null))`,
		`delete from flowhq.follow_ups
		where tenant_id = @tenant and contact_id = @contact and status = 'PENDING'`,
		`delete from flowhq.message_logs
		where tenant_id = @tenant and contact_id = @contact
			and (status in ('RECEIVED', 'FORWARDED') or status in ('PENDING', 'UNKNOWN'))`,
		`delete from flowhq.handovers where tenant_id = @tenant and contact_id = @contact`,
		// The conversation goes with it.
		`delete from flowhq.contacts where tenant_id = @tenant and id = @contact`,
	} {
		if _, err := tx.Exec(ctx, q, args); err != nil {
			return true, err
		}
	}
	return true, nil
}

// ContactErasures returns at most limit erasures that are not done, and have not been tried within
// a moment, of all tenants. Those that are returned count as tried, so one that always fails keeps
// no other one waiting.
func (s *Store) ContactErasures(
	ctx context.Context, again time.Duration, limit int,
) ([]Erasure, error) {
	// Two workers share the erasures and neither waits for the other, as each skips what the
	// other has locked. One that nobody has tried yet is due at once.
	const q = `
		with due as (
			select tenant_id, contact_id from flowhq.erasures
			where tried_at <= now() - make_interval(secs => @again) or tried_at = asked_at
			order by tried_at
			limit @limit
			for update skip locked
		)
		update flowhq.erasures e set tried_at = clock_timestamp()
		from due
		where e.tenant_id = due.tenant_id and e.contact_id = due.contact_id
		returning e.tenant_id, e.contact_id, e.addresses, e.followed, e.asked_at`
	due, err := many(ctx, s, q, named{"again": again.Seconds(), "limit": clampLimit(limit)},
		pgx.RowToStructByPos[Erasure])
	if err != nil {
		return nil, fmt.Errorf("erasures of contacts: %w", err)
	}
	return due, nil
}

// EraseAliases has contacts erased that turn out to be the same person as one that is being erased:
// they had one of these addresses when that was asked for. Whoever was first seen after that is
// somebody new, to whom the number may have passed.
//
// It writes the addresses down. A later step makes the library forget which LID has which number,
// and a worker that took over after that would not know the number by which the owner's notices
// name the contact.
func (s *Store) EraseAliases(ctx context.Context, e Erasure, addresses []string) error {
	const q = `
		with noted as (
			update flowhq.erasures set addresses = @addresses
			where tenant_id = @tenant and contact_id = @contact and addresses <> @addresses
		)
		select id from flowhq.contacts
		where tenant_id = @tenant and first_seen_at < @asked_at
			and (lid <> '' and lid = any(@lids) or number <> '' and number = any(@numbers))`
	lids, numbers := split(addresses)
	ids, err := many(ctx, s, q, named{
		"tenant": e.Tenant, "contact": e.Contact, "addresses": addresses, "asked_at": e.AskedAt,
		"lids": lids, "numbers": numbers,
	}, pgx.RowTo[int64])
	// Each is an erasure of its own, with an event of its own.
	for i := 0; err == nil && i < len(ids); i++ {
		err = s.EraseContact(ctx, e.Tenant, ids[i], "worker")
		if flowhq.ErrorCode(err) == flowhq.NotFound { // it has just become part of another one
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("erase who is also contact %d: %w", e.Contact, err)
	}
	return nil
}

// AreKnown reports whether a contact of any tenant has one of these addresses. It is across tenants
// on purpose: all devices share the table of which LID has which number. With an error it is
// true, as the caller must not delete what somebody may need.
func (s *Store) AreKnown(ctx context.Context, addresses []string) (bool, error) {
	const q = `
		select exists (
			select from flowhq.tenants t
			join flowhq.contacts c on c.tenant_id = t.id
			where c.lid <> '' and c.lid = any(@lids)
				or c.number <> '' and c.number = any(@numbers))`
	lids, numbers := split(addresses)
	known, err := one(ctx, s, q, named{"lids": lids, "numbers": numbers}, pgx.RowTo[bool])
	if err != nil {
		return true, fmt.Errorf("look for addresses: %w", err)
	}
	return known, nil
}

// split tells LIDs from numbers, as contacts have them.
func split(addresses []string) (lids, numbers []string) {
	lids, numbers = []string{}, []string{} // a nil slice is a null, which no comparison is true of
	for _, address := range addresses {
		if number, ok := strings.CutSuffix(address, "@s.whatsapp.net"); ok {
			numbers = append(numbers, "+"+number)
		} else {
			lids = append(lids, address)
		}
	}
	return lids, numbers
}

// EraseContactRows deletes what has the id of a contact that is being erased, in batches of
// PruneBatch rows. If it fails, what is deleted stays so.
func (s *Store) EraseContactRows(ctx context.Context, e Erasure) error {
	// Each batch is a transaction of its own, so no lock is held for long.
	for _, table := range contactTables {
		for deleted := int64(PruneBatch); deleted == PruneBatch; {
			tag, err := exec(ctx, s, contactRowsSQL(table), named{
				"tenant": e.Tenant, "contact": e.Contact, "limit": PruneBatch,
			})
			if err != nil {
				return fmt.Errorf("erase %s of contact %d: %w", table, e.Contact, err)
			}
			deleted = tag.RowsAffected()
		}
		failpoint.Hit("erase.table")
	}
	return nil
}

// contactRowsSQL deletes a batch of the rows of a contact, which an index on the contact finds.
func contactRowsSQL(table string) string {
	return `
		delete from flowhq.` + table + ` where tenant_id = @tenant and id = any(array(
			select id from flowhq.` + table + `
			where tenant_id = @tenant and contact_id = @contact
			order by id
			limit @limit))`
}

// FinishErasure deletes what is left of a contact that is being erased, the notices to the owner
// that name its number among them, and then the erasure. It records CONTACT_ERASED. The writes of
// a host are kept out, so what is not there now does not come any more.
func (s *Store) FinishErasure(ctx context.Context, e Erasure) error {
	// Notices to the owner belong to no contact. They name the customer's number as it is called,
	// and in a link without its plus sign. A notice that has the digits within a longer number goes
	// too: one too many is better than one that names an erased customer.
	const notices = `
		delete from flowhq.message_logs m using unnest(@digits::text[]) as named (digits)
		where m.tenant_id = @tenant and m.contact_id = 0 and m.kind = 'NOTICE'
			and strpos(m.text, named.digits) > 0`
	const told = `
		delete from flowhq.feed f using unnest(@digits::text[]) as named (digits)
		where f.tenant_id = @tenant and f.contact_id = 0
			and strpos(f.data::text, named.digits) > 0`
	const done = `
		with gone as (
			delete from flowhq.erasures where tenant_id = @tenant and contact_id = @contact
			returning contact_id
		)
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select @tenant, @type, 'worker', concat('contact ', contact_id) from gone`
	_, numbers := split(e.Addresses)
	digits := []string{}
	for _, number := range numbers {
		digits = append(digits, strings.TrimPrefix(number, "+"))
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, holdAloneSQL, named{"tenant": e.Tenant}); err != nil {
			return err
		}
		for _, table := range contactTables {
			// A host has written it between the last batch and now: a row or two.
			rest := named{"tenant": e.Tenant, "contact": e.Contact, "limit": PruneBatch}
			if _, err := tx.Exec(ctx, contactRowsSQL(table), rest); err != nil {
				return err
			}
		}
		for _, q := range []string{notices, told} {
			args := named{"tenant": e.Tenant, "digits": digits}
			if _, err := tx.Exec(ctx, q, args); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, done, named{
			"tenant": e.Tenant, "contact": e.Contact, "type": flowhq.EventContactErased,
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("finish to erase contact %d: %w", e.Contact, classify(err))
	}
	return nil
}
