alter table flowhq.whatsapp_sessions drop column relink;
