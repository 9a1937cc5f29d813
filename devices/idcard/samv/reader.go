package samv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"leye/devices/idcard"
	"leye/devices/internal/frame"
	"leye/devices/internal/serialport"
)

// Config says which reader to open. Port is the only field that must be set.
type Config struct {
	Port   string // device file
	Driver string // serial library, see package serialport
	Baud   int    // bit/s; 0: the rate at which the module answers
	Log    *slog.Logger
	Trace  io.Writer // what passes on the line, with made-up cards in the place of true ones; nil: nothing
}

// line is what the driver needs of a port that may be lost and come back.
type line interface {
	Ensure(ctx context.Context) error
	Drop() error
	SetBaud(baud int) error
	Read(ctx context.Context, b []byte) (int, error)
	Write(b []byte) (int, error)
	Discard() error
	Close() error
	String() string
}

// Times of the read cycle (protocol sections 4.3 to 4.6).
const (
	pollEvery  = 20 * time.Millisecond  // for a card that is expected: a fortieth of a reading
	restEvery  = 300 * time.Millisecond // for one that nobody was asked for: it shows within 400 ms of being laid
	holdEvery  = 200 * time.Millisecond // for the card that lies there to be taken
	silences   = 3                      // in a row before the module is reset
	resetPause = time.Second
)

// Reader reads the cards of one SAM_V module. It implements idcard.Reader.
type Reader struct {
	line line
	log  *slog.Logger
	auto bool // the rate is found out, not given

	shut   sync.Once
	closed chan struct{}

	expected atomic.Bool
	hurry    chan struct{} // a token when a card has become expected

	mu       sync.Mutex // one request at a time
	baud     int        // bit/s of the line
	rated    bool       // baud is right, as far as is known
	split    frame.Splitter
	request  []byte    // the last one
	buf      [512]byte // of what arrives, wiped when it was taken
	silent   int       // questions in a row that were not answered
	restart  bool      // the module must be reset before it is asked again
	lies     lying
	visit    presentation
	noise    time.Time // when the line last damaged something
	progress func(idcard.Progress)
	shown    idcard.Progress
}

var _ idcard.Reader = (*Reader)(nil)

// Open makes a reader. The port itself is opened, and opened again after a loss,
// by the calls that need it, so a reader that is plugged in later works.
func Open(c Config) (*Reader, error) {
	if c.Port == "" {
		return nil, errors.New("open card reader: no port named")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var l line = serialport.NewReopening(serialport.Config{Path: c.Port, Driver: c.Driver, Baud: c.Baud})
	if c.Trace != nil {
		l = &tracing{line: l, w: c.Trace, log: c.Log}
	}
	return newReader(l, c.Baud, c.Log), nil
}

func newReader(l line, baud int, log *slog.Logger) *Reader {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := &Reader{line: l, log: log, auto: baud == 0, baud: baud, closed: make(chan struct{}), hurry: make(chan struct{}, 1)}
	if r.auto {
		r.baud = rates[0]
	}
	return r
}

func (r *Reader) String() string { return "card reader " + r.line.String() }

// Close releases the port and ends a blocked Read. A second Close does nothing.
func (r *Reader) Close() (err error) {
	r.shut.Do(func() {
		close(r.closed)
		err = r.line.Close()
	})
	return err
}

// ended is err, or ErrClosed when the reader was closed meanwhile.
func (r *Reader) ended(err error) error {
	select {
	case <-r.closed:
		return fmt.Errorf("read card: %w", idcard.ErrClosed)
	default:
		return err
	}
}

// SetProgress names who is told what the reader does.
func (r *Reader) SetProgress(f func(idcard.Progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = f
}

func (r *Reader) show(p idcard.Progress) {
	if p != r.shown && r.ended(nil) == nil {
		r.shown = p
		if r.progress != nil {
			r.progress(p)
		}
	}
}

// Read waits for the next card. It delivers each presentation of a card once.
func (r *Reader) Read(ctx context.Context) (idcard.Card, error) {
	for {
		card, done, err := r.cycle(ctx)
		if ctx.Err() != nil {
			return idcard.Card{}, ctx.Err()
		}
		if done || err != nil {
			return card, r.ended(err)
		}
		if err := r.doze(ctx, r.pause(), r.hurry); err != nil {
			return idcard.Card{}, r.ended(err)
		}
	}
}

func (r *Reader) pause() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.lies != nothing:
		return holdEvery
	case r.expected.Load():
		return pollEvery
	}
	return restEvery
}

// Expect looks out for a card fifteen times as often, at three times the work.
func (r *Reader) Expect(on bool) {
	r.expected.Store(on)
	if on {
		select {
		case r.hurry <- struct{}{}:
		default:
		}
	}
}

func (r *Reader) sleep(ctx context.Context, d time.Duration) error { return r.doze(ctx, d, nil) }

// doze is a sleep that a token of wake ends.
func (r *Reader) doze(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.closed:
		return idcard.ErrClosed
	}
}

// cycle is one pass of the state machine of section 4.6.
func (r *Reader) cycle(ctx context.Context) (card idcard.Card, done bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.ready(ctx); err != nil {
		return card, false, err
	}
	if r.lies != nothing {
		return card, false, r.hold(ctx)
	}
	card, err = r.readCard(ctx)
	if err != nil {
		return idcard.Card{}, false, r.failure(ctx, err)
	}
	r.lies, r.visit = delivered, presentation{}
	return card, true, nil
}

// ready opens a lost port and resets a module that hangs.
func (r *Reader) ready(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if !r.restart {
		return nil
	}
	r.restart, r.silent = false, 0
	if err := r.resetModule(ctx); err != nil {
		r.show(idcard.Offline)
		return errors.Join(err, r.drop())
	}
	return nil
}

// open opens a lost port and, where the rate is not given, finds it out.
func (r *Reader) open(ctx context.Context) error {
	if err := r.line.Ensure(ctx); err != nil {
		r.show(idcard.Offline)
		return fmt.Errorf("open card reader: %w", err)
	}
	if !r.auto || r.rated {
		return nil
	}
	err := r.findRate(ctx)
	if err != nil && !errors.Is(err, errSilent) {
		return r.failure(ctx, err)
	}
	return err
}

// drop gives the line up. What answers behind it next may be another module.
func (r *Reader) drop() error {
	r.rated, r.lies, r.visit = false, nothing, presentation{}
	return r.line.Drop()
}

func (r *Reader) resetModule(ctx context.Context) error {
	if _, err := r.ask(ctx, reset); err != nil {
		return err
	}
	return r.sleep(ctx, resetPause)
}
