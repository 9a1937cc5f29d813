package tries

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestCounter(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	c := New(Limit{Wrong: 3, For: 10 * time.Minute, Now: func() time.Time { return now }})
	guess := func(key string, want bool) time.Duration {
		t.Helper()
		wait, ok := c.Begin(key)
		if ok != want {
			t.Errorf("guess at %s taken: %v, want %v", key, ok, want)
		}
		return wait
	}
	for range 3 {
		guess("a", true)
	}
	if wait := guess("a", false); wait != 10*time.Minute {
		t.Errorf("wait %s, want 10m", wait)
	}
	guess("b", true)
	now = now.Add(4 * time.Minute)
	if wait := guess("a", false); wait != 6*time.Minute {
		t.Errorf("wait %s, want 6m: a guess at a closed door must not hold it longer", wait)
	}
	now = now.Add(6 * time.Minute)
	guess("a", true)
	c.Right("a")
	for range 3 {
		guess("a", true)
	}
	guess("a", false)
}

func TestCounterTakesNoMoreAtOnce(t *testing.T) {
	c := New(Limit{Wrong: 10, For: time.Hour})
	var taken atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, ok := c.Begin("a"); ok {
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 10 {
		t.Errorf("%d guesses taken at once, want 10", taken.Load())
	}
}

func TestCounterKeepsClosedDoorsWhenFull(t *testing.T) {
	c := New(Limit{Wrong: 2, For: time.Hour})
	c.Begin("closed")
	c.Begin("closed")
	for i := range capacity + 10 {
		c.Begin(strconv.Itoa(i))
	}
	if len(c.keys) > capacity {
		t.Errorf("%d keys, want at most %d", len(c.keys), capacity)
	}
	if _, ok := c.Begin("closed"); ok {
		t.Error("a flood of other keys opened a closed door")
	}
}
