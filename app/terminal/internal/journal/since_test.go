package journal

import (
	"database/sql"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"leye/app/proof"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

func since(t *testing.T, j *Journal, known Head) ([]proof.Line, Head) {
	t.Helper()
	lines, head, err := j.Since(t.Context(), known)
	if err != nil {
		t.Fatal(err)
	}
	return lines, head
}

func TestLinesSinceAHeadLeadToTheNext(t *testing.T) {
	_, j := openTest(t)
	if lines, head := since(t, j, Head{}); lines != nil || head != (Head{}) {
		t.Errorf("an empty journal: %v, %v", lines, head)
	}
	early := fill(t, j, 3)
	newest := fill(t, j, proof.MostLines+4)
	for name, known := range map[string]Head{
		"the newest": newest, "one beyond": {Seq: newest.Seq + 1, Hash: newest.Hash}, "of another journal": {Seq: 1, Generation: 1},
	} {
		if lines, head := since(t, j, known); lines != nil || head != newest {
			t.Errorf("after %s: %d lines, %v", name, len(lines), head)
		}
	}
	for _, known := range []Head{{}, early} {
		var sizes []int
		for known != newest {
			lines, head := since(t, j, known)
			grown, err := proof.Head{Seq: known.Seq, Hash: known.Hash}.Grown(lines)
			if err != nil || grown.Seq != head.Seq || grown.Hash != head.Hash {
				t.Fatalf("after %v: %v, %v; want %v", known, grown, err, head)
			}
			sizes, known = append(sizes, len(lines)), head
		}
		if len(sizes) != 2 || sizes[0] != proof.MostLines {
			t.Errorf("came in %v", sizes)
		}
	}
}

func TestLongLinesComeFewAtATime(t *testing.T) {
	db, j := openTest(t)
	const long = 50 << 10
	for range 4 {
		if err := db.Tx(t.Context(), func(tx *sql.Tx) error {
			return j.Add(t.Context(), tx, kiosk.Event{Name: "store.quarantined", Code: strings.Repeat("x", long)})
		}); err != nil {
			t.Fatal(err)
		}
	}
	lines, head := since(t, j, Head{})
	if len(lines) != 3 || head.Seq != 3 {
		t.Errorf("%d lines, %v", len(lines), head)
	}
	var third []byte
	if err := db.View(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(t.Context(), "SELECT hash FROM journal WHERE seq = 3").Scan(&third)
	}); err != nil || hex.EncodeToString(third) != head.Hash {
		t.Errorf("%v", err)
	}
}

// BenchmarkSince reads what one heartbeat shows at most, at the end of a long journal.
func BenchmarkSince(b *testing.B) {
	db, err := store.Open(b.Context(), filepath.Join(b.TempDir(), store.FileName), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	j := New(db, Options{})
	const lines = 200_000
	if err := db.Tx(b.Context(), func(tx *sql.Tx) error {
		for range lines {
			if err := j.Add(b.Context(), tx, kiosk.Event{Name: "entry.put", Entry: "01KQ3ZC8V5W0T6R2N9M4H7XJDA"}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if shown, head, err := j.Since(b.Context(), Head{Seq: lines - proof.MostLines}); err != nil || len(shown) != proof.MostLines || head.Seq != lines {
			b.Fatal(len(shown), head, err)
		}
	}
}
