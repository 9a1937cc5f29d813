package sim

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
)

// Cable is a line in memory. The host's end has the methods of a serial port;
// Device is the other end. It uses channels only, so a simulated clock moves
// while both sides wait.
type Cable struct {
	toDevice, toHost chan []byte
	closed           chan struct{}
	once             sync.Once
	rest             []byte // read by the host in part
	baud             atomic.Int64
}

// NewCable returns a connected cable.
func NewCable() *Cable {
	return &Cable{
		toDevice: make(chan []byte, 16),
		toHost:   make(chan []byte, 256),
		closed:   make(chan struct{}),
	}
}

// Read waits for bytes from the device. It keeps the deadline of ctx by itself, as
// serial ports do.
func (c *Cable) Read(ctx context.Context, p []byte) (int, error) {
	if at, ok := ctx.Deadline(); ok {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, at)
		defer stop()
	}
	if len(c.rest) == 0 { // what has arrived goes before the end of ctx
		select {
		case c.rest = <-c.toHost:
		default:
		}
	}
	for len(c.rest) == 0 {
		select {
		case c.rest = <-c.toHost:
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-c.closed:
			return 0, io.ErrClosedPipe
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Write sends p to the device; it blocks while the device takes nothing.
func (c *Cable) Write(p []byte) (int, error) {
	return send(c.toDevice, c.closed, p)
}

func send(to chan<- []byte, closed <-chan struct{}, p []byte) (int, error) {
	select {
	case <-closed:
		return 0, io.ErrClosedPipe
	default:
	}
	select {
	case to <- append([]byte(nil), p...):
		return len(p), nil
	case <-closed:
		return 0, io.ErrClosedPipe
	}
}

// SetBaud sets the host's rate.
func (c *Cable) SetBaud(baud int) error {
	c.baud.Store(int64(baud))
	return nil
}

// Discard drops what the device has sent.
func (c *Cable) Discard() error {
	c.rest = nil
	for {
		select {
		case <-c.toHost:
		case <-c.closed:
			return io.ErrClosedPipe
		default:
			return nil
		}
	}
}

// Close unplugs the cable; both ends see it.
func (c *Cable) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// Device is the device's end of the cable.
func (c *Cable) Device() io.ReadWriteCloser { return &deviceEnd{cable: c} }

type deviceEnd struct {
	cable *Cable
	rest  []byte
}

func (d *deviceEnd) Read(p []byte) (int, error) {
	if len(d.rest) == 0 {
		select {
		case d.rest = <-d.cable.toDevice:
		case <-d.cable.closed:
			return 0, io.EOF
		}
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *deviceEnd) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return send(d.cable.toHost, d.cable.closed, p)
}

// Baud is the host's rate, 0 when it has set none.
func (d *deviceEnd) Baud() int { return int(d.cable.baud.Load()) }

func (d *deviceEnd) Close() error { return d.cable.Close() }
