CREATE OR REPLACE FUNCTION ledger_transactions_are_of_now() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong uuid;
BEGIN
    SELECT w.id INTO wrong FROM written w WHERE w.posted_at <> now() OR w.xid <> pg_current_xact_id() LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transaction % is not of this moment', wrong USING ERRCODE = 'LG006';
    END IF;
    RETURN NULL;
END $$;
DROP FUNCTION ledger_seal_closing(timestamptz);
DROP FUNCTION ledger_hash_of(ledger_seal);
DROP FUNCTION ledger_hash_of(ledger_roll);
DROP TABLE ledger_roll, ledger_seal, ledger_closing;
DROP FUNCTION ledger_seals_come_before_the_roll();
DROP FUNCTION ledger_chain_roll();
DROP FUNCTION ledger_chain_seal();
DROP FUNCTION ledger_closings_follow();
DROP FUNCTION ledger_contents(timestamptz, timestamptz, uuid);
DROP FUNCTION ledger_leaves(timestamptz, timestamptz, uuid);
DROP FUNCTION ledger_mode(boolean);
DROP FUNCTION ledger_written(timestamptz);
DROP FUNCTION ledger_written(text);
DROP INDEX ledger_entry_by_day;
DROP INDEX ledger_transaction_by_day;
