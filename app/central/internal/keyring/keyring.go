// Package keyring keeps the central's seal keys: the private halves of what
// terminals seal applications to, in files that only the central's user reads. One
// is the current key; those before it open what was sealed to them.
//
// It seals and opens nothing; see package envelope.
package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"leye/app/envelope"
)

// Path is where the current key lies when nobody says otherwise: beside the
// database.
func Path(db string) string { return strings.TrimSuffix(db, ".db") + ".key" }

// Kept is one key with its file. Since is when it became current, to the second.
type Kept struct {
	Key   *envelope.PrivateKey
	Since time.Time
	Path  string
}

// Ring is all keys. It never changes.
type Ring struct{ keys []Kept } // the current one first, then the newest

// Current is the key that terminals are to seal to.
func (r *Ring) Current() Kept { return r.keys[0] }

// Older are the keys before it, the newest first.
func (r *Ring) Older() []Kept { return r.keys[1:] }

// Public is the public half of the current key.
func (r *Ring) Public() envelope.PublicKey { return r.Current().Key.Public() }

// Key is the key that a fingerprint names; nil when it is not here.
func (r *Ring) Key(of envelope.Fingerprint) *envelope.PrivateKey {
	for _, k := range r.keys {
		if k.Key.Public().Fingerprint() == of {
			return k.Key
		}
	}
	return nil
}

// Open gives back what was sealed to any of the keys; [envelope.ErrUnreadable] when
// it was to none.
func (r *Ring) Open(e envelope.Envelope) ([]byte, error) {
	key := r.Key(e.Key)
	if key == nil {
		return nil, fmt.Errorf("open: %w", envelope.ErrUnreadable)
	}
	return key.Open(e)
}

// Open reads the keys at path. Where there is none it makes one, and made is
// true: applications that are sealed to it can be read with this file alone, so
// it needs a copy in a safe place.
func Open(path string) (r *Ring, made bool, err error) {
	r, err = Read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return r, false, err
	}
	fresh, err := makeKey(path, time.Now())
	if err != nil {
		return nil, false, fmt.Errorf("make seal key: %w", err)
	}
	// Linked, not renamed: never over another key.
	err = errors.Join(os.Link(fresh, path), os.Remove(fresh), syncDir(filepath.Dir(path)))
	if err != nil {
		return nil, false, fmt.Errorf("make seal key: %w", err)
	}
	r, err = Read(path)
	return r, true, err
}

// aside is what the name of an older key's file goes on with, and when it ceased to
// be current.
const (
	aside     = ".until-"
	asideTime = "20060102T150405.000"
)

// Rotate makes another key current. The one before keeps opening what terminals
// hold, under the name that is returned; it may go when no terminal has anything
// from before. A power cut leaves the old or the new key current, and both there.
func Rotate(path string, now time.Time) (r *Ring, kept string, err error) {
	before, err := Read(path)
	if err != nil {
		return nil, "", err
	}
	now = now.UTC().Truncate(time.Second)
	if !now.After(before.Current().Since) {
		return nil, "", fmt.Errorf("rotate seal key: the current one is of %s, and the clock does not say later", before.Current().Since.Format(time.RFC3339))
	}
	fresh, err := makeKey(path, now)
	if err == nil {
		kept = path + aside + now.Format(asideTime)
		err = errors.Join(os.Link(path, kept), syncDir(filepath.Dir(path)))
	}
	if err == nil {
		err = errors.Join(os.Rename(fresh, path), syncDir(filepath.Dir(path)))
	}
	if err != nil {
		return nil, "", fmt.Errorf("rotate seal key: %w", err)
	}
	r, err = Read(path)
	return r, kept, err
}

// Read reads the keys at path; [fs.ErrNotExist] when there is no current one.
func Read(path string) (*Ring, error) {
	current, err := readKey(path)
	if err != nil {
		return nil, fmt.Errorf("read seal key: %w", err)
	}
	r := &Ring{keys: []Kept{current}}
	older, err := filepath.Glob(path + aside + "*")
	if err != nil {
		return nil, fmt.Errorf("look for older seal keys: %w", err)
	}
	slices.Sort(older)
	slices.Reverse(older)
	for _, name := range older {
		k, err := readKey(name)
		if err != nil {
			return nil, fmt.Errorf("read older seal key: %w", err)
		}
		if r.Key(k.Key.Public().Fingerprint()) == nil { // a cut rotation leaves the current one twice
			r.keys = append(r.keys, k)
		}
	}
	return r, nil
}

// sinceMark begins the line above the PEM block. Keys without it, such as those that
// other tools make, are of their file's time.
const sinceMark = "since: "

func readKey(path string) (Kept, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Kept{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Kept{}, fmt.Errorf("others may read %s, want mode 0600", path)
	}
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return Kept{}, err
	}
	defer clear(text)
	key, err := envelope.ParsePrivateKey(text)
	if err != nil {
		return Kept{}, fmt.Errorf("%s: %w", path, err)
	}
	since := info.ModTime()
	first, _, _ := strings.Cut(string(text), "\n")
	if said, ok := strings.CutPrefix(first, sinceMark); ok {
		if since, err = time.Parse(time.RFC3339, said); err != nil {
			return Kept{}, fmt.Errorf("%s: its first line tells no time", path)
		}
	}
	return Kept{key, since.UTC().Truncate(time.Second), path}, nil
}

// makeKey has a new key on the disk, whole, under a name of its own beside path,
// before anybody hears of its public half.
func makeKey(path string, since time.Time) (name string, err error) {
	key, err := envelope.NewPrivateKey()
	if err != nil {
		return "", err
	}
	text, err := key.PEM()
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".seal-key-*") // of mode 0600
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintf(f, "%s%s\n%s", sinceMark, since.UTC().Format(time.RFC3339), text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
