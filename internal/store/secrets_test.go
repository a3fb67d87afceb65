package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/codec"
	"github.com/flowhq/flowhq/internal/store"
)

// sealing returns Secrets with keys of these ids, the first of which seals.
func sealing(t *testing.T, ids ...string) *codec.Secrets {
	t.Helper()
	var keys []codec.Key
	for _, id := range ids {
		keys = append(keys, codec.Key{ID: id, Secret: strings.Repeat(id, codec.KeyBytes)})
	}
	return must(codec.NewSecrets(keys))(t)
}

// kept returns the secrets of webhooks as the database has them.
func (b *bench) kept(t *testing.T) []string {
	t.Helper()
	const q = `select s from flowhq.webhooks, unnest(array[secret, old_secret]) s where s <> ''`
	rows, _ := b.raw.Query(t.Context(), q)
	return must(pgx.CollectRows(rows, pgx.RowTo[string]))(t)
}

// TestSecretsAreSealed: the database has none in plain text once there is a key, keys can be
// rotated, and a key that is missing costs no event.
func TestSecretsAreSealed(t *testing.T) {
	t.Parallel()
	b := open(t)
	ctx := t.Context()
	tenant, _ := b.hosted(t)
	id, _ := b.hooked(t, tenant)
	signs := func(want ...string) {
		t.Helper()
		d, there, err := b.NextDelivery(ctx, tenant, id, 0, true)
		if err != nil || !there || !slices.Equal(d.Secrets, want) {
			t.Errorf("NextDelivery is signed with %q, %t, %v; want %q", d.Secrets, there, err, want)
		}
	}
	keeps := func(n int, prefix string) {
		t.Helper()
		all := b.kept(t)
		for _, s := range all {
			if !strings.HasPrefix(s, prefix) {
				t.Errorf("the database has %q; want it to begin with %s", s, prefix)
			}
		}
		if len(all) != n {
			t.Errorf("the database has %d secrets; want %d", len(all), n)
		}
	}
	reseals := func(want int64) {
		t.Helper()
		if n := must(b.ResealWebhooks(ctx))(t); n != want {
			t.Errorf("ResealWebhooks = %d; want %d", n, want)
		}
	}
	// Without keys it is kept as it is.
	keeps(1, aWebhook.Secret)
	reseals(0)
	b.Secrets = sealing(t)
	reseals(0)
	signs(aWebhook.Secret)
	// From the first key on what is new is sealed, and what is older the next night.
	b.Secrets = sealing(t, "a")
	signs(aWebhook.Secret)
	must(b.RotateWebhookSecret(ctx, tenant, id, "whsec_bmV3", "admin"))(t)
	signs("whsec_bmV3", aWebhook.Secret)
	reseals(1)
	reseals(0)
	keeps(2, "sealed:a:")
	signs("whsec_bmV3", aWebhook.Secret)
	// The key before may go when nothing is under it.
	b.Secrets = sealing(t, "b", "a")
	signs("whsec_bmV3", aWebhook.Secret)
	reseals(1)
	b.Secrets = sealing(t, "b")
	keeps(2, "sealed:b:")
	signs("whsec_bmV3", aWebhook.Secret)
	// A process that lacks the key sends nothing, sets nothing aside and spoils nothing.
	for _, keys := range [][]string{nil, {"c"}} {
		b.Secrets = sealing(t, keys...)
		_, _, err := b.NextDelivery(ctx, tenant, id, 0, true)
		if flowhq.ErrorCode(err) != flowhq.Unavailable {
			t.Errorf("with keys %q NextDelivery fails with %v; want Unavailable", keys, err)
		}
		reseals(0)
	}
	b.Secrets = sealing(t, "b")
	signs("whsec_bmV3", aWebhook.Secret)
	// One that was copied to another tenant's webhook is no secret there.
	sealed := b.kept(t)[0]
	other, _ := b.hosted(t)
	theirs, _ := b.hooked(t, other)
	b.exec(t, `update flowhq.webhooks set secret = $1 where id = $2`, sealed, theirs)
	_, _, err := b.NextDelivery(ctx, other, theirs, 0, true)
	if flowhq.ErrorCode(err) != flowhq.Unavailable {
		t.Errorf("a secret of another tenant: %v; want Unavailable", err)
	}
	// It opens for its own tenant alone, so the others are sealed anew, and this one is left.
	b.Secrets = sealing(t, "c", "b")
	reseals(1)
}

var _ store.Sealer = (*codec.Secrets)(nil)
