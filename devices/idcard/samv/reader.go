package samv

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"leye/devices/idcard"
	"leye/devices/internal/frame"
	"leye/devices/internal/serialport"
)

// Config says which reader to open. Port is the only field that must be set.
type Config struct {
	Port   string // device file
	Driver string // serial library, see package serialport
	Baud   int    // bit/s, 115200 when 0
	Log    *slog.Logger
}

// line is what the driver needs of a port that may be lost and come back.
type line interface {
	Ensure(ctx context.Context) error
	Drop() error
	Read(ctx context.Context, b []byte) (int, error)
	Write(b []byte) (int, error)
	Discard() error
	Close() error
	String() string
}

// Times of the read cycle (protocol sections 4.3 to 4.6).
const (
	pollEvery    = 300 * time.Millisecond // while a person is expected
	goneFinds    = 3                      // failed finds that mean removal where 30 03 is refused
	triesPerCard = 3                      // before the person is told to lay the card flat
	silences     = 3                      // in a row before the module is reset
	resetPause   = time.Second
	restLimit    = 700 * time.Millisecond // for what follows the first bytes, at 115200 bit/s
)

// Reader reads the cards of one SAM_V module. It implements idcard.Reader.
type Reader struct {
	line line
	log  *slog.Logger
	slow float64 // of the line against 115200 bit/s

	mu       sync.Mutex // one request at a time
	split    frame.Splitter
	held     bool // a delivered card lies on the reader
	noExtra  bool // 30 03 is refused: presence by failed finds
	failed   int  // readings of the present card that failed
	silent   int  // time-outs in a row
	missing  int  // failed finds while a card was held
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
	baud := c.Baud
	if baud == 0 {
		baud = serialport.DefaultBaud
	}
	return newReader(serialport.NewReopening(serialport.Config{Path: c.Port, Driver: c.Driver, Baud: baud}), baud, c.Log), nil
}

func newReader(l line, baud int, log *slog.Logger) *Reader {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Reader{line: l, log: log, slow: float64(serialport.DefaultBaud) / float64(baud)}
}

func (r *Reader) String() string { return "card reader " + r.line.String() }

// Close releases the port.
func (r *Reader) Close() error { return r.line.Close() }

// SetProgress names who is told what the reader does.
func (r *Reader) SetProgress(f func(idcard.Progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = f
}

func (r *Reader) show(p idcard.Progress) {
	if p != r.shown {
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
			return card, err
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return idcard.Card{}, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cycle is one pass of the state machine of section 4.6.
func (r *Reader) cycle(ctx context.Context) (card idcard.Card, done bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.ready(ctx); err != nil {
		return card, false, err
	}
	if r.held {
		return card, false, r.hold(ctx)
	}
	card, err = r.readCard(ctx)
	if err == nil {
		r.held, r.failed, r.missing = true, 0, 0
		return card, true, nil
	}
	return idcard.Card{}, false, r.failure(ctx, err)
}

// ready opens a lost port and resets a module that has gone silent.
func (r *Reader) ready(ctx context.Context) error {
	if err := r.line.Ensure(ctx); err != nil {
		r.show(idcard.Offline)
		return fmt.Errorf("open card reader: %w", err)
	}
	if r.silent < silences {
		return nil
	}
	r.silent = 0
	r.show(idcard.Offline)
	if _, err := r.ask(ctx, reset); err != nil {
		return errors.Join(err, r.line.Drop())
	}
	return sleep(ctx, resetPause)
}

// hold waits until the delivered card is gone. 30 03 proves it; where the module
// refuses that, several failed finds do.
func (r *Reader) hold(ctx context.Context) error {
	here, err := r.present(ctx)
	if err != nil {
		return r.failure(ctx, err)
	}
	if !here {
		r.held = false
		r.show(idcard.Waiting)
	}
	return nil
}

// Present reports whether the card delivered last still lies on the reader.
func (r *Reader) Present(ctx context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.held {
		return false, nil
	}
	if err := r.line.Ensure(ctx); err != nil {
		return false, fmt.Errorf("open card reader: %w", err)
	}
	here, err := r.present(ctx)
	if err == nil && !here {
		r.held = false
	}
	return here, err
}

func (r *Reader) present(ctx context.Context) (bool, error) {
	if !r.noExtra {
		_, err := r.ask(ctx, readExtra)
		var status *StatusError
		switch {
		case err == nil:
			return true, nil
		case !errors.As(err, &status):
			return true, err
		case status.Status != statusCommandRefused:
			return status.Status == StatusNoItem, nil
		}
		r.noExtra = true
	}
	_, err := r.ask(ctx, find)
	var status *StatusError
	if errors.As(err, &status) && status.Status == StatusNotFound {
		r.missing++
		return r.missing < goneFinds, nil
	}
	r.missing = 0
	return true, err
}

// readCard finds, selects and reads: all three for every reading.
func (r *Reader) readCard(ctx context.Context) (idcard.Card, error) {
	if _, err := r.ask(ctx, find); err != nil {
		return idcard.Card{}, err
	}
	r.show(idcard.Reading)
	if _, err := r.ask(ctx, selectCard); err != nil {
		return idcard.Card{}, err
	}
	data, err := r.ask(ctx, readBase)
	if err != nil {
		return idcard.Card{}, err
	}
	defer clear(data)
	now := time.Now()
	card, err := Decode(data, false, idcard.DateOf(now))
	card.ReadAt = now
	return card, err
}

// failure decides whether a failed pass is worth an error to the caller or only
// another pass.
func (r *Reader) failure(ctx context.Context, err error) error {
	var status *StatusError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errSilent):
		r.silent++
		if r.silent >= silences {
			r.show(idcard.Offline)
			return fmt.Errorf("read card: %w", err)
		}
		return nil
	case !errors.As(err, &status):
		return r.damaged(err)
	case status.Status == StatusNotFound:
		return r.nothingThere()
	case status.Status == StatusWrongCard:
		r.held, r.missing = true, 0
		return fmt.Errorf("read card: %w", idcard.ErrNotACard)
	case status.Status.outOfService():
		r.show(idcard.Offline)
		return fmt.Errorf("card reader out of service: %w", err)
	default:
		return r.damaged(err)
	}
}

// nothingThere is the usual answer of an empty reader; after a failed reading it
// means that the card was taken too early.
func (r *Reader) nothingThere() error {
	failed := r.failed
	r.failed = 0
	r.show(idcard.Waiting)
	if failed > 0 {
		return fmt.Errorf("read card: %w", idcard.ErrRemoved)
	}
	return nil
}

// damaged counts a failed reading; after three the person is told.
func (r *Reader) damaged(err error) error {
	if errors.Is(err, serialport.ErrUnplugged) || errors.Is(err, serialport.ErrClosed) {
		r.show(idcard.Offline)
		r.held = false
		return errors.Join(fmt.Errorf("read card: %w", err), r.line.Drop())
	}
	r.failed++
	r.show(idcard.Retry)
	if r.failed%triesPerCard != 0 {
		r.log.Info("read card again", "reader", r.line.String(), "try", r.failed, "err", err)
		return nil
	}
	return fmt.Errorf("read card: %w: %w", idcard.ErrUnverified, err)
}
