-- WHATSAPP_VERSION is applied when its value changes, not at each start of a
-- process, which would undo what an operator has set since.
alter table flowhq.fleet
    add column configured text not null default ''; -- the value that was applied last
-- Until now each start applied it, so a version that is set by hand is most likely it.
update flowhq.fleet set configured = version where pinned;
