// Package printer holds the values of a receipt printer: documents to print,
// the status of the device and the proof that paper came out.
//
// It does not talk to printers; see package escpos for the driver.
package printer

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Errors that callers tell apart.
var (
	ErrNotReady = errors.New("printer not ready")       // refused before the first byte
	ErrStopped  = errors.New("printer stopped")         // a fault while a slip was under way
	ErrSilent   = errors.New("printer does not answer") // power, cable or a dead device
	ErrFont     = errors.New("printer has no font for simplified Chinese")
	ErrDocument = errors.New("document cannot be printed")
	ErrClosed   = errors.New("printer closed")
)

// StatusError is ErrNotReady or ErrStopped with what the device said.
type StatusError struct {
	Op     string // "print body", "print tail", "start slip"
	Status Status
	Err    error
}

func (e *StatusError) Error() string {
	return e.Op + ": " + e.Err.Error() + ": " + e.Status.String()
}

func (e *StatusError) Unwrap() error { return e.Err }

// Printer prints documents one at a time.
type Printer interface {
	// Print sends doc and reports how much of it is proved. On error the
	// proof says what may have left the device: never more than is known.
	Print(ctx context.Context, doc Document) (Proof, error)
	Status(ctx context.Context) (Status, error)
	Capability() Capability
	String() string
	// Close waits for the slip under way and releases the device; what is asked
	// of it later ends with ErrClosed.
	Close() error
}

// Document is one slip. The tail is sent only after the body is known to be
// printed: a slip without its tail is not a valid slip.
type Document struct {
	Body []Block
	Tail []Block
}

// Block is one piece of a document: exactly one of its kinds.
type Block interface{ block() }

// Align places a block across the paper.
type Align int

// The alignments.
const (
	Left Align = iota
	Center
	Right
)

// Line is a paragraph, wrapped to the paper by the driver.
type Line struct {
	Text   string
	Align  Align
	Bold   bool
	Double bool // twice as wide and high
}

// Pair is a label with its value on the right of it; long values wrap under
// themselves. Pairs that follow each other share the column of their values.
type Pair struct {
	Label, Value string
	Bold         bool
}

// Rule is a line across the paper.
type Rule struct{}

// QR is a QR code of model 2, error correction M, with a quiet zone.
type QR struct {
	Data   string
	Module int // dots per module; 0 means 6
}

// Feed moves the paper by lines.
type Feed struct{ Lines int }

// Cut feeds past the knife and cuts.
type Cut struct{}

func (Line) block() {}
func (Pair) block() {}
func (Rule) block() {}
func (QR) block()   {}
func (Feed) block() {}
func (Cut) block()  {}

// Handover is what became of a slip at the exit, where the device can tell.
type Handover int

// The ends of a slip.
const (
	HandoverUnknown Handover = iota // no sensor, or it was not waited for
	Taken
	LeftBehind // it still lies there
	Retracted  // it was left behind and drawn back
)

// Presenter is a printer that holds a slip at its exit.
type Presenter interface {
	// AwaitTaken waits until the slip at the exit is gone. One that is left for
	// longer than patience is drawn back where the device can.
	AwaitTaken(ctx context.Context, patience time.Duration) (Handover, error)
}

// Supply is the state of the paper; unknown is not the same as enough.
type Supply int

// The paper states.
const (
	PaperUnknown Supply = iota
	PaperOK
	PaperNearEnd
	PaperOut
)

// Status is a set of independent facts about the device.
type Status struct {
	Online        bool
	Paper         Supply
	CoverOpen     bool
	CutterError   bool
	HeadHot       bool
	Jam           bool // mechanical error or paper jam
	Unrecoverable bool
	Exit          Exit
	ErrorDetail   string // for staff
}

// Exit is what lies at the paper exit, where the device can tell.
type Exit int

// The exit states.
const (
	ExitUnknown Exit = iota
	ExitEmpty
	ExitSlip // a slip was not taken yet
)

// Ready reports whether a document may be sent now.
func (s Status) Ready() bool {
	return s.Online && s.Paper != PaperOut && s.Exit != ExitSlip &&
		!s.CoverOpen && !s.CutterError && !s.HeadHot && !s.Jam && !s.Unrecoverable
}

// String lists the facts that keep staff busy, for logs and messages.
func (s Status) String() string {
	var facts []string
	add := func(is bool, fact string) {
		if is {
			facts = append(facts, fact)
		}
	}
	add(!s.Online, "offline")
	add(s.Paper == PaperOut, "paper out")
	add(s.Paper == PaperNearEnd, "paper near end")
	add(s.CoverOpen, "cover open")
	add(s.CutterError, "cutter error")
	add(s.HeadHot, "head too hot")
	add(s.Jam, "mechanical error or paper jam")
	add(s.Unrecoverable, "unrecoverable error")
	add(s.Exit == ExitSlip, "slip at the exit")
	add(s.ErrorDetail != "", s.ErrorDetail)
	if len(facts) == 0 {
		return "ready"
	}
	return strings.Join(facts, ", ")
}

// Proof is how much is known about a printed slip.
type Proof int

// The proofs, weakest first.
const (
	NotSent   Proof = iota // no valid slip exists: the same one may be printed again
	InDoubt                // something was sent, a fault came, nothing more is known
	Sent                   // sent, no fault seen
	Processed              // the printer worked through all of it
	Printed                // the printer confirmed that it was printed
)

var proofs = [...]string{"not sent", "in doubt", "sent", "processed", "printed"}

func (p Proof) String() string {
	if p < 0 || int(p) >= len(proofs) {
		return "unknown proof"
	}
	return proofs[p]
}

// Level is what a printer can prove, each all below it too: 0 nothing, 1
// real-time status, 2 an ordered echo, 3 automatic status, 4 process IDs, 5 a
// sensor at the exit.
type Level int

// Best is the strongest proof that a level allows.
func (l Level) Best() Proof {
	switch {
	case l >= 4:
		return Printed
	case l >= 2:
		return Processed
	}
	return Sent
}

var levels = [...]string{
	"it never answers: what was sent is all that is known",
	"it tells its faults, not what it printed",
	"it says when it has worked through a slip",
	"it says so and reports faults by itself",
	"it confirms that a slip was printed",
	"it confirms that a slip was printed and knows whether it was taken",
}

// String says in words, for staff, what a level proves.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levels) {
		return "unknown level"
	}
	return levels[l]
}

// Capability is what was found out about a device.
type Capability struct {
	Level   Level
	Columns int // half-width characters per line
	Dots    int // across the paper
	GB18030 bool
	Model   string
}
