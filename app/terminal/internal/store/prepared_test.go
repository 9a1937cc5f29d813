package store

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
)

// TestStatementsAreKeptAndShared: a statement that is asked for while its own rows
// are open, or after a failure, works as if nothing were kept.
func TestStatementsAreKeptAndShared(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), FileName), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const put, get = "INSERT INTO secret (name, value) VALUES (?, ?)", "SELECT name FROM secret WHERE value = ? ORDER BY name"
	names := func(tx *sql.Tx, value string, inner func(name string)) (found []string) {
		rows, err := tx.Query(get, []byte(value))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			found = append(found, name)
			inner(name)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return found
	}
	for round := range 3 {
		err = db.Tx(t.Context(), func(tx *sql.Tx) error {
			for _, row := range [][2]string{{"a", "x"}, {"b", "x"}, {"c", "y"}} {
				if _, err := tx.Exec(put, row[0], []byte(row[1])); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(put, "a", []byte("again")); err == nil {
				t.Error("a name was taken twice")
			}
			inner := 0
			outer := names(tx, "x", func(string) { inner += len(names(tx, "y", func(string) {})) })
			if len(outer) != 2 || inner != 2 {
				t.Errorf("round %d: %q, %d inside", round, outer, inner)
			}
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Fatal(err)
		}
	}
	if err := db.Tx(t.Context(), func(tx *sql.Tx) error {
		if left := names(tx, "x", func(string) {}); len(left) != 0 {
			t.Errorf("%q are left of what was undone", left)
		}
		_, err := tx.Exec("ALTER TABLE secret ADD COLUMN more TEXT")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(put, "d", []byte("z")); return err }); err != nil {
		t.Errorf("after the table changed: %v", err)
	}
}

var errUndo = errors.New("undo")
