package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/store/pages"
)

// placed is one application as it lies on the disk, and where.
type placed struct {
	entry
	Extents []pages.Extent `json:"extents"`
}

// where reads the applications of a store that nobody has open, without opening it,
// and prints a line of JSON for each.
func where(dir string, out io.Writer) error {
	if dir == "" {
		return errUsage
	}
	file, err := pages.Open(filepath.Join(dir, store.FileName))
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	for c := range file.Cells() {
		const id, reference, state, digest, ack, columns = 1, 2, 4, 12, 17, 27
		if c.Index || c.Columns() != columns {
			continue // a row of another table
		}
		v, err := c.Values()
		if err != nil {
			return errors.Join(err, file.Close())
		}
		p := placed{entry{ID: v[id].(string), Reference: v[reference].(string), State: v[state].(string), Digest: v[digest].(string), Whole: true}, c.Extents()}
		if text, ok := v[ack].(string); ok {
			var a kiosk.Acknowledgement
			if err := json.Unmarshal([]byte(text), &a); err != nil {
				return errors.Join(fmt.Errorf("read acknowledgement: %w", err), file.Close())
			}
			p.Number = a.Number
		}
		if err := encoder.Encode(p); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return file.Close()
}
