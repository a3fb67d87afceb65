-- What a customer's message is, and that some have nothing to answer: the record
-- of a call, or a further picture after the customer has read that only text is.
alter table flowhq.message_logs
    add column wordless boolean not null default false, -- nothing written or chosen by a person
    add column album text not null default '', -- wa_message_id of what announced the album it is part of
    drop constraint message_logs_kind_check,
    add constraint message_logs_kind_check check (kind in (
        'TEXT', 'MEDIA', 'LOCATION', 'CONTACT', 'ORDER', 'POLL', 'INVITE', 'PAYMENT', 'CALL', 'OTHER',
        'REPLY', 'WARNING')),
    drop constraint message_logs_status_check,
    add constraint message_logs_status_check check (
        direction = 'IN'
            and status in ('RECEIVED', 'ANSWERED', 'SUPPRESSED', 'OVERFLOWED', 'EXPIRED', 'UNDECRYPTABLE', 'IGNORED', 'FAILED')
        or direction = 'OUT'
            and status in ('PENDING', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ', 'FAILED'));
-- Whether a chat has been answered lately that only text is read. Few messages
-- are in these.
create index message_logs_wordless_idx on flowhq.message_logs (tenant_id, contact_id, id)
    where wordless and status = 'ANSWERED';
create index message_logs_album_idx on flowhq.message_logs (tenant_id, album)
    where album <> '' and status = 'ANSWERED';
