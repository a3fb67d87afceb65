-- Messages of a chat may disappear after a while. Replies say so, also when they are
-- sent again, so each keeps what was set when it was written.
alter table flowhq.contacts
    add column timer_seconds integer not null default 0, -- 0: messages stay
    add column timer_set_at timestamptz; -- null: nobody said anything about it
alter table flowhq.message_logs
    add column timer_seconds integer not null default 0, -- of the bot's messages
    add column timer_set_at timestamptz;
