-- When a merchant's money becomes available, and the pass that makes it so: for any number of merchants by a few
-- statements, each entry of the books counted exactly once, whoever is killed when.

-- What becomes available on a day, as far as it was read from the entries of the pending account, and what of it has.
-- A cache: funds_begin_anew() makes it again from the books.
CREATE TABLE funds_due (
    merchant_id uuid        NOT NULL,
    id          uuid        NOT NULL DEFAULT uuid7(),
    livemode    boolean     NOT NULL,
    currency    char(3)     NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    due_on      date        NOT NULL,
    due_at      timestamptz NOT NULL,            -- When that day begins where the merchant is.
    amount      bigint      NOT NULL,            -- Minor units; below zero where more was undone than was captured.
    released    bigint      NOT NULL DEFAULT 0,  -- What of it was made available; more than the amount is recalled.
    releases    integer     NOT NULL DEFAULT 0 CHECK (releases >= 0),
    settled     boolean     NOT NULL GENERATED ALWAYS AS (amount = released) STORED,
    PRIMARY KEY (merchant_id, livemode, currency, due_on)
);

-- Whose money is due, and what of theirs.
CREATE INDEX funds_due_open ON funds_due (due_at) INCLUDE (merchant_id) WHERE NOT settled;
CREATE INDEX funds_due_of_merchant ON funds_due (merchant_id, due_at) WHERE NOT settled;

-- What was held back of one release, and until when. `source` is the release's in the books, and that of its end.
CREATE TABLE funds_reserve (
    merchant_id uuid        NOT NULL,
    id          uuid        NOT NULL DEFAULT uuid7(),
    livemode    boolean     NOT NULL,
    currency    char(3)     NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    source      text        NOT NULL,
    amount      bigint      NOT NULL CHECK (amount > 0),
    due_on      date        NOT NULL,
    due_at      timestamptz NOT NULL,
    released_at timestamptz,
    PRIMARY KEY (merchant_id, source)
);

CREATE INDEX funds_reserve_held ON funds_reserve (due_at) INCLUDE (merchant_id) WHERE released_at IS NULL;
CREATE INDEX funds_reserve_of_merchant ON funds_reserve (merchant_id, due_at) WHERE released_at IS NULL;

-- How far the books have been read: every transaction that `seen` sees, on the cluster whose numbers these are. What
-- came with a restore, numbered by another cluster, was read when this row was made: all that was posted until then.
--
-- What is seen is a snapshot and no mark, so that a transaction that commits late is neither missed nor waited for.
CREATE TABLE funds_read (
    cluster        bigint      PRIMARY KEY,
    seen           pg_snapshot NOT NULL,
    restored_until timestamptz NOT NULL
);

-- The newest transactions of all books, for who reads them as they come.
CREATE INDEX ledger_transaction_by_number ON ledger_transaction (xid);

-- The latest terms that began before or at that moment; the usual ones where none did (merchants.funds.terms.usual).
CREATE FUNCTION merchant_terms_at(p_merchant uuid, p_at timestamptz) RETURNS TABLE (
    calendar text, time_zone text, cutoff time, delay_days smallint, reserve_basis_points integer, reserve_days smallint
) LANGUAGE sql STABLE AS $$
    SELECT
        coalesce(t.calendar, CASE m.country WHEN 'US' THEN 'us' WHEN 'GB' THEN 'gb' WHEN 'JP' THEN 'jp' ELSE 'target' END),
        coalesce(t.time_zone, 'UTC'), t.cutoff, coalesce(t.delay_days, 2::smallint),
        coalesce(t.reserve_basis_points, 0), coalesce(t.reserve_days, 0::smallint)
    FROM (SELECT) one
    LEFT JOIN merchant m ON m.id = p_merchant
    LEFT JOIN LATERAL (
        SELECT * FROM merchant_terms a WHERE a.merchant_id = p_merchant AND a.effective_from <= p_at
        ORDER BY a.effective_from DESC LIMIT 1
    ) t ON true
$$;

-- The local day on which a merchant's money of that moment becomes available, and when it begins (Terms.due_on). A day
-- before all calendars counts as their first; one behind them has no answer, which no table takes.
CREATE FUNCTION funds_due_day(p_merchant uuid, p_happened_at timestamptz) RETURNS TABLE (
    due_on date, due_at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT due.day, due.day::timestamp AT TIME ZONE t.time_zone
    FROM merchant_terms_at(p_merchant, p_happened_at) t
    CROSS JOIN LATERAL (SELECT p_happened_at AT TIME ZONE t.time_zone AS at) local
    LEFT JOIN business_day counted ON counted.calendar = t.calendar AND counted.day = greatest(
        local.at::date + (CASE WHEN local.at::time > t.cutoff THEN 1 ELSE 0 END), DATE '2020-01-01')
    LEFT JOIN business_day due ON due.calendar = t.calendar AND due.is_open
        AND due.ordinal = counted.ordinal + greatest(t.delay_days, CASE WHEN counted.is_open THEN 0 ELSE 1 END)
$$;

-- From when a transaction counts: a reversal from when what it reverses happened, so that what was taken back never
-- becomes available; a conversion ("payment.captured:att_…") from when what it follows counts, so that a currency that
-- is only passed through is never due.
CREATE FUNCTION funds_counts_from(
    p_merchant uuid, p_kind text, p_source text, p_reverses uuid, p_effective_at timestamptz
) RETURNS TABLE (moment timestamptz) LANGUAGE sql STABLE AS $$
    SELECT coalesce(reversed.effective_at, followed.effective_at, p_effective_at)
    FROM (SELECT) one
    LEFT JOIN ledger_transaction followed ON p_kind = 'fx.converted' AND followed.merchant_id = p_merchant
        AND followed.kind = split_part(p_source, ':', 1) AND followed.source = substr(p_source, strpos(p_source, ':') + 1)
    LEFT JOIN ledger_transaction reversed ON reversed.merchant_id = p_merchant
        AND reversed.id = coalesce(p_reverses, followed.reverses)
$$;

-- Kinds of transaction by which the passing of time moves money; nothing new comes to the pending account by them.
CREATE FUNCTION funds_released_by() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY['funds.available', 'funds.recalled']
$$;

-- What the statement that calls this sees of others. PostgreSQL does not count one's own transaction as in progress, but
-- it may yet write: here it is.
CREATE FUNCTION funds_snapshot() RETURNS pg_snapshot LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN pg_visible_in_snapshot(s.own, s.seen) THEN format(
        '%s:%s:%s', least(pg_snapshot_xmin(s.seen), s.own), pg_snapshot_xmax(s.seen), (
            SELECT string_agg(i.xid::text, ',' ORDER BY i.xid)
            FROM (SELECT pg_snapshot_xip(s.seen) UNION SELECT s.own) i (xid)
        ))::pg_snapshot ELSE s.seen END
    FROM (SELECT pg_current_snapshot() AS seen, pg_current_xact_id() AS own) s
$$;

-- Read what came to the pending accounts since they were last read; how many days of merchants it changed.
CREATE FUNCTION funds_read_on() RETURNS integer LANGUAGE plpgsql
    SET jit = off SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    AS $$
DECLARE
    here    bigint := (SELECT system_identifier FROM pg_control_system());
    last    funds_read;
    changed integer;
BEGIN
    IF NOT EXISTS (SELECT FROM funds_read r WHERE r.cluster = here) THEN
        RETURN funds_begin_anew();
    END IF;
    SELECT * INTO last FROM funds_read r WHERE r.cluster = here FOR UPDATE;  -- One reader at a time.
    -- One statement, so that what it sees is what it writes down as seen.
    WITH present AS MATERIALIZED (
        SELECT funds_snapshot() AS seen
    ), noted AS (
        UPDATE funds_read r SET seen = p.seen FROM present p WHERE r.cluster = here
    ), fresh AS MATERIALIZED (
        SELECT t.merchant_id, t.id, t.livemode, t.kind, t.source, t.posted_at, t.effective_at, t.reverses
        FROM ledger_transaction t
        WHERE t.xid >= pg_snapshot_xmin(last.seen)
            AND t.xid < (SELECT pg_snapshot_xmax(p.seen) FROM present p)
            AND NOT pg_visible_in_snapshot(t.xid, last.seen)
            AND pg_visible_in_snapshot(t.xid, (SELECT p.seen FROM present p))
            AND t.posted_at > last.restored_until AND t.kind <> ALL (funds_released_by())
    )
    INSERT INTO funds_due AS d (merchant_id, livemode, currency, due_on, due_at, amount)
        SELECT f.merchant_id, f.livemode, e.currency, due.due_on, max(due.due_at),
            sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END)::bigint
        FROM fresh f
        JOIN ledger_entry e ON e.merchant_id = f.merchant_id AND e.transaction_id = f.id AND e.posted_at = f.posted_at
        JOIN ledger_account a ON a.merchant_id = e.merchant_id AND a.id = e.account_id
            AND a.code = 'liabilities:merchant:pending'
        CROSS JOIN LATERAL funds_counts_from(f.merchant_id, f.kind, f.source, f.reverses, f.effective_at) counts
        CROSS JOIN LATERAL funds_due_day(f.merchant_id, counts.moment) due
        GROUP BY 1, 2, 3, 4
        ORDER BY 1, 2, 3, 4
        ON CONFLICT (merchant_id, livemode, currency, due_on) DO UPDATE
            SET amount = d.amount + excluded.amount, due_at = greatest(d.due_at, excluded.due_at);
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END $$;

-- The number in a release's name: "2026-12-01 USD test 2" is the second of that day's.
CREATE FUNCTION funds_release_number(p_source text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT split_part(p_source, ' ', 4)::integer
$$;

-- Forget what was read and read the books from their first entry, what was released as well. For a book that another
-- cluster numbered (a dump restored, a move), and for whoever has doubts. No pass runs beside it.
CREATE FUNCTION funds_begin_anew() RETURNS integer LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    changed integer;
BEGIN
    LOCK TABLE funds_read, funds_due, funds_reserve IN EXCLUSIVE MODE;
    DELETE FROM funds_read;
    DELETE FROM funds_due;
    DELETE FROM funds_reserve;

    -- A number that this cluster has not given yet is another's.
    WITH here AS (
        SELECT c.system_identifier AS cluster, funds_snapshot() AS seen FROM pg_control_system() c
    ), noted AS (
        INSERT INTO funds_read (cluster, seen, restored_until)
            SELECT h.cluster, h.seen, coalesce((
                SELECT max(t.posted_at) FROM ledger_transaction t
                WHERE t.xid >= pg_snapshot_xmax(h.seen) AND t.xid <> pg_current_xact_id()
            ), '-infinity')
            FROM here h
    )
    INSERT INTO funds_due (merchant_id, livemode, currency, due_on, due_at, amount)
        SELECT t.merchant_id, t.livemode, e.currency, due.due_on, max(due.due_at),
            sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END)::bigint
        FROM here h
        CROSS JOIN ledger_transaction t
        JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id AND e.posted_at = t.posted_at
        JOIN ledger_account a ON a.merchant_id = e.merchant_id AND a.id = e.account_id
            AND a.code = 'liabilities:merchant:pending'
        CROSS JOIN LATERAL funds_counts_from(t.merchant_id, t.kind, t.source, t.reverses, t.effective_at) counts
        CROSS JOIN LATERAL funds_due_day(t.merchant_id, counts.moment) due
        WHERE t.kind <> ALL (funds_released_by()) AND t.xid <> pg_current_xact_id()
        GROUP BY 1, 2, 3, 4;
    GET DIAGNOSTICS changed = ROW_COUNT;

    INSERT INTO funds_due AS d (merchant_id, livemode, currency, due_on, due_at, amount, released, releases)
        SELECT t.merchant_id, t.livemode, e.currency, split_part(t.source, ' ', 1)::date, min(t.effective_at), 0,
            sum(CASE e.type WHEN 'DEBIT' THEN e.amount ELSE -e.amount END)::bigint, max(funds_release_number(t.source))
        FROM ledger_transaction t
        JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id AND e.posted_at = t.posted_at
        JOIN ledger_account a ON a.merchant_id = e.merchant_id AND a.id = e.account_id
            AND a.code = 'liabilities:merchant:pending'
        WHERE t.kind = ANY (funds_released_by())
        GROUP BY 1, 2, 3, 4
        ON CONFLICT (merchant_id, livemode, currency, due_on) DO UPDATE
            SET released = excluded.released, releases = excluded.releases;

    INSERT INTO funds_reserve (merchant_id, livemode, currency, source, amount, due_on, due_at, released_at)
        SELECT t.merchant_id, t.livemode, e.currency, t.source, e.amount, d.due_on + terms.reserve_days,
            (d.due_on + terms.reserve_days)::timestamp AT TIME ZONE terms.time_zone, ended.effective_at
        FROM ledger_transaction t
        JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id AND e.posted_at = t.posted_at
        JOIN ledger_account a ON a.merchant_id = e.merchant_id AND a.id = e.account_id
            AND a.code = 'liabilities:merchant:reserve'
        JOIN funds_due d ON d.merchant_id = t.merchant_id AND d.livemode = t.livemode AND d.currency = e.currency
            AND d.due_on = split_part(t.source, ' ', 1)::date
        CROSS JOIN LATERAL merchant_terms_at(t.merchant_id, d.due_at) terms
        LEFT JOIN ledger_transaction ended ON ended.merchant_id = t.merchant_id AND ended.kind = 'reserve.released'
            AND ended.source = t.source
        WHERE t.kind = 'funds.available';
    RETURN changed;
END $$;

-- Make available what is due of these merchants', less what their terms of that day hold back, and end what was held
-- long enough: recipes.funds, as a set. What another pass is at is left to it. A row for each kind, mode and
-- currency: how many transactions, of how much, and what of that was held back.
CREATE FUNCTION funds_release(p_merchants uuid[], p_at timestamptz) RETURNS TABLE (
    kind text, livemode boolean, currency text, transactions bigint, amount bigint, held bigint
) LANGUAGE plpgsql
    SET jit = off SET plan_cache_mode = force_generic_plan SET client_min_messages = warning
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    AS $$
#variable_conflict use_column
BEGIN
    PERFORM ledger_stage();
    CREATE TEMPORARY TABLE IF NOT EXISTS funds_taken (
        merchant_id uuid, livemode boolean, currency char(3), due_on date, kind text, source text,
        transaction_id uuid, amount bigint, held bigint, held_until date, time_zone text
    ) ON COMMIT DELETE ROWS;

    WITH due AS MATERIALIZED (
        SELECT d.merchant_id, d.livemode, d.currency, d.due_on, d.due_at, d.amount - d.released AS amount, d.releases
        FROM funds_due d
        WHERE d.merchant_id = ANY (p_merchants) AND NOT d.settled AND d.due_at <= p_at
        ORDER BY d.merchant_id, d.livemode, d.currency, d.due_on
        FOR UPDATE SKIP LOCKED
    )
    INSERT INTO funds_taken
        SELECT d.merchant_id, d.livemode, d.currency, d.due_on,
            CASE WHEN d.amount > 0 THEN 'funds.available' ELSE 'funds.recalled' END,
            format('%s %s %s %s', d.due_on, d.currency, CASE WHEN d.livemode THEN 'live' ELSE 'test' END, d.releases + 1),
            uuid7(), abs(d.amount),
            -- As Money.share: half a minor unit is rounded up.
            CASE WHEN d.amount > 0 THEN div(d.amount * t.reserve_basis_points::numeric + 5000, 10000) ELSE 0 END,
            d.due_on + t.reserve_days, t.time_zone
        FROM due d CROSS JOIN LATERAL merchant_terms_at(d.merchant_id, d.due_at) t;

    UPDATE funds_due d
        SET released = d.released + CASE t.kind WHEN 'funds.available' THEN t.amount ELSE -t.amount END,
            releases = d.releases + 1
        FROM funds_taken t
        WHERE d.merchant_id = t.merchant_id AND d.livemode = t.livemode AND d.currency = t.currency
            AND d.due_on = t.due_on;

    INSERT INTO funds_reserve (merchant_id, livemode, currency, source, amount, due_on, due_at)
        SELECT t.merchant_id, t.livemode, t.currency, t.source, t.held, t.held_until,
            t.held_until::timestamp AT TIME ZONE t.time_zone
        FROM funds_taken t WHERE t.held > 0;

    WITH due AS MATERIALIZED (
        SELECT r.merchant_id, r.source FROM funds_reserve r
        WHERE r.merchant_id = ANY (p_merchants) AND r.released_at IS NULL AND r.due_at <= p_at
        ORDER BY r.merchant_id, r.source
        FOR UPDATE SKIP LOCKED
    ), ended AS (
        UPDATE funds_reserve r SET released_at = p_at FROM due d
            WHERE r.merchant_id = d.merchant_id AND r.source = d.source
            RETURNING r.merchant_id, r.livemode, r.currency, r.source, r.amount
    )
    INSERT INTO funds_taken (merchant_id, livemode, currency, kind, source, transaction_id, amount, held)
        SELECT e.merchant_id, e.livemode, e.currency, 'reserve.released', e.source, uuid7(), e.amount, 0 FROM ended e;

    INSERT INTO ledger_staged (merchant_id, livemode, transaction_id, kind, source, effective_at, line, account,
            currency, type, amount)
        SELECT t.merchant_id, t.livemode, t.transaction_id, t.kind, t.source, p_at,
            row_number() OVER (PARTITION BY t.merchant_id, t.transaction_id ORDER BY l.line), l.account, t.currency,
            l.type, of_it.amount
        FROM funds_taken t
        JOIN (VALUES
            (1, 'funds.available', 'liabilities:merchant:pending', 'DEBIT', 'all'),
            (2, 'funds.available', 'liabilities:merchant:available', 'CREDIT', 'the rest'),
            (3, 'funds.available', 'liabilities:merchant:reserve', 'CREDIT', 'held'),
            (1, 'funds.recalled', 'liabilities:merchant:available', 'DEBIT', 'all'),
            (2, 'funds.recalled', 'liabilities:merchant:pending', 'CREDIT', 'all'),
            (1, 'reserve.released', 'liabilities:merchant:reserve', 'DEBIT', 'all'),
            (2, 'reserve.released', 'liabilities:merchant:available', 'CREDIT', 'all')
        ) AS l (line, kind, account, type, part) ON l.kind = t.kind
        CROSS JOIN LATERAL (
            SELECT CASE l.part WHEN 'all' THEN t.amount WHEN 'held' THEN t.held ELSE t.amount - t.held END AS amount
        ) of_it
        WHERE of_it.amount > 0;
    PERFORM ledger_post_staged();

    RETURN QUERY SELECT t.kind, t.livemode, t.currency::text, count(*), sum(t.amount)::bigint, sum(t.held)::bigint
        FROM funds_taken t GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
    DELETE FROM funds_taken;
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON funds_due, funds_reserve, funds_read TO paygate_app;
        REVOKE TRUNCATE ON funds_due, funds_reserve, funds_read FROM paygate_app;
    END IF;
END $$;
