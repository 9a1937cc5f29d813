package uplink

import (
	"math/rand/v2"
	"sync"
	"time"
)

// How a host is left alone: after so many failures in a row, for a random part of
// a span that doubles up to a bound, then one request tries whether it is well.
const (
	failuresToOpen = 5
	firstRest      = time.Second
	longestRest    = 5 * time.Minute
)

// breaker keeps all tasks of a terminal away from a host that fails, and from one
// that asked to be left alone. It stops requests only: what residents hand in is
// kept by the queue and never comes by here. Of our own, not a library's, because
// the rest is random and the host may set it.
type breaker struct {
	rand func() float64 // in [0, 1)

	mu      sync.Mutex
	failed  int       // in a row
	until   time.Time // resting until then; zero: closed
	probing bool      // one request is trying whether the host is well
}

func newBreaker(r func() float64) *breaker {
	if r == nil {
		r = rand.Float64
	}
	return &breaker{rand: r}
}

// aMoment is how long to wait while another request tries the host.
const aMoment = time.Second

// rest is how long the host is still to be left alone.
func (b *breaker) rest() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.resting()
}

func (b *breaker) resting() time.Duration {
	switch {
	case b.until.IsZero():
		return 0
	case b.probing:
		return max(time.Until(b.until), aMoment)
	}
	return max(time.Until(b.until), 0)
}

// enter lets a request through, or says how long it must wait.
func (b *breaker) enter() (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait := b.resting(); wait > 0 {
		return wait, false
	}
	b.probing = !b.until.IsZero()
	return 0, true
}

// leave takes how a request ended; after is how long the host asked for, 0 when
// it did not.
func (b *breaker) leave(failed bool, after time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if !failed {
		b.failed, b.until = 0, time.Time{}
		return
	}
	b.failed++
	if b.failed < failuresToOpen && after == 0 {
		return
	}
	span := min(firstRest<<min(max(b.failed-failuresToOpen, 0), 16), longestRest)
	b.until = time.Now().Add(after + time.Duration(b.rand()*float64(span)))
}

// abandon takes back a request that its own task ended: it says nothing.
func (b *breaker) abandon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}
