// Package serialport opens a serial line over one of two libraries and makes
// them behave alike: a Read that ends with its context, and the same error when
// the device is unplugged. It knows nothing about what the bytes mean.
package serialport

import (
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

// slice is how long a blocked read may take to notice that its context ended.
// tarm counts in tenths of a second, so nothing smaller is possible there.
const slice = 100 * time.Millisecond

// backend is one library, with its own idea of time-outs and hang-ups.
type backend interface {
	// read waits at most d for a byte; (0, nil) is a time-out.
	read(p []byte, d time.Duration) (int, error)
	write(p []byte) (int, error)
	discard() error
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
	held    *os.File // the lock on the line
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
	return &Port{path: c.Path, backend: b, held: held}, nil
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
// most len(p). It ends with ctx's error, ErrUnplugged or ErrClosed.
func (p *Port) Read(ctx context.Context, b []byte) (int, error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	if len(b) == 0 {
		return 0, ctx.Err()
	}
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if p.closed.Load() {
			return 0, fmt.Errorf("read %s: %w", p.path, ErrClosed)
		}
		n, err := p.backend.read(b, wait(ctx))
		if n > 0 {
			return n, nil
		}
		if err != nil {
			return 0, p.fault("read", err)
		}
	}
}

// wait is the time to block in the library: short enough to notice that ctx
// was cancelled, and no longer than its deadline.
func wait(ctx context.Context) time.Duration {
	d, ok := ctx.Deadline()
	if !ok {
		return slice
	}
	return max(0, min(slice, time.Until(d)))
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
		n, err := p.backend.write(b[sent:])
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
	if err := p.backend.discard(); err != nil {
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
	err := p.backend.close()
	if p.held != nil {
		p.held.Close()
	}
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

// isGone reports whether err is how a hang-up shows itself: EIO on a line whose
// other end went, ENXIO and ENODEV when the adapter itself was pulled out.
func isGone(err error) bool {
	for _, e := range []error{errHangup, syscall.EIO, syscall.ENXIO, syscall.ENODEV, syscall.EBADF, syscall.EPIPE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

var errHangup = errors.New("hang-up")
