// Package tries counts wrong guesses at short secrets and closes the door for a
// while after too many.
//
// It keeps the counts in memory: a restart forgives, and behind a load balancer
// each central counts for itself.
package tries

import (
	"sync"
	"time"
)

// Limit is how many wrong guesses are taken for one key, and for how long it is
// closed, and an unfinished count remembered, after that.
type Limit struct {
	Wrong int
	For   time.Duration
	Now   func() time.Time // time.Now when nil
}

// capacity bounds the memory that strangers can make a counter use.
const capacity = 50_000

// Counter counts wrong guesses by key; its methods may be called at the same time.
type Counter struct {
	limit Limit

	mu   sync.Mutex
	keys map[string]count
}

type count struct {
	wrong int
	until time.Time // forgotten, or open again, from then on
}

// New returns a counter that nobody has guessed at yet.
func New(l Limit) *Counter {
	if l.Now == nil {
		l.Now = time.Now
	}
	return &Counter{limit: l, keys: map[string]count{}}
}

// Begin takes one guess at key before it is judged, so that guesses at the same
// time cannot get past the limit. When key is closed it returns how long still.
func (c *Counter) Begin(key string) (wait time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.limit.Now()
	k := c.keys[key]
	if !now.Before(k.until) {
		k = count{}
	}
	if k.wrong >= c.limit.Wrong {
		return k.until.Sub(now), false
	}
	if len(c.keys) >= capacity {
		c.sweep(now)
	}
	c.keys[key] = count{wrong: k.wrong + 1, until: now.Add(c.limit.For)}
	return 0, true
}

// Right says that the guess was right: the count for key starts again.
func (c *Counter) Right(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.keys, key)
}

// sweep forgets what is over, and when that is not enough the counts that have
// not reached the limit: a closed door stays closed.
func (c *Counter) sweep(now time.Time) {
	for key, k := range c.keys {
		if !now.Before(k.until) {
			delete(c.keys, key)
		}
	}
	if len(c.keys) < capacity {
		return
	}
	for key, k := range c.keys {
		if k.wrong < c.limit.Wrong {
			delete(c.keys, key)
		}
	}
}
