package proof

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
)

// Statement is a document that a terminal vouches for, with the certificate that
// says whose the signature is. It can be checked anywhere, without the terminal.
type Statement struct {
	Form        string          `json:"form"`        // what it is, and which version of that
	Content     json.RawMessage `json:"content"`     // white space between its parts does not count
	Certificate string          `json:"certificate"` // PEM; empty when nobody vouches for it
	Signature   string          `json:"signature"`   // base64, over form and content
}

// longestStatement bounds what is read, in bytes.
const longestStatement = 1 << 20

// ErrUnvouched says that no known root stands behind a certificate.
var ErrUnvouched = errors.New("no root that is known vouches for the certificate")

// NewStatement writes a document of a form; nobody vouches for it yet.
func NewStatement(form string, content any) (Statement, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return Statement{}, fmt.Errorf("write statement: %w", err)
	}
	return Statement{Form: form, Content: text}, nil
}

// Sign vouches for the statement in the name of whom the certificate is.
func (s Statement) Sign(key ed25519.PrivateKey, cert *x509.Certificate) (Statement, error) {
	text, err := s.text()
	if err != nil {
		return s, fmt.Errorf("sign statement: %w", err)
	}
	s.Certificate = string(pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: cert.Raw}))
	s.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, text))
	return s, nil
}

// text is what is signed: the form, then the content with its length in bytes and
// without white space, so that a file may be laid out anew.
func (s Statement) text() ([]byte, error) {
	var content bytes.Buffer
	if err := json.Compact(&content, s.Content); err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "leye statement 1\n%d:%s\n%d:%s\n", len(s.Form), s.Form, content.Len(), content.Bytes()), nil
}

// Digest names the statement: the SHA-256 of what is signed, hex; empty for one
// that is none.
func (s Statement) Digest() string {
	text, err := s.text()
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Check holds the statement against its signature and returns the certificate of
// who made it. Whether that is believed is [Trust.Vouch]'s to say.
func (s Statement) Check() (*x509.Certificate, error) {
	if s.Signature == "" || s.Certificate == "" {
		return nil, ErrUnsigned
	}
	block, rest := pem.Decode([]byte(s.Certificate))
	if block == nil || block.Type != certificateBlock || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("check statement: %w", ErrUnsigned)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("check statement: %w", err)
	}
	_, key, err := Holder(cert)
	if err != nil {
		return nil, fmt.Errorf("check statement: %w", err)
	}
	text, err := s.text()
	if err != nil {
		return nil, fmt.Errorf("check statement: %w", err)
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(s.Signature)
	if err != nil || len(sig) != ed25519.SignatureSize || !ed25519.Verify(key, text, sig) {
		return nil, fmt.Errorf("check statement: %w", ErrBadSignature)
	}
	return cert, nil
}

// Vouch reports whether one of the roots stands behind a terminal's certificate.
// That it has ended since does not matter to what was signed with it before.
func (t Trust) Vouch(cert *x509.Certificate) error {
	_, err := cert.Verify(x509.VerifyOptions{Roots: t.Pool(), CurrentTime: cert.NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnvouched, err)
	}
	return nil
}

// Encode lays the statement out for people.
func (s Statement) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // the content stays as it was signed
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	return b.Bytes(), nil
}

// ReadStatement reads a statement of a form, signed or not.
func ReadStatement(in io.Reader, form string) (Statement, error) {
	var s Statement
	text, err := io.ReadAll(io.LimitReader(in, longestStatement+1))
	if err != nil {
		return s, fmt.Errorf("read statement: %w", err)
	}
	if len(text) > longestStatement {
		return s, fmt.Errorf("read statement: longer than %d bytes", longestStatement)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Statement{}, fmt.Errorf("read statement: %w", err)
	}
	switch _, err := d.Token(); {
	case !errors.Is(err, io.EOF):
		return Statement{}, errors.New("read statement: something follows it")
	case s.Form != form:
		return Statement{}, fmt.Errorf("read statement: it is %q, not %q", s.Form, form)
	case len(s.Content) == 0:
		return Statement{}, errors.New("read statement: it is empty")
	}
	return s, nil
}
