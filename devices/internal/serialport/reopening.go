package serialport

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// The waits between attempts to open a lost port, doubled after each failure.
const (
	firstWait = 250 * time.Millisecond
	lastWait  = time.Second
)

// Reopening is a line that may be lost and found again. Its methods are those
// of Port, and once the device was unplugged each of them fails with
// ErrUnplugged until Ensure opened it again. It starts no goroutine: the caller's
// calls of Ensure drive it.
type Reopening struct {
	open  func(Config) (*Port, error)
	sleep func(context.Context, time.Duration) error

	mu     sync.Mutex
	config Config
	port   *Port // nil while lost
	closed bool
	wait   time.Duration // before the next attempt; 0 after a success
}

// NewReopening returns a line that is not open yet; see Ensure.
func NewReopening(c Config) *Reopening {
	return &Reopening{open: Open, sleep: sleep, config: c.withDefaults()}
}

// Ensure opens the line if it is not open. After a failure or a loss it first waits,
// from a quarter of a second up to one second, and it makes one attempt.
func (r *Reopening) Ensure(ctx context.Context) error {
	r.mu.Lock()
	open, wait := r.port != nil, r.wait
	r.mu.Unlock()
	if open {
		return nil
	}
	if err := r.sleep(ctx, wait); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fmt.Errorf("open %s: %w", r.config.Path, ErrClosed)
	}
	if r.port != nil {
		return nil
	}
	p, err := r.open(r.config)
	if err != nil {
		r.backOff()
		return err
	}
	r.port = p
	return nil
}

func (r *Reopening) backOff() { r.wait = min(lastWait, max(firstWait, 2*r.wait)) }

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Drop closes the line so that the next Ensure opens it afresh. Use it when the
// device fell silent although the line is there.
func (r *Reopening) Drop() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.port
	r.port = nil
	r.backOff()
	if p == nil {
		return nil
	}
	return p.Close()
}

// Read is Port.Read. A byte that arrives proves the line and ends the back-off.
func (r *Reopening) Read(ctx context.Context, b []byte) (int, error) {
	p, err := r.current()
	if err != nil {
		return 0, err
	}
	n, err := p.Read(ctx, b)
	if err == nil {
		r.mu.Lock()
		r.wait = 0
		r.mu.Unlock()
	}
	return n, r.noticed(p, err)
}

// Write is Port.Write.
func (r *Reopening) Write(b []byte) (int, error) {
	p, err := r.current()
	if err != nil {
		return 0, err
	}
	n, err := p.Write(b)
	return n, r.noticed(p, err)
}

// Discard is Port.Discard.
func (r *Reopening) Discard() error {
	p, err := r.current()
	if err != nil {
		return err
	}
	return r.noticed(p, p.Discard())
}

// SetBaud is Port.SetBaud; later openings use the new rate too.
func (r *Reopening) SetBaud(baud int) error {
	p, err := r.current()
	if err != nil {
		return err
	}
	if err := p.SetBaud(baud); err != nil {
		return r.noticed(p, err)
	}
	r.mu.Lock()
	r.config.Baud = baud
	r.mu.Unlock()
	return nil
}

// Close releases the line for good and ends a blocked Read.
func (r *Reopening) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	p := r.port
	r.port = nil
	if p == nil {
		return nil
	}
	return p.Close()
}

// String returns the path of the device.
func (r *Reopening) String() string { return r.config.Path }

func (r *Reopening) current() (*Port, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, fmt.Errorf("use %s: %w", r.config.Path, ErrClosed)
	case r.port == nil:
		return nil, fmt.Errorf("use %s: %w", r.config.Path, ErrUnplugged)
	}
	return r.port, nil
}

// noticed lets go of p when err says that its device went away. The descriptor
// must be closed, or the kernel gives a re-plugged adapter another name.
func (r *Reopening) noticed(p *Port, err error) error {
	if !errors.Is(err, ErrUnplugged) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.port == p {
		r.port = nil
		r.backOff()
	}
	return errors.Join(err, p.Close())
}
