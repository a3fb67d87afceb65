-- What is wanted is a row: a command counts from the moment that it is written here. No
-- foreign key: the command that deleted a tenant, and who asked for it, outlive the tenant.
-- Ids are drawn under the lock of the tenant's row, so they grow in the order of the commits.
create table flowhq.commands (
    tenant_id    uuid        not null,
    id           bigint      not null generated always as identity,
    key          text        not null, -- of the request; a repeated one is the same command
    command      text        not null,
    actor        text        not null,
    reason       text        not null default '',
    request_hash bytea       not null, -- tells a repeated request from another one under its key
    asked_at     timestamptz not null default now(),
    applied_at   timestamptz,
    outcome      text        not null default '',
    constraint commands_pkey primary key (tenant_id, id),
    constraint commands_key_key unique (tenant_id, key)
);
-- Across tenants on purpose: an erased tenant is in no other table but that of events.
create index commands_deletions_idx on flowhq.commands (applied_at) where command = 'delete';
-- Across tenants on purpose: the reconciler looks for commands that nobody has applied.
create index commands_waiting_idx on flowhq.commands (tenant_id, id) where applied_at is null;

alter table flowhq.tenants
    add column wanted boolean not null default false; -- the session should be up
update flowhq.tenants t set wanted = true
from flowhq.hosts w
where w.tenant_id = t.id and w.status in ('STARTING', 'RUNNING', 'DRAINING');

-- One row: which installation this database belongs to. Temporal's side carries the same
-- id, so that neither is ever run with a part of another installation. One process at a
-- time reconciles the two.
create table flowhq.installation (
    one              boolean     not null default true,
    id               uuid        not null default gen_random_uuid(),
    created_at       timestamptz not null default now(),
    reconciler       text        not null default '', -- name of the worker process
    reconciler_until timestamptz not null default now(),
    constraint installation_pkey primary key (one),
    constraint installation_one_check check (one)
);
insert into flowhq.installation default values;
