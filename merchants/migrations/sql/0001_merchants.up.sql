-- Merchants, keys, fee plans and payment methods.

-- Known to every shard: a key is looked up before it is known whose it is.
CREATE TABLE merchant (
    id                  uuid        PRIMARY KEY,
    name                text        NOT NULL CHECK (name <> ''),
    status              text        NOT NULL CHECK (status IN ('active', 'suspended')),
    country             char(2)     NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    settlement_currency char(3)     NOT NULL CHECK (settlement_currency ~ '^[A-Z]{3}$'),
    created_at          timestamptz NOT NULL
);

CREATE TABLE api_key (
    id           uuid        PRIMARY KEY,
    merchant_id  uuid        NOT NULL REFERENCES merchant (id),
    kind         text        NOT NULL CHECK (kind IN ('secret', 'restricted')),
    livemode     boolean     NOT NULL,
    scopes       text[]      NOT NULL,
    sha256       bytea       NOT NULL UNIQUE CHECK (length(sha256) = 32),
    last4        char(4)     NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    CONSTRAINT api_key_scopes_are_for_restricted_keys CHECK (kind = 'restricted' OR scopes = '{}')
);

-- A merchant's keys, as the back office lists them.
CREATE INDEX api_key_merchant ON api_key (merchant_id);

-- A key never changes hands, mode or powers, and what has ended does not begin again.
CREATE FUNCTION api_key_stays_what_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'api key % stays what it is: make another', OLD.id USING ERRCODE = 'PG003';
END $$;

CREATE TRIGGER api_key_stays_what_it_is BEFORE UPDATE ON api_key
    FOR EACH ROW WHEN (
        (OLD.id, OLD.merchant_id, OLD.kind, OLD.livemode, OLD.scopes, OLD.sha256, OLD.last4, OLD.created_at)
        IS DISTINCT FROM
        (NEW.id, NEW.merchant_id, NEW.kind, NEW.livemode, NEW.scopes, NEW.sha256, NEW.last4, NEW.created_at)
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
        OR (OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at > OLD.expires_at))
    ) EXECUTE FUNCTION api_key_stays_what_it_is();

CREATE TABLE fee_plan (
    merchant_id    uuid        NOT NULL REFERENCES merchant (id),
    id             uuid        NOT NULL,
    psp            text        NOT NULL,
    currency       text        NOT NULL CHECK (currency ~ '^([A-Z]{3})?$'),
    basis_points   integer     NOT NULL CHECK (basis_points BETWEEN 0 AND 10000),
    fixed_minor    bigint      NOT NULL CHECK (fixed_minor >= 0),
    effective_from timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT fee_plan_one_at_a_time UNIQUE (merchant_id, psp, currency, effective_from),
    CONSTRAINT fee_plan_fixed_part_has_a_currency CHECK (currency <> '' OR fixed_minor = 0)
);

-- What was agreed stays agreed: fees already taken must be explicable. A new plan supersedes.
CREATE FUNCTION fee_plan_is_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a fee plan is superseded by a newer one, never changed: % refused', TG_OP USING ERRCODE = 'PG004';
END $$;

CREATE TRIGGER fee_plan_in_ink BEFORE UPDATE OR DELETE ON fee_plan
    FOR EACH ROW EXECUTE FUNCTION fee_plan_is_agreed();
CREATE TRIGGER fee_plan_is_not_emptied BEFORE TRUNCATE ON fee_plan
    FOR EACH STATEMENT EXECUTE FUNCTION fee_plan_is_agreed();

CREATE TABLE payment_method (
    merchant_id uuid        NOT NULL REFERENCES merchant (id),
    id          uuid        NOT NULL,
    livemode    boolean     NOT NULL,
    tokens      jsonb       NOT NULL CHECK (jsonb_typeof(tokens) = 'object' AND tokens <> '{}'),
    brand       text        NOT NULL,
    last4       text        NOT NULL CHECK (last4 ~ '^([0-9]{4})?$'),
    exp_month   smallint    CHECK (exp_month BETWEEN 1 AND 12),
    exp_year    smallint    CHECK (exp_year BETWEEN 2000 AND 2100),
    country     text        NOT NULL CHECK (country ~ '^([A-Z]{2})?$'),
    user_id     text        NOT NULL,
    created_at  timestamptz NOT NULL,
    deleted_at  timestamptz,
    PRIMARY KEY (merchant_id, id)
);

-- GET /v1/payment_methods?user_id=…
CREATE INDEX payment_method_user ON payment_method (merchant_id, user_id, id) WHERE deleted_at IS NULL;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        GRANT SELECT, INSERT, UPDATE ON merchant, api_key, payment_method TO paygate_app;
        GRANT SELECT, INSERT ON fee_plan TO paygate_app;
        -- Other migrations give default privileges, which reach further than these tables allow.
        REVOKE DELETE, TRUNCATE ON merchant, api_key, payment_method FROM paygate_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON fee_plan FROM paygate_app;
    END IF;
END $$;
