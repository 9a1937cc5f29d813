-- +goose Up
-- Paper left on the printer's roll, in mm; -1 where the terminal cannot tell.
ALTER TABLE terminal ADD COLUMN paper_left BIGINT NOT NULL DEFAULT -1;

-- +goose Down
ALTER TABLE terminal DROP COLUMN paper_left;
