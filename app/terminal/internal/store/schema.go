package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode"
)

// checkSchema holds the tables' shapes against those that the migrations make: a
// name that has changed by a bit is one that no check of SQLite's would find. A
// file of a newer program may have more. Triggers only guard: one that somebody took
// out is no damage, and the journal's chain shows what for.
func (s *Store) checkSchema(ctx context.Context) error {
	model, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	model.SetMaxOpenConns(1) // each connection would have a memory of its own
	if err := migrate(ctx, model); err != nil {
		return errors.Join(err, model.Close())
	}
	want, version, err := schema(ctx, model)
	if err = errors.Join(err, model.Close()); err != nil {
		return err
	}
	have, newer, err := schema(ctx, s.write)
	if err != nil {
		return err
	}
	if newer <= version && !maps.Equal(have, want) {
		return Damaged(errors.New("its tables are not those that are made here"))
	}
	return nil
}

// unimportant is what SQLite of another version may write otherwise when it renames.
func unimportant(r rune) bool { return r == '"' || unicode.IsSpace(r) }

// schema reads what the file says of its tables, and the newest migration.
func schema(ctx context.Context, db *sql.DB) (shapes map[string]string, version int64, err error) {
	rows, err := db.QueryContext(ctx, "SELECT type || ' ' || name || ' ' || tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE type <> 'trigger'")
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	shapes = map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, 0, err
		}
		shapes[name] = strings.Join(strings.FieldsFunc(text, unimportant), "")
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	if err := db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&version); err != nil {
		return nil, 0, Damaged(fmt.Errorf("read its version: %w", err))
	}
	return shapes, version, nil
}
