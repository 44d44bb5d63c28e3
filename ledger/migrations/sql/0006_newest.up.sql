-- The back office lists the newest transactions of all merchants, and opens one by its id alone. The ids are UUIDv7, so
-- the index grows at its right edge.
CREATE INDEX ledger_transaction_newest ON ledger_transaction (id);
