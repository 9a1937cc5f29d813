package health

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// Raised is a condition that stands, and since when.
type Raised struct {
	Condition
	Since time.Time
}

// Board holds the conditions that stand now. The zero value is an empty one; its
// methods may be called from any goroutine.
type Board struct {
	mu    sync.Mutex
	since map[kiosk.Code]time.Time
}

// Set raises a declared condition; one that stands already keeps its time. It
// reports whether that is news.
func (b *Board) Set(code kiosk.Code, at time.Time) bool {
	if _, declared := Of(code); !declared {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, stands := b.since[code]; stands {
		return false
	}
	if b.since == nil {
		b.since = map[kiosk.Code]time.Time{}
	}
	b.since[code] = at
	return true
}

// Clear takes conditions down and reports whether one of them stood.
func (b *Board) Clear(codes ...kiosk.Code) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.since)
	for _, code := range codes {
		delete(b.since, code)
	}
	return len(b.since) < before
}

// Snapshot returns what stands now, gravest first, then by code.
func (b *Board) Snapshot() []Raised {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []Raised
	for code, since := range b.since {
		c, _ := Of(code) // Set takes no other
		list = append(list, Raised{c, since})
	}
	slices.SortFunc(list, func(a, c Raised) int {
		return cmp.Or(cmp.Compare(a.Severity.rank(), c.Severity.rank()), cmp.Compare(a.Code, c.Code))
	})
	return list
}
