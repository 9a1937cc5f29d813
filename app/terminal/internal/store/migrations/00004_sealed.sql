-- +goose Up
-- Bodies stand sealed, with the wraps that let the central and, while the visit
-- lasts (held), this terminal open them. suite is '' in rows of older programs
-- until the outbox has sealed them: that takes a key, which no statement has.
-- in_open is 1 once an entry was sent unsealed, and then it must stay so: the
-- central may know it by that digest. mark tells a second attempt from another
-- application as long as the visit lasts. There is no way back.
CREATE TABLE outbox_sealed (
    seq           INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    reference     TEXT    NOT NULL,
    service       TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'in_flight', 'retry', 'accepted', 'parked')),
    attempts      INTEGER NOT NULL DEFAULT 0,
    due_at        INTEGER CHECK ((due_at IS NULL) = (state IN ('accepted', 'parked'))),
    filed_at      INTEGER NOT NULL,
    promised_at   INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    code          TEXT    NOT NULL DEFAULT '',
    reason        TEXT    NOT NULL DEFAULT '',
    digest        TEXT    NOT NULL,
    order_key     TEXT,
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
INSERT INTO outbox_sealed
    (seq, id, reference, service, state, attempts, due_at, filed_at, promised_at, changed_at, code, reason, digest, order_key, ack, body)
    SELECT seq, id, reference, service, state, attempts, due_at, filed_at, promised_at, changed_at, code, reason, digest, order_key, ack, body
    FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_sealed RENAME TO outbox;
CREATE INDEX outbox_due   ON outbox (due_at)    WHERE due_at IS NOT NULL;
CREATE INDEX outbox_order ON outbox (order_key) WHERE order_key IS NOT NULL;

-- Order keys are hashed under the terminal's key now, not under one in this file.
DELETE FROM secret WHERE name = 'order_key';
