-- A message whose handling keeps failing is set aside as FAILED, so that its chat
-- goes on. Tries are counted in the row: one that takes its process down with it
-- must not be tried for ever.
alter table flowhq.message_logs
    add column tries integer not null default 0,
    drop constraint message_logs_status_check,
    add constraint message_logs_status_check check (
        direction = 'IN'
            and status in ('RECEIVED', 'ANSWERED', 'SUPPRESSED', 'OVERFLOWED', 'UNDECRYPTABLE', 'FAILED')
        or direction = 'OUT'
            and status in ('PENDING', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ', 'FAILED'));
create index message_logs_failed_idx on flowhq.message_logs (tenant_id, id) where status = 'FAILED';
