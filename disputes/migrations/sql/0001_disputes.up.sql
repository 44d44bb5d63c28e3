-- Disputes: what PSPs said of them, the money they moved, the proof, and what we asked for. Merchant first in every
-- key. What was heard and what moved is written in ink; what a dispute is follows from it.
--
-- Refusals carry a SQLSTATE of their own:
--   PG061 a change that does not count    PG062 what never changes    PG063 no such way    PG064 written in ink

CREATE TABLE dispute (
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    payment_id      uuid        NOT NULL,
    livemode        boolean     NOT NULL,
    psp             text        NOT NULL,
    psp_reference   text        NOT NULL CHECK (psp_reference <> ''),
    stage           text        NOT NULL CHECK (stage IN ('inquiry', 'chargeback', 'pre_arbitration')),
    status          text        NOT NULL CHECK (status IN ('needs_response', 'under_review', 'won', 'lost')),
    sequence        integer     NOT NULL CHECK (sequence > 0),
    amount          bigint      NOT NULL CHECK (amount > 0),
    currency        char(3)     NOT NULL,
    outstanding     bigint      NOT NULL CHECK (outstanding >= 0),
    fee             bigint      NOT NULL CHECK (fee >= 0),
    reason          text        NOT NULL,
    reason_code     text        NOT NULL,
    evidence_due_by timestamptz,
    reminders       smallint    NOT NULL CHECK (reminders BETWEEN 0 AND 4),
    opened_at       timestamptz NOT NULL,
    reported_at     timestamptz NOT NULL CHECK (reported_at >= opened_at),
    closed_at       timestamptz,
    submitted_at    timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, payment_id) REFERENCES payment (merchant_id, id),
    CONSTRAINT dispute_is_closed_by_a_decision CHECK ((closed_at IS NULL) = (status IN ('needs_response', 'under_review')))
) WITH (fillfactor = 60);

-- GET /v1/disputes?payment=…, and what all disputes of a payment hold of it.
CREATE INDEX dispute_payment ON dispute (merchant_id, payment_id);
-- Whose evidence falls due next: the question of the reminders.
CREATE INDEX dispute_due ON dispute (evidence_due_by) WHERE status = 'needs_response' AND reminders < 4;
-- A merchant's own history, for the estimate.
CREATE INDEX dispute_history ON dispute (merchant_id, livemode, reason) WHERE status IN ('won', 'lost');

CREATE TABLE dispute_case (
    merchant_id   uuid    NOT NULL,
    id            uuid    NOT NULL,
    dispute_id    uuid    NOT NULL,
    livemode      boolean NOT NULL,
    psp           text    NOT NULL,
    psp_reference text    NOT NULL CHECK (psp_reference <> ''),
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, dispute_id) REFERENCES dispute (merchant_id, id),
    -- A case at the PSP is of one dispute here, however often we hear of it.
    CONSTRAINT dispute_case_once UNIQUE (merchant_id, psp, livemode, psp_reference)
);

-- A report names its case and not whose it is.
CREATE INDEX dispute_case_reference ON dispute_case (psp_reference, psp);
CREATE INDEX dispute_case_dispute ON dispute_case (merchant_id, dispute_id);

CREATE TABLE dispute_report (
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    dispute_id      uuid        NOT NULL,
    digest          bytea       NOT NULL CHECK (length(digest) = 32),
    psp_reference   text        NOT NULL,
    continues       text        NOT NULL,
    said_at         timestamptz NOT NULL,
    stage           text        NOT NULL CHECK (stage IN ('inquiry', 'chargeback', 'pre_arbitration')),
    standing        text        NOT NULL CHECK (standing IN ('needs_response', 'under_review', 'won', 'lost')),
    amount          bigint      NOT NULL CHECK (amount > 0),
    reason          text        NOT NULL,
    reason_code     text        NOT NULL,
    evidence_due_by timestamptz,
    movements       jsonb       NOT NULL,
    act             uuid,
    heard_at        timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, dispute_id) REFERENCES dispute (merchant_id, id),
    CONSTRAINT dispute_report_once UNIQUE (merchant_id, dispute_id, digest)
);

-- What was said of a case last: is there anything new in what it says now?
CREATE INDEX dispute_report_case ON dispute_report (psp_reference, said_at);

CREATE TABLE dispute_movement (
    merchant_id   uuid        NOT NULL,
    id            uuid        NOT NULL,
    dispute_id    uuid        NOT NULL,
    livemode      boolean     NOT NULL,
    psp           text        NOT NULL,
    psp_reference text        NOT NULL CHECK (psp_reference <> ''),
    direction     text        NOT NULL CHECK (direction IN ('withdrawn', 'reinstated')),
    amount        bigint      NOT NULL CHECK (amount > 0),
    fee           bigint      NOT NULL CHECK (fee >= 0),
    currency      char(3)     NOT NULL,
    said_at       timestamptz NOT NULL,
    heard_at      timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, dispute_id) REFERENCES dispute (merchant_id, id),
    CONSTRAINT dispute_movement_once UNIQUE (merchant_id, psp, livemode, psp_reference)
);

CREATE INDEX dispute_movement_dispute ON dispute_movement (merchant_id, dispute_id);

CREATE TABLE dispute_round (
    merchant_id   uuid     NOT NULL,
    id            uuid     NOT NULL,
    dispute_id    uuid     NOT NULL,
    number        smallint NOT NULL CHECK (number > 0),
    withdrawal    uuid     NOT NULL,
    amount        bigint   NOT NULL CHECK (amount > 0),
    fee           bigint   NOT NULL CHECK (fee >= 0),
    reinstatement uuid,
    returned      bigint   NOT NULL CHECK (returned >= 0),
    times_lost    smallint NOT NULL CHECK (times_lost >= 0),
    lost_as       uuid,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, dispute_id) REFERENCES dispute (merchant_id, id),
    FOREIGN KEY (merchant_id, withdrawal) REFERENCES dispute_movement (merchant_id, id),
    FOREIGN KEY (merchant_id, reinstatement) REFERENCES dispute_movement (merchant_id, id),
    CONSTRAINT dispute_round_once UNIQUE (merchant_id, dispute_id, number),
    -- Each movement is booked once.
    CONSTRAINT dispute_round_books_a_withdrawal_once UNIQUE (merchant_id, withdrawal),
    CONSTRAINT dispute_round_books_a_reinstatement_once UNIQUE (merchant_id, reinstatement),
    CONSTRAINT dispute_round_never_gives_back_more_than_was_taken CHECK (returned <= amount),
    CONSTRAINT dispute_round_gives_back_by_a_movement CHECK ((reinstatement IS NULL) = (returned = 0)),
    CONSTRAINT dispute_round_is_lost_as_something CHECK (lost_as IS NULL OR times_lost > 0)
);

CREATE TABLE dispute_evidence (
    merchant_id uuid        NOT NULL,
    id          uuid        NOT NULL,
    dispute_id  uuid        NOT NULL,
    kind        text        NOT NULL CHECK (kind <> ''),
    text        text        NOT NULL,
    file_name   text        NOT NULL CHECK (length(file_name) <= 100),
    media_type  text        NOT NULL,
    size        bigint      NOT NULL,
    sha256      text        NOT NULL,
    stored_as   text        NOT NULL,
    given_at    timestamptz NOT NULL,
    replaced_at timestamptz,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, dispute_id) REFERENCES dispute (merchant_id, id),
    CONSTRAINT dispute_evidence_is_a_text_or_a_file CHECK (
        CASE stored_as WHEN ''
            THEN text <> '' AND file_name = '' AND media_type = '' AND size = 0 AND sha256 = ''
            ELSE text = '' AND file_name <> '' AND media_type <> '' AND size > 0 AND sha256 ~ '^[0-9a-f]{64}$'
        END)
);

-- One text and one file of a kind at a time.
CREATE UNIQUE INDEX dispute_evidence_current ON dispute_evidence (merchant_id, dispute_id, kind, (stored_as = ''))
    WHERE replaced_at IS NULL;

CREATE TABLE dispute_act (
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    dispute_id      uuid        NOT NULL,
    payment_id      uuid        NOT NULL,
    livemode        boolean     NOT NULL,
    psp             text        NOT NULL,
    psp_reference   text        NOT NULL,
    action          text        NOT NULL CHECK (action IN ('submit', 'accept')),
    idempotency_key text        NOT NULL,
    outcome         text        NOT NULL CHECK (outcome IN ('', 'unknown', 'done', 'declined', 'not_sent', 'overtaken')),
    psp_code        text        NOT NULL,
    psp_message     text        NOT NULL,
    started_at      timestamptz NOT NULL,
    taken_at        timestamptz,
    finished_at     timestamptz,
    looks           integer     NOT NULL,
    next_look_at    timestamptz,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, dispute_id) REFERENCES dispute (merchant_id, id),
    CONSTRAINT dispute_act_is_closed_by_an_answer CHECK ((finished_at IS NULL) = (outcome IN ('', 'unknown')))
) WITH (fillfactor = 60);

-- One open act a dispute: to answer it and to give in can never be out at once.
CREATE UNIQUE INDEX dispute_act_one_open ON dispute_act (merchant_id, dispute_id) WHERE finished_at IS NULL;
-- The acts of a dispute.
CREATE INDEX dispute_act_dispute ON dispute_act (merchant_id, dispute_id);
-- Resolve's question: whose turn is it to be looked up?
CREATE INDEX dispute_act_due ON dispute_act (next_look_at) WHERE finished_at IS NULL;

-- Legal transitions only; the same arrows are drawn on the model (a test compares). What is open again after it was
-- answered or decided is so in a further stage of the case.
CREATE FUNCTION dispute_arrows() RETURNS TABLE (source text, target text, in_a_further_stage boolean)
    LANGUAGE sql IMMUTABLE AS $$
    VALUES ('needs_response', 'under_review', false), ('needs_response', 'won', false), ('needs_response', 'lost', false),
           ('under_review', 'won', false), ('under_review', 'lost', false), ('under_review', 'needs_response', true),
           ('won', 'lost', false), ('won', 'needs_response', true), ('won', 'under_review', true),
           ('lost', 'won', false), ('lost', 'needs_response', true), ('lost', 'under_review', true)
$$;

CREATE FUNCTION dispute_moves_legally() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stages CONSTANT text[] := ARRAY['inquiry', 'chargeback', 'pre_arbitration'];
    further CONSTANT integer := array_position(stages, NEW.stage) - array_position(stages, OLD.stage);
BEGIN
    IF NEW.sequence <> OLD.sequence + 1 THEN
        RAISE EXCEPTION 'dispute %: change % follows change %', OLD.id, NEW.sequence, OLD.sequence USING ERRCODE = 'PG061';
    END IF;
    IF (NEW.merchant_id, NEW.payment_id, NEW.livemode, NEW.psp, NEW.currency, NEW.fee, NEW.created_at) IS DISTINCT FROM
       (OLD.merchant_id, OLD.payment_id, OLD.livemode, OLD.psp, OLD.currency, OLD.fee, OLD.created_at) THEN
        RAISE EXCEPTION 'dispute %: what it is about never changes', OLD.id USING ERRCODE = 'PG062';
    END IF;
    IF further < 0 OR NEW.status <> OLD.status AND NOT EXISTS (
        SELECT FROM dispute_arrows() a
        WHERE a.source = OLD.status AND a.target = NEW.status AND (further > 0 OR NOT a.in_a_further_stage)
    ) THEN
        RAISE EXCEPTION 'dispute %: no way from % (%) to % (%)', OLD.id, OLD.status, OLD.stage, NEW.status, NEW.stage
            USING ERRCODE = 'PG063';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER dispute_moves_legally BEFORE UPDATE ON dispute FOR EACH ROW EXECUTE FUNCTION dispute_moves_legally();

-- What was heard, and what moved, is written in ink.
CREATE FUNCTION dispute_is_in_ink() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused: it is written in ink', TG_OP, TG_TABLE_NAME USING ERRCODE = 'PG064';
END $$;

CREATE TRIGGER dispute_is_kept BEFORE DELETE ON dispute FOR EACH ROW EXECUTE FUNCTION dispute_is_in_ink();
CREATE TRIGGER dispute_case_in_ink BEFORE UPDATE OR DELETE ON dispute_case
    FOR EACH ROW EXECUTE FUNCTION dispute_is_in_ink();
CREATE TRIGGER dispute_report_in_ink BEFORE UPDATE OR DELETE ON dispute_report
    FOR EACH ROW EXECUTE FUNCTION dispute_is_in_ink();
CREATE TRIGGER dispute_movement_in_ink BEFORE UPDATE OR DELETE ON dispute_movement
    FOR EACH ROW EXECUTE FUNCTION dispute_is_in_ink();

-- Of a round, the withdrawal stands, and money once given back stays given back.
CREATE TRIGGER dispute_round_in_ink BEFORE UPDATE ON dispute_round
    FOR EACH ROW WHEN (
        (OLD.dispute_id, OLD.number, OLD.withdrawal, OLD.amount, OLD.fee)
            IS DISTINCT FROM (NEW.dispute_id, NEW.number, NEW.withdrawal, NEW.amount, NEW.fee)
        OR OLD.reinstatement IS NOT NULL
            AND (OLD.reinstatement, OLD.returned) IS DISTINCT FROM (NEW.reinstatement, NEW.returned)
        OR NEW.times_lost < OLD.times_lost
    ) EXECUTE FUNCTION dispute_is_in_ink();
CREATE TRIGGER dispute_round_is_kept BEFORE DELETE ON dispute_round FOR EACH ROW EXECUTE FUNCTION dispute_is_in_ink();

-- Evidence is replaced by newer evidence, once, and not altered.
CREATE TRIGGER dispute_evidence_in_ink BEFORE UPDATE ON dispute_evidence
    FOR EACH ROW WHEN (
        OLD.replaced_at IS NOT NULL
        OR (OLD.dispute_id, OLD.kind, OLD.text, OLD.file_name, OLD.media_type, OLD.size, OLD.sha256, OLD.stored_as)
            IS DISTINCT FROM
           (NEW.dispute_id, NEW.kind, NEW.text, NEW.file_name, NEW.media_type, NEW.size, NEW.sha256, NEW.stored_as)
    ) EXECUTE FUNCTION dispute_is_in_ink();
CREATE TRIGGER dispute_evidence_is_kept BEFORE DELETE ON dispute_evidence
    FOR EACH ROW EXECUTE FUNCTION dispute_is_in_ink();

-- A closed act is history, and so is what an act asked for.
CREATE TRIGGER dispute_act_stays_closed BEFORE UPDATE ON dispute_act
    FOR EACH ROW WHEN (
        OLD.finished_at IS NOT NULL
        OR (OLD.dispute_id, OLD.psp, OLD.psp_reference, OLD.action, OLD.idempotency_key)
            IS DISTINCT FROM (NEW.dispute_id, NEW.psp, NEW.psp_reference, NEW.action, NEW.idempotency_key)
    ) EXECUTE FUNCTION dispute_is_in_ink();
CREATE TRIGGER dispute_act_is_kept BEFORE DELETE ON dispute_act FOR EACH ROW EXECUTE FUNCTION dispute_is_in_ink();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE DELETE, TRUNCATE ON dispute, dispute_round, dispute_evidence, dispute_act FROM paygate_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON dispute_case, dispute_report, dispute_movement FROM paygate_app;
    END IF;
END $$;
