-- +goose Up
-- The queue may be carried to another terminal in a file. state evacuated: it has
-- left with that file (left_by), or the central said that another terminal holds
-- it (reason fenced). An entry that came in a file (came_by) is sealed with the
-- place that it had in its own terminal's queue (sealed_seq); here its place is
-- below zero, so that it never meets one that is filed meanwhile. There is no way
-- back.
CREATE TABLE outbox_carried (
    seq           INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    reference     TEXT    NOT NULL,
    service       TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'in_flight', 'retry', 'accepted', 'parked', 'evacuated')),
    attempts      INTEGER NOT NULL DEFAULT 0,
    due_at        INTEGER CHECK ((due_at IS NULL) = (state IN ('accepted', 'parked', 'evacuated'))),
    filed_at      INTEGER NOT NULL,
    promised_at   INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    code          TEXT    NOT NULL DEFAULT '',
    reason        TEXT    NOT NULL DEFAULT '',
    digest        TEXT    NOT NULL,
    order_key     TEXT,
    left_by       TEXT    NOT NULL DEFAULT '',
    came_by       TEXT    NOT NULL DEFAULT '',
    sealed_seq    INTEGER CHECK ((sealed_seq IS NULL) = (came_by = '')),
    ack           TEXT    CHECK ((ack IS NOT NULL) = (state = 'accepted')),
    held          INTEGER NOT NULL DEFAULT 0,
    in_open       INTEGER NOT NULL DEFAULT 0,
    mark          BLOB,
    suite         TEXT    NOT NULL DEFAULT '',
    schema        TEXT    NOT NULL DEFAULT '',
    central_key   TEXT    NOT NULL DEFAULT '' CHECK ((central_key = '') = (wrap_central IS NULL)),
    wrap_central  BLOB    CHECK (wrap_central IS NULL OR state <> 'accepted'),
    wrap_terminal BLOB    CHECK (wrap_terminal IS NULL OR state <> 'accepted'),
    body          BLOB    CHECK ((body IS NULL) = (state = 'accepted')),
    CHECK (body IS NULL OR suite = '' OR wrap_central IS NOT NULL OR wrap_terminal IS NOT NULL)
) STRICT;
INSERT INTO outbox_carried
    (seq, id, reference, service, state, attempts, due_at, filed_at, promised_at, changed_at, code, reason, digest, order_key, ack,
    held, in_open, mark, suite, schema, central_key, wrap_central, wrap_terminal, body)
    SELECT seq, id, reference, service, state, attempts, due_at, filed_at, promised_at, changed_at, code, reason, digest, order_key, ack,
    held, in_open, mark, suite, schema, central_key, wrap_central, wrap_terminal, body
    FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_carried RENAME TO outbox;
CREATE INDEX outbox_due   ON outbox (due_at)    WHERE due_at IS NOT NULL;
CREATE INDEX outbox_order ON outbox (order_key) WHERE order_key IS NOT NULL;

-- The files that were made here. As long as one is closed, nothing is taken.
CREATE TABLE evacuation (
    id           TEXT    PRIMARY KEY,
    applications INTEGER NOT NULL,
    statement    TEXT    NOT NULL,
    file         TEXT    NOT NULL,
    made_at      INTEGER NOT NULL,
    undone_at    INTEGER,
    closed       INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

-- The files that were adopted here.
CREATE TABLE adoption (
    id           TEXT    PRIMARY KEY,
    terminal     TEXT    NOT NULL,
    applications INTEGER NOT NULL,
    adopted_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
