-- What payments cost us: price lists of PSPs, what we expect by them, and what was charged.

CREATE TABLE psp_price (
    id             uuid        PRIMARY KEY,
    psp            text        NOT NULL CHECK (psp <> ''),
    method         text        NOT NULL CHECK (method ~ '^[a-z0-9_]{0,40}$'),
    country        text        NOT NULL CHECK (country ~ '^([A-Z]{2}|domestic|eea|other)?$'),
    currency       char(3)     NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    basis_points   integer     NOT NULL CHECK (basis_points BETWEEN 0 AND 10000),
    fixed_minor    bigint      NOT NULL CHECK (fixed_minor >= 0),
    effective_from timestamptz NOT NULL,
    CONSTRAINT psp_price_one_at_a_time UNIQUE (psp, currency, method, country, effective_from)
);

-- One row a payment that took money. `sequence` is the payment's change that was heard of last.
CREATE TABLE payment_cost (
    merchant_id   uuid        NOT NULL,
    payment_id    uuid        NOT NULL,
    livemode      boolean     NOT NULL,
    psp           text        NOT NULL,
    psp_reference text        NOT NULL,
    currency      char(3)     NOT NULL,
    brand         text        NOT NULL,
    country       text        NOT NULL,
    captured      bigint      NOT NULL CHECK (captured >= 0),
    captures      integer     NOT NULL CHECK (captures >= 0),
    expected      bigint      CHECK (expected >= 0),
    actual        bigint      CHECK (actual >= 0),
    deviation     bigint      GENERATED ALWAYS AS (actual - expected) STORED,
    passed_on     boolean     NOT NULL,
    sequence      integer     NOT NULL,
    captured_at   timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, payment_id)
) WITH (fillfactor = 60);

-- Whoever reads a PSP's statement knows the payment by either name, and not whose it is.
CREATE INDEX payment_cost_payment ON payment_cost (payment_id);
CREATE INDEX payment_cost_reference ON payment_cost (psp_reference) WHERE psp_reference <> '';
CREATE INDEX payment_cost_deviates ON payment_cost (payment_id) WHERE deviation <> 0;

-- What was agreed to be passed on, and whose payment it is, stays so; what was charged only grows.
CREATE FUNCTION payment_cost_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'cost of payment %: who bears it never changes, and what was charged is not forgotten', OLD.payment_id
        USING ERRCODE = 'PG092';
END $$;

CREATE TRIGGER payment_cost_grows BEFORE UPDATE ON payment_cost
    FOR EACH ROW WHEN (
        (OLD.merchant_id, OLD.payment_id, OLD.livemode, OLD.psp, OLD.currency, OLD.passed_on, OLD.captured_at)
            IS DISTINCT FROM
        (NEW.merchant_id, NEW.payment_id, NEW.livemode, NEW.psp, NEW.currency, NEW.passed_on, NEW.captured_at)
        OR NEW.sequence < OLD.sequence
        OR OLD.actual IS NOT NULL AND (NEW.actual IS NULL OR NEW.actual < OLD.actual)
    ) EXECUTE FUNCTION payment_cost_grows();

CREATE TABLE psp_charge (
    merchant_id uuid        NOT NULL,
    id          uuid        NOT NULL,
    payment_id  uuid        NOT NULL,
    livemode    boolean     NOT NULL,
    psp         text        NOT NULL,
    reference   text        NOT NULL CHECK (reference <> ''),
    amount      bigint      NOT NULL CHECK (amount >= 0),
    currency    char(3)     NOT NULL,
    charged_at  timestamptz NOT NULL,
    learned_at  timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT psp_charge_once UNIQUE (merchant_id, psp, livemode, reference),
    FOREIGN KEY (merchant_id, payment_id) REFERENCES payment_cost (merchant_id, payment_id)
);

CREATE INDEX psp_charge_payment ON psp_charge (merchant_id, payment_id);
-- Which of a page of a PSP's statement are known.
CREATE INDEX psp_charge_reference ON psp_charge (reference);

CREATE FUNCTION costs_are_in_ink() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused: what was charged, and what was priced, stays so', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'PG093';
END $$;

CREATE TRIGGER psp_price_in_ink BEFORE UPDATE OR DELETE ON psp_price FOR EACH ROW EXECUTE FUNCTION costs_are_in_ink();
CREATE TRIGGER psp_price_is_not_emptied BEFORE TRUNCATE ON psp_price
    FOR EACH STATEMENT EXECUTE FUNCTION costs_are_in_ink();
CREATE TRIGGER psp_charge_in_ink BEFORE UPDATE OR DELETE ON psp_charge FOR EACH ROW EXECUTE FUNCTION costs_are_in_ink();
CREATE TRIGGER psp_charge_is_not_emptied BEFORE TRUNCATE ON psp_charge
    FOR EACH STATEMENT EXECUTE FUNCTION costs_are_in_ink();
CREATE TRIGGER payment_cost_is_kept BEFORE DELETE ON payment_cost FOR EACH ROW EXECUTE FUNCTION costs_are_in_ink();

-- Keep what was heard of payments, and count what each took since it was heard of last into its merchant's month:
-- once, however often it is told. Each item is a row of payment_cost and the first day of the `month`; a payment is
-- among them once. (By index whatever the table's size was when the plan was made.)
CREATE FUNCTION cost_hear(heard jsonb) RETURNS void LANGUAGE plpgsql SET jit = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('cost_hear'));  -- There is one relay; and if there were two.

    WITH told AS MATERIALIZED (
        SELECT t.*, (
            SELECT c.captured FROM payment_cost c WHERE c.merchant_id = t.merchant_id AND c.payment_id = t.payment_id
        ) AS before
        FROM jsonb_to_recordset(heard) AS t (
            merchant_id uuid, payment_id uuid, livemode boolean, psp text, psp_reference text, currency char(3),
            brand text, country text, captured bigint, captures integer, expected bigint, passed_on boolean,
            sequence integer, captured_at timestamptz, month date
        )
    ), written AS (
        INSERT INTO payment_cost AS c
            (merchant_id, payment_id, livemode, psp, psp_reference, currency, brand, country, captured, captures,
             expected, passed_on, sequence, captured_at)
            SELECT t.merchant_id, t.payment_id, t.livemode, t.psp, t.psp_reference, t.currency, t.brand, t.country,
                t.captured, t.captures, t.expected, t.passed_on, t.sequence, t.captured_at
            FROM told t
            WHERE t.captured > 0 OR t.before IS NOT NULL
            ORDER BY t.merchant_id, t.payment_id
            ON CONFLICT (merchant_id, payment_id) DO UPDATE SET
                psp_reference = excluded.psp_reference, captured = excluded.captured, captures = excluded.captures,
                expected = excluded.expected, sequence = excluded.sequence
                WHERE c.sequence < excluded.sequence
            RETURNING c.merchant_id, c.payment_id
    )
    INSERT INTO merchant_volume AS v (merchant_id, livemode, currency, month, captured)
        SELECT t.merchant_id, t.livemode, t.currency, t.month, sum(t.captured - coalesce(t.before, 0))
        FROM told t
        JOIN written w ON w.merchant_id = t.merchant_id AND w.payment_id = t.payment_id
        WHERE t.captured <> coalesce(t.before, 0)
        GROUP BY t.merchant_id, t.livemode, t.currency, t.month
        ORDER BY t.merchant_id, t.livemode, t.currency, t.month
        ON CONFLICT (merchant_id, livemode, currency, month) DO UPDATE SET captured = v.captured + excluded.captured;
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON psp_price, psp_charge FROM paygate_app;
        REVOKE DELETE, TRUNCATE ON payment_cost FROM paygate_app;
    END IF;
END $$;
