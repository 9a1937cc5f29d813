// Package evacuation is the file in which applications are carried from a terminal
// that is failing to another one, which sends them in its place.
//
// A lost file tells its finder which terminal it is from and how many applications
// are in it. The rest is sealed: the list of them to the central alone, and the
// applications, each sealed to the central as it lay, under one more key that is
// in the list. The central hands that key to the terminal that it lets send them.
//
// It reads and writes no files and decides nothing about who may send what.
package evacuation

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"leye/app/envelope"
	"leye/app/proof"
)

// Extension ends the names of such files.
const Extension = ".leye"

// How much one file takes; the rest goes into the next. The list of so many fits into
// a request of the contract, marking them keeps a store busy for seconds at most, and
// so many bytes fit into a terminal's memory.
const (
	MostEntries = 10_000
	MostBytes   = 32 << 20 // of sealed bodies
)

// Entry is one application as it is carried.
type Entry struct {
	Reference, Service  string
	FiledAt, PromisedAt time.Time // to the millisecond
	Order               string    // those with the same are sent in turn; empty: in any order
	Reason              string    // why the central refused it; empty: it did not
	Sealed              envelope.Envelope
}

// Manifest is what the central alone reads.
type Manifest struct {
	Key []byte    // opens the entries
	At  time.Time // when the terminal was emptied, by its clock
	IDs []string  // of the applications
}

// File is what is carried.
type File struct {
	proof.Evacuation
	Statement string // the signed note that says the above
	Manifest  []byte // an envelope of the contract's form, on one line
	Entries   []byte // sealed under the manifest's key
}

// What the two sealed parts hold; see [envelope.Header].
const (
	manifestSchema = "evacuation-manifest-1"
	entriesSchema  = "evacuation-entries-1"
)

// NewID makes the name of an evacuation.
func NewID() string { return rand.Text() }

// Seal puts entries into a file of a terminal, under its name id, for the central
// with the key to, signed by the terminal's own key.
func Seal(terminal, id string, entries []Entry, at time.Time, to envelope.PublicKey, own ed25519.PrivateKey) (File, error) {
	f, err := sealed(terminal, id, entries, at, to)
	if err == nil {
		f.Statement, err = f.Sign(own)
	}
	if err != nil {
		return File{}, fmt.Errorf("write evacuation: %w", err)
	}
	return f, nil
}

func sealed(terminal, id string, entries []Entry, at time.Time, to envelope.PublicKey) (File, error) {
	if len(entries) == 0 || len(entries) > MostEntries {
		return File{}, fmt.Errorf("it cannot hold %d applications", len(entries))
	}
	text, err := encodeEntries(entries)
	if err != nil {
		return File{}, err
	}
	key, err := envelope.NewDataKey(to.Suite())
	if err != nil {
		return File{}, err
	}
	defer clear(key)
	f := File{Evacuation: proof.Evacuation{ID: id, Terminal: terminal, Count: len(entries)}}
	if f.Entries, err = envelope.SealBody(f.header(to.Suite(), entriesSchema), key, text); err != nil {
		return File{}, err
	}
	m := Manifest{Key: key, At: at}
	for _, e := range entries {
		m.IDs = append(m.IDs, e.Sealed.ID)
	}
	if f.Manifest, err = m.seal(f.header(to.Suite(), manifestSchema), to); err != nil {
		return File{}, err
	}
	f.Evacuation.Manifest, f.Evacuation.Entries = envelope.Digest(f.Manifest), envelope.Digest(f.Entries)
	return f, nil
}

// header binds a sealed part to its evacuation and to how many are in it.
func (f File) header(suite envelope.Suite, schema string) envelope.Header {
	return envelope.Header{Suite: suite, ID: f.ID, Seq: int64(f.Count), Schema: schema}
}

// manifest is the JSON of a [Manifest].
type manifest struct {
	Key []byte   `json:"key"`
	At  int64    `json:"at"` // milliseconds since 1970 UTC
	IDs []string `json:"ids"`
}

func (m Manifest) seal(h envelope.Header, to envelope.PublicKey) ([]byte, error) {
	plain, err := json.Marshal(manifest{m.Key, m.At.UnixMilli(), m.IDs})
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	key, err := envelope.NewDataKey(h.Suite)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	e := envelope.Envelope{Header: h, Key: to.Fingerprint()}
	if e.Body, err = envelope.SealBody(h, key, plain); err != nil {
		return nil, err
	}
	if e.Wrap, err = to.Wrap(h, key); err != nil {
		return nil, err
	}
	return e.Encode()
}

// Opener opens what was sealed to the central; see [envelope.PrivateKey.Open].
type Opener interface {
	Open(e envelope.Envelope) ([]byte, error)
}

// ErrForm says that something is not of the form that is written here.
var ErrForm = errors.New("it is not of the agreed form")

// OpenManifest reads the list of the evacuation that said describes. Errors are
// ErrForm and the opener's.
func OpenManifest(by Opener, said proof.Evacuation, text []byte) (Manifest, error) {
	e, err := envelope.Decode(text)
	f := File{Evacuation: said}
	if err != nil || e.Header != f.header(e.Suite, manifestSchema) || envelope.Digest(text) != said.Manifest {
		return Manifest{}, fmt.Errorf("read evacuation's list: %w", ErrForm)
	}
	plain, err := by.Open(e)
	if err != nil {
		return Manifest{}, fmt.Errorf("read evacuation's list: %w", err)
	}
	defer clear(plain)
	var m manifest
	if strictly(plain, &m) != nil || len(m.IDs) != said.Count || len(m.Key) == 0 || repeats(m.IDs) {
		return Manifest{}, fmt.Errorf("read evacuation's list: %w", ErrForm)
	}
	return Manifest{m.Key, time.UnixMilli(m.At), m.IDs}, nil
}

func repeats(ids []string) bool {
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] || !envelope.FitID(id) {
			return true
		}
		seen[id] = true
	}
	return false
}

// strictly reads one JSON value without unknown keys.
func strictly(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return ErrForm // the decoder's own words may quote
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ErrForm
	}
	return nil
}
