package quarantine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// files are what SQLite keeps of one store; each is found by the name of the first.
var files = [...]string{"", "-wal", "-shm"}

const moving = ".moving"

func (k *keeper) root() string { return filepath.Join(filepath.Dir(k.path), DirName) }

// setAside moves the store's files into a new folder.
func (k *keeper) setAside(cause error) error {
	if err := k.begin(cause); err != nil {
		return fmt.Errorf("begin quarantine: %w", err)
	}
	if err := k.finishMoving(); err != nil {
		return fmt.Errorf("move damaged store: %w", err)
	}
	return nil
}

// begin makes the folder and has it on the disk, with why it is there, before
// anything is moved.
func (k *keeper) begin(cause error) error {
	newest, _, err := k.newest()
	if err != nil {
		return err
	}
	f := Folder{Report: Report{At: k.Now().UTC(), Cause: cause.Error()}, Number: newest.Number + 1}
	f.Name = fmt.Sprintf("%03d-%s", f.Number, f.At.Format("20060102T150405"))
	f.Path = filepath.Join(k.root(), f.Name+moving)
	if err := k.step("make folder"); err != nil {
		return err
	}
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return err
	}
	if err := errors.Join(fsync(filepath.Dir(k.path)), fsync(k.root())); err != nil {
		return err
	}
	return f.write(k.step)
}

// finishMoving moves what has not been moved yet into the folder that was begun.
func (k *keeper) finishMoving() error {
	begun, err := filepath.Glob(filepath.Join(k.root(), "*"+moving))
	if err != nil {
		return err
	}
	for _, folder := range begun {
		if err := k.moveInto(folder); err != nil {
			return err
		}
		if err := k.step("name folder"); err != nil {
			return err
		}
		if err := os.Rename(folder, strings.TrimSuffix(folder, moving)); err != nil {
			return err
		}
		if err := fsync(k.root()); err != nil {
			return err
		}
	}
	return nil
}

// moveInto never moves a file over another: what is there already stays.
func (k *keeper) moveInto(folder string) error {
	for _, suffix := range files {
		from, to := k.path+suffix, filepath.Join(folder, filepath.Base(k.path)+suffix)
		if there, err := exists(from); err != nil {
			return err
		} else if !there {
			continue
		}
		for taken := true; taken; {
			var err error
			if taken, err = exists(to); err != nil {
				return err
			} else if taken {
				to += "-2"
			}
		}
		if err := k.step("move " + from); err != nil {
			return err
		}
		if err := os.Rename(from, to); err != nil {
			return err
		}
	}
	return errors.Join(fsync(folder), fsync(filepath.Dir(k.path)))
}
