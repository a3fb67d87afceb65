-- The schema itself exists already: golang-migrate keeps its version table there.
-- Closed sets are text with a check, which can be widened in a transaction and
-- reads the same in every client. All times are the database's clock, but for
-- sent_at of inbound messages.

create table flowhq.tenants (
    id           uuid        not null default gen_random_uuid(),
    name         text        not null,
    phone_number text        not null,
    status       text        not null default 'NEW',
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(), -- last change by an operator
    constraint tenants_pkey primary key (id),
    constraint tenants_status_check check (
        status in ('NEW', 'QR_PENDING', 'ACTIVE', 'RECONNECTING', 'PAUSED', 'ERROR'))
);
create index tenants_newest_idx on flowhq.tenants (created_at desc, id desc);

create table flowhq.tenant_configs (
    tenant_id           uuid not null,
    template_type       text not null,
    business_name       text not null,
    language            text not null,
    replies_per_minute  integer, -- null: the installation's default
    replies_per_contact integer, -- null: the installation's default
    constraint tenant_configs_pkey primary key (tenant_id),
    constraint tenant_configs_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint tenant_configs_template_type_check check (template_type in ('BOOKING', 'ECOMMERCE', 'SUPPORT')),
    constraint tenant_configs_language_check check (language in ('EN', 'SW')),
    constraint tenant_configs_replies_check check (replies_per_minute >= 0 and replies_per_contact >= 0)
);

-- Renewals rewrite this table and the next every few seconds without touching an
-- indexed column; the free space lets each new row version stay on its page.
create table flowhq.whatsapp_sessions (
    tenant_id     uuid        not null,
    state         text        not null default 'DISCONNECTED',
    reason        text        not null default '',
    since         timestamptz not null default now(), -- of state
    device_jid    text        not null default '',    -- '': no device is linked
    number        text        not null default '',    -- of the linked device, E.164
    qr            text        not null default '',
    qr_expires_at timestamptz,
    last_seen_at  timestamptz,
    constraint whatsapp_sessions_pkey primary key (tenant_id),
    constraint whatsapp_sessions_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint whatsapp_sessions_state_check check (
        state in ('DISCONNECTED', 'CONNECTING', 'QR_READY', 'CONNECTED', 'LOGGED_OUT', 'BANNED'))
) with (fillfactor = 50);
-- Across tenants on purpose: a number has one tenant at most.
create unique index whatsapp_sessions_number_key on flowhq.whatsapp_sessions (number) where number <> '';

-- epoch is part of a key so that raising it is a key update: it then excludes
-- "for key share", the lock under which a host writes, and renewals do not.
create table flowhq.hosts (
    tenant_id        uuid        not null,
    worker           text        not null default '',
    epoch            bigint      not null default 0,
    status           text        not null default 'STOPPED',
    since            timestamptz not null default now(), -- of status
    last_error       text        not null default '',
    lease_epoch      bigint      not null default 0,     -- whose lease it is; 0: nobody's
    lease_expires_at timestamptz,
    constraint hosts_pkey primary key (tenant_id),
    constraint hosts_fence_key unique (tenant_id, epoch),
    constraint hosts_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint hosts_status_check check (
        status in ('STOPPED', 'STARTING', 'RUNNING', 'DRAINING', 'ERROR')),
    constraint hosts_lease_check check ((lease_epoch = 0) = (lease_expires_at is null))
) with (fillfactor = 50);

-- Inbox, outbox and log in one. Ids grow in the order of arrival.
create table flowhq.message_logs (
    tenant_id     uuid        not null,
    id            bigint      not null generated always as identity,
    direction     text        not null,
    chat          text        not null,
    sender        text        not null default '', -- inbound: JID of the writer
    contact       text        not null default '',
    from_number   text        not null default '',
    to_number     text        not null default '',
    kind          text        not null,
    text          text        not null,
    wa_message_id text        not null,
    status        text        not null,
    reason        text        not null default '',
    in_reply_to   bigint, -- no foreign key: only Answer sets it, to a row that it holds
    created_at    timestamptz not null default now(),
    sent_at       timestamptz, -- inbound: by the customer's clock
    delivered_at  timestamptz,
    read_at       timestamptz,
    constraint message_logs_pkey primary key (tenant_id, id),
    constraint message_logs_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint message_logs_kind_check check (kind in ('TEXT', 'MEDIA', 'REPLY', 'WARNING')),
    constraint message_logs_status_check check (
        direction = 'IN'
            and status in ('RECEIVED', 'ANSWERED', 'SUPPRESSED', 'OVERFLOWED', 'UNDECRYPTABLE')
        or direction = 'OUT'
            and status in ('PENDING', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ', 'FAILED'))
);
-- What WhatsApp delivers again is recognised by these three.
create unique index message_logs_inbound_key on flowhq.message_logs (tenant_id, chat, sender, wa_message_id)
    where direction = 'IN';
create unique index message_logs_outbound_key on flowhq.message_logs (tenant_id, wa_message_id)
    where direction = 'OUT';
-- A second reply to the same message cannot be written, whatever the program does.
create unique index message_logs_reply_key on flowhq.message_logs (tenant_id, in_reply_to, kind)
    where in_reply_to is not null;
create index message_logs_unanswered_idx on flowhq.message_logs (tenant_id, id) where status = 'RECEIVED';
create index message_logs_unsent_idx on flowhq.message_logs (tenant_id, id) where status in ('PENDING', 'UNKNOWN');
-- By kind, not by direction: else the planner may take it for message_logs_outbound_key
-- and read all that a tenant ever sent.
create index message_logs_replies_idx on flowhq.message_logs (tenant_id, created_at) where kind in ('REPLY', 'WARNING');

create table flowhq.conversations (
    tenant_id  uuid        not null,
    chat       text        not null,
    state      json        not null, -- opaque here; json keeps escapes that jsonb refuses
    updated_at timestamptz not null default now(),
    constraint conversations_pkey primary key (tenant_id, chat),
    constraint conversations_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade
);

create table flowhq.users (
    id         uuid        not null default gen_random_uuid(),
    tenant_id  uuid,
    name       text        not null,
    email      text        not null,
    phone      text        not null default '',
    role       text        not null default 'OWNER',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint users_pkey primary key (id),
    constraint users_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint users_role_check check (role in ('OWNER', 'STAFF', 'ADMIN'))
);
create unique index users_email_key on flowhq.users (lower(email));
create index users_tenant_idx on flowhq.users (tenant_id);

create table flowhq.setup_requests (
    tenant_id       uuid        not null,
    id              uuid        not null default gen_random_uuid(),
    user_id         uuid,
    template_type   text        not null,
    whatsapp_number text        not null,
    status          text        not null default 'SUBMITTED',
    notes           text        not null default '',
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint setup_requests_pkey primary key (tenant_id, id),
    constraint setup_requests_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint setup_requests_user_fkey foreign key (user_id)
        references flowhq.users (id) on delete set null,
    constraint setup_requests_template_type_check check (template_type in ('BOOKING', 'ECOMMERCE', 'SUPPORT')),
    constraint setup_requests_status_check check (
        status in ('SUBMITTED', 'REVIEWING', 'APPROVED', 'ACTIVE', 'REJECTED'))
);
create index setup_requests_user_idx on flowhq.setup_requests (user_id); -- for the foreign key

-- No foreign key: that a tenant was deleted, and by whom, outlives the tenant.
create table flowhq.portal_event_logs (
    tenant_id  uuid        not null,
    id         bigint      not null generated always as identity,
    event_type text        not null,
    actor      text        not null,
    reason     text        not null default '',
    created_at timestamptz not null default now(),
    constraint portal_event_logs_pkey primary key (tenant_id, id)
);

create table flowhq.api_keys (
    id           uuid        not null default gen_random_uuid(),
    tenant_id    uuid, -- null: not bound to one tenant
    name         text        not null,
    key_hash     bytea       not null, -- the key itself is shown once and not kept
    scopes       text[]      not null,
    created_at   timestamptz not null default now(),
    last_used_at timestamptz,
    revoked_at   timestamptz,
    constraint api_keys_pkey primary key (id),
    constraint api_keys_hash_key unique (key_hash),
    constraint api_keys_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade
);
create index api_keys_tenant_idx on flowhq.api_keys (tenant_id);
