create or replace function flowhq.own_number(direction text, from_number text, to_number text)
    returns text language sql immutable
    return case direction when 'IN' then to_number else from_number end;
drop index flowhq.tenants_phone_number_key;
create unique index tenants_phone_number_key on flowhq.tenants (phone_number);
drop table flowhq.probes;
