// Package porttest stands in for a serial line in driver tests: it plays back a
// script of exchanges, or asks a function for each reply, and it reads and writes
// such scripts as hex that a person can review.
//
// Its timers are ordinary ones, so a test inside testing/synctest runs at once.
package porttest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"leye/devices/internal/serialport"
)

// Step is one exchange: what the driver is expected to write, and what the device
// sends then.
type Step struct {
	Want  []byte        // empty: the reply comes by itself, after the step before
	Reply []byte        // nil: the device is silent
	Delay time.Duration // between the last byte of Want and the first of Reply
	Err   error         // the driver's Read fails with it, after Reply; for an unplugged device
}

// Reply is what a Responder answers, in order.
type Reply struct {
	Bytes []byte
	Delay time.Duration // after the reply before, or after the write
	Err   error
}

// Responder plays a device: it gets the bytes of one Write. It is never called
// twice at a time.
type Responder func(written []byte) []Reply

// Port is the driver's end of the line.
type Port struct {
	t     testing.TB
	reply Responder

	mu      sync.Mutex
	script  []Step
	partial []byte // written towards the Want of script[0]
	input   []input
	change  chan struct{} // closed and replaced when input grows or the port closes
	closed  bool
	failed  bool

	bauds    []int
	discards int
	opened   int
	lost     bool
}

type input struct {
	at    time.Time
	bytes []byte
	err   error
}

// New returns a port that plays steps. Close fails the test when the driver wrote
// something else, or when steps are left over.
func New(t testing.TB, steps ...Step) *Port {
	p := &Port{t: t, script: steps, change: make(chan struct{})}
	p.advance()
	return p
}

// Serve returns a port on which r answers every Write.
func Serve(t testing.TB, r Responder) *Port {
	return &Port{t: t, reply: r, change: make(chan struct{})}
}

// Arrive lets bytes come by themselves.
func (p *Port) Arrive(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue(time.Now(), bytes.Clone(b), nil)
}

// Unplug takes the device away, behind what has arrived.
func (p *Port) Unplug() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue(time.Now(), nil, serialport.ErrUnplugged)
}

// fault is the error that the line has run into by now.
func (p *Port) fault() error {
	now := time.Now()
	for _, in := range p.input {
		if in.err != nil && !in.at.After(now) {
			return in.err
		}
	}
	return nil
}

// Read blocks until bytes are due, ctx ends or the port is closed. It keeps the
// deadline of ctx by itself.
func (p *Port) Read(ctx context.Context, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, ctx.Err()
	}
	if at, ok := ctx.Deadline(); ok {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, at)
		defer stop()
	}
	for {
		n, wait, change, err := p.take(b)
		if n > 0 || err != nil {
			return n, err
		}
		var due <-chan time.Time
		if wait > 0 {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-due:
		case <-change:
		}
	}
}

// take returns bytes that are due, or how long the next ones take.
func (p *Port) take(b []byte) (n int, wait time.Duration, change chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, 0, nil, serialport.ErrClosed
	}
	if len(p.input) == 0 {
		return 0, 0, p.change, nil
	}
	first := &p.input[0]
	if wait := time.Until(first.at); wait > 0 {
		return 0, wait, p.change, nil
	}
	if first.err != nil {
		p.lost = true
		return 0, 0, nil, first.err
	}
	n = copy(b, first.bytes)
	if first.bytes = first.bytes[n:]; len(first.bytes) == 0 {
		p.input = p.input[1:]
	}
	return n, 0, nil, nil
}

// Write takes what the driver sends.
func (p *Port) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, serialport.ErrClosed
	}
	if err := p.fault(); err != nil {
		return 0, err
	}
	if p.reply != nil {
		at := time.Now()
		for _, r := range p.reply(bytes.Clone(b)) {
			at = at.Add(r.Delay)
			p.queue(at, r.Bytes, r.Err)
		}
		return len(b), nil
	}
	if err := p.expect(b); err != nil {
		p.failed = true
		p.t.Error(err)
		return 0, err
	}
	return len(b), nil
}

// expect compares b with the script.
func (p *Port) expect(b []byte) error {
	if len(p.script) == 0 {
		return fmt.Errorf("written after the end of the script: % X", b)
	}
	p.partial = append(p.partial, b...)
	want := p.script[0].Want
	if !bytes.HasPrefix(want, p.partial) {
		return fmt.Errorf("written % X, want % X (%d steps left)", p.partial, want, len(p.script))
	}
	if len(p.partial) == len(want) {
		p.partial = nil
		p.play()
		p.advance()
	}
	return nil
}

// play queues the reply of the first step and removes it.
func (p *Port) play() {
	s := p.script[0]
	p.script = p.script[1:]
	at := time.Now()
	if n := len(p.input); n > 0 && p.input[n-1].at.After(at) {
		at = p.input[n-1].at
	}
	at = at.Add(s.Delay)
	if s.Reply != nil {
		p.queue(at, bytes.Clone(s.Reply), nil)
	}
	if s.Err != nil {
		p.queue(at, nil, s.Err)
	}
}

// advance plays the steps that wait for nothing.
func (p *Port) advance() {
	for len(p.script) > 0 && len(p.script[0].Want) == 0 {
		p.play()
	}
}

func (p *Port) queue(at time.Time, b []byte, err error) {
	if len(b) == 0 && err == nil {
		return
	}
	p.input = append(p.input, input{at, b, err})
	p.wake()
}

func (p *Port) wake() {
	close(p.change)
	p.change = make(chan struct{})
}

// Discard drops the input that is due.
func (p *Port) Discard() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return serialport.ErrClosed
	}
	p.discards++
	now := time.Now()
	for len(p.input) > 0 && p.input[0].err == nil && !p.input[0].at.After(now) {
		p.input = p.input[1:]
	}
	return nil
}

// SetBaud notes the rate; see Bauds.
func (p *Port) SetBaud(baud int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return serialport.ErrClosed
	}
	p.bauds = append(p.bauds, baud)
	return nil
}

// Ensure is the re-opening of a lost line, which always succeeds here.
func (p *Port) Ensure(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return serialport.ErrClosed
	}
	if p.opened == 0 || p.lost {
		p.opened++
	}
	if p.lost {
		p.lost, p.input = false, nil
		p.advance()
	}
	return ctx.Err()
}

// Drop gives the line up until the next Ensure.
func (p *Port) Drop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost, p.input = true, nil
	return nil
}

// Close ends a blocked Read, and fails the test when the script was not played to
// its end.
func (p *Port) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	p.wake()
	if len(p.script) == 0 && len(p.partial) == 0 {
		return nil
	}
	next := "nothing"
	if len(p.script) > 0 {
		next = fmt.Sprintf("% X", p.script[0].Want)
	}
	err := fmt.Errorf("closed with %d steps left; next expected: %s", len(p.script), next)
	if !p.failed {
		p.t.Error(err)
	}
	return err
}

// Left is how many steps were not played yet.
func (p *Port) Left() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.script)
}

// Bauds returns the rates set so far.
func (p *Port) Bauds() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]int(nil), p.bauds...)
}

// Opened is how often the line was opened by Ensure.
func (p *Port) Opened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened
}

// String names the port.
func (p *Port) String() string { return "test port" }
