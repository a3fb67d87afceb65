-- What customers made of their messages later. text is what was or will be answered.
alter table flowhq.message_logs
    add column original_text text, -- as first written; null: text is that
    add column edited_text text, -- as the customer changed it last; null if that could not be read
    add column edited_at timestamptz, -- null: never
    add column revoked_at timestamptz; -- when the customer deleted it; null: not
