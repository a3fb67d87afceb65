update flowhq.message_logs set status = 'SUPPRESSED' where status = 'EXPIRED';
alter table flowhq.message_logs
    drop column retried_at,
    drop constraint message_logs_status_check,
    add constraint message_logs_status_check check (
        direction = 'IN'
            and status in ('RECEIVED', 'ANSWERED', 'SUPPRESSED', 'OVERFLOWED', 'UNDECRYPTABLE', 'FAILED')
        or direction = 'OUT'
            and status in ('PENDING', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ', 'FAILED'));
alter table flowhq.tenant_configs drop column answer_within_minutes;
