package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flowhq/flowhq"
)

// A Sealer encrypts secrets that are kept and are needed as they are, such as those that sign
// webhooks. Whoever reads the database, or a dump of it, then has none of them.
type Sealer interface {
	// Seal encrypts a secret of an owner, for whom alone it can be opened.
	Seal(secret, owner string) string
	// Open fails if the key is missing, and returns what was never sealed as it is.
	Open(sealed, owner string) (string, error)
	// Prefix begins what the newest key has sealed; "" if there is no key.
	Prefix() string
}

// seal returns a secret as it is written.
func (s *Store) seal(secret string, tenant flowhq.TenantID) string {
	if s.Secrets == nil {
		return secret
	}
	return s.Secrets.Seal(secret, string(tenant))
}

// open returns secrets that were read as they are. It fails with code Unavailable if this process
// lacks the key of one: another process may have it.
func (s *Store) open(sealed []string, tenant flowhq.TenantID) ([]string, error) {
	if s.Secrets == nil {
		return sealed, nil
	}
	all := make([]string, len(sealed))
	for i, secret := range sealed {
		var err error
		if all[i], err = s.Secrets.Open(secret, string(tenant)); err != nil {
			return nil, &flowhq.Error{
				Code:    flowhq.Unavailable,
				Message: "the webhook's secret cannot be opened; see PAYLOAD_KEYS", Err: err,
			}
		}
	}
	return all, nil
}

// ResealWebhooks seals the secrets of at most PruneBatch webhooks with the newest key that were
// sealed with an older one, or never. If it does so for PruneBatch, there may be more. Without a
// key it does nothing. One that cannot be opened is left and logged, so that a key which was lost
// keeps nobody from rotating the others. It is across tenants on purpose: a key is the
// installation's.
func (s *Store) ResealWebhooks(ctx context.Context) (resealed int64, err error) {
	// An old secret is '' if there was never one. Webhooks are at most MaxWebhooks for each tenant,
	// so reading all of them once a night needs no index.
	const q = `
		select tenant_id::text, id::text, secret, old_secret from flowhq.webhooks
		where not starts_with(secret, @prefix)
			or old_secret <> '' and not starts_with(old_secret, @prefix)
		order by tenant_id, id`
	if s.Secrets == nil || s.Secrets.Prefix() == "" {
		return 0, nil
	}
	type row struct {
		Tenant, ID  string
		Secret, Old string
	}
	all, err := many(ctx, s, q, named{"prefix": s.Secrets.Prefix()}, pgx.RowToStructByPos[row])
	if err != nil {
		return 0, fmt.Errorf("look for secrets of older keys: %w", err)
	}
	for _, r := range all {
		if resealed == PruneBatch {
			break
		}
		tenant := flowhq.TenantID(r.Tenant)
		plain, err := s.open([]string{r.Secret, r.Old}, tenant)
		if err != nil {
			s.log.ErrorContext(ctx, "the secret of a webhook cannot be opened: its key is not in "+
				"PAYLOAD_KEYS", "tenant", r.Tenant, "webhook", r.ID, "err", err)
			continue
		}
		n, err := s.reseal(ctx, tenant, r.ID, [2]string{r.Secret, r.Old}, [2]string(plain))
		if err != nil {
			return resealed, err
		}
		resealed += n
	}
	return resealed, nil
}

// reseal writes the secrets of one webhook anew, unless they were rotated meanwhile.
func (s *Store) reseal(
	ctx context.Context, tenant flowhq.TenantID, id string, was, plain [2]string,
) (int64, error) {
	const q = `
		update flowhq.webhooks set secret = @secret, old_secret = @old
		where tenant_id = @tenant and id = @id::uuid
			and secret = @was and old_secret = @old_was`
	tag, err := exec(ctx, s, q, named{
		"tenant": tenant, "id": id, "was": was[0], "old_was": was[1],
		"secret": s.seal(plain[0], tenant), "old": s.seal(plain[1], tenant),
	})
	if err != nil {
		return 0, fmt.Errorf("seal the secret of webhook %s: %w", id, err)
	}
	return tag.RowsAffected(), nil
}
