-- +goose Up
-- How often the terminal has shown which lines lead to a higher head, and how many
-- higher heads have come since without them.
ALTER TABLE journal_head ADD COLUMN proofs BIGINT NOT NULL DEFAULT 0;
ALTER TABLE journal_head ADD COLUMN unproven BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE journal_head DROP COLUMN unproven;
ALTER TABLE journal_head DROP COLUMN proofs;
