package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"leye/devices/internal/serialport"
	"leye/devices/scanner"
)

// Config says which scanner to open. Port is the only field that must be set.
type Config struct {
	Port    string        // device file
	Driver  string        // serial library, see package serialport
	Baud    int           // bit/s; 0: the usual rate
	Profile string        // see Profiles; empty: the first
	Window  time.Duration // see scanner.Repeats; 0: the usual one
	Now     func() time.Time
	Log     *slog.Logger
}

// line is what the driver needs of a port that may be lost and come back.
type line interface {
	Ensure(ctx context.Context) error
	Drop() error
	Read(ctx context.Context, b []byte) (int, error)
	Discard() error
	Close() error
	String() string
}

// Scanner reads the codes of one scan engine. It implements scanner.Scanner.
type Scanner struct {
	line line
	log  *slog.Logger
	now  func() time.Time

	life  context.Context // ends with Close
	close context.CancelFunc

	turn    chan struct{} // holds the token of whoever uses the line
	here    bool          // the port was there when it was used last
	split   splitter
	repeats scanner.Repeats
	buf     [512]byte

	mu       sync.Mutex // guards the progress
	progress func(scanner.Progress)
	shown    scanner.Progress
}

var _ scanner.Scanner = (*Scanner)(nil)

// Open makes a scanner. The port itself is opened, and opened again after a loss, by
// the calls that need it, so a scanner that is plugged in later works.
func Open(c Config) (*Scanner, error) {
	if c.Port == "" {
		return nil, errors.New("open scanner: no port named")
	}
	return newScanner(serialport.NewReopening(serialport.Config{Path: c.Port, Driver: c.Driver, Baud: c.Baud}), c)
}

func newScanner(l line, c Config) (*Scanner, error) {
	p, err := profileOf(c.Profile)
	if err != nil {
		return nil, fmt.Errorf("open scanner: %w", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Scanner{
		line: l, log: c.Log, now: c.Now, turn: make(chan struct{}, 1),
		split: splitter{profile: p}, repeats: scanner.Repeats{Window: c.Window},
	}
	s.life, s.close = context.WithCancel(context.Background())
	return s, nil
}

func (s *Scanner) String() string { return "scanner " + s.line.String() }

// Close releases the port and ends a blocked Scan. A second Close does nothing.
func (s *Scanner) Close() error {
	s.close()
	return s.line.Close()
}

// SetProgress names who is told what the scanner does.
func (s *Scanner) SetProgress(f func(scanner.Progress)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = f
}

func (s *Scanner) show(p scanner.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p == s.shown || s.life.Err() != nil {
		return
	}
	s.shown = p
	if s.progress != nil {
		s.progress(p)
	}
}

// Ready opens the port if it is not open, and drops what came while nobody listened.
// That the port is there is all that can be known: a scanner says nothing until a
// code is held to it.
func (s *Scanner) Ready(ctx context.Context) error {
	_, err := s.use(ctx, func(ctx context.Context) (scanner.Code, error) { return scanner.Code{}, s.open(ctx) })
	return err
}

// Scan waits for the next code.
func (s *Scanner) Scan(ctx context.Context) (scanner.Code, error) { return s.use(ctx, s.scan) }

// use gives f the line, one caller at a time, until ctx ends or the scanner is closed.
func (s *Scanner) use(ctx context.Context, f func(context.Context) (scanner.Code, error)) (scanner.Code, error) {
	both, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	c, err := scanner.Code{}, both.Err()
	if err == nil {
		select {
		case s.turn <- struct{}{}:
			c, err = f(both)
			<-s.turn
		case <-both.Done():
			err = both.Err()
		}
	}
	switch {
	case s.life.Err() != nil:
		return scanner.Code{}, fmt.Errorf("scan: %w", scanner.ErrClosed)
	case ctx.Err() != nil && err != nil:
		return scanner.Code{}, ctx.Err()
	}
	return c, err
}

func (s *Scanner) scan(ctx context.Context) (scanner.Code, error) {
	for {
		for raw, ok := s.split.next(); ok; raw, ok = s.split.next() {
			if !s.repeats.Again(raw, s.now()) {
				return scanner.Parse(raw), nil
			}
		}
		if err := s.receive(ctx); err != nil {
			return scanner.Code{}, err
		}
	}
}

// open opens a lost port. What came while nobody listened belongs to nobody.
func (s *Scanner) open(ctx context.Context) error {
	err := s.line.Ensure(ctx)
	if err == nil && s.here {
		return nil
	}
	s.split.reset()
	if err == nil {
		err = s.line.Discard()
	}
	if s.here = err == nil; !s.here {
		s.lost(ctx)
		return fmt.Errorf("open scanner: %w", err)
	}
	s.log.Info("scanner's port is open", "scanner", s.line.String(), "profile", s.split.name)
	s.show(scanner.Waiting)
	return nil
}

// lost shows that the port is gone, unless it only was not waited for.
func (s *Scanner) lost(ctx context.Context) {
	if ctx.Err() == nil {
		s.show(scanner.Offline)
	}
}

// receive takes what arrives next, or the silence after it.
func (s *Scanner) receive(ctx context.Context) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	wait := ctx
	if d := s.split.patience(); d > 0 {
		wait = serialport.Until(ctx, time.Now().Add(d))
	}
	n, err := s.line.Read(wait, s.buf[:])
	s.split.feed(s.buf[:n])
	clear(s.buf[:n])
	switch {
	case n > 0 || err == nil:
		s.show(scanner.Receiving)
		s.show(s.doing())
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case wait == ctx && errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		err = s.split.silence()
		s.show(s.doing())
		if err != nil {
			return fmt.Errorf("scan: %w: %w", scanner.ErrUnreadable, err)
		}
		return nil
	}
	s.here = false
	s.split.reset()
	s.lost(ctx)
	return errors.Join(fmt.Errorf("scan: %w", err), s.line.Drop())
}

func (s *Scanner) doing() scanner.Progress {
	if s.split.patience() > 0 {
		return scanner.Receiving
	}
	return scanner.Waiting
}
