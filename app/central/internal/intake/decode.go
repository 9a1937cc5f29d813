package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"unicode/utf8"

	"leye/app/api"
	"leye/app/form"
)

// maxDepth is deeper than any form: body, answers, list of rows, row, value.
const maxDepth = 8

var (
	applicationID = regexp.MustCompile(`^[0-9A-Za-z]{26}$`)
	terminalID    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)
)

// ValidTerminal reports whether s has the form of a terminal's name.
func ValidTerminal(s string) bool { return terminalID.MatchString(s) }

// bodyKeys are the keys of an application; all are required.
var bodyKeys = []string{"id", "service", "catalogueVersion", "terminal", "language", "filedAt", "reference", "answers"}

// decode reads an application strictly: valid UTF-8, one JSON object, every key
// known, exactly written and there once. The errors quote keys, never values.
func decode(body []byte) (api.Application, form.Answers, error) {
	if err := strict(body, bodyKeys); err != nil {
		return api.Application{}, nil, err
	}
	var a api.Application
	if err := unmarshal(body, &a); err != nil {
		return api.Application{}, nil, err
	}
	if err := plausible(a); err != nil {
		return api.Application{}, nil, err
	}
	var answers form.Answers
	if err := json.Unmarshal(a.Answers, &answers); err != nil || answers == nil {
		return api.Application{}, nil, errors.New("body: answers are not an object of strings, numbers, booleans, lists and rows")
	}
	return a, answers, nil
}

// unmarshal puts decoding errors in words that hold no value of the body.
func unmarshal(body []byte, to any) error {
	err := json.Unmarshal(body, to)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("body: %s is not of the declared type", wrong.Field)
	}
	if err != nil {
		return errors.New("body: a value is not of the declared form")
	}
	return nil
}

func plausible(a api.Application) error {
	switch {
	case !applicationID.MatchString(a.Id):
		return errors.New("body: id is not 26 letters and digits")
	case a.Service == "" || len(a.Service) > 64:
		return errors.New("body: service is empty or too long")
	case len(a.CatalogueVersion) > 128:
		return errors.New("body: catalogueVersion is too long")
	case !ValidTerminal(a.Terminal):
		return errors.New("body: terminal is not a terminal's name")
	case !a.Language.Valid():
		return errors.New("body: language is neither zh nor en")
	case a.FiledAt.IsZero():
		return errors.New("body: filedAt is empty")
	case len(a.Reference) > 64:
		return errors.New("body: reference is too long")
	}
	return nil
}

// Strict reports whether body is one JSON object in valid UTF-8 without repeated
// keys and with no other keys at the top than those known.
func Strict(body []byte, known, required []string) error {
	seen, err := object(body, known)
	if err != nil {
		return err
	}
	for _, key := range required {
		if !seen[key] {
			return fmt.Errorf("body: key %q is missing", key)
		}
	}
	return nil
}

func strict(body []byte, keys []string) error { return Strict(body, keys, keys) }

// object walks body and returns its top keys. The walk is needed because
// encoding/json takes the last of repeated keys and "ID" for "id": two readers
// could see two different applications in the same bytes.
func object(body []byte, known []string) (map[string]bool, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("body: not UTF-8")
	}
	w := walker{d: json.NewDecoder(bytes.NewReader(body)), known: map[string]bool{}}
	w.d.UseNumber()
	for _, key := range known {
		w.known[key] = true
	}
	first, err := w.d.Token()
	if err != nil || first != json.Delim('{') {
		return nil, errors.New("body: not a JSON object")
	}
	seen, err := w.object(1)
	if err != nil {
		return nil, err
	}
	if _, err := w.d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("body: more than one JSON value")
	}
	return seen, nil
}

type walker struct {
	d     *json.Decoder
	known map[string]bool // keys at depth 1
}

func (w *walker) object(depth int) (map[string]bool, error) {
	seen := map[string]bool{}
	for w.d.More() {
		t, err := w.d.Token()
		if err != nil {
			return nil, w.broken()
		}
		key, _ := t.(string)
		if seen[key] {
			return nil, fmt.Errorf("body: key %q is there twice", shorten(key))
		}
		if depth == 1 && !w.known[key] {
			return nil, fmt.Errorf("body: unknown key %q", shorten(key))
		}
		seen[key] = true
		if err := w.value(depth); err != nil {
			return nil, err
		}
	}
	if _, err := w.d.Token(); err != nil {
		return nil, w.broken()
	}
	return seen, nil
}

func (w *walker) value(depth int) error {
	t, err := w.d.Token()
	if err != nil {
		return w.broken()
	}
	if depth >= maxDepth {
		return fmt.Errorf("body: deeper than %d levels", maxDepth)
	}
	switch t {
	case json.Delim('{'):
		_, err := w.object(depth + 1)
		return err
	case json.Delim('['):
		for w.d.More() {
			if err := w.value(depth + 1); err != nil {
				return err
			}
		}
		if _, err := w.d.Token(); err != nil {
			return w.broken()
		}
	}
	return nil
}

func (w *walker) broken() error {
	return fmt.Errorf("body: not JSON at byte %d", w.d.InputOffset())
}

func shorten(key string) string {
	const limit = 32
	if r := []rune(key); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return key
}
