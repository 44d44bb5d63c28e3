-- The inbox: what PSPs told us, each thing once however often it is told. A row is for ever, since its key is what
-- makes the thing happen once; only its payload is emptied in the end.
--
-- Whose it is, is known only after it was read, so the merchant is not in the key. On many machines the table is
-- distributed by `key`: the primary key holds it, a delivery's rows are each written on one shard, and the question
-- of what is due is asked on each shard. Nothing joins it.

CREATE TABLE psp_event (
    id          uuid        NOT NULL,
    psp         text        NOT NULL,
    livemode    boolean     NOT NULL,
    key         text        NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    kind        text        NOT NULL,
    payload     jsonb,
    said_at     timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    state       text        NOT NULL DEFAULT 'received'
        CHECK (state IN ('received', 'applied', 'irrelevant', 'quarantined', 'set_aside')),
    result      text        NOT NULL DEFAULT '',
    why         text        NOT NULL DEFAULT '',
    tries       integer     NOT NULL DEFAULT 0 CHECK (tries >= 0),
    next_try_at timestamptz,
    settled_at  timestamptz,
    decided_by  text        NOT NULL DEFAULT '',
    decided_why text        NOT NULL DEFAULT '',
    decided_at  timestamptz,
    PRIMARY KEY (psp, livemode, key),
    CONSTRAINT psp_event_has_its_turn_while_it_waits CHECK ((state = 'received') = (next_try_at IS NOT NULL)),
    CONSTRAINT psp_event_is_settled_or_not
        CHECK ((state IN ('applied', 'irrelevant', 'set_aside')) = (settled_at IS NOT NULL)),
    CONSTRAINT psp_event_keeps_what_is_needed CHECK (payload IS NOT NULL OR settled_at IS NOT NULL),
    CONSTRAINT psp_event_decision_has_a_name_and_a_reason
        CHECK ((decided_at IS NULL) = (decided_by = '') AND (decided_at IS NULL) = (decided_why = '')),
    CONSTRAINT psp_event_is_set_aside_by_somebody CHECK (state <> 'set_aside' OR decided_at IS NOT NULL)
) WITH (fillfactor = 70);

-- The back office's pages.
CREATE INDEX psp_event_id ON psp_event (id);
-- Whose turn is it? The only question of the applying tasks.
CREATE INDEX psp_event_due ON psp_event (psp, next_try_at) WHERE state = 'received';
-- What waits for a person.
CREATE INDEX psp_event_for_a_person ON psp_event (id) WHERE state = 'quarantined';
-- Whose payload is there still, oldest first.
CREATE INDEX psp_event_full ON psp_event (received_at) WHERE payload IS NOT NULL;

-- Legal transitions only; the same arrows are drawn on the model (a test compares).
CREATE FUNCTION psp_event_arrows() RETURNS TABLE (source text, target text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('received', 'applied'), ('received', 'irrelevant'), ('received', 'quarantined'),
           ('quarantined', 'received'), ('quarantined', 'set_aside')
$$;

CREATE FUNCTION psp_event_moves_legally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.settled_at IS NOT NULL THEN
        RAISE EXCEPTION 'PSP event %: settled already', OLD.id USING ERRCODE = 'PG041';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM psp_event_arrows() WHERE source = OLD.state AND target = NEW.state
    ) THEN
        RAISE EXCEPTION 'PSP event %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'PG041';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER psp_event_moves_legally
    BEFORE UPDATE OF state, result, why, tries, next_try_at, settled_at, decided_by, decided_why, decided_at ON psp_event
    FOR EACH ROW WHEN (NEW.state <> OLD.state OR OLD.settled_at IS NOT NULL)
    EXECUTE FUNCTION psp_event_moves_legally();

-- What was said never changes; its payload may be emptied. (A trigger of these columns alone: a payload is not
-- unpacked and compared each time that its event has its turn.)
CREATE FUNCTION psp_event_keeps_what_was_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.psp, NEW.livemode, NEW.key, NEW.kind, NEW.said_at, NEW.received_at)
            IS DISTINCT FROM (OLD.id, OLD.psp, OLD.livemode, OLD.key, OLD.kind, OLD.said_at, OLD.received_at)
        OR (NEW.payload IS NOT NULL AND NEW.payload IS DISTINCT FROM OLD.payload) THEN
        RAISE EXCEPTION 'PSP event %: what was said never changes', OLD.id USING ERRCODE = 'PG042';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER psp_event_keeps_what_was_said
    BEFORE UPDATE OF id, psp, livemode, key, kind, payload, said_at, received_at ON psp_event
    FOR EACH ROW EXECUTE FUNCTION psp_event_keeps_what_was_said();

-- Whoever forgets that it was told, does it twice.
CREATE FUNCTION psp_event_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused: what was told is kept', TG_OP, TG_TABLE_NAME USING ERRCODE = 'PG043';
END $$;

CREATE TRIGGER psp_event_is_kept BEFORE DELETE ON psp_event FOR EACH ROW EXECUTE FUNCTION psp_event_is_kept();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        REVOKE DELETE, TRUNCATE ON psp_event FROM paygate_app;
    END IF;
END $$;
