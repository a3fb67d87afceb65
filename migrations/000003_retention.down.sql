drop index flowhq.portal_event_logs_erased_idx;
alter table flowhq.tenant_configs drop column retention_days;
