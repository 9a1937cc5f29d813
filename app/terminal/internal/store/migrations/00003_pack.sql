-- +goose Up
-- The newest pack of each name that passed its checks; content is a zip file.
CREATE TABLE pack (
    name       TEXT PRIMARY KEY,
    version    TEXT    NOT NULL,
    etag       TEXT    NOT NULL,
    fetched_at INTEGER NOT NULL,
    content    BLOB    NOT NULL
) STRICT;

-- +goose Down
DROP TABLE pack;
