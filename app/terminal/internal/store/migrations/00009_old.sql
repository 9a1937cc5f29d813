-- +goose Up
-- The rows of older programs that are still to be sealed: there are none, and to
-- know that takes no look at the others.
CREATE INDEX outbox_old ON outbox (seq) WHERE suite = '' AND body IS NOT NULL;

-- +goose Down
DROP INDEX outbox_old;
