-- Whose lease it is: the name of a worker process, which is another one after each
-- start. What is left of one that has ended is found by it.
alter table flowhq.worker_processes
    add column lease_host text not null default '';
update flowhq.worker_processes set lease_host = host where lease_epoch = epoch;
