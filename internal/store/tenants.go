package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// tenantColumns are read by scanTenant. Texts that a server may make long are cut, as a page
// has many of them.
const tenantColumns = `
	t.id, t.name, t.phone_number, flowhq.tenant_status(s, w), t.wanted, t.created_at, t.updated_at,
	c.template_type, c.business_name, c.language,
	c.replies_per_minute, c.replies_per_contact, c.retention_days, c.answer_within_minutes,
	c.answered_by,
	s.state, s.number, left(s.reason, 1000), s.ending, s.waiting_for,
	s.retry_at, s.since, s.last_seen_at,
	flowhq.host_status(s, w), greatest(w.since, s.since), w.worker, w.epoch,
	left(w.last_error, 1000),
	case when w.lease_epoch = w.epoch and w.lease_expires_at < now() then w.lease_expires_at end`

// scanTenant reads tenantColumns, in their order, and fills in the installation's Defaults. STALE
// is decided here and stored nowhere: the newest host holds a lease that has run out, so nobody
// keeps the session that the row speaks of.
func (s *Store) scanTenant(row pgx.CollectableRow) (t flowhq.Tenant, err error) {
	return s.scanTenantAnd(row)
}

// scanTenantAnd is scanTenant for a statement that has further columns after tenantColumns.
func (s *Store) scanTenantAnd(
	row pgx.CollectableRow, further ...any,
) (t flowhq.Tenant, err error) {
	var perMinute, perContact, retention, answerWithin *int
	var expired *time.Time
	err = row.Scan(append([]any{
		&t.ID, &t.Name, &t.PhoneNumber, &t.Status, &t.Wanted, &t.CreatedAt, &t.UpdatedAt,
		&t.Config.Template, &t.Config.BusinessName, &t.Config.Language,
		&perMinute, &perContact, &retention, &answerWithin, &t.Config.AnsweredBy,
		&t.Session.State, &t.Session.Number, &t.Session.Reason, &t.Session.Ending,
		&t.Session.WaitingFor,
		&t.Session.RetryAt, &t.Session.Since, &t.Session.LastSeenAt,
		&t.Host.Status, &t.Host.Since, &t.Host.Worker, &t.Host.Epoch, &t.Host.LastError,
		&expired,
	}, further...)...)
	// The lease decides, on the database's clock: what the rows say of the host may be the last
	// words of a process that is no more.
	switch t.Host.Status {
	case flowhq.HostStarting, flowhq.HostRunning, flowhq.HostDraining:
		if expired != nil {
			t.Host.Status, t.Host.Since = flowhq.HostStale, *expired
		}
	default: // nobody expects a sign of life of these
	}
	t.Config.RepliesPerMinute = orDefault(perMinute, s.Defaults.RepliesPerMinute)
	t.Config.RepliesPerContact = orDefault(perContact, s.Defaults.RepliesPerContact)
	t.Config.RetentionDays = orDefault(retention, s.Defaults.RetentionDays)
	t.Config.AnswerWithinMinutes = orDefault(answerWithin,
		cmp.Or(s.Defaults.AnswerWithinMinutes, flowhq.DefaultAnswerWithin))
	return t, err
}

// orDefault returns n, or the installation's default for a column that is null. 0 is a choice
// and not a missing one: it sends no replies.
func orDefault(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}

// CreateTenant is CreateTenantOnce for a request that is not repeated, with a key of its own.
func (s *Store) CreateTenant(
	ctx context.Context, n flowhq.NewTenant, actor string,
) (flowhq.Tenant, error) {
	return s.CreateTenantOnce(ctx, uuid.NewString(), n, actor)
}

// CreateTenantOnce creates n with its config, session and worker, and records
// TENANT_CREATED. A reply limit or retention that is nil stays open: the tenant
// follows Defaults. The caller has validated n.
//
// A key that was used before, for the same n, gives the tenant that it made: a repeated
// request makes one tenant, however many come at once. A Conflict error means that the key
// was used for something else, or that another tenant has the number, and names it.
func (s *Store) CreateTenantOnce(
	ctx context.Context, key string, n flowhq.NewTenant, actor string,
) (t flowhq.Tenant, err error) {
	const q = `
		with k as (
			select subject from flowhq.request_keys where key = @key and subject = @id
		), t as (
			insert into flowhq.tenants (id, name, phone_number)
			select subject, @name, @phone_number from k
			returning id
		), c as (
			insert into flowhq.tenant_configs
				(tenant_id, template_type, business_name, language,
				replies_per_minute, replies_per_contact, retention_days, answer_within_minutes,
				answered_by)
			select id, @template, @business_name, @language,
				@per_minute, @per_contact, @retention, @answer_within, @answered_by
			from t
		), s as (
			insert into flowhq.whatsapp_sessions (tenant_id) select id from t
		), w as (
			insert into flowhq.hosts (tenant_id) select id from t
		)
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor)
		select id, 'TENANT_CREATED', @actor from t`
	body, err := json.Marshal(n)
	if err != nil {
		return t, fmt.Errorf("create tenant: %w", err)
	}
	// The id is drawn here, so that the statement knows whose key it finds: this request's, or an
	// earlier one's that has made another tenant.
	use := newKeyUse(key, "create a tenant", body, uuid.NewString())
	batch := use.batch(s.installation, func(b *pgx.Batch) {
		b.Queue(q, named{
			"key": use.key, "id": use.subject, "actor": actor,
			"name": n.Name, "phone_number": n.PhoneNumber, "template": n.Template,
			"business_name": n.BusinessName, "language": n.Language,
			"per_minute": n.RepliesPerMinute, "per_contact": n.RepliesPerContact,
			"retention": n.RetentionDays, "answer_within": n.AnswerWithinMinutes,
			"answered_by": cmp.Or(n.AnsweredBy, flowhq.ByTemplate),
		})
	})
	if err = send(ctx, s, batch); err == nil {
		err = use.refused()
	}
	if err != nil {
		err = s.missing(ctx, s.numberTaken(ctx, n.PhoneNumber, err))
		return t, fmt.Errorf("create tenant: %w", err)
	}
	// Read anew in any case: a repeated request gets the tenant as it is now.
	t, err = s.Tenant(ctx, flowhq.TenantID(use.subject))
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		err = flowhq.Errorf(flowhq.Conflict, "this key created tenant %s, which has been "+
			"deleted since; a new request needs a new key", use.subject)
	}
	return t, err
}

// numberTaken returns err with the id of the tenant that has the number, if that is
// what is wrong. It is a second round trip, on the way of an error only: a unique key says that
// a row is in the way, and not whose.
func (s *Store) numberTaken(ctx context.Context, number string, err error) error {
	const q = `select id from flowhq.tenants where phone_number = @number`
	if !violates(err, "tenants_phone_number_key") {
		return err
	}
	other, readErr := one(ctx, s, q, named{"number": number}, pgx.RowTo[flowhq.TenantID])
	if readErr != nil {
		return err // it is gone by now
	}
	message := "tenant " + string(other) + " has this phone_number"
	return &flowhq.Error{Code: flowhq.Conflict, Message: message, Err: err}
}

// Tenant returns one tenant, or a NotFound error. A NotFound ends the tenant's host, so it is
// Unavailable if the database is another installation's: see missing.
func (s *Store) Tenant(ctx context.Context, tenant flowhq.TenantID) (flowhq.Tenant, error) {
	const q = `
		select ` + tenantColumns + `
		from flowhq.tenants t
		join flowhq.tenant_configs c on c.tenant_id = t.id
		join flowhq.whatsapp_sessions s on s.tenant_id = t.id
		join flowhq.hosts w on w.tenant_id = t.id
		where t.id = @tenant`
	t, err := one(ctx, s, q, named{"tenant": tenant}, s.scanTenant)
	if err != nil {
		return t, fmt.Errorf("tenant %s: %w", tenant, s.missing(ctx, err))
	}
	return t, nil
}

// UpdateTenant changes the fields that c has, records TENANT_UPDATED, notifies every listener
// ("config") and returns the tenant as it is then. A limit or retention that is set to null
// follows Defaults from now on. The caller has validated c.
//
// The rows that it returns are those of its own updates: a statement does not see in a table
// what it has just changed there.
func (s *Store) UpdateTenant(
	ctx context.Context, tenant flowhq.TenantID, c flowhq.TenantChange, actor string,
) (flowhq.Tenant, error) {
	return s.UpdateTenantAt(ctx, tenant, c, nil, actor)
}

// UpdateTenantAt is UpdateTenant of a tenant that was updated at this time last. It fails with code
// Conflict if that is another time. The comparison is made under the lock of the row, so of two
// such changes at once one is refused.
func (s *Store) UpdateTenantAt(
	ctx context.Context, tenant flowhq.TenantID, c flowhq.TenantChange, at *time.Time, actor string,
) (flowhq.Tenant, error) {
	const q = `
		with t as (
			update flowhq.tenants set
				name = coalesce(@name, name),
				phone_number = coalesce(@phone_number, phone_number),
				-- It grows, as it is the version of the row: now() is when a transaction began.
				updated_at = greatest(now(), updated_at + interval '1 microsecond')
			where id = @tenant and (@at::timestamptz is null or updated_at = @at)
			returning *
		), c as (
			update flowhq.tenant_configs c set
				template_type = coalesce(@template, template_type),
				business_name = coalesce(@business_name, business_name),
				language = coalesce(@language, language),
				replies_per_minute = case when 'replies_per_minute' = any(@changed::text[])
					then @per_minute else replies_per_minute end,
				replies_per_contact = case when 'replies_per_contact' = any(@changed)
					then @per_contact else replies_per_contact end,
				retention_days = case when 'retention_days' = any(@changed)
					then @retention else retention_days end,
				answer_within_minutes = case when 'answer_within_minutes' = any(@changed)
					then @answer_within else answer_within_minutes end,
				answered_by = coalesce(@answered_by, answered_by)
			from t where c.tenant_id = t.id
			returning c.*
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select id, 'TENANT_UPDATED', @actor, array_to_string(@changed, ', ') from t
		)
		select ` + tenantColumns + `
		from t
		join c on c.tenant_id = t.id
		join flowhq.whatsapp_sessions s on s.tenant_id = t.id
		join flowhq.hosts w on w.tenant_id = t.id
		cross join lateral flowhq.notify('config', t.id, w.epoch)`
	changed := changedFields(c)
	// A change of nothing records no event and wakes nobody.
	if len(changed) == 0 {
		return s.tenantAt(ctx, tenant, at)
	}
	t, err := one(ctx, s, q, named{
		"tenant": tenant, "name": c.Name, "phone_number": c.PhoneNumber, "template": c.Template,
		"business_name": c.BusinessName, "language": c.Language,
		"per_minute": c.RepliesPerMinute.Value, "per_contact": c.RepliesPerContact.Value,
		"retention": c.RetentionDays.Value, "answer_within": c.AnswerWithinMinutes.Value,
		"answered_by": c.AnsweredBy,
		"actor":       actor, "changed": changed, "at": at,
	}, s.scanTenant)
	if err != nil {
		if c.PhoneNumber != nil {
			err = s.numberTaken(ctx, *c.PhoneNumber, err)
		}
		// There may be no row because the tenant is another one than the caller has seen.
		if flowhq.ErrorCode(err) == flowhq.NotFound && at != nil {
			if _, changed := s.tenantAt(ctx, tenant, at); flowhq.ErrorCode(changed) == flowhq.Conflict {
				err = changed
			}
		}
		return t, fmt.Errorf("update tenant %s: %w", tenant, err)
	}
	return t, nil
}

// tenantAt returns a tenant that was updated at this time last, or fails with code Conflict; nil is
// any time.
func (s *Store) tenantAt(
	ctx context.Context, tenant flowhq.TenantID, at *time.Time,
) (flowhq.Tenant, error) {
	t, err := s.Tenant(ctx, tenant)
	if err == nil && at != nil && !t.UpdatedAt.Equal(*at) {
		err = flowhq.Errorf(flowhq.Conflict, "the tenant has been changed since")
	}
	return t, err
}

// changedFields names the fields that c sets, as the API spells them. The event lists them, and
// the statement tells by them a field that is set to null from one that was not given.
func changedFields(c flowhq.TenantChange) (names []string) {
	add := func(set bool, name string) {
		if set {
			names = append(names, name)
		}
	}
	add(c.Name != nil, "name")
	add(c.PhoneNumber != nil, "phone_number")
	add(c.Template != nil, "template_type")
	add(c.BusinessName != nil, "business_name")
	add(c.Language != nil, "language")
	add(c.RepliesPerMinute.Set, "replies_per_minute")
	add(c.RepliesPerContact.Set, "replies_per_contact")
	add(c.RetentionDays.Set, "retention_days")
	add(c.AnswerWithinMinutes.Set, "answer_within_minutes")
	add(c.AnsweredBy != nil, "answered_by")
	return names
}
