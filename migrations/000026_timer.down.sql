alter table flowhq.message_logs drop column timer_seconds, drop column timer_set_at;
alter table flowhq.contacts drop column timer_seconds, drop column timer_set_at;
