-- Changes tables that every session uses, as most migrations to come will: a column, a wider
-- check, an index, and rows that are brought up to date.
alter table flowhq.message_logs
    add column probe text not null default '',
    drop constraint message_logs_kind_check,
    add constraint message_logs_kind_check check (kind <> '');
create index message_logs_probe_idx on flowhq.message_logs (tenant_id, id) where probe <> '';
alter table flowhq.hosts add column probe integer;
update flowhq.hosts set probe = epoch;
alter table flowhq.hosts alter column probe set not null;
