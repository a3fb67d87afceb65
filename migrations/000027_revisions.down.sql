alter table flowhq.message_logs
    drop column original_text, drop column edited_text, drop column edited_at, drop column revoked_at;
