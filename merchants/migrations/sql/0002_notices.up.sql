-- Webhooks to merchants: endpoints, what they are told (a notice for each event and endpoint), and each try.
-- Whoever changes an endpoint, or which of its notices comes next, locks the endpoint's row first, and of several
-- in the order of their keys.

CREATE TABLE webhook_endpoint (
    merchant_id           uuid        NOT NULL REFERENCES merchant (id),
    id                    uuid        NOT NULL,
    livemode              boolean     NOT NULL,
    url                   text        NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    enabled_events        text[]      NOT NULL CHECK (cardinality(enabled_events) BETWEEN 1 AND 100),
    description           text        NOT NULL,
    metadata              jsonb       NOT NULL CHECK (jsonb_typeof(metadata) = 'object'),
    status                text        NOT NULL CHECK (status IN ('enabled', 'disabled')),
    disabled_reason       text        NOT NULL
        CHECK (disabled_reason IN ('', 'requested', 'gone', 'failing', 'back_office', 'deleted')),
    disabled_at           timestamptz,
    secret                bytea,
    previous_secret       bytea,
    previous_secret_until timestamptz,
    sequence              integer     NOT NULL,
    giving_up             boolean     NOT NULL,
    failing_since         timestamptz,
    quick                 boolean     NOT NULL,
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    deleted_at            timestamptz,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT webhook_endpoint_is_disabled_for_a_reason CHECK (
        (status = 'disabled') = (disabled_reason <> '') AND (status = 'disabled') = (disabled_at IS NOT NULL)
    ),
    CONSTRAINT webhook_endpoint_keeps_no_secret_once_deleted CHECK (
        (secret IS NULL) = (deleted_at IS NOT NULL) AND (secret IS NOT NULL OR previous_secret IS NULL)
    ),
    CONSTRAINT webhook_endpoint_once_deleted_hears_nothing CHECK ((deleted_at IS NOT NULL) = (disabled_reason = 'deleted')),
    CONSTRAINT webhook_endpoint_gives_up_when_disabled CHECK (status = 'disabled' OR NOT giving_up),
    CONSTRAINT webhook_endpoint_previous_secret_ends CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL))
) WITH (fillfactor = 50);

-- Whoever delivers: which disabled endpoints have notices left that are to be given up?
CREATE INDEX webhook_endpoint_giving_up ON webhook_endpoint (merchant_id, id) WHERE giving_up;

-- An endpoint never changes hands or mode, counts its own events upwards, and once deleted stays so.
CREATE FUNCTION webhook_endpoint_stays_what_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'webhook endpoint % stays what it is: % refused', OLD.id, TG_OP USING ERRCODE = 'PG005';
END $$;

CREATE TRIGGER webhook_endpoint_stays_what_it_is BEFORE UPDATE ON webhook_endpoint
    FOR EACH ROW WHEN (
        (OLD.merchant_id, OLD.id, OLD.livemode, OLD.created_at)
        IS DISTINCT FROM (NEW.merchant_id, NEW.id, NEW.livemode, NEW.created_at)
        OR NEW.sequence < OLD.sequence
        OR (OLD.deleted_at IS NOT NULL AND OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
    ) EXECUTE FUNCTION webhook_endpoint_stays_what_it_is();

CREATE TABLE notice (
    merchant_id         uuid        NOT NULL,
    id                  uuid        NOT NULL,
    webhook_endpoint_id uuid        NOT NULL,
    event_id            uuid        NOT NULL,
    event_at            timestamptz NOT NULL,
    topic               text        NOT NULL,
    subject             text        NOT NULL,
    sequence            integer     NOT NULL,
    body                text,
    status              text        NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
    failures            integer     NOT NULL CHECK (failures >= 0),
    attempts            integer     NOT NULL CHECK (attempts >= 0),
    first_failed_at     timestamptz,
    next_try_at         timestamptz,
    taken_by            uuid,
    created_at          timestamptz NOT NULL,
    finished_at         timestamptz,
    PRIMARY KEY (merchant_id, id),
    -- However often an event is told, an endpoint has one notice of it. GET /v1/events looks here as well.
    CONSTRAINT notice_is_made_once UNIQUE (merchant_id, event_id, webhook_endpoint_id),
    CONSTRAINT notice_endpoint FOREIGN KEY (merchant_id, webhook_endpoint_id) REFERENCES webhook_endpoint (merchant_id, id),
    CONSTRAINT notice_is_tried_while_pending CHECK (status = 'pending' OR next_try_at IS NULL),
    CONSTRAINT notice_is_taken_for_a_time CHECK (taken_by IS NULL OR next_try_at IS NOT NULL),
    CONSTRAINT notice_is_finished_or_pending CHECK ((status = 'pending') = (finished_at IS NULL))
) WITH (fillfactor = 50);

-- One object's news comes in order: of its notices at an endpoint only one may be tried at a time.
CREATE UNIQUE INDEX notice_one_at_a_time ON notice (merchant_id, webhook_endpoint_id, subject)
    WHERE next_try_at IS NOT NULL;

-- Whoever delivers: which endpoints have something due, and what of each?
CREATE INDEX notice_due ON notice (merchant_id, webhook_endpoint_id, next_try_at) WHERE next_try_at IS NOT NULL;

-- … and how much is on its way there already?
CREATE INDEX notice_on_its_way ON notice (merchant_id, webhook_endpoint_id) WHERE taken_by IS NOT NULL;

-- When one is delivered or given up: what comes next of its subject? When an endpoint is disabled: what was pending?
CREATE INDEX notice_in_line ON notice (merchant_id, webhook_endpoint_id, subject, sequence) WHERE status = 'pending';

-- The back office's list of what was given up.
CREATE INDEX notice_failed ON notice (id) WHERE status = 'failed';

-- Housekeeping: what is older than 90 days? Rows come in the order of time, so a few bytes a megabyte will do.
CREATE INDEX notice_age ON notice USING brin (created_at);

-- What a notice tells, and whom, stays; so do the bytes that were sent, until they have arrived.
CREATE FUNCTION notice_tells_the_same() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'notice % tells what it told: % refused', OLD.id, TG_OP USING ERRCODE = 'PG006';
END $$;

CREATE TRIGGER notice_tells_the_same BEFORE UPDATE ON notice
    FOR EACH ROW WHEN (
        (OLD.merchant_id, OLD.id, OLD.webhook_endpoint_id, OLD.event_id, OLD.event_at, OLD.topic, OLD.subject, OLD.sequence)
        IS DISTINCT FROM
        (NEW.merchant_id, NEW.id, NEW.webhook_endpoint_id, NEW.event_id, NEW.event_at, NEW.topic, NEW.subject, NEW.sequence)
        OR (OLD.body IS NOT NULL AND NEW.body IS DISTINCT FROM OLD.body AND NEW.status <> 'delivered')
        OR NEW.attempts < OLD.attempts
    ) EXECUTE FUNCTION notice_tells_the_same();

CREATE TABLE notice_attempt (
    merchant_id      uuid        NOT NULL,
    id               uuid        NOT NULL,
    notice_id        uuid        NOT NULL,
    number           integer     NOT NULL CHECK (number > 0),
    started_at       timestamptz NOT NULL,
    milliseconds     integer     NOT NULL CHECK (milliseconds >= 0),
    error            text        NOT NULL,
    url              text        NOT NULL,
    request_headers  jsonb       NOT NULL,
    response_status  smallint,
    response_headers jsonb,
    response_body    text,
    PRIMARY KEY (merchant_id, notice_id, number),
    CONSTRAINT notice_attempt_success_is_2xx CHECK ((error = '') = (coalesce(response_status, 0) BETWEEN 200 AND 299))
);

CREATE INDEX notice_attempt_age ON notice_attempt USING brin (started_at);

-- A try is history: it is written once, and kept for 90 days.
CREATE FUNCTION notice_attempt_is_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'attempt % of notice % is history: % refused', OLD.number, OLD.notice_id, TG_OP
        USING ERRCODE = 'PG007';
END $$;

CREATE TRIGGER notice_attempt_in_ink BEFORE UPDATE ON notice_attempt
    FOR EACH ROW EXECUTE FUNCTION notice_attempt_is_history();
CREATE TRIGGER notice_attempt_is_kept BEFORE DELETE ON notice_attempt
    FOR EACH ROW WHEN (OLD.started_at > now() - interval '90 days') EXECUTE FUNCTION notice_attempt_is_history();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        GRANT SELECT, INSERT, UPDATE ON webhook_endpoint TO paygate_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON notice TO paygate_app;
        GRANT SELECT, INSERT, DELETE ON notice_attempt TO paygate_app;
        -- Other migrations give default privileges, which reach further than these tables allow.
        REVOKE DELETE, TRUNCATE ON webhook_endpoint FROM paygate_app;
        REVOKE TRUNCATE ON notice FROM paygate_app;
        REVOKE UPDATE, TRUNCATE ON notice_attempt FROM paygate_app;
    END IF;
END $$;
