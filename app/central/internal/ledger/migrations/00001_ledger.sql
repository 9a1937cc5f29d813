-- Times are milliseconds since 1970-01-01 UTC. Every statement runs on SQLite
-- and on PostgreSQL.

-- +goose Up
CREATE TABLE application (
	id                TEXT   PRIMARY KEY,
	digest            TEXT   NOT NULL,
	body              TEXT   NOT NULL,
	language          TEXT   NOT NULL,
	catalogue_version TEXT   NOT NULL,
	filed_at          BIGINT NOT NULL,
	received_at       BIGINT NOT NULL
);

CREATE TABLE case_file (
	number           TEXT   PRIMARY KEY,
	application_id   TEXT   NOT NULL UNIQUE REFERENCES application (id),
	service          TEXT   NOT NULL,
	terminal         TEXT   NOT NULL,
	reference        TEXT   NOT NULL,
	query_code       TEXT   NOT NULL,
	state            TEXT   NOT NULL,
	applicant        TEXT   NOT NULL,
	applicant_masked TEXT   NOT NULL,
	accepted_at      BIGINT NOT NULL,
	due              TEXT   NOT NULL,
	desk             TEXT   NOT NULL
);
CREATE INDEX case_file_accepted ON case_file (accepted_at, number);
CREATE INDEX case_file_reference ON case_file (reference);
CREATE INDEX case_file_applicant ON case_file (applicant);
CREATE INDEX case_file_service ON case_file (service, accepted_at);
CREATE INDEX case_file_terminal ON case_file (terminal, accepted_at);

-- What happened to a case. Internal rows are for staff, not for the resident.
CREATE TABLE case_event (
	number   TEXT    NOT NULL REFERENCES case_file (number),
	seq      INTEGER NOT NULL,
	at       BIGINT  NOT NULL,
	event    TEXT    NOT NULL,
	state    TEXT    NOT NULL,
	actor    TEXT    NOT NULL,
	internal INTEGER NOT NULL,
	PRIMARY KEY (number, seq)
);

-- What intake found worth a look by staff: soft problems, an older catalogue.
CREATE TABLE case_note (
	number   TEXT    NOT NULL REFERENCES case_file (number),
	seq      INTEGER NOT NULL,
	field    TEXT    NOT NULL,
	line     INTEGER NOT NULL,
	code     TEXT    NOT NULL,
	PRIMARY KEY (number, seq)
);

-- The last serial given out, by the parts of a case number before it.
CREATE TABLE serial (
	prefix TEXT    PRIMARY KEY,
	last   INTEGER NOT NULL
);

CREATE TABLE terminal (
	id                TEXT    PRIMARY KEY,
	seen_at           BIGINT  NOT NULL,
	sent_at           BIGINT  NOT NULL,
	version           TEXT    NOT NULL,
	catalogue_version TEXT    NOT NULL,
	policies_version  TEXT    NOT NULL,
	queued            INTEGER NOT NULL,
	parked            INTEGER NOT NULL,
	oldest_queued_at  BIGINT  NOT NULL,
	conditions        TEXT    NOT NULL
);

CREATE TABLE setting (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

-- Console sessions, by the hash of their cookie, so that the file alone opens nothing.
CREATE TABLE console_session (
	token      TEXT   PRIMARY KEY,
	expires_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE console_session;
DROP TABLE setting;
DROP TABLE terminal;
DROP TABLE serial;
DROP TABLE case_note;
DROP TABLE case_event;
DROP TABLE case_file;
DROP TABLE application;
