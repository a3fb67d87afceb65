-- A contact that writes like a program is not answered for a while.
alter table flowhq.contacts add column muted_until timestamptz; -- null: never, or a person unmuted it
