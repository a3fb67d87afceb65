-- Events about the admin password are looked for by type and time before another is
-- written, so that who makes them cannot fill the table.
create index fleet_events_recent on flowhq.fleet_events (event_type, created_at);
