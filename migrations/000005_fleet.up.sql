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
