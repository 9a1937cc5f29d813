package store

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors that callers tell apart; test with errors.Is.
var (
	ErrFull    = errors.New("no space left for the state file")
	ErrDamaged = errors.New("the state file is damaged")
	ErrBusy    = errors.New("the state file is locked by another program")
	ErrIO      = errors.New("reading or writing the state file fails")
)

// Error is a failure of the file with its kind, one of the Err values above.
type Error struct {
	Kind error
	Err  error
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%v: %v", e.Kind, e.Err) }

// Unwrap gives both the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// Damaged is for whoever finds in a row what can only be damage.
func Damaged(err error) error { return &Error{Kind: ErrDamaged, Err: err} }

// Kind is which of the Err values above err is; nil for a failure of what was asked,
// such as a row that its table does not take.
func Kind(err error) error { return kindOfTyped(typed(err)) }

// typed gives err its kind, if it has one.
func typed(err error) error {
	if err == nil {
		return nil
	}
	var already *Error
	if errors.As(err, &already) {
		return err
	}
	if kind := kindOf(err); kind != nil {
		return &Error{Kind: kind, Err: err}
	}
	return err
}

// kindOfTyped is the kind that err has been given.
func kindOfTyped(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return nil
}

func kindOf(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return kindOfErrno(err)
	}
	// A full disk shows in the shared-memory file first when that has to grow.
	if e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE {
		return ErrFull
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrDamaged
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return ErrIO
	}
	return nil
}

func kindOfErrno(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrFull
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.EROFS):
		return ErrIO
	}
	return nil
}
