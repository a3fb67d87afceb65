package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// StillIn are keys and sign-ins that have not ended.
type StillIn struct {
	Keys    []string
	SignIns []string // each "id role", as an account may have another role by now
}

// StillIn returns which of the keys and sign-ins have not ended: a key that is revoked, a person
// who has signed out or was disabled, and both of a tenant that was deleted are not among them.
// It is across tenants on purpose: a process asks once for all who follow the feed. It is no use
// of them, and does not prolong anything.
func (s *Store) StillIn(ctx context.Context, keys []string, signIns []int64) (StillIn, error) {
	const q = `
		select array(
			select id::text from flowhq.api_keys
			where id = any(@keys::text[]::uuid[]) and revoked_at is null
				and (expires_at is null or expires_at > now())
		), array(
			select s.id || ' ' || a.role
			from flowhq.sign_ins s join flowhq.accounts a on a.id = s.account_id
			where s.id = any(@sign_ins::bigint[]) and s.expires_at > now() and not a.disabled
		)`
	in, err := one(ctx, s, q, named{"keys": keys, "sign_ins": signIns},
		pgx.RowToStructByPos[StillIn])
	if err != nil {
		return StillIn{}, fmt.Errorf("who is still signed in: %w", err)
	}
	return in, nil
}
