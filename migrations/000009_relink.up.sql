-- An operator may have the link to a phone dropped, and a new code shown, by a command.
alter table flowhq.whatsapp_sessions add column relink boolean not null default false; -- not done yet
