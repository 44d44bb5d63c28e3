DROP FUNCTION ledger_lock(uuid[], bigint[]);
DROP FUNCTION ledger_post_staged();
DROP FUNCTION ledger_stage();
CREATE OR REPLACE FUNCTION ledger_must_go_through() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY['refund.succeeded', 'dispute.opened', 'psp.fee_charged']
$$;
