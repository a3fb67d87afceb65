drop table flowhq.installation;
alter table flowhq.tenants drop column wanted;
drop table flowhq.commands;
