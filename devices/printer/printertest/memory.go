// Package printertest holds what the users of a printer test with: a printer in
// memory, the contract that every printer keeps, and drawings of documents. It
// does not speak ESC/POS; the simulated device in package sim does.
package printertest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"leye/devices/printer"
)

// Options of a printer in memory; the zero value proves printing on 48 columns.
type Options struct {
	Columns int           // 0 means 48
	Level   printer.Level // 0 means 4
	Silent  bool          // level 0: it can prove nothing
}

// Part is a block of a slip.
type Part int

// The parts of a slip.
const (
	Whole Part = iota // nothing stops it
	Body
	Tail
)

// Printer is a printer in memory. Its methods may be called at the same time.
type Printer struct {
	caps printer.Capability

	mu     sync.Mutex
	status printer.Status
	mute   bool
	closed bool
	stop   Part
	with   printer.Status
	hangs  string
	pieces []string
	slips  []printer.Document
}

var _ printer.Printer = (*Printer)(nil)

// New returns a printer that is ready.
func New(o Options) *Printer {
	if o.Columns == 0 {
		o.Columns = 48
	}
	if o.Level == 0 && !o.Silent {
		o.Level = 4
	}
	return &Printer{
		caps:   printer.Capability{Level: o.Level, Columns: o.Columns, Dots: o.Columns * 12, GB18030: true, Model: "memory"},
		status: printer.Status{Online: true, Paper: printer.PaperOK},
	}
}

// SetStatus sets what the device says of itself.
func (p *Printer) SetStatus(s printer.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = s
}

// SetMute makes the device answer nothing, as if it were off.
func (p *Printer) SetMute(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = on
}

// StopIn stops the next slip in the given part; the device is in status s then.
func (p *Printer) StopIn(part Part, s printer.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop, p.with = part, s
}

// Slips returns the documents that came out whole.
func (p *Printer) Slips() []printer.Document {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]printer.Document(nil), p.slips...)
}

// Pieces returns what was cut off, as text: slips and voided rests.
func (p *Printer) Pieces() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.pieces...)
}

// Print implements printer.Printer.
func (p *Printer) Print(ctx context.Context, d printer.Document) (printer.Proof, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return printer.NotSent, fmt.Errorf("start slip: %w", err)
	}
	if err := p.gate(); err != nil {
		return printer.NotSent, err
	}
	if p.hangs != "" {
		p.pieces, p.hangs = append(p.pieces, p.hangs+"VOID\n"), ""
	}
	part := p.stop
	p.stop = Whole
	switch part {
	case Body:
		return p.stopped(printer.Document{Body: d.Body}, "print body", printer.NotSent)
	case Tail:
		return p.stopped(d, "print tail", printer.InDoubt)
	}
	p.slips = append(p.slips, d)
	p.pieces = append(p.pieces, strings.Split(Text(d, p.caps.Columns), cutLine)[0])
	return p.caps.Level.Best(), nil
}

func (p *Printer) gate() error {
	switch {
	case p.closed:
		return fmt.Errorf("start slip: %w", printer.ErrClosed)
	case p.mute:
		return fmt.Errorf("start slip: %w", printer.ErrSilent)
	case !p.status.Ready():
		return &printer.StatusError{Op: "start slip", Status: p.status, Err: printer.ErrNotReady}
	}
	return nil
}

// stopped leaves a piece hanging. Without proof nothing is certain after the
// first byte.
func (p *Printer) stopped(d printer.Document, op string, proof printer.Proof) (printer.Proof, error) {
	p.status = p.with
	p.hangs = strings.Split(Text(d, p.caps.Columns), cutLine)[0]
	if p.caps.Level < 2 {
		proof = printer.InDoubt
	}
	return proof, &printer.StatusError{Op: op, Status: p.with, Err: printer.ErrStopped}
}

// Status implements printer.Printer.
func (p *Printer) Status(ctx context.Context) (printer.Status, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return printer.Status{}, fmt.Errorf("ask printer: %w", err)
	}
	if p.closed {
		return printer.Status{}, fmt.Errorf("ask printer: %w", printer.ErrClosed)
	}
	if p.mute {
		return printer.Status{}, fmt.Errorf("ask printer: %w", printer.ErrSilent)
	}
	return p.status, nil
}

// Capability implements printer.Printer.
func (p *Printer) Capability() printer.Capability { return p.caps }

func (p *Printer) String() string { return "printer in memory" }

// Close implements printer.Printer.
func (p *Printer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}
