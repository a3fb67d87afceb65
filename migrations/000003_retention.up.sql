alter table flowhq.tenant_configs
    add column retention_days integer, -- null: the installation's default
    add constraint tenant_configs_retention_check check (retention_days between 30 and 3650);

-- Across tenants on purpose: an erased tenant is in no other table, so this is the
-- only way to find its last event when it is due.
create index portal_event_logs_erased_idx on flowhq.portal_event_logs (created_at) where event_type = 'TENANT_DELETED';
