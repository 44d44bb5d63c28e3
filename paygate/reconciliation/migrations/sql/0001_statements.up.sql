-- Statements: files of the PSPs and of the bank as they were received, how each of their lines was taken into the
-- books, what they pay to our bank account, and the breaks: what does not agree, why, and what would close it.
--
-- These are the platform's own tables: a file speaks of many merchants. What is posted because of them is posted to
-- each merchant's book on its own.

-- A file that a PSP is to give us.
CREATE TABLE statement_order (
    id           uuid        PRIMARY KEY,
    psp          text        NOT NULL,
    livemode     boolean     NOT NULL,
    name         text        NOT NULL CHECK (name <> ''),
    place        text        NOT NULL,
    day          date,  -- The one that was asked for; null where the PSP told by itself.
    ordered_at   timestamptz NOT NULL,
    looks        integer     NOT NULL,
    next_look_at timestamptz,  -- Null once it is fetched.
    statement_id uuid,
    problem      text        NOT NULL,
    CONSTRAINT statement_order_once UNIQUE (psp, livemode, name)
);

CREATE INDEX statement_order_due ON statement_order (next_look_at) WHERE next_look_at IS NOT NULL;

CREATE TABLE statement (
    id            uuid        PRIMARY KEY,
    psp           text        NOT NULL CHECK (psp <> ''),  -- 'bank' for our bank.
    livemode      boolean     NOT NULL,
    name          text        NOT NULL CHECK (name <> ''),
    source        text        NOT NULL CHECK (source IN ('fetched', 'folder', 'uploaded', 'bank')),
    received_by   text        NOT NULL,  -- Who uploaded it; empty otherwise.
    received_at   timestamptz NOT NULL,
    sha256        text        NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size          bigint      NOT NULL CHECK (size >= 0),
    state         text        NOT NULL CHECK (state IN ('received', 'applied', 'refused', 'superseded')),
    format        text        NOT NULL,  -- Of paygate.psp.statements; empty until it is read.
    identity      text        NOT NULL,  -- What it is a version of.
    lines         bigint      NOT NULL,
    until         timestamptz,  -- What was booked there by then is in it, or in an earlier one.
    refused_row   bigint,
    refused_because text      NOT NULL,
    applied_at    timestamptz,
    learned       bigint      NOT NULL,  -- Of the lines: from how many it was learned what payments cost.
    superseded_by uuid        REFERENCES statement (id),
    -- The same file twice changes nothing.
    CONSTRAINT statement_once UNIQUE (psp, livemode, sha256),
    CONSTRAINT statement_is_refused_for_a_reason CHECK ((state = 'refused') = (refused_because <> ''))
);

-- One version of a file counts.
CREATE UNIQUE INDEX statement_one_version ON statement (psp, livemode, format, identity) WHERE state = 'applied';
CREATE INDEX statement_waiting ON statement (received_at) WHERE state = 'received';

-- The bytes as they came, deflated (zlib), one stream in pieces.
CREATE TABLE statement_part (
    statement_id uuid    NOT NULL REFERENCES statement (id),
    number       integer NOT NULL CHECK (number >= 0),
    content      bytea   NOT NULL,
    PRIMARY KEY (statement_id, number)
);

-- How each line was taken into the books. What else it says is in the file.
CREATE TABLE statement_line (
    statement_id     uuid        NOT NULL,
    row              bigint      NOT NULL,
    kind             text        NOT NULL,
    reference        text        NOT NULL,
    -- 'settled': explained, and posted; 'suspense': posted to suspense, there is a break; 'repeated': told by another
    -- line before, not posted; 'settlement': what is paid to our bank, posted when it arrives there.
    became           text        NOT NULL CHECK (became IN ('settled', 'suspense', 'repeated', 'settlement')),
    merchant_id      uuid        NOT NULL,  -- Ours (ledger.chart.HOUSE) where it is nobody's.
    item             uuid,  -- Of our movement.
    currency         char(3)     NOT NULL,
    gross            bigint      NOT NULL,
    settled_currency char(3)     NOT NULL,
    settled_gross    bigint      NOT NULL,
    fee              bigint      NOT NULL,
    net              bigint      NOT NULL,
    billed           bigint      NOT NULL,  -- A fee that is not taken off net.
    fee_booked       bigint      NOT NULL,  -- Of fee and billed: what was in the books before.
    fee_unexpected   bigint      NOT NULL,  -- Of fee and billed: what no contract says; in suspense.
    rounding         bigint      NOT NULL,  -- Of settled_gross: what the rate does not give; in suspense.
    batch            text        NOT NULL,
    booked_at        timestamptz NOT NULL,
    PRIMARY KEY (statement_id, row),
    CONSTRAINT statement_line_adds_up CHECK (net = settled_gross - fee)
);

-- Whether a line was told before; and whether a movement of ours is settled.
CREATE INDEX statement_line_reference ON statement_line (reference);
CREATE INDEX statement_line_of_item ON statement_line (merchant_id, item) WHERE item IS NOT NULL;
CREATE INDEX statement_line_batch ON statement_line (batch) WHERE batch <> '';

-- The other movements of ours that one line settles: a charge that was captured in parts.
CREATE TABLE statement_line_item (
    merchant_id  uuid   NOT NULL,
    item         uuid   NOT NULL,
    statement_id uuid   NOT NULL,
    row          bigint NOT NULL,
    PRIMARY KEY (merchant_id, item, statement_id, row)
);

-- What a PSP pays to our bank account, or takes from it, for many lines at once.
CREATE TABLE settlement_batch (
    id           uuid        PRIMARY KEY,
    psp          text        NOT NULL,
    livemode     boolean     NOT NULL,
    reference    text        NOT NULL CHECK (reference <> ''),
    currency     char(3)     NOT NULL,
    amount       bigint      NOT NULL,  -- Minor units; below zero what it takes.
    told_at      timestamptz NOT NULL,  -- When the PSP says it paid.
    statement_id uuid        REFERENCES statement (id),  -- Null where a webhook told it.
    row          bigint,
    arrived_in   uuid        REFERENCES statement (id),  -- The bank's.
    arrived_row  bigint,
    arrived      bigint,  -- What came, in minor units.
    arrived_at   timestamptz,
    swept_at     timestamptz,  -- When what arrived was posted to the books of those whose lines it pays.
    swept_as     text        NOT NULL,  -- The source of that in the books.
    CONSTRAINT settlement_batch_once UNIQUE (psp, livemode, reference, currency)
);

CREATE INDEX settlement_batch_awaited ON settlement_batch (told_at) WHERE swept_at IS NULL;

CREATE TABLE reconciliation_break (
    id               uuid        PRIMARY KEY,
    psp              text        NOT NULL,
    livemode         boolean     NOT NULL,
    -- What it is about, so that it is opened once: "line:…", "item:…", "fee:…", "batch:…".
    key              text        NOT NULL CHECK (key <> ''),
    cause            text        NOT NULL CHECK (cause IN (
        'missing_here', 'missing_there', 'amount', 'currency', 'fee', 'fx_rounding', 'captured_twice',
        'refunded_in_dashboard', 'chargeback_not_heard', 'duplicate_line', 'wrong_merchant_account', 'timing'
    )),
    state            text        NOT NULL CHECK (state IN ('open', 'investigating', 'proposed', 'resolved', 'written_off')),
    sequence         integer     NOT NULL CHECK (sequence > 0),
    merchant_id      uuid        NOT NULL,
    payment_id       uuid,
    item             uuid,  -- Of our movement, where there is one.
    subject          text        NOT NULL,  -- What people call it: "re_…", the PSP's reference.
    currency         char(3)     NOT NULL,
    amount           bigint      NOT NULL CHECK (amount >= 0),  -- At risk, in minor units.
    statement_id     uuid        REFERENCES statement (id),
    row              bigint,
    evidence         jsonb       NOT NULL,  -- What they say and what we have.
    draft            jsonb       NOT NULL,  -- Transactions for the books that would close it, as ledger_post takes them.
    news             jsonb,  -- What our own rooms would have to be told before.
    owner            text        NOT NULL,
    opened_at        timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    proposed_as      text        NOT NULL CHECK (proposed_as IN ('', 'draft', 'write_off')),
    proposed_by      text        NOT NULL,
    proposed_because text        NOT NULL,
    approved_by      text        NOT NULL,
    approved_because text        NOT NULL,
    closed_at        timestamptz,
    closed_by        text        NOT NULL,  -- 'draft', 'write_off', 'later_line', 'newer_file'; empty while it is not.
    CONSTRAINT reconciliation_break_once UNIQUE (psp, livemode, key),
    CONSTRAINT reconciliation_break_by_two CHECK (approved_by = '' OR approved_by <> proposed_by),
    CONSTRAINT reconciliation_break_is_closed CHECK (
        (state IN ('resolved', 'written_off')) = (closed_at IS NOT NULL) AND (closed_at IS NOT NULL) = (closed_by <> '')),
    CONSTRAINT reconciliation_break_is_approved CHECK (
        (closed_by IN ('draft', 'write_off')) = (approved_by <> '') AND (state = 'written_off') = (closed_by = 'write_off')),
    CONSTRAINT reconciliation_break_is_proposed CHECK (
        state <> 'proposed' OR (proposed_as <> '' AND proposed_by <> '' AND proposed_because <> ''))
);

CREATE INDEX reconciliation_break_open ON reconciliation_break (opened_at) WHERE closed_at IS NULL;
CREATE INDEX reconciliation_break_item ON reconciliation_break (merchant_id, item) WHERE closed_at IS NULL;

-- Who did what about a break, and why.
CREATE TABLE reconciliation_note (
    id       uuid        PRIMARY KEY,
    break_id uuid        NOT NULL REFERENCES reconciliation_break (id),
    at       timestamptz NOT NULL,
    by       text        NOT NULL,  -- Empty for what came about by itself.
    act      text        NOT NULL CHECK (act <> ''),
    because  text        NOT NULL
);

CREATE INDEX reconciliation_note_break ON reconciliation_note (break_id);

-- Legal transitions only; the same arrows are drawn on the model (a test compares).
CREATE FUNCTION reconciliation_break_arrows() RETURNS TABLE (source text, target text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('open', 'investigating'), ('open', 'proposed'), ('investigating', 'proposed'), ('proposed', 'investigating'),
           ('open', 'resolved'), ('investigating', 'resolved'), ('proposed', 'resolved'), ('proposed', 'written_off')
$$;

CREATE FUNCTION reconciliation_break_moves_legally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence <> OLD.sequence + 1 THEN
        RAISE EXCEPTION 'break %: change % follows change %', OLD.id, NEW.sequence, OLD.sequence USING ERRCODE = 'PG131';
    END IF;
    IF (NEW.psp, NEW.livemode, NEW.key, NEW.merchant_id, NEW.opened_at)
        IS DISTINCT FROM (OLD.psp, OLD.livemode, OLD.key, OLD.merchant_id, OLD.opened_at) THEN
        RAISE EXCEPTION 'break %: what it is about never changes', OLD.id USING ERRCODE = 'PG132';
    END IF;
    IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'break % is closed', OLD.id USING ERRCODE = 'PG133';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM reconciliation_break_arrows() WHERE source = OLD.state AND target = NEW.state
    ) THEN
        RAISE EXCEPTION 'break %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'PG133';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER reconciliation_break_moves_legally BEFORE UPDATE ON reconciliation_break
    FOR EACH ROW EXECUTE FUNCTION reconciliation_break_moves_legally();

CREATE FUNCTION statements_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused: what was received, and what was made of it, is kept', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'PG134';
END $$;

CREATE TRIGGER statement_is_kept BEFORE DELETE ON statement FOR EACH ROW EXECUTE FUNCTION statements_are_kept();
CREATE TRIGGER statement_part_is_in_ink BEFORE UPDATE OR DELETE ON statement_part
    FOR EACH ROW EXECUTE FUNCTION statements_are_kept();
CREATE TRIGGER statement_part_is_not_emptied BEFORE TRUNCATE ON statement_part
    FOR EACH STATEMENT EXECUTE FUNCTION statements_are_kept();
CREATE TRIGGER statement_line_is_kept BEFORE DELETE ON statement_line
    FOR EACH ROW EXECUTE FUNCTION statements_are_kept();
CREATE TRIGGER statement_line_is_not_emptied BEFORE TRUNCATE ON statement_line
    FOR EACH STATEMENT EXECUTE FUNCTION statements_are_kept();
CREATE TRIGGER settlement_batch_is_kept BEFORE DELETE ON settlement_batch
    FOR EACH ROW EXECUTE FUNCTION statements_are_kept();
CREATE TRIGGER reconciliation_break_is_kept BEFORE DELETE ON reconciliation_break
    FOR EACH ROW EXECUTE FUNCTION statements_are_kept();
CREATE TRIGGER reconciliation_note_is_in_ink BEFORE UPDATE OR DELETE ON reconciliation_note
    FOR EACH ROW EXECUTE FUNCTION statements_are_kept();

-- What is received, and what was decided of it, stays: a statement is applied or refused once, and then superseded.
CREATE FUNCTION statement_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.psp, NEW.livemode, NEW.name, NEW.sha256, NEW.size, NEW.received_at)
        IS DISTINCT FROM (OLD.psp, OLD.livemode, OLD.name, OLD.sha256, OLD.size, OLD.received_at)
        OR NOT (OLD.state = NEW.state OR (OLD.state, NEW.state) IN (
            ('received', 'applied'), ('received', 'refused'), ('refused', 'received'), ('applied', 'superseded'))) THEN
        RAISE EXCEPTION 'statement %: what was received stays, and from % it does not become %',
            OLD.id, OLD.state, NEW.state USING ERRCODE = 'PG135';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER statement_moves_on BEFORE UPDATE ON statement FOR EACH ROW EXECUTE FUNCTION statement_moves_on();

-- Where the lines of a file lie, typed, while it is being applied: of this session, and gone at the commit.
CREATE FUNCTION statement_stage() RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $$
BEGIN
    DROP TABLE IF EXISTS told;
    CREATE TEMPORARY TABLE told (
        row              bigint      NOT NULL,  -- From 1, without the heading.
        kind             text        NOT NULL,
        reference        text        NOT NULL,
        object           text        NOT NULL,
        payment          text        NOT NULL,
        ours             text        NOT NULL,
        account          text        NOT NULL,
        currency         char(3)     NOT NULL,
        gross            bigint      NOT NULL,
        settled_currency char(3)     NOT NULL,
        settled_gross    bigint      NOT NULL,
        fee              bigint      NOT NULL,
        net              bigint      NOT NULL,
        billed           bigint      NOT NULL,
        rate             numeric,
        batch            text        NOT NULL,
        booked_at        timestamptz NOT NULL,
        description      text        NOT NULL
    ) ON COMMIT DROP;
END $$;

-- A large file changes what the planner has to know of these at once: it does not wait for the next autovacuum. As the
-- owner, because only that may.
CREATE FUNCTION statement_measure() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE statement, statement_line, statement_line_item;
END $$;
