// Package proof is what terminal and central show each other so that neither has
// to believe the line between them: whom a terminal trusts, who sent a request,
// what an acknowledgement stands for and how far an audit record reaches.
//
// It holds no key and no clock and decides nothing: it writes and checks forms on
// which both sides must agree.
package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Trust is whom a terminal believes: the roots that may vouch for a central, the
// current one first, and the keys that sign its acknowledgements and answers.
type Trust struct {
	Roots []*x509.Certificate
	Keys  []ed25519.PublicKey
}

const (
	certificateBlock = "CERTIFICATE"
	keyBlock         = "PUBLIC KEY"
)

// mostBlocks is more than a current and a next of each ever take.
const mostBlocks = 16

// ParseTrust reads PEM blocks; text between them is for people.
func ParseTrust(text []byte) (Trust, error) {
	var t Trust
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if len(t.Roots)+len(t.Keys) == mostBlocks {
			return Trust{}, errors.New("read trust: too many blocks")
		}
		if err := t.add(block); err != nil {
			return Trust{}, fmt.Errorf("read trust: %w", err)
		}
	}
	if len(t.Roots) == 0 || len(t.Keys) == 0 {
		return Trust{}, errors.New("read trust: it needs a root certificate and a public key")
	}
	return t, nil
}

func (t *Trust) add(block *pem.Block) error {
	switch block.Type {
	case certificateBlock:
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		if !c.IsCA || !c.BasicConstraintsValid {
			return fmt.Errorf("certificate %q is no root", c.Subject.CommonName)
		}
		t.Roots = append(t.Roots, c)
	case keyBlock:
		k, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return err
		}
		key, ok := k.(ed25519.PublicKey)
		if !ok {
			return errors.New("the public key is not of Ed25519")
		}
		t.Keys = append(t.Keys, key)
	default:
		return fmt.Errorf("block %q does not belong there", block.Type)
	}
	return nil
}

// PEM writes what [ParseTrust] reads.
func (t Trust) PEM() (string, error) {
	var b strings.Builder
	for _, c := range t.Roots {
		if err := pem.Encode(&b, &pem.Block{Type: certificateBlock, Bytes: c.Raw}); err != nil {
			return "", err
		}
	}
	for _, k := range t.Keys {
		der, err := x509.MarshalPKIXPublicKey(k)
		if err != nil {
			return "", err
		}
		if err := pem.Encode(&b, &pem.Block{Type: keyBlock, Bytes: der}); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// Pool is the roots as TLS takes them.
func (t Trust) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range t.Roots {
		pool.AddCert(c)
	}
	return pool
}

// Fingerprint names a public key: the SHA-256 of its bytes, hex.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:])
}

// Holder is whose certificate it is and for which key.
func Holder(c *x509.Certificate) (name string, key ed25519.PublicKey, err error) {
	key, ok := c.PublicKey.(ed25519.PublicKey)
	if !ok || c.Subject.CommonName == "" {
		return "", nil, errors.New("read certificate: it is not a terminal's")
	}
	return c.Subject.CommonName, key, nil
}
