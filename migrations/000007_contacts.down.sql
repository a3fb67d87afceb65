alter table flowhq.conversations add column chat text;
update flowhq.conversations v set chat = case c.lid when '' then substr(c.number, 2) || '@s.whatsapp.net' else c.lid end
from flowhq.contacts c
where c.tenant_id = v.tenant_id and c.id = v.contact_id;
alter table flowhq.conversations
    drop constraint conversations_contact_fkey,
    drop constraint conversations_pkey,
    drop column contact_id,
    alter column chat set not null,
    add constraint conversations_pkey primary key (tenant_id, chat);

drop index flowhq.message_logs_contact_idx;
drop index flowhq.message_logs_inbound_key;
alter table flowhq.message_logs add column sender text not null default '';
update flowhq.message_logs set sender = chat where direction = 'IN';
create unique index message_logs_inbound_key on flowhq.message_logs (tenant_id, chat, sender, wa_message_id)
    where direction = 'IN';
alter table flowhq.message_logs drop column contact_id;
drop table flowhq.contacts;
