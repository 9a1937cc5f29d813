package seal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// RenewKey makes a key in the place of the one in dir, which nothing may need any
// more. A key that a TPM kept stays with it. Once the new one is on the disk it is
// returned, beside an error when the old one could not be overwritten there.
//
// A disk that writes elsewhere than it is told may keep the old one all the same,
// and a TPM goes on opening what it once sealed. What was wrapped is gone from the
// disk by then too; the new key keeps the rest from coming together.
func RenewKey(dir string, opt Options) (*Key, error) {
	path := filepath.Join(dir, FileName)
	k, err := opt.usual().renew(path)
	if err != nil {
		err = fmt.Errorf("renew terminal's key: %w", err)
	}
	return k, err
}

func (opt Options) renew(path string) (*Key, error) {
	before, err := read(path)
	if err != nil {
		return nil, err
	}
	if before.Kind == TPM {
		opt.Keep = TPM
	}
	// Held open: its name is the new one's by the time it is overwritten.
	old, err := os.OpenFile(filepath.Clean(path), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	k, err := opt.makeKey(path)
	if err != nil {
		return nil, errors.Join(err, old.Close())
	}
	return k, errors.Join(overwrite(old), old.Close())
}

func overwrite(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(make([]byte, info.Size()), 0); err != nil {
		return err
	}
	return f.Sync()
}
