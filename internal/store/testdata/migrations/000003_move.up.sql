-- Makes a table out of rows of another, a key of another shape, and another body of a function.
create table flowhq.probes (
    tenant_id uuid   not null,
    id        bigint not null generated always as identity,
    name      text   not null,
    constraint probes_pkey primary key (tenant_id, id),
    constraint probes_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade
);
insert into flowhq.probes (tenant_id, name)
select id, name from flowhq.tenants;
drop index flowhq.tenants_phone_number_key;
create unique index tenants_phone_number_key on flowhq.tenants (phone_number, name);
create or replace function flowhq.own_number(direction text, from_number text, to_number text)
    returns text language sql immutable
as $$
    select case when direction = 'IN' then to_number else from_number end; -- a ; that ends nothing
$$;
