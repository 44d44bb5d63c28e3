DROP FUNCTION statement_measure();
DROP FUNCTION statement_stage();
DROP TABLE reconciliation_note, reconciliation_break, settlement_batch, statement_line_item, statement_line, statement_part,
    statement, statement_order;
DROP FUNCTION reconciliation_break_moves_legally();
DROP FUNCTION reconciliation_break_arrows();
DROP FUNCTION statement_moves_on();
DROP FUNCTION statements_are_kept();
