alter table flowhq.contacts drop column muted_until;
