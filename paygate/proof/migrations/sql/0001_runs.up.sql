-- Each run of the proof, as it ended: so that it is known since when something does not hold, and what the newest seals
-- were when somebody looked.
CREATE TABLE proof_run (
    id            uuid             PRIMARY KEY,
    at            timestamptz      NOT NULL,
    seconds       double precision NOT NULL,
    by            text             NOT NULL,  -- The person who wanted it; "" where it was the night.
    holds         boolean          NOT NULL,
    discrepancies bigint           NOT NULL,
    payments      bigint           NOT NULL,
    heads         jsonb            NOT NULL,  -- The newest roll of each mode.
    result        jsonb            NOT NULL,
    CHECK (holds = (discrepancies = 0))
);

CREATE INDEX proof_run_newest ON proof_run (at DESC);

CREATE TRIGGER proof_run_in_ink BEFORE UPDATE OR DELETE ON proof_run
    FOR EACH ROW EXECUTE FUNCTION ledger_is_in_ink();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE ALL ON proof_run FROM paygate_app;
        GRANT SELECT, INSERT ON proof_run TO paygate_app;
    END IF;
END $$;
