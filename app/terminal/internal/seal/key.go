package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"leye/app/harden"
)

// Kind says what keeps the terminal's key.
type Kind string

// The kinds.
const (
	None Kind = ""     // there is no key yet
	File Kind = "file" // as good as the disk it lies on
	TPM  Kind = "tpm"  // opens on this machine alone, started as it was
)

// Options for [OpenKey]; the zero value is right for the terminal.
type Options struct {
	Keep   Kind             // what must keep the key: File or TPM; None: a TPM where there is one
	Device string           // of the TPM; empty: the kernel's
	Now    func() time.Time // nil: time.Now
}

func (opt Options) usual() Options {
	if opt.Device == "" {
		opt.Device = usualDevice
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return opt
}

// FileName is the name of the key's file inside the state directory.
const FileName = "terminal.key"

const secretSize = 32

// Key is the terminal's own. It lies in memory of its own until Close, and does not
// print itself.
type Key struct {
	Kind     Kind
	Name     string    // tells keys apart, and nothing of them
	Made     time.Time // to the second
	Replaced error     // why an older key was set aside; nil when there was none

	vault      *harden.Vault
	wrap, mark []byte
}

// Locked is nil when the key is never swapped out, else why it may be.
func (k *Key) Locked() error { return k.vault.Locked() }

// Close forgets the key; it must not be in use.
func (k *Key) Close() error { return k.vault.Close() }

// String keeps the key out of logs.
func (k *Key) String() string { return "terminal's key, kept by " + string(k.Kind) }

// GoString keeps the key out of logs.
func (k *Key) GoString() string { return k.String() }

// newKey derives a key for each use, so that one tells nothing about another.
func newKey(kind Kind, made time.Time, secret []byte) (*Key, error) {
	name, err := hkdf.Key(sha256.New, secret, nil, "leye terminal name", 8)
	if err != nil {
		return nil, err
	}
	k := &Key{Kind: kind, Name: hex.EncodeToString(name), Made: made}
	if k.vault, err = harden.NewVault(); err != nil {
		return nil, err
	}
	if k.wrap, err = k.derive(secret, "leye terminal wrap"); err == nil {
		k.mark, err = k.derive(secret, "leye terminal mark")
	}
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

func (k *Key) derive(secret []byte, use string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, use, 32)
	if err != nil {
		return nil, err
	}
	return k.vault.Keep(key)
}

// stored is the key's file.
type stored struct {
	Kind   Kind       `json:"kind"`
	Made   time.Time  `json:"made,omitzero"` // by its file's time where an older program wrote it
	Secret []byte     `json:"secret,omitempty"`
	Sealed *tpmSealed `json:"sealed,omitempty"`
}

// OpenKey reads the terminal's key in the state directory dir, or makes one. A
// key that cannot be opened is set aside, never deleted, and a new one takes its
// place: what the old one alone could open waits for it, and the terminal goes
// on. It is an error when others may read the file, and when a TPM must keep the
// key and does not.
func OpenKey(dir string, opt Options) (*Key, error) {
	k, err := opt.usual().openKey(filepath.Join(dir, FileName))
	if err != nil {
		return nil, fmt.Errorf("open terminal's key: %w", err)
	}
	return k, nil
}

func (opt Options) openKey(path string) (*Key, error) {
	s, err := read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return opt.makeKey(path)
	case errors.Is(err, errExposed):
		return nil, err
	case err == nil && opt.Keep == TPM && s.Kind == File:
		return nil, fmt.Errorf("a TPM must keep it, but it lies in %s: move that away while nothing waits", path)
	case err == nil:
		var k *Key
		if k, err = opt.open(s); err == nil {
			return k, nil
		}
	}
	if opt.Keep == TPM && s.Kind == TPM {
		return nil, err // the TPM may come back, with its boot state
	}
	if e := setAside(path); e != nil {
		return nil, errors.Join(err, e)
	}
	k, e := opt.makeKey(path)
	if e != nil {
		return nil, errors.Join(err, e)
	}
	k.Replaced = err
	return k, nil
}

var errForm = errors.New("its file is not of the form that is written here")

func (opt Options) open(s stored) (*Key, error) {
	secret := s.Secret
	switch {
	case s.Kind == File && s.Sealed == nil:
	case s.Kind == TPM && s.Sealed != nil && secret == nil:
		var err error
		if secret, err = s.Sealed.open(opt.Device); err != nil {
			return nil, err
		}
	default:
		return nil, errForm
	}
	defer clear(secret)
	if len(secret) != secretSize {
		return nil, errForm
	}
	return newKey(s.Kind, s.Made, secret)
}

// makeKey makes a key where it is to be kept. A TPM that is there and does not
// work is passed over, unless the key must be in it: residents come first.
func (opt Options) makeKey(path string) (*Key, error) {
	secret := make([]byte, secretSize)
	rand.Read(secret)
	defer clear(secret)
	made := opt.Now().UTC().Truncate(time.Second)
	s := stored{Kind: File, Made: made, Secret: secret}
	if opt.Keep != File {
		sealed, err := sealInTPM(opt.Device, secret)
		if err != nil && opt.Keep == TPM {
			return nil, err
		}
		if err == nil {
			s = stored{Kind: TPM, Made: made, Sealed: &sealed}
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	if err := write(path, text); err != nil {
		return nil, err
	}
	return newKey(s.Kind, s.Made, secret)
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
		return stored{}, errForm
	}
	if s.Made.IsZero() {
		s.Made = info.ModTime().UTC().Truncate(time.Second)
	}
	return s, nil
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

// Held is what is known of a key without opening it.
type Held struct {
	Kind Kind
	Made time.Time
}

// Look says what keeps the key in dir and since when, and makes none.
func Look(dir string) (Held, error) {
	s, err := read(filepath.Join(dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return Held{}, nil
	}
	if err != nil {
		return Held{}, fmt.Errorf("look at terminal's key: %w", err)
	}
	return Held{s.Kind, s.Made}, nil
}
