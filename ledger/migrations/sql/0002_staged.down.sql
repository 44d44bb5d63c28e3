DROP FUNCTION ledger_lock(uuid[], bigint[]);
DROP FUNCTION ledger_post_staged();
DROP FUNCTION ledger_stage();
CREATE OR REPLACE FUNCTION ledger_refuse_overdraft() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    overdrawn record;
BEGIN
    IF NOT EXISTS (SELECT FROM written w WHERE w.guarded AND w.type = 'DEBIT') THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a guarded account is debited under READ COMMITTED: under % the balance could be an old one',
            current_setting('transaction_isolation') USING ERRCODE = 'LG005';
    END IF;
    PERFORM FROM ledger_account a
        JOIN (SELECT DISTINCT w.merchant_id, w.account_id FROM written w WHERE w.guarded AND w.type = 'DEBIT') d
            ON a.merchant_id = d.merchant_id AND a.id = d.account_id
        ORDER BY a.merchant_id, a.id
        FOR NO KEY UPDATE OF a;
    SELECT d.transaction_id, b.balance INTO overdrawn
        FROM (
            SELECT DISTINCT ON (w.merchant_id, w.account_id) w.merchant_id, w.account_id, w.transaction_id
            FROM written w
            JOIN ledger_transaction t ON t.merchant_id = w.merchant_id AND t.id = w.transaction_id
            WHERE w.guarded AND w.type = 'DEBIT' AND t.kind <> ALL (ledger_must_go_through())
        ) d,
        LATERAL (SELECT ledger_balance(d.merchant_id, d.account_id) AS balance) b
        WHERE b.balance < 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transaction % would leave a guarded account at %', overdrawn.transaction_id, overdrawn.balance
            USING ERRCODE = 'LG005';
    END IF;
    RETURN NULL;
END $$;
DROP FUNCTION ledger_balances(uuid, bigint);
CREATE OR REPLACE FUNCTION ledger_must_go_through() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY['refund.succeeded', 'dispute.opened', 'psp.fee_charged']
$$;
