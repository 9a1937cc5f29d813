package quarantine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

const aside = ".new"

// build makes a store under another name, with all that can be salvaged of the newest
// quarantine, and puts it in its place when it is whole and on the disk.
func (k *keeper) build(ctx context.Context) error {
	newest, known, err := k.newest()
	if err != nil {
		return err
	}
	if !known {
		return k.finish(ctx, func(*store.Store) error { return nil })
	}
	err = k.finish(ctx, func(db *store.Store) error { return k.fill(ctx, db, &newest, true) })
	if err != nil && ctx.Err() == nil && !errors.Is(err, errStopped) {
		// Residents come first: what is left waits in quarantine for staff.
		newest.Report = Report{At: newest.At, Cause: newest.Cause, Error: err.Error()}
		err = k.finish(ctx, func(db *store.Store) error { return k.fill(ctx, db, &newest, false) })
	}
	if err != nil {
		return fmt.Errorf("build new store: %w", err)
	}
	newest.InPlace = true
	return newest.write(k.step)
}

// errStopped is for tests that stop in between.
var errStopped = errors.New("stopped")

func (k *keeper) finish(ctx context.Context, fill func(*store.Store) error) error {
	path := k.path + aside
	for _, suffix := range files {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := k.step("make store"); err != nil {
		return err
	}
	db, err := store.Open(ctx, path, k.Store)
	if err != nil {
		return err
	}
	if err := errors.Join(fill(db), db.Close()); err != nil {
		return err
	}
	// A log that could not be moved into the file would be lost with its name.
	if left, err := exists(path + "-wal"); err != nil || left {
		return errors.Join(err, errors.New("its log could not be emptied"))
	}
	if err := fsync(path); err != nil {
		return err
	}
	if err := k.step("put store in place"); err != nil {
		return err
	}
	if err := os.Rename(path, k.path); err != nil {
		return err
	}
	return fsync(filepath.Dir(k.path))
}

// fill makes the store the next generation, with what was salvaged, and begins its
// journal with a line about it.
func (k *keeper) fill(ctx context.Context, db *store.Store, f *Folder, salvaging bool) error {
	if salvaging {
		if err := salvage(ctx, db, f); err != nil {
			return err
		}
	}
	if err := k.step("salvaged"); err != nil {
		return err
	}
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		n, err := store.Generation(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO generation (n, began_at, quarantine) VALUES (?, ?, ?)", max(n+1, f.Number), k.Now().UnixMilli(), f.Name)
		if err != nil {
			return err
		}
		return f.record(ctx, tx, db, "store.quarantined")
	})
	if err != nil {
		return err
	}
	return f.write(k.step)
}

// record puts on record what was salvaged: the folder, the rows that were taken and
// that were left, and how far the journal before is known.
func (f *Folder) record(ctx context.Context, tx *sql.Tx, db *store.Store, event string) error {
	words, err := json.Marshal(struct {
		Quarantine string         `json:"quarantine"`
		Taken      map[string]int `json:"taken"`
		Left       map[string]int `json:"left"`
		Missing    int            `json:"missing"`
		Lines      int64          `json:"lines"`
		Hash       string         `json:"hash"`
		Error      bool           `json:"error,omitempty"`
	}{f.Name, f.Taken, f.Left, len(f.Missing), f.Lines, f.Hash, f.Error != ""})
	if err != nil {
		return err
	}
	return journal.New(db, journal.Options{}).Add(ctx, tx, kiosk.Event{Name: event, Code: string(words)})
}
