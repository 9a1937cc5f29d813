package evacuation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"leye/app/envelope"
	"leye/app/proof"
)

// Errors of [Decode] that callers tell apart.
var (
	ErrNone    = errors.New("it is no evacuation of a terminal")
	ErrDamaged = errors.New("it is damaged, or not whole")
)

const (
	firstWords = "leye evacuation "
	mostNote   = 1 << 10
	// MostFile is the longest file, in bytes: bodies in base64 and what stands
	// around each.
	MostFile = MostBytes/3*4 + MostEntries<<10
)

// Encode writes the file: the note, an empty line, the manifest on a line, and the
// entries to the end.
func (f File) Encode() []byte {
	return bytes.Join([][]byte{[]byte(f.Statement), f.Manifest, f.Entries}, []byte("\n"))
}

// Decode reads what [File.Encode] wrote, and finds every change since it was
// written; who wrote it is for the central to find.
func Decode(data []byte) (File, error) {
	f, err := decode(data)
	if err != nil {
		return File{}, fmt.Errorf("read evacuation: %w", err)
	}
	return f, nil
}

func decode(data []byte) (f File, err error) {
	if !bytes.HasPrefix(data, []byte(firstWords)) || len(data) > MostFile {
		return f, ErrNone
	}
	// A note ends with the lines of its signatures, behind an empty one.
	head := data[:min(len(data), mostNote)]
	_, behind, ok := bytes.Cut(head, []byte("\n\n"))
	if !ok {
		return f, ErrDamaged
	}
	signatures, _, ok := bytes.Cut(behind, []byte("\n\n"))
	if !ok {
		return f, ErrDamaged
	}
	end := len(head) - len(behind) + len(signatures) + 1
	f.Statement = string(data[:end])
	if f.Evacuation, err = proof.ParseEvacuation(f.Statement); err != nil {
		return f, errors.Join(ErrDamaged, err)
	}
	if f.Manifest, f.Entries, ok = bytes.Cut(data[end+1:], []byte("\n")); !ok {
		return f, ErrDamaged
	}
	if envelope.Digest(f.Manifest) != f.Evacuation.Manifest || envelope.Digest(f.Entries) != f.Evacuation.Entries {
		return f, ErrDamaged
	}
	return f, nil
}

// carried is the JSON of an [Entry]; times are milliseconds since 1970 UTC.
type carried struct {
	Reference string          `json:"reference"`
	Service   string          `json:"service"`
	Filed     int64           `json:"filed"`
	Promised  int64           `json:"promised"`
	Order     string          `json:"order"`
	Reason    string          `json:"reason"`
	Sealed    json.RawMessage `json:"sealed"`
}

func encodeEntries(entries []Entry) ([]byte, error) {
	list := make([]carried, len(entries))
	for i, e := range entries {
		text, err := e.Sealed.Encode()
		if err != nil {
			return nil, err
		}
		list[i] = carried{e.Reference, e.Service, e.FiledAt.UnixMilli(), e.PromisedAt.UnixMilli(), e.Order, e.Reason, text}
	}
	return json.Marshal(list)
}

// Open reads the entries with the key that the central gave out. Its errors are
// [envelope.ErrUnreadable], [envelope.ErrSuite] and ErrForm.
func (f File) Open(key []byte) ([]Entry, error) {
	entries, err := f.open(key)
	if err != nil {
		return nil, fmt.Errorf("open evacuation: %w", err)
	}
	return entries, nil
}

func (f File) open(key []byte) ([]Entry, error) {
	sealed, err := envelope.Decode(f.Manifest)
	if err != nil {
		return nil, ErrForm
	}
	text, err := envelope.OpenBody(f.header(sealed.Suite, entriesSchema), key, f.Entries)
	if err != nil {
		return nil, err
	}
	var list []carried
	if err := strictly(text, &list); err != nil {
		return nil, err
	}
	if len(list) != f.Count {
		return nil, ErrForm
	}
	entries, ids := make([]Entry, len(list)), make([]string, len(list))
	for i, c := range list {
		e, err := envelope.Decode(c.Sealed)
		if err != nil || e.Schema != envelope.Schema {
			return nil, ErrForm
		}
		entries[i] = Entry{c.Reference, c.Service, time.UnixMilli(c.Filed), time.UnixMilli(c.Promised), c.Order, c.Reason, e}
		ids[i] = e.ID
	}
	if repeats(ids) {
		return nil, ErrForm
	}
	return entries, nil
}
