-- Plans that know more of a payment than its PSP and currency, and the volume by which they step down.

-- Tiers rise: each begins at a higher volume than the one before it, and has a rate of its own.
CREATE FUNCTION fee_plan_tiers_rise(tiers jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_typeof(tiers) = 'array' AND coalesce((
        SELECT bool_and(coalesce(CASE jsonb_typeof(t.tier) WHEN 'object' THEN
            t.tier - '{from,basis_points,fixed}'::text[] = '{}'
            AND t.tier ->> 'from' ~ '^[1-9][0-9]{0,17}$'
            AND t.tier ->> 'basis_points' ~ '^[0-9]{1,5}$' AND t.tier ->> 'fixed' ~ '^[0-9]{1,15}$'
            AND jsonb_typeof(t.tier -> 'from') = 'number' AND jsonb_typeof(t.tier -> 'basis_points') = 'number'
            AND jsonb_typeof(t.tier -> 'fixed') = 'number'
            AND (t.tier ->> 'basis_points')::integer <= 10000
            AND ((t.tier ->> 'from')::bigint > (t.before ->> 'from')::bigint OR t.before IS NULL)
            ELSE false END, false))
        FROM (
            SELECT e.tier, lag(e.tier) OVER (ORDER BY e.place) AS before
            FROM jsonb_array_elements(CASE jsonb_typeof(tiers) WHEN 'array' THEN tiers ELSE '[]' END)
                WITH ORDINALITY AS e (tier, place)
        ) t
    ), true)
$$;

ALTER TABLE fee_plan
    ADD COLUMN method            text   NOT NULL DEFAULT '' CHECK (method ~ '^[a-z0-9_]{0,40}$'),
    ADD COLUMN country           text   NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2}|domestic|eea|other)?$'),
    ADD COLUMN pricing           text   NOT NULL DEFAULT 'blended'
        CHECK (pricing IN ('blended', 'interchange_plus_plus')),
    ADD COLUMN minimum_minor     bigint NOT NULL DEFAULT 0 CHECK (minimum_minor >= 0),
    ADD COLUMN maximum_minor     bigint CHECK (maximum_minor >= minimum_minor),
    ADD COLUMN tiers             jsonb  NOT NULL DEFAULT '[]'
        CONSTRAINT fee_plan_tiers_rise CHECK (fee_plan_tiers_rise(tiers)),
    ADD COLUMN refund_fee_minor  bigint CHECK (refund_fee_minor >= 0),
    ADD COLUMN dispute_fee_minor bigint CHECK (dispute_fee_minor >= 0),
    DROP CONSTRAINT fee_plan_one_at_a_time,
    ADD CONSTRAINT fee_plan_one_at_a_time UNIQUE (merchant_id, psp, method, country, currency, effective_from),
    ADD CONSTRAINT fee_plan_amounts_have_a_currency CHECK (
        currency <> '' OR (minimum_minor = 0 AND maximum_minor IS NULL AND tiers = '[]'
            AND refund_fee_minor IS NULL AND dispute_fee_minor IS NULL));

-- A fee once taken stays explicable by the plans: none begins before a capture that is in the books already.
CREATE FUNCTION fee_plan_begins_after_what_was_priced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger_transaction t
        WHERE t.merchant_id = NEW.merchant_id AND t.kind = 'payment.captured' AND t.effective_at >= NEW.effective_from
    ) THEN
        RAISE EXCEPTION 'a fee plan cannot begin at %: captures since then are priced', NEW.effective_from
            USING ERRCODE = 'PG091';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER fee_plan_begins_after_what_was_priced BEFORE INSERT ON fee_plan
    FOR EACH ROW EXECUTE FUNCTION fee_plan_begins_after_what_was_priced();

-- What a merchant took in a calendar month (UTC), counted from the outbox: a cache that tiers go by.
CREATE TABLE merchant_volume (
    merchant_id uuid    NOT NULL,
    livemode    boolean NOT NULL,
    currency    char(3) NOT NULL,
    month       date    NOT NULL CHECK (extract(day FROM month) = 1),
    captured    bigint  NOT NULL,  -- Minor units, less what PSPs took back in that month.
    PRIMARY KEY (merchant_id, livemode, currency, month)
) WITH (fillfactor = 60);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE DELETE, TRUNCATE ON merchant_volume FROM paygate_app;
    END IF;
END $$;
