package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// eraseTimeout bounds the deletion of a tenant with millions of messages.
const eraseTimeout = 50 * time.Second

// Erase deletes the tenant and everything that is known about it and its
// customers, but for one TENANT_DELETED event and the commands to do so, which are
// marked as applied, and tells every listener ("erase"). A host that still runs is fenced from here on. Erasing a tenant
// that is gone already, or never was, is no error.
//
// It is two statements in one transaction: the second must see what the hosts'
// writes that the first waits for have left.
func (s *Store) Erase(ctx context.Context, tenant flowhq.TenantID, actor string) error {
	const lock = `
		select from flowhq.tenants t join flowhq.worker_processes w on w.tenant_id = t.id
		where t.id = @tenant for update of w, t`
	const erase = `
		with gone as (
			delete from flowhq.tenants where id = @tenant
			returning id
		), history as (
			delete from flowhq.portal_event_logs e using gone
			where e.tenant_id = gone.id
		), commands as (
			delete from flowhq.commands c using gone
			where c.tenant_id = gone.id and c.command <> 'delete'
		), applied as (
			update flowhq.commands set applied_at = now(), outcome = 'erased'
			where tenant_id = @tenant and command = 'delete' and applied_at is null
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor)
			select id, '` + TenantDeleted + `', @actor from gone
		)
		select from gone, pg_notify('` + channel + `', concat_ws(' ', 'erase', gone.id, 0))`
	ctx, cancel := context.WithTimeout(ctx, eraseTimeout)
	defer cancel()
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lock, pgx.StrictNamedArgs{"tenant": tenant}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, erase, pgx.StrictNamedArgs{"tenant": tenant, "actor": actor})
		return err
	})
	if err != nil {
		return fmt.Errorf("erase tenant %s: %w", tenant, classify(err))
	}
	return nil
}
