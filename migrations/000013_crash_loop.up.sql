-- A session that worker after worker died of waits, with a reason of its own. So does
-- one that a phone of another number was linked to.
alter table flowhq.whatsapp_sessions
    drop constraint whatsapp_sessions_ending_check,
    add constraint whatsapp_sessions_ending_check check (ending in (
        '', 'LOST', 'UNRESPONSIVE', 'UNREACHABLE', 'CERTIFICATE_REFUSED', 'PROXY_FAILED', 'REPLACED_BY_US',
        'REPLACED_BY_STRANGER', 'NOT_RECORDED', 'DATABASE_LOST', 'WORKER_DRAINING', 'WORKER_LOST', 'RENEWED',
        'RESTARTED', 'FAILED', 'TEMPORARILY_BANNED', 'CRASH_LOOP', 'LOGGED_OUT', 'DEVICE_REMOVED', 'BANNED', 'ACCOUNT_LOCKED',
        'CLIENT_OUTDATED', 'REFUSED', 'QR_EXPIRED', 'PAIR_FAILED', 'NUMBER_DIFFERS', 'PASSKEY_ASKED', 'STOPPED', 'GONE'));
