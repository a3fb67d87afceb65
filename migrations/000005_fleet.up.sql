-- One row per worker process, written every few seconds by the process itself and
-- deleted by it at its end, or by the others a day after it was heard of last.
create table flowhq.workers (
    name       text        not null, -- another one after each start
    capacity   integer     not null,
    sessions   integer     not null, -- places taken, of capacity
    draining   boolean     not null default false,
    since      timestamptz not null default now(),
    seen_at    timestamptz not null default now(),
    expires_at timestamptz not null, -- taken for dead from then on
    constraint workers_pkey primary key (name),
    constraint workers_capacity_check check (capacity > 0 and sessions >= 0)
) with (fillfactor = 50);

-- What holds for all sessions at once: one row, which every process reads at start
-- and whenever it is told that it changed.
create table flowhq.fleet (
    one         boolean     not null default true,
    paused      boolean     not null default false, -- nobody connects
    reason      text        not null default '',    -- of paused
    since       timestamptz not null default now(), -- of paused
    by_hand     boolean     not null default false, -- paused by an operator, who alone ends that
    version     text        not null default '',    -- of WhatsApp's web client that we pass for
    pinned      boolean     not null default false, -- version was set by hand and stays
    refused     text        not null default '',    -- the version that WhatsApp has refused last
    refused_to  uuid,                               -- the tenant whose session that was
    refused_at  timestamptz,                        -- when
    looked_at   timestamptz default now(),          -- when the newest version was looked up; null: now is the time
    constraint fleet_pkey primary key (one),
    constraint fleet_one_check check (one)
);
insert into flowhq.fleet default values;

-- What happened to the fleet rather than to one tenant: a few rows a year.
create table flowhq.fleet_events (
    id         bigint      not null generated always as identity,
    event_type text        not null,
    actor      text        not null,
    reason     text        not null,
    created_at timestamptz not null default now(),
    constraint fleet_events_pkey primary key (id)
);
