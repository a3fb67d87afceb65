-- Commands for many tenants. What was asked for is here, so that nothing is lost with
-- Temporal; how far it has come is as Temporal said last.
create table flowhq.bulks (
    id         uuid        not null,
    command    text        not null,
    actor      text        not null,
    state      text        not null default 'RUNNING',
    per_second integer     not null,
    matched    integer     not null,
    sent       integer     not null default 0,
    failed     integer     not null default 0,
    started_at timestamptz not null default now(),
    ended_at   timestamptz,
    tenants    uuid[]      not null, -- empty once it has ended
    cancelled  boolean     not null default false, -- somebody asked for it to end
    constraint bulks_pkey primary key (id)
);
create index bulks_started_idx on flowhq.bulks (started_at desc, id);
create index bulks_open_idx on flowhq.bulks (started_at, id) where ended_at is null;
