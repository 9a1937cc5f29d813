// Package idcard holds the values of Chinese identity cards: what a reader
// delivers, whichever driver read it, and the rules for numbers and dates on them.
//
// It does not talk to readers; see package samv for the driver.
package idcard

import (
	"context"
	"errors"
)

// Errors that callers tell apart. The first five are about the card: the device is
// well, and the person can do something. Every other error of a Reader is about the
// device, except ErrClosed and the context's own.
var (
	ErrNoCard     = errors.New("no card on the reader")
	ErrRemoved    = errors.New("card removed while being read")
	ErrNotACard   = errors.New("not an identity card")
	ErrUnverified = errors.New("card cannot be verified") // card and device do not accept each other
	ErrUnreadable = errors.New("card cannot be read")     // its data came damaged, or not at all
	ErrClosed     = errors.New("reader closed")
)

// Reader reads the cards laid on one device. Its methods may be called from several
// goroutines; Close ends a blocked Read with ErrClosed.
type Reader interface {
	// Read waits until a card that was not delivered before is laid down and
	// returns it. It ends with ctx's error, or with a device error after which
	// the reader is still usable.
	Read(ctx context.Context) (Card, error)
	// Present reports whether the card delivered last still lies on the reader.
	Present(ctx context.Context) (bool, error)
	// SetProgress names a function that is told each change of what the reader is
	// doing, from the goroutine that reads; nil ends it. It must return soon.
	SetProgress(func(Progress))
	// Expect says whether a person is asked for a card now. A reader looks out for
	// one more often then; it finds one otherwise, too.
	Expect(on bool)
	String() string
	Close() error
}

// Progress is what a reader is doing, for the person in front of it.
type Progress int

// The states of a reading.
const (
	Waiting Progress = iota // no card
	Reading                 // a card was found and is being read, or was read and still lies there
	Retry                   // a reading failed; the card should lie flat and still
	Offline                 // the device does not answer
)

// Kind is the layout of a card (GA/T 490 and its siblings). Records and logs show it
// as it is.
type Kind string

// The four layouts.
const (
	Resident    Kind = "resident"
	HKMTPermit  Kind = "hmt_residence" // residence permit of Hong Kong, Macao and Taiwan residents
	Foreign2017 Kind = "foreign_permanent_2017"
	Foreign2023 Kind = "foreign_permanent_2023"
)

// String is the state as logs show it.
func (p Progress) String() string {
	switch p {
	case Waiting:
		return "waiting"
	case Reading:
		return "reading"
	case Retry:
		return "retry"
	case Offline:
		return "offline"
	}
	return "unknown"
}
