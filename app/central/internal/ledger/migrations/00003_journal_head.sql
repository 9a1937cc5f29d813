-- +goose Up
-- The highest head of each terminal's journal, and the first that did not fit.
CREATE TABLE journal_head (
	terminal   TEXT    PRIMARY KEY,
	seq        BIGINT  NOT NULL,
	hash       TEXT    NOT NULL,
	note       TEXT    NOT NULL,
	key        TEXT    NOT NULL,
	seen_at    BIGINT  NOT NULL,
	alarm      TEXT    NOT NULL,
	alarm_at   BIGINT  NOT NULL,
	alarm_note TEXT    NOT NULL
);

-- +goose Down
DROP TABLE journal_head;
