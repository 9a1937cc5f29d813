// Package keyring keeps the central's seal key: the private half of what
// terminals seal applications to, in a file that only the central's user reads.
//
// It seals and opens nothing; see package envelope.
package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"leye/app/envelope"
)

// Path is where the key lies when nobody says otherwise: beside the database.
func Path(db string) string { return strings.TrimSuffix(db, ".db") + ".key" }

// Open reads the key at path. Where there is none it makes one, and made is
// true: applications that are sealed to it can be read with this file alone, so
// it needs a copy in a safe place.
func Open(path string) (key *envelope.PrivateKey, made bool, err error) {
	key, err = Read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	if key, err = envelope.NewPrivateKey(); err == nil {
		err = write(path, key)
	}
	if err != nil {
		return nil, false, fmt.Errorf("make seal key: %w", err)
	}
	return key, true, nil
}

// Read reads the key at path; [fs.ErrNotExist] when there is none.
func Read(path string) (*envelope.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read seal key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("read seal key: others may read %s, want mode 0600", path)
	}
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("read seal key: %w", err)
	}
	key, err := envelope.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("read seal key %s: %w", path, err)
	}
	return key, nil
}

// write has the key on the disk, whole, before anybody hears of its public half,
// and never over another key.
func write(path string, key *envelope.PrivateKey) (err error) {
	text, err := key.PEM()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".seal-key-*") // of mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
