package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// eventsFollow and deliveriesFollow make events of merged contacts the person's, and what is to be
// delivered of them: webhooks are told of a chat in its order, with the contact as it is. What an
// event tells names the contact as well, before anything that somebody has written.
const (
	eventsFollow = `
		update flowhq.feed set
			contact_id = @id,
			data = regexp_replace(data::text, '("contact_id" : )\d+', '\1' || @id::bigint)::json
		where tenant_id = @tenant and id = any(array(
			select id from flowhq.feed
			where tenant_id = @tenant and contact_id = any(@merged)
			order by id
			limit @limit))`
	deliveriesFollow = `
		update flowhq.webhook_deliveries set contact_id = @id
		where tenant_id = @tenant and id = any(array(
			select id from flowhq.webhook_deliveries
			where tenant_id = @tenant and contact_id = any(@merged) and contact_id <> 0
			order by id
			limit @limit
			for no key update))`
)

// moveEvents moves the oldest events of merged contacts, and what is to be delivered of them, and
// reports whether there may be more. The round after which there are none is the one that merges
// the contacts.
//
// Whoever reads the feed for a webhook has its lock before it waits for a delivery, so the lock comes
// first here, too.
func (i identity) moveEvents(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) (bool, error) {
	if _, err := tx.Exec(ctx, feedSharedSQL, args); err != nil {
		return false, err
	}
	args["limit"] = maxFollow
	for _, q := range []string{eventsFollow, deliveriesFollow} {
		tag, err := tx.Exec(ctx, q, args)
		if err != nil || tag.RowsAffected() == maxFollow {
			return true, err
		}
	}
	return false, nil
}
