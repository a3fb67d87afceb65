drop index flowhq.message_logs_failed_idx;
-- The old program knows no inbound FAILED; OVERFLOWED is likewise "not answered".
update flowhq.message_logs set status = 'OVERFLOWED' where direction = 'IN' and status = 'FAILED';
alter table flowhq.message_logs
    drop column tries,
    drop constraint message_logs_status_check,
    add constraint message_logs_status_check check (
        direction = 'IN'
            and status in ('RECEIVED', 'ANSWERED', 'SUPPRESSED', 'OVERFLOWED', 'UNDECRYPTABLE')
        or direction = 'OUT'
            and status in ('PENDING', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ', 'FAILED'));
