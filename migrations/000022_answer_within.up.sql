-- A message that is older than this when its turn comes is recorded as EXPIRED and
-- not answered. What an operator has tried again is as old as that.
alter table flowhq.tenant_configs
    add column answer_within_minutes integer, -- null: the installation's default
    add constraint tenant_configs_answer_within_check check (answer_within_minutes between 1 and 525600);
alter table flowhq.message_logs
    add column retried_at timestamptz, -- by an operator, last
    drop constraint message_logs_status_check,
    add constraint message_logs_status_check check (
        direction = 'IN'
            and status in ('RECEIVED', 'ANSWERED', 'SUPPRESSED', 'OVERFLOWED', 'EXPIRED', 'UNDECRYPTABLE', 'FAILED')
        or direction = 'OUT'
            and status in ('PENDING', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ', 'FAILED'));
