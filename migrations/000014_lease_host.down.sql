alter table flowhq.worker_processes
    drop column lease_host;
