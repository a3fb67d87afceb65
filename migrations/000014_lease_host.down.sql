alter table flowhq.hosts
    drop column lease_worker;
