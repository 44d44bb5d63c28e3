-- Seals: days of the books that can be shown to stand as they stood.
--
-- Refusals, beside those of 0001_books:
--   LG007 that day is closed    LG008 does not continue its chain
--
-- The bytes that are hashed, so that anybody can do it again (ledger/verifier does, knowing only this). Text is UTF-8.
-- Fields are joined by a tab; in kind, source and memo a backslash, tab, newline and carriage return are written \\ \t \n
-- \r. Moments are UTC with six decimals (2026-11-23T14:02:11.123456Z), uuids in lower case with hyphens, a mode is "live"
-- or "test", hashes within text are lower-case hex.
--
--   leaf     sha256 of a transaction: the line  id, merchant, mode, kind, source, reverses or "", memo, effective_at,
--            posted_at  and a line for each of its entries by number:  line, DEBIT or CREDIT, account, currency, amount.
--            A newline stands between lines, none at the end.
--   content  sha256 of the leaves' 32 bytes one after the other, by posted_at, then id.
--   seal     sha256 of the line  "paygate seal 1", merchant, mode, number, after, upto, transactions, entries, sums,
--            content, previous seal's hash. Sums are the debits by currency: "EUR 1200 USD 99".
--   roll     sha256 of the line  "paygate roll 1", mode, after, upto, seals, previous roll's hash  followed by the
--            32 bytes of each seal's hash, by merchant.
--
-- Where there is none before, the previous hash is 32 zero bytes.

-- From now on nothing is posted that began before `upto`. A closing comes first and its seals later, when whoever may
-- not have seen it has ended. It holds for all books in this database.
CREATE TABLE ledger_closing (
    upto    timestamptz PRIMARY KEY,
    after   timestamptz NOT NULL UNIQUE,  -- The closing before; the first one's is 1970.
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (upto > after)
);

-- What one book had posted from `after` up to and without `upto`. No seal for a closing: nothing was.
CREATE TABLE ledger_seal (
    merchant_id  uuid        NOT NULL,
    livemode     boolean     NOT NULL,
    number       integer     NOT NULL,
    after        timestamptz NOT NULL,
    upto         timestamptz NOT NULL REFERENCES ledger_closing (upto),
    transactions bigint      NOT NULL CHECK (transactions > 0),
    entries      bigint      NOT NULL,
    sums         text        NOT NULL,
    content      bytea       NOT NULL,
    previous     bytea       NOT NULL,
    hash         bytea       NOT NULL,
    sealed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (merchant_id, livemode, number)
);

-- How many seals a closing has, and one hash over them: so none of them can be left out.
CREATE TABLE ledger_roll (
    livemode boolean     NOT NULL,
    upto     timestamptz NOT NULL REFERENCES ledger_closing (upto),
    seals    bigint      NOT NULL,
    previous bytea       NOT NULL,
    hash     bytea       NOT NULL,
    made_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (livemode, upto)
);

CREATE INDEX ledger_seal_by_closing ON ledger_seal (upto, livemode, merchant_id);

-- Days are found by when they were posted: the books grow in that order.
CREATE INDEX ledger_transaction_by_day ON ledger_transaction USING brin (posted_at) WITH (autosummarize = on);
CREATE INDEX ledger_entry_by_day ON ledger_entry USING brin (posted_at) WITH (autosummarize = on);

CREATE TRIGGER ledger_closing_in_ink BEFORE UPDATE OR DELETE ON ledger_closing
    FOR EACH ROW EXECUTE FUNCTION ledger_is_in_ink();
CREATE TRIGGER ledger_closing_not_emptied BEFORE TRUNCATE ON ledger_closing
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_in_ink();
CREATE TRIGGER ledger_seal_in_ink BEFORE UPDATE OR DELETE ON ledger_seal
    FOR EACH ROW EXECUTE FUNCTION ledger_is_in_ink();
CREATE TRIGGER ledger_seal_not_emptied BEFORE TRUNCATE ON ledger_seal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_in_ink();
CREATE TRIGGER ledger_roll_in_ink BEFORE UPDATE OR DELETE ON ledger_roll
    FOR EACH ROW EXECUTE FUNCTION ledger_is_in_ink();
CREATE TRIGGER ledger_roll_not_emptied BEFORE TRUNCATE ON ledger_roll
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_in_ink();

-- As it was; and nothing is posted into a closed day. A database transaction may have begun, and so have its posted_at,
-- long before it writes. It either sees the closing here, or had its number before the closing was committed, so that
-- whoever seals waits for it (ledger.seals). Under an older snapshot it might do neither: there it has a minute, which
-- is less than passes between the end of a day and its closing.
CREATE OR REPLACE FUNCTION ledger_transactions_are_of_now() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong uuid;
BEGIN
    SELECT w.id INTO wrong FROM written w WHERE w.posted_at <> now() OR w.xid <> pg_current_xact_id() LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transaction % is not of this moment', wrong USING ERRCODE = 'LG006';
    END IF;
    IF now() < (SELECT max(c.upto) FROM ledger_closing c) THEN
        RAISE EXCEPTION 'what began at % is posted too late: that day is closed', now() USING ERRCODE = 'LG007';
    ELSIF clock_timestamp() > now() + interval '1 minute'
        AND current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'what began at % is posted under READ COMMITTED: under % a closing could go unseen', now(),
            current_setting('transaction_isolation') USING ERRCODE = 'LG007';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_closings_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.after <> coalesce((SELECT max(c.upto) FROM ledger_closing c), to_timestamp(0)) THEN
        RAISE EXCEPTION 'a closing begins where the one before ended, not at %', NEW.after USING ERRCODE = 'LG008';
    ELSIF NEW.upto > clock_timestamp() THEN
        RAISE EXCEPTION 'nothing is closed before it is over, as % is not', NEW.upto USING ERRCODE = 'LG008';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_closing_follows BEFORE INSERT ON ledger_closing
    FOR EACH ROW EXECUTE FUNCTION ledger_closings_follow();

CREATE FUNCTION ledger_written(said text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(replace(replace(replace(said, E'\\', E'\\\\'), E'\t', E'\\t'), E'\n', E'\\n'), E'\r', E'\\r')
$$;

CREATE FUNCTION ledger_written(moment timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

CREATE FUNCTION ledger_mode(livemode boolean) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN livemode THEN 'live' ELSE 'test' END
$$;

-- Each transaction's leaf. An entry that disagrees with its transaction or its account about anything is none of its: it
-- stands alone, as a leaf of no header.
CREATE FUNCTION ledger_leaves(p_after timestamptz, p_upto timestamptz, p_merchant uuid) RETURNS TABLE (
    merchant_id uuid, livemode boolean, posted_at timestamptz, id uuid, entries bigint, leaf bytea
) LANGUAGE sql STABLE AS $$
    SELECT coalesce(t.merchant_id, e.merchant_id), coalesce(t.livemode, e.livemode),
        coalesce(t.posted_at, e.posted_at), coalesce(t.id, e.transaction_id), coalesce(e.entries, 0),
        sha256(convert_to(concat_ws(E'\n', t.header, e.lines), 'UTF8'))
    FROM (
        SELECT h.merchant_id, h.livemode, h.posted_at, h.effective_at, h.id,
            concat_ws(E'\t', h.id, h.merchant_id, ledger_mode(h.livemode), ledger_written(h.kind),
                ledger_written(h.source), coalesce(h.reverses::text, ''), ledger_written(h.memo),
                ledger_written(h.effective_at), ledger_written(h.posted_at)) AS header
        FROM ledger_transaction h
        WHERE h.posted_at >= p_after AND h.posted_at < p_upto AND (p_merchant IS NULL OR h.merchant_id = p_merchant)
    ) t
    FULL JOIN (
        SELECT l.merchant_id, l.transaction_id, l.livemode, l.posted_at, l.effective_at, count(*) AS entries,
            string_agg(concat_ws(E'\t', l.line, l.type, a.code, l.currency, l.amount), E'\n' ORDER BY l.line) AS lines
        FROM ledger_entry l
        LEFT JOIN ledger_account a ON a.merchant_id = l.merchant_id AND a.id = l.account_id AND a.livemode = l.livemode
            AND a.currency = l.currency AND a.guarded = l.guarded
        WHERE l.posted_at >= p_after AND l.posted_at < p_upto AND (p_merchant IS NULL OR l.merchant_id = p_merchant)
        GROUP BY l.merchant_id, l.transaction_id, l.livemode, l.posted_at, l.effective_at
    ) e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id AND e.livemode = t.livemode
        AND e.posted_at = t.posted_at AND e.effective_at = t.effective_at
$$;

-- What a seal says of each book that had anything posted in the range.
CREATE FUNCTION ledger_contents(p_after timestamptz, p_upto timestamptz, p_merchant uuid) RETURNS TABLE (
    merchant_id uuid, livemode boolean, transactions bigint, entries bigint, sums text, content bytea
) LANGUAGE sql STABLE AS $$
    SELECT b.merchant_id, b.livemode, b.transactions, b.entries, coalesce(s.sums, ''), b.content
    FROM (
        SELECT l.merchant_id, l.livemode, count(*) AS transactions, sum(l.entries)::bigint AS entries,
            sha256(string_agg(l.leaf, '' ORDER BY l.posted_at, l.id)) AS content
        FROM ledger_leaves(p_after, p_upto, p_merchant) l
        GROUP BY l.merchant_id, l.livemode
    ) b
    LEFT JOIN (
        SELECT d.merchant_id, d.livemode,
            string_agg(d.currency || ' ' || d.debits, ' ' ORDER BY d.currency COLLATE "C") AS sums
        FROM (
            SELECT e.merchant_id, e.livemode, e.currency, sum(e.amount) AS debits
            FROM ledger_entry e
            WHERE e.posted_at >= p_after AND e.posted_at < p_upto AND e.type = 'DEBIT'
                AND (p_merchant IS NULL OR e.merchant_id = p_merchant)
            GROUP BY e.merchant_id, e.livemode, e.currency
        ) d
        GROUP BY d.merchant_id, d.livemode
    ) s ON s.merchant_id = b.merchant_id AND s.livemode = b.livemode
$$;

CREATE FUNCTION ledger_hash_of(s ledger_seal) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(concat_ws(E'\t', 'paygate seal 1', s.merchant_id, ledger_mode(s.livemode), s.number,
        ledger_written(s.after), ledger_written(s.upto), s.transactions, s.entries, s.sums, encode(s.content, 'hex'),
        encode(s.previous, 'hex')), 'UTF8'))
$$;

-- Of a roll, from the seals that are there.
CREATE FUNCTION ledger_hash_of(r ledger_roll) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(concat_ws(E'\t', 'paygate roll 1', ledger_mode(r.livemode), ledger_written(c.after),
            ledger_written(c.upto), r.seals, encode(r.previous, 'hex')), 'UTF8')
        || coalesce((
            SELECT string_agg(s.hash, '' ORDER BY s.merchant_id) FROM ledger_seal s
            WHERE s.upto = r.upto AND s.livemode = r.livemode
        ), ''))
    FROM ledger_closing c WHERE c.upto = r.upto
$$;

-- The chain is made here, whatever whoever inserts says of it.
CREATE FUNCTION ledger_chain_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last ledger_seal;
BEGIN
    SELECT s.* INTO last FROM ledger_seal s
        WHERE s.merchant_id = NEW.merchant_id AND s.livemode = NEW.livemode ORDER BY s.number DESC LIMIT 1;
    NEW.after := (SELECT c.after FROM ledger_closing c WHERE c.upto = NEW.upto);
    IF NEW.after < last.upto THEN
        RAISE EXCEPTION 'seal % of merchant % covers that already', last.number, NEW.merchant_id
            USING ERRCODE = 'LG008';
    END IF;
    NEW.number := coalesce(last.number, 0) + 1;
    NEW.previous := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    NEW.hash := ledger_hash_of(NEW);
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_seal_chained BEFORE INSERT ON ledger_seal
    FOR EACH ROW EXECUTE FUNCTION ledger_chain_seal();

CREATE FUNCTION ledger_chain_roll() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last ledger_roll;
BEGIN
    SELECT r.* INTO last FROM ledger_roll r WHERE r.livemode = NEW.livemode ORDER BY r.upto DESC LIMIT 1;
    IF coalesce(last.upto, to_timestamp(0)) IS DISTINCT FROM (
        SELECT c.after FROM ledger_closing c WHERE c.upto = NEW.upto
    ) THEN
        RAISE EXCEPTION 'the roll of % does not follow that of %', NEW.upto, last.upto USING ERRCODE = 'LG008';
    END IF;
    NEW.seals := (SELECT count(*) FROM ledger_seal s WHERE s.upto = NEW.upto AND s.livemode = NEW.livemode);
    NEW.previous := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    NEW.hash := ledger_hash_of(NEW);
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_roll_chained BEFORE INSERT ON ledger_roll
    FOR EACH ROW EXECUTE FUNCTION ledger_chain_roll();

-- A closing that has its roll has all its seals.
CREATE FUNCTION ledger_seals_come_before_the_roll() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM written w JOIN ledger_roll r ON r.livemode = w.livemode AND r.upto = w.upto) THEN
        RAISE EXCEPTION 'a seal for a closing that has its roll' USING ERRCODE = 'LG008';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_seal_before_the_roll AFTER INSERT ON ledger_seal
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION ledger_seals_come_before_the_roll();

-- Seal all books for a closing that nobody can add to any more (ledger.seals knows when); how many seals.
CREATE FUNCTION ledger_seal_closing(p_upto timestamptz) RETURNS bigint LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    sealed bigint;
BEGIN
    INSERT INTO ledger_seal (merchant_id, livemode, upto, transactions, entries, sums, content)
        SELECT b.merchant_id, b.livemode, c.upto, b.transactions, b.entries, b.sums, b.content
        FROM ledger_closing c, LATERAL ledger_contents(c.after, c.upto, NULL) b
        WHERE c.upto = p_upto;
    GET DIAGNOSTICS sealed = ROW_COUNT;
    INSERT INTO ledger_roll (livemode, upto) VALUES (false, p_upto), (true, p_upto);
    RETURN sealed;
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE ALL ON ledger_closing, ledger_seal, ledger_roll FROM paygate_app;
        GRANT SELECT, INSERT ON ledger_closing, ledger_seal, ledger_roll TO paygate_app;
    END IF;
END $$;
