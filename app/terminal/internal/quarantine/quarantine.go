// Package quarantine keeps a terminal serving when its state file is damaged: file
// and log are moved aside together, never changed or deleted, a new file is made,
// and every row that is still what was once kept goes into it.
//
// It sends nothing and shows nothing. What a row must be is for the packages that
// own the tables to say; how rows are found in a damaged file is package pages'.
//
// # What a power cut leaves
//
// The folder of a quarantine is made under a name that ends in .moving, on the disk
// before any file goes there. As long as it has that name, what is still in the old
// place is damaged and goes there too; only when all is there it gets its own name.
// The new file is made whole under another name, with all that was salvaged in it,
// and renamed last. So there is at any moment either a file in its place, or a folder
// that says what to do next. Open does it.
package quarantine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"leye/app/terminal/internal/store"
)

// DirName is the folder of all quarantines, beside the state file.
const DirName = "quarantine"

// Options for [Open]; the zero value is right for the terminal.
type Options struct {
	Store store.Options
	Now   func() time.Time
	Log   *slog.Logger

	step func(what string) error // called before each change on the disk; for tests
}

// keeper looks after one state file.
type keeper struct {
	Options
	path  string
	empty bool // the damaged file was set aside and there is no other yet
}

// Open opens the state file at path, or makes one. A damaged one is set aside and
// another takes its place, now and whenever damage shows later: then one call fails
// with [store.ErrDamaged], and the next finds the new file.
func Open(ctx context.Context, path string, opt Options) (*store.Store, error) {
	k, err := newKeeper(path, opt)
	if err != nil {
		return nil, err
	}
	if err := k.takeUp(ctx); err != nil {
		return nil, err
	}
	opt.Store.Mend = k.mend
	db, err := store.Open(ctx, k.path, opt.Store)
	if !errors.Is(err, store.ErrDamaged) {
		return db, err
	}
	if e := k.mend(err); e != nil {
		return nil, errors.Join(err, e)
	}
	return store.Open(ctx, k.path, opt.Store)
}

func newKeeper(path string, opt Options) (*keeper, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.step == nil {
		opt.step = func(string) error { return nil }
	}
	return &keeper{Options: opt, path: path}, nil
}

// takeUp goes on where an earlier run was cut off, until a file is in its place.
func (k *keeper) takeUp(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		return fmt.Errorf("make state directory: %w", err)
	}
	if err := store.RestoreLog(k.path); err != nil {
		return err
	}
	if err := k.finishMoving(); err != nil {
		return fmt.Errorf("go on with a quarantine: %w", err)
	}
	newest, known, err := k.newest()
	if err != nil {
		return err
	}
	there, err := exists(k.path)
	switch {
	case err != nil:
		return err
	case there && known && !newest.InPlace:
		newest.InPlace = true
		return newest.write(k.step)
	case there:
		return nil
	}
	if missing := k.missing(newest, known); missing != nil {
		if err := k.setAside(missing); err != nil {
			return err
		}
	}
	return k.build(ctx)
}

// missing says why what is not there cannot be a first start, nor the next step of a
// quarantine.
func (k *keeper) missing(newest Folder, known bool) error {
	log, err := exists(k.path + "-wal")
	switch {
	case err != nil:
		return err
	case log:
		return errors.New("there is a log without its file")
	case known && newest.InPlace:
		return errors.New("the file is gone")
	}
	return nil
}

// mend sets the damaged file aside and puts another in its place. It is not broken
// off with the call that met the damage.
func (k *keeper) mend(cause error) error {
	began := time.Now()
	if !k.empty {
		if err := k.setAside(cause); err != nil {
			return err
		}
	}
	k.empty = true
	if err := k.build(context.Background()); err != nil {
		return err
	}
	k.empty = false
	f, _, err := k.newest()
	if err != nil {
		return err
	}
	k.Log.Error("the store was damaged and is set aside, a new one is in its place", "quarantine", f.Name,
		"cause", f.Cause, "taken", f.Taken, "left", f.Left, "missing", len(f.Missing), "took", time.Since(began).Round(time.Millisecond))
	return nil
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func fsync(path string) error {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
