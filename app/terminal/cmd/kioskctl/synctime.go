package main

import (
	"errors"
	"os"
	"slices"
	"time"
)

// syncs is how often the disk is asked to have a block on it.
const syncs = 32

// syncTime writes blocks into a file that goes away again, each on the disk before
// the next, and returns what one took in the middle and at worst.
func syncTime(dir string) (middle, worst time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".sync-*")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 4096)
	took := make([]time.Duration, syncs)
	for n := range took {
		begun := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, 0, err
		}
		took[n] = time.Since(begun)
	}
	slices.Sort(took)
	return took[syncs/2], took[syncs-1], nil
}
