drop index flowhq.fleet_events_recent;
