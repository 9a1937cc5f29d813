package keyring

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/envelope"
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

func TestAKeyThatIsNotPrivateIsNotUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.key")
	if _, _, err := Open(path); err != nil {
		t.Fatal(err)
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

// TestOlderKeysOpenWhatWasSealedToThem rotates twice: each key stays, and the newest
// is the one to seal to.
func TestOlderKeysOpenWhatWasSealedToThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.key")
	r, _, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	known := []envelope.PublicKey{r.Public()}
	for n := range 2 {
		at := time.Now().Add(time.Duration(n+1) * time.Hour)
		next, kept, err := Rotate(path, at)
		if err != nil {
			t.Fatal(err)
		}
		if next.Public() == known[0] || !next.Current().Since.Equal(at.UTC().Truncate(time.Second)) {
			t.Errorf("current since %v, want %v", next.Current().Since, at)
		}
		if info, err := os.Stat(kept); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the older key lies in %s: %v", kept, err)
		}
		known = append(known, next.Public())
		for _, k := range known {
			if held := next.Key(k.Fingerprint()); held == nil || held.Public() != k {
				t.Errorf("after %d rotations %s opens nothing", n+1, k.Fingerprint().Short())
			}
		}
		if len(next.Older()) != n+1 || next.Older()[0].Key.Public() != known[n] {
			t.Errorf("older keys %v", next.Older())
		}
		if _, _, err := Rotate(path, at); err == nil {
			t.Error("rotated twice in a second: terminals could not tell which is later")
		}
	}
	if r.Key("0000") != nil {
		t.Error("an unknown fingerprint has a key")
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 3 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

// TestACutRotationIsHarmless leaves what a power cut leaves after each step.
func TestACutRotationIsHarmless(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.key")
	r, _, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := makeKey(path, time.Now()); err != nil { // the new key is written
		t.Fatal(err)
	}
	if err := os.Link(path, path+aside+"20260101T000000.000"); err != nil { // and the old one linked aside
		t.Fatal(err)
	}
	again, made, err := Open(path)
	if err != nil || made || again.Public() != r.Public() || len(again.Older()) != 0 {
		t.Fatalf("made %v, %d older, %v", made, len(again.Older()), err)
	}
	next, _, err := Rotate(path, time.Now().Add(time.Hour))
	if err != nil || next.Key(r.Public().Fingerprint()) == nil || len(next.Older()) != 1 {
		t.Errorf("rotated again: %v", err)
	}
}

// FuzzReadKey holds that no file makes the central stumble.
func FuzzReadKey(f *testing.F) {
	f.Add([]byte("since: 2026-11-25T08:00:00Z\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n"))
	f.Add([]byte("since: yesterday\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n"))
	path := filepath.Join(f.TempDir(), "fuzz.key")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if k, err := readKey(path); err == nil && (k.Key == nil || k.Since.IsZero() && !strings.Contains(string(text), "0001-01-01")) {
			t.Errorf("%q gives %v", text, k)
		}
	})
}
