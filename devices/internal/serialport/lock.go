package serialport

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrBusy means that another program holds the line.
var ErrBusy = errors.New("in use by another program")

// lock opens the line and takes it before anything is set on it. The lock is
// advisory, but it holds between the two libraries and for root, which the kernel
// lets through TIOCEXCL. It ends with the file, so a killed program leaves none
// behind.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	err = flock(f)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrBusy
	}
	return nil, fmt.Errorf("lock: %w", err)
}

// flock leaves the file as it is: File.Fd would make it one that blocks.
func flock(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB) })
	return cmp.Or(err, failed)
}
