package sim

import (
	"errors"
	"fmt"
	"os"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// PTY is a pseudo terminal in raw mode: the device's end of a line whose other
// end, Path, is opened by a driver like any serial port. Closing it is pulling
// the plug.
type PTY struct {
	master, slave *os.File
}

// OpenPTY makes a pseudo terminal. The driver's end is kept open here too, so
// that a program may close and open it without the device noticing.
func OpenPTY() (*PTY, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open pseudo terminal: %w", err)
	}
	p := &PTY{master, slave}
	if err := raw(slave); err != nil {
		return nil, errors.Join(fmt.Errorf("set %s raw: %w", slave.Name(), err), p.Close())
	}
	if p.master, err = polled(master); err != nil {
		return nil, errors.Join(fmt.Errorf("open pseudo terminal: %w", err), slave.Close())
	}
	return p, nil
}

// polled gives f in exchange for a file whose Close ends a Read that waits: the
// library leaves f to block in the kernel.
func polled(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := errors.Join(unix.SetNonblock(fd, true), f.Close()); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// raw switches off echo and all translation before a driver does.
func raw(f *os.File) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var ioctl error
	err = c.Control(func(fd uintptr) {
		var t *unix.Termios
		if t, ioctl = unix.IoctlGetTermios(int(fd), unix.TCGETS); ioctl != nil {
			return
		}
		t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
		t.Cflag = unix.CS8 | unix.CREAD | unix.CLOCAL
		t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
		ioctl = unix.IoctlSetTermios(int(fd), unix.TCSETS, t)
	})
	return errors.Join(err, ioctl)
}

// speeds are the codes of a terminal's rates, in bit/s.
var speeds = map[uint32]int{
	unix.B2400: 2400, unix.B4800: 4800, unix.B9600: 9600, unix.B19200: 19200,
	unix.B38400: 38400, unix.B57600: 57600, unix.B115200: 115200,
}

// Baud is the rate that the driver has set, 0 when it has set none that is known.
func (p *PTY) Baud() int {
	c, err := p.slave.SyscallConn()
	if err != nil {
		return 0
	}
	baud := 0
	err = c.Control(func(fd uintptr) {
		if t, err := unix.IoctlGetTermios(int(fd), unix.TCGETS); err == nil {
			baud = speeds[t.Cflag&unix.CBAUD]
		}
	})
	if err != nil {
		return 0 // unplugged
	}
	return baud
}

// Path is the device file for the driver.
func (p *PTY) Path() string { return p.slave.Name() }

func (p *PTY) Read(b []byte) (int, error)  { return p.master.Read(b) }
func (p *PTY) Write(b []byte) (int, error) { return p.master.Write(b) }

// Close unplugs the device.
func (p *PTY) Close() error {
	err := errors.Join(p.master.Close(), p.slave.Close())
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
