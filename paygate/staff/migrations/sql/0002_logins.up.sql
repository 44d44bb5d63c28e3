-- Logins of staff: second factors, recovery codes, sessions, and wrong guesses.

CREATE TABLE staff_authenticator (
    id            uuid        PRIMARY KEY,
    user_id       integer     NOT NULL REFERENCES auth_user ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    kind          text        NOT NULL CHECK (kind IN ('app', 'passkey')),
    name          text        NOT NULL CHECK (name <> ''),
    secret        bytea,
    credential_id bytea       UNIQUE,
    credential    bytea,
    count         bigint      NOT NULL CHECK (count >= 0),
    created_at    timestamptz NOT NULL,
    used_at       timestamptz,
    CHECK ((kind = 'app') = (secret IS NOT NULL)),
    CHECK ((kind = 'passkey') = (credential_id IS NOT NULL)),
    CHECK ((kind = 'passkey') = (credential IS NOT NULL))
);
CREATE INDEX staff_authenticator_user ON staff_authenticator (user_id);

CREATE TABLE staff_recovery_code (
    digest  bytea       PRIMARY KEY CHECK (length(digest) = 32),
    user_id integer     NOT NULL REFERENCES auth_user ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    made_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX staff_recovery_code_user ON staff_recovery_code (user_id);

CREATE TABLE staff_session (
    session_key  varchar(40) PRIMARY KEY,
    session_data text        NOT NULL,
    expire_date  timestamptz NOT NULL,
    user_id      integer     REFERENCES auth_user ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    begun_at     timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    address      text        NOT NULL,
    agent        text        NOT NULL
);
CREATE INDEX staff_session_user ON staff_session (user_id, begun_at);
CREATE INDEX staff_session_expires ON staff_session (expire_date);

CREATE TABLE staff_guess (
    what     text        NOT NULL,
    name     text        NOT NULL,
    address  text        NOT NULL,
    failures integer     NOT NULL,
    last_at  timestamptz NOT NULL,
    free_at  timestamptz NOT NULL,
    PRIMARY KEY (what, name, address)
);
CREATE INDEX staff_guess_last ON staff_guess (last_at);

-- Whoever gets another password, or is staff no longer, is logged out everywhere, by whatever way it was written.
CREATE FUNCTION staff_end_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM staff_session WHERE user_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER staff_sessions_end AFTER UPDATE OF password, is_active, is_staff ON auth_user FOR EACH ROW
    WHEN (NEW.password <> OLD.password OR NOT NEW.is_active OR NOT NEW.is_staff)
    EXECUTE FUNCTION staff_end_sessions();
