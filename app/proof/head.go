package proof

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Head says how far a terminal's journal reaches: the number of its newest line
// and the hash that stands for it and all before it. Signed, it is a note as the
// Go checksum database has them, which other tools read too.
//
// A journal that had to begin anew because its store was damaged says so in a line
// of its own, which others do not have.
type Head struct {
	Terminal   string
	Seq        int64  // 0: there is no line
	Hash       string // SHA-256, hex; empty when there is no line
	Generation int64  // how many journals there were before this one
}

// ErrKey says that a key is not of the form that [HeadKey] writes.
var ErrKey = errors.New("it is not a key for journal heads")

const (
	headTitle = "leye journal"
	noHash    = "-"
	restarted = "restarted "
)

func (h Head) text() string {
	hash := h.Hash
	if hash == "" {
		hash = noHash
	}
	text := fmt.Sprintf("%s\n%s\n%d\n%s\n", headTitle, h.Terminal, h.Seq, hash)
	if h.Generation != 0 {
		text += fmt.Sprintf("%s%d\n", restarted, h.Generation)
	}
	return text
}

// Sign returns the note.
func (h Head) Sign(key ed25519.PrivateKey) (string, error) {
	text, err := signNote(h.text(), h.Terminal, key)
	if err != nil {
		return "", fmt.Errorf("sign journal head: %w", err)
	}
	return text, nil
}

// signNote signs a text in a terminal's name.
func signNote(text, terminal string, key ed25519.PrivateKey) (string, error) {
	signer, err := newSigner(terminal, key)
	if err != nil {
		return "", err
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	return string(signed), err
}

// newSigner writes the key in the form that package note reads.
func newSigner(name string, key ed25519.PrivateKey) (note.Signer, error) {
	public, err := HeadKey(name, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(public, "+")
	hash, _, _ := strings.Cut(rest, "+")
	const algEd25519 = 1
	secret := base64.StdEncoding.EncodeToString(append([]byte{algEd25519}, key.Seed()...))
	return note.NewSigner("PRIVATE+KEY+" + name + "+" + hash + "+" + secret)
}

// HeadKey writes a terminal's public key in the form in which notes are checked:
// PT01+1d5a3c90+AUvx...
func HeadKey(terminal string, key ed25519.PublicKey) (string, error) {
	text, err := note.NewEd25519VerifierKey(terminal, key)
	if err != nil {
		return "", fmt.Errorf("write key: %w", err)
	}
	return text, nil
}

// The note's own way to say both needs control characters and one beyond ASCII,
// which codes on paper carry badly.
const (
	noteBreak, lineBreak = "\n", "|"
	noteDash, lineDash   = "\n\u2014 ", "|- "
)

// OneLine writes a signed head as one line of ASCII, for a code on paper; [OpenHead]
// reads that too.
func OneLine(signed string) string {
	return strings.NewReplacer(noteDash, lineDash, noteBreak, lineBreak).Replace(signed)
}

func fromLine(text string) string {
	text = strings.TrimRight(text, "\r\n")
	return strings.NewReplacer(lineDash, noteDash, lineBreak, noteBreak).Replace(text)
}

// OpenHead returns what a note says when it carries the signature of a key of the
// form that [HeadKey] writes, and is about the terminal that the key names.
func OpenHead(text, key string) (Head, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if strings.HasPrefix(text, headTitle+lineBreak) {
		text = fromLine(text)
	}
	n, err := openNote(text, verifier)
	if err != nil {
		return Head{}, fmt.Errorf("open journal head: %w", err)
	}
	h, err := parseHead(n.Text)
	if err == nil && h.Terminal != verifier.Name() {
		err = errors.New("it is about another terminal")
	}
	if err != nil {
		return Head{}, fmt.Errorf("open journal head: %w", err)
	}
	return h, nil
}

// openNote opens a note that carries a signature of the verifier's key, in the one
// form in which it is written: base64 has bits to spare, and package note takes any.
func openNote(text string, verifier note.Verifier) (*note.Note, error) {
	n, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return nil, err
	}
	for _, s := range n.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return nil, fmt.Errorf("read signature: %w", err)
		}
	}
	return n, nil
}

func parseHead(text string) (Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 && len(lines) != 6 {
		return Head{}, errors.New("it has neither four lines nor five")
	}
	seq, err := strconv.ParseInt(lines[2], 10, 64)
	if err != nil {
		return Head{}, errors.New("its third line is no number")
	}
	h := Head{Terminal: lines[1], Seq: seq, Hash: lines[3]}
	if count, found := strings.CutPrefix(lines[4], restarted); found {
		if h.Generation, err = strconv.ParseInt(count, 10, 64); err != nil || h.Generation < 1 {
			return Head{}, errors.New("its fifth line is no generation")
		}
	}
	if h.Hash == noHash {
		h.Hash = ""
	} else if sum, err := hex.DecodeString(h.Hash); err != nil || len(sum) != 32 {
		return Head{}, errors.New("its fourth line is no hash")
	}
	if h.text() != text || seq < 0 || (seq == 0) != (h.Hash == "") {
		return Head{}, errors.New("it is not of the agreed form")
	}
	return h, nil
}
