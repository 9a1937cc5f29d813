-- +goose Up
-- Each evacuation that was adopted or taken back; of others nobody told.
CREATE TABLE evacuation (
	id           TEXT    PRIMARY KEY,
	terminal     TEXT    NOT NULL,
	applications INTEGER NOT NULL,
	statement    TEXT    NOT NULL,
	made_at      BIGINT  NOT NULL,
	adopter      TEXT    NOT NULL,
	adopted_at   BIGINT  NOT NULL,
	cancelled_at BIGINT  NOT NULL
);
CREATE INDEX evacuation_terminal ON evacuation (terminal);

-- Who alone may send an application that was ever adopted: holder, or its own
-- terminal again when that is empty.
CREATE TABLE fence (
	application TEXT PRIMARY KEY,
	origin      TEXT NOT NULL,
	holder      TEXT NOT NULL,
	evacuation  TEXT NOT NULL REFERENCES evacuation (id)
);
CREATE INDEX fence_evacuation ON fence (evacuation);

-- +goose Down
DROP TABLE fence;
DROP TABLE evacuation;
