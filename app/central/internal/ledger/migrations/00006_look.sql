-- +goose Up
-- Who had an application shown in full that no case may hold. It names the
-- application, never the person in it.
CREATE TABLE look (
	at          BIGINT NOT NULL,
	actor       TEXT   NOT NULL,
	application TEXT   NOT NULL,
	terminal    TEXT   NOT NULL,
	reference   TEXT   NOT NULL,
	digest      TEXT   NOT NULL
);
CREATE INDEX look_at ON look (at);

-- +goose Down
DROP TABLE look;
