-- Row-level security and the rights of the roles, for whatever tables and roles there are. It runs
-- in the transaction of each migration and at the end of flowhq migrate, and changes only what is
-- not so yet: an ALTER TABLE that changes nothing would lock the table all the same.
do $secure$
declare
    t record;
begin
    -- A policy names the tenant's role in its condition instead of being for that role alone. So
    -- it needs no role to exist, and a dump of the database can be restored anywhere. Every other
    -- role sees all rows that it has a right to.
    for t in
        select c.oid, c.relname, c.relrowsecurity, k.condition,
            case when 'account_id' = any(names) and 'tenant_id' <> all(names)
                then 'flowhq.sees_account(account_id)' else k.condition end as checked,
            exists (select from pg_policy p
                where p.polrelid = c.oid and p.polname = 'own_tenant') as guarded
        from pg_class c
            cross join lateral (
                select array_agg(a.attname::text) as names from pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            ) as columns
            -- Which rows are whose. A table that no line is about gets no policy, and below no
            -- grant for the tenant's role.
            cross join lateral (select case
                when 'tenant_id' = any(names) then 'tenant_id = ' || own.id
                when c.relname = 'tenants' then 'id = ' || own.id
                when 'account_id' = any(names) then 'exists (select from flowhq.accounts a '
                    'where a.id = account_id and a.tenant_id = ' || own.id || ')'
                -- Statements on keys and accounts write here what is about no tenant.
                when c.relname = 'fleet_events' then 'false'
                end as condition
                from (select 'nullif(current_setting(''flowhq.tenant'', true), '''')::uuid' as id)
                    as own
            ) as k
        where c.relnamespace = to_regnamespace('flowhq') and c.relkind in ('r', 'p')
            and k.condition is not null
    loop
        if not t.guarded then
            execute format('create policy own_tenant on %s using '
                '(current_user <> ''flowhq_tenant'' or %s) with check '
                '(current_user <> ''flowhq_tenant'' or %s)',
                t.oid::regclass, t.condition, t.checked);
        end if;
        if not t.relrowsecurity then
            execute format('alter table %s enable row level security', t.oid::regclass);
        end if;
    end loop;

    for t in
        select r.rolname, n.nspname from pg_roles r cross join pg_namespace n
        where (r.rolname, n.nspname) in (('flowhq_api', 'flowhq'), ('flowhq_tenant', 'flowhq'),
                ('flowhq_worker', 'flowhq'), ('flowhq_worker', 'wa'))
            and not has_schema_privilege(r.oid, n.oid, 'USAGE')
    loop
        execute format('grant usage on schema %I to %I', t.nspname, t.rolname);
    end loop;

    -- References are drawn from sequences by hand. An identity column needs no right.
    for t in
        select r.rolname, c.oid from pg_roles r cross join pg_class c
        where r.rolname in ('flowhq_api', 'flowhq_tenant', 'flowhq_worker')
            and c.relnamespace = to_regnamespace('flowhq') and c.relkind = 'S'
            and not has_sequence_privilege(r.oid, c.oid, 'USAGE')
    loop
        execute format('grant usage on sequence %s to %I', t.oid::regclass, t.rolname);
    end loop;

    for t in
        with found as (
            select c.oid, n.nspname as schema, c.relname as name, c.relacl, c.relrowsecurity
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('flowhq', 'wa') and c.relkind in ('r', 'p')
        ), wanted as (
            select f.oid, r.oid as role, r.rolname, f.relacl, case
                when f.name = 'schema_migrations' and r.rolname <> 'flowhq_tenant' then '{SELECT}'
                when r.rolname = 'flowhq_api' and f.schema = 'flowhq' then w.all_rights
                -- Accounts, sign-ins and keys are the API's alone: a worker talks to strangers.
                when r.rolname = 'flowhq_worker' and f.name not in (
                    'accounts', 'sign_ins', 'account_links', 'api_keys', 'lockouts') then w.all_rights
                when r.rolname <> 'flowhq_tenant' or f.schema <> 'flowhq' then '{}'
                when f.name = 'fleet_events' then '{INSERT}'
                when f.relrowsecurity then w.all_rights
                else '{}' end::text[] as rights
            from found f cross join pg_roles r
                cross join (select '{DELETE,INSERT,SELECT,UPDATE}' as all_rights) as w
            where r.rolname in ('flowhq_api', 'flowhq_tenant', 'flowhq_worker')
        )
        select w.rolname, w.rights, a.has <> '{}' as revoke,
            string_agg(w.oid::regclass::text, ', ') as tables
        from wanted w cross join lateral (
            select coalesce(array_agg(x.privilege_type order by x.privilege_type), '{}') as has
            from aclexplode(w.relacl) x where x.grantee = w.role
        ) as a
        where a.has <> w.rights
        group by 1, 2, 3
    loop
        if t.revoke then
            execute format('revoke all on %s from %I', t.tables, t.rolname);
        end if;
        if t.rights <> '{}' then
            execute format('grant %s on %s to %I',
                array_to_string(t.rights, ', '), t.tables, t.rolname);
        end if;
    end loop;
end
$secure$;
