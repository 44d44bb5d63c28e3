-- What one person asks for and another decides, what one may do alone, and what was done of it today.
--
-- Refusals: PG151 no such way from state to state   PG152 what was asked for, or decided, never changes
--           PG153 kept, not deleted                 PG154 a document is written once
--           PG155 a spending is only given back     PG156 more than a day's budget

-- A file that stands for what is asked. It is outside the database; this says what it is.
CREATE TABLE approval_document (
    merchant_id uuid        NOT NULL,
    id          uuid        NOT NULL,
    file_name   text        NOT NULL CHECK (file_name <> ''),
    media_type  text        NOT NULL CHECK (media_type IN ('application/pdf', 'image/jpeg', 'image/png')),
    size        bigint      NOT NULL CHECK (size > 0),  -- Bytes.
    sha256      text        NOT NULL CHECK (length(sha256) = 64),
    stored_as   text        NOT NULL CHECK (stored_as <> ''),
    given_by    text        NOT NULL CHECK (given_by <> ''),
    given_at    timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id)
);

CREATE FUNCTION approval_document_is_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'document %: written once', OLD.id USING ERRCODE = 'PG154';
END $$;
CREATE TRIGGER approval_document_is_written_once BEFORE UPDATE OR DELETE ON approval_document
    FOR EACH ROW EXECUTE FUNCTION approval_document_is_written_once();

CREATE TABLE approval_request (
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    livemode        boolean     NOT NULL,
    kind            text        NOT NULL CHECK (kind <> ''),  -- What is done once it is approved: paygate.wiring.APPROVED.
    subject         text        NOT NULL CHECK (subject <> ''),  -- The public id of what it is done to.
    amount          bigint      NOT NULL CHECK (amount > 0),  -- Minor units.
    currency        char(3)     NOT NULL,
    payload         jsonb       NOT NULL,
    document_id     uuid,
    key             text        NOT NULL CHECK (key <> ''),  -- The asker's: asked twice under one key, it is one request.
    asked_by        text        NOT NULL CHECK (asked_by <> ''),
    asked_because   text        NOT NULL CHECK (asked_because <> ''),
    asked_at        timestamptz NOT NULL,
    state           text        NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'withdrawn', 'done', 'failed')),
    decided_by      text        NOT NULL,
    decided_because text        NOT NULL,
    decided_at      timestamptz,
    result          text        NOT NULL,  -- The public id of what came of it.
    failure         text        NOT NULL,  -- Or why nothing did.
    ended_at        timestamptz,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, document_id) REFERENCES approval_document (merchant_id, id),
    CONSTRAINT approval_request_once_a_key UNIQUE (merchant_id, livemode, key),
    CONSTRAINT approval_request_is_decided_by_another CHECK (state = 'withdrawn' OR decided_by <> asked_by),
    CONSTRAINT approval_request_is_withdrawn_by_its_asker CHECK (state <> 'withdrawn' OR decided_by = asked_by),
    CONSTRAINT approval_request_is_decided_by_somebody CHECK (
        (state = 'pending') = (decided_by = '') AND (state = 'pending') = (decided_at IS NULL)
        AND (state = 'pending') = (decided_because = '')),
    CONSTRAINT approval_request_ends_one_way CHECK (
        (state = 'done') = (result <> '') AND (state = 'failed') = (failure <> '')
        AND (state IN ('done', 'failed')) = (ended_at IS NOT NULL)),
    CONSTRAINT approval_request_of_a_verdict_has_a_document CHECK (kind <> 'verdict' OR document_id IS NOT NULL)
);
-- What waits for a second person, oldest first; and what was approved and has no end yet.
CREATE INDEX approval_request_waiting ON approval_request (asked_at) WHERE state = 'pending';
CREATE INDEX approval_request_approved ON approval_request (decided_at) WHERE state = 'approved';
-- The requests about a thing, and those of a person.
CREATE INDEX approval_request_subject ON approval_request (subject, id);
CREATE INDEX approval_request_asked_by ON approval_request (asked_by, id);
CREATE INDEX approval_request_by_id ON approval_request (id);  -- Addresses of the back office name no merchant.
CREATE UNIQUE INDEX approval_request_document ON approval_request (merchant_id, document_id) WHERE document_id IS NOT NULL;
-- One verdict at a time on what nobody can tell.
CREATE UNIQUE INDEX approval_request_one_verdict ON approval_request (merchant_id, subject)
    WHERE kind = 'verdict' AND state IN ('pending', 'approved');

-- Legal transitions only; the same arrows are drawn on the model (a test compares).
CREATE FUNCTION approval_request_arrows() RETURNS TABLE (source text, target text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('pending', 'approved'), ('pending', 'rejected'), ('pending', 'withdrawn'), ('approved', 'done'), ('approved', 'failed')
$$;

CREATE FUNCTION approval_request_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM approval_request_arrows() WHERE source = OLD.state AND target = NEW.state
    ) THEN
        RAISE EXCEPTION 'request %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'PG151';
    END IF;
    IF (NEW.merchant_id, NEW.id, NEW.livemode, NEW.kind, NEW.subject, NEW.amount, NEW.currency, NEW.payload, NEW.document_id,
            NEW.key, NEW.asked_by, NEW.asked_because, NEW.asked_at)
        IS DISTINCT FROM (OLD.merchant_id, OLD.id, OLD.livemode, OLD.kind, OLD.subject, OLD.amount, OLD.currency, OLD.payload,
            OLD.document_id, OLD.key, OLD.asked_by, OLD.asked_because, OLD.asked_at)
        OR OLD.decided_by <> '' AND (NEW.decided_by, NEW.decided_because, NEW.decided_at)
            IS DISTINCT FROM (OLD.decided_by, OLD.decided_because, OLD.decided_at)
        OR OLD.ended_at IS NOT NULL AND (NEW.result, NEW.failure, NEW.ended_at)
            IS DISTINCT FROM (OLD.result, OLD.failure, OLD.ended_at)
    THEN
        RAISE EXCEPTION 'request %: what was asked for, or decided, never changes', OLD.id USING ERRCODE = 'PG152';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_request_stands BEFORE UPDATE ON approval_request
    FOR EACH ROW EXECUTE FUNCTION approval_request_stands();

CREATE FUNCTION approval_request_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'request %: it begins as one that waits', NEW.id USING ERRCODE = 'PG151';
END $$;
CREATE TRIGGER approval_request_begins BEFORE INSERT ON approval_request
    FOR EACH ROW WHEN (NEW.state <> 'pending') EXECUTE FUNCTION approval_request_begins();

CREATE FUNCTION approval_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: % is kept', TG_TABLE_NAME, OLD.id USING ERRCODE = 'PG153';
END $$;
CREATE TRIGGER approval_request_is_kept BEFORE DELETE ON approval_request
    FOR EACH ROW EXECUTE FUNCTION approval_is_kept();

-- What a role may give back without a second person: at once, and in a day. No row is nothing.
CREATE TABLE approval_limit (
    id       bigint  GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    role     text    NOT NULL CHECK (role <> ''),  -- The group's name.
    currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    single   bigint  NOT NULL CHECK (single > 0),  -- Minor units, as is the next.
    daily    bigint  NOT NULL,
    CONSTRAINT approval_limit_one_a_role_and_currency UNIQUE (role, currency),
    CONSTRAINT approval_limit_of_a_day_holds_one CHECK (daily >= single)
);

INSERT INTO approval_limit (role, currency, single, daily)
    SELECT role, currency, single * times, daily * times
    FROM (VALUES ('support', 10000, 100000), ('support lead', 100000, 1000000), ('finance lead', 1000000, 10000000))
            AS roles (role, single, daily),
        -- A yen has no hundredths, and is taken for a hundred-and-fiftieth of a euro.
        (VALUES ('EUR', 1.0), ('USD', 1.0), ('GBP', 1.0), ('JPY', 1.5)) AS currencies (currency, times);

-- What a person gave back without a second person, on a day (UTC). It is written before the refund is claimed, under the
-- refund's idempotency key; so whoever dies in between has spent, never the other way round.
CREATE TABLE approval_spending (
    merchant_id   uuid        NOT NULL,
    id            uuid        NOT NULL,
    livemode      boolean     NOT NULL,
    key           text        NOT NULL CHECK (key <> ''),
    person        text        NOT NULL CHECK (person <> ''),
    day           date        NOT NULL,
    currency      char(3)     NOT NULL,
    amount        bigint      NOT NULL CHECK (amount > 0),
    single        bigint      NOT NULL,  -- What this person might, then: at once, and in a day.
    daily         bigint      NOT NULL,
    spent_at      timestamptz NOT NULL,
    given_back_at timestamptz,  -- When it was certain that nothing is given back for it.
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT approval_spending_once_a_key UNIQUE (merchant_id, livemode, key),
    CONSTRAINT approval_spending_is_within CHECK (amount <= single)
);
CREATE INDEX approval_spending_of_a_day ON approval_spending (person, day, currency) WHERE given_back_at IS NULL;
CREATE INDEX approval_spending_open ON approval_spending (day) WHERE given_back_at IS NULL;

-- Never more than a day's budget, however many are spending at once: they wait for each other here.
CREATE FUNCTION approval_spending_is_within_the_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws('|', NEW.person, NEW.day, NEW.currency, NEW.livemode), 151));
    IF EXISTS (
        SELECT FROM approval_spending s
        WHERE s.merchant_id = NEW.merchant_id AND s.livemode = NEW.livemode AND s.key = NEW.key
    ) THEN
        RETURN NEW;  -- Spent already: the key says so.
    END IF;
    IF NEW.amount + coalesce((
        SELECT sum(s.amount) FROM approval_spending s
        WHERE s.person = NEW.person AND s.day = NEW.day AND s.currency = NEW.currency AND s.livemode = NEW.livemode
            AND s.given_back_at IS NULL), 0) > NEW.daily
    THEN
        RAISE EXCEPTION '%: more than the budget of %', NEW.person, NEW.day USING ERRCODE = 'PG156';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_spending_is_within_the_day BEFORE INSERT ON approval_spending
    FOR EACH ROW EXECUTE FUNCTION approval_spending_is_within_the_day();

CREATE FUNCTION approval_spending_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.given_back_at IS NOT NULL OR to_jsonb(NEW) - 'given_back_at' <> to_jsonb(OLD) - 'given_back_at' THEN
        RAISE EXCEPTION 'spending %: it is given back once, and nothing else of it changes', OLD.id USING ERRCODE = 'PG155';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_spending_stands BEFORE UPDATE ON approval_spending
    FOR EACH ROW EXECUTE FUNCTION approval_spending_stands();
CREATE TRIGGER approval_spending_is_kept BEFORE DELETE ON approval_spending
    FOR EACH ROW EXECUTE FUNCTION approval_is_kept();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE DELETE, TRUNCATE ON approval_request, approval_spending FROM paygate_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON approval_document FROM paygate_app;
    END IF;
END $$;
