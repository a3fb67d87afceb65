-- The other way round: what refers to something goes before it.
drop function flowhq.kept_since, flowhq.first_message_since, flowhq.version_order, flowhq.own_number, flowhq.outbound_rank,
    flowhq.notify, flowhq.host_status, flowhq.tenant_status, flowhq.next_epoch, flowhq.fence;
drop table flowhq.fleet_events;
drop table flowhq.fleet;
drop table flowhq.traffic;
drop table flowhq.workers;
drop table flowhq.bulks;
drop table flowhq.request_keys;
drop table flowhq.api_keys;
drop table flowhq.account_links;
drop table flowhq.lockouts;
drop table flowhq.sign_ins;
drop table flowhq.accounts;
drop table flowhq.webhook_deliveries;
drop table flowhq.webhook_cursors;
drop table flowhq.webhooks;
drop table flowhq.portal_event_logs;
drop table flowhq.feed;
drop table flowhq.erasures;
drop table flowhq.follow_ups;
drop table flowhq.unanswered;
drop table flowhq.handovers;
drop table flowhq.tickets;
drop table flowhq.orders;
drop table flowhq.bookings;
drop function flowhq.check_capacity, flowhq.next_order_status, flowhq.follow_booking, flowhq.follow_order,
    flowhq.cancel_follow_ups;
drop table flowhq.conversations;
drop table flowhq.message_counts;
drop table flowhq.assistant_usage;
drop table flowhq.media;
drop table flowhq.message_logs;
drop table flowhq.contacts;
drop table flowhq.setup_requests;
drop table flowhq.commands;
drop table flowhq.hosts;
drop table flowhq.whatsapp_sessions;
drop function flowhq.activate_setup, flowhq.sees_account, flowhq.feed_message, flowhq.feed_session,
    flowhq.feed_handover, flowhq.feed_fact, flowhq.feed_history, flowhq.append_event,
    flowhq.wake_webhooks, flowhq.feed_lock_class;
drop table flowhq.profiles;
drop table flowhq.tenant_configs;
drop table flowhq.tenants;
drop table flowhq.installation;
