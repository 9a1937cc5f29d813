package envelope

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"fmt"
)

// Suite names a set of algorithms. Every envelope carries it, so that another
// set, such as one of SM2, SM3 and SM4, can come beside the first.
type Suite string

// Leye1 is AES-256-GCM with a random nonce in front (NIST SP 800-38D) for bodies,
// and HPKE base mode (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
// AES-256-GCM for wraps, the encapsulated key in front and the suite's name as info.
const Leye1 Suite = "leye-1"

// wrapping wraps one data key. The costly half of it is already done.
type wrapping func(key, bound []byte) ([]byte, error)

// suite is what each set must be able to do. Public and private keys are in the
// form of the set's own serialisation.
type suite interface {
	keySize() int
	seal(key, plain, bound []byte) ([]byte, error)
	open(key, sealed, bound []byte) ([]byte, error)
	prepare(public []byte) (wrapping, error)
	unwrap(private, wrapped, bound []byte) ([]byte, error)
	checkPublic(public []byte) error
	public(private []byte) ([]byte, error)
}

func suiteOf(name Suite) (suite, error) {
	if name == Leye1 {
		return leye1{}, nil
	}
	return nil, ErrSuite
}

// Known reports whether a set of algorithms is known here.
func Known(name Suite) bool {
	_, err := suiteOf(name)
	return err == nil
}

// NewDataKey makes the key of one body.
func NewDataKey(name Suite) ([]byte, error) {
	s, err := suiteOf(name)
	if err != nil {
		return nil, fmt.Errorf("make data key: %w", err)
	}
	key := make([]byte, s.keySize())
	rand.Read(key)
	return key, nil
}

type leye1 struct{}

func (leye1) keySize() int { return 32 }

func gcm(key []byte) (cipher.AEAD, error) {
	if len(key) != (leye1{}).keySize() {
		return nil, ErrUnreadable
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (leye1) seal(key, plain, bound []byte) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, plain, bound), nil
}

func (leye1) open(key, sealed, bound []byte) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nil, sealed, bound)
}

func kem() hpke.KEM { return hpke.DHKEM(ecdh.X25519()) }

func (leye1) prepare(public []byte) (wrapping, error) {
	to, err := kem().NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	encapsulated, sender, err := hpke.NewSender(to, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(Leye1))
	if err != nil {
		return nil, err
	}
	return func(key, bound []byte) ([]byte, error) {
		wrap, err := sender.Seal(bound, key)
		return append(encapsulated, wrap...), err
	}, nil
}

// encapsulatedSize is that of an X25519 public key.
const encapsulatedSize = 32

func (leye1) unwrap(private, wrapped, bound []byte) ([]byte, error) {
	of, err := kem().NewPrivateKey(private)
	if err != nil {
		return nil, err
	}
	if len(wrapped) < encapsulatedSize {
		return nil, ErrUnreadable
	}
	recipient, err := hpke.NewRecipient(wrapped[:encapsulatedSize], of, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(Leye1))
	if err != nil {
		return nil, err
	}
	return recipient.Open(bound, wrapped[encapsulatedSize:])
}

// checkPublic uses the key: X25519 takes any 32 bytes for one, and fails with those
// of low order only then.
func (s leye1) checkPublic(public []byte) error {
	_, err := s.prepare(public)
	return err
}

func (leye1) public(private []byte) ([]byte, error) {
	k, err := kem().NewPrivateKey(private)
	if err != nil {
		return nil, err
	}
	return k.PublicKey().Bytes(), nil
}
