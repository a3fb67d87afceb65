package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Bounds on Erase: on the deletion of what a tenant has many rows of, which is gone when
// it is called again, and on that of the rest. Together they are below the two minutes that
// Temporal gives the activity, with time to unlink the phone.
const (
	eraseTimeout    = 80 * time.Second
	eraseEndTimeout = 15 * time.Second
)

// An erasable is a table that may have millions of rows of one tenant.
type erasable struct {
	table, key string
	kept       string // condition on those that outlive the tenant, "false" for none
}

// erasables are in an order in which nothing refers to what is deleted.
var erasables = []erasable{
	{"message_logs", "id", "false"},
	{"media", "id", "false"},
	{"bookings", "id", "false"},
	{"orders", "id", "false"},
	{"tickets", "id", "false"},
	{"handovers", "id", "false"},
	{"unanswered", "id", "false"},
	{"follow_ups", "id", "false"},
	{"conversations", "contact_id", "false"},
	{"contacts", "id", "false"},
	{"erasures", "contact_id", "false"},
	{"profiles", "version", "false"},
	{"webhook_deliveries", "id", "false"},
	// The event is that of another call of Erase, which was faster.
	{"portal_event_logs", "id", "event_type = '" + string(flowhq.EventTenantDeleted) + "'"},
	{"feed", "id", "event_type = '" + string(flowhq.EventTenantDeleted) + "'"},
	{"commands", "id", "command = 'delete'"},
}

// Erase deletes the tenant and everything that is known about it and its
// customers, but for one TENANT_DELETED event and the commands to do so, which are
// marked as applied, and tells every listener ("erase"). A host that still runs is
// fenced from here on. Erasing a tenant that is gone already, or never was, is no error.
//
// Rows go in batches before the tenant does, so no lock is held for long, however many
// there are. If it fails, what is deleted stays so: call it again.
func (s *Store) Erase(ctx context.Context, tenant flowhq.TenantID, actor string) error {
	// The batches share a bound, and eraseTenant has its own, which they cannot use up.
	batches, cancel := context.WithTimeout(ctx, eraseTimeout)
	defer cancel()
	// Fenced first: a host that goes on writing would add rows behind the batches.
	there, err := s.fenceForGood(batches, tenant)
	for _, e := range erasables {
		if err == nil && there {
			err = s.eraseRows(batches, e, tenant)
		}
	}
	// Before the transaction that makes an event, which takes the lock of the feed last. Who reads
	// the feed for a webhook has that lock, and may wait for the webhook.
	if err == nil {
		_, err = exec(batches, s, `delete from flowhq.webhooks where tenant_id = @tenant`,
			named{"tenant": tenant})
	}
	// Also without the tenant: an earlier call may have left commands to be marked as applied.
	if err == nil {
		err = s.eraseTenant(ctx, tenant, actor)
	}
	if err != nil {
		return fmt.Errorf("erase tenant %s: %w", tenant, err)
	}
	return nil
}

// fenceForGood fences every host of a tenant, which is told ("epoch"), and reports
// whether there is such a tenant. The session's row goes with it: a session that was written
// under an older epoch than the host's counts as one whose next host is starting.
func (s *Store) fenceForGood(ctx context.Context, tenant flowhq.TenantID) (there bool, err error) {
	const q = `
		with fenced as (
			update flowhq.hosts set epoch = epoch + 1 where tenant_id = @tenant
			returning tenant_id, epoch
		), session as (
			update flowhq.whatsapp_sessions s set epoch = fenced.epoch
			from fenced
			where s.tenant_id = fenced.tenant_id
		)
		select exists (select from fenced, flowhq.notify('epoch', tenant_id, epoch))`
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	return one(ctx, s, q, named{"tenant": tenant}, pgx.RowTo[bool])
}

// eraseRows deletes the tenant's rows of a table, a batch of PruneBatch in each transaction. It
// walks the table by its primary key. Hosts are fenced by then, so no rows are added behind it
// but for a few events, which eraseTenant deletes.
func (s *Store) eraseRows(ctx context.Context, e erasable, tenant flowhq.TenantID) error {
	// The texts are those of erasables, which are constants.
	q := strings.NewReplacer("TABLE", "flowhq."+e.table, "KEY", e.key, "KEPT", e.kept).Replace(`
		with page as (
			select KEY from TABLE
			where tenant_id = @tenant and KEY > @after and not (KEPT)
			order by KEY
			limit @limit
		), gone as (
			delete from TABLE where tenant_id = @tenant and KEY = any(array(select KEY from page))
		)
		select coalesce((select max(KEY) from page having count(*) = @limit), 0)`)
	// From the last key on: what was deleted before is still in the index, and is stepped
	// over while an older transaction may see it.
	for after, more := int64(0), true; more; more = after > 0 {
		// Each batch has a bound of its own, so that a lock which somebody holds is told before
		// the time for all of them is over.
		batch, cancel := context.WithTimeout(ctx, Timeout)
		args := named{"tenant": tenant, "after": after, "limit": PruneBatch}
		next, err := one(batch, s, q, args, pgx.RowTo[int64])
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", e.table, err)
		}
		after = next
	}
	return nil
}

// eraseTenant deletes the tenant with what is left of it. It is two statements in one
// transaction: the second must see what the hosts' writes that the first waits for have
// left.
func (s *Store) eraseTenant(ctx context.Context, tenant flowhq.TenantID, actor string) error {
	// The order is that of lockorder.go.
	const lock = `
		select from flowhq.tenants t join flowhq.hosts w on w.tenant_id = t.id
		where t.id = @tenant for update of w, t`
	const erase = `
		with gone as (
			delete from flowhq.tenants where id = @tenant
			returning id
		), history as (
			delete from flowhq.portal_event_logs e using gone
			where e.tenant_id = gone.id
		), feed as (
			delete from flowhq.feed f using gone
			where f.tenant_id = gone.id
		), commands as (
			delete from flowhq.commands c using gone
			where c.tenant_id = gone.id and c.command <> 'delete'
		), applied as (
			update flowhq.commands set applied_at = now(), outcome = 'erased'
			where tenant_id = @tenant and command = 'delete' and applied_at is null
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor)
			select id, 'TENANT_DELETED', @actor from gone
		)
		select from gone, flowhq.notify('erase', gone.id)`
	ctx, cancel := context.WithTimeout(ctx, eraseEndTimeout)
	defer cancel()
	// Of a tenant that is gone already nothing is locked, and the second statement marks the
	// commands alone.
	return classify(pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lock, named{"tenant": tenant}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, erase, named{"tenant": tenant, "actor": actor})
		return err
	}))
}
