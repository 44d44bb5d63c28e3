-- Rates, feeds, quotes, and the revaluation of what we hold in other currencies.
--
-- Refusals: PG101 this quote is not to be had (any more)    PG102 what was agreed of a conversion never changes
--           PG103 what a provider told, or a quote promised, never changes

-- Ours, not a merchant's: every machine of a cluster has it whole.
CREATE TABLE fx_rate (
    id         uuid           NOT NULL PRIMARY KEY,
    provider   text           NOT NULL CHECK (provider <> ''),
    base       char(3)        NOT NULL CHECK (base ~ '^[A-Z]{3}$'),
    quote      char(3)        NOT NULL CHECK (quote ~ '^[A-Z]{3}$' AND quote <> base),
    rate       numeric(30, 15) NOT NULL CHECK (rate > 0),
    as_of      date           NOT NULL,
    fetched_at timestamptz    NOT NULL,
    state      text           NOT NULL CHECK (state IN ('accepted', 'quarantined', 'refused')),
    against    numeric(30, 15),
    decided_by text           NOT NULL,
    reason     text           NOT NULL,
    decided_at timestamptz,
    -- A correction is a row of its own; being told the same again is none.
    CONSTRAINT fx_rate_once UNIQUE (provider, base, quote, as_of, rate),
    CONSTRAINT fx_rate_is_decided_with_a_reason
        CHECK ((decided_at IS NULL) = (decided_by = '') AND (decided_at IS NULL) = (reason = '')),
    CONSTRAINT fx_rate_is_refused_by_a_person CHECK (state <> 'refused' OR decided_at IS NOT NULL)
);

-- The newest rate of a currency that we believe: the question of every conversion.
CREATE INDEX fx_rate_newest ON fx_rate (provider, base, quote, as_of DESC, fetched_at DESC) WHERE state = 'accepted';
CREATE INDEX fx_rate_undecided ON fx_rate (fetched_at) WHERE state = 'quarantined';

CREATE FUNCTION fx_rate_is_only_judged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'rate % was told to us: it is kept', OLD.id USING ERRCODE = 'PG103';
    END IF;
    IF (NEW.id, NEW.provider, NEW.base, NEW.quote, NEW.rate, NEW.as_of, NEW.fetched_at, NEW.against)
        IS DISTINCT FROM
       (OLD.id, OLD.provider, OLD.base, OLD.quote, OLD.rate, OLD.as_of, OLD.fetched_at, OLD.against)
       OR OLD.state <> 'quarantined' THEN
        RAISE EXCEPTION 'rate %: what was told never changes, and is judged once', OLD.id USING ERRCODE = 'PG103';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER fx_rate_is_only_judged BEFORE UPDATE OR DELETE ON fx_rate
    FOR EACH ROW EXECUTE FUNCTION fx_rate_is_only_judged();

CREATE TABLE fx_feed (
    provider text        NOT NULL PRIMARY KEY,
    asked_at timestamptz NOT NULL,
    heard_at timestamptz,
    problem  text        NOT NULL
);

CREATE TABLE fx_quote (
    merchant_id      uuid            NOT NULL,
    id               uuid            NOT NULL,
    livemode         boolean         NOT NULL,
    from_currency    char(3)         NOT NULL,
    to_currency      char(3)         NOT NULL CHECK (to_currency <> from_currency),
    rate             numeric(30, 15) NOT NULL CHECK (rate > 0),
    market           numeric(30, 15) NOT NULL CHECK (market > 0),
    amount           bigint          CHECK (amount > 0),
    converted_amount bigint          CHECK (converted_amount >= 0),
    created_at       timestamptz     NOT NULL,
    expires_at       timestamptz     NOT NULL CHECK (expires_at > created_at),
    payment_id       uuid,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT fx_quote_says_what_its_amount_becomes CHECK ((amount IS NULL) = (converted_amount IS NULL))
);

CREATE FUNCTION fx_quote_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'quote % was promised: it is kept', OLD.id USING ERRCODE = 'PG103';
    END IF;
    IF OLD.payment_id IS NOT NULL OR NEW.payment_id IS NULL
        OR (to_jsonb(NEW) - 'payment_id') IS DISTINCT FROM (to_jsonb(OLD) - 'payment_id') THEN
        RAISE EXCEPTION 'quote %: what was promised never changes, and is used once', OLD.id USING ERRCODE = 'PG103';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER fx_quote_is_kept BEFORE UPDATE OR DELETE ON fx_quote
    FOR EACH ROW EXECUTE FUNCTION fx_quote_is_kept();

-- Whose books have a position at all: few of many.
CREATE INDEX ledger_account_fx ON ledger_account (merchant_id, currency) WHERE code LIKE 'equity:fx:%';

-- What the positions of some merchants gained or lost since they were last valued, posted: how many books. Of the
-- merchants behind `after` the next `most` that have a position at all, in the order of their ids; the last one of
-- them is told, for the next call. `worth` is what one minor unit of each of `currencies` is in minor units of
-- `reporting`. Once a day and mode for each book: what was valued on `day` already is left out.
CREATE FUNCTION fx_revalue(
    after uuid, most integer, day date, reporting text, currencies text[], worth numeric[], at timestamptz
) RETURNS TABLE (last uuid, valued integer) LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    merchants uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('fx_revalue', 0));  -- One at a time, or both would post the same.
    SELECT array_agg(m.merchant_id) INTO merchants FROM (
        SELECT DISTINCT a.merchant_id FROM ledger_account a
        WHERE a.code LIKE 'equity:fx:%' AND (after IS NULL OR a.merchant_id > after)
        ORDER BY a.merchant_id LIMIT most
    ) m;
    last := merchants[cardinality(merchants)];
    PERFORM ledger_stage();
    INSERT INTO ledger_staged
        (merchant_id, livemode, transaction_id, kind, source, effective_at, line, account, currency, type, amount)
        SELECT g.merchant_id, g.livemode, g.id, 'fx.revalued', g.source, at, l.line, l.account, reporting, l.type,
            abs(g.gain)
        FROM (
            SELECT p.merchant_id, p.livemode, p.source, uuid7() AS id, p.gain
            FROM (
                SELECT a.merchant_id, a.livemode, s.source,
                    round(sum(b.balance * w.worth))::bigint AS gain,
                    count(*) FILTER (WHERE w.worth IS NULL AND b.balance <> 0) AS unknown
                FROM ledger_account a
                CROSS JOIN LATERAL (
                    SELECT to_char(day, 'YYYY-MM-DD') || CASE WHEN a.livemode THEN ':live' ELSE ':test' END AS source
                ) s
                CROSS JOIN LATERAL ledger_balances(a.merchant_id, a.id) b
                LEFT JOIN unnest(currencies, worth) AS w (currency, worth) ON w.currency = a.currency
                WHERE a.merchant_id = ANY (merchants) AND a.code LIKE 'equity:fx:%'
                    -- A book that was valued already costs no balances.
                    AND NOT EXISTS (
                        SELECT FROM ledger_transaction t
                        WHERE t.merchant_id = a.merchant_id AND t.kind = 'fx.revalued' AND t.source = s.source
                    )
                GROUP BY a.merchant_id, a.livemode, s.source
            ) p
            -- A book with a currency whose rate nobody knows would be valued by halves: it waits.
            WHERE p.gain <> 0 AND p.unknown = 0
        ) g
        CROSS JOIN LATERAL (VALUES
            (1, CASE WHEN g.gain > 0 THEN 'equity:fx:' || reporting ELSE 'income:fx:revaluation' END, 'DEBIT'),
            (2, CASE WHEN g.gain > 0 THEN 'income:fx:revaluation' ELSE 'equity:fx:' || reporting END, 'CREDIT')
        ) AS l (line, account, type);
    valued := ledger_post_staged();
    IF last IS NOT NULL THEN
        RETURN NEXT;
    END IF;
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE DELETE, TRUNCATE ON fx_rate, fx_feed, fx_quote FROM paygate_app;
    END IF;
END $$;
