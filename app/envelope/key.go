package envelope

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Fingerprint is the hex SHA-256 of a public key's bytes.
type Fingerprint string

// Short is enough of it to be read out on the telephone: "3f2a 91c0 77de 4b15".
func (f Fingerprint) Short() string {
	s := string(f)
	if len(s) < 16 {
		return s
	}
	return strings.Join([]string{s[:4], s[4:8], s[8:12], s[12:16]}, " ")
}

// PublicKey is what applications are sealed to. Two are the same key when they
// are equal; the zero value is none.
type PublicKey struct {
	suite Suite
	bytes string
}

// NewPublicKey checks the bytes that a suite knows as a public key.
func NewPublicKey(name Suite, public []byte) (PublicKey, error) {
	s, err := suiteOf(name)
	if err != nil {
		return PublicKey{}, fmt.Errorf("read public key: %w", err)
	}
	if err := s.checkPublic(public); err != nil {
		return PublicKey{}, fmt.Errorf("read public key: %w", err)
	}
	return PublicKey{name, string(public)}, nil
}

// ParsePublicKey reads what [PublicKey.String] writes.
func ParsePublicKey(text string) (PublicKey, error) {
	name, rest, found := strings.Cut(strings.TrimSpace(text), ":")
	public, err := base64.StdEncoding.Strict().DecodeString(rest)
	if !found || err != nil || strings.ContainsAny(rest, "\r\n") {
		return PublicKey{}, errors.New("read public key: want a suite, a colon and base64")
	}
	return NewPublicKey(Suite(name), public)
}

// String is the key in one word, such as "leye-1:hSDw…=".
func (p PublicKey) String() string {
	return string(p.suite) + ":" + base64.StdEncoding.EncodeToString([]byte(p.bytes))
}

// Zero reports whether p is no key.
func (p PublicKey) Zero() bool { return p == PublicKey{} }

// Suite is the set of algorithms that the key is for.
func (p PublicKey) Suite() Suite { return p.suite }

// Bytes is the key as its suite writes it.
func (p PublicKey) Bytes() []byte { return []byte(p.bytes) }

// Fingerprint names the key.
func (p PublicKey) Fingerprint() Fingerprint { return Fingerprint(Digest([]byte(p.bytes))) }

// Wrapper wraps one data key to one public key.
type Wrapper struct {
	to   PublicKey
	wrap wrapping
}

// Prepare does the costly half of a wrap ahead: a key agreement that takes longer
// than all else of sealing.
func (p PublicKey) Prepare() (*Wrapper, error) {
	s, err := suiteOf(p.suite)
	if err != nil {
		return nil, fmt.Errorf("prepare wrap: %w", err)
	}
	wrap, err := s.prepare([]byte(p.bytes))
	if err != nil {
		return nil, fmt.Errorf("prepare wrap: %w", err)
	}
	return &Wrapper{p, wrap}, nil
}

// Key is whom the wrapper wraps to.
func (w *Wrapper) Key() PublicKey { return w.to }

// Wrap makes the data key of the body under h readable for the key's owner. It
// works once.
func (w *Wrapper) Wrap(h Header, key []byte) ([]byte, error) {
	if w.wrap == nil {
		return nil, errors.New("wrap data key: the wrapper is used up")
	}
	if h.Suite != w.to.suite {
		return nil, fmt.Errorf("wrap data key: body of suite %q, key of %q", h.Suite, w.to.suite)
	}
	wrap, err := w.wrap(key, h.bound())
	w.wrap = nil
	if err != nil {
		return nil, fmt.Errorf("wrap data key: %w", err)
	}
	return wrap, nil
}

// Wrap is [PublicKey.Prepare] and [Wrapper.Wrap] in one.
func (p PublicKey) Wrap(h Header, key []byte) ([]byte, error) {
	w, err := p.Prepare()
	if err != nil {
		return nil, err
	}
	return w.Wrap(h, key)
}

// PrivateKey opens what was sealed to its public key. It does not print itself.
type PrivateKey struct {
	public PublicKey
	bytes  []byte
}

// String keeps the key out of logs.
func (k *PrivateKey) String() string { return "private key of " + k.public.Fingerprint().Short() }

// GoString keeps the key out of logs.
func (k *PrivateKey) GoString() string { return k.String() }

// NewPrivateKey makes a key of suite [Leye1].
func NewPrivateKey() (*PrivateKey, error) {
	k, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return privateKey(k.Bytes())
}

func privateKey(private []byte) (*PrivateKey, error) {
	public, err := leye1{}.public(private)
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	return &PrivateKey{PublicKey{Leye1, string(public)}, private}, nil
}

// Public is the key that others seal to.
func (k *PrivateKey) Public() PublicKey { return k.public }

// Open gives back the application of e. An error is [ErrUnreadable] when e was
// sealed to another key or has been altered, and [ErrSuite].
func (k *PrivateKey) Open(e Envelope) ([]byte, error) {
	s, err := suiteOf(e.Suite)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	if e.Suite != k.public.suite || e.Key != k.public.Fingerprint() {
		return nil, fmt.Errorf("open: %w", ErrUnreadable)
	}
	key, err := s.unwrap(k.bytes, e.Wrap, e.bound())
	if err != nil {
		return nil, fmt.Errorf("open: %w", ErrUnreadable)
	}
	defer clear(key)
	return OpenBody(e.Header, key, e.Body)
}

const pemType = "PRIVATE KEY"

// PEM is the key as PKCS #8 (RFC 8410), as `openssl genpkey -algorithm X25519`
// writes it.
func (k *PrivateKey) PEM() ([]byte, error) {
	private, err := ecdh.X25519().NewPrivateKey(k.bytes)
	if err != nil {
		return nil, fmt.Errorf("write private key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("write private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// ParsePrivateKey reads what [PrivateKey.PEM] writes.
func ParsePrivateKey(text []byte) (*PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, errors.New("read private key: no PEM block PRIVATE KEY")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	private, ok := parsed.(*ecdh.PrivateKey)
	if !ok || private.Curve() != ecdh.X25519() {
		return nil, errors.New("read private key: it is not one of X25519")
	}
	return privateKey(private.Bytes())
}
