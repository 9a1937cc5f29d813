package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func openTest(t *testing.T, path string, opt Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func pragma(t *testing.T, db *sql.DB, name string) string {
	t.Helper()
	var v string
	if err := db.QueryRow("PRAGMA " + name).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOpenSetsWhatDurabilityNeeds(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "state", FileName), Options{})
	for name, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "secure_delete": "1",
		"foreign_keys": "1", "busy_timeout": "5000",
	} {
		if got := pragma(t, s.write, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if n := s.write.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d writers", n)
	}
	if _, err := s.read.Exec("DELETE FROM pack"); err == nil {
		t.Error("a reading connection could write")
	}
	if info, err := os.Stat(s.Path()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file mode %v, %v", info.Mode(), err)
	}
}

// What strace sees of it, scripts/faults power and guest hold against power cuts.
func TestOnlyANoteDoesNotWaitForTheDisk(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), FileName), Options{})
	undone := errors.New("undone")
	ended, end := context.WithCancel(t.Context())
	defer end()
	for _, c := range []struct {
		name string
		do   func(context.Context, func(*sql.Tx) error) error
		want string
		err  error
	}{
		{"note", s.Note, "1", nil}, {"change", s.Tx, "2", nil}, {"note that fails", s.Note, "1", undone},
		{"change after it", s.Tx, "2", nil}, {"note that is cancelled", s.Note, "1", context.Canceled}, {"change after that", s.Tx, "2", nil},
	} {
		ctx := t.Context()
		if errors.Is(c.err, context.Canceled) {
			ctx = ended
		}
		err := c.do(ctx, func(tx *sql.Tx) error {
			var level string
			if err := tx.QueryRow("PRAGMA synchronous").Scan(&level); err != nil || level != c.want {
				t.Errorf("%s: synchronous is %s, want %s, %v", c.name, level, c.want, err)
			}
			if errors.Is(c.err, context.Canceled) {
				end()
			}
			return c.err
		})
		if !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.err)
		}
		if level := pragma(t, s.write, "synchronous"); level != "2" {
			t.Errorf("after %s: synchronous is %s", c.name, level)
		}
	}
}

func TestOpenTwiceKeepsRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b%?#.db")
	first, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Tx(t.Context(), insertSecret("a")); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log is still there after Close: %v", err)
	}
	second := openTest(t, path, Options{})
	if n := secrets(t, second); n != 1 {
		t.Errorf("%d rows after opening again", n)
	}
}

func insertSecret(name string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO secret (name, value) VALUES (?, x'00')", name)
		return err
	}
}

func secrets(t *testing.T, s *Store) int {
	t.Helper()
	var n int
	err := s.View(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT count(*) FROM secret").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTxIsAllOrNothing(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), FileName), Options{})
	stop := errors.New("stop")
	err := s.Tx(t.Context(), func(tx *sql.Tx) error {
		if err := insertSecret("a")(tx); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) || secrets(t, s) != 0 {
		t.Errorf("err %v, %d rows", err, secrets(t, s))
	}
}

func TestTxStopsWithItsContext(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), FileName), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Tx(ctx, insertSecret("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := s.Tx(t.Context(), insertSecret("a")); err != nil {
		t.Errorf("the next transaction fails: %v", err)
	}
}

// What was cancelled on the way has a known outcome: it was not done.
func TestTxThatIsCancelledOnTheWayIsUndone(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), FileName), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Tx(ctx, func(tx *sql.Tx) error {
		defer cancel()
		return insertSecret("a")(tx)
	})
	if done := secrets(t, s); (err == nil) != (done == 1) || err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%d rows, %v", done, err)
	}
	if err := s.Tx(t.Context(), insertSecret("b")); err != nil {
		t.Errorf("the next transaction fails: %v", err)
	}
}

// A log of ones is no log: what a power cut leaves of one opens as it was.
func TestAnEmptyLogIsLongAndHoldsNothing(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, filepath.Join(dir, FileName), Options{})
	after := func(what string, rows int) {
		t.Helper()
		cut := filepath.Join(t.TempDir(), FileName)
		for _, suffix := range []string{"", "-wal"} {
			data, err := os.ReadFile(s.path + suffix)
			if err != nil {
				t.Fatal(err)
			}
			if suffix == "-wal" && len(data) != logRoom {
				t.Errorf("%s: the log has %d bytes", what, len(data))
			}
			if err := os.WriteFile(cut+suffix, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if n := secrets(t, openTest(t, cut, Options{})); n != rows {
			t.Errorf("%s: %d rows, want %d", what, n, rows)
		}
	}
	after("at first", 0)
	if err := s.Tx(t.Context(), insertSecret("a")); err != nil {
		t.Fatal(err)
	}
	after("written", 1)
	for _, what := range []string{"emptied", "emptied again"} {
		if err := s.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		after(what, 1)
	}
	if err := s.Tx(t.Context(), insertSecret("b")); err != nil {
		t.Fatal(err)
	}
	after("written again", 2)
}

// The log goes into the file in a quiet moment, beside a transaction under way, and
// then the next writer begins it anew.
func TestSettleKeepsTheLogShort(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), FileName), Options{})
	write := func(n int) {
		t.Helper()
		if err := s.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec("INSERT INTO secret (name, value) VALUES (?, ?)", n, bytes.Repeat([]byte{7}, 300<<10))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 20 {
		write(n)
		if n == 10 {
			if err := s.Tx(t.Context(), func(*sql.Tx) error { return s.Settle(t.Context()) }); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if log, err := size(s.path + "-wal"); err != nil || log != logRoom {
		t.Errorf("the log has %d bytes, %v", log, err)
	}
	file, err := size(s.path)
	if err != nil || file < 18*300<<10 {
		t.Errorf("the file has %d bytes, %v", file, err)
	}
}

// Another program that writes between emptying and lengthening keeps its log.
func TestALogThatIsNotEmptyIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ones(path, 100); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "x" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestFullFileIsErrFullAndGoesOn(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), FileName), Options{MaxBytes: 256 << 10})
	big := bytes.Repeat([]byte{7}, 20<<10)
	var err error
	for i := 0; err == nil && i < 100; i++ {
		err = s.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec("INSERT INTO secret (name, value) VALUES (?, ?)", i, big)
			return err
		})
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	before := secrets(t, s)
	if err := s.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM secret")
		return err
	}); err != nil {
		t.Fatalf("a full file refuses even to delete its %d rows: %v", before, err)
	}
	if err := s.Tx(t.Context(), insertSecret("again")); err != nil {
		t.Errorf("after room was made: %v", err)
	}
}

func TestDamagedFileIsFoundAndLeftAsItIs(t *testing.T) {
	for name, harm := range map[string]func([]byte) []byte{
		"emptied":        func([]byte) []byte { return nil },
		"read only":      func(b []byte) []byte { b[18] = 3; return b },
		"renamed table":  func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("journal"), []byte("iournal")) },
		"renamed column": func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("promised_at"), []byte("promised_au")) },
		"not a database": func([]byte) []byte { return []byte(strings.Repeat("hello ", 1000)) },
		"broken page":    func(b []byte) []byte { copy(b[4096:], bytes.Repeat([]byte{0xff}, 4096)); return b },
		"cut off":        func(b []byte) []byte { return b[:len(b)/2/4096*4096] },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), FileName)
			s, err := Open(t.Context(), path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			harmed := harm(content)
			if err := os.WriteFile(path, harmed, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, ErrDamaged) {
				t.Fatalf("got %v, want ErrDamaged", err)
			}
			if kept, err := os.ReadFile(path); err != nil || !bytes.Equal(kept, harmed) {
				t.Errorf("the damaged file was changed: %v", err)
			}
		})
	}
}

func TestSecondWriterIsErrBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	a := openTest(t, path, Options{})
	b := openTest(t, path, Options{Busy: time.Millisecond})
	err := a.Tx(t.Context(), func(tx *sql.Tx) error {
		if err := insertSecret("a")(tx); err != nil {
			return err
		}
		if err := b.Tx(t.Context(), insertSecret("b")); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadOnlyLooksWhileAnotherWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if _, err := Open(t.Context(), path, Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v, want that there is no file", err)
	}
	w := openTest(t, path, Options{})
	if err := w.Tx(t.Context(), insertSecret("a")); err != nil {
		t.Fatal(err)
	}
	r := openTest(t, path, Options{ReadOnly: true})
	if n := secrets(t, r); n != 1 {
		t.Errorf("sees %d rows", n)
	}
	if err := r.Tx(t.Context(), insertSecret("b")); err == nil {
		t.Error("could write")
	}
	if err := r.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// A file may be damaged while it is open, and where nothing has looked yet.
func TestCheckFindsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var page int
	err = s.View(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'journal'").Scan(&page)
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(content[(page-1)*pageSize:], bytes.Repeat([]byte{0xff}, pageSize))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	r := openTest(t, path, Options{ReadOnly: true})
	if err := r.Check(t.Context()); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
}

// What was deleted must be gone from the file and from the log: the bodies carry
// identity numbers. The control looks before the checkpoint and must find it.
func TestCheckpointLeavesNothingOfWhatWasDeleted(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), FileName), Options{})
	canary := []byte("CANARY-310101199203159026")
	steps := []func(*sql.Tx) error{
		func(tx *sql.Tx) error {
			_, err := tx.Exec("INSERT INTO secret (name, value) VALUES ('c', ?)", bytes.Repeat(canary, 400))
			return err
		},
		func(tx *sql.Tx) error { _, err := tx.Exec("DELETE FROM secret"); return err },
	}
	for _, step := range steps {
		if err := s.Tx(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	if countBytes(t, s.Path(), canary) == 0 {
		t.Fatal("control: nothing was ever written")
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := countBytes(t, s.Path(), canary); n != 0 {
		t.Errorf("%d copies are left", n)
	}
}

func countBytes(t *testing.T, path string, what []byte) int {
	t.Helper()
	n := 0
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		n += bytes.Count(b, what)
	}
	return n
}

func TestAfterAnIOFaultEverythingIsWrittenAgain(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), FileName), Options{})
	fault := &Error{Kind: ErrIO, Err: errors.New("fsync: input/output error")}
	if err := s.Tx(t.Context(), func(*sql.Tx) error { return fault }); !errors.Is(err, ErrIO) {
		t.Fatalf("got %v", err)
	}
	if !s.suspect.Load() {
		t.Fatal("the log is trusted after a fault")
	}
	if err := s.Tx(t.Context(), insertSecret("a")); err != nil {
		t.Fatal(err)
	}
	if s.suspect.Load() || secrets(t, s) != 1 {
		t.Error("does not recover")
	}
}

// What cannot be synced after a fault is not trusted; scripts/faults errors cuts
// the power there.
func TestAfterAnIOFaultAFolderThatCannotBeSyncedIsAFault(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), FileName), Options{})
	s.suspect.Store(true)
	path := s.path
	s.path = filepath.Join(t.TempDir(), "gone", FileName)
	if err := s.Tx(t.Context(), insertSecret("a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that there is no folder", err)
	}
	if s.path = path; !s.suspect.Load() || secrets(t, s) != 0 {
		t.Error("the log is trusted again")
	}
	if err := s.Tx(t.Context(), insertSecret("a")); err != nil || secrets(t, s) != 1 {
		t.Errorf("does not recover: %v", err)
	}
}

func TestFreeIsPositive(t *testing.T) {
	if n, err := Free(t.TempDir()); err != nil || n <= 0 {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := Free(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing directory has room")
	}
}
