-- +goose Up
-- One row a print; the entry's row in the outbox may be gone by then. State
-- unknown is written before the first byte leaves for the printer, so that
-- whatever ends the program later, the row claims nothing.
CREATE TABLE slip (
    seq         INTEGER PRIMARY KEY,
    entry       TEXT    NOT NULL,
    print       INTEGER NOT NULL CHECK (print >= 1),
    state       TEXT    NOT NULL CHECK (state IN ('prepared', 'unknown', 'sent', 'confirmed', 'taken', 'retracted')),
    running     INTEGER NOT NULL DEFAULT 0 CHECK (running = 0 OR state = 'unknown'),
    level       INTEGER NOT NULL DEFAULT 0,
    cause       TEXT    NOT NULL DEFAULT '',
    length      INTEGER NOT NULL DEFAULT 0,
    prepared_at INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    UNIQUE (entry, print)
) STRICT;

-- The roll that is in the printer: what it measured when it was put in and what
-- was fed since, both in mm.
CREATE TABLE roll (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    length   INTEGER NOT NULL,
    fed      INTEGER NOT NULL,
    state    TEXT    NOT NULL CHECK (state IN ('ok', 'near', 'out')),
    since    INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE roll;
DROP TABLE slip;
