package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/store"
)

// Keys are what programs ask with. A method that takes a tenant is about its keys or, for "", about
// the installation's; a key of another tenant is NotFound.
type Keys interface {
	APIKeys(ctx context.Context, id flowhq.TenantID) ([]flowhq.APIKey, error)
	AddAPIKey(
		ctx context.Context, id flowhq.TenantID, n flowhq.NewAPIKey, secret store.NewSecret,
		actor string,
	) (flowhq.APIKey, error)
	RevokeAPIKey(
		ctx context.Context, id flowhq.TenantID, key, actor string,
	) (flowhq.APIKey, error)
	// UseAPIKey fails with code NotFound for one that is revoked or has expired.
	UseAPIKey(ctx context.Context, hash []byte) (flowhq.APIKey, error)
}

// keyRoutes lists the endpoints of the keys of an installation, or of a tenant.
func (a *API) keyRoutes(r router, s flowhq.Scope, scopes []flowhq.Scope) {
	of := keys{api: a, scopes: scopes}
	r.get("/keys", s, handle(a, http.StatusOK, of.list))
	r.post("/keys", s, handle(a, http.StatusCreated, of.create))
	r.get("/keys/:key", s, handle(a, http.StatusOK, of.read))
	r.delete("/keys/:key", s, handle(a, http.StatusOK, of.revoke))
}

// keys are handlers of keys, with the scopes that those may have.
type keys struct {
	api    *API
	scopes []flowhq.Scope
}

// keyList is all keys. There are so few that they are one page.
type keyList struct {
	Keys []flowhq.APIKey `json:"keys"`
}

// list handles GET /admin/keys and GET /admin/tenants/:id/keys.
func (h keys) list(ctx context.Context, req ownerRef) (keyList, error) {
	all, err := h.api.Keys.APIKeys(ctx, req.Tenant)
	// A tenant's user learns that an operator made a key, not which one.
	for i := range all {
		all[i].CreatedBy = shownActor(ctx, all[i].CreatedBy)
	}
	return keyList{list(all)}, h.api.checkEmpty(ctx, req.Tenant, len(all), err)
}

// keyRequest is POST /admin/keys and POST /admin/tenants/:id/keys.
type keyRequest struct {
	ownerRef
	New flowhq.NewAPIKey
}

func (r *keyRequest) bind(b *binder) {
	r.ownerRef.bind(b)
	b.body(&r.New)
	// Which scopes there are depends on the route, so create checks them.
}

// keyMade answers with a key and its secret.
type keyMade struct {
	flowhq.APIKey
	// Secret is shown once: only its hash is stored.
	Secret string `json:"secret"`
}

// location is the key's own address, where it is read and revoked.
func (k keyMade) location() string {
	if k.Tenant == "" {
		return "/admin/keys/" + k.ID
	}
	return "/admin/tenants/" + string(k.Tenant) + "/keys/" + k.ID
}

// create handles POST /admin/keys and POST /admin/tenants/:id/keys. It takes no Idempotency-Key,
// since the secret could not be shown again: a client that had no answer revokes the key that it
// finds in the list, and makes another one.
func (h keys) create(ctx context.Context, req keyRequest) (keyMade, error) {
	if err := req.New.Validate(h.scopes); err != nil {
		return keyMade{}, err
	}
	secret := access.NewKey()
	k, err := h.api.Keys.AddAPIKey(ctx, req.Tenant, req.New,
		store.NewSecret{Prefix: access.KeyName(secret), Hash: access.Hash(secret)}, actor(ctx))
	return keyMade{k, secret}, err
}

// keyRef is a request about one key.
type keyRef struct {
	ownerRef
	Key string
}

func (r *keyRef) bind(b *binder) {
	r.ownerRef.bind(b)
	r.Key = b.uuid("key")
}

// read handles GET /admin/keys/:key and GET /admin/tenants/:id/keys/:key. It is looked
// for in the list, which has all that count, and shows the same of it.
func (h keys) read(ctx context.Context, req keyRef) (flowhq.APIKey, error) {
	all, err := h.list(ctx, req.ownerRef)
	if err != nil {
		return flowhq.APIKey{}, err
	}
	i := slices.IndexFunc(all.Keys, func(k flowhq.APIKey) bool { return k.ID == req.Key })
	if i < 0 {
		return flowhq.APIKey{}, flowhq.Errorf(flowhq.NotFound, "there is no such key")
	}
	return all.Keys[i], nil
}

// revoke handles DELETE /admin/keys/:key and DELETE /admin/tenants/:id/keys/:key. The key stays in
// the list, so that one can see what it was. A stream that was opened with the key ends within
// checkEvery.
func (h keys) revoke(ctx context.Context, req keyRef) (flowhq.APIKey, error) {
	k, err := h.api.Keys.RevokeAPIKey(ctx, req.Tenant, req.Key, actor(ctx))
	k.CreatedBy = shownActor(ctx, k.CreatedBy)
	return k, err
}
