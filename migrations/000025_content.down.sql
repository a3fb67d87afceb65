-- What this version does not know becomes what it would have made of it.
drop index flowhq.message_logs_wordless_idx;
drop index flowhq.message_logs_album_idx;
update flowhq.message_logs set status = 'SUPPRESSED' where status = 'IGNORED';
update flowhq.message_logs set kind = case kind when 'ORDER' then 'TEXT' when 'POLL' then 'TEXT' else 'MEDIA' end
    where kind not in ('TEXT', 'MEDIA', 'REPLY', 'WARNING');
alter table flowhq.message_logs
    drop column wordless,
    drop column album,
    drop constraint message_logs_kind_check,
    add constraint message_logs_kind_check check (kind in ('TEXT', 'MEDIA', 'REPLY', 'WARNING')),
    drop constraint message_logs_status_check,
    add constraint message_logs_status_check check (
        direction = 'IN'
            and status in ('RECEIVED', 'ANSWERED', 'SUPPRESSED', 'OVERFLOWED', 'EXPIRED', 'UNDECRYPTABLE', 'FAILED')
        or direction = 'OUT'
            and status in ('PENDING', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ', 'FAILED'));
