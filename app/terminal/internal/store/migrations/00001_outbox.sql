-- +goose Up
-- due_at is the next attempt or the end of the lease, NULL when the entry is
-- final; the body stands last so that listing never reads its overflow pages.
CREATE TABLE outbox (
    seq         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    reference   TEXT    NOT NULL,
    service     TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('pending', 'in_flight', 'retry', 'accepted', 'parked')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_at      INTEGER CHECK ((due_at IS NULL) = (state IN ('accepted', 'parked'))),
    filed_at    INTEGER NOT NULL,
    promised_at INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    code        TEXT    NOT NULL DEFAULT '',
    reason      TEXT    NOT NULL DEFAULT '',
    digest      TEXT    NOT NULL,
    order_key   TEXT,
    ack         TEXT    CHECK ((ack IS NOT NULL) = (state = 'accepted')),
    body        BLOB    CHECK ((body IS NULL) = (state = 'accepted'))
) STRICT;
CREATE INDEX outbox_due   ON outbox (due_at)    WHERE due_at IS NOT NULL;
CREATE INDEX outbox_order ON outbox (order_key) WHERE order_key IS NOT NULL;

-- The serial of a day (MMDD) goes on from one year to the next, so a reference
-- never comes twice from one file.
CREATE TABLE reference_serial (
    day TEXT PRIMARY KEY,
    n   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Random values made once per file, such as the key of the order keys.
CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE secret;
DROP TABLE reference_serial;
DROP TABLE outbox;
