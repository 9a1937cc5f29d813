// Package scanner holds the values of a 2D code scanner: what was held to it, told
// apart by what the code itself shows, whichever driver read it.
//
// It does not talk to scanners; see package engine for the driver. It verifies
// nothing: whose a 随申码 is, only the city's own service can say.
package scanner

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// Errors that callers tell apart. ErrUnreadable is about the code: the device is
// well, and the person can hold it up again. Every other error of a Scanner is about
// the device, except ErrClosed and the context's own.
var (
	ErrUnreadable = errors.New("code cannot be read") // it came damaged, broken off or without end
	ErrClosed     = errors.New("scanner closed")
)

// MaxSize is the longest code that is taken, in bytes.
const MaxSize = 2048

// Window is how long after its last reading the same code still counts as the same
// showing of it: scanners read what stays in front of them about once a second.
const Window = 3 * time.Second

// Scanner reads the codes held to one device. Its methods may be called from several
// goroutines; Close ends a blocked Scan with ErrClosed.
type Scanner interface {
	// Scan waits until a code is held up and returns it, each showing once. It ends
	// with ctx's error, with ErrUnreadable, or with a device error; after all of
	// them the scanner is still usable.
	Scan(ctx context.Context) (Code, error)
	// SetProgress names a function that is told each change of what the scanner is
	// doing, from the goroutine that scans; nil ends it. It must return soon.
	SetProgress(func(Progress))
	String() string
	Close() error
}

// Progress is what a scanner is doing.
type Progress int

// The states of a scanner.
const (
	Waiting   Progress = iota // for a code
	Receiving                 // a code is on its way
	Offline                   // the port is not there
)

// String is the state as logs show it.
func (p Progress) String() string {
	switch p {
	case Waiting:
		return "waiting"
	case Receiving:
		return "receiving"
	case Offline:
		return "offline"
	}
	return "unknown"
}

// Repeats tells a code that stays before the scanner from one that is shown anew. It
// keeps a digest only. The zero value has the usual Window.
type Repeats struct {
	Window time.Duration // since the last reading; 0 means the constant of this name

	last [sha256.Size]byte
	at   time.Time
}

// Again reports whether the code read at now was read within the window before, and
// remembers it.
func (r *Repeats) Again(raw []byte, now time.Time) bool {
	window := r.Window
	if window == 0 {
		window = Window
	}
	sum := sha256.Sum256(raw)
	again := sum == r.last && now.Sub(r.at) < window
	r.last, r.at = sum, now
	return again
}
