-- Fills an empty database with tenants and what they leave behind, in one transaction, as a year of
-- use would have. A hundredth of the tenants has half of the messages, as few businesses are large.
-- Rows of all tenants are written in the order of their times: a tenant's rows then lie scattered
-- over the table, which is what makes reading them cost.
--
-- @tenants and @messages are the sizes, and @facts how many bookings, orders and so on there are for
-- a hundred messages.

-- Triggers and foreign keys would look at each row; what they see to is right by construction.
set local session_replication_role = replica;

create temp table sized on commit drop as
select n, gen_random_uuid() as id, messages, contacts,
    sum(contacts) over (order by n) - contacts as first_contact
from (
    select n, messages, greatest(5, messages / 20) as contacts
    from (
        select n, case when n <= greatest(1, @tenants / 100)
            then @messages / 2 / greatest(1, @tenants / 100)
            -- From a fifth of the mean to nearly twice the mean.
            else (@messages / 2 / @tenants) * (20 + n * 37 % 161) / 100 end as messages
        from generate_series(1, @tenants) n
    ) as t
) as t;

insert into flowhq.tenants (id, name, phone_number, wanted, created_at)
select id, 'Business ' || n, '+2557' || lpad(n::text, 8, '0'), true,
    now() - interval '1 year' + n * interval '1 minute'
from sized;
insert into flowhq.tenant_configs (tenant_id, template_type, business_name, language)
select id, (array['BOOKING', 'ECOMMERCE', 'SUPPORT'])[1 + n % 3], 'Duka la Amina ' || n,
    (array['EN', 'SW'])[1 + n % 2]
from sized;
insert into flowhq.whatsapp_sessions (tenant_id, state, epoch, device_jid, number, last_seen_at)
select id, case when n % 20 = 0 then 'DISCONNECTED' else 'CONNECTED' end, 3,
    '2557' || lpad(n::text, 8, '0') || ':1@s.whatsapp.net', '+2557' || lpad(n::text, 8, '0'), now()
from sized;
insert into flowhq.hosts (tenant_id, worker, epoch, lease_epoch, lease_worker, lease_expires_at)
select id, 'worker-' || n % 4, 3, 3, 'worker-' || n % 4, now() + interval '1 day' from sized;
insert into flowhq.profiles (tenant_id, version, profile, actor, reason)
select id, v, json_build_object('about', repeat('We cut hair and trim beards. ', 20)), 'user', 'seed'
from sized, generate_series(1, 5) v;

insert into flowhq.contacts (
    tenant_id, id, lid, number, name, first_seen_at, last_seen_at, muted_until, left_alone,
    unreminded_at)
overriding system value
select id, first_contact + c, first_contact + c || '@lid',
    '+2556' || lpad((first_contact + c)::text, 9, '0'),
    (array['Amina', 'Juma', 'Neema', 'Baraka', 'Zawadi', 'Imani', 'Rehema'])[1 + c % 7] || ' ' || c,
    now() - interval '300 days', now() - c % 300 * interval '1 day',
    case when c % 97 = 0 then now() + interval '1 day' end,
    case when c % 89 = 0 then 'LISTED' when c % 53 = 0 then 'OWNER_BEGAN' else '' end,
    case when c % 71 = 0 then now() end
from sized, generate_series(1, contacts) c;

-- Each message in is followed by its answer out.
insert into flowhq.message_logs (
    tenant_id, direction, contact_id, chat, contact, from_number, to_number, kind, text, media,
    wa_message_id, status, reason, attempts, understood, created_at, sent_at, delivered_at, read_at)
select id, case when inward then 'IN' else 'OUT' end, who, who || '@lid',
    '+2556' || lpad(who::text, 9, '0'),
    case when inward then '+2556' || lpad(who::text, 9, '0') else own end,
    case when inward then own else '+2556' || lpad(who::text, 9, '0') end,
    case when not inward then 'REPLY' when m % 60 = 1 then 'MEDIA' else 'TEXT' end,
    case when inward then 'Habari, naomba bei ya ' || words[1 + m % 7] || ' kesho saa ' || m % 12
        else 'Karibu! The price of ' || words[1 + m % 7] || ' is TSh ' || m % 90 || ',000. '
            || repeat('We are open from eight to six. ', 1 + m % 4) end,
    case when inward and m % 60 = 1 then 'IMAGE' else '' end,
    'SEED' || n || 'M' || m,
    case
        when inward and m % 200 = 1 then 'FAILED' when inward and m % 200 = 3 then 'UNDECRYPTABLE'
        when inward and m % 200 in (5, 7) then 'EXPIRED' when inward and m % 200 = 9 then 'IGNORED'
        when inward and m % 200 in (11, 13) then 'SUPPRESSED'
        when inward and m % 200 = 15 then 'OVERFLOWED'
        when inward and m > messages - 3 then 'RECEIVED' when inward then 'ANSWERED'
        when m % 300 = 0 then 'FAILED' when m > messages - 3 then 'PENDING'
        when m % 10 = 0 then 'SENT' when m % 10 in (2, 4, 6) then 'DELIVERED' else 'READ' end,
    case when m % 200 < 16 then 'a reason for operators' else '' end,
    1, case when inward then json_build_object('intent', 'price', 'score', 0.93) end,
    at, at, case when not inward then at + interval '2 seconds' end,
    case when not inward and m % 10 = 8 then at + interval '1 minute' end
from (
    select s.*, m, m % 2 = 1 as inward, '+2557' || lpad(n::text, 8, '0') as own,
        array['kunyoa', 'nywele', 'ndevu', 'rangi', 'massage', 'maji', 'unga'] as words,
        -- Few contacts write much.
        first_contact + 1 + (contacts - 1) * ((m + 1)::bigint / 2 * 7919 % 1000) / 1000
            * ((m + 1)::bigint / 2 * 104729 % 1000) / 1000 as who,
        now() - interval '300 days' * (1 - m::float8 / messages) as at
    from sized s, generate_series(1, messages) m
) as x
order by at;

insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason, created_at)
select id, (array['CONNECTED', 'SIGNED_IN', 'PROFILE_CHANGED', 'FACT_CHANGED', 'RETRIED'])[1 + e % 5],
    (array['host', 'admin', 'user amina@example.com'])[1 + e % 3], 'what happened, number ' || e,
    now() - interval '300 days' * (1 - e::float8 / events)
from (select *, 20 + messages * @facts / 25 as events from sized) s, generate_series(1, events) e
order by 5;

-- The feed is kept for 30 days. A message has one event in it when it comes, and two when it goes.
insert into flowhq.feed (tenant_id, event_type, contact_id, data, created_at)
select tenant_id, e, contact_id,
    json_build_object('message_id', id, 'contact_id', contact_id, 'direction', direction,
        'kind', kind, 'status', status, 'in_reply_to', null), created_at
from flowhq.message_logs,
    unnest(case when direction = 'IN' then array['MESSAGE_RECEIVED']
        else array['MESSAGE_SENT', 'MESSAGE_DELIVERED'] end) e
where created_at > now() - interval '30 days'
order by created_at;
-- Every tenth tenant, the large ones among them, has two webhooks that were told of it.
insert into flowhq.webhooks (tenant_id, url, event_types, secret, created_by)
select id, 'https://example.com/' || w, array['MESSAGE_RECEIVED'], 'whsec_AAAA', 'admin'
from sized, generate_series(1, 2) w
where n % 10 = 1;
insert into flowhq.webhook_cursors (tenant_id, webhook_id, position)
select tenant_id, id, (select max(id) from flowhq.feed) from flowhq.webhooks;
insert into flowhq.webhook_deliveries (
    tenant_id, webhook_id, event_id, event_type, contact_id, status, attempts, reason,
    response_code, duration_ms, created_at, expires_at, tried_at)
select w.tenant_id, w.id, f.id, f.event_type, f.contact_id,
    case when f.id % 100 = 7 then 'SET_ASIDE' else 'DELIVERED' end, 1, '', 200, 80, f.created_at,
    f.created_at + interval '1 day', f.created_at
from flowhq.webhooks w
join flowhq.feed f on f.tenant_id = w.tenant_id and f.event_type = 'MESSAGE_RECEIVED'
order by f.id;

create temp table happened on commit drop as
select s.*, f, first_contact + 1 + f % contacts as who,
    now() - interval '300 days' * (1 - f::float8 / facts) as at
from (select *, greatest(3, messages * @facts / 100) as facts from sized) s,
    generate_series(1, facts) f
order by 9;

insert into flowhq.bookings (
    tenant_id, number, contact_id, service, minutes, price, currency, starts_at, ends_at, name, note,
    status, held_until, created_at, updated_at)
select id, 'B' || f, who, 'haircut', 45, 15000, 'TZS', at + interval '20 days',
    at + interval '20 days 45 minutes', 'Amina', 'by the window',
    case when f % 8 = 0 then 'CANCELLED' when f % 50 = 1 then 'HELD' else 'CONFIRMED' end,
    case when f % 50 = 1 and f % 8 <> 0 then at + interval '15 minutes' end, at, at
from happened;
insert into flowhq.orders (
    tenant_id, number, contact_id, lines, delivery, total, currency, name, note, status, unpaid,
    confirmed_at, created_at, updated_at)
select id, 'K' || f, who, '[{"product":"flour","name":"Unga","quantity":2,"price":3500}]', '{}', 7000,
    'TZS', 'Juma', 'call at the gate',
    case when f % 100 = 1 then 'OPEN' when f % 7 = 0 then 'CANCELLED' when f % 20 = 2 then 'CONFIRMED'
        else 'FULFILLED' end,
    f % 100 = 2, case when f % 100 <> 1 then at end, at, at
from happened;
insert into flowhq.tickets (tenant_id, number, contact_id, subject, note, status, created_at, updated_at)
select id, 'T' || f, who, 'the delivery is late', 'since Tuesday',
    case when f % 40 = 1 then 'OPEN' else 'CLOSED' end, at, at
from happened;
insert into flowhq.handovers (tenant_id, contact_id, reason, note, at, ended_at, end_reason)
select id, who, (array['ASKED', 'ANGER', 'MISSED', 'OWNER'])[1 + f % 4], 'wants a person', at,
    case when f > 2 then at + interval '2 hours' end, case when f > 2 then 'given back' else '' end
from happened;
insert into flowhq.unanswered (
    tenant_id, contact_id, text, language, intents, status, message_id, created_at, updated_at)
select id, who, 'Do you deliver to street ' || f % 700 || '?', 'EN', array['delivery'],
    case when f % 5 = 0 then 'OPEN' when f % 5 = 1 then 'DISMISSED' else 'RESOLVED' end, f, at, at
from happened;
insert into flowhq.follow_ups (
    tenant_id, contact_id, about, number, kind, about_at, due_at, expires_at, status, reason, next_at,
    message_id, created_at, updated_at)
select id, who, 'BOOKING', 'B' || f, 'DAY_BEFORE', at + interval '20 days', at + interval '19 days',
    at + interval '20 days', case when at > now() - interval '19 days' then 'PENDING'
        when f % 30 = 0 then 'MISSED' when f % 8 = 0 then 'CANCELLED' else 'SENT' end,
    '', at + interval '19 days', 0, at, at
from happened;
insert into flowhq.commands (tenant_id, key, command, actor, asked_at, applied_at, outcome, request_hash)
select id, 'seed-' || c, (array['start', 'stop', 'restart', 'relink'])[1 + c % 4], 'admin',
    now() - c * interval '1 day', now() - c * interval '1 day', 'done', '\x00'
from sized, generate_series(1, 10 + messages / 500) c;

insert into flowhq.setup_requests (
    tenant_id, id, key, business_name, template_type, whatsapp_number, language, status, submitted_by,
    created_at)
select id, gen_random_uuid(), 'seed-' || r, 'Duka la Amina ' || n, 'BOOKING',
    '+2557' || lpad(n::text, 8, '0'), 'SW',
    case when r > 1 then (array['REJECTED', 'ACTIVE'])[1 + r % 2]
        when n % 10 = 0 then 'SUBMITTED' when n % 50 = 1 then 'REVIEWING' else 'ACTIVE' end,
    'user', now() - r * interval '1 day' - n * interval '1 minute'
from sized, generate_series(1, 3) r;
insert into flowhq.accounts (tenant_id, email, name, role, created_at)
select id, 'user' || a || '@business' || n || '.example', 'Amina', (array['OWNER', 'STAFF'])[1 + a % 2],
    now() - a * interval '1 day'
from sized, generate_series(1, 4) a;
insert into flowhq.accounts (tenant_id, email, name, role)
select null, 'operator' || a || '@flowhq.example', 'Operator', 'VIEWER' from generate_series(1, 30) a;
insert into flowhq.api_keys (tenant_id, name, prefix, secret_hash, scopes, created_by)
select case when k < 4 then id end, 'till', 'fhq_', decode(md5(n || 'k' || k), 'hex'), array['read'], 'admin'
from sized, generate_series(1, 4) k
where k < 4 or n <= 30;
insert into flowhq.bulks (id, command, actor, state, per_second, matched, sent, tenants, started_at, ended_at)
select gen_random_uuid(), 'restart', 'admin', 'DONE', 10, @tenants, @tenants, '{}',
    now() - b * interval '1 day', now() - b * interval '1 day'
from generate_series(1, 300) b;
insert into flowhq.fleet_events (event_type, actor, reason, created_at)
select case when e % 3 = 0 then 'RECONNECTS_PAUSED' else 'KEY_CREATED' end, 'admin', 'why',
    now() - e * interval '1 hour'
from generate_series(1, 12000) e;
insert into flowhq.workers (name, capacity, sessions, expires_at)
select 'worker-' || w, 1000, @tenants / 4, now() + interval '1 day' from generate_series(0, 3) w;

select setval(pg_get_serial_sequence('flowhq.contacts', 'id'), (select max(id) from flowhq.contacts));
