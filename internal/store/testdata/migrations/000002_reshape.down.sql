alter table flowhq.hosts drop column probe;
drop index flowhq.message_logs_probe_idx;
alter table flowhq.message_logs
    drop column probe,
    drop constraint message_logs_kind_check,
    add constraint message_logs_kind_check check (kind in (
        'TEXT', 'MEDIA', 'LOCATION', 'CONTACT', 'ORDER', 'POLL', 'INVITE', 'PAYMENT', 'CALL',
        'OTHER', 'REPLY', 'WARNING'));
