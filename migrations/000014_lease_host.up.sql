-- Whose lease it is: the name of a worker process, which is another one after each
-- start. What is left of one that has ended is found by it.
alter table flowhq.hosts
    add column lease_worker text not null default '';
update flowhq.hosts set lease_worker = worker where lease_epoch = epoch;
