package store

import (
	"bytes"
	"database/sql"
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of its own, and skips the test where that is
// not allowed.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, size); err != nil {
		t.Skipf("mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDiskIsErrFull fills a real file system. It needs the right to mount
// one and is skipped without it; the limit inside SQLite is tested everywhere.
func TestFullDiskIsErrFull(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(smallDisk(t, "size=1m"), FileName), Options{Reserve: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		// The log cannot be moved into a file that cannot grow; it stays, and with
		// it every row.
		if err := s.Close(); err != nil && !errors.Is(err, ErrFull) {
			t.Error(err)
		}
	}()
	kept, err := 0, error(nil)
	for err == nil && kept < 1000 {
		err = s.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec("INSERT INTO secret (name, value) VALUES (?, ?)", kept, bytes.Repeat([]byte{7}, 20<<10))
			return err
		})
		if err == nil {
			kept++
		}
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("after %d rows: got %v, want ErrFull", kept, err)
	}
	if n := secrets(t, s); n != kept || n == 0 {
		t.Errorf("%d rows for %d kept", n, kept)
	}
}

// A file does not shrink: what was deleted in it is room for what comes next.
func TestRoomComesBackWhenTheFileIsEmptied(t *testing.T) {
	s := openTest(t, filepath.Join(smallDisk(t, "size=16m"), FileName), Options{Reserve: 4 << 20})
	room := func() error {
		return s.Tx(t.Context(), func(tx *sql.Tx) error { return s.Room(t.Context(), tx) })
	}
	n := 0
	for ; room() == nil; n++ {
		if err := s.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec("INSERT INTO secret (name, value) VALUES (?, ?)", n, bytes.Repeat([]byte{7}, 20<<10))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := room(); !errors.Is(err, ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	for ; n >= 0; n-- {
		if err := s.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec("DELETE FROM secret WHERE name = ?", n)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := room(); err != nil {
		t.Errorf("after everything was deleted: %v", err)
	}
}

func TestRoomKeepsAReserve(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	s := openTest(t, path, Options{Reserve: 1 << 60})
	err := s.Tx(t.Context(), func(tx *sql.Tx) error { return s.Room(t.Context(), tx) })
	if !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if err := s.Tx(t.Context(), insertSecret("a")); err != nil {
		t.Errorf("work that empties the queue is refused: %v", err)
	}
}
