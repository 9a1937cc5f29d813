// Package identity is who this terminal is to its central, in one file of the
// state directory: its key, the certificate for it, and whom it trusts. A task
// renews the certificate.
//
// It sends nothing itself. The key is of Ed25519, in a file: notes of the audit
// record are signed with it too, and a TPM keeps no such keys.
package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"leye/app/api"
	"leye/app/proof"
)

// FileName is the name of the file inside the state directory.
const FileName = "identity.pem"

// ErrNone says that the terminal is not enrolled.
var ErrNone = errors.New("the terminal is not enrolled")

// Identity is what the file holds. Its methods may be called from any goroutine.
type Identity struct {
	path, name string
	key        ed25519.PrivateKey

	mu    sync.Mutex
	cert  *x509.Certificate
	trust proof.Trust
}

// Load reads the identity in the state directory dir; ErrNone when there is none.
// It is an error when others may read the file.
func Load(dir string) (*Identity, error) {
	i := &Identity{path: filepath.Join(dir, FileName)}
	info, err := os.Stat(i.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNone
	case err != nil:
		return nil, fmt.Errorf("load identity: %w", err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("load identity: others may read %s, want mode 0600", i.path)
	}
	text, err := os.ReadFile(i.path)
	if err == nil {
		err = i.read(text)
	}
	if err != nil {
		return nil, fmt.Errorf("load identity %s: %w", i.path, err)
	}
	return i, nil
}

// read takes the key's block, the certificate's, and those of the trust.
func (i *Identity) read(text []byte) error {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != keyBlock {
		return errors.New("it does not begin with a key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return err
	}
	var ok bool
	if i.key, ok = key.(ed25519.PrivateKey); !ok {
		return errors.New("the key is not of Ed25519")
	}
	if block, rest = pem.Decode(rest); block == nil {
		return errors.New("no certificate follows the key")
	}
	if i.trust, err = proof.ParseTrust(rest); err != nil {
		return err
	}
	if i.cert, err = i.checked(block, i.trust); err != nil {
		return err
	}
	i.name = i.cert.Subject.CommonName
	return nil
}

const (
	keyBlock  = "PRIVATE KEY"
	certBlock = "CERTIFICATE"
)

// checked holds a certificate against the key and the roots. Whether it has
// ended is for the central to say: this machine's clock may be wrong.
func (i *Identity) checked(block *pem.Block, trust proof.Trust) (*x509.Certificate, error) {
	if block.Type != certBlock {
		return nil, errors.New("the certificate is none")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	_, key, err := proof.Holder(c)
	switch {
	case err != nil:
		return nil, err
	case !key.Equal(i.key.Public()):
		return nil, errors.New("the certificate is for another key")
	}
	_, err = c.Verify(x509.VerifyOptions{
		Roots: trust.Pool(), CurrentTime: c.NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return c, err
}

// Name is the terminal's name as its certificate has it.
func (i *Identity) Name() string { return i.name }

// Certificate is the present one.
func (i *Identity) Certificate() *x509.Certificate {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.cert
}

// Trust is whom the terminal believes.
func (i *Identity) Trust() proof.Trust {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.trust
}

// Key signs in the terminal's name.
func (i *Identity) Key() ed25519.PrivateKey { return i.key }

// String keeps the key out of logs.
func (i *Identity) String() string { return "identity of " + i.Name() }

// GoString keeps the key out of logs.
func (i *Identity) GoString() string { return i.String() }

// TLS is how a connection to the central is made: TLS 1.3, the pinned roots and
// no others, and the terminal's certificate shown.
func (i *Identity) TLS(now func() time.Time) *tls.Config {
	i.mu.Lock()
	defer i.mu.Unlock()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, RootCAs: i.trust.Pool(), Time: now,
		Certificates: []tls.Certificate{{Certificate: [][]byte{i.cert.Raw}, PrivateKey: i.key, Leaf: i.cert}},
	}
}

// Request asks for a certificate that follows the present one, in PEM.
func (i *Identity) Request() (string, error) { return request(i.Name(), i.key) }

func request(terminal string, key ed25519.PrivateKey) (string, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: terminal}}, key)
	if err != nil {
		return "", fmt.Errorf("write certificate request: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), nil
}

// Take keeps what the central issued in place of what was there, on the disk
// before it is used.
func (i *Identity) Take(issued api.Certificate) error {
	// A terminal that was enrolled anew meanwhile must not become the one before.
	if there, err := Load(filepath.Dir(i.path)); err == nil && !there.key.Equal(i.key) {
		return errors.New("take certificate: the terminal was enrolled anew")
	}
	return i.keep(issued)
}

func (i *Identity) keep(issued api.Certificate) error {
	cert, trust, err := i.examine(issued)
	if err != nil {
		return fmt.Errorf("take certificate: %w", err)
	}
	if cert.Subject.CommonName != i.name {
		return fmt.Errorf("take certificate: it is in the name of %q", cert.Subject.CommonName)
	}
	text, err := i.text(cert, trust)
	if err == nil {
		err = write(i.path, text)
	}
	if err != nil {
		return fmt.Errorf("keep identity: %w", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cert, i.trust = cert, trust
	return nil
}

func (i *Identity) examine(issued api.Certificate) (*x509.Certificate, proof.Trust, error) {
	trust, err := proof.ParseTrust([]byte(issued.Trust))
	if err != nil {
		return nil, trust, err
	}
	block, rest := pem.Decode([]byte(issued.Certificate))
	if block == nil || strings.TrimSpace(string(rest)) != "" {
		return nil, trust, errors.New("the certificate is not one PEM block")
	}
	cert, err := i.checked(block, trust)
	return cert, trust, err
}

func (i *Identity) text(cert *x509.Certificate, trust proof.Trust) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, block := range []*pem.Block{{Type: keyBlock, Bytes: der}, {Type: certBlock, Bytes: cert.Raw}} {
		if err := pem.Encode(&b, block); err != nil {
			return nil, err
		}
	}
	trusted, err := trust.PEM()
	b.WriteString(trusted)
	return b.Bytes(), err
}

// Enrol makes a new key in dir for a terminal and has ask turn a request for it
// into a certificate. Only with that is anything written; an identity from before
// is then replaced.
func Enrol(dir, terminal string, ask func(request string) (api.Certificate, error)) (*Identity, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	text, err := request(terminal, key)
	if err != nil {
		return nil, err
	}
	issued, err := ask(text)
	if err != nil {
		return nil, err
	}
	i := &Identity{path: filepath.Join(dir, FileName), name: terminal, key: key}
	return i, i.keep(issued)
}

// write has the file whole and on the disk under its name. It belongs to whom
// the directory belongs to: a technician enrols, the kiosk's user reads.
func write(path string, text []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".identity-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, handOver(f, dir), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
