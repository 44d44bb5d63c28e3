-- Lists of the back office that somebody gave a name to.

CREATE TABLE saved_list (
    id         uuid        PRIMARY KEY,
    page       text        NOT NULL,
    name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    query      text        NOT NULL CHECK (length(query) <= 2000),
    owner      text        NOT NULL CHECK (owner <> ''),
    shared     boolean     NOT NULL,
    created_at timestamptz NOT NULL
);

-- A person gives a name once on a page; what is saved under it again takes its place.
CREATE UNIQUE INDEX saved_list_name ON saved_list (page, owner, name);

-- By what the audit log is filtered.
CREATE INDEX audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_act ON audit_entry (act, position);
CREATE INDEX audit_entry_kind ON audit_entry (kind, position);
