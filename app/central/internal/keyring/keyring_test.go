package keyring

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheKeyIsMadeOnceAndPrivate(t *testing.T) {
	dir := t.TempDir()
	path := Path(filepath.Join(dir, "central.db"))
	if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before there is one: %v", err)
	}
	first, made, err := Open(path)
	if err != nil || !made {
		t.Fatalf("made %v, %v", made, err)
	}
	again, made, err := Open(path)
	if err != nil || made || again.Public() != first.Public() {
		t.Errorf("again: made %v, %v", made, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || left[0].Name() != "central.key" {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

func TestAKeyIsNeverReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.key")
	first, _, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(path, first); !errors.Is(err, fs.ErrExist) {
		t.Errorf("written over the key: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(path); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a key that others may read: %v", err)
	}
	if err := errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte("rubbish"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, made, err := Open(path); err == nil || made {
		t.Errorf("rubbish: made %v, %v", made, err)
	}
}
