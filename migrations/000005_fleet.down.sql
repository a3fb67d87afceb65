drop table flowhq.workers;
