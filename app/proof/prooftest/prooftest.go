// Package prooftest is a central's authority for tests: made in memory, and
// obliging enough to sign what a real one would not.
package prooftest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"leye/app/proof"
)

// CA is one authority.
type CA struct {
	tb      testing.TB
	Root    *x509.Certificate
	Answers ed25519.PrivateKey // signs acknowledgements and answers

	key *ecdsa.PrivateKey
}

// Life is how long its certificates are good, from an hour ago.
const Life = 90 * 24 * time.Hour

// New makes an authority.
func New(tb testing.TB) *CA {
	tb.Helper()
	c := &CA{tb: tb}
	var err error
	if c.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		tb.Fatal(err)
	}
	if _, c.Answers, err = ed25519.GenerateKey(rand.Reader); err != nil {
		tb.Fatal(err)
	}
	// As old as anybody's clock may be wrong.
	c.Root = c.Sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "test root"}, NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, c.key.Public())
	return c
}

// Sign fills what is empty in a template, and signs it.
func (c *CA) Sign(template *x509.Certificate, key crypto.PublicKey) *x509.Certificate {
	c.tb.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		c.tb.Fatal(err)
	}
	template.SerialNumber = serial
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = template.NotBefore.Add(Life)
	}
	parent := c.Root
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, c.key)
	if err != nil {
		c.tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		c.tb.Fatal(err)
	}
	return cert
}

// Trust is what a terminal of this authority is handed.
func (c *CA) Trust() proof.Trust {
	return proof.Trust{Roots: []*x509.Certificate{c.Root}, Keys: []ed25519.PublicKey{c.Answers.Public().(ed25519.PublicKey)}}
}

// TrustPEM is the same as text.
func (c *CA) TrustPEM() string {
	c.tb.Helper()
	text, err := c.Trust().PEM()
	if err != nil {
		c.tb.Fatal(err)
	}
	return text
}

// Server is the certificate of a central on this machine, after the changes.
func (c *CA) Server(changes ...func(*x509.Certificate)) tls.Certificate {
	c.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.tb.Fatal(err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "test central"}, DNSNames: []string{"localhost", "central.example"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, change := range changes {
		change(template)
	}
	cert := c.Sign(template, key.Public())
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// Grant signs a terminal's request, whatever it says, after the changes, and
// returns the certificate in PEM.
func (c *CA) Grant(request string, changes ...func(*x509.Certificate)) string {
	c.tb.Helper()
	block, _ := pem.Decode([]byte(request))
	if block == nil {
		c.tb.Fatalf("no request: %q", request)
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		c.tb.Fatal(err)
	}
	template := &x509.Certificate{Subject: r.Subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, change := range changes {
		change(template)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Sign(template, r.PublicKey).Raw}))
}
