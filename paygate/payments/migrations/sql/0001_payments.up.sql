-- Payments and attempts. Merchant first in every key; what must never be false of money is a constraint.

CREATE TABLE payment (
    merchant_id           uuid        NOT NULL,
    id                    uuid        NOT NULL,
    livemode              boolean     NOT NULL,
    state                 text        NOT NULL,
    sequence              integer     NOT NULL CHECK (sequence > 0),
    amount                bigint      NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency              char(3)     NOT NULL,
    amount_authorized     bigint      NOT NULL CHECK (amount_authorized >= 0),
    amount_captured       bigint      NOT NULL CHECK (amount_captured >= 0),
    amount_refunded       bigint      NOT NULL CHECK (amount_refunded >= 0),
    amount_refund_pending bigint      NOT NULL CHECK (amount_refund_pending >= 0),
    amount_disputed       bigint      NOT NULL CHECK (amount_disputed >= 0),
    fee                   bigint      NOT NULL CHECK (fee >= 0),
    user_id               text        NOT NULL,
    payment_method        text        NOT NULL,
    capture_method        text        NOT NULL CHECK (capture_method IN ('automatic', 'manual')),
    psp                   text        NOT NULL,
    psp_reference         text        NOT NULL,
    next_action           jsonb,
    last_error            jsonb,
    risk                  jsonb       NOT NULL,
    description           text        NOT NULL,
    statement_descriptor  text        NOT NULL,
    return_url            text        NOT NULL,
    metadata              jsonb       NOT NULL,
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    expires_at            timestamptz,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT payment_never_takes_more_than_is_held
        CHECK (amount_captured <= amount_authorized AND amount_authorized <= amount),
    CONSTRAINT payment_never_gives_back_more_than_was_taken
        CHECK (amount_refunded + amount_refund_pending <= amount_captured),
    CONSTRAINT payment_fee_is_a_part_of_what_was_taken CHECK (fee <= amount_captured)
) WITH (fillfactor = 60);

-- GET /v1/payments?psp_reference=…, and every line of a settlement file.
CREATE INDEX payment_psp_reference ON payment (merchant_id, psp_reference) WHERE psp_reference <> '';
-- What lapses next: the expiry task's question.
CREATE INDEX payment_expires ON payment (expires_at) WHERE state IN ('authorized', 'partially_captured', 'requires_action');

CREATE TABLE payment_attempt (
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    payment_id      uuid        NOT NULL,
    operation       text        NOT NULL CHECK (operation IN ('authorize', 'confirm', 'capture', 'cancel', 'expire')),
    psp             text        NOT NULL,
    amount          bigint      NOT NULL CHECK (amount > 0),
    final           boolean     NOT NULL,
    token           text        NOT NULL,
    result          jsonb       NOT NULL,
    route           jsonb       NOT NULL,
    idempotency_key text        NOT NULL,
    outcome         text        NOT NULL
        CHECK (outcome IN ('', 'unknown', 'pending', 'approved', 'action_required', 'declined', 'not_sent')),
    decline_code    text        NOT NULL,
    psp_code        text        NOT NULL,
    psp_message     text        NOT NULL,
    psp_reference   text        NOT NULL,
    started_at      timestamptz NOT NULL,
    taken_at        timestamptz,
    finished_at     timestamptz,
    looks           integer     NOT NULL,
    next_look_at    timestamptz,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, payment_id) REFERENCES payment (merchant_id, id),
    CONSTRAINT payment_attempt_is_closed_by_an_answer
        CHECK ((finished_at IS NULL) = (outcome IN ('', 'unknown', 'pending')))
) WITH (fillfactor = 60);

-- One open attempt a payment: two captures, or a capture and a cancel, can never be out at once.
CREATE UNIQUE INDEX payment_attempt_one_open ON payment_attempt (merchant_id, payment_id) WHERE finished_at IS NULL;
-- The attempts of a payment.
CREATE INDEX payment_attempt_payment ON payment_attempt (merchant_id, payment_id);
-- Resolve's question: whose turn is it to be looked up?
CREATE INDEX payment_attempt_due ON payment_attempt (next_look_at) WHERE finished_at IS NULL;

-- Legal transitions only; the same arrows are drawn on the model (a test compares).
CREATE FUNCTION payment_arrows() RETURNS TABLE (source text, target text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('created', 'in_review'), ('created', 'processing'), ('created', 'failed'),
           ('in_review', 'processing'), ('in_review', 'failed'),
           ('processing', 'requires_action'), ('processing', 'authorized'), ('processing', 'partially_captured'),
           ('processing', 'captured'), ('processing', 'canceled'), ('processing', 'expired'), ('processing', 'failed'),
           ('requires_action', 'processing'), ('authorized', 'processing'), ('partially_captured', 'processing')
$$;

CREATE FUNCTION payment_moves_legally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence <> OLD.sequence + 1 THEN
        RAISE EXCEPTION 'payment %: change % follows change %', OLD.id, NEW.sequence, OLD.sequence USING ERRCODE = 'PG011';
    END IF;
    IF (NEW.amount, NEW.currency, NEW.merchant_id, NEW.livemode, NEW.created_at)
        IS DISTINCT FROM (OLD.amount, OLD.currency, OLD.merchant_id, OLD.livemode, OLD.created_at) THEN
        RAISE EXCEPTION 'payment %: what was asked for never changes', OLD.id USING ERRCODE = 'PG012';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM payment_arrows() WHERE source = OLD.state AND target = NEW.state
    ) THEN
        RAISE EXCEPTION 'payment %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'PG013';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER payment_moves_legally BEFORE UPDATE ON payment
    FOR EACH ROW EXECUTE FUNCTION payment_moves_legally();

-- A closed attempt is history, and so is what an attempt asked for.
CREATE FUNCTION payment_attempt_is_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'attempt % is history: % refused', OLD.id, TG_OP USING ERRCODE = 'PG014';
END $$;

CREATE TRIGGER payment_attempt_stays_closed BEFORE UPDATE ON payment_attempt
    FOR EACH ROW WHEN (
        OLD.finished_at IS NOT NULL
        OR (OLD.payment_id, OLD.operation, OLD.psp, OLD.amount, OLD.final)
            IS DISTINCT FROM (NEW.payment_id, NEW.operation, NEW.psp, NEW.amount, NEW.final)
    ) EXECUTE FUNCTION payment_attempt_is_history();

-- Nothing of money is deleted.
CREATE FUNCTION payment_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused: payments are kept', TG_OP, TG_TABLE_NAME USING ERRCODE = 'PG015';
END $$;

CREATE TRIGGER payment_is_kept BEFORE DELETE ON payment FOR EACH ROW EXECUTE FUNCTION payment_is_kept();
CREATE TRIGGER payment_attempt_is_kept BEFORE DELETE ON payment_attempt FOR EACH ROW EXECUTE FUNCTION payment_is_kept();

-- One beat of a payment's saga, written in one round trip and one commit; the same for one and a hundred.
--
-- `steps` is an array of {ord, merchant_id, key, expected, payment, opens, closes, transactions, events, reply}:
--   key           the idempotency key to bind; taken already: nothing of the step is written, 'key_taken'
--   expected      null: the payment is new. Else the sequence that the change was computed from; if the payment
--                 has moved on since, nothing of the step is written: 'stale'
--   payment       the payment's whole row
--   opens, closes an attempt's row to insert, to update
--   transactions  for ledger_post; events for the outbox; reply to store under the key
-- (With plans that are made once a session, and by index whatever the tables' size was then: planning anew would take
-- a third of the time, and a plan made for an empty table would read the whole of it when it is full.)
CREATE FUNCTION payment_write(steps jsonb) RETURNS TABLE (ord integer, written text) LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    AS $$
DECLARE
    fresh integer[];  -- Steps computed from the payment as it still is.
    going integer[];  -- Those of them whose key is theirs: what is written.
BEGIN
    -- Lock first, in one order for all, and of two steps for one payment let the first go.
    SELECT array_agg(f.ord) INTO fresh FROM (
        SELECT s.ord FROM jsonb_to_recordset(steps) AS s (ord integer, expected integer) WHERE s.expected IS NULL
        UNION ALL
        SELECT l.ord FROM (
            SELECT n.ord FROM payment p JOIN (
                SELECT DISTINCT ON (s.merchant_id, s.payment ->> 'id')
                    s.ord, s.merchant_id, (s.payment ->> 'id')::uuid AS id, s.expected
                FROM jsonb_to_recordset(steps) AS s (ord integer, merchant_id uuid, expected integer, payment jsonb)
                WHERE s.expected IS NOT NULL
                ORDER BY s.merchant_id, s.payment ->> 'id', s.ord
            ) n ON p.merchant_id = n.merchant_id AND p.id = n.id AND p.sequence = n.expected
            ORDER BY p.merchant_id, p.id
            FOR NO KEY UPDATE OF p
        ) l
    ) f;

    INSERT INTO idempotency_key (merchant_id, livemode, key, fingerprint, subject, created_at)
        SELECT s.merchant_id, k.livemode, k.key, decode(k.fingerprint, 'hex'), k.subject, k.created_at
        FROM jsonb_to_recordset(steps) AS s (ord integer, merchant_id uuid, key jsonb),
             jsonb_to_record(s.key) AS k (livemode boolean, key text, fingerprint text, subject uuid, created_at timestamptz)
        WHERE jsonb_typeof(s.key) = 'object' AND s.ord = ANY (fresh)
        ORDER BY s.merchant_id, k.key
        ON CONFLICT DO NOTHING;

    SELECT array_agg(s.ord) INTO going
        FROM jsonb_to_recordset(steps) AS s (ord integer, merchant_id uuid, key jsonb)
        WHERE s.ord = ANY (fresh) AND (jsonb_typeof(s.key) IS DISTINCT FROM 'object' OR EXISTS (
            SELECT FROM idempotency_key i
            WHERE i.merchant_id = s.merchant_id AND i.livemode = (s.key ->> 'livemode')::boolean
                AND i.key = s.key ->> 'key' AND i.subject = (s.key ->> 'subject')::uuid
        ));

    INSERT INTO payment
        SELECT p.* FROM jsonb_to_recordset(steps) AS s (ord integer, expected integer, payment jsonb),
            jsonb_populate_record(NULL::payment, s.payment) AS p
        WHERE s.expected IS NULL AND s.ord = ANY (going);

    UPDATE payment p SET
        state = n.state, sequence = n.sequence, amount_authorized = n.amount_authorized,
        amount_captured = n.amount_captured, amount_refunded = n.amount_refunded,
        amount_refund_pending = n.amount_refund_pending, amount_disputed = n.amount_disputed, fee = n.fee,
        psp = n.psp, psp_reference = n.psp_reference, next_action = n.next_action, last_error = n.last_error,
        updated_at = n.updated_at, expires_at = n.expires_at
        FROM jsonb_to_recordset(steps) AS s (ord integer, merchant_id uuid, expected integer, payment jsonb),
            jsonb_populate_record(NULL::payment, s.payment) AS n
        WHERE p.merchant_id = s.merchant_id AND p.id = n.id AND s.expected IS NOT NULL AND s.ord = ANY (going);

    UPDATE payment_attempt a SET
        outcome = c.outcome, decline_code = c.decline_code, psp_code = c.psp_code, psp_message = c.psp_message,
        psp_reference = c.psp_reference, finished_at = c.finished_at, looks = c.looks, next_look_at = c.next_look_at,
        taken_at = c.taken_at
        FROM jsonb_to_recordset(steps) AS s (ord integer, merchant_id uuid, closes jsonb),
            jsonb_populate_record(NULL::payment_attempt, s.closes) AS c
        WHERE a.merchant_id = s.merchant_id AND a.id = c.id AND s.ord = ANY (going);

    INSERT INTO payment_attempt
        SELECT o.* FROM jsonb_to_recordset(steps) AS s (ord integer, opens jsonb),
            jsonb_populate_record(NULL::payment_attempt, s.opens) AS o
        WHERE jsonb_typeof(s.opens) = 'object' AND s.ord = ANY (going);

    PERFORM ledger_post(t.all_of_them) FROM (
        SELECT jsonb_agg(t.value) AS all_of_them
        FROM jsonb_to_recordset(steps) AS s (ord integer, transactions jsonb), jsonb_array_elements(s.transactions) AS t
        WHERE s.ord = ANY (going)
    ) t WHERE t.all_of_them IS NOT NULL;

    INSERT INTO outbox_event (merchant_id, id, livemode, topic, subject, sequence, body, created_at)
        SELECT e.merchant_id, e.id, e.livemode, e.topic, e.subject, e.sequence, e.body, e.created_at
        FROM jsonb_to_recordset(steps) AS s (ord integer, events jsonb), jsonb_to_recordset(s.events) AS e (
            merchant_id uuid, id uuid, livemode boolean, topic text, subject text, sequence integer, body jsonb,
            created_at timestamptz
        )
        WHERE s.ord = ANY (going)
        ORDER BY s.ord, e.sequence;

    UPDATE idempotency_key i SET status = r.status, body = r.body, finished_at = r.finished_at
        FROM jsonb_to_recordset(steps) AS s (ord integer, merchant_id uuid, reply jsonb),
            jsonb_to_record(s.reply) AS r (livemode boolean, key text, status smallint, body text, finished_at timestamptz)
        WHERE i.merchant_id = s.merchant_id AND i.livemode = r.livemode AND i.key = r.key
            AND i.status IS NULL AND jsonb_typeof(s.reply) = 'object' AND s.ord = ANY (going);

    RETURN QUERY SELECT s.ord, CASE
            WHEN s.ord = ANY (going) THEN 'written'
            WHEN s.ord = ANY (fresh) THEN 'key_taken'
            ELSE 'stale'
        END
        FROM jsonb_to_recordset(steps) AS s (ord integer);
END $$;

-- Take attempts to call the PSP: of all who ask, each attempt has one taker.
CREATE FUNCTION payment_take(merchants uuid[], attempts uuid[], at timestamptz) RETURNS SETOF payment_attempt
    LANGUAGE sql AS $$
    UPDATE payment_attempt a SET taken_at = at
        FROM unnest(merchants, attempts) AS t (merchant_id, id)
        WHERE a.merchant_id = t.merchant_id AND a.id = t.id AND a.taken_at IS NULL AND a.finished_at IS NULL
        RETURNING a.*
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE DELETE, TRUNCATE ON payment, payment_attempt FROM paygate_app;
    END IF;
END $$;
