-- The audit log: who did what. Written in ink, numbered without a gap, each entry chained to the one before it.

CREATE TABLE audit_entry (
    position    bigint      PRIMARY KEY,
    at          timestamptz NOT NULL,
    by          text        NOT NULL,
    roles       text[]      NOT NULL,
    act         text        NOT NULL CHECK (act <> ''),
    outcome     text        NOT NULL CHECK (outcome IN ('asked', 'done', 'refused', 'failed', 'seen')),
    answers     bigint      REFERENCES audit_entry (position),
    kind        text        NOT NULL,
    subject     text        NOT NULL,
    merchant_id uuid,
    because     text        NOT NULL,
    before      jsonb,
    after       jsonb,
    details     jsonb       NOT NULL,
    request_id  text        NOT NULL,
    address     text        NOT NULL,
    digest      bytea       NOT NULL CHECK (length(digest) = 32)
);

-- What was done to a thing, and what a person did.
CREATE INDEX audit_entry_subject ON audit_entry (subject, position);
CREATE INDEX audit_entry_by ON audit_entry (by, position);
-- What was asked for and has no end: it died in the middle, or is being done.
CREATE UNIQUE INDEX audit_entry_answers ON audit_entry (answers) WHERE answers IS NOT NULL;

-- How far the log goes, and the digest of its last entry: whoever writes holds this row.
CREATE TABLE audit_head (
    is_head  boolean PRIMARY KEY DEFAULT true CHECK (is_head),
    position bigint  NOT NULL,
    digest   bytea   NOT NULL
);

-- What an entry is chained by: everything it says, as one text, after the digest before it.
CREATE FUNCTION audit_digest(before bytea, entry audit_entry) RETURNS bytea LANGUAGE sql STABLE
    SET timezone = 'UTC' SET search_path = public, pg_temp AS $$
    SELECT sha256(before || convert_to(jsonb_build_array(
        entry.position, to_char(entry.at, 'YYYY-MM-DD"T"HH24:MI:SS.US'), entry.by, to_jsonb(entry.roles), entry.act,
        entry.outcome, entry.answers, entry.kind, entry.subject, entry.merchant_id, entry.because, entry.before,
        entry.after, entry.details, entry.request_id, entry.address)::text, 'UTF8'))
$$;

-- The only way into the log. Entries are written one after the other.
CREATE FUNCTION audit_write(told jsonb) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    head  audit_head;
    entry audit_entry;
BEGIN
    INSERT INTO audit_head (position, digest) VALUES (0, sha256('')) ON CONFLICT DO NOTHING;
    SELECT * INTO head FROM audit_head FOR UPDATE;
    entry.position := head.position + 1;
    entry.at := (told->>'at')::timestamptz;
    entry.by := told->>'by';
    entry.roles := ARRAY(SELECT jsonb_array_elements_text(told->'roles'));
    entry.act := told->>'act';
    entry.outcome := told->>'outcome';
    entry.answers := (told->>'answers')::bigint;
    entry.kind := told->>'kind';
    entry.subject := told->>'subject';
    entry.merchant_id := (told->>'merchant_id')::uuid;
    entry.because := told->>'because';
    entry.before := nullif(told->'before', 'null');
    entry.after := nullif(told->'after', 'null');
    entry.details := told->'details';
    entry.request_id := told->>'request_id';
    entry.address := told->>'address';
    entry.digest := audit_digest(head.digest, entry);
    INSERT INTO audit_entry VALUES (entry.*);
    UPDATE audit_head SET position = entry.position, digest = entry.digest;
    RETURN entry.position;
END $$;

CREATE FUNCTION audit_is_in_ink() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is written in ink: % refused', TG_OP USING ERRCODE = 'PG141';
END $$;

CREATE TRIGGER audit_entry_in_ink BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_is_in_ink();
CREATE TRIGGER audit_entry_not_emptied BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_in_ink();
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_is_in_ink();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE ALL ON audit_entry, audit_head FROM paygate_app;
        GRANT SELECT ON audit_entry, audit_head TO paygate_app;
    END IF;
END $$;
