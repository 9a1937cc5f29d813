package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Kind says what keeps the terminal's key.
type Kind string

// The kinds.
const (
	None Kind = ""     // there is no key yet
	File Kind = "file" // as good as the disk it lies on
)

// FileName is the name of the key's file inside the state directory.
const FileName = "terminal.key"

const secretSize = 32

// Key is the terminal's own. It does not print itself.
type Key struct {
	Kind     Kind
	Replaced error // why an older key was set aside; nil when there was none

	wrap, mark []byte
}

// String keeps the key out of logs.
func (k *Key) String() string { return "terminal's key in a " + string(k.Kind) }

// GoString keeps the key out of logs.
func (k *Key) GoString() string { return k.String() }

// newKey derives a key for each use, so that one tells nothing about another.
func newKey(kind Kind, secret []byte) (*Key, error) {
	wrap, err := hkdf.Key(sha256.New, secret, nil, "leye terminal wrap", 32)
	if err != nil {
		return nil, err
	}
	mark, err := hkdf.Key(sha256.New, secret, nil, "leye terminal mark", 32)
	return &Key{Kind: kind, wrap: wrap, mark: mark}, err
}

// stored is the key's file.
type stored struct {
	Kind   Kind   `json:"kind"`
	Secret []byte `json:"secret,omitempty"`
}

// OpenKey reads the terminal's key in the state directory dir, or makes one. A
// key that cannot be read is set aside, never deleted, and a new one takes its
// place: what the old one alone could open waits for it, and the terminal goes
// on. A file that others may read is an error.
func OpenKey(dir string) (*Key, error) {
	k, err := openKey(dir)
	if err != nil {
		return nil, fmt.Errorf("open terminal's key: %w", err)
	}
	return k, nil
}

func openKey(dir string) (*Key, error) {
	path := filepath.Join(dir, FileName)
	s, err := read(path)
	if err == nil {
		var k *Key
		if k, err = s.open(); err == nil {
			return k, nil
		}
	}
	if errors.Is(err, errExposed) {
		return nil, err
	}
	var lost error
	if !errors.Is(err, fs.ErrNotExist) {
		lost = err
		if err := setAside(path); err != nil {
			return nil, errors.Join(lost, err)
		}
	}
	k, err := makeKey(path)
	if err == nil {
		k.Replaced = lost
	}
	return k, err
}

var errExposed = errors.New("others may read its file, want mode 0600")

func read(path string) (s stored, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return s, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return s, errExposed
	}
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return s, err
	}
	if json.Unmarshal(text, &s) != nil {
		return stored{}, errors.New("its file is not of the form that is written here")
	}
	return s, nil
}

func (s stored) open() (*Key, error) {
	if s.Kind != File || len(s.Secret) != secretSize {
		return nil, errors.New("its file is not of the form that is written here")
	}
	return newKey(File, s.Secret)
}

func makeKey(path string) (*Key, error) {
	secret := make([]byte, secretSize)
	rand.Read(secret)
	text, err := json.Marshal(stored{Kind: File, Secret: secret})
	if err != nil {
		return nil, err
	}
	if err := write(path, text); err != nil {
		return nil, err
	}
	return newKey(File, secret)
}

// write has the file whole and on the disk before the key is used.
func write(path string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

func setAside(path string) error {
	return os.Rename(path, path+".unreadable-"+time.Now().UTC().Format("20060102T150405.000"))
}

func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Look says what keeps the key in dir, and makes none.
func Look(dir string) (Kind, error) {
	s, err := read(filepath.Join(dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return None, nil
	}
	if err != nil {
		return None, fmt.Errorf("look at terminal's key: %w", err)
	}
	return s.Kind, nil
}
