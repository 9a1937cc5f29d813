//go:build rime

package ime

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// folder is a private one, held by a lock that ends with its process, however that
// ends. It has its name only while it is held: who finds one that is not has found
// what a process left.
type folder struct {
	path string
	lock *os.File
}

const folderName = "leye-rime-"

// newFolder makes a folder in dir; where that is empty, in the system's for such.
func newFolder(dir string) (*folder, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	made, err := os.MkdirTemp(dir, "."+folderName)
	if err != nil {
		return nil, err
	}
	f := &folder{path: filepath.Join(dir, strings.TrimPrefix(filepath.Base(made), "."))}
	if f.lock, err = hold(made); err != nil {
		return nil, errors.Join(err, os.Remove(made))
	}
	if err := os.Rename(made, f.path); err != nil {
		return nil, errors.Join(err, os.Remove(made), f.lock.Close())
	}
	return f, nil
}

// hold locks a folder that is none of a link's and that no process holds.
func hold(path string) (*os.File, error) {
	f, err := os.OpenFile(path, syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return f, nil
}

func (f *folder) remove() error { return errors.Join(os.RemoveAll(f.path), f.lock.Close()) }

// sweep removes the folders that processes of this user left in dir: killed ones, and
// a terminal that lost its power.
func sweep(dir string) error {
	if dir == "" {
		dir = os.TempDir()
	}
	found, err := filepath.Glob(filepath.Join(dir, folderName+"*"))
	for _, path := range found {
		if !own(path) {
			continue
		}
		lock, held := hold(path)
		if held != nil {
			continue // by one that lives, or it is gone by now
		}
		f := folder{path, lock}
		err = errors.Join(err, f.remove())
	}
	return err
}

// own reports whether a folder is this user's: others may write beside it.
func own(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	of, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(of.Uid) == os.Getuid()
}
