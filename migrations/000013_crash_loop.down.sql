update flowhq.whatsapp_sessions set ending = 'WORKER_LOST' where ending = 'CRASH_LOOP';
update flowhq.whatsapp_sessions set ending = 'PAIR_FAILED' where ending = 'NUMBER_DIFFERS';
alter table flowhq.whatsapp_sessions
    drop constraint whatsapp_sessions_ending_check,
    add constraint whatsapp_sessions_ending_check check (ending in (
        '', 'LOST', 'UNRESPONSIVE', 'UNREACHABLE', 'CERTIFICATE_REFUSED', 'PROXY_FAILED', 'REPLACED_BY_US',
        'REPLACED_BY_STRANGER', 'NOT_RECORDED', 'DATABASE_LOST', 'WORKER_DRAINING', 'WORKER_LOST', 'RENEWED',
        'RESTARTED', 'FAILED', 'TEMPORARILY_BANNED', 'LOGGED_OUT', 'DEVICE_REMOVED', 'BANNED', 'ACCOUNT_LOCKED',
        'CLIENT_OUTDATED', 'REFUSED', 'QR_EXPIRED', 'PAIR_FAILED', 'PASSKEY_ASKED', 'STOPPED', 'GONE'));
