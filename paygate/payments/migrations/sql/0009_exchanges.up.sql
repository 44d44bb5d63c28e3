-- What was said to PSPs and answered, redacted before it comes here. A leaf: nothing refers to it, nothing is computed from
-- it, and it is forgotten after some weeks.
CREATE TABLE psp_exchange (
    merchant_id  uuid        NOT NULL,
    id           uuid        NOT NULL,
    attempt_id   uuid        NOT NULL,
    psp          text        NOT NULL,
    at           timestamptz NOT NULL,
    milliseconds integer     NOT NULL CHECK (milliseconds >= 0),
    method       text        NOT NULL,
    path         text        NOT NULL,
    query        text        NOT NULL,
    status       smallint,
    error        text        NOT NULL,
    asked        text        NOT NULL,
    answered     text        NOT NULL,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT psp_exchange_was_answered_or_not CHECK ((status IS NULL) = (error <> ''))
);

-- Those of an attempt.
CREATE INDEX psp_exchange_attempt ON psp_exchange (merchant_id, attempt_id);
-- What is old enough to be forgotten: they come in order of time.
CREATE INDEX psp_exchange_age ON psp_exchange USING brin (at) WITH (autosummarize = on);

-- What was said never changes.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE UPDATE, TRUNCATE ON psp_exchange FROM paygate_app;
    END IF;
END $$;
