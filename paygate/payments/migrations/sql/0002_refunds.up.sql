-- Refunds: what is given back, reserved on the payment from the moment it is claimed.

CREATE TABLE refund (
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    payment_id      uuid        NOT NULL,
    livemode        boolean     NOT NULL,
    state           text        NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed', 'canceled')),
    sequence        integer     NOT NULL CHECK (sequence > 0),
    amount          bigint      NOT NULL CHECK (amount > 0),
    currency        char(3)     NOT NULL,
    reason          text        NOT NULL CHECK (reason IN ('', 'duplicate', 'fraudulent', 'requested_by_customer')),
    -- Who asked for it: the merchant by the API, or somebody in the PSP's own dashboard.
    source          text        NOT NULL CHECK (source IN ('api', 'psp')),
    psp             text        NOT NULL,
    -- The PSP's reference of what is given back (the payment, or one capture of it), and how much that took.
    of_reference    text        NOT NULL,
    captured        bigint      NOT NULL,
    psp_reference   text        NOT NULL,
    failure_code    text        NOT NULL,
    failure_message text        NOT NULL,
    metadata        jsonb       NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, payment_id) REFERENCES payment (merchant_id, id),
    CONSTRAINT refund_is_a_part_of_what_was_taken CHECK (amount <= captured)
) WITH (fillfactor = 60);

-- The refunds of a payment, and GET /v1/refunds?payment=…
CREATE INDEX refund_payment ON refund (merchant_id, payment_id);
-- One refund at the PSP is one refund here, however often we hear of it.
CREATE UNIQUE INDEX refund_psp_reference ON refund (merchant_id, psp, psp_reference) WHERE psp_reference <> '';

-- Legal transitions only; the same arrows are drawn on the model (a test compares).
CREATE FUNCTION refund_arrows() RETURNS TABLE (source text, target text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('pending', 'succeeded'), ('pending', 'failed'), ('pending', 'canceled'), ('succeeded', 'failed')
$$;

CREATE FUNCTION refund_moves_legally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence <> OLD.sequence + 1 THEN
        RAISE EXCEPTION 'refund %: change % follows change %', OLD.id, NEW.sequence, OLD.sequence USING ERRCODE = 'PG011';
    END IF;
    IF (NEW.payment_id, NEW.amount, NEW.currency, NEW.livemode, NEW.source, NEW.psp, NEW.of_reference, NEW.created_at)
        IS DISTINCT FROM
       (OLD.payment_id, OLD.amount, OLD.currency, OLD.livemode, OLD.source, OLD.psp, OLD.of_reference, OLD.created_at) THEN
        RAISE EXCEPTION 'refund %: what was asked for never changes', OLD.id USING ERRCODE = 'PG012';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM refund_arrows() WHERE source = OLD.state AND target = NEW.state
    ) THEN
        RAISE EXCEPTION 'refund %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'PG013';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER refund_moves_legally BEFORE UPDATE ON refund FOR EACH ROW EXECUTE FUNCTION refund_moves_legally();
CREATE TRIGGER refund_is_kept BEFORE DELETE ON refund FOR EACH ROW EXECUTE FUNCTION payment_is_kept();

-- A payment's captures can be taken back by the PSP, and be made after all.
CREATE OR REPLACE FUNCTION payment_arrows() RETURNS TABLE (source text, target text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('created', 'in_review'), ('created', 'processing'), ('created', 'failed'),
           ('in_review', 'processing'), ('in_review', 'failed'),
           ('processing', 'requires_action'), ('processing', 'authorized'), ('processing', 'partially_captured'),
           ('processing', 'captured'), ('processing', 'canceled'), ('processing', 'expired'), ('processing', 'failed'),
           ('requires_action', 'processing'), ('authorized', 'processing'), ('partially_captured', 'processing'),
           ('captured', 'failed'), ('partially_captured', 'authorized'), ('failed', 'captured'),
           ('authorized', 'partially_captured')
$$;

-- What a dispute holds, or has taken for good, is not given back a second time: no refund begins meanwhile.
CREATE FUNCTION payment_is_not_refunded_while_disputed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payment %: no refund begins while a dispute holds it', OLD.id USING ERRCODE = 'PG016';
END $$;

CREATE TRIGGER payment_is_not_refunded_while_disputed BEFORE UPDATE ON payment
    FOR EACH ROW WHEN (NEW.amount_disputed > 0 AND NEW.amount_refund_pending > OLD.amount_refund_pending)
    EXECUTE FUNCTION payment_is_not_refunded_while_disputed();

-- An attempt may be one to refund. Of these several can be out at once: each has reserved its own amount.
ALTER TABLE payment_attempt
    ADD COLUMN refund_id uuid,
    DROP CONSTRAINT payment_attempt_operation_check,
    ADD CONSTRAINT payment_attempt_operation_check
        CHECK (operation IN ('authorize', 'confirm', 'capture', 'cancel', 'expire', 'refund')),
    ADD CONSTRAINT payment_attempt_refunds_a_refund CHECK ((operation = 'refund') = (refund_id IS NOT NULL)),
    ADD CONSTRAINT payment_attempt_refund FOREIGN KEY (merchant_id, refund_id) REFERENCES refund (merchant_id, id);

DROP INDEX payment_attempt_one_open;
CREATE UNIQUE INDEX payment_attempt_one_open ON payment_attempt (merchant_id, payment_id)
    WHERE finished_at IS NULL AND operation <> 'refund';
-- A refund is asked for once: its attempt's id is the PSP's key, for ever.
CREATE UNIQUE INDEX payment_attempt_one_a_refund ON payment_attempt (merchant_id, refund_id) WHERE refund_id IS NOT NULL;

-- News of a PSP name a payment by the PSP's reference or by ours, and not whose it is.
DROP INDEX payment_psp_reference;
CREATE INDEX payment_psp_reference ON payment (psp_reference) WHERE psp_reference <> '';
CREATE INDEX payment_id ON payment (id);
-- … or by that of a later capture, where it is a transaction of its own (Braintree).
CREATE INDEX payment_attempt_capture ON payment_attempt (psp_reference) WHERE operation = 'capture' AND psp_reference <> '';

-- As before, and refunds with it: `refund` is a refund's whole row, new or changed. Every change of a refund is a
-- change of its payment, so the payment's row is the lock for both.
CREATE OR REPLACE FUNCTION payment_write(steps jsonb) RETURNS TABLE (ord integer, written text) LANGUAGE plpgsql
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

    INSERT INTO refund
        SELECT r.* FROM jsonb_to_recordset(steps) AS s (ord integer, refund jsonb),
            jsonb_populate_record(NULL::refund, s.refund) AS r
        WHERE jsonb_typeof(s.refund) = 'object' AND s.ord = ANY (going)
        ON CONFLICT (merchant_id, id) DO UPDATE SET
            state = excluded.state, sequence = excluded.sequence, psp_reference = excluded.psp_reference,
            failure_code = excluded.failure_code, failure_message = excluded.failure_message,
            updated_at = excluded.updated_at;

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


DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE DELETE, TRUNCATE ON refund FROM paygate_app;
    END IF;
END $$;
