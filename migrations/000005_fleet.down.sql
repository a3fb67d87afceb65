drop table flowhq.workers;
drop table flowhq.fleet_events;
drop table flowhq.fleet;
