-- The first schema of Flow HQ. Its tables are in the order of the story: an installation has
-- tenants; a tenant has a configuration, a profile, a session with WhatsApp, and a host that keeps
-- the session; operators give commands; contacts write messages and have conversations; events
-- tell what happened. What belongs to all tenants and to the workers comes last, and then the
-- functions.
--
-- Schema flowhq is there already: golang-migrate keeps its table of versions in it.
--
-- Three things hold everywhere:
--   * A closed set of words is text with a check. Such a check can be widened within a
--     transaction, which an enum cannot, and reads the same in every client.
--   * '' and 0 mean "none" where no program has to tell "none" from "unknown"; null is for
--     times and for "the installation's default".
--   * Every time is by the database's clock, but for sent_at of customers' messages. Workers
--     compare times only with each other, so a worker's wrong clock does no harm.

-- Which installation this database belongs to: one row. Temporal's namespace carries the same
-- id, so that neither is ever run with a part of another installation.
create table flowhq.installation (
    one              boolean     not null default true,
    id               uuid        not null default gen_random_uuid(),
    created_at       timestamptz not null default now(),
    -- The worker that compares the rows with Temporal's workflows, and until when no other
    -- worker may. It is a lease and no advisory lock, so that a frozen worker is replaced.
    reconciler       text        not null default '',
    reconciler_until timestamptz not null default now(),
    constraint installation_pkey primary key (one),
    constraint installation_one_check check (one) -- there can be no second row
);
insert into flowhq.installation default values;

-- A business with one WhatsApp number.
create table flowhq.tenants (
    id           uuid        not null default gen_random_uuid(),
    name         text        not null, -- for operators
    phone_number text        not null, -- E.164, with the plus sign
    -- Whether the session should be up, by the last command. A row says so, and not Temporal
    -- alone: a lost Temporal is rebuilt from it.
    wanted       boolean     not null default false,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(), -- of the last change by an operator
    constraint tenants_pkey primary key (id)
);
-- The list of tenants, page by page, newest first.
create index tenants_newest_idx on flowhq.tenants (created_at desc, id desc);
-- Across tenants on purpose: a number belongs to one tenant, linked or not.
create unique index tenants_phone_number_key on flowhq.tenants (phone_number);

-- What a tenant chooses about its bot. It is a table of its own, so that a change by an operator
-- does not wait for a host that changes the tenant's status.
create table flowhq.tenant_configs (
    tenant_id             uuid not null,
    template_type         text not null,
    business_name         text not null, -- shown to customers
    language              text not null,
    -- Null is the installation's default, here and in the next three. 0 sends no replies.
    replies_per_minute    integer,
    replies_per_contact   integer,
    retention_days        integer, -- for how long messages, conversations and events are kept
    answer_within_minutes integer, -- an older message is recorded as EXPIRED and not answered
    answered_by           text not null default 'TEMPLATE', -- who answers customers
    constraint tenant_configs_pkey primary key (tenant_id),
    constraint tenant_configs_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint tenant_configs_template_type_check check (
        template_type in ('BOOKING', 'ECOMMERCE', 'SUPPORT')),
    constraint tenant_configs_language_check check (language in ('EN', 'SW')),
    constraint tenant_configs_replies_check check (
        replies_per_minute >= 0 and replies_per_contact >= 0),
    constraint tenant_configs_answered_by_check check (
        answered_by in ('TEMPLATE', 'WEBHOOK', 'PERSON')),
    -- WhatsApp redelivers for up to a month. A message whose row is gone by then would be
    -- answered twice.
    constraint tenant_configs_retention_check check (retention_days between 30 and 3650),
    constraint tenant_configs_answer_within_check check (
        answer_within_minutes between 1 and 525600)
);

-- What the owner has told about the business. Each change is a row, so that it can be undone; the
-- highest version counts, and a tenant without a row has an empty one. The oldest rows go when
-- there are many.
create table flowhq.profiles (
    tenant_id  uuid        not null,
    version    bigint      not null,
    profile    json        not null, -- opaque here, and read whole
    actor      text        not null,
    reason     text        not null default '', -- what the change was, for operators
    created_at timestamptz not null default now(),
    -- Of two changes of one version at a time, this refuses the second.
    constraint profiles_pkey primary key (tenant_id, version),
    constraint profiles_version_check check (version > 0),
    constraint profiles_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade
);

-- The link between a tenant and WhatsApp, as its host reported it last.
create table flowhq.whatsapp_sessions (
    tenant_id     uuid        not null,
    state         text        not null default 'DISCONNECTED',
    reason        text        not null default '',    -- of state, for operators
    since         timestamptz not null default now(), -- of state
    ending        text        not null default '',    -- why the session has ended; '': it has not
    waiting_for   text        not null default '',    -- a host, and why there is none; '': nothing
    retry_at      timestamptz, -- when it is tried again by itself, as after a ban that ends
    -- It has failed so often in a row that a person should look at it, whatever its state is now.
    keeps_failing boolean     not null default false,
    -- The host that has said so, or the workflow after it. A higher epoch in hosts is one that
    -- has claimed the tenant and has said nothing yet.
    epoch         bigint      not null default 0,
    last_seen_at  timestamptz, -- when WhatsApp was heard from last

    -- The linked device, which is what a phone lists under "Linked devices".
    device_jid    text        not null default '', -- '': none is linked
    number        text        not null default '', -- of the device, E.164
    -- A phone of another number than the tenant's may have scanned the code. Nothing is answered
    -- then until an operator has said which number is right.
    unconfirmed   boolean     not null default false,
    -- The number that was on the air last, also after it was unlinked. The messages in the log
    -- are its own: a later number must not answer them.
    served_number text        not null default '',
    relink        boolean     not null default false, -- asked for by a command, and not done yet

    -- Codes to scan, and to type into the phone. They are renewed while somebody asks for them.
    qr                   text not null default '',
    qr_expires_at        timestamptz,
    qr_asked_at          timestamptz,
    link_code            text not null default '', -- drawn only when it is asked for
    link_code_expires_at timestamptz,
    link_code_asked_at   timestamptz,

    constraint whatsapp_sessions_pkey primary key (tenant_id),
    constraint whatsapp_sessions_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint whatsapp_sessions_state_check check (state in (
        'DISCONNECTED', 'CONNECTING', 'QR_READY', 'CONNECTED', 'LOGGED_OUT', 'BANNED')),
    constraint whatsapp_sessions_waiting_for_check check (waiting_for in (
        '', 'WORKER', 'FREE_SLOT', 'RECONNECTS')),
    constraint whatsapp_sessions_ending_check check (ending in (
        '', 'LOST', 'UNRESPONSIVE', 'UNREACHABLE', 'CERTIFICATE_REFUSED', 'PROXY_FAILED',
        'REPLACED_BY_US', 'REPLACED_BY_STRANGER', 'NOT_RECORDED', 'DATABASE_LOST',
        'WORKER_DRAINING', 'WORKER_LOST', 'RENEWED', 'RESTARTED', 'FAILED', 'TEMPORARILY_BANNED',
        'CRASH_LOOP', 'LOGGED_OUT', 'DEVICE_REMOVED', 'BANNED', 'ACCOUNT_LOCKED',
        'CLIENT_OUTDATED', 'REFUSED', 'QR_EXPIRED', 'PAIR_FAILED', 'NUMBER_DIFFERS',
        'PASSKEY_ASKED', 'STOPPED', 'GONE'))
-- Every renewal of a lease rewrites this row and that of hosts without touching an indexed
-- column. The free half of each page lets the new version stay there (a HOT update), so that
-- the indexes do not grow.
) with (fillfactor = 50);
-- Across tenants on purpose: a number is linked to one tenant at most.
create unique index whatsapp_sessions_number_key on flowhq.whatsapp_sessions (number)
    where number <> '';

-- What keeps a tenant's session in a worker, and the lease that lets it.
create table flowhq.hosts (
    tenant_id        uuid        not null,
    worker           text        not null default '', -- name of the worker it runs in
    -- How many hosts the tenant has had. Only the latest may write; see function fence.
    epoch            bigint      not null default 0,
    since            timestamptz not null default now(), -- of the epoch
    last_error       text        not null default '',
    -- The lease: who may be connected to WhatsApp. It can belong to an older epoch than the
    -- row's, while the older host hangs up.
    lease_epoch      bigint      not null default 0, -- 0: nobody has the lease
    lease_worker     text        not null default '', -- finds the leases of a worker that died
    lease_expires_at timestamptz,
    constraint hosts_pkey primary key (tenant_id),
    -- Redundant as a key. It makes raising epoch a key update, which excludes "for key share",
    -- the lock under which a host writes; a renewal of the lease is none and excludes nothing.
    constraint hosts_fence_key unique (tenant_id, epoch),
    constraint hosts_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint hosts_lease_check check ((lease_epoch = 0) = (lease_expires_at is null))
) with (fillfactor = 50); -- like whatsapp_sessions

-- What operators have asked for. A command counts from the moment that it is a row. It has no
-- foreign key: the command that deleted a tenant outlives the tenant.
create table flowhq.commands (
    tenant_id    uuid        not null,
    -- Drawn under the lock of the tenant's row, so ids grow in the order of the commits.
    id           bigint      not null generated always as identity,
    key          text        not null, -- of the request: a repeated one is the same command
    request_hash bytea       not null, -- tells a repeated request from another under its key
    command      text        not null,
    actor        text        not null,
    reason       text        not null default '',
    asked_at     timestamptz not null default now(),
    applied_at   timestamptz, -- null: a workflow has yet to apply it
    outcome      text        not null default '',
    constraint commands_pkey primary key (tenant_id, id),
    constraint commands_key_key unique (tenant_id, key)
);
-- Across tenants on purpose: the reconciler looks for commands that nobody has applied.
create index commands_waiting_idx on flowhq.commands (tenant_id, id) where applied_at is null;
-- Across tenants on purpose: the command that erased a tenant can only be found by its time when
-- it is due itself.
create index commands_deletions_idx on flowhq.commands (applied_at) where command = 'delete';

-- How tenants' users ask for the bot to be put on the air, and what operators decided. A row never
-- changes but for the decision, so that nobody approves something else than was read.
create table flowhq.setup_requests (
    tenant_id       uuid        not null,
    id              uuid        not null,
    key             text        not null, -- of the request: a repeated one makes no second row
    business_name   text        not null,
    template_type   text        not null,
    whatsapp_number text        not null,
    language        text        not null,
    status          text        not null default 'SUBMITTED',
    notes           text        not null default '', -- of the decision
    submitted_by    text        not null, -- actor
    decided_by      text        not null default '',
    -- The time of the statement, which has the lock, and not of the transaction, which may have
    -- waited for it: the newest row counts.
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    constraint setup_requests_pkey primary key (id),
    constraint setup_requests_key_key unique (tenant_id, key),
    constraint setup_requests_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint setup_requests_template_type_check check (
        template_type in ('BOOKING', 'ECOMMERCE', 'SUPPORT')),
    constraint setup_requests_language_check check (language in ('EN', 'SW')),
    constraint setup_requests_status_check check (status in (
        'SUBMITTED', 'REVIEWING', 'APPROVED', 'ACTIVE', 'REJECTED'))
);
-- Nobody decides on two requests of a tenant at a time.
create unique index setup_requests_open_key on flowhq.setup_requests (tenant_id)
    where status in ('SUBMITTED', 'REVIEWING');
create index setup_requests_tenant_idx on flowhq.setup_requests
    (tenant_id, created_at desc, id desc);
-- Across tenants on purpose, here and in the next: operators list those of all tenants.
create index setup_requests_newest_idx on flowhq.setup_requests (created_at desc, id desc);
create index setup_requests_status_idx on flowhq.setup_requests
    (status, created_at desc, id desc);

-- The people who write to a tenant. WhatsApp knows a person by a LID, by a number, or by both,
-- and a message may come with either. Which two belong together can be learnt at any time; two
-- contacts then become one.
create table flowhq.contacts (
    tenant_id     uuid        not null,
    id            bigint      not null generated always as identity,
    lid           text        not null default '', -- JID; '': not known
    number        text        not null default '', -- E.164; '': not known
    name          text        not null default '', -- that the contact has chosen
    first_seen_at timestamptz not null default now(),
    last_seen_at  timestamptz not null default now(), -- when a message came last
    muted_until   timestamptz, -- one that writes like a program is not answered for a while
    -- Messages of the chat disappear after this time. 0: they stay.
    timer_seconds integer     not null default 0,
    timer_set_at  timestamptz, -- which of two settings is the later; null: nothing is known
    -- Why the bot never answers here: an operator said so, or the owner wrote first. '': it does.
    left_alone    text        not null default '',
    -- When the contact asked for no more reminders; null: it gets them.
    unreminded_at timestamptz,
    -- The newest message that the business's people have seen; 0: none.
    read_to       bigint      not null default 0,
    constraint contacts_pkey primary key (tenant_id, id),
    constraint contacts_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint contacts_left_alone_check check (left_alone in ('', 'LISTED', 'OWNER_BEGAN')),
    constraint contacts_address_check check (lid <> '' or number <> '')
) with (fillfactor = 80); -- each message updates last_seen_at
-- An address is known of one contact at most.
create unique index contacts_lid_key on flowhq.contacts (tenant_id, lid) where lid <> '';
create unique index contacts_number_key on flowhq.contacts (tenant_id, number)
    where number <> '';
-- Operators list these few among many.
create index contacts_muted_idx on flowhq.contacts (tenant_id, id) where muted_until is not null;
create index contacts_left_alone_idx on flowhq.contacts (tenant_id, id) where left_alone <> '';

-- Inbox, outbox and log in one. Ids grow in the order of arrival.
create table flowhq.message_logs (
    tenant_id     uuid        not null,
    id            bigint      not null generated always as identity,
    direction     text        not null,
    -- No foreign key: only statements that have locked the contact write it, and each message
    -- would look the contact up once more.
    contact_id    bigint      not null,
    chat          text        not null, -- JID to write to
    contact       text        not null default '', -- the contact's number, as far as it is known
    from_number   text        not null default '',
    to_number     text        not null default '',
    kind          text        not null,
    text          text        not null, -- what was or will be answered, or sent
    wordless      boolean     not null default false, -- nothing written or chosen by a person
    media         text        not null default '', -- of a wordless message: what it is
    latitude      double precision, -- of a place that was sent; null: it is none
    longitude     double precision,
    attachment    json,   -- what was sent besides words, never its bytes; null: nothing
    -- No foreign key: the media expire, and the message stays.
    media_id      bigint generated always as ((attachment ->> 'media_id')::bigint) stored,
    album         text        not null default '', -- wa_message_id of the album it is part of
    wa_message_id text        not null, -- WhatsApp's id; of a reply, that of every attempt to send
    status        text        not null,
    reason        text        not null default '', -- of status
    -- How many attempts to handle or send the message have begun. Each is counted before it: a
    -- message that ends its worker must not be tried for ever.
    attempts      integer     not null default 0,
    retried_at    timestamptz, -- by an operator, last; the message is as old as that then
    in_reply_to   bigint, -- no foreign key: only Answer sets it, to a row that it has locked
    -- The last line of the burst that it is part of, whose reply answers this message too.
    answered_with bigint,
    understood    json,   -- how the bot read it; null: it did not
    forwarded_at  timestamptz, -- since when it waits for a program of others; null: it never did
    suggestion    json,   -- a language model's, or why there is none; null: it was not asked
    timer_seconds integer     not null default 0, -- of a reply: the chat's when it was written,
    timer_set_at  timestamptz,                    -- which every attempt to send repeats
    expires_at    timestamptz, -- of a follow-up: from then on it must not be sent
    -- What the customer made of the message later.
    original_text text,        -- as first written; null: text is that
    edited_text   text,        -- as changed last; null: not, or it could not be read
    edited_at     timestamptz, -- null: never
    revoked_at    timestamptz, -- when the customer deleted it; null: never
    created_at    timestamptz not null default now(),
    sent_at       timestamptz, -- of a customer's message: by the customer's clock
    delivered_at  timestamptz,
    read_at       timestamptz,
    constraint message_logs_pkey primary key (tenant_id, id),
    constraint message_logs_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint message_logs_kind_check check (kind in (
        'TEXT', 'MEDIA', 'LOCATION', 'CONTACT', 'ORDER', 'POLL', 'INVITE', 'PAYMENT', 'CALL',
        'OTHER', 'REPLY', 'WARNING', 'NOTICE', 'FOLLOW_UP', 'OWNER', 'OPERATOR')),
    constraint message_logs_status_check check (
        direction = 'IN' and status in (
            'RECEIVED', 'ANSWERED', 'SUPPRESSED', 'OVERFLOWED', 'EXPIRED', 'UNDECRYPTABLE',
            'FORWARDED', 'IGNORED', 'FAILED')
        or direction = 'OUT' and status in (
            'PENDING', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ', 'FAILED'))
);
-- What WhatsApp delivers again is recognised by these three. The id is before the contact: the
-- message may come again from an address that is not known to be the same contact's.
create unique index message_logs_inbound_key
    on flowhq.message_logs (tenant_id, wa_message_id, contact_id) where direction = 'IN';
-- Receipts name a reply by its id alone.
create unique index message_logs_outbound_key
    on flowhq.message_logs (tenant_id, wa_message_id) where direction = 'OUT';
-- A second reply to the same message cannot be written, whatever the program does.
create unique index message_logs_reply_key
    on flowhq.message_logs (tenant_id, in_reply_to, kind) where in_reply_to is not null;
-- The inbox: what a new host has to answer.
create index message_logs_unanswered_idx
    on flowhq.message_logs (tenant_id, id) where status = 'RECEIVED';
-- The outbox: what a new host has to send.
create index message_logs_unsent_idx
    on flowhq.message_logs (tenant_id, id) where status in ('PENDING', 'UNKNOWN');
-- The replies that count for the limits of a new host, and notices. By kind and not by direction: else the
-- planner may take it for message_logs_outbound_key and read all that a tenant ever sent.
create index message_logs_replies_idx
    on flowhq.message_logs (tenant_id, created_at)
    where kind in ('REPLY', 'WARNING', 'NOTICE', 'FOLLOW_UP');
-- The messages of a person, which follow when two contacts become one.
create index message_logs_contact_idx on flowhq.message_logs (tenant_id, contact_id, id);
-- Whether a chat was told lately that only text is read. Few messages are in these two.
create index message_logs_wordless_idx
    on flowhq.message_logs (tenant_id, contact_id, id) where wordless and status = 'ANSWERED';
create index message_logs_album_idx
    on flowhq.message_logs (tenant_id, album) where album <> '' and status = 'ANSWERED';
-- Operators list messages of a status that is rare among many.
create index message_logs_failed_idx
    on flowhq.message_logs (tenant_id, id) where status = 'FAILED';
-- Across tenants on purpose: operators look for what has gone wrong with many.
create index message_logs_all_failed_idx on flowhq.message_logs (id) where status = 'FAILED';
create index message_logs_unanswerable_idx on flowhq.message_logs (tenant_id, status, id)
    where status in ('SUPPRESSED', 'OVERFLOWED', 'EXPIRED', 'IGNORED', 'UNDECRYPTABLE');
-- Across tenants on purpose: what a program of others has not answered in time.
create index message_logs_forwarded_idx on flowhq.message_logs (forwarded_at)
    where status = 'FORWARDED';
-- Its answer to one line answers the lines before it, and operators list what waits.
create index message_logs_forwarded_contact_idx on flowhq.message_logs (tenant_id, id)
    where status = 'FORWARDED';

-- Which messages hold media, and which media a contact's messages hold. Few messages hold any.
create index message_logs_media_idx
    on flowhq.message_logs (tenant_id, media_id) where media_id is not null;
create index message_logs_contact_media_idx
    on flowhq.message_logs (tenant_id, contact_id) where media_id is not null;

-- Pictures, documents and voice notes that are to be sent, until nobody needs them any more. They
-- lie here, and not in a store of objects, so that a message and what it holds are kept, backed up
-- and erased together. Their log is in message_logs.
create table flowhq.media (
    tenant_id    uuid        not null,
    id           bigint      not null generated always as identity,
    key          text        not null, -- of the request: a repeated one keeps nothing twice
    content_type text        not null, -- what the bytes are
    file_name    text        not null default '',
    sendable     text[]      not null, -- as which kinds of messages
    size         bigint      not null, -- in bytes
    sha256       bytea       not null,
    width        integer     not null default 0, -- of a picture
    height       integer     not null default 0,
    seconds      integer     not null default 0, -- of a voice note
    bytes        bytea       not null,
    -- Where WhatsApp keeps them, with the key to them, by the kind of message. Like the bytes, it
    -- never leaves but to WhatsApp.
    uploads      jsonb       not null default '{}',
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null, -- a message that has yet to be sent keeps them longer
    constraint media_pkey primary key (tenant_id, id),
    constraint media_key_key unique (tenant_id, key),
    constraint media_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint media_size_check check (size between 1 and 16777216 and size = octet_length(bytes))
);
-- They are compressed already.
alter table flowhq.media alter column bytes set storage external;
-- Across tenants on purpose: what has expired is deleted of all of them.
create index media_expired_idx on flowhq.media (expires_at);

-- How often a tenant's language model was asked on the last day on which it was.
create table flowhq.assistant_usage (
    tenant_id uuid    not null,
    day       date    not null, -- by the clock of the business
    requests  integer not null,
    constraint assistant_usage_pkey primary key (tenant_id),
    constraint assistant_usage_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade
) with (fillfactor = 50); -- updated in place

-- How many messages a tenant has had on the last day on which it had any, in both directions. It is
-- written like traffic.
create table flowhq.message_counts (
    tenant_id uuid    not null,
    day       date    not null, -- of UTC: operators compare tenants of several zones
    messages  integer not null,
    constraint message_counts_pkey primary key (tenant_id),
    constraint message_counts_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade
) with (fillfactor = 50); -- updated in place

-- Where the bot stands with a contact.
create table flowhq.conversations (
    tenant_id  uuid        not null,
    contact_id bigint      not null,
    state      json        not null, -- opaque here; json keeps escapes that jsonb refuses
    updated_at timestamptz not null default now(),
    constraint conversations_pkey primary key (tenant_id, contact_id),
    constraint conversations_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint conversations_contact_fkey foreign key (tenant_id, contact_id)
        references flowhq.contacts (tenant_id, id) on delete cascade
);

-- What conversations leave for people to act on. The statement that answers a message writes
-- them, so each exists exactly once. Like message_logs they have no foreign key to contacts:
-- contacts become one, and these follow. number is what customers call a fact by.
create table flowhq.bookings (
    tenant_id  uuid        not null,
    id         bigint      not null generated always as identity,
    number     text        not null,
    contact_id bigint      not null,
    service    text        not null,
    minutes    integer     not null,
    price      bigint      not null default 0, -- in whole units of the currency; 0: not given
    currency   text        not null default '',
    starts_at  timestamptz not null,
    ends_at    timestamptz not null,
    name       text        not null default '',
    note       text        not null default '',
    status     text        not null,
    held_until timestamptz, -- when a HELD one lapses, which nobody has to write
    -- How many bookings the tenant takes at the same time, as the owner said when it was written.
    capacity   integer     not null default 1,
    message_id bigint      not null default 0, -- of the message that changed it last; 0: none
    -- Of an operator's request, like those of commands; null: a customer made it.
    key          text,
    request_hash bytea,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint bookings_pkey primary key (tenant_id, id),
    constraint bookings_number_key unique (tenant_id, number),
    constraint bookings_key_key unique (tenant_id, key),
    constraint bookings_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint bookings_status_check check (status in ('HELD', 'CONFIRMED', 'CANCELLED')),
    constraint bookings_held_check check ((status = 'HELD') = (held_until is not null)),
    constraint bookings_time_check check (
        ends_at > starts_at and ends_at <= starts_at + interval '2 days'),
    constraint bookings_numbers_check check (minutes > 0 and price >= 0 and capacity > 0)
);
-- What is taken ahead, and the calendar, by time.
create index bookings_ends_idx on flowhq.bookings (tenant_id, ends_at) where status <> 'CANCELLED';
create index bookings_starts_idx on flowhq.bookings (tenant_id, starts_at, id);
create index bookings_contact_idx on flowhq.bookings (tenant_id, contact_id, id);
-- A page of those of a status, here and in the tables below.
create index bookings_status_idx on flowhq.bookings (tenant_id, status, id);

create table flowhq.orders (
    tenant_id  uuid        not null,
    id         bigint      not null generated always as identity,
    number     text        not null,
    contact_id bigint      not null,
    lines      json        not null, -- flowhq.OrderLine; read and written as a whole
    delivery   json        not null, -- flowhq.Drop
    total      bigint      not null,
    currency   text        not null default '',
    name       text        not null default '',
    note       text        not null default '',
    status     text        not null,
    unpaid     boolean     not null default false, -- it is to be paid ahead, and was not yet
    message_id bigint      not null default 0,
    -- When the customer, or a person for them, said yes; null: nobody has. It tells an order that
    -- was cancelled from one that was never placed.
    confirmed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint orders_pkey primary key (tenant_id, id),
    constraint orders_number_key unique (tenant_id, number),
    constraint orders_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint orders_status_check check (
        status in ('OPEN', 'CONFIRMED', 'FULFILLED', 'CANCELLED')),
    constraint orders_total_check check (total >= 0)
);
create index orders_contact_idx on flowhq.orders (tenant_id, contact_id, id);
create index orders_status_idx on flowhq.orders (tenant_id, status, id);

create table flowhq.tickets (
    tenant_id  uuid        not null,
    id         bigint      not null generated always as identity,
    number     text        not null,
    contact_id bigint      not null,
    subject    text        not null,
    note       text        not null default '',
    status     text        not null,
    message_id bigint      not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint tickets_pkey primary key (tenant_id, id),
    constraint tickets_number_key unique (tenant_id, number),
    constraint tickets_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint tickets_status_check check (status in ('OPEN', 'CLOSED'))
);
create index tickets_contact_idx on flowhq.tickets (tenant_id, contact_id, id);
create index tickets_status_idx on flowhq.tickets (tenant_id, status, id);

-- Stretches of a chat in which a person answers and the bot is silent.
create table flowhq.handovers (
    tenant_id  uuid        not null,
    id         bigint      not null generated always as identity,
    contact_id bigint      not null,
    reason     text        not null,
    note       text        not null default '',
    at         timestamptz not null default now(),
    owner_at   timestamptz, -- when a person of the business wrote last; null: nobody did
    until      timestamptz, -- when the bot comes back by itself; null: never
    ended_at   timestamptz, -- null: it is open
    end_reason text        not null default '',
    message_id bigint      not null default 0, -- of the message that began it; 0: none
    constraint handovers_pkey primary key (tenant_id, id),
    constraint handovers_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint handovers_reason_check check (reason in (
        'ASKED', 'ANGER', 'MISSED', 'DECISION', 'OWNER', 'OPERATOR', 'UNANSWERED'))
);
-- A chat is handed over once at a time. Each answer looks here first.
create unique index handovers_open_key on flowhq.handovers (tenant_id, contact_id)
    where ended_at is null;
create index handovers_contact_idx on flowhq.handovers (tenant_id, contact_id, id);
create index handovers_open_idx on flowhq.handovers (tenant_id, id) where ended_at is null;

-- Questions to which the bot had no answer, for the owner to teach it.
create table flowhq.unanswered (
    tenant_id  uuid        not null,
    id         bigint      not null generated always as identity,
    contact_id bigint      not null,
    text       text        not null,
    -- Questions that are one have the same: case, spaces and what ends them do not count. It is a
    -- hash, as a text may be longer than an index takes.
    wording    text        not null generated always as (
        md5(lower(btrim(regexp_replace(text, '\s+', ' ', 'g'), ' ?!.,')))) stored,
    language   text        not null default '',
    intents    text[]      not null default '{}', -- what it may have been about, best first
    status     text        not null default 'OPEN',
    message_id bigint      not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint unanswered_pkey primary key (tenant_id, id),
    constraint unanswered_message_key unique (tenant_id, message_id),
    constraint unanswered_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint unanswered_status_check check (status in ('OPEN', 'RESOLVED', 'DISMISSED'))
);
create index unanswered_contact_idx on flowhq.unanswered (tenant_id, contact_id, id);
create index unanswered_wording_idx on flowhq.unanswered (tenant_id, wording);
create index unanswered_status_idx on flowhq.unanswered (tenant_id, status, id);

-- What a customer is reminded of: of a booking before it, of an order that waits for the customer
-- after a while. The rows are written by triggers on bookings and orders, in the statement that
-- changes those, whoever does it; see function follow_booking. So they cannot drift.
create table flowhq.follow_ups (
    tenant_id  uuid        not null,
    id         bigint      not null generated always as identity,
    contact_id bigint      not null,
    about      text        not null,
    number     text        not null, -- of the booking or order
    kind       text        not null,
    -- When the booking starts, or since when the order waits. Of another time it is another
    -- follow-up, so each is sent once for each time that there was.
    about_at   timestamptz not null,
    due_at     timestamptz not null, -- but for the hours of the business
    expires_at timestamptz not null, -- from then on it is of no use
    status     text        not null default 'PENDING',
    reason     text        not null default '', -- of status
    -- When somebody has to look at a PENDING one next. It is the time of its workflow's timer;
    -- the reconciler sees to what is later than that.
    next_at    timestamptz not null default now(),
    message_id bigint      not null default 0, -- of the message that was written; 0: none
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint follow_ups_pkey primary key (tenant_id, id),
    constraint follow_ups_once_key unique (tenant_id, about, number, kind, about_at),
    constraint follow_ups_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint follow_ups_kind_check check (
        about = 'BOOKING' and kind in ('DAY_BEFORE', 'TWO_HOURS_BEFORE')
        or about = 'ORDER' and kind in (
            'AFTER_30_MINUTES', 'AFTER_3_HOURS', 'AFTER_24_HOURS', 'GIVE_UP')),
    constraint follow_ups_status_check check (status in (
        'PENDING', 'SENT', 'CANCELLED', 'GIVEN_UP', 'MISSED')),
    constraint follow_ups_message_check check (message_id = 0 or status in ('SENT', 'CANCELLED'))
);
create index follow_ups_contact_idx on flowhq.follow_ups (tenant_id, contact_id, id);
create index follow_ups_status_idx on flowhq.follow_ups (tenant_id, status, id);
-- Across tenants on purpose: the reconciler looks for those that nobody has seen to in time.
create index follow_ups_next_idx on flowhq.follow_ups (next_at) where status = 'PENDING';

-- Contacts that are being erased. The contact itself is gone when the row is written, so whoever
-- writes from its address later is somebody new; a worker then deletes what has its id, a batch at
-- a time, and this row last. So a worker that dies leaves the rest to the next one.
create table flowhq.erasures (
    tenant_id  uuid        not null,
    contact_id bigint      not null,
    addresses  text[]      not null, -- JIDs by which the contact was known
    -- Of which bookings and orders follow-ups were ahead, such as BOOKING:K48219. Their workflows
    -- are told, and end.
    followed   text[]      not null default '{}',
    asked_at   timestamptz not null default now(),
    tried_at   timestamptz not null default now(), -- so that one that fails keeps no other waiting
    constraint erasures_pkey primary key (tenant_id, contact_id),
    constraint erasures_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade
);
-- Across tenants on purpose: a worker looks for all of them.
create index erasures_tried_idx on flowhq.erasures (tried_at);

-- What happened to a tenant. No foreign key: that a tenant was deleted, and by whom, outlives
-- the tenant. Events name a message by its id and hold no number or text of a customer, as they
-- outlive messages too.
create table flowhq.portal_event_logs (
    tenant_id  uuid        not null,
    id         bigint      not null generated always as identity,
    event_type text        not null,
    actor      text        not null,
    reason     text        not null default '',
    created_at timestamptz not null default now(),
    constraint portal_event_logs_pkey primary key (tenant_id, id)
);
-- Across tenants on purpose: an erased tenant is in no other table, so its last event can only
-- be found by its time when it is due itself.
create index portal_event_logs_erased_idx on flowhq.portal_event_logs (created_at)
    where event_type = 'TENANT_DELETED';
-- What people and programs have done, as Principal.Actor writes them, for the audit of one tenant
-- and, across tenants on purpose, of all. Most events are of hosts and workflows, which pay nothing
-- for these.
create index portal_event_logs_deeds_idx on flowhq.portal_event_logs (tenant_id, created_at, id)
    where split_part(actor, ' ', 1) in ('operator', 'user', 'portal', 'api', 'admin');
create index portal_event_logs_all_deeds_idx on flowhq.portal_event_logs (created_at, id)
    where split_part(actor, ' ', 1) in ('operator', 'user', 'portal', 'api', 'admin');

-- The feed: what happens to tenants, in the order in which it happened, for who follows it over the
-- API and for webhooks. Triggers write it, in the transaction of what it tells of, whoever makes
-- that; see function feed. Like portal_event_logs it names messages and contacts by their ids, and
-- holds no number or text of a customer, and it has no foreign key.
create table flowhq.feed (
    tenant_id  uuid        not null,
    -- Drawn under the tenant's lock, at the end of the transaction: whoever excludes that lock for a
    -- moment has then seen all ids up to the highest. Of one chat they are in the order of the facts.
    id         bigint      not null generated always as identity,
    event_type text        not null,
    contact_id bigint      not null default 0, -- whose chat it is about; 0: none
    data       json        not null, -- its shape follows from event_type, see docs/events.md
    created_at timestamptz not null default now(),
    constraint feed_pkey primary key (tenant_id, id)
);
-- Across tenants on purpose: the streams of an API process have one reader for all.
create unique index feed_id_key on flowhq.feed (id);
-- For the erasure of a contact, which holds up the tenant's host while it looks for the last rows.
create index feed_contact_idx on flowhq.feed (tenant_id, contact_id, id);

-- Where a tenant's events are sent: addresses of programs of others.
create table flowhq.webhooks (
    tenant_id        uuid        not null,
    id               uuid        not null default gen_random_uuid(),
    url              text        not null,
    description      text        not null default '',
    event_types      text[]      not null, -- never empty: each is named
    enabled          boolean     not null default true,
    reason           text        not null default '', -- why it is not enabled
    -- Signatures need the secret itself, so that a hash would not do. Until old_secret_until what
    -- is sent is signed with both. Both are sealed where the installation has a key, see
    -- docs/operations.md.
    secret           text        not null,
    old_secret       text        not null default '',
    old_secret_until timestamptz,
    created_by       text        not null, -- actor
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now(),
    constraint webhooks_pkey primary key (tenant_id, id),
    constraint webhooks_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint webhooks_event_types_check check (cardinality(event_types) > 0)
);

-- How far each webhook has read the feed. It is a table of its own: those who append to the feed
-- write it, while they hold the lock of the feed, and must not wait for who changes the webhook.
create table flowhq.webhook_cursors (
    tenant_id    uuid        not null,
    webhook_id   uuid        not null,
    position     bigint      not null, -- id of the last event that was read
    -- What of the feed is read once more: what is after replay_after, up to replay_to.
    replay_after bigint      not null default 0,
    replay_to    bigint      not null default 0, -- 0: nothing
    -- When somebody should see to it; null: there is nothing to do. Whoever sees to it moves this on,
    -- so that another one sees to it if that one dies.
    due_at       timestamptz,
    -- Nobody sees to it now, and the next event that it asks for must make it due; see function
    -- wake_webhooks.
    resting      boolean     not null default true,
    failures     integer     not null default 0, -- attempts in a row
    constraint webhook_cursors_pkey primary key (tenant_id, webhook_id),
    constraint webhook_cursors_webhook_fkey foreign key (tenant_id, webhook_id)
        references flowhq.webhooks (tenant_id, id) on delete cascade
) with (fillfactor = 50); -- each batch updates it
-- Across tenants on purpose: the reconciler looks for those that are due.
create index webhook_cursors_due_idx on flowhq.webhook_cursors (due_at) where due_at is not null;

-- The events that were read for a webhook, and what became of each. It names them by their ids and
-- holds nothing else of them.
create table flowhq.webhook_deliveries (
    tenant_id     uuid        not null,
    id            bigint      not null generated always as identity,
    webhook_id    uuid        not null,
    event_id      bigint      not null,
    event_type    text        not null,
    contact_id    bigint      not null, -- whose chat it is about; 0: none
    status        text        not null default 'PENDING',
    attempts      integer     not null default 0,
    reason        text        not null default '', -- of the last attempt's failure
    response_code integer     not null default 0,  -- of the last attempt; 0: there was no answer
    duration_ms   integer     not null default 0,  -- of the last attempt
    created_at    timestamptz not null default now(),
    expires_at    timestamptz not null, -- an attempt that fails after this is the last
    next_at       timestamptz not null default now(),
    tried_at      timestamptz,
    constraint webhook_deliveries_pkey primary key (tenant_id, id),
    -- An event is delivered once, and read again by a replay.
    constraint webhook_deliveries_event_key unique (tenant_id, webhook_id, event_id),
    constraint webhook_deliveries_webhook_fkey foreign key (tenant_id, webhook_id)
        references flowhq.webhooks (tenant_id, id) on delete cascade,
    constraint webhook_deliveries_status_check check (
        status in ('PENDING', 'DELIVERED', 'SET_ASIDE'))
) with (fillfactor = 80);
-- What waits, chat by chat, in the order of the events.
create index webhook_deliveries_pending_idx on flowhq.webhook_deliveries
    (tenant_id, webhook_id, contact_id, event_id) where status = 'PENDING';
create index webhook_deliveries_newest_idx on flowhq.webhook_deliveries
    (tenant_id, webhook_id, id desc);
create index webhook_deliveries_set_aside_idx on flowhq.webhook_deliveries
    (tenant_id, webhook_id, id desc) where status = 'SET_ASIDE';
-- Those of all tenants, and of all webhooks of one, for operators.
create index webhook_deliveries_all_set_aside_idx on flowhq.webhook_deliveries
    (id desc) where status = 'SET_ASIDE';
create index webhook_deliveries_tenant_set_aside_idx on flowhq.webhook_deliveries
    (tenant_id, id desc) where status = 'SET_ASIDE';
-- Who is erased.
create index webhook_deliveries_contact_idx on flowhq.webhook_deliveries (tenant_id, contact_id, id)
    where contact_id <> 0;

-- Who signs in: the operators of the installation, and the users of tenants. They are in one table,
-- so that an e-mail address is one person, and a sign-in finds it without being told which of both.
create table flowhq.accounts (
    id            uuid        not null default gen_random_uuid(),
    tenant_id     uuid, -- null: an operator
    email         text        not null, -- in lower case
    name          text        not null,
    role          text        not null,
    password_hash text        not null default '', -- argon2id; '': none was set yet
    disabled      boolean     not null default false,
    created_at    timestamptz not null default now(),
    signed_in_at  timestamptz, -- the last time
    constraint accounts_pkey primary key (id),
    constraint accounts_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint accounts_role_check check (case
        when tenant_id is null then role in ('OWNER', 'OPERATOR', 'VIEWER')
        else role in ('OWNER', 'STAFF') end)
);
create unique index accounts_email_key on flowhq.accounts (email);
create index accounts_tenant_idx on flowhq.accounts (tenant_id, created_at desc);

-- What a person who has signed in sends with each request is a token, of which only the hash is
-- here: who reads the table cannot use it.
create table flowhq.sign_ins (
    id         bigint      not null generated always as identity,
    account_id uuid        not null,
    token_hash bytea       not null,
    address    text        not null, -- where it was made from
    created_at timestamptz not null default now(),
    seen_at    timestamptz not null default now(), -- of the last request, within a minute
    expires_at timestamptz not null,
    constraint sign_ins_pkey primary key (id),
    constraint sign_ins_token_key unique (token_hash),
    constraint sign_ins_account_fkey foreign key (account_id)
        references flowhq.accounts (id) on delete cascade
);
create index sign_ins_account_idx on flowhq.sign_ins (account_id, id);
create index sign_ins_expired_idx on flowhq.sign_ins (expires_at);

-- Wrong passwords by account and the address that they came from, '' for all addresses together. The
-- account is the hash of what was typed as an e-mail address, which may be nobody's.
create table flowhq.lockouts (
    account_hash bytea       not null,
    address      text        not null,
    wrong        integer     not null, -- passwords since the last pause of some minutes
    last_at      timestamptz not null default now(),
    locked_until timestamptz not null default now(), -- passwords are not looked at before
    constraint lockouts_pkey primary key (account_hash, address)
);
create index lockouts_last_idx on flowhq.lockouts (last_at); -- what is old goes

-- A link by which a person sets a password: the first one, or another in place of one that was
-- lost. An account has one at a time, and it goes when it is used.
create table flowhq.account_links (
    account_id uuid        not null,
    token_hash bytea       not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint account_links_pkey primary key (account_id),
    constraint account_links_token_key unique (token_hash),
    constraint account_links_account_fkey foreign key (account_id)
        references flowhq.accounts (id) on delete cascade
);

-- What programs ask with. Only the hash of the secret is here.
create table flowhq.api_keys (
    id           uuid        not null default gen_random_uuid(),
    tenant_id    uuid, -- null: of the installation
    name         text        not null,
    prefix       text        not null, -- the beginning of the secret, to know it by
    secret_hash  bytea       not null,
    scopes       text[]      not null,
    created_by   text        not null, -- actor
    created_at   timestamptz not null default now(),
    expires_at   timestamptz, -- null: never
    revoked_at   timestamptz,
    last_used_at timestamptz, -- within a minute
    constraint api_keys_pkey primary key (id),
    constraint api_keys_secret_key unique (secret_hash),
    constraint api_keys_tenant_fkey foreign key (tenant_id)
        references flowhq.tenants (id) on delete cascade,
    constraint api_keys_scopes_check check (
        scopes <> '{}' and scopes <@ array['read', 'operate', 'send', 'metrics', 'codec']
        and (tenant_id is null or scopes <@ array['read', 'operate', 'send']))
);
create index api_keys_tenant_idx on flowhq.api_keys (tenant_id, created_at desc);

-- Keys of requests that are about no tenant yet: a repeated request makes nothing twice.
create table flowhq.request_keys (
    key          text        not null,
    request_hash bytea       not null, -- tells a repeated request from another under its key
    subject      uuid        not null, -- what the first request made
    created_at   timestamptz not null default now(),
    constraint request_keys_pkey primary key (key)
);

-- Commands for many tenants. What was asked for is here, so that nothing is lost with Temporal;
-- how far a bulk has come is as Temporal said last.
create table flowhq.bulks (
    id         uuid        not null,
    command    text        not null,
    actor      text        not null,
    state      text        not null default 'RUNNING',
    per_second integer     not null, -- how many tenants get the command in a second
    matched    integer     not null, -- how many tenants it is for
    sent       integer     not null default 0,
    failed     integer     not null default 0,
    cancelled  boolean     not null default false, -- somebody asked for it to end
    tenants    uuid[]      not null, -- empty once it has ended
    started_at timestamptz not null default now(),
    ended_at   timestamptz,
    constraint bulks_pkey primary key (id)
);
create index bulks_started_idx on flowhq.bulks (started_at desc, id); -- the list, newest first
create index bulks_open_idx on flowhq.bulks (started_at, id) where ended_at is null;

-- One row per worker. A worker writes its own every few seconds and deletes it at its end; the
-- others delete it a day after it was heard of last.
create table flowhq.workers (
    name       text        not null, -- a new one after each start
    capacity   integer     not null, -- how many sessions it takes
    sessions   integer     not null, -- how many it has
    draining   boolean     not null default false, -- it takes no sessions and moves those it has
    -- An operator wants it to drain. Only operators write it: the worker reads it with each sign of
    -- life. Nobody sets it for the next process, whose name is another.
    drain_wanted        boolean not null default false,
    connects_per_second integer not null default 0, -- how many sessions it connects at most
    connects_waiting    integer not null default 0, -- sessions that wait for their turn to connect
    since      timestamptz not null default now(),
    seen_at    timestamptz not null default now(),
    expires_at timestamptz not null, -- from then on the worker is taken for dead
    constraint workers_pkey primary key (name),
    constraint workers_capacity_check check (capacity > 0 and sessions >= 0)
) with (fillfactor = 50); -- like hosts

-- How many messages each worker has received and sent, and how fast it replied, in stretches of ten
-- minutes of the last two days. A worker adds what it has counted once a minute, so that no message
-- waits for a row that others write, and a chart of a day reads few rows.
create table flowhq.traffic (
    at       timestamptz not null, -- when the stretch begins
    worker   text        not null,
    received integer     not null,
    sent     integer     not null,
    replies  integer[]   not null, -- by flowhq.ReplyBounds
    constraint traffic_pkey primary key (at, worker)
) with (fillfactor = 50); -- updated in place

-- What holds for all sessions at once: one row, which every process reads when it starts and
-- whenever it is notified of a change.
create table flowhq.fleet (
    one         boolean     not null default true,
    paused      boolean     not null default false, -- nobody connects
    by_hand     boolean     not null default false, -- an operator paused it, and alone ends that
    reason      text        not null default '',    -- of paused
    since       timestamptz not null default now(), -- of paused
    version     text        not null default '', -- of WhatsApp's web client that we pass for
    pinned      boolean     not null default false, -- version was set by hand and stays
    -- The WHATSAPP_VERSION that was applied last. A start of a process with the same one must not
    -- undo what an operator has set since.
    configured  text        not null default '',
    -- The version that WhatsApp has refused last, and to which tenant's session. The first tenant
    -- may have a reason of its own; a second one within minutes pauses the fleet.
    refused     text        not null default '',
    refused_to  uuid,
    refused_at  timestamptz,
    looked_at   timestamptz default now(), -- when the newest version was looked up; null: it is due
    constraint fleet_pkey primary key (one),
    constraint fleet_one_check check (one)
);
insert into flowhq.fleet default values;

-- What happened to the fleet rather than to one tenant: a few rows a year.
create table flowhq.fleet_events (
    id         bigint      not null generated always as identity,
    event_type text        not null,
    actor      text        not null,
    reason     text        not null,
    created_at timestamptz not null default now(),
    constraint fleet_events_pkey primary key (id)
);
-- Anybody can cause events about the admin password. They are looked for by type and time before
-- another is written, so that nobody can fill the table.
create index fleet_events_recent on flowhq.fleet_events (event_type, created_at);
create index fleet_events_newest_idx on flowhq.fleet_events (created_at, id); -- for the audit

-- The fence of a host's write: one row while the host's epoch is the tenant's latest, and none
-- under a newer epoch or without a tenant. A statement that begins with
--     with fence as (select * from flowhq.fence(tenant, epoch))
-- and joins fence in each of its changes writes all or nothing.
--
-- The row stays locked until the transaction ends, so a claim, which raises the epoch, waits for
-- the write. And it is locked before it is read: whether the claim or the write comes first, the
-- write sees the newest epoch, however old the statement's snapshot is. Both rest on
-- hosts_fence_key, see there.
--
-- It is PL/pgSQL because a session keeps the plan of such a function. Up to PostgreSQL 17 one in
-- SQL is planned anew by each statement that calls it.
create function flowhq.fence(tenant uuid, epoch bigint) returns setof uuid
    language plpgsql volatile rows 1
as $$
begin
    return query
        select h.tenant_id from flowhq.hosts h
        where h.tenant_id = fence.tenant and h.epoch = fence.epoch
        for key share;
end
$$;

-- Whether an account is one that row-level security shows. A link may be written by the statement
-- that makes its account. Only the statements of a volatile function see what the statement around
-- it has written, so the policy cannot look for itself.
create function flowhq.sees_account(account uuid) returns boolean
    language plpgsql volatile
as $$
begin
    return exists (select from flowhq.accounts a where a.id = account);
end
$$;

-- The epoch of a tenant's next host: after the row's own, or after floor, an epoch that a
-- workflow remembers. A database that was restored from an older backup knows nothing of the
-- hosts that came after it, and none of them must pass for a later one. A floor that is a
-- million ahead is no epoch of ours but a forged or broken number.
create function flowhq.next_epoch(epoch bigint, floor bigint) returns bigint
    language sql immutable
    return case when floor > epoch and floor < epoch + 1000000 then floor else epoch end + 1;

-- The status of a tenant's host, from what the rows say. It is stored nowhere, so it cannot
-- disagree with them. flowhq.Situation says the same in Go, and a test compares the two. A host
-- whose lease ran out is shown as STALE, which is for the reader to find out.
create function flowhq.host_status(s flowhq.whatsapp_sessions, h flowhq.hosts) returns text
    language sql immutable
    return case
        when s.epoch <> h.epoch or s.waiting_for <> '' then 'STARTING'
        when s.state in ('CONNECTING', 'QR_READY') then 'STARTING'
        when s.state = 'CONNECTED' then 'RUNNING'
        when s.ending = '' and h.epoch = 0 then 'STOPPED'
        when s.ending in ('', 'WORKER_DRAINING') then 'DRAINING'
        when s.ending in ('STOPPED', 'QR_EXPIRED') then 'STOPPED'
        when s.ending in (
            'LOST', 'UNRESPONSIVE', 'UNREACHABLE', 'CERTIFICATE_REFUSED', 'PROXY_FAILED',
            'REPLACED_BY_US', 'NOT_RECORDED', 'DATABASE_LOST', 'WORKER_LOST', 'RENEWED',
            'RESTARTED', 'FAILED') then 'STARTING'
        else 'ERROR' end;

-- The business view of a tenant, likewise.
create function flowhq.tenant_status(s flowhq.whatsapp_sessions, h flowhq.hosts) returns text
    language sql immutable
    return case
        when s.state = 'CONNECTED' then 'ACTIVE'
        when s.state = 'QR_READY' then 'QR_PENDING'
        when s.state <> 'CONNECTING' and s.waiting_for = '' and s.ending in (
            'STOPPED', 'QR_EXPIRED') then 'PAUSED'
        when s.state <> 'CONNECTING' and s.waiting_for = '' and s.ending in (
            'TEMPORARILY_BANNED', 'CRASH_LOOP', 'CLIENT_OUTDATED', 'LOGGED_OUT', 'DEVICE_REMOVED',
            'BANNED', 'ACCOUNT_LOCKED', 'REFUSED', 'PAIR_FAILED', 'NUMBER_DIFFERS',
            'PASSKEY_ASKED', 'GONE') then 'ERROR'
        when h.epoch = 0 then 'NEW'
        when s.device_jid <> '' then 'RECONNECTING'
        else 'QR_PENDING' end;

-- Notifies every process of a change, when the transaction commits. The kinds are those of
-- store.NoticeKind; what is about no tenant has the tenant null, and about no host the epoch 0.
create function flowhq.notify(kind text, tenant uuid, epoch bigint default 0) returns void
    language sql volatile
    return pg_notify('flowhq', concat_ws(' ', kind, coalesce(tenant::text, '-'), epoch));

-- The order of the states of a reply, none of which ever goes back. FAILED is before SENT: a
-- receipt proves that the reply arrived, and outweighs an earlier refusal.
create function flowhq.outbound_rank(status text) returns integer
    language sql immutable
    return array_position(
        array['PENDING', 'UNKNOWN', 'FAILED', 'SENT', 'DELIVERED', 'READ'], status);

-- The number of the tenant that a message belongs to.
create function flowhq.own_number(direction text, from_number text, to_number text) returns text
    language sql immutable
    return case direction when 'IN' then to_number else from_number end;

-- A version of WhatsApp's web client as its numbers, by which versions are compared: 2.3000.9 is
-- older than 2.3000.10. '' is older than any.
create function flowhq.version_order(version text) returns bigint[]
    language sql immutable
    return string_to_array(version, '.')::bigint[];

-- From which id on a tenant's messages may have come at a time or later. Ids grow with the times,
-- but for those of transactions that ran side by side: a caller takes a time that is somewhat
-- earlier, and compares each row's. So a stretch of a log is found by some 30 steps through the
-- primary key, and no message pays for an index on its time.
create function flowhq.first_message_since(of uuid, since timestamptz) returns bigint
    language plpgsql stable
as $$
declare
    low bigint; -- what is below it came earlier
    high bigint; -- what is from there on came at the time or later
    middle bigint;
    probe record;
begin
    select coalesce(min(m.id), 1), coalesce(max(m.id), 0) + 1 into low, high
    from flowhq.message_logs m where m.tenant_id = of;
    while low < high loop
        middle := low + (high - low) / 2;
        select m.id, m.created_at into probe from flowhq.message_logs m
        where m.tenant_id = of and m.id >= middle and m.id < high
        order by m.id limit 1;
        if probe.id is not null and probe.created_at < since then
            low := probe.id + 1;
        else
            high := middle;
        end if;
    end loop;
    return low;
end
$$;

-- From when on a tenant's rows are kept. A tenant that chose no retention, or is gone, has the
-- default.
create function flowhq.kept_since(tenant uuid, default_days integer) returns timestamptz
    language sql stable
    return now() - make_interval(days => coalesce(
        (select c.retention_days from flowhq.tenant_configs c where c.tenant_id = tenant),
        default_days));


-- Refuses a booking for which there is no room. A booking has room if at no moment of its time
-- there are as many others as it says the tenant takes. What is held and has lapsed, or is
-- cancelled, takes no room.
--
-- Two customers may take the last slot at once, and neither statement sees the other's row. The
-- lock has the second one wait for the first; and as a trigger in PL/pgSQL reads with a snapshot
-- of its own, it then sees what the first has written. The lock ends with the transaction.
--
-- There can be too many at a moment only if there are at the start of one of them.
create function flowhq.check_capacity() returns trigger
    language plpgsql volatile
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('bookings ' || new.tenant_id, 0));
    if exists (
        with others as materialized (
            select o.starts_at, o.ends_at from flowhq.bookings o
            where o.tenant_id = new.tenant_id and o.number <> new.number
                and o.ends_at > new.starts_at and o.starts_at < new.ends_at
                and (o.status = 'CONFIRMED' or o.status = 'HELD' and o.held_until > now())
        )
        select from (
            select greatest(starts_at, new.starts_at) as at from others
        ) as moments
        where (
            select count(*) from others o
            where o.starts_at <= moments.at and o.ends_at > moments.at
        ) >= new.capacity
    ) then
        raise exception 'no room for this booking' using errcode = 'FHQ01';
    end if;
    return new;
end
$$;
create trigger bookings_capacity before insert or update of
    starts_at, ends_at, status, capacity on flowhq.bookings
    for each row when (new.status <> 'CANCELLED')
    execute function flowhq.check_capacity();

-- What becomes of an order that the bot changes. The bot may have read the order before a person
-- changed it, or before it was given up, and then what the customer is to be told is not true any
-- more: nothing of the answer is written, and the message is decided once more.
create function flowhq.next_order_status(was text, becomes text) returns text
    language plpgsql immutable
as $$
begin
    if was = 'OPEN' or was = 'CONFIRMED' and becomes <> 'OPEN' then
        return becomes;
    end if;
    raise exception 'the order is % and cannot become %', was, becomes using errcode = 'FHQ02';
end
$$;

-- Cancels what a booking or an order does not need any more: all follow-ups that are not about
-- the time kept, null for none. One that was written as a message and that no host has begun to
-- send is withdrawn too; the host counts each attempt, and finds that the row has FAILED.
create function flowhq.cancel_follow_ups(
    tenant uuid, what text, of text, kept timestamptz, why text
) returns void
    language plpgsql volatile
as $$
begin
    update flowhq.follow_ups f set status = 'CANCELLED', reason = why, updated_at = now()
    where f.tenant_id = tenant and f.about = what and f.number = of and f.status = 'PENDING'
        and f.about_at is distinct from kept;
    with withdrawn as (
        update flowhq.message_logs m set status = 'FAILED', reason = why
        from flowhq.follow_ups f
        where f.tenant_id = tenant and f.about = what and f.number = of and f.status = 'SENT'
            and f.about_at is distinct from kept and f.expires_at > now()
            and m.tenant_id = tenant and m.id = f.message_id
            and m.status = 'PENDING' and m.attempts = 0
        returning m.id
    )
    update flowhq.follow_ups f set status = 'CANCELLED', reason = why, updated_at = now()
    from withdrawn
    where f.tenant_id = tenant and f.message_id = withdrawn.id;
end
$$;

-- Writes the follow-ups of a booking. One that was cancelled because the booking was moved or
-- cancelled is taken up again if the booking comes back to its time; what the customer or an
-- operator has ended stays so. Times that are gone, or would come at once, get none.
create function flowhq.follow_booking() returns trigger
    language plpgsql volatile
as $$
begin
    perform flowhq.cancel_follow_ups(new.tenant_id, 'BOOKING', new.number,
        case new.status when 'CONFIRMED' then new.starts_at end,
        case new.status when 'CONFIRMED' then 'the booking was moved'
            else 'the booking was cancelled' end);
    if new.status = 'CONFIRMED' then
        insert into flowhq.follow_ups as f (
            tenant_id, contact_id, about, number, kind, about_at, due_at, expires_at)
        select new.tenant_id, new.contact_id, 'BOOKING', new.number, k.kind, new.starts_at,
            new.starts_at - k.before, new.starts_at - k.until
        from (values
            ('DAY_BEFORE', interval '24 hours', interval '2 hours'),
            ('TWO_HOURS_BEFORE', interval '2 hours', interval '0')
        ) as k (kind, before, until)
        where new.starts_at - k.before > now() + interval '10 minutes'
        on conflict (tenant_id, about, number, kind, about_at) do update set
            status = 'PENDING', reason = '', message_id = 0, next_at = now(), updated_at = now()
        where f.status = 'CANCELLED'
            and f.reason in ('the booking was moved', 'the booking was cancelled');
    end if;
    return null;
end
$$;
create trigger bookings_follow_ups after insert or update of status, starts_at on flowhq.bookings
    for each row execute function flowhq.follow_booking();

-- Writes the follow-ups of an order that waits for the customer: one that is OPEN, and one that
-- is to be paid ahead. Each change by the customer begins the time anew.
create function flowhq.follow_order() returns trigger
    language plpgsql volatile
as $$
declare
    waits boolean := new.status = 'OPEN' or new.status = 'CONFIRMED' and new.unpaid;
begin
    perform flowhq.cancel_follow_ups(new.tenant_id, 'ORDER', new.number,
        case when waits then new.updated_at end,
        case when waits then 'the order was changed'
            else 'the order does not wait for the customer any more' end);
    if waits then
        insert into flowhq.follow_ups (
            tenant_id, contact_id, about, number, kind, about_at, due_at, expires_at)
        select new.tenant_id, new.contact_id, 'ORDER', new.number, k.kind, new.updated_at,
            new.updated_at + k.after, new.updated_at + k.until
        from (values
            ('AFTER_30_MINUTES', interval '30 minutes', interval '3 hours'),
            ('AFTER_3_HOURS', interval '3 hours', interval '24 hours'),
            ('AFTER_24_HOURS', interval '24 hours', interval '48 hours'),
            ('GIVE_UP', interval '48 hours', interval '100 years')
        ) as k (kind, after, until)
        on conflict (tenant_id, about, number, kind, about_at) do nothing;
    end if;
    return null;
end
$$;
create trigger orders_follow_ups after insert or update of status, unpaid, updated_at
    on flowhq.orders for each row execute function flowhq.follow_order();

-- An approved setup request becomes ACTIVE when the tenant does. As a trigger it is part of the
-- statement that says so, whoever makes that: there is no moment at which a crash could come in
-- between. An approval locks the session's row before it looks whether the session is connected,
-- so one of both sees the other.
create function flowhq.activate_setup() returns trigger
    language plpgsql volatile
as $$
begin
    with active as (
        update flowhq.setup_requests set status = 'ACTIVE', updated_at = clock_timestamp()
        where tenant_id = new.tenant_id and status = 'APPROVED'
        returning tenant_id, id
    )
    insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
    select tenant_id, 'SETUP_REQUEST_ACTIVE', 'host', 'setup request ' || id from active;
    return null;
end
$$;
create trigger whatsapp_sessions_setup after update of state, unconfirmed
    on flowhq.whatsapp_sessions for each row
    when (new.state = 'CONNECTED' and not new.unconfirmed
        and (old.state <> 'CONNECTED' or old.unconfirmed))
    execute function flowhq.activate_setup();

-- The first key of the locks of feeds; the second one is the tenant's. Nothing else uses two keys.
create function flowhq.feed_lock_class() returns integer
    language sql immutable
    return 1179993412;

-- Makes the resting webhooks due that ask for an event, and has the reconciler look. One that is
-- seen to just now rests no more, and costs nothing here: whoever sees to it takes the feed's lock
-- alone before it reads for the last time, so that it has either read the event or rests by now.
-- Only the first event after a rest notifies, as the database commits transactions that notify one
-- after the other.
create function flowhq.wake_webhooks(tenant uuid, event_type text, data json) returns void
    language plpgsql volatile
as $$
begin
    update flowhq.webhook_cursors c set resting = false, due_at = '-infinity'
    from flowhq.webhooks w
    where c.tenant_id = tenant and c.resting
        and w.tenant_id = c.tenant_id and w.id = c.webhook_id
        and (wake_webhooks.event_type = any(w.event_types)
            or wake_webhooks.event_type = 'WEBHOOK_TESTED'
                and wake_webhooks.data ->> 'reason' = 'webhook ' || w.id);
    if found then
        perform flowhq.notify('webhook', tenant);
    end if;
end
$$;

-- Appends to the feed. It runs at the very end of a transaction, as all triggers that call it are
-- deferred, so its lock comes after all others and is held for no longer than the commit.
--
-- Writers share the lock, so none waits for another. A reader of one tenant's feed takes it alone
-- for a moment, before it reads: then no row with a lower id than it sees can still appear. The lock
-- is taken before the id is drawn: that is how a reader over all tenants knows for whom to wait at a
-- gap in the ids, see store.FeedReader.
create function flowhq.append_event(tenant uuid, event_type text, contact bigint, data json)
    returns void
    language plpgsql volatile
as $$
begin
    perform pg_advisory_xact_lock_shared(
        flowhq.feed_lock_class(), hashtext(tenant::text));
    insert into flowhq.feed (tenant_id, event_type, contact_id, data)
    values (tenant, append_event.event_type, contact, append_event.data);
    perform flowhq.wake_webhooks(tenant, append_event.event_type, append_event.data);
end
$$;

-- What is told of a message: that it came, or how far one to a customer has come. A receipt can
-- come before the note that the message was sent; then both are told at once.
--
-- One that cannot be read has not come yet: its readable copy has. One that an operator tries again
-- comes again, for a program of others that answers customers.
create function flowhq.feed_message() returns trigger
    language plpgsql volatile
as $$
declare
    what json := json_build_object('message_id', new.id, 'contact_id', new.contact_id,
        'direction', new.direction, 'kind', new.kind, 'status', new.status,
        'in_reply_to', new.in_reply_to);
begin
    if new.direction = 'IN' and (
        tg_op = 'INSERT' or new.status = 'RECEIVED' or old.status = 'UNDECRYPTABLE') then
        perform flowhq.append_event(new.tenant_id, 'MESSAGE_RECEIVED', new.contact_id, what);
        return null;
    end if;
    if new.status in ('SENT', 'DELIVERED', 'READ')
        and (tg_op = 'INSERT' or old.status not in ('SENT', 'DELIVERED', 'READ')) then
        perform flowhq.append_event(new.tenant_id, 'MESSAGE_SENT', new.contact_id, what);
    end if;
    if new.status in ('DELIVERED', 'READ', 'FAILED') then
        perform flowhq.append_event(
            new.tenant_id, 'MESSAGE_' || new.status, new.contact_id, what);
    end if;
    return null;
end
$$;
create constraint trigger message_logs_feed_insert after insert on flowhq.message_logs
    deferrable initially deferred
    for each row when (new.status not in ('PENDING', 'UNDECRYPTABLE'))
    execute function flowhq.feed_message();
create constraint trigger message_logs_feed_update after update of status on flowhq.message_logs
    deferrable initially deferred
    for each row when (
        new.status <> old.status and (
            new.status in ('RECEIVED', 'SENT', 'DELIVERED', 'READ', 'FAILED')
            or old.status = 'UNDECRYPTABLE'))
    execute function flowhq.feed_message();

create function flowhq.feed_session() returns trigger
    language plpgsql volatile
as $$
begin
    perform flowhq.append_event(new.tenant_id, 'SESSION_STATE_CHANGED', 0, json_build_object(
        'state', new.state, 'was', old.state, 'ending', new.ending,
        'reason', left(new.reason, 1000)));
    return null;
end
$$;
create constraint trigger whatsapp_sessions_feed after update of state on flowhq.whatsapp_sessions
    deferrable initially deferred
    for each row when (new.state <> old.state) execute function flowhq.feed_session();

-- A hand-over that was over by its time and begins anew, in the same row, is told as another one.
create function flowhq.feed_handover() returns trigger
    language plpgsql volatile
as $$
begin
    perform flowhq.append_event(new.tenant_id,
        case when new.ended_at is null then 'HANDED_OVER' else 'GIVEN_BACK' end,
        new.contact_id, json_build_object(
            'hand_over_id', new.id, 'contact_id', new.contact_id, 'reason', new.reason,
            'until', new.until, 'end_reason', new.end_reason));
    return null;
end
$$;
create constraint trigger handovers_feed_insert after insert on flowhq.handovers
    deferrable initially deferred for each row execute function flowhq.feed_handover();
create constraint trigger handovers_feed_update after update on flowhq.handovers
    deferrable initially deferred
    for each row when (
        new.ended_at is not null and old.ended_at is null
        or new.ended_at is null and new.at <> old.at)
    execute function flowhq.feed_handover();

-- Bookings, orders and tickets: argument 0 is the word for one. That a fact follows when two
-- contacts become one is no change of it.
create function flowhq.feed_fact() returns trigger
    language plpgsql volatile
as $$
begin
    perform flowhq.append_event(new.tenant_id,
        tg_argv[0] || case tg_op when 'INSERT' then '_CREATED' else '_CHANGED' end,
        new.contact_id, json_build_object(
            'number', new.number, 'contact_id', new.contact_id, 'status', new.status,
            'message_id', new.message_id));
    return null;
end
$$;
create constraint trigger bookings_feed_insert after insert on flowhq.bookings
    deferrable initially deferred
    for each row execute function flowhq.feed_fact('BOOKING');
create constraint trigger bookings_feed_update after update on flowhq.bookings
    deferrable initially deferred
    for each row when (
        (new.status, new.starts_at, new.ends_at, new.service, new.price, new.name, new.note)
        is distinct from
        (old.status, old.starts_at, old.ends_at, old.service, old.price, old.name, old.note))
    execute function flowhq.feed_fact('BOOKING');
create constraint trigger orders_feed_insert after insert on flowhq.orders
    deferrable initially deferred
    for each row execute function flowhq.feed_fact('ORDER');
create constraint trigger orders_feed_update after update on flowhq.orders
    deferrable initially deferred
    for each row when (
        (new.status, new.unpaid, new.total, new.name, new.note, new.lines::text,
            new.delivery::text)
        is distinct from
        (old.status, old.unpaid, old.total, old.name, old.note, old.lines::text,
            old.delivery::text))
    execute function flowhq.feed_fact('ORDER');
create constraint trigger tickets_feed_insert after insert on flowhq.tickets
    deferrable initially deferred
    for each row execute function flowhq.feed_fact('TICKET');
create constraint trigger tickets_feed_update after update on flowhq.tickets
    deferrable initially deferred
    for each row when (
        (new.status, new.subject, new.note) is distinct from (old.status, old.subject, old.note))
    execute function flowhq.feed_fact('TICKET');

-- The history of a tenant is in the feed too. The two that feed_handover tells of are not told
-- twice.
create function flowhq.feed_history() returns trigger
    language plpgsql volatile
as $$
begin
    perform flowhq.append_event(new.tenant_id, new.event_type, 0, json_build_object(
        'actor', new.actor, 'reason', left(new.reason, 1000)));
    return null;
end
$$;
create constraint trigger portal_event_logs_feed after insert on flowhq.portal_event_logs
    deferrable initially deferred
    for each row when (new.event_type not in ('HANDED_OVER', 'GIVEN_BACK'))
    execute function flowhq.feed_history();
