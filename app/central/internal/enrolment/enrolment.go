// Package enrolment decides which terminals may speak to the central: it gives
// out one-time codes, turns them into certificates, renews these and takes them
// away.
//
// It signs nothing itself and knows nothing of HTTP.
package enrolment

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"leye/app/central/internal/ledger"
	"leye/app/central/internal/tries"
	"leye/app/proof"
)

// Errors that callers act on.
var (
	// ErrCode says that the code does not enrol this terminal, for whatever reason.
	ErrCode = errors.New("the code does not enrol this terminal")
	// ErrRequest says that the certificate request is not one that can be granted.
	ErrRequest = errors.New("the certificate request is not this terminal's")
	// ErrRevoked says that a certificate is no longer good, or never was one of ours.
	ErrRevoked = errors.New("the certificate is revoked")
)

// Closed says that there were too many wrong codes, and for how long still.
type Closed struct{ Wait time.Duration }

func (c *Closed) Error() string { return "too many wrong codes" }

// Authority signs certificates.
type Authority interface {
	Issue(terminal string, r *x509.CertificateRequest) (*x509.Certificate, error)
}

// Ledger remembers codes and certificates.
type Ledger interface {
	AddCode(ctx context.Context, terminal, hash string, expires time.Time) error
	Enrol(ctx context.Context, terminal, hash string, issue func() (ledger.Certificate, error)) error
	AddCertificate(ctx context.Context, c ledger.Certificate) error
	Certificate(ctx context.Context, serial string) (ledger.Certificate, error)
}

// CodeLife is how long a code is good.
const CodeLife = 24 * time.Hour

// Ten wrong codes for one terminal close its door for ten minutes: guessing one
// of 31^10 codes then takes longer than any terminal lives.
const (
	wrongCodes  = 10
	closedAfter = 10 * time.Minute
)

// Office answers for the terminals; its methods may be called at the same time.
type Office struct {
	authority Authority
	ledger    Ledger
	now       func() time.Time
	guesses   *tries.Counter
}

// New returns an Office; a nil now is time.Now.
func New(a Authority, l Ledger, now func() time.Time) *Office {
	if now == nil {
		now = time.Now
	}
	return &Office{a, l, now, tries.New(tries.Limit{Wrong: wrongCodes, For: closedAfter, Now: now})}
}

// alphabet has none of 0 O 1 I L: a code is read out and typed.
const (
	alphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
	codeSize = 10
)

// NewCode makes a code for a terminal and returns it as it is to be read out:
// 7KQ4M-WX2TD. Nothing keeps it but its hash.
func (o *Office) NewCode(ctx context.Context, terminal string) (code string, expires time.Time, err error) {
	var b strings.Builder
	for i := range codeSize {
		if i == codeSize/2 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", time.Time{}, fmt.Errorf("make code: %w", err)
		}
		b.WriteByte(alphabet[n.Int64()])
	}
	code, expires = b.String(), o.now().Add(CodeLife)
	return code, expires, o.ledger.AddCode(ctx, terminal, hashed(code), expires)
}

// hashed takes a code as somebody typed it.
func hashed(code string) string {
	code = strings.ToUpper(strings.NewReplacer("-", "", " ", "", "\t", "").Replace(code))
	sum := sha256.Sum256([]byte("leye enrolment code " + code))
	return hex.EncodeToString(sum[:])
}

// Enrol uses up a code and returns the terminal's first certificate. Its errors
// are ErrRequest, ErrCode, *Closed, or the ledger's.
func (o *Office) Enrol(ctx context.Context, terminal, code string, r *x509.CertificateRequest) (*x509.Certificate, error) {
	if wait, ok := o.guesses.Begin(terminal); !ok {
		return nil, &Closed{wait}
	}
	var cert *x509.Certificate
	err := o.ledger.Enrol(ctx, terminal, hashed(code), func() (c ledger.Certificate, err error) {
		cert, c, err = o.issue(terminal, r)
		return c, err
	})
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return nil, ErrCode
	case err != nil:
		return nil, err
	}
	o.guesses.Right(terminal)
	return cert, nil
}

func (o *Office) issue(terminal string, r *x509.CertificateRequest) (*x509.Certificate, ledger.Certificate, error) {
	cert, err := o.authority.Issue(terminal, r)
	if err != nil {
		return nil, ledger.Certificate{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	_, key, err := proof.Holder(cert)
	if err != nil {
		return nil, ledger.Certificate{}, err
	}
	return cert, ledger.Certificate{
		Serial: cert.SerialNumber.Text(16), Terminal: terminal, Key: base64.StdEncoding.EncodeToString(key),
		IssuedAt: o.now(), EndsAt: cert.NotAfter,
	}, nil
}

// Renew returns a certificate that follows the present one, for the same key.
func (o *Office) Renew(ctx context.Context, present *x509.Certificate, r *x509.CertificateRequest) (*x509.Certificate, error) {
	terminal, key, err := proof.Holder(present)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if asked, ok := r.PublicKey.(ed25519.PublicKey); !ok || !asked.Equal(key) {
		return nil, fmt.Errorf("%w: another key needs another enrolment", ErrRequest)
	}
	cert, c, err := o.issue(terminal, r)
	if err != nil {
		return nil, err
	}
	return cert, o.ledger.AddCertificate(ctx, c)
}

// Standing reports whether a certificate that was verified still stands; else its
// error is ErrRevoked or the ledger's. One that the ledger does not know was
// issued under our roots and by nobody of ours; a connection may outlive its own.
func (o *Office) Standing(ctx context.Context, c *x509.Certificate) error {
	known, err := o.ledger.Certificate(ctx, c.SerialNumber.Text(16))
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return ErrRevoked
	case err != nil:
		return err
	case !known.RevokedAt.IsZero(), known.Terminal != c.Subject.CommonName, o.now().After(known.EndsAt):
		return ErrRevoked
	}
	return nil
}
