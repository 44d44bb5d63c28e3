DROP INDEX audit_entry_kind;
DROP INDEX audit_entry_act;
DROP INDEX audit_entry_at;
DROP TABLE saved_list;
