-- The back office's queue: what was proposed and waits for a second person?
CREATE INDEX reconciliation_break_proposed ON reconciliation_break (id) WHERE state = 'proposed';
-- … and its search: a file by its name.
CREATE INDEX statement_name ON statement (name);
