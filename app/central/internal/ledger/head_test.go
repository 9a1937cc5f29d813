package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"leye/app/proof"
)

// journalOf makes n lines.
func journalOf(n int) []proof.Line {
	lines := make([]proof.Line, n)
	for i := range lines {
		lines[i] = proof.Line{At: int64(i), Event: "entry.put", Entry: fmt.Sprint("E", i)}
	}
	return lines
}

// headOf is how far the lines reach, as if it were signed.
func headOf(tb testing.TB, lines []proof.Line) JournalHead {
	tb.Helper()
	h, err := proof.Head{Terminal: "PT01"}.Grown(lines)
	if err != nil {
		tb.Fatal(err)
	}
	return JournalHead{Terminal: "PT01", Seq: h.Seq, Hash: h.Hash, Note: "n", Key: "k"}
}

// another is the journal with something else in it.
func another(r *rand.Rand, lines []proof.Line) []proof.Line {
	lines, at := slices.Clone(lines), r.IntN(len(lines))
	other := proof.Line{At: 7, Event: "entry.accepted", Code: fmt.Sprint(r.Int64())}
	switch r.IntN(6) {
	case 0:
		lines[at].Code = fmt.Sprint(r.Int64())
	case 1:
		lines[at].At += 1 + r.Int64N(1e9)
	case 2:
		to := (at + 1 + r.IntN(len(lines)-1)) % len(lines)
		lines[at], lines[to] = lines[to], lines[at]
	case 3:
		lines = slices.Insert(slices.Delete(lines, at, at+1), r.IntN(len(lines)), other)
	case 4:
		lines = append(slices.Insert(lines, at, lines[at])[:len(lines)-1:len(lines)-1], other)
	default:
		for i := at; i < len(lines); i++ {
			lines[i].Code = "anew"
		}
	}
	return lines
}

// TestAThousandOtherJournals writes what the central knows of a journal anew in many
// ways, with a chain that holds and a head that is higher; and shows the true head
// with many wrong lines. None is taken, and the true one is.
func TestAThousandOtherJournals(t *testing.T) {
	const known, grown, tries = 40, 60, 500
	r := rand.New(rand.NewPCG(30, 32))
	lines := journalOf(grown)
	before, newest := headOf(t, lines[:known]), headOf(t, lines)
	for name, other := range map[string]func() (JournalHead, []proof.Line){
		"rewritten": func() (JournalHead, []proof.Line) {
			all := slices.Concat(another(r, lines[:known]), lines[known:])
			return headOf(t, all), all[known:]
		},
		"shown otherwise": func() (JournalHead, []proof.Line) { return newest, another(r, lines[known:]) },
	} {
		caught := 0
		for range tries {
			h, shown := other()
			if kept, alarm := h.after(before, shown); kept == before && alarm == HeadRewritten {
				caught++
			}
		}
		if caught != tries {
			t.Errorf("%s: %d caught of %d", name, caught, tries)
		}
	}
	if kept, alarm := newest.after(before, lines[known:]); kept.Seq != grown || kept.Proofs != 1 || alarm != NoAlarm {
		t.Errorf("the true one: %+v, %q", kept, alarm)
	}
}

// TestHeadsOfAnOlderCentralStay opens a database in which heads were kept before
// terminals showed lines.
func TestHeadsOfAnOlderCentralStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.db")
	lines := journalOf(9)
	l := open(t, path)
	err := l.change(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`ALTER TABLE journal_head DROP COLUMN proofs; ALTER TABLE journal_head DROP COLUMN unproven;
			DELETE FROM goose_db_version WHERE version_id = 9;
			INSERT INTO journal_head (terminal, seq, hash, note, key, seen_at, alarm, alarm_at, alarm_note)
			VALUES ('PT01', 5, '` + headOf(t, lines[:5]).Hash + `', 'n', 'k', 1, '', 0, '')`)
		return err
	})
	if err = errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	l = open(t, path)
	defer l.Close()
	for _, seq := range []int{6, 9} { // as an older terminal, then as a newer one
		if news, err := l.Head(t.Context(), headOf(t, lines[:seq]), lines[6:max(6, seq)]); err != nil || news != NoAlarm {
			t.Errorf("%q, %v", news, err)
		}
	}
	if h, err := l.JournalHead(t.Context(), "PT01"); err != nil || h.Seq != 9 || h.Proofs != 1 || h.Unproven != 0 {
		t.Errorf("%+v, %v", h, err)
	}
}
