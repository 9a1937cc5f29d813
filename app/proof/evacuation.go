package proof

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Evacuation is a terminal's word that it has put applications into a file for
// another terminal to send. Signed, it is a note like that of a [Head]; nothing
// in it says what the applications are.
type Evacuation struct {
	ID       string // 26 letters and digits
	Terminal string // that was emptied
	Count    int    // of applications, from 1
	Manifest string // SHA-256, hex, of their sealed list
	Entries  string // SHA-256, hex, of the sealed applications
}

const evacuationTitle = "leye evacuation 1"

func (e Evacuation) text() string {
	return fmt.Sprintf("%s\n%s\n%s\n%d\n%s\n%s\n", evacuationTitle, e.Terminal, e.ID, e.Count, e.Manifest, e.Entries)
}

// Sign returns the note.
func (e Evacuation) Sign(key ed25519.PrivateKey) (string, error) {
	text, err := signNote(e.text(), e.Terminal, key)
	if err != nil {
		return "", fmt.Errorf("sign evacuation: %w", err)
	}
	return text, nil
}

// ParseEvacuation returns what a note says, whoever signed it.
func ParseEvacuation(text string) (Evacuation, error) {
	_, err := note.Open([]byte(text), note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return Evacuation{}, errors.New("read evacuation: it is not a signed note")
	}
	e, err := parseEvacuation(unverified.Note.Text)
	if err != nil {
		return Evacuation{}, fmt.Errorf("read evacuation: %w", err)
	}
	return e, nil
}

// Check holds a note that says e against its signature by one of the keys, in the
// name of the terminal that it is about.
func (e Evacuation) Check(text string, keys []ed25519.PublicKey) error {
	for _, key := range keys {
		public, err := HeadKey(e.Terminal, key)
		if err != nil {
			return fmt.Errorf("check evacuation: %w", err)
		}
		verifier, err := note.NewVerifier(public)
		if err != nil {
			return fmt.Errorf("check evacuation: %w", err)
		}
		if n, err := openNote(text, verifier); err == nil && n.Text == e.text() {
			return nil
		}
	}
	return fmt.Errorf("check evacuation: %w", ErrBadSignature)
}

func parseEvacuation(text string) (Evacuation, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 7 {
		return Evacuation{}, errors.New("it has not six lines")
	}
	count, err := strconv.Atoi(lines[3])
	if err != nil {
		return Evacuation{}, errors.New("its fourth line is no number")
	}
	e := Evacuation{lines[2], lines[1], count, lines[4], lines[5]}
	for _, hash := range []string{e.Manifest, e.Entries} {
		if sum, err := hex.DecodeString(hash); err != nil || len(sum) != 32 {
			return Evacuation{}, errors.New("a hash in it is none")
		}
	}
	if e.text() != text || e.Terminal == "" || e.ID == "" || count < 1 {
		return Evacuation{}, errors.New("it is not of the agreed form")
	}
	return e, nil
}
