// Package authority is the central's small certificate authority: its roots, the
// certificates of terminals and of its own listener, and the key that signs what
// it says.
//
// Who gets a certificate and who has lost it is not its matter; see enrolment.
package authority

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
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"

	"leye/app/proof"
)

// How long certificates are good. A terminal renews after two thirds at the
// latest, so that one without a line for a month comes back by itself; being
// revoked works at once and needs no short life.
const (
	rootLife     = 20 * 365 * 24 * time.Hour
	TerminalLife = 90 * 24 * time.Hour
	serverLife   = 90 * 24 * time.Hour

	// A clock that is a little behind must not refuse a certificate of today.
	backdated = time.Hour
)

// Authority signs. Its methods may be called at the same time.
type Authority struct {
	now      func() time.Time
	current  root
	next     root
	previous *x509.Certificate // until the certificates under it have ended; nil when there is none
	answers  ed25519.PrivateKey

	mu     sync.Mutex
	server *tls.Certificate
}

type root struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newRoot makes a root. P-256, because whoever looks at it with another tool
// knows that.
func newRoot(now time.Time) (root, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return root{}, err
	}
	cert, err := sign(&x509.Certificate{
		Subject:   pkix.Name{CommonName: "Leye central root " + now.UTC().Format("2006-01-02 ") + rand.Text()[:6]},
		NotBefore: now.Add(-backdated), NotAfter: now.Add(rootLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}, key.Public(), root{key: key})
	return root{cert, key}, err
}

// sign makes a certificate under r, or by itself when r has none yet.
func sign(template *x509.Certificate, key crypto.PublicKey, r root) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial.Add(serial, big.NewInt(1))
	parent := r.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, r.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// Trust is what terminals are handed.
func (a *Authority) Trust() proof.Trust {
	return proof.Trust{
		Roots: []*x509.Certificate{a.current.cert, a.next.cert},
		Keys:  []ed25519.PublicKey{a.answers.Public().(ed25519.PublicKey)},
	}
}

// AnswersKey signs acknowledgements and answers.
func (a *Authority) AnswersKey() ed25519.PrivateKey { return a.answers }

// Issue signs a terminal's request. The request must be in the terminal's name,
// signed with the key that it asks for, and that of Ed25519.
func (a *Authority) Issue(terminal string, r *x509.CertificateRequest) (*x509.Certificate, error) {
	if err := r.CheckSignature(); err != nil {
		return nil, fmt.Errorf("issue certificate: %w", err)
	}
	if _, ok := r.PublicKey.(ed25519.PublicKey); !ok || r.Subject.CommonName != terminal {
		return nil, errors.New("issue certificate: the request is not this terminal's, or its key not of Ed25519")
	}
	now := a.now()
	return sign(&x509.Certificate{
		Subject:   pkix.Name{CommonName: terminal},
		NotBefore: now.Add(-backdated), NotAfter: now.Add(TerminalLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}, r.PublicKey, a.current)
}

// ParseRequest reads a request in PEM.
func ParseRequest(text string) (*x509.CertificateRequest, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE REQUEST" || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, errors.New("read request: it is not one PEM block")
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	return r, nil
}

// TLS is how the central listens to terminals under these names or addresses:
// TLS 1.3 only; a certificate is asked for, and must be good where there is one,
// but enrolment comes without. Nothing is resumed: each connection shows its
// certificate.
func (a *Authority) TLS(names []string) *tls.Config {
	clients := x509.NewCertPool()
	for _, c := range []*x509.Certificate{a.current.cert, a.next.cert, a.previous} {
		if c != nil {
			clients.AddCert(c)
		}
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true, Time: a.now,
		ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: clients,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.serverCertificate(names) },
	}
}

// serverCertificate makes the listener's own certificate anew when two thirds of
// its life are over.
func (a *Authority) serverCertificate(names []string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if a.server != nil && now.Before(a.server.Leaf.NotAfter.Add(-serverLife/3)) {
		return a.server, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// As old as its root: a terminal that has lost the time must still be able to
	// come and learn it.
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Leye central"},
		NotBefore: a.current.cert.NotBefore, NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	cert, err := sign(template, key.Public(), a.current)
	if err != nil {
		return nil, err
	}
	a.server = &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
	return a.server, nil
}
