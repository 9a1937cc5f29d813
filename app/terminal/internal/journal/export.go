package journal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// exported is a line of the journal as a line of JSON.
type exported struct {
	Seq   int64  `json:"seq"`
	At    int64  `json:"at"` // milliseconds since 1970 UTC
	Event string `json:"event"`
	Entry string `json:"entry"`
	Code  string `json:"code"`
	Prev  string `json:"prev"`
	Hash  string `json:"hash"`
}

// longestLine is far beyond any that is written.
const longestLine = 64 << 10

func (e exported) write(w io.Writer) error {
	n := json.NewEncoder(w)
	n.SetEscapeHTML(false)
	return n.Encode(e)
}

// Export writes the whole journal, a line of JSON for each line, oldest first, for
// [VerifyExport] on any machine.
func (j *Journal) Export(ctx context.Context, to io.Writer) error {
	return export(to, func(f lines) error { return j.each(ctx, f) })
}

// ExportEarlier is [Journal.Export] for the lines that are left of a journal that
// ended with a damaged store; generations count from 0.
func (j *Journal) ExportEarlier(ctx context.Context, generation int64, to io.Writer) error {
	return export(to, func(f lines) error { return j.eachEarlier(ctx, generation, f) })
}

// lines takes lines one by one.
type lines = func(l Line, prev, hash []byte) error

func export(to io.Writer, each func(lines) error) error {
	w := bufio.NewWriter(to)
	err := each(func(l Line, prev, hash []byte) error {
		return exported{
			l.Seq, l.At.UnixMilli(), l.Event, string(l.Entry), l.Code, hex.EncodeToString(prev), hex.EncodeToString(hash),
		}.write(w)
	})
	if err != nil {
		return fmt.Errorf("export journal: %w", err)
	}
	return w.Flush()
}

// VerifyExport is [Journal.Verify] for what [Journal.Export] wrote, to the byte.
func VerifyExport(from io.Reader, known Head) (Head, error) {
	c := chain{known: known}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longestLine)
	lines.Split(wholeLines)
	var again bytes.Buffer
	for lines.Scan() {
		var e exported
		again.Reset()
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.write(&again) != nil || !bytes.Equal(again.Bytes(), lines.Bytes()) {
			return c.head, &Broken{c.head.Seq + 1, "it is not of the form that is exported"}
		}
		if err := e.join(&c); err != nil {
			return c.head, err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong), errors.Is(err, io.ErrUnexpectedEOF):
		return c.head, &Broken{c.head.Seq + 1, "it is not a whole line"}
	case err != nil:
		return c.head, fmt.Errorf("read exported journal: %w", err)
	}
	return c.head, c.end()
}

// wholeLines splits after each line feed; a rest without one is an error.
func wholeLines(data []byte, atEnd bool) (advance int, line []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEnd && len(data) > 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}

func (e exported) join(c *chain) error {
	prev, err := hex.DecodeString(e.Prev)
	hash, err2 := hex.DecodeString(e.Hash)
	if err != nil || err2 != nil || hex.EncodeToString(prev) != e.Prev || hex.EncodeToString(hash) != e.Hash {
		return &Broken{c.head.Seq + 1, "a hash in it is none"}
	}
	return c.add(Line{Seq: e.Seq, At: time.UnixMilli(e.At), Event: e.Event, Entry: kiosk.ApplicationID(e.Entry), Code: e.Code}, prev, hash)
}
