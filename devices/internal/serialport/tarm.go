package serialport

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/tarm/serial"
	"golang.org/x/sys/unix"
)

// tarm drives tarm/serial. It blocks in the kernel with VMIN and VTIME, so both
// a time-out and a hang-up come back as io.EOF: only the time that passed tells
// them apart.
type tarm struct {
	path string

	mu   sync.Mutex // guards port and shut: SetBaud replaces the port
	port *serial.Port
	shut bool

	quick int // EOFs in a row that came too soon for a time-out
}

// tarmTimeout is the only time-out used: a port without one cannot be closed
// while a goroutine reads it.
const tarmTimeout = slice

func openTarm(path string, baud int) (backend, error) {
	p, err := serial.OpenPort(tarmConfig(path, baud))
	if err != nil {
		return nil, err
	}
	return &tarm{path: path, port: p}, nil
}

func tarmConfig(path string, baud int) *serial.Config {
	return &serial.Config{Name: path, Baud: baud, Size: 8, Parity: serial.ParityNone, StopBits: serial.Stop1, ReadTimeout: tarmTimeout}
}

func (t *tarm) current() *serial.Port {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.port
}

// read ignores d: the library sets its time-out when it opens the port.
func (t *tarm) read(p []byte, _ time.Duration) (int, error) {
	begin := time.Now()
	n, err := t.current().Read(p)
	if n > 0 || !errors.Is(err, io.EOF) {
		t.quick = 0
		return n, tarmError(err)
	}
	// The kernel counts VTIME in jiffies and may end it a little early; half of
	// it, twice in a row, is no time-out.
	if time.Since(begin) > tarmTimeout/2 {
		t.quick = 0
		return 0, nil
	}
	if t.quick++; t.quick >= 2 {
		return 0, errHangup
	}
	return 0, nil
}

func (t *tarm) write(p []byte) (int, error) {
	n, err := t.current().Write(p)
	return n, tarmError(err)
}

// discard flushes the input queue through a second descriptor: the library's
// own Flush would also drop output that waits to be sent.
func (t *tarm) discard() error {
	f, err := os.OpenFile(t.path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return errHangup
		}
		return err
	}
	defer f.Close()
	return unix.IoctlSetInt(int(f.Fd()), unix.TCFLSH, unix.TCIFLUSH)
}

// setBaud opens the line a second time before it closes the first, so that a
// failure leaves the old one usable and a modem never sees DTR fall.
func (t *tarm) setBaud(baud int) error {
	p, err := serial.OpenPort(tarmConfig(t.path, baud))
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shut {
		return errors.Join(os.ErrClosed, p.Close())
	}
	old := t.port
	t.port = p
	return old.Close()
}

func (t *tarm) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shut = true
	return t.port.Close()
}

func tarmError(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return errHangup
	}
	return err
}
