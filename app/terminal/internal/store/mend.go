package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// use runs f on the file as it is, and has the file exchanged when it turns out to
// be damaged.
func (s *Store) use(f func() error) error {
	s.gate.RLock()
	epoch, err := s.epoch.Load(), s.down
	if err == nil {
		err = f()
	}
	s.gate.RUnlock()
	if s.opt.Mend == nil || !errors.Is(err, ErrDamaged) {
		return err
	}
	return s.mend(epoch, err)
}

// mend exchanges the file that was found damaged, unless somebody else has done so
// meanwhile. It returns the cause all the same: what was asked was not done. When the
// file cannot be exchanged that is [ErrIO], and the next call tries again.
func (s *Store) mend(epoch int64, cause error) error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.epoch.Load() != epoch {
		return cause
	}
	if err := s.exchange(cause); err != nil {
		s.down = cause
		return &Error{Kind: ErrIO, Err: fmt.Errorf("exchange damaged store: %v; damaged: %v", err, cause)}
	}
	s.down = nil
	s.suspect.Store(false)
	s.epoch.Add(1)
	return cause
}

func (s *Store) exchange(cause error) error {
	// The last connection to close moves the log into the file and deletes it, but
	// what SQLite makes of a damaged one is not all that can be read there.
	if err := keepLog(s.path); err != nil {
		return err
	}
	_ = s.closeAll() // of a damaged file
	if err := RestoreLog(s.path); err != nil {
		return err
	}
	if err := s.opt.Mend(cause); err != nil {
		return err
	}
	return s.connect(context.Background())
}

const keptLog = "-wal.kept"

func keepLog(path string) error {
	if err := os.Remove(path + keptLog); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(path+"-wal", path+keptLog); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// RestoreLog gives back its name to the log of a damaged file that was being set
// aside when the program ended.
func RestoreLog(path string) error {
	if _, err := os.Stat(path + keptLog); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := os.Link(path+keptLog, path+"-wal")
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("restore log: %w", err)
	}
	if err := os.Remove(path + keptLog); err != nil {
		return fmt.Errorf("restore log: %w", err)
	}
	return nil
}
