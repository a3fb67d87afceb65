alter table flowhq.fleet drop column configured;
