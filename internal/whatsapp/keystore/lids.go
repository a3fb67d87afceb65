package keystore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"go.mau.fi/util/dbutil"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// LIDs is the table of which LID has which number (whatsmeow_lid_map). All devices share
// it. The library's own store of it remembers what it has read, of all tenants and for as
// long as the process lives, also that there was nothing (sqlstore/lidmap.go,
// CachedLIDMap). So it would not see what another process has learnt since, and a contact
// would be two people. LIDs asks the database each time, which is one index lookup. What a
// connection remembers is in lidCache.
type LIDs struct{ db *dbutil.Database }

// GetLIDForPN returns the LID of a number, empty if it is not known.
func (l LIDs) GetLIDForPN(ctx context.Context, number types.JID) (types.JID, error) {
	const q = `select lid from whatsmeow_lid_map where pn = $1`
	return l.other(ctx, q, number, types.DefaultUserServer, types.HiddenUserServer)
}

// GetPNForLID returns the number of a LID, empty if it is not known.
func (l LIDs) GetPNForLID(ctx context.Context, lid types.JID) (types.JID, error) {
	const q = `select pn from whatsmeow_lid_map where lid = $1`
	return l.other(ctx, q, lid, types.HiddenUserServer, types.DefaultUserServer)
}

// other returns the other identity of jid, with the same device.
func (l LIDs) other(
	ctx context.Context, q string, jid types.JID, from, to string,
) (types.JID, error) {
	if jid.Server != from {
		return types.JID{}, fmt.Errorf("%s is not on server %s", jid, from)
	}
	other := types.JID{Server: to, Device: jid.Device}
	switch err := l.db.QueryRow(ctx, q, jid.User).Scan(&other.User); {
	case errors.Is(err, sql.ErrNoRows):
		return types.JID{}, nil
	case err != nil:
		return types.JID{}, err
	}
	return other, nil
}

// GetManyLIDsForPNs returns the LIDs of those numbers of which they are known.
func (l LIDs) GetManyLIDsForPNs(
	ctx context.Context, numbers []types.JID,
) (map[types.JID]types.JID, error) {
	const q = `select pn, lid from whatsmeow_lid_map where pn = any($1)`
	var users []string
	for _, number := range numbers {
		if number.Server == types.DefaultUserServer {
			users = append(users, number.User)
		}
	}
	if users == nil {
		return map[types.JID]types.JID{}, nil
	}
	rows, err := l.db.Query(ctx, q, newArray(users))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := make(map[string]string, len(users))
	for rows.Next() {
		var number, lid string
		if err := rows.Scan(&number, &lid); err != nil {
			return nil, err
		}
		known[number] = lid
	}
	found := make(map[types.JID]types.JID, len(numbers))
	for _, number := range numbers {
		if lid := known[number.User]; lid != "" && number.Server == types.DefaultUserServer {
			found[number] = types.JID{
				User: lid, Server: types.HiddenUserServer, Device: number.Device,
			}
		}
	}
	return found, rows.Err()
}

// PutLIDMapping stores which LID has which number.
func (l LIDs) PutLIDMapping(ctx context.Context, lid, number types.JID) error {
	if !isMapping(lid, number) {
		return fmt.Errorf("%s and %s are not a LID and its number", lid, number)
	}
	return l.PutManyLIDMappings(ctx, []store.LIDMapping{{LID: lid, PN: number}})
}

// PutManyLIDMappings stores several of them, all or none. If a LID or a number is there
// twice, its last mapping counts. What is not a LID with its number is left out, as the
// library's own store does. Nothing is written if all is known already, which is the rule:
// the library calls this for every message that names both.
func (l LIDs) PutManyLIDMappings(ctx context.Context, mappings []store.LIDMapping) error {
	const (
		// How many are not known yet.
		unknown = `
			select count(*) from unnest($1::text[], $2::text[]) as given (lid, pn)
			where not exists (
				select from whatsmeow_lid_map m where m.lid = given.lid and m.pn = given.pn)`
		// A number that is another LID's now is no longer the old one's.
		free = `
			delete from whatsmeow_lid_map m using unnest($1::text[], $2::text[]) as given (lid, pn)
			where m.pn = given.pn and m.lid <> given.lid`
		// In the order of the LIDs, so that two processes cannot deadlock.
		put = `
			insert into whatsmeow_lid_map as m (lid, pn)
			select lid, pn from unnest($1::text[], $2::text[]) as given (lid, pn)
			order by lid
			on conflict (lid) do update set pn = excluded.pn where m.pn <> excluded.pn`
	)
	var users, numbers []string
	for _, m := range lastOfEach(mappings) {
		users, numbers = append(users, m.LID.User), append(numbers, m.PN.User)
	}
	if users == nil {
		return nil
	}
	count := 0
	err := l.db.QueryRow(ctx, unknown, newArray(users), newArray(numbers)).Scan(&count)
	if err != nil || count == 0 {
		return err
	}
	return l.db.DoTxn(ctx, nil, func(ctx context.Context) error {
		for _, q := range []string{free, put} {
			if _, err := l.db.Exec(ctx, q, newArray(users), newArray(numbers)); err != nil {
				return err
			}
		}
		return nil
	})
}

// lastOfEach returns the mappings without those that a later one contradicts or repeats.
// One statement must not change a row twice.
func lastOfEach(mappings []store.LIDMapping) []store.LIDMapping {
	var last []store.LIDMapping
	seen := make(map[types.JID]bool, 2*len(mappings))
	for _, m := range slices.Backward(mappings) {
		lid, number := m.LID.ToNonAD(), m.PN.ToNonAD()
		if isMapping(lid, number) && !seen[lid] && !seen[number] {
			seen[lid], seen[number] = true, true
			last = append(last, m)
		}
	}
	return last
}

// isMapping reports whether the first is a LID and the second a number.
func isMapping(lid, number types.JID) bool {
	return lid.Server == types.HiddenUserServer && number.Server == types.DefaultUserServer
}
