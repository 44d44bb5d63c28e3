-- Collecting what is available by the merchants' schedules, and batches that two people stand for.
--
-- Refusals: PG121 nothing leaves but out of an approved batch

-- The newest day for which a merchant's schedule was seen to, whether anything was paid or not: once a day, whoever
-- comes second finds it taken.
CREATE TABLE payout_collected (
    merchant_id  uuid        NOT NULL,
    livemode     boolean     NOT NULL,
    currency     char(3)     NOT NULL,
    day          date        NOT NULL,
    collected_at timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, livemode, currency)
) WITH (fillfactor = 70);

-- Whose schedules are due at that moment and not seen to yet. The five arrays are a table: for each calendar, local day,
-- interval and anchor the day for which a schedule was due last (payouts.schedule.due_day). Who cannot be paid, for want
-- of a destination or because they are suspended, stays due.
CREATE FUNCTION payout_due(
    p_livemode boolean, p_at timestamptz,
    p_calendars text[], p_days date[], p_intervals text[], p_anchors smallint[], p_due date[]
) RETURNS TABLE (merchant_id uuid, currency text, day date, minimum bigint)
    LANGUAGE plpgsql STABLE SET jit = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH agreed AS (
        SELECT DISTINCT ON (s.merchant_id, s.currency)
            s.merchant_id, s.currency, s.interval, s.anchor, s.minimum, s.effective_from
        FROM payout_schedule s
        WHERE s.livemode = p_livemode AND s.effective_from <= p_at
        ORDER BY s.merchant_id, s.currency, s.effective_from DESC, s.id DESC
    ), dated AS MATERIALIZED (
        SELECT a.*, t.calendar, (p_at AT TIME ZONE t.time_zone)::date AS today,
            (a.effective_from AT TIME ZONE t.time_zone)::date AS since
        FROM agreed a
        JOIN merchant m ON m.id = a.merchant_id AND m.status = 'active'
        CROSS JOIN LATERAL merchant_terms_at(a.merchant_id, p_at) t
        WHERE a.interval <> 'manual'
    )
    SELECT d.merchant_id, d.currency::text, u.due, d.minimum
        FROM dated d
        JOIN ROWS FROM (unnest(p_calendars), unnest(p_days), unnest(p_intervals), unnest(p_anchors), unnest(p_due))
            AS u (calendar, day, interval, anchor, due)
            ON u.calendar = d.calendar AND u.day = d.today AND u.interval = d.interval AND u.anchor = d.anchor
        LEFT JOIN payout_collected c
            ON c.merchant_id = d.merchant_id AND c.livemode = p_livemode AND c.currency = d.currency
        WHERE u.due >= d.since AND (c.day IS NULL OR c.day < u.due) AND EXISTS (
            SELECT FROM payout_destination x
            WHERE x.merchant_id = d.merchant_id AND x.livemode = p_livemode AND x.currency = d.currency
                AND x.state = 'approved' AND x.usable_from <= p_at
        )
        ORDER BY d.merchant_id, d.currency;
END $$;

-- Pay out what is available to merchants whose schedules are due (payout_due), each of them once: the accounts are locked
-- as a guarded debit locks them, and then it is read what there is. Gives what was made by currency.
CREATE FUNCTION payout_collect(
    p_livemode boolean, p_at timestamptz,
    p_merchants uuid[], p_currencies text[], p_days date[], p_minimums bigint[]
) RETURNS TABLE (currency text, payouts integer, amount bigint)
    LANGUAGE plpgsql SET jit = off SET plan_cache_mode = force_custom_plan SET client_min_messages = warning AS $$
#variable_conflict use_column
DECLARE
    made record;
BEGIN
    CREATE TEMPORARY TABLE IF NOT EXISTS payout_collecting (
        merchant_id uuid NOT NULL, id uuid NOT NULL, currency char(3) NOT NULL, day date NOT NULL, minimum bigint NOT NULL,
        destination_id uuid NOT NULL, rail text NOT NULL, account_id bigint NOT NULL, amount bigint
    ) ON COMMIT DELETE ROWS;
    DELETE FROM payout_collecting;

    WITH wanted AS (
        SELECT * FROM ROWS FROM (unnest(p_merchants), unnest(p_currencies), unnest(p_days), unnest(p_minimums))
            AS w (merchant_id, currency, day, minimum)
    ), taken AS (
        INSERT INTO payout_collected AS c (merchant_id, livemode, currency, day, collected_at)
            SELECT w.merchant_id, p_livemode, w.currency, w.day, p_at FROM wanted w
            ORDER BY w.merchant_id, w.currency
            ON CONFLICT (merchant_id, livemode, currency) DO UPDATE
                SET day = excluded.day, collected_at = excluded.collected_at WHERE c.day < excluded.day
            RETURNING c.merchant_id, c.currency, c.day
    )
    INSERT INTO payout_collecting
        (merchant_id, id, currency, day, minimum, destination_id, rail, account_id)
        SELECT t.merchant_id, uuid7(), t.currency, t.day, w.minimum, d.id, d.rail, a.id
        FROM taken t
        JOIN wanted w ON w.merchant_id = t.merchant_id AND w.currency = t.currency
        JOIN ledger_account a ON a.merchant_id = t.merchant_id AND a.livemode = p_livemode
            AND a.code = 'liabilities:merchant:available' AND a.currency = t.currency
        CROSS JOIN LATERAL (  -- The newest that has cooled off (payouts.find.destination_for).
            SELECT x.id, x.rail FROM payout_destination x
            WHERE x.merchant_id = t.merchant_id AND x.livemode = p_livemode AND x.currency = t.currency
                AND x.state = 'approved' AND x.usable_from <= p_at
            ORDER BY x.usable_from DESC, x.id DESC LIMIT 1
        ) d;

    -- As all who post: first open accounts, then lock them. The other way round, two would wait for each other.
    INSERT INTO ledger_account (merchant_id, livemode, code, currency)
        SELECT DISTINCT c.merchant_id, p_livemode, 'liabilities:payouts:requested', c.currency FROM payout_collecting c
        ORDER BY 1, 4
        ON CONFLICT DO NOTHING;
    UPDATE payout_collecting c SET amount = l.balance
        FROM ledger_lock(
            ARRAY(SELECT o.merchant_id FROM payout_collecting o ORDER BY o.merchant_id, o.account_id),
            ARRAY(SELECT o.account_id FROM payout_collecting o ORDER BY o.merchant_id, o.account_id)
        ) l
        WHERE l.merchant_id = c.merchant_id AND l.account_id = c.account_id;
    DELETE FROM payout_collecting c WHERE c.amount < c.minimum;

    INSERT INTO payout (merchant_id, id, livemode, state, sequence, amount, currency, destination_id, rail, method,
            scheduled_for, created_at, updated_at)
        SELECT c.merchant_id, c.id, p_livemode, 'draft', 1, c.amount, c.currency, c.destination_id, c.rail, 'schedule',
            c.day, p_at, p_at
        FROM payout_collecting c
        ORDER BY c.merchant_id, c.id;
    SELECT array_agg(c.merchant_id ORDER BY c.merchant_id, c.id) AS merchants,
        array_agg(c.id ORDER BY c.merchant_id, c.id) AS ids INTO made FROM payout_collecting c;
    IF made.ids IS NOT NULL THEN
        PERFORM payout_follow(made.merchants, made.ids, NULL, p_at, 'payout.created');
    END IF;
    RETURN QUERY SELECT c.currency::text, count(*)::integer, sum(c.amount)::bigint FROM payout_collecting c GROUP BY 1;
END $$;

-- Take loose drafts of a rail into a batch, at most so many; how many. What somebody else holds at this moment is
-- passed over.
CREATE FUNCTION payout_batch_take(p_batch uuid, p_currencies text[], p_until timestamptz, p_most integer) RETURNS integer
    LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    batch payout_batch;
    taken integer;
BEGIN
    SELECT * INTO batch FROM payout_batch b WHERE b.id = p_batch;
    WITH loose AS (
        SELECT p.merchant_id, p.id FROM payout p
        WHERE p.state = 'draft' AND p.batch_id IS NULL AND p.livemode = batch.livemode AND p.rail = batch.rail
            AND (p_currencies IS NULL OR p.currency = ANY (p_currencies)) AND p.created_at <= p_until
        LIMIT p_most
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE payout p SET batch_id = p_batch FROM loose l WHERE p.merchant_id = l.merchant_id AND p.id = l.id;
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN taken;
END $$;

-- What there is to be said of the payouts of a batch, each kind with the payouts it is said of (payouts.preview.Kind). By
-- index whatever the tables' size was when it was last counted: a batch is often the most of what there is.
CREATE FUNCTION payout_batch_findings(p_batch uuid, p_at timestamptz, p_new timestamptz, p_times integer)
    RETURNS TABLE (kind text, ids uuid[]) LANGUAGE plpgsql STABLE SET jit = off
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH p AS MATERIALIZED (
        SELECT p.merchant_id, p.id, p.livemode, p.amount, p.currency, p.destination_id,
            d.state AS stands, d.usable_from, m.status
        FROM payout p
        JOIN payout_destination d ON d.merchant_id = p.merchant_id AND d.id = p.destination_id
        LEFT JOIN merchant m ON m.id = p.merchant_id
        WHERE p.batch_id = p_batch AND p.state <> 'canceled'
    ), found (kind, merchant_id, id) AS (
        SELECT 'destination_not_approved', p.merchant_id, p.id FROM p WHERE p.stands <> 'approved'
        UNION ALL
        SELECT 'destination_cooling_off', p.merchant_id, p.id FROM p
            WHERE p.stands = 'approved' AND p.usable_from > p_at
        UNION ALL
        SELECT 'merchant_suspended', p.merchant_id, p.id FROM p WHERE p.status IS DISTINCT FROM 'active'
        UNION ALL
        SELECT 'destination_new', p.merchant_id, p.id FROM p WHERE p.usable_from > p_new
        UNION ALL
        SELECT 'first_payment_there', p.merchant_id, p.id FROM p WHERE NOT EXISTS (
            SELECT FROM payout o WHERE o.merchant_id = p.merchant_id AND o.destination_id = p.destination_id
                AND o.state IN ('in_transit', 'paid') AND o.id <> p.id)
        UNION ALL
        SELECT 'unusually_large', p.merchant_id, p.id FROM p, LATERAL (
            SELECT avg(o.amount) AS usual, count(*) AS payouts FROM (
                SELECT o.amount FROM (  -- First the merchant's, then the newest of them: never all of the table's.
                    SELECT o.id, o.amount FROM payout o
                    WHERE o.merchant_id = p.merchant_id AND o.livemode = p.livemode AND o.currency = p.currency
                        AND o.state IN ('in_transit', 'paid') AND o.id <> p.id
                    OFFSET 0
                ) o
                ORDER BY o.id DESC LIMIT 10
            ) o
        ) before
        WHERE before.payouts >= 3 AND p.amount > before.usual * p_times
        UNION ALL
        SELECT 'merchant_owes', p.merchant_id, p.id FROM p WHERE EXISTS (
            SELECT FROM ledger_account a, LATERAL ledger_balances(a.merchant_id, a.id) b
            WHERE a.merchant_id = p.merchant_id AND a.livemode = p.livemode
                AND a.code = 'liabilities:merchant:available' AND b.balance < 0)
        UNION ALL
        SELECT 'same_destination_twice', p.merchant_id, p.id FROM (
            SELECT p.*, count(*) OVER (PARTITION BY p.merchant_id, p.destination_id) AS payouts FROM p
        ) p WHERE p.payouts > 1
    )
    SELECT f.kind, array_agg(f.id ORDER BY f.merchant_id, f.id) FROM found f GROUP BY f.kind;
END $$;

-- What people did to a batch: who, why, when. Written once.
CREATE TABLE payout_batch_act (
    id       uuid        PRIMARY KEY,
    batch_id uuid        NOT NULL REFERENCES payout_batch (id),
    what     text        NOT NULL CHECK (what IN
        ('built', 'filled', 'dated', 'removed', 'submitted', 'taken_back', 'approved', 'canceled')),
    by       text        NOT NULL CHECK (by <> ''),
    because  text        NOT NULL,
    at       timestamptz NOT NULL,
    payouts  integer     NOT NULL,
    details  jsonb       NOT NULL,
    CONSTRAINT payout_batch_act_says_why CHECK (
        what NOT IN ('dated', 'removed', 'taken_back', 'approved', 'canceled') OR because <> '')
);
CREATE INDEX payout_batch_act_of_batch ON payout_batch_act (batch_id, at);
CREATE TRIGGER payout_batch_act_is_kept BEFORE UPDATE OR DELETE ON payout_batch_act
    FOR EACH ROW EXECUTE FUNCTION payouts_are_kept();

-- Nothing leaves but out of a batch that two people stand for. Who is about to cancel the batch is waited for.
CREATE FUNCTION payouts_leave_approved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    left_of uuid[];
    wrong   record;
BEGIN
    -- Not joined: a plan lasts as long as its session, and one made for a single row compares each of thousands with each.
    left_of := ARRAY(
        SELECT DISTINCT n.batch_id FROM moved n
        WHERE n.state = 'in_transit'
            AND (n.merchant_id, n.id) NOT IN (SELECT o.merchant_id, o.id FROM was o WHERE o.state = 'in_transit')
    );
    PERFORM FROM payout_batch b WHERE b.id = ANY (left_of) ORDER BY b.id FOR SHARE;
    -- In a new statement, which sees what was committed while this one waited. A batch that there is not is none, too.
    SELECT l.id, coalesce(b.state, 'not there') AS state INTO wrong
        FROM unnest(left_of) AS l (id) LEFT JOIN payout_batch b ON b.id = l.id
        WHERE b.state IS DISTINCT FROM 'approved' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'batch % is %: nothing of it leaves', wrong.id, wrong.state USING ERRCODE = 'PG121';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payouts_leave_approved AFTER UPDATE ON payout
    REFERENCING OLD TABLE AS was NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_leave_approved();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE DELETE, TRUNCATE ON payout_collected FROM paygate_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON payout_batch_act FROM paygate_app;
    END IF;
END $$;
