package store

import (
	"bytes"
	"database/sql"
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFullDiskIsErrFull fills a real file system. It needs the right to mount
// one and is skipped without it; the limit inside SQLite is tested everywhere.
func TestFullDiskIsErrFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	s, err := Open(t.Context(), filepath.Join(dir, FileName), Options{Reserve: 1})
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
