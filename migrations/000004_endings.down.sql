alter table flowhq.whatsapp_sessions
    drop column ending,
    drop column retry_at,
    drop column qr_asked_at,
    drop column link_code,
    drop column link_code_expires_at,
    drop column link_code_asked_at;
