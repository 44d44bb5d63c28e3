DROP FUNCTION reconciliation_draft_side(jsonb);
DROP TRIGGER reconciliation_break_closes_as_proposed ON reconciliation_break;
DROP FUNCTION reconciliation_break_closes_as_proposed();
ALTER TABLE reconciliation_break DROP COLUMN proposed_digest;
