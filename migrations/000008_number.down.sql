alter table flowhq.whatsapp_sessions
    drop column served_number,
    drop column unconfirmed;
