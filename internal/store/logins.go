package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
)

// loginEvents are the types of the events about passwords and keys that anybody can cause. Their
// actor is the address that the passwords came from, with the account if there is such a one.
var loginEvents = []flowhq.EventType{
	flowhq.EventLoginFailed, flowhq.EventLoginsSlowed, flowhq.EventLoginsRefused,
	flowhq.EventAccountLocked, flowhq.EventPasswordUsed, flowhq.EventSignInRefused,
}

// LoginReason says to an operator what an event about a password or key means. The sentence is
// stored with the event, so another wording in a later program changes nothing of what was told.
func LoginReason(event flowhq.EventType) string {
	switch event {
	case flowhq.EventLoginsSlowed:
		return "many wrong passwords within a minute; " +
			"those from there are checked one at a time"
	case flowhq.EventLoginsRefused:
		return "too many passwords at once; some were refused unchecked"
	case flowhq.EventAccountLocked:
		return "many wrong passwords for this account; further ones are refused for a while"
	case flowhq.EventPasswordUsed:
		return "ADMIN_PASSWORD was used; it is meant for the first owner and for emergencies"
	case flowhq.EventSignInRefused:
		return "the OpenID provider did not show an address of somebody who may come in"
	default:
		return "a wrong password or key"
	}
}

// AddLoginEvent records an event about a password or key. Anybody can make them, so
// within an hour each source has one of a type, all sources together have 20, and none
// is kept for longer than 30 days: the six types have 86,400 rows at most, however many
// passwords are tried. Calls at once may exceed that by a few, as none sees the others' rows;
// an API process makes one at a time.
//
// Both searches go through fleet_events_recent, which is by type and time. The deletion is here
// and not in the retention alone, since an attacker writes faster than that prunes.
func (s *Store) AddLoginEvent(ctx context.Context, event flowhq.EventType, from string) error {
	const q = `
		with old as (
			delete from flowhq.fleet_events
			where event_type = any(@all) and created_at < now() - interval '30 days'
		), latest as (
			select actor from flowhq.fleet_events
			where event_type = @event and created_at > now() - interval '1 hour'
		)
		insert into flowhq.fleet_events (event_type, actor, reason)
		select @event, @from, @reason
		where not exists (select from latest where actor = @from)
			and (select count(*) from latest) < 20`
	_, err := exec(ctx, s, q, named{
		"event": event, "all": loginEvents, "from": clean(from), "reason": LoginReason(event),
	})
	if err != nil {
		return fmt.Errorf("%s: %w", event, err)
	}
	return nil
}
