-- +goose Up
-- Codes by their hash, so that a copy of the database enrols nobody.
CREATE TABLE enrolment_code (
	hash       TEXT   PRIMARY KEY,
	terminal   TEXT   NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at    BIGINT NOT NULL
);
CREATE INDEX enrolment_code_terminal ON enrolment_code (terminal);

CREATE TABLE certificate (
	serial     TEXT   PRIMARY KEY,
	terminal   TEXT   NOT NULL,
	key        TEXT   NOT NULL,
	issued_at  BIGINT NOT NULL,
	ends_at    BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL
);
CREATE INDEX certificate_terminal ON certificate (terminal, issued_at);

-- +goose Down
DROP TABLE certificate;
DROP TABLE enrolment_code;
