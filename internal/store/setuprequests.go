package store

import (
	"context"
	"fmt"
	"maps"

	"github.com/flowhq/flowhq"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// setupKept is how many setup requests of a tenant are kept, besides those that are open or wait
// for the session. A form that is sent again and again must not fill the table.
const setupKept = 50

// SetupKeyPrefix begins the keys of the commands by which approvals start sessions. Such a key is
// made of the request's id, so that an approval that is repeated starts nothing twice. Clients may
// send no key that begins so, or one of theirs could stand in an approval's way.
const SetupKeyPrefix = "setup:"

// setupColumns are the fields of flowhq.SetupRequest, in their order.
const setupColumns = `r.id::text, r.tenant_id, r.business_name, r.template_type, r.whatsapp_number,
	r.language, r.status, r.notes, r.submitted_by, r.decided_by, r.created_at, r.updated_at`

// A SetupFilter selects setup requests. Empty fields select all. Tenant is set from the principal
// for who is bound to one.
type SetupFilter struct {
	Tenant flowhq.TenantID
	Status flowhq.SetupStatus
	Cursor string // where the previous page ended
	Limit  int    // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

// SetupRequests returns one page of the setup requests that f selects, newest first, and the cursor
// of the next page, "" after the last. Each part of the filter has an index of its own, and a
// tenant has few.
func (s *Store) SetupRequests(
	ctx context.Context, f SetupFilter,
) (page []flowhq.SetupRequest, next string, err error) {
	before, beforeID, err := parseCursor(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := clampLimit(f.Limit)
	args := named{"before": before, "before_id": beforeID, "limit": limit + 1}
	// A condition is there only if it is asked for, so that each form has its index.
	q := `
		select ` + setupColumns + `
		from flowhq.setup_requests r
		where (@before_id::uuid is null
			or (r.created_at, r.id) < (@before::timestamptz, @before_id))`
	if f.Tenant != "" {
		q, args["tenant"] = q+` and r.tenant_id = @tenant`, f.Tenant
	}
	if f.Status != "" {
		q, args["status"] = q+` and r.status = @status`, f.Status
	}
	q += ` order by r.created_at desc, r.id desc limit @limit`
	page, err = many(ctx, s, q, args, pgx.RowToStructByPos[flowhq.SetupRequest])
	if err != nil {
		return nil, "", fmt.Errorf("list setup requests: %w", err)
	}
	// One row more than the page was read, so that the last page is known without a count.
	if len(page) > limit {
		page = page[:limit]
		next = cursor(page[limit-1].CreatedAt, page[limit-1].ID)
	}
	return page, next, nil
}

// SetupRequest returns one setup request of a tenant, "" for any, or a NotFound error.
func (s *Store) SetupRequest(
	ctx context.Context, tenant flowhq.TenantID, id string,
) (flowhq.SetupRequest, error) {
	// Whoever is bound to a tenant learns the same of a request of another one as of none.
	const q = `
		select ` + setupColumns + ` from flowhq.setup_requests r
		where (@tenant::text = '' or r.tenant_id = nullif(@tenant, '')::uuid) and r.id = @id`
	r, err := one(ctx, s, q, named{"tenant": tenant, "id": id},
		pgx.RowToStructByPos[flowhq.SetupRequest])
	if err != nil {
		return r, fmt.Errorf("setup request %s: %w", id, noSuch("setup request", err))
	}
	return r, nil
}

// A SetupSubmission is one submission of a setup request.
type SetupSubmission struct {
	flowhq.NewSetupRequest
	Key   string // of the request: the same one is the same setup request
	Actor string
	// Approved has the request approved at once, by the installation's choice.
	Approved bool
}

// args are the arguments of sameSetup, and more. One function makes them, as the statements that
// look for a repetition have to agree on what one is.
func (n SetupSubmission) args(tenant flowhq.TenantID, more named) named {
	all := named{
		"tenant": tenant, "key": clean(n.Key), "business_name": n.BusinessName,
		"template": n.Template, "whatsapp_number": n.WhatsAppNumber, "language": n.Language,
	}
	maps.Copy(all, more)
	return all
}

// sameSetup selects the tenant's setup request that a submission repeats: one of its key, or else
// the newest, if that has the same fields and was not rejected. A user whose form was slow sends
// it again, and most forms send no key.
const sameSetup = `
	select r.* from flowhq.setup_requests r
	where r.tenant_id = @tenant and (r.key = @key or r.status <> 'REJECTED'
		and (r.business_name, r.template_type, r.whatsapp_number, r.language)
			= (@business_name, @template, @whatsapp_number, @language)
		and not exists (
			select from flowhq.setup_requests n where n.tenant_id = @tenant
				and (n.created_at, n.id) > (r.created_at, r.id)))
	order by r.key = @key desc
	limit 1`

// SubmitSetup records a setup request of a tenant, or finds the one that this repeats, and
// returns it with the tenant's name. One on which nobody has decided is rejected in favour of the
// new one. With Approved the new one is approved by the same transaction; see DecideSetup.
//
// The caller has validated n. A Conflict error means that the key was used for other fields, that
// the tenant is being deleted, or, with Approved, that another tenant has the number.
func (s *Store) SubmitSetup(
	ctx context.Context, tenant flowhq.TenantID, n SetupSubmission,
) (r flowhq.SetupRequest, name string, err error) {
	const replace = `
		with replaced as (
			update flowhq.setup_requests r set status = 'REJECTED', decided_by = @actor,
				notes = 'replaced by a later request', updated_at = clock_timestamp()
			where r.tenant_id = @tenant and r.status in ('SUBMITTED', 'REVIEWING')
				and not exists (` + sameSetup + `) and ` + notDeleted + `
			returning tenant_id, id
		)
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select tenant_id, 'SETUP_REQUEST_REJECTED', @actor, 'setup request ' || id from replaced`
	const add = `
		with new as (
			insert into flowhq.setup_requests (tenant_id, id, key, business_name,
				template_type, whatsapp_number, language, submitted_by)
			select t.id, @id, @key, @business_name, @template, @whatsapp_number, @language, @actor
			from flowhq.tenants t
			where t.id = @tenant and not exists (` + sameSetup + `) and ` + notDeleted + `
			returning tenant_id, id
		)
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select tenant_id, 'SETUP_REQUEST_SUBMITTED', @actor, 'setup request ' || id from new`
	// Old ones go with the new one. What is open or APPROVED stays, however old it is.
	const prune = `
		delete from flowhq.setup_requests
		where tenant_id = @tenant and status in ('ACTIVE', 'REJECTED') and id in (
			select id from flowhq.setup_requests where tenant_id = @tenant
			order by created_at desc, id desc offset @kept)`
	const read = `
		select ` + setupColumns + `,
			(r.business_name, r.template_type, r.whatsapp_number, r.language)
				= (@business_name, @template, @whatsapp_number, @language)
		from (` + sameSetup + `) r`
	type found struct {
		flowhq.SetupRequest
		Same bool
	}
	var rows []found
	id := uuid.NewString()
	batch := &pgx.Batch{}
	// The locks come first, so the statements after them see what the last holder has left.
	queueSetupLocks(batch, tenant, &name)
	batch.Queue(replace, n.args(tenant, named{"actor": clean(n.Actor)}))
	batch.Queue(add, n.args(tenant, named{"actor": clean(n.Actor), "id": id}))
	batch.Queue(prune, named{"tenant": tenant, "kept": setupKept})
	if n.Approved {
		queueApproval(batch, tenant, id, SetupDecision{Actor: n.Actor})
	}
	batch.Queue(read, n.args(tenant, nil)).Query(func(r pgx.Rows) (err error) {
		rows, err = pgx.CollectRows(r, pgx.RowToStructByPos[found])
		return err
	})
	if err = send(ctx, s, batch); err != nil {
		return r, "", fmt.Errorf("setup of tenant %s: %w", tenant, numberOfOther(err))
	}
	// Nothing was added and nothing is repeated, so a condition of the statements has failed;
	// refused finds out which.
	if len(rows) == 0 {
		return r, "", s.refused(ctx, tenant)
	}
	// A key stands for one request. If it were taken for other fields too, the caller would believe
	// that these were submitted.
	if !rows[0].Same {
		return r, "", flowhq.Errorf(flowhq.Conflict, "this key was used for another request, "+
			"which made setup request %s; a new request needs a new key", rows[0].ID)
	}
	return rows[0].SetupRequest, name, nil
}

// numberOfOther is err in words for a tenant's user, who must not learn which tenant has a number.
func numberOfOther(err error) error {
	if !violates(err, "tenants_phone_number_key") {
		return err
	}
	return &flowhq.Error{
		Code: flowhq.Conflict, Message: "this whatsapp_number belongs to another business here",
		Err: err,
	}
}

// notDeleted is the condition that nobody has asked for the tenant to be deleted.
const notDeleted = `not exists (
	select from flowhq.commands where tenant_id = @tenant and command = 'delete')`

// queueSetupLocks adds the locks of whoever changes setup requests, in the order of all locks. That
// of the session's row has an approval and a session that connects wait for each other.
func queueSetupLocks(batch *pgx.Batch, tenant flowhq.TenantID, name *string) {
	const host = `select from flowhq.hosts where tenant_id = @tenant for no key update`
	const session = `
		select from flowhq.whatsapp_sessions where tenant_id = @tenant for no key update`
	batch.Queue(host, named{"tenant": tenant})
	batch.Queue(session, named{"tenant": tenant})
	queueTenantLock(batch, tenant, name)
}

// A SetupDecision is what an operator decides on a setup request.
type SetupDecision struct {
	Status flowhq.SetupStatus // REVIEWING, APPROVED or REJECTED
	Notes  string             // with REJECTED the reason, which is required
	Actor  string
}

// queueApproval adds the statements that approve an open setup request: the tenant gets what it
// asks for, and the command to start. Both are one transaction, so an approval that is recorded
// starts the session, whatever happens to any process. A session that is connected with the
// number makes the request ACTIVE at once. Only an approved request starts anything, and under
// its key only once.
func queueApproval(batch *pgx.Batch, tenant flowhq.TenantID, id string, d SetupDecision) {
	const approve = `
		with r as (
			update flowhq.setup_requests r set notes = @notes, decided_by = @actor,
				status = case when s.state = 'CONNECTED' and not s.unconfirmed
					and s.number = r.whatsapp_number then 'ACTIVE' else 'APPROVED' end,
				updated_at = clock_timestamp()
			from flowhq.whatsapp_sessions s
			where r.tenant_id = @tenant and r.id = @id and r.status in ('SUBMITTED', 'REVIEWING')
				and s.tenant_id = @tenant and ` + notDeleted + `
			returning r.*
		), t as (
			update flowhq.tenants t set phone_number = r.whatsapp_number,
				updated_at = greatest(now(), t.updated_at + interval '1 microsecond')
			from r where t.id = @tenant
		), c as (
			update flowhq.tenant_configs c set business_name = r.business_name,
				template_type = r.template_type, language = r.language
			from r where c.tenant_id = @tenant
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, 'SETUP_REQUEST_APPROVED', @actor, 'setup request ' || id from r
			union all
			select @tenant, 'SETUP_REQUEST_ACTIVE', @actor, 'setup request ' || id from r
			where r.status = 'ACTIVE'
		)
		select from r
		join flowhq.hosts h on h.tenant_id = r.tenant_id
		cross join lateral flowhq.notify('config', r.tenant_id, h.epoch)`
	batch.Queue(approve, named{
		"tenant": tenant, "id": id, "notes": clean(d.Notes), "actor": clean(d.Actor),
	})
	// The key is made of the request's id, so an approval that is repeated after a crash finds its
	// own command and starts nothing twice.
	start := NewCommand{
		Command: flowhq.Start, Key: SetupKeyPrefix + id, Actor: d.Actor,
		Reason: "setup request " + id,
	}
	args := start.args(tenant)
	args["setup"] = id
	batch.Queue(addCommand(`exists (
		select from flowhq.setup_requests r
		where r.tenant_id = @tenant and r.id = @setup and r.status in ('APPROVED', 'ACTIVE'))`),
		args)
}

// DecideSetup decides on a setup request that is open, and returns it with the tenant's name. To
// repeat a decision changes nothing. A Conflict error means that another decision was made, that
// the tenant is being deleted, or that another tenant has the number, and names it.
func (s *Store) DecideSetup(
	ctx context.Context, id string, d SetupDecision,
) (r flowhq.SetupRequest, name string, err error) {
	// Read without a lock, for the tenant. The statements decide once more, under the locks.
	if r, err = s.SetupRequest(ctx, "", id); err != nil {
		return r, "", err
	}
	// A decision that was made before is answered from the row: nothing is locked, and no second
	// event is recorded.
	if changes, err := r.Status.Becomes(d.Status); err != nil || !changes {
		return r, "", err
	}
	const decide = `
		with r as (
			update flowhq.setup_requests r set status = @status, notes = @notes,
				decided_by = @actor, updated_at = clock_timestamp()
			where r.tenant_id = @tenant and r.id = @id and r.status in ('SUBMITTED', 'REVIEWING')
				and r.status <> @status
			returning r.*
		)
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select tenant_id, 'SETUP_REQUEST_' || @status, @actor, 'setup request ' || id from r`
	batch := &pgx.Batch{}
	queueSetupLocks(batch, r.Tenant, &name)
	if d.Status == flowhq.SetupApproved {
		queueApproval(batch, r.Tenant, id, d)
	} else {
		batch.Queue(decide, named{
			"tenant": r.Tenant, "id": id, "status": d.Status, "notes": clean(d.Notes),
			"actor": clean(d.Actor),
		})
	}
	if err = send(ctx, s, batch); err != nil {
		err = s.numberTaken(ctx, r.WhatsAppNumber, err)
		return r, "", fmt.Errorf("setup request %s: %w", id, err)
	}
	// Read anew, as the statements may have found another decision.
	if r, err = s.SetupRequest(ctx, "", id); err != nil {
		return r, "", err
	}
	// Another decision may have been faster, or the tenant is being deleted.
	changes, err := r.Status.Becomes(d.Status)
	if err == nil && changes {
		err = s.refused(ctx, r.Tenant)
	}
	return r, name, err
}
