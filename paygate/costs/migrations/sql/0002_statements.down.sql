DROP FUNCTION cost_learn(jsonb, uuid, timestamptz);
ALTER TABLE psp_charge DROP COLUMN statement_id;
