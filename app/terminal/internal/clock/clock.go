// Package clock is what time it is to the terminal's line: the machine's clock,
// corrected by what the central has signed, and never before the program was
// made. A terminal whose battery is empty wakes up in another century.
//
// Little else goes by it: waits are monotonic, and what residents hand in carries
// the machine's own time. Only what is deleted for its age is old by the central's.
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
	floor  atomic.Pointer[time.Time]
	offset atomic.Int64 // nanoseconds that the machine is behind
	told   atomic.Pointer[told]
}

// told is what the central said, and when by this machine's uptime.
type told struct{ theirs, at time.Time }

// New makes a Clock that never shows a time before floor.
func New(floor time.Time) *Clock {
	c := &Clock{}
	c.floor.Store(&floor)
	return c
}

// Raise has a later floor hold: a certificate that has begun is a witness, since
// the machine's clock may have stood still.
func (c *Clock) Raise(floor time.Time) {
	for {
		before := c.floor.Load()
		if !floor.After(*before) || c.floor.CompareAndSwap(before, &floor) {
			return
		}
	}
}

// Now is the time.
func (c *Clock) Now() time.Time {
	now := time.Now().Add(time.Duration(c.offset.Load()))
	if floor := *c.floor.Load(); now.Before(floor) {
		return floor
	}
	return now
}

// Learn takes a time that the central signed just now. One before the floor is
// not believed, whoever signed it.
func (c *Clock) Learn(theirs time.Time) {
	if theirs.Before(*c.floor.Load()) {
		return
	}
	off := time.Until(theirs)
	if off.Abs() <= tolerance {
		off = 0
	}
	c.offset.Store(int64(off))
	c.told.Store(&told{theirs, time.Now()})
}

// Told is the time that the central signed last, carried on since by what no
// setting of the machine's clock changes. It is false until the first one; what
// cannot be undone goes by it.
func (c *Clock) Told() (time.Time, bool) {
	t := c.told.Load()
	if t == nil {
		return time.Time{}, false
	}
	return t.theirs.Add(time.Since(t.at)), true
}
