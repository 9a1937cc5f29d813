package policysync

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"leye/app/api"
	"leye/app/terminal/internal/store"
)

// Kept is a pack as it lies in the store.
type Kept struct {
	Version, ETag string
	FetchedAt     time.Time
	Files         fs.FS
}

// Shelf holds the newest pack of each name that passed its checks.
type Shelf struct{ db *store.Store }

// NewShelf gives the shelf that lies in db.
func NewShelf(db *store.Store) *Shelf { return &Shelf{db} }

// Get reads a pack; ok is false when none was ever kept.
func (s *Shelf) Get(ctx context.Context, name Name) (k Kept, ok bool, err error) {
	var at int64
	var content []byte
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT version, etag, fetched_at, content FROM pack WHERE name = ?", string(name)).
			Scan(&k.Version, &k.ETag, &at, &content)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Kept{}, false, nil
	case err != nil:
		return Kept{}, false, fmt.Errorf("read pack %s: %w", name, err)
	}
	k.FetchedAt = time.UnixMilli(at)
	if k.Files, err = zip.NewReader(bytes.NewReader(content), int64(len(content))); err != nil {
		return Kept{}, false, fmt.Errorf("read pack %s: %w", name, err)
	}
	return k, true, nil
}

func (s *Shelf) put(ctx context.Context, name Name, f Fetched, content []byte, now time.Time) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO pack (name, version, etag, fetched_at, content) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET version = excluded.version, etag = excluded.etag,
			fetched_at = excluded.fetched_at, content = excluded.content`,
			string(name), f.Pack.Version, f.ETag, now.UnixMilli(), content)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep pack %s: %w", name, err)
	}
	return nil
}

// zipped packs the files; a name that leads out of the folder is an error.
func zipped(p api.Pack) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		if !fs.ValidPath(name) {
			return nil, fmt.Errorf("%q is no path", name)
		}
		f, err := w.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write([]byte(p.Files[name])); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
