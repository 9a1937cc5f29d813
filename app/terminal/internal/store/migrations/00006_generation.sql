-- +goose Up
-- A row for each time that a damaged file was exchanged for this one or one before
-- it: n counts them from 1, quarantine names the folder of the damaged one. Places
-- and references are given in another range each time, because how far the damaged
-- file had come may not be known.
CREATE TABLE generation (
    n          INTEGER PRIMARY KEY CHECK (n >= 1),
    began_at   INTEGER NOT NULL,
    quarantine TEXT    NOT NULL
) STRICT;

-- Lines of the journals of damaged files, as far as they could be read. Each journal
-- begins with line 1 and has a chain of its own.
CREATE TABLE journal_earlier (
    generation INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    entry      TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    prev       BLOB    NOT NULL,
    hash       BLOB    NOT NULL,
    PRIMARY KEY (generation, seq)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER journal_earlier_no_update BEFORE UPDATE ON journal_earlier
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER journal_earlier_no_delete BEFORE DELETE ON journal_earlier
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE journal_earlier;
DROP TABLE generation;
