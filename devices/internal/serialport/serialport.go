// Package serialport opens a serial line over one of two libraries and makes
// them behave alike: a Read that ends with its context, and the same error when
// the device is unplugged. It knows nothing about what the bytes mean.
package serialport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Errors that callers tell apart. A missing device wraps fs.ErrNotExist.
var (
	ErrUnplugged = errors.New("device unplugged")
	ErrClosed    = errors.New("port closed")
)

// Names of the two libraries, for Config.Driver.
const (
	DriverBugst = "bugst" // go.bug.st/serial: time-outs of any length, baud rate changed in place
	DriverTarm  = "tarm"  // tarm/serial: fewer ioctls, for adapters that refuse the others
)

// DefaultBaud is the rate of a port whose Config names none.
const DefaultBaud = 115200

// Config says which line to open. The line is always 8 data bits, no parity,
// 1 stop bit, no flow control.
type Config struct {
	Path   string // device file, such as /dev/ttyS0
	Driver string // DriverBugst when empty
	Baud   int    // bit/s; DefaultBaud when 0
}

func (c Config) withDefaults() Config {
	if c.Driver == "" {
		c.Driver = DriverBugst
	}
	if c.Baud == 0 {
		c.Baud = DefaultBaud
	}
	return c
}

// backend is one library: it opens the line and sets it. The bytes pass through a
// descriptor of this package, because both libraries wait in slices of time, and a
// line at rest would wake the machine for nothing.
type backend interface {
	setBaud(int) error
	close() error
}

// Port is one open serial line. One goroutine may read while another writes;
// Close may be called from any goroutine and ends a blocked Read.
type Port struct {
	path    string
	reading sync.Mutex
	writing sync.Mutex
	backend backend
	held    *os.File // carries the lock and the bytes
	conn    syscall.RawConn
	closed  atomic.Bool
}

// Open opens the line for this program alone. A missing device wraps
// fs.ErrNotExist, one that another program holds ErrBusy.
func Open(c Config) (*Port, error) {
	c = c.withDefaults()
	open, ok := backends[c.Driver]
	if !ok {
		return nil, openError(c.Path, fmt.Errorf("unknown driver %q", c.Driver))
	}
	held, err := lock(c.Path)
	if err != nil {
		return nil, openError(c.Path, err)
	}
	b, err := open(c.Path, c.Baud)
	if err != nil {
		held.Close()
		return nil, openError(c.Path, err)
	}
	conn, err := held.SyscallConn()
	if err != nil {
		return nil, openError(c.Path, errors.Join(err, b.close(), held.Close()))
	}
	return &Port{path: c.Path, backend: b, held: held, conn: conn}, nil
}

var backends = map[string]func(path string, baud int) (backend, error){DriverBugst: openBugst, DriverTarm: openTarm}

// openError names the path once: one library puts it into its error, the other
// does not.
func openError(path string, err error) error {
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		err = inPath.Err
	}
	return fmt.Errorf("open serial port %s: %w", path, err)
}

// Read blocks until at least one byte arrived and returns what is there, at
// most len(p). It ends with ctx's error, ErrUnplugged or ErrClosed. It keeps the
// deadline of ctx by itself, see Until; what arrived before a deadline is returned
// however late Read comes to it.
func (p *Port) Read(ctx context.Context, b []byte) (int, error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	if err := ctx.Err(); errors.Is(err, context.Canceled) || len(b) == 0 {
		return 0, err
	}
	until, _ := ctx.Deadline()
	if err := p.held.SetReadDeadline(until); err != nil {
		return 0, p.fault("read", err)
	}
	release := p.interrupt(ctx)
	n, err := p.pass(p.conn.Read, unix.SYS_READ, b)
	release()
	switch {
	case n > 0:
		return n, nil
	case errors.Is(err, os.ErrDeadlineExceeded) && !p.closed.Load():
		err := cmp.Or(ctx.Err(), context.DeadlineExceeded)
		if !errors.Is(err, context.Canceled) {
			n = p.arrived(b)
		}
		if n > 0 {
			return n, nil
		}
		return 0, err
	}
	return 0, p.fault("read", cmp.Or(err, errHangup))
}

// pass makes a system call with b as soon as the line is ready for it. The line does
// not block, so the call is made without word to the scheduler, which would wake its
// monitor: that is half of what a question to a device costs.
func (p *Port) pass(ready func(func(fd uintptr) bool) error, call uintptr, b []byte) (n int, err error) {
	waited := ready(func(fd uintptr) bool {
		for {
			done, _, failed := unix.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
			switch failed {
			case 0:
				n = int(done)
			case unix.EINTR:
				continue
			case unix.EAGAIN:
				return false
			default:
				err = failed
			}
			return true
		}
	})
	return n, cmp.Or(waited, err)
}

// arrived takes what lies there and waits for nothing. On a busy machine a reader
// may come late: silence counts only when the line was looked at.
func (p *Port) arrived(b []byte) (n int) {
	err := p.conn.Control(func(fd uintptr) {
		if got, err := unix.Read(int(fd), b); err == nil {
			n = got
		}
	})
	if err != nil {
		return 0 // closed, as the next call says
	}
	return n
}

// interrupt ends a read that waits when ctx is cancelled. What it returns must be
// called after the read, lest a late end spoil the next one.
func (p *Port) interrupt(ctx context.Context) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = p.held.SetReadDeadline(time.Unix(0, 1)) // it fails on a closed port only
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// until is a context that ends by its deadline for those who look at that.
type until struct {
	context.Context
	at time.Time
}

func (u until) Deadline() (time.Time, bool) { return u.at, true }

// Until is ctx with a deadline, for Read alone: where context.WithDeadline sets and
// stops a timer for each byte, Read keeps the deadline itself. An earlier one of ctx stays.
func Until(ctx context.Context, at time.Time) context.Context {
	if d, ok := ctx.Deadline(); ok && d.Before(at) {
		return ctx
	}
	return until{ctx, at}
}

// Write sends all of b. It blocks while the kernel's buffer is full.
func (p *Port) Write(b []byte) (int, error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	sent := 0
	for sent < len(b) {
		if p.closed.Load() {
			return sent, fmt.Errorf("write %s: %w", p.path, ErrClosed)
		}
		n, err := p.pass(p.conn.Write, unix.SYS_WRITE, b[sent:])
		sent += n
		if err != nil {
			return sent, p.fault("write", err)
		}
		if n == 0 {
			return sent, p.fault("write", io.ErrShortWrite)
		}
	}
	return sent, nil
}

// Discard drops input that has arrived and was not read. Output is kept.
func (p *Port) Discard() error {
	if p.closed.Load() {
		return fmt.Errorf("discard input of %s: %w", p.path, ErrClosed)
	}
	var failed unix.Errno
	err := p.conn.Control(func(fd uintptr) {
		_, _, failed = unix.RawSyscall(unix.SYS_IOCTL, fd, unix.TCFLSH, unix.TCIFLUSH)
	})
	if err == nil && failed != 0 {
		err = failed
	}
	if err != nil {
		return p.fault("discard input of", err)
	}
	return nil
}

// SetBaud changes the rate. With tarm the line is opened anew, so input that
// was not read is lost.
func (p *Port) SetBaud(baud int) error {
	p.reading.Lock()
	defer p.reading.Unlock()
	p.writing.Lock()
	defer p.writing.Unlock()
	if p.closed.Load() {
		return fmt.Errorf("set rate of %s: %w", p.path, ErrClosed)
	}
	if err := p.backend.setBaud(baud); err != nil {
		return p.fault(fmt.Sprintf("set rate %d of", baud), err)
	}
	return nil
}

// Close releases the line. A second Close does nothing.
func (p *Port) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	p.held.Close()
	err := p.backend.close()
	if err != nil && !isGone(err) {
		return fmt.Errorf("close %s: %w", p.path, err)
	}
	return nil
}

// String returns the path of the device.
func (p *Port) String() string { return p.path }

// fault turns what a library said into one of this package's errors.
func (p *Port) fault(verb string, err error) error {
	switch {
	case p.closed.Load():
		return fmt.Errorf("%s %s: %w", verb, p.path, ErrClosed)
	case isGone(err):
		return fmt.Errorf("%s %s: %w (%v)", verb, p.path, ErrUnplugged, err)
	}
	return fmt.Errorf("%s %s: %w", verb, p.path, err)
}

// isGone reports whether err is how a hang-up shows itself: EIO or the end of the
// input on a line whose other end went, ENXIO and ENODEV when the adapter itself was
// pulled out.
func isGone(err error) bool {
	for _, e := range []error{errHangup, syscall.EIO, syscall.ENXIO, syscall.ENODEV, syscall.EBADF, syscall.EPIPE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

var errHangup = errors.New("hang-up") // nothing to read, and not for now
