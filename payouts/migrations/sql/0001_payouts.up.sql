-- Payouts: where merchants are paid to, what is paid, in which batch and file, and what the bank said of it.
--
-- Refusals: PG111 no such way from state to state   PG112 what was asked for never changes   PG113 kept, not deleted
--           PG114 a plan or an account is superseded, never changed

-- Where a merchant is paid to. The number itself is sealed; what is shown are its last digits.
CREATE TABLE payout_destination (
    merchant_id      uuid        NOT NULL,
    id               uuid        NOT NULL,
    livemode         boolean     NOT NULL,
    currency         char(3)     NOT NULL,
    rail             text        NOT NULL CHECK (rail IN ('bank', 'stripe', 'adyen')),
    kind             text        NOT NULL CHECK (kind IN ('iban', 'us', 'stripe')),
    holder           text        NOT NULL,
    country          char(2)     NOT NULL,
    sealed           bytea       NOT NULL,
    last4            text        NOT NULL,
    bic              text        NOT NULL,
    routing_number   text        NOT NULL,
    account_type     text        NOT NULL CHECK (account_type IN ('checking', 'savings')),
    bank_name        text        NOT NULL,
    state            text        NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected', 'retired')),
    proposed_by      text        NOT NULL CHECK (proposed_by <> ''),
    proposed_because text        NOT NULL,
    decided_by       text        NOT NULL,
    decided_because  text        NOT NULL,
    created_at       timestamptz NOT NULL,
    decided_at       timestamptz,
    usable_from      timestamptz,
    retired_at       timestamptz,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT payout_destination_kind_fits_rail CHECK ((kind = 'stripe') = (rail = 'stripe')),
    CONSTRAINT payout_destination_is_decided_by_another CHECK (decided_by <> proposed_by),
    CONSTRAINT payout_destination_is_decided_by_somebody CHECK ((state = 'proposed') = (decided_by = '')),
    CONSTRAINT payout_destination_cools_off_after_its_approval CHECK (usable_from >= decided_at AND decided_at >= created_at),
    CONSTRAINT payout_destination_is_usable_once_approved
        CHECK ((state IN ('approved', 'retired')) = (usable_from IS NOT NULL))
);
CREATE INDEX payout_destination_usable ON payout_destination (merchant_id, livemode, currency, usable_from)
    WHERE state = 'approved';
CREATE INDEX payout_destination_by_id ON payout_destination (id);  -- Joins of the ORM's name no merchant.

CREATE FUNCTION payout_destination_arrows() RETURNS TABLE (source text, target text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('proposed', 'approved'), ('proposed', 'rejected'), ('approved', 'retired')
$$;

CREATE FUNCTION payout_destination_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM payout_destination_arrows() WHERE source = OLD.state AND target = NEW.state
    ) THEN
        RAISE EXCEPTION 'destination %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'PG111';
    END IF;
    IF (NEW.merchant_id, NEW.livemode, NEW.currency, NEW.rail, NEW.kind, NEW.holder, NEW.country, NEW.last4, NEW.bic,
            NEW.routing_number, NEW.account_type, NEW.proposed_by, NEW.created_at)
        IS DISTINCT FROM (OLD.merchant_id, OLD.livemode, OLD.currency, OLD.rail, OLD.kind, OLD.holder, OLD.country,
            OLD.last4, OLD.bic, OLD.routing_number, OLD.account_type, OLD.proposed_by, OLD.created_at)
        OR OLD.state <> 'proposed' AND (NEW.decided_by, NEW.usable_from) IS DISTINCT FROM (OLD.decided_by, OLD.usable_from)
        -- The number is sealed anew when the key is rolled (its first four bytes say which), and never otherwise.
        OR NEW.sealed <> OLD.sealed AND substr(NEW.sealed, 1, 4) = substr(OLD.sealed, 1, 4)
    THEN
        RAISE EXCEPTION 'destination %: a change is another destination', OLD.id USING ERRCODE = 'PG114';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payout_destination_stands BEFORE UPDATE ON payout_destination
    FOR EACH ROW EXECUTE FUNCTION payout_destination_stands();

CREATE FUNCTION payout_destination_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'destination %: it begins as a proposal', NEW.id USING ERRCODE = 'PG111';
END $$;
CREATE TRIGGER payout_destination_begins BEFORE INSERT ON payout_destination
    FOR EACH ROW WHEN (NEW.state <> 'proposed') EXECUTE FUNCTION payout_destination_begins();

-- When a merchant is paid what is available: superseded, never changed.
CREATE TABLE payout_schedule (
    merchant_id    uuid        NOT NULL,
    id             uuid        NOT NULL,
    livemode       boolean     NOT NULL,
    currency       char(3)     NOT NULL,
    interval       text        NOT NULL CHECK (interval IN ('manual', 'daily', 'weekly', 'monthly')),
    anchor         smallint    NOT NULL,  -- Weekly: 1 (Monday) to 7. Monthly: the day, 1 to 31, or the month's last.
    minimum        bigint      NOT NULL CHECK (minimum >= 1),  -- Minor units; less than this stays for the next time.
    agreed_by      text        NOT NULL,
    effective_from timestamptz NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT payout_schedule_anchor_fits CHECK (
        CASE interval WHEN 'weekly' THEN anchor BETWEEN 1 AND 7 WHEN 'monthly' THEN anchor BETWEEN 1 AND 31
            ELSE anchor = 0 END)
);
CREATE INDEX payout_schedule_newest ON payout_schedule (merchant_id, livemode, currency, effective_from DESC, id DESC);

-- A batch is finance's, not a merchant's: whoever builds it does not approve it.
CREATE TABLE payout_batch (
    id              uuid        PRIMARY KEY,
    livemode        boolean     NOT NULL,
    rail            text        NOT NULL CHECK (rail IN ('bank', 'stripe', 'adyen')),
    state           text        NOT NULL CHECK (state IN ('draft', 'pending_approval', 'approved', 'sent', 'canceled')),
    value_date      date        NOT NULL,
    note            text        NOT NULL,
    created_by      text        NOT NULL CHECK (created_by <> ''),
    created_at      timestamptz NOT NULL,
    submitted_by    text        NOT NULL,
    submitted_at    timestamptz,
    digest          text        NOT NULL,  -- Of what was submitted (payout_batch_digest).
    approved_by     text        NOT NULL,
    approved_at     timestamptz,
    approved_because text       NOT NULL,
    canceled_by     text        NOT NULL,
    canceled_because text       NOT NULL,
    sent_at         timestamptz,
    updated_at      timestamptz NOT NULL,
    CONSTRAINT payout_batch_is_approved_by_another CHECK (approved_by NOT IN (created_by, submitted_by) OR approved_by = ''),
    CONSTRAINT payout_batch_is_sent_only_approved CHECK (state NOT IN ('approved', 'sent') OR approved_by <> '')
);

CREATE FUNCTION payout_batch_arrows() RETURNS TABLE (source text, target text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('draft', 'pending_approval'), ('draft', 'canceled'), ('pending_approval', 'approved'),
           ('pending_approval', 'canceled'), ('pending_approval', 'draft'), ('approved', 'sent'), ('approved', 'canceled')
$$;

CREATE FUNCTION payout_batch_moves_legally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM payout_batch_arrows() WHERE source = OLD.state AND target = NEW.state
    ) THEN
        RAISE EXCEPTION 'batch %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'PG111';
    END IF;
    IF (NEW.livemode, NEW.rail, NEW.created_by, NEW.created_at)
        IS DISTINCT FROM (OLD.livemode, OLD.rail, OLD.created_by, OLD.created_at)
        OR OLD.approved_by <> '' AND (NEW.approved_by, NEW.submitted_by, NEW.digest, NEW.value_date)
            IS DISTINCT FROM (OLD.approved_by, OLD.submitted_by, OLD.digest, OLD.value_date)
    THEN
        RAISE EXCEPTION 'batch %: what was asked for, and what was approved, never changes', OLD.id USING ERRCODE = 'PG112';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payout_batch_moves_legally BEFORE UPDATE ON payout_batch
    FOR EACH ROW EXECUTE FUNCTION payout_batch_moves_legally();

-- A file for our bank: made once, from one batch. Its bytes never change; only what became of it is added.
CREATE TABLE payout_file (
    id           uuid        PRIMARY KEY,
    batch_id     uuid        NOT NULL REFERENCES payout_batch (id),
    livemode     boolean     NOT NULL,
    format       text        NOT NULL CHECK (format IN ('pain.001', 'nacha')),
    currency     char(3)     NOT NULL,
    sequence     bigint      NOT NULL CHECK (sequence > 0),  -- By mode and format, without a gap.
    message_id   text        NOT NULL UNIQUE CHECK (length(message_id) BETWEEN 1 AND 35),
    payments     integer     NOT NULL CHECK (payments > 0),
    total        bigint      NOT NULL CHECK (total > 0),  -- Minor units.
    sha256       text        NOT NULL,  -- Of the bytes that are sent.
    content      bytea       NOT NULL,  -- Those bytes, deflated (zlib).
    state        text        NOT NULL CHECK (state IN ('made', 'sent', 'accepted', 'rejected')),
    outcome      text        NOT NULL CHECK (outcome IN ('', 'unknown', 'not_sent', 'taken', 'refused')),
    message      text        NOT NULL,  -- The bank's, or why we cannot tell.
    created_at   timestamptz NOT NULL,
    taken_at     timestamptz,  -- When somebody first took it to send it.
    sent_at      timestamptz,
    looks        integer     NOT NULL,
    next_look_at timestamptz,
    CONSTRAINT payout_file_numbers_once UNIQUE (livemode, format, sequence)
);
CREATE INDEX payout_file_due ON payout_file (next_look_at) WHERE state = 'made';

CREATE FUNCTION payout_file_is_in_ink() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'file %: what was written for the bank never changes', OLD.id USING ERRCODE = 'PG112';
END $$;
CREATE TRIGGER payout_file_in_ink BEFORE UPDATE ON payout_file
    FOR EACH ROW WHEN (
        (OLD.batch_id, OLD.livemode, OLD.format, OLD.currency, OLD.sequence, OLD.message_id, OLD.payments, OLD.total,
            OLD.sha256, OLD.content)
            IS DISTINCT FROM
        (NEW.batch_id, NEW.livemode, NEW.format, NEW.currency, NEW.sequence, NEW.message_id, NEW.payments, NEW.total,
            NEW.sha256, NEW.content)
        OR OLD.state = 'sent' AND NEW.state = 'made'
        OR OLD.state = 'accepted' AND NEW.state IN ('made', 'sent')  -- What was accepted may still be rejected.
        OR OLD.state = 'rejected' AND NEW.state <> 'rejected'
    ) EXECUTE FUNCTION payout_file_is_in_ink();

CREATE TABLE payout (
    merchant_id          uuid        NOT NULL,
    id                   uuid        NOT NULL,
    livemode             boolean     NOT NULL,
    state                text        NOT NULL CHECK (state IN ('draft', 'pending_approval', 'approved', 'in_transit',
        'paid', 'failed', 'returned', 'canceled')),
    sequence             integer     NOT NULL CHECK (sequence > 0),
    amount               bigint      NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    currency             char(3)     NOT NULL,
    destination_id       uuid        NOT NULL,
    rail                 text        NOT NULL CHECK (rail IN ('bank', 'stripe', 'adyen')),
    method               text        NOT NULL CHECK (method IN ('api', 'schedule', 'back_office')),
    scheduled_for        date,
    batch_id             uuid,
    file_id              uuid,
    trace                text        NOT NULL DEFAULT '',  -- What the bank repeats where it has no room for our id (NACHA).
    psp_reference        text        NOT NULL DEFAULT '',
    description          text        NOT NULL DEFAULT '',
    statement_descriptor text        NOT NULL DEFAULT '',
    metadata             jsonb       NOT NULL DEFAULT '{}',
    failure_code         text        NOT NULL DEFAULT '',
    failure_message      text        NOT NULL DEFAULT '',
    outcome              text        NOT NULL DEFAULT '' CHECK (outcome IN ('', 'unknown', 'pending', 'not_sent', 'done')),
    taken_at             timestamptz,  -- A PSP's: when somebody took it to call.
    looks                integer     NOT NULL DEFAULT 0,
    next_look_at         timestamptz,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    sent_at              timestamptz,
    arrives_on           date,
    PRIMARY KEY (merchant_id, id),
    FOREIGN KEY (merchant_id, destination_id) REFERENCES payout_destination (merchant_id, id),
    CONSTRAINT payout_scheduled_has_a_day CHECK ((method = 'schedule') = (scheduled_for IS NOT NULL)),
    CONSTRAINT payout_leaves_in_a_batch CHECK (batch_id IS NOT NULL OR state IN ('draft', 'canceled'))
) WITH (fillfactor = 60);
-- A schedule pays once a day, however often it is run.
CREATE UNIQUE INDEX payout_once_a_day ON payout (merchant_id, livemode, currency, scheduled_for)
    WHERE scheduled_for IS NOT NULL;
CREATE INDEX payout_loose ON payout (livemode, rail, currency) WHERE state = 'draft' AND batch_id IS NULL;
CREATE INDEX payout_of_batch ON payout (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX payout_of_file ON payout (file_id) WHERE file_id IS NOT NULL;
CREATE INDEX payout_trace ON payout (trace) WHERE trace <> '';
CREATE INDEX payout_by_id ON payout (id);  -- The bank and the PSPs repeat only that.
CREATE INDEX payout_due ON payout (rail, next_look_at) WHERE next_look_at IS NOT NULL;

-- Legal transitions only; the same arrows are drawn on the model (a test compares).
CREATE FUNCTION payout_arrows() RETURNS TABLE (source text, target text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('draft', 'pending_approval'), ('draft', 'canceled'),
           ('pending_approval', 'approved'), ('pending_approval', 'draft'), ('pending_approval', 'canceled'),
           ('approved', 'in_transit'), ('approved', 'canceled'),
           ('in_transit', 'paid'), ('in_transit', 'failed'), ('in_transit', 'returned'), ('paid', 'returned')
$$;

CREATE FUNCTION payout_moves_legally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence <> OLD.sequence + (NEW.state <> OLD.state)::integer THEN
        RAISE EXCEPTION 'payout %: change % follows change %', OLD.id, NEW.sequence, OLD.sequence USING ERRCODE = 'PG111';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM payout_arrows() WHERE source = OLD.state AND target = NEW.state
    ) THEN
        RAISE EXCEPTION 'payout %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'PG111';
    END IF;
    IF (NEW.merchant_id, NEW.livemode, NEW.amount, NEW.currency, NEW.destination_id, NEW.rail, NEW.scheduled_for, NEW.created_at)
        IS DISTINCT FROM
        (OLD.merchant_id, OLD.livemode, OLD.amount, OLD.currency, OLD.destination_id, OLD.rail, OLD.scheduled_for, OLD.created_at)
        OR OLD.state NOT IN ('draft', 'pending_approval') AND NEW.batch_id IS DISTINCT FROM OLD.batch_id
        OR OLD.file_id IS NOT NULL AND (NEW.file_id, NEW.trace) IS DISTINCT FROM (OLD.file_id, OLD.trace)
    THEN
        RAISE EXCEPTION 'payout %: what was asked for never changes', OLD.id USING ERRCODE = 'PG112';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payout_moves_legally BEFORE UPDATE ON payout FOR EACH ROW EXECUTE FUNCTION payout_moves_legally();

-- Everything that guards a payout guards its moves: so each begins at the beginning, and in nobody's batch or file.
CREATE FUNCTION payout_begins_as_a_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payout %: it begins as a draft, not as %', NEW.id, NEW.state USING ERRCODE = 'PG111';
END $$;
CREATE TRIGGER payout_begins_as_a_draft BEFORE INSERT ON payout FOR EACH ROW
    WHEN (NEW.state <> 'draft' OR NEW.sequence <> 1 OR NEW.batch_id IS NOT NULL OR NEW.file_id IS NOT NULL)
    EXECUTE FUNCTION payout_begins_as_a_draft();

CREATE FUNCTION payouts_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused: payouts are kept', TG_OP, TG_TABLE_NAME USING ERRCODE = 'PG113';
END $$;
CREATE TRIGGER payout_is_kept BEFORE DELETE ON payout FOR EACH ROW EXECUTE FUNCTION payouts_are_kept();
CREATE TRIGGER payout_destination_is_kept BEFORE DELETE ON payout_destination FOR EACH ROW EXECUTE FUNCTION payouts_are_kept();
CREATE TRIGGER payout_batch_is_kept BEFORE DELETE ON payout_batch FOR EACH ROW EXECUTE FUNCTION payouts_are_kept();
CREATE TRIGGER payout_file_is_kept BEFORE DELETE ON payout_file FOR EACH ROW EXECUTE FUNCTION payouts_are_kept();
CREATE TRIGGER payout_schedule_is_kept BEFORE UPDATE OR DELETE ON payout_schedule
    FOR EACH ROW EXECUTE FUNCTION payouts_are_kept();

-- What the bank told us: each of its files, as it came, and the lines of them that a person must look at.
CREATE TABLE payout_report (
    id          uuid        PRIMARY KEY,
    livemode    boolean     NOT NULL,
    number      bigint      NOT NULL,  -- The bank's: from 1, without a gap.
    name        text        NOT NULL,
    kind        text        NOT NULL,
    sha256      text        NOT NULL,
    content     bytea       NOT NULL,  -- Deflated (zlib).
    state       text        NOT NULL CHECK (state IN ('received', 'applied', 'unreadable')),
    message     text        NOT NULL,
    items       integer     NOT NULL,
    received_at timestamptz NOT NULL,
    applied_at  timestamptz,
    CONSTRAINT payout_report_once UNIQUE (livemode, number)
);

CREATE FUNCTION payout_report_is_in_ink() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'report %: what the bank said never changes, nor that it was applied', OLD.number
        USING ERRCODE = 'PG112';
END $$;
CREATE TRIGGER payout_report_in_ink BEFORE UPDATE ON payout_report
    FOR EACH ROW WHEN (
        (OLD.livemode, OLD.number, OLD.name, OLD.kind, OLD.sha256, OLD.content, OLD.received_at)
            IS DISTINCT FROM (NEW.livemode, NEW.number, NEW.name, NEW.kind, NEW.sha256, NEW.content, NEW.received_at)
        OR OLD.state = 'applied'
    ) EXECUTE FUNCTION payout_report_is_in_ink();

CREATE TABLE payout_report_exception (
    id              uuid        PRIMARY KEY,
    report_id       uuid        NOT NULL REFERENCES payout_report (id),
    place           integer     NOT NULL,
    reference       text        NOT NULL,
    became          text        NOT NULL,
    amount          bigint,
    currency        char(3),
    code            text        NOT NULL,
    message         text        NOT NULL,
    why             text        NOT NULL,
    created_at      timestamptz NOT NULL,
    settled_at      timestamptz,
    settled_by      text        NOT NULL,
    settled_because text        NOT NULL,
    CONSTRAINT payout_report_exception_once UNIQUE (report_id, place)
);

-- A payout as the API shows it and its events tell it: written here alone, for one and for a hundred thousand.
CREATE FUNCTION payout_shown(p payout) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'id', public_id('po', p.id),
        'object', 'payout',
        'livemode', p.livemode,
        'status', p.state,
        'amount', p.amount,
        'currency', p.currency,
        'method', p.method,
        'rail', p.rail,
        'destination', public_id('pd', p.destination_id),
        'description', nullif(p.description, ''),
        'statement_descriptor', nullif(p.statement_descriptor, ''),
        'psp_reference', nullif(p.psp_reference, ''),
        'failure_code', nullif(p.failure_code, ''),
        'failure_message', nullif(p.failure_message, ''),
        'arrives_on', p.arrives_on,
        'sequence', p.sequence,
        'metadata', p.metadata,
        'created_at', to_char(p.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updated_at', to_char(p.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    )
$$;

-- Which account of ours a payout leaves.
CREATE FUNCTION payout_paid_from(rail text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE rail WHEN 'bank' THEN 'assets:bank:operating' ELSE 'assets:psp:' || rail || ':receivable' END
$$;

-- What a move of a payout does to the books: ledger.recipes.payouts, for sets (a test compares the two). A payout that
-- comes back before we heard that it had left is booked as both.
CREATE FUNCTION payout_postings(was text, target text, rail text) RETURNS TABLE (kind text, debited text, credited text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT p.kind, p.debited, p.credited FROM (VALUES
        (NULL, 'draft', 'payout.created', 'liabilities:merchant:available', 'liabilities:payouts:requested'),
        ('*', 'canceled', 'payout.canceled', 'liabilities:payouts:requested', 'liabilities:merchant:available'),
        ('*', 'in_transit', 'payout.sent', 'liabilities:payouts:requested', 'liabilities:payouts:in_transit'),
        ('*', 'paid', 'payout.paid', 'liabilities:payouts:in_transit', payout_paid_from(rail)),
        ('*', 'failed', 'payout.failed', 'liabilities:payouts:in_transit', 'liabilities:merchant:available'),
        ('in_transit', 'returned', 'payout.paid', 'liabilities:payouts:in_transit', payout_paid_from(rail)),
        ('*', 'returned', 'payout.returned', payout_paid_from(rail), 'liabilities:merchant:available')
    ) AS p (was, target, kind, debited, credited)
    WHERE p.target = payout_postings.target AND (p.was = payout_postings.was OR p.was = '*' AND payout_postings.was IS NOT NULL
        OR p.was IS NULL AND payout_postings.was IS NULL)
$$;

-- What follows from payouts that were written: their lines in the books and their events, in the same commit.
-- `topic` is that of the events where it is not the state's own name.
CREATE FUNCTION payout_follow(p_merchants uuid[], p_ids uuid[], p_was text, p_at timestamptz, p_topic text DEFAULT NULL)
    RETURNS void LANGUAGE plpgsql SET jit = off AS $$
BEGIN
    PERFORM ledger_stage();
    WITH written AS MATERIALIZED (
        SELECT p.merchant_id, p.livemode, p.state, p.rail, p.amount, p.currency, public_id('po', p.id) AS source
        FROM unnest(p_merchants, p_ids) AS m (merchant_id, id)
        JOIN payout p ON p.merchant_id = m.merchant_id AND p.id = m.id
    ), postings AS MATERIALIZED (  -- Asked for once, and not for each payout.
        SELECT w.state, w.rail, k.* FROM (SELECT DISTINCT state, rail FROM written) w
        CROSS JOIN LATERAL payout_postings(p_was, w.state, w.rail) k
    ), posted AS MATERIALIZED (
        SELECT w.*, k.kind, k.debited, k.credited, uuid7() AS transaction_id
        FROM written w JOIN postings k ON k.state = w.state AND k.rail = w.rail
    )
    INSERT INTO ledger_staged
        (merchant_id, livemode, transaction_id, kind, source, effective_at, line, account, currency, type, amount)
        SELECT merchant_id, livemode, transaction_id, kind, source, p_at, 1, debited, currency, 'DEBIT', amount FROM posted
        UNION ALL
        SELECT merchant_id, livemode, transaction_id, kind, source, p_at, 2, credited, currency, 'CREDIT', amount FROM posted;
    PERFORM ledger_post_staged();

    INSERT INTO outbox_event (merchant_id, id, livemode, topic, subject, sequence, body, created_at)
        SELECT p.merchant_id, uuid7(), p.livemode, coalesce(p_topic, 'payout.' || p.state), public_id('po', p.id),
            p.sequence, payout_shown(p), p_at
        FROM unnest(p_merchants, p_ids) AS m (merchant_id, id)
        JOIN payout p ON p.merchant_id = m.merchant_id AND p.id = m.id;
END $$;

-- Move payouts to a state, those that are in one of `p_from`; each with its lines in the books and its event. The rest
-- are passed over: somebody else moved them. Codes and messages say why, where a move has a reason.
CREATE FUNCTION payout_move(
    p_target text, p_from text[], p_merchants uuid[], p_ids uuid[], p_at timestamptz,
    p_codes text[] DEFAULT NULL, p_messages text[] DEFAULT NULL
) RETURNS TABLE (merchant_id uuid, id uuid) LANGUAGE plpgsql SET jit = off AS $$
#variable_conflict use_column
DECLARE
    moving record;
    was_in text;
BEGIN
    CREATE TEMPORARY TABLE IF NOT EXISTS payout_moving (
        merchant_id uuid NOT NULL, id uuid NOT NULL, was text NOT NULL, code text, message text
    ) ON COMMIT DELETE ROWS;
    DELETE FROM payout_moving;
    -- Lock first, in one order for all.
    INSERT INTO payout_moving
        SELECT l.merchant_id, l.id, l.state, l.code, l.message FROM (
            SELECT p.merchant_id, p.id, p.state, m.code, m.message
            FROM payout p
            JOIN ROWS FROM (unnest(p_merchants), unnest(p_ids), unnest(p_codes), unnest(p_messages))
                AS m (merchant_id, id, code, message) ON p.merchant_id = m.merchant_id AND p.id = m.id
            ORDER BY p.merchant_id, p.id
            FOR NO KEY UPDATE OF p
        ) l
        WHERE l.state = ANY (p_from);

    UPDATE payout p SET
        state = p_target, sequence = p.sequence + 1, updated_at = p_at,
        batch_id = CASE p_target WHEN 'draft' THEN NULL ELSE p.batch_id END,
        sent_at = CASE p_target WHEN 'in_transit' THEN p_at ELSE p.sent_at END,
        failure_code = coalesce(m.code, p.failure_code), failure_message = coalesce(m.message, p.failure_message)
        FROM payout_moving m WHERE p.merchant_id = m.merchant_id AND p.id = m.id;

    FOR was_in IN SELECT DISTINCT m.was FROM payout_moving m ORDER BY 1 LOOP
        SELECT array_agg(m.merchant_id ORDER BY m.merchant_id, m.id) AS merchants,
            array_agg(m.id ORDER BY m.merchant_id, m.id) AS ids
            INTO moving FROM payout_moving m WHERE m.was = was_in;
        PERFORM payout_follow(moving.merchants, moving.ids, was_in, p_at,
            CASE p_target WHEN 'draft' THEN 'payout.updated' END);
    END LOOP;
    RETURN QUERY SELECT m.merchant_id, m.id FROM payout_moving m;
END $$;

-- Of what was submitted or is to be: which payouts, how much, where to. Changes with each of them.
CREATE FUNCTION payout_batch_digest(p_batch uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(coalesce(string_agg(
        p.id || ':' || p.amount || ':' || p.currency || ':' || p.destination_id, ',' ORDER BY p.id
    ), ''), 'UTF8')), 'hex')
    FROM payout p WHERE p.batch_id = p_batch AND p.state <> 'canceled'
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE DELETE, TRUNCATE ON payout, payout_destination, payout_schedule, payout_batch, payout_file, payout_report,
            payout_report_exception FROM paygate_app;
        REVOKE UPDATE ON payout_schedule FROM paygate_app;
    END IF;
END $$;
