// Package envelope is the sealed form of an application: what stands on a
// terminal's disk and goes over the line, for the central alone to open. Each
// has a data key of its own, and that is wrapped to the central's public key.
//
// It keeps no keys and no files, and whom to trust is not its matter; see the
// terminal's package seal and the central's package keyring.
package envelope

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Errors that callers tell apart.
var (
	ErrSuite      = errors.New("the cryptographic suite is not known here")
	ErrUnreadable = errors.New("the key does not open it")
)

// Schema names what is inside: the contract's Application as JSON.
const Schema = "application-1"

// Header is what a sealed application says openly. All of it is bound to the
// body and to each wrap: with another header they do not open.
type Header struct {
	Suite  Suite
	ID     string // the application's
	Seq    int64  // from 1, its place in the terminal's queue
	Schema string
}

// bound is the associated data: the parts with a line feed after each, which
// none of them may hold.
func (h Header) bound() []byte {
	return []byte(strings.Join([]string{string(h.Suite), h.ID, strconv.FormatInt(h.Seq, 10), h.Schema, ""}, "\n"))
}

// Envelope is one sealed application.
type Envelope struct {
	Header
	Key  Fingerprint // of the public key that the data key is wrapped to
	Wrap []byte      // the data key, for the owner of Key
	Body []byte      // the application under the data key
}

// Digest is the hex SHA-256 of bytes: of a sealed application its Body, of one
// that is sent in the open all that is sent. An acknowledgement repeats it.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// fitWord reports whether s is 1 to 32 of a-z, 0-9 and, not first, hyphens.
func fitWord(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' && i > 0) {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 32
}

// fitID reports whether s is 26 letters and digits.
func fitID(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return len(s) == 26
}

// FitID reports whether id has the form of a header's.
func FitID(id string) bool { return fitID(id) }

// check refuses what [Header.bound] could not keep apart.
func (h Header) check() error {
	switch {
	case !fitWord(string(h.Suite)):
		return errors.New("suite is not a name")
	case !fitWord(h.Schema):
		return errors.New("schema is not a name")
	case !fitID(h.ID):
		return errors.New("id is not 26 letters and digits")
	case h.Seq < 1:
		return errors.New("seq is below 1")
	}
	return nil
}

// SealBody puts plain under a data key of [NewDataKey], which must be used once.
func SealBody(h Header, key, plain []byte) ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	s, err := suiteOf(h.Suite)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	body, err := s.seal(key, plain, h.bound())
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return body, nil
}

// OpenBody gives back what [SealBody] sealed under the same header and key, or
// [ErrUnreadable].
func OpenBody(h Header, key, body []byte) ([]byte, error) {
	s, err := suiteOf(h.Suite)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	plain, err := s.open(key, body, h.bound())
	if err != nil {
		return nil, fmt.Errorf("open: %w", ErrUnreadable)
	}
	return plain, nil
}
