package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

func openTest(t *testing.T) (*store.Store, *Journal) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	clock := time.Date(2026, 11, 24, 8, 0, 0, 0, kiosk.China)
	return db, New(db, Options{Now: func() time.Time { clock = clock.Add(time.Second); return clock }})
}

func fill(t *testing.T, j *Journal, n int) Head {
	t.Helper()
	for i := range n {
		e := kiosk.Event{Name: fmt.Sprint("event.", i%3), Entry: kiosk.ApplicationID(fmt.Sprint("ID", i))}
		if err := j.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	head, err := j.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func TestVerifyAcceptsWhatAddWrote(t *testing.T) {
	_, j := openTest(t)
	if head, err := j.Verify(t.Context(), Head{}); err != nil || head != (Head{}) {
		t.Fatalf("empty journal: %v, %v", head, err)
	}
	early := fill(t, j, 5)
	late := fill(t, j, 5)
	for _, known := range []Head{{}, early, late} {
		if got, err := j.Verify(t.Context(), known); err != nil || got != late {
			t.Errorf("known %v: got %v, %v", known, got, err)
		}
	}
}

// Another program may have gone on, and a transaction may have been undone, since
// a journal last wrote.
func TestAddFollowsWhatIsThere(t *testing.T) {
	db, j := openTest(t)
	other := New(db, Options{})
	undone := errors.New("undone")
	for range 3 {
		fill(t, j, 1)
		fill(t, other, 2)
		fill(t, j, 2)
		if err := db.Tx(t.Context(), func(tx *sql.Tx) error {
			for range 2 {
				if err := j.Add(t.Context(), tx, kiosk.Event{Name: "never"}); err != nil {
					return err
				}
			}
			return undone
		}); !errors.Is(err, undone) {
			t.Fatal(err)
		}
	}
	if head, err := j.Verify(t.Context(), Head{}); err != nil || head.Seq != 15 {
		t.Errorf("%v, %v", head, err)
	}
}

func TestJournalRefusesChanges(t *testing.T) {
	db, j := openTest(t)
	fill(t, j, 2)
	for _, statement := range []string{"UPDATE journal SET code = 'x'", "DELETE FROM journal"} {
		err := db.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(statement); return err })
		if err == nil {
			t.Errorf("%s was allowed", statement)
		}
	}
}

// Somebody with the file in hand can drop the triggers; the chain must show it.
func TestVerifyFindsEveryChange(t *testing.T) {
	for _, c := range []struct {
		name, statement string
		needsHead       bool
	}{
		{"event", "UPDATE journal SET event = 'other' WHERE seq = 4", false},
		{"time", "UPDATE journal SET at = at + 1 WHERE seq = 4", false},
		{"entry", "UPDATE journal SET entry = 'ID9' WHERE seq = 4", false},
		{"code", "UPDATE journal SET code = 'K-101' WHERE seq = 4", false},
		{"moved between fields", "UPDATE journal SET entry = '', code = entry || code WHERE seq = 4", false},
		{"hash", "UPDATE journal SET hash = zeroblob(32) WHERE seq = 4", false},
		{"prev", "UPDATE journal SET prev = zeroblob(32) WHERE seq = 4", false},
		{"line removed", "DELETE FROM journal WHERE seq = 4", false},
		{"first removed", "DELETE FROM journal WHERE seq = 1", false},
		{"removed and renumbered", "DELETE FROM journal WHERE seq = 4; UPDATE journal SET seq = seq - 1 WHERE seq > 4", false},
		{"tail cut off", "DELETE FROM journal WHERE seq > 7", true},
		{"emptied", "DELETE FROM journal", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, j := openTest(t)
			head := fill(t, j, 10)
			tamper(t, db, c.statement)
			known := Head{}
			if c.needsHead {
				if _, err := j.Verify(t.Context(), known); err != nil {
					t.Fatalf("the chain alone should not see it: %v", err)
				}
				known = head
			}
			var broken *Broken
			var truncated *Truncated
			_, err := j.Verify(t.Context(), known)
			if found := errors.As(err, &broken) || errors.As(err, &truncated); !found || (truncated != nil) != c.needsHead {
				t.Errorf("not found: %v", err)
			}
		})
	}
}

func TestVerifyFindsAWholeNewChain(t *testing.T) {
	db, j := openTest(t)
	head := fill(t, j, 10)
	tamper(t, db, "DELETE FROM journal")
	fill(t, j, 12)
	if _, err := j.Verify(t.Context(), Head{}); err != nil {
		t.Fatalf("a new chain holds by itself: %v", err)
	}
	if _, err := j.Verify(t.Context(), head); err == nil {
		t.Error("the rewritten journal passes for the old one")
	}
}

func tamper(t *testing.T, db *store.Store, statement string) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("DROP TRIGGER IF EXISTS journal_no_update; DROP TRIGGER IF EXISTS journal_no_delete; " + statement)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAddGoesWithItsTransaction(t *testing.T) {
	db, j := openTest(t)
	stop := errors.New("stop")
	err := db.Tx(t.Context(), func(tx *sql.Tx) error {
		if err := j.Add(context.Background(), tx, kiosk.Event{Name: "lost"}); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if head, err := j.Head(t.Context()); err != nil || head.Seq != 0 {
		t.Errorf("head %v, %v", head, err)
	}
}
