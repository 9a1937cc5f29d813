package scannertest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"leye/devices/scanner"
)

// Scanner is a scanner in memory. Its zero value waits for a code; its methods may be
// called at the same time.
type Scanner struct {
	mu       sync.Mutex
	repeats  scanner.Repeats
	shown    []showing
	broken   []error
	closed   bool
	state    scanner.Progress
	progress func(scanner.Progress)
	change   chan struct{}
}

// showing is a code, or why it cannot be read.
type showing struct {
	raw []byte
	err error
}

var _ scanner.Scanner = (*Scanner)(nil)

// Show holds a code up.
func (s *Scanner) Show(raw []byte) { s.put(showing{raw: raw}) }

// ShowTorn holds up what cannot be read.
func (s *Scanner) ShowTorn() {
	s.put(showing{err: fmt.Errorf("scan: %w", scanner.ErrUnreadable)})
}

func (s *Scanner) put(what showing) {
	s.update(func() {
		s.show(scanner.Receiving)
		s.shown = append(s.shown, what)
	})
}

// Fail makes the device fail: the next Scan returns err, once.
func (s *Scanner) Fail(err error) {
	s.update(func() { s.broken = append(s.broken, err) })
}

// update changes the scanner and wakes a blocked Scan.
func (s *Scanner) update(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	if s.change != nil {
		close(s.change)
		s.change = nil
	}
}

// Scan implements scanner.Scanner.
func (s *Scanner) Scan(ctx context.Context) (scanner.Code, error) {
	for {
		code, change, err := s.look()
		if change == nil {
			return code, err
		}
		select {
		case <-ctx.Done():
			return scanner.Code{}, ctx.Err()
		case <-change:
		}
	}
}

// look returns what a Scan gives now, or a channel that closes when that may change.
func (s *Scanner) look() (scanner.Code, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return scanner.Code{}, nil, scanner.ErrClosed
	}
	if len(s.broken) > 0 {
		err := s.broken[0]
		s.broken = s.broken[1:]
		s.show(scanner.Offline)
		return scanner.Code{}, nil, err
	}
	s.show(scanner.Waiting)
	for len(s.shown) > 0 {
		what := s.shown[0]
		s.shown = s.shown[1:]
		if what.err != nil || !s.repeats.Again(what.raw, time.Now()) {
			return scanner.Parse(what.raw), nil, what.err
		}
	}
	if s.change == nil {
		s.change = make(chan struct{})
	}
	return scanner.Code{}, s.change, nil
}

// SetProgress implements scanner.Scanner.
func (s *Scanner) SetProgress(f func(scanner.Progress)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = f
}

func (s *Scanner) show(p scanner.Progress) {
	if p == s.state {
		return
	}
	s.state = p
	if s.progress != nil {
		s.progress(p)
	}
}

func (s *Scanner) String() string { return "scanner in memory" }

// Close implements scanner.Scanner.
func (s *Scanner) Close() error {
	s.update(func() { s.closed = true })
	return nil
}
