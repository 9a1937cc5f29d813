// Package nonce remembers which requests have come, so that none is taken twice.
//
// It remembers in memory. After a restart nothing signed before it may be taken;
// behind a load balancer each central remembers for itself, and what keeps an
// application from being filed twice is its id.
package nonce

import (
	"crypto/sha256"
	"sync"
	"time"
)

// capacity bounds the memory, to some 40 MB: more than a central can answer in the
// time that a signature is good, when hundreds of terminals empty their queues.
const capacity = 500_000

// Memory is used by many requests at the same time.
type Memory struct {
	now func() time.Time

	mu    sync.Mutex
	till  map[mark]int64 // seconds since 1970
	swept int64
}

// mark stands for a nonce of any length.
type mark [16]byte

// New returns a Memory of nothing.
func New(now func() time.Time) *Memory {
	return &Memory{now: now, till: map[mark]int64{}}
}

// First notes a nonce until a time and reports whether it is new. A full memory
// takes none for new.
func (m *Memory) First(nonce string, until time.Time) bool {
	sum := sha256.Sum256([]byte(nonce))
	key := mark(sum[:len(mark{})])
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, seen := m.till[key]; seen {
		return false
	}
	if len(m.till) >= capacity && !m.sweep() {
		return false
	}
	m.till[key] = until.Unix()
	return true
}

// sweep forgets what is over and reports whether that made room; it looks once a
// second.
func (m *Memory) sweep() bool {
	now := m.now().Unix()
	if now == m.swept {
		return false
	}
	m.swept = now
	for key, until := range m.till {
		if now > until {
			delete(m.till, key)
		}
	}
	return len(m.till) < capacity
}
