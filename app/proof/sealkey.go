package proof

import (
	"crypto/ed25519"
	"encoding/base64"
	"strconv"
	"time"
)

// SealKey is the key that terminals are to seal to, as the central vouches for it.
type SealKey struct {
	Suite string
	Key   []byte    // public
	Since time.Time // to the second; of two, terminals follow the later
}

func (k SealKey) text() []byte {
	return parts("leye seal key 1", k.Suite, base64.StdEncoding.EncodeToString(k.Key), strconv.FormatInt(k.Since.Unix(), 10))
}

// Sign returns the signature in base64.
func (k SealKey) Sign(key ed25519.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(key, k.text()))
}

// Check holds the key against its signature by one of the keys.
func (k SealKey) Check(keys []ed25519.PublicKey, signature string) error {
	return checkText(keys, k.text(), signature)
}
