-- Why a session has ended, in one word of a closed set; '' while it has not.
-- A ban that ends is waited for until retry_at. Codes are renewed for as long as
-- somebody asks for them, which qr_asked_at remembers. A code that is typed into the
-- phone is only drawn when it is asked for.
alter table flowhq.whatsapp_sessions
    add column ending text not null default '',
    add column retry_at timestamptz,
    add column qr_asked_at timestamptz,
    add column link_code text not null default '',
    add column link_code_expires_at timestamptz,
    add column link_code_asked_at timestamptz,
    add constraint whatsapp_sessions_ending_check check (ending in (
        '', 'LOST', 'UNRESPONSIVE', 'UNREACHABLE', 'CERTIFICATE_REFUSED', 'PROXY_FAILED', 'REPLACED_BY_US',
        'REPLACED_BY_STRANGER', 'NOT_RECORDED', 'DATABASE_LOST', 'WORKER_DRAINING', 'WORKER_LOST', 'RENEWED',
        'RESTARTED', 'FAILED', 'TEMPORARILY_BANNED', 'LOGGED_OUT', 'DEVICE_REMOVED', 'BANNED', 'ACCOUNT_LOCKED',
        'CLIENT_OUTDATED', 'REFUSED', 'QR_EXPIRED', 'PAIR_FAILED', 'PASSKEY_ASKED', 'STOPPED', 'GONE'));
