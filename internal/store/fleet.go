package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Types of the fleet's events.
const (
	ClientOutdated  = "CLIENT_OUTDATED"           // WhatsApp refused the version in use; reconnects are paused
	FleetPaused     = "FLEET_PAUSED"              // by an operator
	FleetResumed    = "FLEET_RESUMED"             // likewise
	VersionFound    = "WHATSAPP_VERSION_FOUND"    // a newer one, which one session tries
	VersionAccepted = "WHATSAPP_VERSION_ACCEPTED" // by WhatsApp, so all use it
	VersionRefused  = "WHATSAPP_VERSION_REFUSED"  // likewise, so nobody does
	VersionSet      = "WHATSAPP_VERSION_SET"      // by an operator, a setting, or a newer program
)

// A FleetState is what the processes know of the fleet.
type FleetState struct {
	flowhq.Fleet
	ByHand     bool      // paused by an operator: nobody tries anything either
	TrialUntil time.Time // while one session tries the candidate; zero if none does
}

// Fleet reads what holds for all sessions.
func (s *Store) Fleet(ctx context.Context) (FleetState, error) {
	const q = `
		select paused, reason, since, version, pinned, candidate, by_hand, coalesce(trial_until, '0001-01-01Z')
		from flowhq.fleet`
	f, err := one(ctx, s, q, none, func(row pgx.CollectableRow) (f FleetState, err error) {
		err = row.Scan(&f.Paused, &f.Reason, &f.Since, &f.Version, &f.Pinned, &f.Candidate, &f.ByHand, &f.TrialUntil)
		return f, err
	})
	if err != nil {
		return FleetState{}, fmt.Errorf("read fleet: %w", err)
	}
	return f, nil
}

// FleetEvents lists what happened to the fleet, newest first: the latest events about
// the admin password, and as many others, so that neither hides the other.
func (s *Store) FleetEvents(ctx context.Context, limit int) ([]flowhq.FleetEvent, error) {
	const q = `
		select event_type, actor, reason, created_at from (
			(select * from flowhq.fleet_events where event_type = any(@logins) order by id desc limit @limit)
			union all
			(select * from flowhq.fleet_events where event_type <> all(@logins) order by id desc limit @limit)
		) e
		order by id desc`
	events, err := many(ctx, s, q, pgx.StrictNamedArgs{"limit": limit, "logins": loginEvents},
		pgx.RowToStructByPos[flowhq.FleetEvent])
	if err != nil {
		return nil, fmt.Errorf("read fleet events: %w", err)
	}
	return events, nil
}

// A change of the fleet begins with "with f as (update …" and goes on with announce,
// which closes the parenthesis that the statement has opened: then come the event and
// the notice to all processes. It yields whether there was a change.
const announce = `
	returning *), event as (
		insert into flowhq.fleet_events (event_type, actor, reason)
		select @event, @actor, @event_reason from f
	)
	select exists (select from f, pg_notify('` + channel + `', 'fleet - 0'))`

// endAutomaticPause is the part of an update that ends a pause, unless it was made by
// hand.
const endAutomaticPause = `
			paused = by_hand, reason = case when by_hand then reason else '' end,
			since = case when paused and not by_hand then now() else since end`

// Versions are compared number by number. "" is older than any.
const (
	numbers    = `::bigint[]`
	offered    = `string_to_array(@version, '.')` + numbers
	inUse      = `string_to_array(version, '.')` + numbers
	lastFailed = `string_to_array(refused, '.')` + numbers
)

// OfferVersion names a version that is newer than that in use, for one session to
// try. It reports whether that is news; it is not if a version was set by hand, or
// this one was refused.
func (s *Store) OfferVersion(ctx context.Context, version string) (news bool, err error) {
	const q = `
		with f as (update flowhq.fleet set candidate = @version, trial_until = null
		where not pinned and candidate <> @version and ` + inUse + ` < ` + offered + ` and ` + lastFailed + ` < ` + offered + announce
	return s.changeFleet(ctx, q, version, VersionFound, "worker", "WhatsApp's web client is at "+version)
}

// AdoptVersion has the fleet use the version that a program comes with, if it is
// newer than the one in use. While the fleet is paused one session tries it first.
func (s *Store) AdoptVersion(ctx context.Context, version string) (news bool, err error) {
	const q = `
		with f as (update flowhq.fleet set
			version = case when paused then version else @version end,
			candidate = case when paused then @version else '' end,
			trial_until = null
		where not pinned and candidate <> @version and ` + inUse + ` < ` + offered + ` and ` + lastFailed + ` < ` + offered + announce
	return s.changeFleet(ctx, q, version, VersionSet, "worker", "a program came with "+version)
}

// TryVersion has the tenant's session try the candidate, for no longer than within,
// and returns it. It returns "" if there is none, another session tries it, an operator
// has paused the fleet, or the tenant has no linked device, without which nothing
// would be learnt from it.
func (s *Store) TryVersion(ctx context.Context, tenant flowhq.TenantID, within time.Duration) (version string, err error) {
	const q = `
		with f as (
			update flowhq.fleet set trial_until = now() + @within::interval
			where candidate <> '' and not by_hand and (trial_until is null or trial_until < now())
				and exists (select from flowhq.whatsapp_sessions where tenant_id = @tenant and device_jid <> '')
			returning candidate
		)
		select candidate from f, pg_notify('` + channel + `', 'fleet - 0')`
	found, err := many(ctx, s, q, pgx.StrictNamedArgs{"tenant": tenant, "within": within}, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("try version: %w", err)
	}
	if len(found) == 0 {
		return "", nil
	}
	return found[0], nil
}

// EndTrial ends a trial of version from which nothing was learnt.
func (s *Store) EndTrial(ctx context.Context, version string) error {
	const q = `
		with f as (update flowhq.fleet set trial_until = null where candidate = @version returning *)
		select from f, pg_notify('` + channel + `', 'fleet - 0')`
	if _, err := exec(ctx, s, q, pgx.StrictNamedArgs{"version": version}); err != nil {
		return fmt.Errorf("end trial: %w", err)
	}
	return nil
}

// AcceptVersion has the fleet use the candidate that one session has logged in with,
// and ends a pause that was not made by hand. It reports whether that is news.
func (s *Store) AcceptVersion(ctx context.Context, version string) (news bool, err error) {
	const q = `
		with f as (update flowhq.fleet set version = @version, candidate = '', trial_until = null,
			` + endAutomaticPause + `
		where candidate = @version` + announce
	return s.changeFleet(ctx, q, version, VersionAccepted, "host", "one session has logged in with "+version)
}

// RefuseVersion drops the candidate that one session was refused with. It reports
// whether that is news.
func (s *Store) RefuseVersion(ctx context.Context, version string) (news bool, err error) {
	const q = `
		with f as (update flowhq.fleet set candidate = '', trial_until = null, refused = @version
		where candidate = @version` + announce
	return s.changeFleet(ctx, q, version, VersionRefused, "host", "WhatsApp does not accept "+version)
}

// Outdated pauses the fleet because WhatsApp has refused version, and has the newest
// one looked up. It reports whether that is news, which it is once, however many
// sessions find it out.
func (s *Store) Outdated(ctx context.Context, version string) (news bool, err error) {
	const q = `
		with f as (update flowhq.fleet set paused = true, reason = @event_reason, since = now(),
			refused = case when ` + lastFailed + ` < ` + offered + ` then @version else refused end, looked_at = null
		where not paused and ` + inUse + ` <= ` + offered + announce
	return s.changeFleet(ctx, q, version, ClientOutdated, "host", "WhatsApp no longer accepts version "+version+" of the client")
}

func (s *Store) changeFleet(ctx context.Context, q, version, event, actor, reason string) (news bool, err error) {
	news, err = one(ctx, s, q, pgx.StrictNamedArgs{
		"version": version, "event": event, "actor": actor, "event_reason": reason,
	}, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("%s: %w", event, err)
	}
	return news, nil
}

// LookUpVersion takes the turn to look up the newest version, which comes every so
// often, or at once after WhatsApp has refused the one in use. It never comes while
// a version is set by hand.
func (s *Store) LookUpVersion(ctx context.Context, every, whilePaused time.Duration) (due bool, err error) {
	const q = `
		with f as (
			update flowhq.fleet set looked_at = now()
			where not pinned and (looked_at is null
				or looked_at < now() - case when paused then @paused::interval else @every::interval end)
			returning *
		)
		select exists (select from f)`
	due, err = one(ctx, s, q, pgx.StrictNamedArgs{"every": every, "paused": whilePaused}, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("look up version: %w", err)
	}
	return due, nil
}

// ConfigureVersion sets the version that the environment of a process names, if that
// has changed since it was applied last: an operator may have set another one since,
// which a restart must not undo. It ends a pause that was not made by hand, and reports
// whether it is news. "" sets nothing.
func (s *Store) ConfigureVersion(ctx context.Context, version string) (news bool, err error) {
	if version == "" {
		const forget = `update flowhq.fleet set configured = '' where configured <> ''`
		if _, err := exec(ctx, s, forget, none); err != nil {
			return false, fmt.Errorf("configure version: %w", err)
		}
		return false, nil
	}
	const q = `
		with f as (update flowhq.fleet set configured = @version, version = @version, pinned = true,
			candidate = '', trial_until = null, ` + endAutomaticPause + `
		where configured <> @version` + announce
	return s.changeFleet(ctx, q, version, VersionSet, "WHATSAPP_VERSION", "set to "+version)
}

// SetFleet is an operator's change, and one statement, so that no process sees half of
// it. It records an event for each thing that it changes, and returns what holds from
// now on. A version that is set ends a pause, unless the change makes one.
func (s *Store) SetFleet(ctx context.Context, c flowhq.FleetChange, actor string) (FleetState, error) {
	const q = `
		with was as (
			select paused, by_hand, reason, version, pinned from flowhq.fleet for update
		), f as (
			update flowhq.fleet set
				version = coalesce(nullif(@version::text, ''), fleet.version),
				pinned = coalesce(@version <> '', fleet.pinned),
				candidate = case when @version is null then candidate else '' end,
				trial_until = case when @version is null then trial_until end,
				looked_at = case when @version = '' then null else looked_at end,
				paused = coalesce(@paused::boolean, fleet.paused and not @sets::boolean),
				by_hand = coalesce(@paused, fleet.by_hand and not @sets),
				reason = case
					when @paused then coalesce(@reason::text, case when fleet.by_hand then fleet.reason else 'paused by an operator' end)
					when @paused is null and not @sets then fleet.reason
					else '' end,
				since = case when fleet.paused = coalesce(@paused, fleet.paused and not @sets) then since else now() end
			from was
			returning fleet.paused, fleet.by_hand, fleet.reason, fleet.version
		), event as (
			insert into flowhq.fleet_events (event_type, actor, reason)
			select e.type, @actor, e.reason
			from f, was, lateral (values
				('` + VersionSet + `', case when @sets then 'set to ' || @version else 'the newest one is looked up' end,
					@version = '' or @sets and (not was.pinned or was.version <> f.version or was.paused and @paused is null)),
				(case when @paused then '` + FleetPaused + `' else '` + FleetResumed + `' end, f.reason,
					@paused is not null and (was.paused, was.by_hand, was.reason) <> (f.paused, f.by_hand, f.reason))
			) as e (type, reason, changed)
			where e.changed
			returning id
		)
		select from pg_notify('` + channel + `', 'fleet - 0') where exists (select from event)`
	_, err := exec(ctx, s, q, pgx.StrictNamedArgs{
		"version": c.Version, "sets": c.Version != nil && *c.Version != "",
		"paused": c.Paused, "reason": c.Reason, "actor": actor,
	})
	if err != nil {
		return FleetState{}, fmt.Errorf("set fleet: %w", err)
	}
	return s.Fleet(ctx)
}
