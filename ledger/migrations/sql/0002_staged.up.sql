-- The door for sets: what one statement can compute for a hundred thousand merchants is posted without leaving
-- the database.

-- What has already happened outside must be booked, even where it leaves the merchant owing us.
CREATE OR REPLACE FUNCTION ledger_must_go_through() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[
        'refund.succeeded', 'refund.fee_charged', 'dispute.opened', 'psp.fee_charged', 'fee.cost_passed_on',
        'funds.recalled', 'fx.converted'
    ]
$$;

-- Where a set is laid out to be posted: a line for each entry, of this database transaction alone. Call it before
-- the first line; the table is the session's own and empty again after each commit.
CREATE FUNCTION ledger_stage() RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $$
BEGIN
    CREATE TEMPORARY TABLE IF NOT EXISTS ledger_staged (
        merchant_id    uuid        NOT NULL,
        livemode       boolean     NOT NULL,
        transaction_id uuid        NOT NULL,
        kind           text        NOT NULL,
        source         text        NOT NULL,
        effective_at   timestamptz NOT NULL,
        line           smallint    NOT NULL,  -- From 1, without a gap.
        account        text        NOT NULL,
        currency       char(3)     NOT NULL,
        type           text        NOT NULL,
        amount         bigint      NOT NULL
    ) ON COMMIT DELETE ROWS;
END $$;

-- Post what is staged, all of it or nothing, and clear the stage; how many transactions. The same refusals as
-- ledger_post's, by the same triggers; an event that is in the books already is refused here (23505), so what is
-- staged must be new by the change that it is posted with.
CREATE FUNCTION ledger_post_staged() RETURNS integer LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    posted integer;
BEGIN
    INSERT INTO ledger_account (merchant_id, livemode, code, currency)
        SELECT DISTINCT s.merchant_id, s.livemode, s.account, s.currency FROM ledger_staged s
        WHERE NOT EXISTS (
            SELECT FROM ledger_account a
            WHERE a.merchant_id = s.merchant_id AND a.livemode = s.livemode AND a.code = s.account
                AND a.currency = s.currency
        )
        ORDER BY 1, 2, 3, 4
        ON CONFLICT DO NOTHING;

    INSERT INTO ledger_transaction (merchant_id, id, livemode, kind, source, memo, effective_at)
        SELECT s.merchant_id, s.transaction_id, s.livemode, s.kind, s.source, '', s.effective_at
        FROM ledger_staged s WHERE s.line = 1
        ORDER BY s.merchant_id, s.source, s.kind;
    GET DIAGNOSTICS posted = ROW_COUNT;

    INSERT INTO ledger_entry
        (merchant_id, transaction_id, line, account_id, livemode, guarded, currency, type, amount, effective_at)
        SELECT s.merchant_id, s.transaction_id, s.line, a.id, s.livemode, a.guarded, s.currency, s.type, s.amount,
            s.effective_at
        FROM ledger_staged s
        LEFT JOIN ledger_account a ON a.merchant_id = s.merchant_id AND a.livemode = s.livemode
            AND a.code = s.account AND a.currency = s.currency;

    DELETE FROM ledger_staged;
    RETURN posted;
END $$;

-- Lock accounts as a guarded debit does, in its order, and give what stands on each: nobody debits it until the
-- caller's transaction ends. For sets whose amounts are computed from balances. As the owner, because a lock asks for a
-- right to UPDATE that the application does not have.
CREATE FUNCTION ledger_lock(p_merchants uuid[], p_accounts bigint[]) RETURNS TABLE (
    merchant_id uuid, account_id bigint, balance bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
BEGIN
    PERFORM FROM ledger_account a
        JOIN unnest(p_merchants, p_accounts) AS l (merchant_id, id) ON a.merchant_id = l.merchant_id AND a.id = l.id
        ORDER BY a.merchant_id, a.id
        FOR NO KEY UPDATE OF a;
    -- In a new statement, which sees what was committed while this one waited.
    RETURN QUERY SELECT l.merchant_id, l.id, ledger_balance(l.merchant_id, l.id)
        FROM unnest(p_merchants, p_accounts) AS l (merchant_id, id);
END $$;
