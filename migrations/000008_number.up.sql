-- What belongs to a number ends with it: which number was on the air last is kept
-- when it is unlinked. A phone of another number than the tenant's may have scanned
-- the code; then nothing is answered before an operator has said which is right.
alter table flowhq.whatsapp_sessions
    add column served_number text not null default '', -- E.164; whose messages those in the log are
    add column unconfirmed boolean not null default false; -- number is not the tenant's
update flowhq.whatsapp_sessions set served_number = number;
