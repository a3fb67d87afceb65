package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// changedMeanwhile is what a caller reads whose change is of a version that is not current.
const changedMeanwhile = "the profile has been changed meanwhile: read it again, then change that"

// A profileRow has the tenant's phone number beside the newest profile, or that of a
// version. Version is nil if the owner has given nothing.
type profileRow struct {
	// It says of which country the business is, for the defaults of a profile that was not given.
	Number  string
	Version *int64
	Profile *string
}

// read returns the profile of a row. A profile that cannot be read is an error and not an empty
// profile: the next change would overwrite what the owner told.
func (r profileRow) read() (flowhq.Profile, error) {
	if r.Version == nil || r.Profile == nil {
		return flowhq.NewProfile(r.Number), nil
	}
	var p flowhq.Profile
	if err := json.Unmarshal([]byte(*r.Profile), &p); err != nil {
		return p, err
	}
	// An older program stored it, perhaps without fields that have a default now.
	p = p.Normalized()
	p.Version = *r.Version
	return p, nil
}

// Profile returns what the owner has told, or flowhq.NewProfile if that is nothing. A NotFound
// error means that there is no such tenant. It reads one row of profiles, by its key.
func (s *Store) Profile(
	ctx context.Context, tenant flowhq.TenantID,
) (flowhq.Profile, error) {
	// The tenant is read with it: a tenant whose owner has given nothing must not look like none.
	const q = `
		select t.phone_number, p.version, p.profile::text
		from flowhq.tenants t
		left join lateral (
			select version, profile from flowhq.profiles
			where tenant_id = t.id
			order by version desc
			limit 1
		) p on true
		where t.id = @tenant`
	row, err := one(ctx, s, q, named{"tenant": tenant}, pgx.RowToStructByPos[profileRow])
	var p flowhq.Profile
	if err == nil {
		p, err = row.read()
	}
	if err != nil {
		return p, fmt.Errorf("profile of tenant %s: %w", tenant, s.missing(ctx, err))
	}
	return p, nil
}

// ProfileAt returns the profile as it was in a version. A NotFound error means that there is no
// such tenant, or that the version is not kept, if it ever was.
func (s *Store) ProfileAt(
	ctx context.Context, tenant flowhq.TenantID, version int64,
) (flowhq.Profile, error) {
	const q = `
		select t.phone_number, p.version, p.profile::text
		from flowhq.tenants t
		left join flowhq.profiles p on p.tenant_id = t.id and p.version = @version
		where t.id = @tenant`
	row, err := one(ctx, s, q, named{
		"tenant": tenant, "version": version,
	}, pgx.RowToStructByPos[profileRow])
	// A tenant that is not there yields no row, and NotFound as well.
	if err == nil && row.Version == nil {
		err = flowhq.Errorf(flowhq.NotFound, "version %d of the profile is not kept; "+
			"the newest %d are", version, flowhq.KeptVersions)
	}
	var p flowhq.Profile
	if err == nil {
		p, err = row.read()
	}
	if err != nil {
		return p, fmt.Errorf("profile version %d of tenant %s: %w", version, tenant, err)
	}
	return p, nil
}

// ProfileVersions returns one page of the versions of a profile, the newest first: those below
// before, 0 being for the first page. next is what the next page is below, 0 after the last one.
// A tenant that is not there has none.
func (s *Store) ProfileVersions(
	ctx context.Context, tenant flowhq.TenantID, before int64, limit int,
) (page []flowhq.ProfileVersion, next int64, err error) {
	const q = `
		select version, actor, reason, created_at
		from flowhq.profiles
		where tenant_id = @tenant and (@before::bigint = 0 or version < @before)
		order by version desc
		limit @limit`
	// The documents are not read: a page of them could have many megabytes.
	limit = clampLimit(limit)
	rows, err := many(ctx, s, q, named{
		// profiles_pkey read backwards yields the page, whatever the number of versions.
		"tenant": tenant, "before": before, "limit": limit + 1,
	}, pgx.RowToStructByPos[flowhq.ProfileVersion])
	if err != nil {
		return nil, 0, fmt.Errorf("profile versions of tenant %s: %w", tenant, err)
	}
	page, next = cut(rows, limit, 0, func(v flowhq.ProfileVersion) int64 { return v.Version })
	return page, next, nil
}

// A ProfileChange makes a new version of a profile.
type ProfileChange struct {
	Profile flowhq.Profile // Version in it is the one that was changed
	Actor   string
	Reason  string // what the change was
}

// changeProfileSQL are the parts of a statement that makes a version of a profile, if that of its
// part current is the version which is to be changed. The last part is left open. The key of
// profiles decides between two changes of one version at once: the second gets a Conflict, and so
// do all its other parts. Old versions go with the new one, so the table stays bounded.
const changeProfileSQL = `
		added as (
			insert into flowhq.profiles (tenant_id, version, profile, actor, reason)
			select id, version + 1, @profile::json, @actor, @reason
			from current
			where version = @version
			returning tenant_id, version
		), old as (
			delete from flowhq.profiles p using added a
			where p.tenant_id = a.tenant_id and p.version <= a.version - @kept
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, 'PROFILE_CHANGED', @actor,
				concat_ws(': ', 'version ' || version, nullif(@reason, ''))
			from added`

// changedProfileSQL is the end of such a statement: the version that was made, 0 if none was. The
// listeners compile the new profile; notify is sent when the transaction commits, and not before.
const changedProfileSQL = `
		select coalesce((
			select a.version from added a, flowhq.notify('config', a.tenant_id)), 0)`

// ChangeProfile stores a profile as the version that follows c.Profile.Version, records
// PROFILE_CHANGED, notifies every listener ("config") and returns the profile as stored. The
// caller has normalized and validated it. Versions older than flowhq.KeptVersions are deleted.
//
// A Conflict error means that c.Profile.Version is not current: somebody else has changed the
// profile since the caller read it. Of several changes at once, one comes through.
func (s *Store) ChangeProfile(
	ctx context.Context, tenant flowhq.TenantID, c ProfileChange,
) (flowhq.Profile, error) {
	const q = `
		with current as (
			select t.id, coalesce(max(p.version), 0) as version
			from flowhq.tenants t left join flowhq.profiles p on p.tenant_id = t.id
			where t.id = @tenant
			group by t.id
		), ` + changeProfileSQL + `
		)` + changedProfileSQL + `
		from current`
	p, err := s.changeProfile(ctx, q, tenant, c, named{})
	if err != nil {
		return p, fmt.Errorf("change profile of tenant %s: %w", tenant, err)
	}
	return p, nil
}

// changeProfile runs a statement that ends with changedProfileSQL. The statements in before lock
// what it changes besides the profile, see oneHeld.
func (s *Store) changeProfile(
	ctx context.Context, q string, tenant flowhq.TenantID, c ProfileChange, args named,
	before ...held,
) (flowhq.Profile, error) {
	document, err := json.Marshal(c.Profile)
	if err != nil {
		return c.Profile, err
	}
	// The bound on a request's body does not do: a change may add to a large profile.
	if len(document) > flowhq.MaxProfileBytes {
		return c.Profile, flowhq.Errorf(flowhq.Invalid,
			"the profile would have %d bytes as JSON, and may have at most %d: shorten its texts",
			len(document), flowhq.MaxProfileBytes)
	}
	args["tenant"], args["version"], args["profile"] = tenant, c.Profile.Version, string(document)
	args["actor"], args["reason"], args["kept"] = c.Actor, c.Reason, flowhq.KeptVersions
	version, err := oneHeld(ctx, s, tenant, q, args, pgx.RowTo[int64], before...)
	// There is no such version, or no such tenant. The caller has read the profile, and so knows of
	// the tenant.
	if err == nil && version == 0 {
		err = flowhq.Errorf(flowhq.Conflict, changedMeanwhile)
	}
	if err == nil {
		c.Profile.Version = version
	}
	return c.Profile, err
}
