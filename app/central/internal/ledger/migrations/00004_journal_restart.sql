-- +goose Up
-- A terminal's journal begins anew when its store was damaged; the generation counts
-- that. The highest head of each journal before the one that grows now is kept.
ALTER TABLE journal_head ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;

CREATE TABLE journal_earlier (
	terminal   TEXT   NOT NULL,
	generation BIGINT NOT NULL,
	seq        BIGINT NOT NULL,
	hash       TEXT   NOT NULL,
	note       TEXT   NOT NULL,
	key        TEXT   NOT NULL,
	seen_at    BIGINT NOT NULL,
	PRIMARY KEY (terminal, generation)
);

-- +goose Down
DROP TABLE journal_earlier;
ALTER TABLE journal_head DROP COLUMN generation;
