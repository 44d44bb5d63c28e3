-- How the back office finds payments, whoever's they are, by what people have in hand.

-- The card's last four digits, as they were when the payment was made.
ALTER TABLE payment ADD COLUMN last4 text NOT NULL DEFAULT '' CHECK (length(last4) IN (0, 4));

-- Of each payment and refund the words by which it is found: the payer, the card with and without the amount, the
-- values of its metadata. They never change, and are written once: as indexes of the payment itself they would be written
-- again with each of its changes, and a value that many payments have ("web") could not be read newest first.
CREATE TABLE payment_word (
    merchant_id uuid   NOT NULL,
    word        bigint NOT NULL,  -- A hash: whoever finds by it looks at the row, too.
    id          uuid   NOT NULL   -- The payment's, or the refund's.
);

CREATE FUNCTION payment_word_of(kind text, said text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN hashtextextended(kind || ':' || lower(said), 0);

CREATE FUNCTION payment_gets_its_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payment_word (merchant_id, word, id)
        VALUES (NEW.merchant_id, payment_word_of('user', NEW.user_id), NEW.id);
    IF NEW.last4 <> '' THEN
        INSERT INTO payment_word (merchant_id, word, id)
            VALUES (NEW.merchant_id, payment_word_of('card', NEW.last4), NEW.id),
                   (NEW.merchant_id, payment_word_of('card', NEW.last4 || ' ' || NEW.amount), NEW.id);
    END IF;
    IF NEW.metadata <> '{}' THEN
        INSERT INTO payment_word (merchant_id, word, id)
            SELECT NEW.merchant_id, payment_word_of('metadata', m.value), NEW.id
            FROM jsonb_each_text(NEW.metadata) AS m WHERE m.value <> '';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER payment_gets_its_words AFTER INSERT ON payment
    FOR EACH ROW EXECUTE FUNCTION payment_gets_its_words();

CREATE FUNCTION refund_gets_its_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payment_word (merchant_id, word, id)
        SELECT NEW.merchant_id, payment_word_of('refund', m.value), NEW.id
        FROM jsonb_each_text(NEW.metadata) AS m WHERE m.value <> '';
    RETURN NULL;
END $$;

CREATE TRIGGER refund_gets_its_words AFTER INSERT ON refund
    FOR EACH ROW WHEN (NEW.metadata <> '{}') EXECUTE FUNCTION refund_gets_its_words();

-- What is there already. Its cards are not known here any more.
INSERT INTO payment_word (merchant_id, word, id)
    SELECT p.merchant_id, payment_word_of('user', p.user_id), p.id FROM payment p
    UNION ALL
    SELECT p.merchant_id, payment_word_of('metadata', m.value), p.id
    FROM payment p, jsonb_each_text(p.metadata) AS m WHERE m.value <> ''
    UNION ALL
    SELECT r.merchant_id, payment_word_of('refund', m.value), r.id
    FROM refund r, jsonb_each_text(r.metadata) AS m WHERE m.value <> '';

-- Newest first: ids are by time.
CREATE INDEX payment_word_word ON payment_word (word, id);

-- Ids alone, as people and PSPs have them.
CREATE INDEX payment_attempt_id ON payment_attempt (id);
CREATE INDEX refund_id ON refund (id);
-- The PSP's references that are on no payment, refund or capture: of what it declined, and of what let go.
CREATE INDEX payment_attempt_reference ON payment_attempt (psp_reference)
    WHERE psp_reference <> '' AND (outcome = 'declined' OR operation IN ('cancel', 'expire'));

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON payment_word FROM paygate_app;
    END IF;
END $$;
