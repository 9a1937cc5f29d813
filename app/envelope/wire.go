package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// MediaType is the contract's for an envelope.
const MediaType = "application/vnd.leye.sealed+json"

// wire is the contract's SealedApplication.
type wire struct {
	Suite  Suite       `json:"suite"`
	Schema string      `json:"schema"`
	ID     string      `json:"id"`
	Seq    int64       `json:"seq"`
	Key    Fingerprint `json:"key"`
	Wrap   []byte      `json:"wrap"`
	Body   []byte      `json:"body"`
}

// Keys are those of an envelope's JSON object; all are required.
func Keys() []string { return []string{"suite", "schema", "id", "seq", "key", "wrap", "body"} }

// Encode writes the JSON that is sent.
func (e Envelope) Encode() ([]byte, error) {
	if err := e.valid(); err != nil {
		return nil, fmt.Errorf("write envelope: %w", err)
	}
	return json.Marshal(wire{e.Suite, e.Schema, e.ID, e.Seq, e.Key, e.Wrap, e.Body})
}

// Decode reads the JSON that came. It checks the form only: the suite may be
// unknown. Errors quote nothing of data.
func Decode(data []byte) (Envelope, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var w wire
	if err := d.Decode(&w); err != nil {
		return Envelope{}, errors.New("read envelope: a value is not of the declared form")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Envelope{}, errors.New("read envelope: more than one JSON value")
	}
	e := Envelope{Header{w.Suite, w.ID, w.Seq, w.Schema}, w.Key, w.Wrap, w.Body}
	if err := e.valid(); err != nil {
		return Envelope{}, fmt.Errorf("read envelope: %w", err)
	}
	return e, nil
}

// mostWrap is far more than any suite's wrap needs, in bytes.
const mostWrap = 4 << 10

var fitFingerprint = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (e Envelope) valid() error {
	switch err := e.check(); {
	case err != nil:
		return err
	case !fitFingerprint.MatchString(string(e.Key)):
		return errors.New("key is not a fingerprint")
	case len(e.Wrap) == 0 || len(e.Wrap) > mostWrap:
		return errors.New("wrap is empty or too long")
	case len(e.Body) == 0:
		return errors.New("body is empty")
	}
	return nil
}
