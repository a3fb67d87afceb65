drop index flowhq.tenants_phone_number_key;
drop table flowhq.request_keys;
