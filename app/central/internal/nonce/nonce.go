// Package nonce remembers which requests have come, so that none is taken twice.
//
// It remembers in memory. After a restart nothing signed before it may be taken;
// behind a load balancer each central remembers for itself, and what keeps an
// application from being filed twice is its id.
package nonce

import (
	"sync"
	"time"
)

// capacity bounds the memory: twice what a thousand terminals send in the time
// that a signature is good.
const capacity = 100_000

// Memory is used by many requests at the same time.
type Memory struct {
	now func() time.Time

	mu   sync.Mutex
	till map[string]time.Time
}

// New returns a Memory of nothing.
func New(now func() time.Time) *Memory {
	return &Memory{now: now, till: map[string]time.Time{}}
}

// First notes a nonce until a time and reports whether it is new. A full memory
// takes none for new.
func (m *Memory) First(nonce string, until time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, seen := m.till[nonce]; seen {
		return false
	}
	if len(m.till) >= capacity && !m.sweep() {
		return false
	}
	m.till[nonce] = until
	return true
}

// sweep forgets what is over and reports whether that made room.
func (m *Memory) sweep() bool {
	now := m.now()
	for nonce, until := range m.till {
		if now.After(until) {
			delete(m.till, nonce)
		}
	}
	return len(m.till) < capacity
}
