// Package ledger is the central's record: applications as they came, the cases
// opened for them, what happened to each case, and the terminals' last words.
//
// It stores and finds; whether an application is right is not its matter. The
// statements are portable, and dialect.go alone knows the database.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Errors that callers act on.
var (
	// ErrConflict says that another body was filed under the same id.
	ErrConflict = errors.New("another body was filed under this id")
	// ErrNotFound says that nothing has this number or name.
	ErrNotFound = errors.New("not found")
)

// Options are what a ledger needs to know besides its file.
type Options struct {
	Centre string           // three digits that start a case number; "000" when empty
	Now    func() time.Time // time.Now when nil
}

// Ledger is one open database. Its methods may be called at the same time.
type Ledger struct {
	db     pools
	centre string
	now    func() time.Time
}

// Open opens the database at path, makes it when it is not there and brings its
// schema up to date.
func Open(ctx context.Context, path string, o Options) (*Ledger, error) {
	if o.Centre == "" {
		o.Centre = "000"
	}
	if !validCentre(o.Centre) {
		return nil, fmt.Errorf("open ledger: centre code %q is not three digits", o.Centre)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	db, err := openPools(path)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if err := migrate(ctx, db.write); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger: migrate: %w", err), db.close())
	}
	return &Ledger{db: db, centre: o.Centre, now: o.Now}, nil
}

func validCentre(s string) bool {
	if len(s) != 3 {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// Close closes the database; a transaction under way ends first.
func (l *Ledger) Close() error { return l.db.close() }

// Ping reports whether the database answers.
func (l *Ledger) Ping(ctx context.Context) error {
	var one int
	if err := l.db.read.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fmt.Errorf("ping ledger: %w", err)
	}
	return nil
}

// change runs f in one transaction and commits it when f returns nil.
func (l *Ledger) change(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := l.db.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).In(shanghai)
}
