ALTER TABLE psp_event DROP COLUMN concerns;
