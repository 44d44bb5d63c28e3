-- Customers. Nothing private is readable here: it lies under the person's own key, and that is sealed.

CREATE TABLE customer (
    merchant_id uuid        NOT NULL REFERENCES merchant (id),
    id          uuid        NOT NULL,
    livemode    boolean     NOT NULL,
    user_id     text        NOT NULL,
    sealed_key  bytea,
    details     bytea,
    email_hash  bytea       CHECK (length(email_hash) = 32),
    created_at  timestamptz NOT NULL,
    erased_at   timestamptz,
    PRIMARY KEY (merchant_id, id),
    -- Erased is erased: all of it, or nothing.
    CONSTRAINT customer_is_erased_whole CHECK (
        (erased_at IS NULL) = (sealed_key IS NOT NULL) AND (erased_at IS NULL) = (details IS NOT NULL)
        AND (erased_at IS NULL OR email_hash IS NULL))
);

-- One customer a user id: a payment names its payer by it.
CREATE UNIQUE INDEX customer_user_id ON customer (merchant_id, livemode, user_id)
    WHERE erased_at IS NULL AND user_id <> '';
-- Whose is this address?
CREATE INDEX customer_email ON customer (email_hash) WHERE email_hash IS NOT NULL;

-- Nobody who was erased comes back.
CREATE FUNCTION customer_stays_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'customer % is erased', OLD.id USING ERRCODE = 'PG161';
END $$;

CREATE TRIGGER customer_stays_erased BEFORE UPDATE ON customer
    FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION customer_stays_erased();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE DELETE, TRUNCATE ON customer FROM paygate_app;
    END IF;
END $$;
