-- Keys of requests that are about no tenant yet: a repeated one is the same request.
create table flowhq.request_keys (
    key          text        not null,
    request_hash bytea       not null, -- tells a repeated request from another one under its key
    subject      uuid        not null, -- what the first one made
    created_at   timestamptz not null default now(),
    constraint request_keys_pkey primary key (key)
);
-- Across tenants on purpose: a number belongs to one tenant, linked or not.
create unique index tenants_phone_number_key on flowhq.tenants (phone_number);
