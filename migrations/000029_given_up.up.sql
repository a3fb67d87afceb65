-- Messages that were not answered are listed by their status, and few among many.
create index message_logs_unanswerable_idx on flowhq.message_logs (tenant_id, status, id)
    where status in ('SUPPRESSED', 'OVERFLOWED', 'EXPIRED', 'IGNORED', 'UNDECRYPTABLE');
