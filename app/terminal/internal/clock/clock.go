// Package clock is what time it is to the terminal's line: the machine's clock,
// corrected by what the central has signed, and never before the program was
// made. A terminal whose battery is empty wakes up in another century.
//
// Nothing else goes by it: waits are monotonic, and what residents hand in
// carries the machine's own time.
package clock

import (
	"sync/atomic"
	"time"
)

// tolerance is what two clocks may differ without harm; within it the machine's
// own, which a time service keeps, is the better one.
const tolerance = 30 * time.Second

// Clock may be read and corrected from any goroutine.
type Clock struct {
	floor  time.Time
	offset atomic.Int64 // nanoseconds that the machine is behind
}

// New makes a Clock that never shows a time before floor.
func New(floor time.Time) *Clock { return &Clock{floor: floor} }

// Now is the time.
func (c *Clock) Now() time.Time {
	now := time.Now().Add(time.Duration(c.offset.Load()))
	if now.Before(c.floor) {
		return c.floor
	}
	return now
}

// Learn takes a time that the central signed just now. One before the floor is
// not believed, whoever signed it.
func (c *Clock) Learn(theirs time.Time) {
	if theirs.Before(c.floor) {
		return
	}
	off := time.Until(theirs)
	if off.Abs() <= tolerance {
		off = 0
	}
	c.offset.Store(int64(off))
}
