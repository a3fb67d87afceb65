package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Bounds on keys. Who makes one with each deployment and never revokes any is stopped by the first.
const (
	// MaxKeys bounds the keys of the installation, and those of a tenant, that are not revoked.
	MaxKeys = 500
	// revokedKept is how many revoked ones are listed beside them.
	revokedKept = 500
)

// keyColumns are the fields of flowhq.APIKey, in their order. The hash of the secret is not among
// them: nothing that lists keys can show it by mistake.
const keyColumns = `a.id, coalesce(a.tenant_id::text, ''), a.name, a.prefix, a.scopes, a.created_by,
	a.created_at, a.expires_at, a.revoked_at, a.last_used_at`

// APIKeys lists the keys of a tenant or, for "", those of the installation, newest first.
func (s *Store) APIKeys(ctx context.Context, tenant flowhq.TenantID) ([]flowhq.APIKey, error) {
	// Only the newest rows are read. A key that is older than a thousand others is not in the
	// list, though it may be in use.
	const q = `
		select ` + keyColumns + ` from flowhq.api_keys a
		where ` + ofTenant + `
		order by a.created_at desc, a.id
		limit @limit`
	all, err := many(ctx, s, q, named{"tenant": tenant, "limit": MaxKeys + revokedKept},
		pgx.RowToStructByPos[flowhq.APIKey])
	if err != nil {
		return nil, fmt.Errorf("keys of tenant %q: %w", tenant, err)
	}
	return all, nil
}

// A NewSecret is the secret of a key as it is stored: its beginning, and the hash of the whole. The
// beginning is what people tell keys apart by. The secret itself is shown once, and not kept.
type NewSecret struct {
	Prefix string
	Hash   []byte
}

// AddAPIKey makes a key, and records KEY_CREATED. A Conflict error means that there are MaxKeys;
// NotFound, that there is no such tenant.
func (s *Store) AddAPIKey(
	ctx context.Context, tenant flowhq.TenantID, n flowhq.NewAPIKey, secret NewSecret, actor string,
) (flowhq.APIKey, error) {
	// Counted within the statement. Two requests at once may still make one key too many, which
	// a bound against forgotten keys can bear.
	const q = `
		with a as (
			insert into flowhq.api_keys (
				tenant_id, name, prefix, secret_hash, scopes, created_by, expires_at)
			select nullif(@tenant, '')::uuid, @name, @prefix, @hash, @scopes, @actor,
				now() + make_interval(days => @days::integer)
			where (
				select count(*) from flowhq.api_keys a
				where ` + ofTenant + ` and a.revoked_at is null
			) < @max
			returning *
		), told as (
			select tenant_id, concat_ws(' ', prefix, 'may', array_to_string(scopes, ', ')) as reason
			from a
		), ` + toldSQL + `
		select ` + keyColumns + ` from a`
	all, err := many(ctx, s, q, named{
		"tenant": tenant, "name": clean(n.Name), "prefix": secret.Prefix, "hash": secret.Hash,
		"scopes": n.Scopes, "days": n.ExpiresInDays, "max": MaxKeys,
		"event": flowhq.EventKeyCreated, "actor": clean(actor),
	}, pgx.RowToStructByPos[flowhq.APIKey])
	// No row means that the count stood in the way, as with invitations.
	if err == nil && len(all) == 0 {
		err = flowhq.Errorf(flowhq.Conflict, "there are %d keys already; revoke some", MaxKeys)
	}
	if err != nil {
		return flowhq.APIKey{}, fmt.Errorf("add key: %w", err)
	}
	return all[0], nil
}

// RevokeAPIKey ends a key for good, and records KEY_REVOKED. One that is revoked already stays as
// it is. NotFound means that the tenant has no such key. The row stays for the list, since events
// name the key by its prefix.
func (s *Store) RevokeAPIKey(
	ctx context.Context, tenant flowhq.TenantID, id, actor string,
) (flowhq.APIKey, error) {
	// The row is locked before it is read: of two who revoke at once the second finds the key
	// revoked and records no second event.
	const q = `
		with old as (
			select a.* from flowhq.api_keys a where a.id = @id::uuid and ` + ofTenant + `
			for no key update
		), a as (
			update flowhq.api_keys a set revoked_at = coalesce(a.revoked_at, now())
			from old where a.id = old.id
			returning a.*
		), told as (
			select tenant_id, prefix as reason from old where revoked_at is null
		), ` + toldSQL + `
		select ` + keyColumns + ` from a`
	k, err := one(ctx, s, q, named{
		"tenant": tenant, "id": id, "event": flowhq.EventKeyRevoked, "actor": clean(actor),
	}, pgx.RowToStructByPos[flowhq.APIKey])
	if err != nil {
		return flowhq.APIKey{}, fmt.Errorf("revoke key %s: %w", id, noSuch("key", err))
	}
	return k, nil
}

// UseAPIKey finds the key with a secret, by its hash, or fails with code NotFound: it is unknown,
// revoked or has expired. It notes at most once a minute that the key was used: a row that is
// written with each request would be the busiest of the database.
func (s *Store) UseAPIKey(ctx context.Context, hash []byte) (flowhq.APIKey, error) {
	// api_keys_secret_key finds the row. Two requests at once may both note their use: the
	// condition is on the time as it was before the statement.
	const q = `
		with a as (
			select * from flowhq.api_keys
			where secret_hash = @hash and revoked_at is null
				and (expires_at is null or expires_at > now())
		), used as (
			update flowhq.api_keys k set last_used_at = now()
			from a
			where k.id = a.id
				and (a.last_used_at is null or a.last_used_at < now() - @every::interval)
		)
		select ` + keyColumns + ` from a`
	k, err := one(ctx, s, q, named{"hash": hash, "every": seenEvery},
		pgx.RowToStructByPos[flowhq.APIKey])
	if err != nil {
		return flowhq.APIKey{}, fmt.Errorf("use key: %w", noSuch("key", err))
	}
	return k, nil
}
