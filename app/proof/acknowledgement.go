package proof

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Acknowledgement is what the central vouches for when it holds an application.
// Its signature stays with it, long after the connection that brought it.
type Acknowledgement struct {
	ID, Number, QueryCode string
	Digest                string // of what was taken, hex; see the contract
	AcceptedAt            time.Time
	Due, Desk             string
}

func (a Acknowledgement) text() []byte {
	return parts("leye acknowledgement 1", a.ID, a.Number, a.QueryCode, a.Digest, strconv.FormatInt(a.AcceptedAt.UnixMilli(), 10), a.Due, a.Desk)
}

// parts is a text to sign: its kind, then each part with its length in bytes, a
// line each, so that no two things have the same text.
func parts(all ...string) []byte {
	var b strings.Builder
	for _, part := range all {
		fmt.Fprintf(&b, "%d:%s\n", len(part), part)
	}
	return []byte(b.String())
}

// Sign returns the signature in base64.
func (a Acknowledgement) Sign(key ed25519.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(key, a.text()))
}

// Check holds the acknowledgement against its signature by one of the keys.
func (a Acknowledgement) Check(keys []ed25519.PublicKey, signature string) error {
	return checkText(keys, a.text(), signature)
}

func checkText(keys []ed25519.PublicKey, text []byte, signature string) error {
	sig, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || len(sig) != ed25519.SignatureSize {
		return ErrUnsigned
	}
	for _, key := range keys {
		if ed25519.Verify(key, text, sig) {
			return nil
		}
	}
	return ErrBadSignature
}
