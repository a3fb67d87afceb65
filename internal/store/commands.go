package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// commandColumns are the fields of flowhq.TenantCommand, in their order.
const commandColumns = `tenant_id, id, key, command, actor, reason, asked_at, applied_at, outcome`

// A NewCommand is what giving a command to a tenant takes.
type NewCommand struct {
	Command flowhq.Command
	Key     string // of the request: the same one is the same command, however often it comes
	Actor   string
	Reason  string // for whoever reads it later; may be ""
}

// hash tells a repeated request from another one with the same key. The actor is no part of
// it: who repeats a request may do so through another login.
func (c NewCommand) hash() []byte {
	sum := sha256.Sum256([]byte(string(c.Command) + "\x00" + c.Reason))
	return sum[:]
}

// Command records that a tenant was given a command, what is wanted of it from now on, and
// the event, and returns the command with the tenant's name, "" if the tenant is gone. From
// then on the command will be applied, whatever happens to any process; commands of one
// tenant are applied in the order of their ids. A stop takes back a relink that no host has
// done yet: whoever starts the tenant weeks later does not expect its phone to be unlinked.
//
// A key that the tenant has had before gives the command that it stands for: a repeated
// request is one command. With another command or reason it is a Conflict, as is any
// command but a repeated deletion for a tenant that is being deleted. A NotFound error
// means that there is no such tenant.
//
// Only a statement after the lock sees what others did before they gave it up. The id of the
// command is drawn under the lock as well, so ids grow in the order of the commits: a reader
// that has seen an id has seen all lower ones.
//
// The command, what is wanted, the relink and the event are one statement, and the notice is
// sent at its commit: whoever is notified finds the command. read comes in any case, and
// finds the command of an earlier request under the key.
func (s *Store) Command(
	ctx context.Context, tenant flowhq.TenantID, c NewCommand,
) (_ flowhq.TenantCommand, name string, err error) {
	// The order of locks is that of SetSession: host, session, tenant.
	const lockHost = `select from flowhq.hosts where tenant_id = @tenant for no key update`
	const read = `
		select ` + commandColumns + `, request_hash = @hash
		from flowhq.commands where tenant_id = @tenant and key = @key`
	type found struct {
		flowhq.TenantCommand
		Same bool
	}
	var rows []found
	batch := &pgx.Batch{}
	if c.Command == flowhq.Relink || c.Command == flowhq.Stop { // changes the session too
		batch.Queue(lockHost, named{"tenant": tenant})
	}
	queueTenantLock(batch, tenant, &name)
	batch.Queue(addCommand("true"), c.args(tenant))
	batch.Queue(read, named{"tenant": tenant, "key": clean(c.Key), "hash": c.hash()}).
		Query(func(r pgx.Rows) (err error) {
			rows, err = pgx.CollectRows(r, pgx.RowToStructByPos[found])
			return err
		})
	if err := send(ctx, s, batch); err != nil {
		return flowhq.TenantCommand{}, "", fmt.Errorf("command for tenant %s: %w", tenant, err)
	}
	// Nothing is under the key only if addCommand has added nothing: the tenant is gone, or is
	// being deleted.
	switch {
	case len(rows) == 0:
		return flowhq.TenantCommand{}, "", s.refused(ctx, tenant)
	case !rows[0].Same:
		first := rows[0].TenantCommand
		err := flowhq.Errorf(flowhq.Conflict, "this key was used for another request: command "+
			"%d of this tenant, %s; a new request needs a new key", first.ID, first.Command)
		return flowhq.TenantCommand{}, "", fmt.Errorf("command for tenant %s: %w", tenant, err)
	}
	return rows[0].TenantCommand, name, nil
}

// queueTenantLock adds the statement that locks a tenant's row and reads its name, "" if the tenant
// is gone.
func queueTenantLock(batch *pgx.Batch, tenant flowhq.TenantID, name *string) {
	const q = `select name from flowhq.tenants where id = @tenant for no key update`
	batch.Queue(q, named{"tenant": tenant}).Query(func(r pgx.Rows) error {
		names, err := pgx.CollectRows(r, pgx.RowTo[string])
		if len(names) > 0 {
			*name = names[0]
		}
		return err
	})
}

// addCommand is the statement that records a command under the lock of its tenant, if a condition
// holds. NewCommand.args are its arguments. What is wanted and the relink follow from the row
// that was added, so a repeated request changes neither: a later command may have changed them
// since. A second deletion under another key is added too, and is applied with the first.
func addCommand(condition string) string {
	return `
		with tenant as (
			select id from flowhq.tenants
			where id = @tenant and (@command = 'delete' or not exists (
				select from flowhq.commands where tenant_id = @tenant and command = 'delete'))
				and ` + condition + `
		), new as (
			insert into flowhq.commands (tenant_id, key, command, actor, reason, request_hash)
			select id, @key, @command, @actor, @reason, @hash from tenant
			on conflict (tenant_id, key) do nothing
			returning tenant_id, key, command, actor
		), wanted as (
			update flowhq.tenants t set wanted = new.command not in ('stop', 'delete')
			from new where t.id = @tenant
		), relink as (
			update flowhq.whatsapp_sessions s set relink = new.command = 'relink'
			from new where s.tenant_id = @tenant and new.command in ('relink', 'stop')
		)
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select tenant_id, @event, actor, 'request ' || key
		from new, flowhq.notify('command', tenant_id)`
}

// args are the arguments of addCommand.
func (c NewCommand) args(tenant flowhq.TenantID) named {
	return named{
		"tenant": tenant, "key": clean(c.Key), "command": c.Command,
		"actor": clean(c.Actor), "reason": clean(c.Reason),
		"hash": c.hash(), "event": c.Command.Requested(),
	}
}

// refused says why a tenant takes no command: NotFound if it is gone, Conflict if it is being
// deleted. It asks after the fact, so a tenant that goes in between is gone.
func (s *Store) refused(ctx context.Context, tenant flowhq.TenantID) error {
	if _, err := s.Tenant(ctx, tenant); err != nil {
		return err
	}
	err := flowhq.Errorf(flowhq.Conflict, "this tenant is being deleted")
	return fmt.Errorf("command for tenant %s: %w", tenant, err)
}

// TenantCommand returns one command of a tenant, which may have been deleted since, or a NotFound
// error.
func (s *Store) TenantCommand(
	ctx context.Context, tenant flowhq.TenantID, id int64,
) (flowhq.TenantCommand, error) {
	// The table is read alone, without a join to tenants, as a command outlives its tenant.
	const q = `
		select ` + commandColumns + `
		from flowhq.commands
		where tenant_id = @tenant and id = @id`
	args := named{"tenant": tenant, "id": id}
	o, err := one(ctx, s, q, args, pgx.RowToStructByPos[flowhq.TenantCommand])
	if err != nil {
		return o, fmt.Errorf("command %d of tenant %s: %w", id, tenant, noSuch("command", err))
	}
	return o, nil
}

// TenantCommands returns one page of the tenant's commands, newest first, of those whose
// ids are below before unless that is 0, and the before of the next page, 0 after the last.
func (s *Store) TenantCommands(
	ctx context.Context, tenant flowhq.TenantID, before int64, limit int,
) (page []flowhq.TenantCommand, next int64, err error) {
	const q = `
		select ` + commandColumns + `
		from flowhq.commands
		where tenant_id = @tenant and (@before::bigint = 0 or id < @before)
		order by id desc
		limit @limit`
	limit = clampLimit(limit)
	rows, err := many(ctx, s, q, named{"tenant": tenant, "before": before, "limit": limit + 1},
		pgx.RowToStructByPos[flowhq.TenantCommand])
	if err != nil {
		return nil, 0, fmt.Errorf("commands of tenant %s: %w", tenant, err)
	}
	page, next = cut(rows, limit, 0, func(c flowhq.TenantCommand) int64 { return c.ID })
	return page, next, nil
}

// Deletion returns the command by which the tenant is to be deleted, or was, or a NotFound
// error: nobody has asked for it.
func (s *Store) Deletion(
	ctx context.Context, tenant flowhq.TenantID,
) (flowhq.TenantCommand, error) {
	// Several requests may have asked for it. The first is the one that the tenant is deleted by.
	const q = `
		select ` + commandColumns + `
		from flowhq.commands
		where tenant_id = @tenant and command = 'delete'
		order by id
		limit 1`
	o, err := one(ctx, s, q, named{"tenant": tenant}, pgx.RowToStructByPos[flowhq.TenantCommand])
	if err != nil {
		return o, fmt.Errorf("deletion of tenant %s: %w", tenant, s.missing(ctx, err))
	}
	return o, nil
}

// A CommandOutcome says what has come of a command.
type CommandOutcome struct {
	ID int64 `json:"id"`
	// Key is of the command's request, "" = any. The id alone is not enough: a database that
	// was restored from an older backup gives ids out again.
	Key     string `json:"key,omitempty"`
	Outcome string `json:"outcome"`
}

// outcomeArgs are the arguments of a statement that marks commands as applied: three arrays of one
// length, which the statement reads side by side.
func outcomeArgs(args named, outcomes []CommandOutcome) {
	ids, keys := make([]int64, len(outcomes)), make([]string, len(outcomes))
	texts := make([]string, len(outcomes))
	for i, o := range outcomes {
		ids[i], keys[i], texts[i] = o.ID, o.Key, clean(o.Outcome)
	}
	args["command_ids"], args["command_keys"], args["outcomes"] = ids, keys, texts
}

// RecordOutcomes notes what has come of commands that changed nothing. It may be repeated: what
// was noted first stays. It is no error if the tenant is gone; another installation's database
// is Unavailable, and the workflow tries again.
func (s *Store) RecordOutcomes(
	ctx context.Context, tenant flowhq.TenantID, outcomes []CommandOutcome,
) error {
	// The condition on applied_at keeps what was noted first. That on the key keeps a command
	// which was given after a restore from being taken for an older one with its id.
	const q = `
		with applied as (
			update flowhq.commands c set applied_at = now(), outcome = o.outcome
			from unnest(@command_ids::bigint[], @command_keys::text[], @outcomes::text[])
				as o (id, key, outcome)
			where c.tenant_id = @tenant and c.id = o.id and o.key in ('', c.key)
				and c.applied_at is null
		)
		select exists (select from flowhq.tenants where id = @tenant)`
	args := named{"tenant": tenant}
	outcomeArgs(args, outcomes)
	there, err := one(ctx, s, q, args, pgx.RowTo[bool])
	if err == nil && !there {
		err = s.Ping(ctx) // the tenant is gone, or this is not its database
	}
	if err != nil {
		return fmt.Errorf("commands of tenant %s: %w", tenant, err)
	}
	return nil
}

// maxSeen bounds how many commands one look finds. The next look finds the rest.
const maxSeen = 200

// A TenantSnapshot is what the rows say of a tenant: what is wanted of it, and how things stand.
type TenantSnapshot struct {
	Name     string
	Template flowhq.Template
	// NeedsHost is whether the session is wanted and no person has to act first, who would then
	// give a command.
	NeedsHost bool
	// Quiet is whether the rows say that nothing runs, and nothing will by itself.
	Quiet      bool
	Epoch      int64
	RetryAt    *time.Time // when it is tried again by itself
	State      flowhq.SessionState
	Reason     string
	Ending     flowhq.Ending
	WaitingFor flowhq.Wait
	Commands   []flowhq.TenantCommand // that nobody has applied, in order
	More       bool                   // there are further ones
}

// TenantSnapshot returns what the rows say of a tenant, and its commands whose ids are above
// after. A NotFound error means that it is gone.
func (s *Store) TenantSnapshot(
	ctx context.Context, tenant flowhq.TenantID, after int64,
) (TenantSnapshot, error) {
	// Two statements in one round trip. Each has a snapshot of its own, so a command that is
	// given in between is found although the row does not show it yet.
	const row = `
		select t.name, c.template_type, t.wanted, flowhq.host_status(s, w), w.epoch,
			s.retry_at, s.state, s.reason, s.ending, s.waiting_for
		from flowhq.tenants t
		join flowhq.tenant_configs c on c.tenant_id = t.id
		join flowhq.whatsapp_sessions s on s.tenant_id = t.id
		join flowhq.hosts w on w.tenant_id = t.id
		where t.id = @tenant`
	const commands = `
		select ` + commandColumns + `
		from flowhq.commands
		where tenant_id = @tenant and applied_at is null and id > @after
		order by id
		limit @limit`
	var v TenantSnapshot
	batch := &pgx.Batch{}
	batch.Queue(row, named{"tenant": tenant}).QueryRow(func(r pgx.Row) error {
		var status flowhq.HostStatus
		var wanted bool
		err := r.Scan(&v.Name, &v.Template, &wanted, &status, &v.Epoch, &v.RetryAt,
			&v.State, &v.Reason, &v.Ending, &v.WaitingFor)
		v.Quiet = status == flowhq.HostStopped ||
			status == flowhq.HostError && v.Ending.NonRetryable()
		v.NeedsHost = wanted && !waitsForPerson(status, v.Ending)
		return err
	})
	// One row more than a look takes tells whether there are further ones.
	args := named{"tenant": tenant, "after": after, "limit": maxSeen + 1}
	batch.Queue(commands, args).Query(func(rows pgx.Rows) (err error) {
		v.Commands, err = pgx.CollectRows(rows, pgx.RowToStructByPos[flowhq.TenantCommand])
		if v.More = len(v.Commands) > maxSeen; v.More {
			v.Commands = v.Commands[:maxSeen]
		}
		return err
	})
	if err := send(ctx, s, batch); err != nil {
		return v, fmt.Errorf("look at tenant %s: %w", tenant, s.missing(ctx, err))
	}
	return v, nil
}

// waitsForPerson reports whether a session that is wanted waits for a person.
func waitsForPerson(status flowhq.HostStatus, ending flowhq.Ending) bool {
	return (status == flowhq.HostStopped || status == flowhq.HostError) && ending.WaitsForPerson()
}

// endingsForPerson are the endings after which a session waits for a person.
func endingsForPerson() (all []flowhq.Ending) {
	for _, ending := range flowhq.Endings {
		if ending.WaitsForPerson() {
			all = append(all, ending)
		}
	}
	return all
}
