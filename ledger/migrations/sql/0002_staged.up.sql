-- The door for sets: what one statement can compute for a hundred thousand merchants is posted without leaving
-- the database.

-- What has already happened outside must be booked, even where it leaves the merchant owing us.
CREATE OR REPLACE FUNCTION ledger_must_go_through() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[
        'refund.succeeded', 'refund.fee_charged', 'dispute.opened', 'psp.fee_charged', 'fee.cost_passed_on',
        'funds.recalled', 'fx.converted'
    ]
$$;

-- ledger_balance, to be joined: FROM …, LATERAL ledger_balances(merchant_id, id). The planner makes it a part of the
-- statement it stands in, so that a thousand balances are one statement's work and not a thousand's.
CREATE FUNCTION ledger_balances(p_merchant_id uuid, p_account_id bigint) RETURNS TABLE (balance bigint)
    LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT coalesce(c.balance, 0) + (
        SELECT coalesce(sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END), 0)::bigint
        FROM ledger_entry e
        WHERE e.merchant_id = p_merchant_id AND e.account_id = p_account_id AND e.xid >= coalesce(c.upto, '0'::xid8)
    )
    FROM (SELECT system_identifier FROM pg_control_system()) here
    LEFT JOIN LATERAL (
        SELECT p.balance, p.upto FROM ledger_checkpoint p
        WHERE p.merchant_id = p_merchant_id AND p.account_id = p_account_id AND p.cluster = here.system_identifier
        ORDER BY p.upto DESC LIMIT 1
    ) c ON true
$$;

-- As it was, for a thousand accounts at once: which are below zero is asked first, and of those alone by what.
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
    SELECT t.id AS transaction_id, below.balance INTO overdrawn
        FROM (
            SELECT d.merchant_id, d.transactions, b.balance
            FROM (
                SELECT w.merchant_id, w.account_id, array_agg(w.transaction_id) AS transactions
                FROM written w WHERE w.guarded AND w.type = 'DEBIT'
                GROUP BY w.merchant_id, w.account_id
            ) d
            CROSS JOIN LATERAL ledger_balances(d.merchant_id, d.account_id) b
            WHERE b.balance < 0
            OFFSET 0
        ) below
        JOIN ledger_transaction t ON t.merchant_id = below.merchant_id AND t.id = ANY (below.transactions)
        WHERE t.kind <> ALL (ledger_must_go_through()) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transaction % would leave a guarded account at %', overdrawn.transaction_id, overdrawn.balance
            USING ERRCODE = 'LG005';
    END IF;
    RETURN NULL;
END $$;

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
    RETURN QUERY SELECT l.merchant_id, l.id, b.balance
        FROM unnest(p_merchants, p_accounts) AS l (merchant_id, id)
        CROSS JOIN LATERAL ledger_balances(l.merchant_id, l.id) b;
END $$;
