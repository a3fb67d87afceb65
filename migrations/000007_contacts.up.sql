-- A contact is a person who writes to a tenant, whichever address a message comes
-- with: the LID, the number, or both. Each is known of one contact at most. Which
-- two belong together may be learnt at any time, so contacts may become one.
create table flowhq.contacts (
    tenant_id     uuid        not null,
    id            bigint      not null generated always as identity,
    lid           text        not null default '', -- JID; '': not known
    number        text        not null default '', -- E.164; '': not known
    name          text        not null default '', -- that the contact has given itself
    first_seen_at timestamptz not null default now(),
    last_seen_at  timestamptz not null default now(), -- when a message came last
    constraint contacts_pkey primary key (tenant_id, id),
    constraint contacts_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint contacts_address_check check (lid <> '' or number <> '')
) with (fillfactor = 80);
create unique index contacts_lid_key on flowhq.contacts (tenant_id, lid) where lid <> '';
create unique index contacts_number_key on flowhq.contacts (tenant_id, number) where number <> '';

-- A number of which two LIDs were seen belongs to the one that was heard of last.
insert into flowhq.contacts (tenant_id, lid, number, first_seen_at, last_seen_at)
select tenant_id, chat,
    case row_number() over (partition by tenant_id, number order by last desc, chat) when 1 then number else '' end,
    first, last
from (
    select tenant_id, chat, max(contact) as number, min(created_at) as first, max(created_at) as last
    from flowhq.message_logs
    where chat like '%@lid'
    group by tenant_id, chat
) as lids;
insert into flowhq.contacts (tenant_id, number, first_seen_at, last_seen_at)
select tenant_id, '+' || split_part(chat, '@', 1), min(created_at), max(created_at)
from flowhq.message_logs
where chat not like '%@lid'
group by tenant_id, 2
on conflict (tenant_id, number) where number <> '' do nothing;

-- No foreign key: rows and contacts are only joined by statements that lock the
-- contact, and it would be looked up once more for each message.
alter table flowhq.message_logs add column contact_id bigint;
update flowhq.message_logs m set contact_id = c.id
from flowhq.contacts c
where c.tenant_id = m.tenant_id and case when m.chat like '%@lid' then c.lid = m.chat
    else c.number = '+' || split_part(m.chat, '@', 1) end;

-- What was stored once for each address of its writer stays, under ids of its own.
update flowhq.message_logs m set wa_message_id = m.wa_message_id || '~' || m.id
where m.direction = 'IN' and exists (
    select from flowhq.message_logs earlier
    where earlier.tenant_id = m.tenant_id and earlier.contact_id = m.contact_id
        and earlier.wa_message_id = m.wa_message_id and earlier.direction = 'IN' and earlier.id < m.id);
drop index flowhq.message_logs_inbound_key;
alter table flowhq.message_logs
    drop column sender,
    alter column contact_id set not null;
-- What WhatsApp delivers again is recognised by these three. The id comes first: it
-- may come again from an address that is not known to be the same contact's.
create unique index message_logs_inbound_key on flowhq.message_logs (tenant_id, wa_message_id, contact_id)
    where direction = 'IN';
create index message_logs_contact_idx on flowhq.message_logs (tenant_id, contact_id, id);

-- Of two conversations with one contact the later goes on.
alter table flowhq.conversations add column contact_id bigint;
update flowhq.conversations v set contact_id = c.id
from flowhq.contacts c
where c.tenant_id = v.tenant_id and case when v.chat like '%@lid' then c.lid = v.chat
    else c.number = '+' || split_part(v.chat, '@', 1) end;
delete from flowhq.conversations v
where contact_id is null or exists (
    select from flowhq.conversations other
    where other.tenant_id = v.tenant_id and other.contact_id = v.contact_id
        and (other.updated_at, other.chat) > (v.updated_at, v.chat));
alter table flowhq.conversations
    drop constraint conversations_pkey,
    drop column chat,
    alter column contact_id set not null,
    add constraint conversations_pkey primary key (tenant_id, contact_id),
    add constraint conversations_contact_fkey foreign key (tenant_id, contact_id)
        references flowhq.contacts (tenant_id, id) on delete cascade;
