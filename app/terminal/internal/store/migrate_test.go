package store

import (
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"
)

// before makes the file as a program did that knew migrations up to version only,
// and has it write something.
func before(t *testing.T, path string, version int64, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, Options{}, true))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestEntriesFromBeforeSealingAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	before(t, path, 3,
		`INSERT INTO outbox (seq, id, reference, service, state, attempts, due_at, filed_at, promised_at, changed_at, digest, order_key, body)
			VALUES (7, 'A', 'PT01-1124-0007-R', 's', 'retry', 3, 40, 10, 20, 30, 'd', 'k', x'0102')`,
		`INSERT INTO outbox (seq, id, reference, service, state, filed_at, promised_at, changed_at, digest, ack)
			VALUES (8, 'B', 'PT01-1124-0008-R', 's', 'accepted', 10, 20, 30, 'd', '{}')`,
		`INSERT INTO secret (name, value) VALUES ('order_key', x'00'), ('other', x'01')`)
	s := openTest(t, path, Options{})
	var body []byte
	var suite, state string
	var entries, secrets int
	err := s.View(t.Context(), func(tx *sql.Tx) error {
		return errors.Join(
			tx.QueryRow("SELECT body, suite FROM outbox WHERE seq = 7 AND id = 'A' AND attempts = 3 AND due_at = 40 AND order_key = 'k' AND digest = 'd'").Scan(&body, &suite),
			tx.QueryRow("SELECT state FROM outbox WHERE seq = 8 AND ack = '{}' AND body IS NULL").Scan(&state),
			tx.QueryRow("SELECT count(*) FROM outbox").Scan(&entries),
			tx.QueryRow("SELECT count(*) FROM secret").Scan(&secrets))
	})
	if err != nil || string(body) != "\x01\x02" || suite != "" || state != "accepted" || entries != 2 || secrets != 1 {
		t.Errorf("body %x of suite %q, state %s, %d entries, %d secrets, %v", body, suite, state, entries, secrets, err)
	}
}

// Entries of a program that knew no evacuation are kept whole.
func TestEntriesFromBeforeEvacuationsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	before(t, path, 5,
		`INSERT INTO outbox (seq, id, reference, service, state, attempts, due_at, filed_at, promised_at, changed_at, code, digest, order_key,
			held, mark, suite, schema, central_key, wrap_central, wrap_terminal, body)
			VALUES (7, 'A', 'r', 's', 'retry', 3, 40, 10, 20, 30, 'c', 'd', 'k', 1, x'04', 'leye-1', 'application-1', 'f', x'05', x'06', x'0102')`,
		`INSERT INTO outbox (seq, id, reference, service, state, filed_at, promised_at, changed_at, reason, digest, in_open, suite, schema, wrap_terminal, body)
			VALUES (8, 'B', 'r', 's', 'parked', 10, 20, 30, 'gone', 'd', 1, 'leye-1', 'application-1', x'06', x'03')`)
	s := openTest(t, path, Options{})
	err := s.View(t.Context(), func(tx *sql.Tx) error {
		for _, where := range []string{
			`seq = 7 AND id = 'A' AND state = 'retry' AND attempts = 3 AND due_at = 40 AND filed_at = 10 AND promised_at = 20 AND changed_at = 30
				AND code = 'c' AND digest = 'd' AND order_key = 'k' AND held = 1 AND mark = x'04' AND suite = 'leye-1' AND schema = 'application-1'
				AND central_key = 'f' AND wrap_central = x'05' AND wrap_terminal = x'06' AND body = x'0102' AND left_by = '' AND came_by = '' AND sealed_seq IS NULL`,
			`seq = 8 AND id = 'B' AND state = 'parked' AND reason = 'gone' AND in_open = 1 AND wrap_terminal = x'06' AND body = x'03'`,
		} {
			var n int
			if err := tx.QueryRow("SELECT count(*) FROM outbox WHERE " + where).Scan(&n); err != nil || n != 1 {
				t.Errorf("%d rows where %s, %v", n, where, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The table itself keeps anything from being kept that nobody could open, and
// any key from outliving what it opens.
func TestTheTableRefusesWhatNobodyCouldRead(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), FileName), Options{})
	const columns = "INSERT INTO outbox (id, reference, service, filed_at, promised_at, changed_at, digest, state, due_at, suite, ack, body, wrap_central, central_key, wrap_terminal) VALUES ('A', 'r', 's', 1, 1, 1, 'd', "
	for name, values := range map[string]string{
		"no wrap":              "'pending', 1, 'leye-1', NULL, x'00', NULL, '', NULL)",
		"a wrap for nobody":    "'pending', 1, 'leye-1', NULL, x'00', x'00', '', NULL)",
		"a wrap after the end": "'accepted', NULL, 'leye-1', '{}', NULL, NULL, '', x'00')",
	} {
		err := s.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(columns + values); return err })
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	err := s.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(columns + "'pending', 1, 'leye-1', NULL, x'00', x'00', 'k', NULL)")
		return err
	})
	if err != nil {
		t.Errorf("control: %v", err)
	}
}
