-- How people close a break: a second person approves what the first one proposed, nothing else, and it is in the books.

-- Of what the proposal would post (SHA-256): what is approved is what was proposed.
ALTER TABLE reconciliation_break ADD COLUMN proposed_digest text NOT NULL DEFAULT '';
ALTER TABLE reconciliation_break ADD CONSTRAINT reconciliation_break_proposes_something CHECK (
    proposed_digest ~ CASE state WHEN 'proposed' THEN '^[0-9a-f]{64}$' ELSE '^([0-9a-f]{64})?$' END);

CREATE FUNCTION reconciliation_break_closes_as_proposed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'proposed' OR NEW.closed_by <> OLD.proposed_as
        OR (NEW.proposed_as, NEW.proposed_by, NEW.proposed_digest, NEW.draft, NEW.news)
            IS DISTINCT FROM (OLD.proposed_as, OLD.proposed_by, OLD.proposed_digest, OLD.draft, OLD.news) THEN
        RAISE EXCEPTION 'break %: people close it as it was proposed', OLD.id USING ERRCODE = 'PG136';
    END IF;
    IF NEW.closed_by = 'draft' AND EXISTS (
        SELECT FROM jsonb_array_elements(NEW.draft) AS d (item) WHERE NOT EXISTS (
            SELECT FROM ledger_transaction t
            WHERE t.merchant_id = (d.item ->> 'merchant_id')::uuid AND t.kind = d.item ->> 'kind'
                AND t.source = d.item ->> 'source')
    ) OR NEW.closed_by = 'write_off' AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(NEW.draft) AS d (item)
        JOIN ledger_transaction t ON t.merchant_id = (d.item ->> 'merchant_id')::uuid
            AND t.kind = 'reconciliation.written_off' AND t.source = d.item ->> 'source'
    ) THEN
        RAISE EXCEPTION 'break %: what closes it is not in the books', OLD.id USING ERRCODE = 'PG137';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER reconciliation_break_closes_as_proposed BEFORE UPDATE ON reconciliation_break
    FOR EACH ROW WHEN (OLD.closed_at IS NULL AND NEW.closed_by IN ('draft', 'write_off'))
    EXECUTE FUNCTION reconciliation_break_closes_as_proposed();

-- On which side a draft has what waits in suspense, or, where nothing does, what is open at the PSP: breaks of the two
-- sides are never alike, and never added up.
CREATE FUNCTION reconciliation_draft_side(draft jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(
        jsonb_path_query_first(draft, '$[*].entries[*] ? (@.account == "suspense:reconciliation").type'),
        jsonb_path_query_first(draft, '$[*].entries[*] ? (@.account like_regex ":receivable$").type')) #>> '{}'
$$;
