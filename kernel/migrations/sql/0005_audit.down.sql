DROP TABLE audit_entry CASCADE;
DROP TABLE audit_head;
DROP FUNCTION audit_write, audit_is_in_ink;
