package authority

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The folder: each root with its key, and the key that signs answers. It is made
// whole under another name and then put in its place, so that it is never half.
const (
	currentName  = "root"
	nextName     = "next"
	previousName = "previous"
	answersName  = "answers"

	certExt, keyExt = ".pem", ".key"
)

// Path is where the folder lies when nobody says otherwise: beside the database.
func Path(db string) string { return strings.TrimSuffix(db, ".db") + ".ca" }

// Open reads the authority in dir. Where there is none it makes one, and made is
// true: terminals are enrolled under it, so it needs a copy in a safe place. A
// nil now is time.Now.
func Open(dir string, now func() time.Time) (a *Authority, made bool, err error) {
	a, err = Read(dir, now)
	if !errors.Is(err, fs.ErrNotExist) {
		return a, false, err
	}
	if err := create(dir, now); err != nil {
		return nil, false, fmt.Errorf("make authority: %w", err)
	}
	a, err = Read(dir, now)
	return a, true, err
}

func create(dir string, now func() time.Time) error {
	if now == nil {
		now = time.Now
	}
	a := &Authority{}
	var err error
	if a.current, err = newRoot(now()); err != nil {
		return err
	}
	if a.next, err = newRoot(now()); err != nil {
		return err
	}
	if _, a.answers, err = ed25519.GenerateKey(rand.Reader); err != nil {
		return err
	}
	fresh, err := a.write(filepath.Dir(dir))
	if err != nil {
		return err
	}
	// A folder that came meanwhile is not empty, and stays.
	if err := os.Rename(fresh, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	return errors.Join(os.RemoveAll(fresh), syncDir(filepath.Dir(dir)))
}

// Rotate makes the next root the current one and makes another next. Terminals
// know the new current one already, and hear of the new next one when they renew.
// The folder as it was is kept beside the new one, under the name that is returned.
func Rotate(dir string, now func() time.Time) (kept string, err error) {
	a, err := Read(dir, now)
	if err != nil {
		return "", err
	}
	if a.previous != nil && a.now().Before(a.next.cert.NotBefore.Add(TerminalLife)) {
		return "", errors.New("rotate roots: terminals may still hold certificates of the root before this one")
	}
	after := &Authority{current: a.next, previous: a.current.cert, answers: a.answers}
	if after.next, err = newRoot(a.now()); err != nil {
		return "", fmt.Errorf("rotate roots: %w", err)
	}
	fresh, err := after.write(filepath.Dir(dir))
	if err != nil {
		return "", fmt.Errorf("rotate roots: %w", err)
	}
	kept = dir + ".until-" + a.now().UTC().Format("20060102T150405")
	if err := os.Rename(dir, kept); err != nil {
		return "", fmt.Errorf("rotate roots: %w", errors.Join(err, os.RemoveAll(fresh)))
	}
	if err := os.Rename(fresh, dir); err != nil {
		return "", fmt.Errorf("rotate roots: %w", err)
	}
	return kept, syncDir(filepath.Dir(dir))
}

// write puts everything into a new folder inside parent, for its owner only.
func (a *Authority) write(parent string) (dir string, err error) {
	if dir, err = os.MkdirTemp(parent, ".ca-*"); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	for name, r := range map[string]root{currentName: a.current, nextName: a.next} {
		if err := errors.Join(writeCert(dir, name, r.cert), writeKey(dir, name, r.key)); err != nil {
			return "", err
		}
	}
	if a.previous != nil {
		if err := writeCert(dir, previousName, a.previous); err != nil {
			return "", err
		}
	}
	return dir, errors.Join(writeKey(dir, answersName, a.answers), syncDir(dir))
}

func writeCert(dir, name string, c *x509.Certificate) error {
	return writeBlock(filepath.Join(dir, name+certExt), &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func writeKey(dir, name string, key any) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writeBlock(filepath.Join(dir, name+keyExt), &pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func writeBlock(path string, block *pem.Block) error {
	f, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(pem.Encode(f, block), f.Sync(), f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Read reads the authority in dir; [fs.ErrNotExist] when there is none.
func Read(dir string, now func() time.Time) (*Authority, error) {
	if now == nil {
		now = time.Now
	}
	a := &Authority{now: now}
	if err := a.read(dir); err != nil {
		return nil, fmt.Errorf("read authority: %w", err)
	}
	return a, nil
}

func (a *Authority) read(dir string) (err error) {
	if a.current, err = readRoot(dir, currentName); err != nil {
		return err
	}
	if a.next, err = readRoot(dir, nextName); err != nil {
		return err
	}
	a.previous, err = readCert(dir, previousName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key, err := readKey(dir, answersName)
	if err != nil {
		return err
	}
	var ok bool
	if a.answers, ok = key.(ed25519.PrivateKey); !ok {
		return errors.New("the key for answers is not of Ed25519")
	}
	return nil
}

func readRoot(dir, name string) (r root, err error) {
	if r.cert, err = readCert(dir, name); err != nil {
		return r, err
	}
	key, err := readKey(dir, name)
	if err != nil {
		return r, err
	}
	var ok bool
	if r.key, ok = key.(*ecdsa.PrivateKey); !ok || !r.key.PublicKey.Equal(r.cert.PublicKey) {
		return r, fmt.Errorf("key and certificate of %q do not belong together", name)
	}
	return r, nil
}

func readCert(dir, name string) (*x509.Certificate, error) {
	block, err := readBlock(filepath.Join(dir, name+certExt))
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(block.Bytes)
}

func readKey(dir, name string) (any, error) {
	path := filepath.Join(dir, name+keyExt)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others may read %s, want mode 0600", path)
	}
	block, err := readBlock(path)
	if err != nil {
		return nil, err
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}

func readBlock(path string) (*pem.Block, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block", path)
	}
	return block, nil
}
