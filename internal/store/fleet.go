package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Fleet reads what holds for all sessions: one row, which each process keeps a copy of and reads
// again when it is notified of FleetChanged.
func (s *Store) Fleet(ctx context.Context) (flowhq.Fleet, error) {
	const q = `select paused, reason, since, version, pinned from flowhq.fleet`
	f, err := one(ctx, s, q, none, pgx.RowToStructByPos[flowhq.Fleet])
	if err != nil {
		return flowhq.Fleet{}, fmt.Errorf("read fleet: %w", err)
	}
	return f, nil
}

// FleetEvents lists what happened to the fleet, newest first: the latest events about
// the admin password, and as many others, so that neither hides the other.
func (s *Store) FleetEvents(ctx context.Context, limit int) ([]flowhq.FleetEvent, error) {
	const q = `
		select event_type, actor, reason, created_at from (
			(select * from flowhq.fleet_events where event_type = any(@logins)
			order by id desc limit @limit)
			union all
			(select * from flowhq.fleet_events where event_type <> all(@logins)
			order by id desc limit @limit)
		) e
		order by id desc`
	events, err := many(ctx, s, q, named{"limit": limit, "logins": loginEvents},
		pgx.RowToStructByPos[flowhq.FleetEvent])
	if err != nil {
		return nil, fmt.Errorf("read fleet events: %w", err)
	}
	return events, nil
}

// TakeVersion has the fleet use a version that is newer than the one in use and than the
// newest that WhatsApp has refused, and ends a pause, unless an operator has made it. why
// is for the event. It reports whether the version was taken: it is not while one is set
// by hand.
//
// Versions are compared number by number; "" is older than any. The comparison is in the update
// itself: of two processes that offer versions at once, the second compares with what the first
// has written, so the newer one stays. To repeat the call is harmless, and false then.
func (s *Store) TakeVersion(ctx context.Context, version, why string) (taken bool, err error) {
	// paused = by_hand ends a pause that refusals have made, and never an operator's.
	const q = `
		with taken as (
			update flowhq.fleet set
				version = @version,
				paused = by_hand,
				reason = case when by_hand then reason else '' end,
				since = case when paused and not by_hand then now() else since end
			where not pinned
				and flowhq.version_order(version) < flowhq.version_order(@version)
				and flowhq.version_order(refused) < flowhq.version_order(@version)
			returning version
		), event as (
			insert into flowhq.fleet_events (event_type, actor, reason)
			select 'WHATSAPP_VERSION_SET', 'worker', @why from taken
		)
		select exists (select from taken, flowhq.notify('fleet', null))`
	args := named{"version": version, "why": why}
	if taken, err = one(ctx, s, q, args, pgx.RowTo[bool]); err != nil {
		return false, fmt.Errorf("take version %s: %w", version, err)
	}
	return taken, nil
}

// confirmWithin is for how long the refusal of one tenant's session is remembered. It is
// well above the longest pause between two attempts of one session, so that sessions which
// are refused again and again find each other.
const confirmWithin = 10 * time.Minute

// A Refusal is what follows when WhatsApp has refused the client's version.
type Refusal struct {
	Paused bool // reconnects are, by this refusal or before it
	First  bool // this refusal has paused them: the caller is the one that raises the alarm
}

// VersionRefused records that WhatsApp refused the version in use to the tenant's session,
// and has the newest version looked up. The first tenant may be refused for a reason of its
// own, such as a server in between that answers in WhatsApp's place. The second one within
// confirmWithin pauses all reconnects, with one event however many are refused together. A
// version older than the one in use changes nothing: its session had not heard of the
// newer one.
//
// The row is locked before it is read, so of a thousand sessions that are refused at once each
// sees what the one before has written: one pauses the fleet, and one event is recorded.
func (s *Store) VersionRefused(
	ctx context.Context, tenant flowhq.TenantID, version string,
) (Refusal, error) {
	const q = `
		with was as (
			select paused, refused,
				not paused and refused = @version and refused_to is distinct from @tenant
					and refused_at > now() - @within::interval as confirmed
			from flowhq.fleet
			where flowhq.version_order(version) <= flowhq.version_order(@version)
			for update
		), noted as (
			update flowhq.fleet set
				refused = @version, refused_to = @tenant, refused_at = now(),
				looked_at = case when was.refused = @version then looked_at end,
				paused = was.confirmed,
				reason = case when was.confirmed then @reason else '' end,
				since = case when was.confirmed then now() else since end
			from was
			where not was.paused
			returning was.confirmed
		), event as (
			insert into flowhq.fleet_events (event_type, actor, reason)
			select 'CLIENT_OUTDATED', 'host', @reason from noted where confirmed
		), notice as (
			select flowhq.notify('fleet', null) from noted
		)
		select was.paused or was.confirmed, was.confirmed from was left join notice on true`
	found, err := many(ctx, s, q, named{
		"tenant": tenant, "version": version, "within": confirmWithin,
		"reason": "WhatsApp no longer accepts version " + version + " of the client",
	}, pgx.RowToStructByPos[Refusal])
	if err != nil {
		return Refusal{}, fmt.Errorf("refuse version %s: %w", version, err)
	}
	// No row means that an older version was refused than the one in use.
	if len(found) == 0 {
		return Refusal{}, nil
	}
	return found[0], nil
}

// ClaimVersionLookup takes the turn to look up the newest version of WhatsApp's client. It
// comes at once after WhatsApp has refused the version in use or an operator has asked for
// the newest one, and then every so often while the version in use is a refused one.
// Otherwise what works stays. It never comes while a version is set by hand.
func (s *Store) ClaimVersionLookup(ctx context.Context, every time.Duration) (due bool, err error) {
	// The update takes the turn: of two processes that ask at once, the second waits for the row
	// and finds the time of the first.
	const q = `
		with turn as (
			update flowhq.fleet set looked_at = now()
			where not pinned and (looked_at is null
				or refused = version and refused <> '' and looked_at < now() - @every::interval)
			returning *
		)
		select exists (select from turn)`
	due, err = one(ctx, s, q, named{"every": every}, pgx.RowTo[bool])
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
	// A process without the variable forgets what was configured, so that the same version counts
	// as news when it is set again.
	if version == "" {
		const forget = `update flowhq.fleet set configured = '' where configured <> ''`
		if _, err := exec(ctx, s, forget, none); err != nil {
			return false, fmt.Errorf("configure version: %w", err)
		}
		return false, nil
	}
	const q = `
		with changed as (
			update flowhq.fleet set
				configured = @version, version = @version, pinned = true,
				paused = by_hand,
				reason = case when by_hand then reason else '' end,
				since = case when paused and not by_hand then now() else since end
			where configured <> @version
			returning version
		), event as (
			insert into flowhq.fleet_events (event_type, actor, reason)
			select 'WHATSAPP_VERSION_SET', 'WHATSAPP_VERSION', 'set to ' || @version from changed
		)
		select exists (select from changed, flowhq.notify('fleet', null))`
	if news, err = one(ctx, s, q, named{"version": version}, pgx.RowTo[bool]); err != nil {
		return false, fmt.Errorf("configure version %s: %w", version, err)
	}
	return news, nil
}

// SetFleet is an operator's change, and one statement, so that no process sees half of
// it. It records an event for each thing that it changes, and returns what holds from
// now on. A version that is set ends a pause, unless the change makes one.
//
// The row is locked before it is read: of two operators the second changes what the first has
// left, and the events say so. A repetition changes nothing and records nothing, but for a
// lookup, which is asked for anew.
func (s *Store) SetFleet(
	ctx context.Context, c flowhq.FleetChange, actor string,
) (flowhq.Fleet, error) {
	const q = `
		with was as (
			select paused, by_hand, reason, version, pinned from flowhq.fleet for update
		), f as (
			update flowhq.fleet set
				version = coalesce(nullif(@version::text, ''), fleet.version),
				pinned = coalesce(@version <> '', fleet.pinned),
				looked_at = case when @version = '' then null else looked_at end,
				paused = coalesce(@paused::boolean, fleet.paused and not @sets::boolean),
				by_hand = coalesce(@paused, fleet.by_hand and not @sets),
				reason = case
					when @paused then coalesce(@reason::text,
						case when fleet.by_hand then fleet.reason else 'paused by an operator' end)
					when @paused is null and not @sets then fleet.reason
					else '' end,
				since = case
					when fleet.paused = coalesce(@paused, fleet.paused and not @sets) then since
					else now() end
			from was
			returning fleet.paused, fleet.by_hand, fleet.reason, fleet.version
		), event as (
			insert into flowhq.fleet_events (event_type, actor, reason)
			select e.type, @actor, e.reason
			from f, was, lateral (values
				('WHATSAPP_VERSION_SET',
					case when @sets
						then 'set to ' || @version else 'the newest one is looked up' end,
					@version = '' or @sets and (not was.pinned or was.version <> f.version
						or was.paused and @paused is null)),
				(case when @paused then 'FLEET_PAUSED' else 'FLEET_RESUMED' end, f.reason,
					@paused is not null and (was.paused, was.by_hand, was.reason)
						<> (f.paused, f.by_hand, f.reason))
			) as e (type, reason, changed)
			where e.changed
			returning id
		)
		select from flowhq.notify('fleet', null) where exists (select from event)`
	_, err := exec(ctx, s, q, named{
		"version": c.Version, "sets": c.Version != nil && *c.Version != "",
		"paused": c.Paused, "reason": c.Reason, "actor": actor,
	})
	if err != nil {
		return flowhq.Fleet{}, fmt.Errorf("set fleet: %w", err)
	}
	// Read by a statement of its own, as a change that changes nothing yields no row.
	return s.Fleet(ctx)
}
