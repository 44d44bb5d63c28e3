DROP INDEX statement_name;
DROP INDEX reconciliation_break_proposed;
