-- Payments that are converted into another currency: how that was agreed, and what was converted so far.

-- {"to", "rate", "market", "refund_rate", "quote", "parts": {"payment.captured:att_…": {"own", "settled", "value"}}};
-- null: the payment stays in its currency. What was agreed never changes, and a part never does; parts are added.
ALTER TABLE payment ADD COLUMN conversion jsonb
    CONSTRAINT payment_is_converted_into_another_currency CHECK (conversion ->> 'to' <> currency);

CREATE FUNCTION payment_conversion_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.conversion - 'parts') IS DISTINCT FROM (OLD.conversion - 'parts')
        OR NOT (NEW.conversion -> 'parts') @> (OLD.conversion -> 'parts') THEN
        RAISE EXCEPTION 'payment %: what was agreed of its conversion, and what was converted, never changes', OLD.id
            USING ERRCODE = 'PG102';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER payment_conversion_grows BEFORE UPDATE ON payment FOR EACH ROW
    WHEN (NEW.conversion IS DISTINCT FROM OLD.conversion) EXECUTE FUNCTION payment_conversion_grows();

-- A quote is good for one payment, in its merchant's mode, until it expires: the payment's own commit takes it.
CREATE FUNCTION payment_takes_its_quote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE fx_quote q SET payment_id = NEW.id
        WHERE q.merchant_id = NEW.merchant_id AND q.id = (NEW.conversion ->> 'quote')::uuid
            AND q.livemode = NEW.livemode AND q.payment_id IS NULL AND q.expires_at > NEW.created_at
            AND q.from_currency = NEW.currency AND (q.amount IS NULL OR NEW.amount <= q.amount)
            AND q.to_currency = NEW.conversion ->> 'to' AND q.rate = (NEW.conversion ->> 'rate')::numeric;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'payment %: quote % is not to be had', NEW.id, NEW.conversion ->> 'quote' USING ERRCODE = 'PG101';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER payment_takes_its_quote AFTER INSERT ON payment FOR EACH ROW
    WHEN (NEW.conversion ->> 'quote' IS NOT NULL) EXECUTE FUNCTION payment_takes_its_quote();

-- As before, and what was converted with it.
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
        updated_at = n.updated_at, expires_at = n.expires_at, conversion = n.conversion
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
