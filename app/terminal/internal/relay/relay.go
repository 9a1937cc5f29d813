// Package relay moves the outbox to the central: a few entries at a time, each
// again and again, until the central's word on it is kept.
//
// It does not queue, print or decide what is in a body.
package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// Queue is what the relay needs of the outbox. What Lease gives may go beside what
// it gave before: the turns of one person and matter are the queue's.
type Queue interface {
	Hold(until time.Time)
	Lease(ctx context.Context, now time.Time, lease time.Duration) (kiosk.Entry, bool, error)
	Accept(ctx context.Context, id kiosk.ApplicationID, ack kiosk.Acknowledgement) error
	Retry(ctx context.Context, id kiosk.ApplicationID, at time.Time, code string) error
	Park(ctx context.Context, id kiosk.ApplicationID, reason kiosk.Reason) error
	Next(ctx context.Context) (time.Time, error)
	Wake() <-chan struct{}
}

// Sender hands the body of one entry to the central. Its errors are *Rejected,
// *Failure or ctx's.
type Sender interface {
	Send(ctx context.Context, e kiosk.Entry) (kiosk.Acknowledgement, error)
}

// Rejected is a no that repeating cannot change.
type Rejected struct{ Reason kiosk.Reason }

func (e *Rejected) Error() string { return "central refused: " + string(e.Reason) }

// Failure is an attempt of which nothing is known: it is made again with the
// same key. Code names it for staff, without personal data.
type Failure struct {
	Code  string
	After time.Duration // the central asked to wait so long; 0: it did not say
	Err   error
}

func (e *Failure) Error() string { return fmt.Sprintf("send: %s: %v", e.Code, e.Err) }
func (e *Failure) Unwrap() error { return e.Err }

// Config is what a Relay works with.
type Config struct {
	Queue  Queue
	Sender Sender
	Rest   func() time.Duration              // how long the line is to be left alone; nil: never
	Check  func(kiosk.Acknowledgement) error // whether it is the central's own; nil: whether it fits is enough
	Wrong  func(wrong bool)                  // told of each acknowledgement whether it did not fit; may be nil
	Log    *slog.Logger
	Rand   func() float64 // in [0, 1), for the jitter; nil: math/rand

	AtOnce int           // sendings under way; default 4
	Spread time.Duration // longest wait, at the start, of what lay there before; 0: none

	Lease time.Duration // longer than any sending; default 1 min
	First time.Duration // longest wait after the first failure; default 1 s
	Most  time.Duration // longest wait at all; default 5 min
}

// Relay is the task. One at a time may run over a queue.
type Relay struct {
	cfg Config
	up  atomic.Bool // the last sending was answered
	bad atomic.Bool // it was not, and that has been said
}

// New makes the task.
func New(cfg Config) *Relay {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	if cfg.AtOnce == 0 {
		cfg.AtOnce = 4
	}
	def(&cfg.Lease, time.Minute)
	def(&cfg.First, time.Second)
	def(&cfg.Most, 5*time.Minute)
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.Rest == nil {
		cfg.Rest = func() time.Duration { return 0 }
	}
	if cfg.Wrong == nil {
		cfg.Wrong = func(bool) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Relay{cfg: cfg}
}

func (r *Relay) String() string { return "relay" }

// Run sends until ctx ends. It returns earlier only when the queue itself fails.
//
// Hundreds of terminals start together when the power comes back. What lay in the
// queue waits a random time then; what is handed in meanwhile goes at once.
func (r *Relay) Run(ctx context.Context) error {
	r.cfg.Queue.Hold(time.Now().Add(time.Duration(r.cfg.Rand() * float64(r.cfg.Spread))))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := sendings{ended: make(chan error, r.cfg.AtOnce)}
	for ctx.Err() == nil && s.err == nil {
		r.step(ctx, &s)
	}
	stop()
	for s.under > 0 {
		s.take(<-s.ended)
	}
	return s.err
}

// sendings are those under way.
type sendings struct {
	under int
	ended chan error // of each, what the queue said
	err   error      // the first of them
}

func (s *sendings) take(err error) {
	s.under--
	s.fail(err)
}

func (s *sendings) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// step begins one sending, or waits. While the central has not answered, one goes
// alone: a line that is down is tried, not stormed.
func (r *Relay) step(ctx context.Context, s *sendings) {
	if s.under == r.cfg.AtOnce || s.under > 0 && !r.up.Load() {
		s.take(<-s.ended)
		return
	}
	if wait := r.cfg.Rest(); wait > 0 {
		s.wait(ctx, min(wait, restLook), nil)
		return
	}
	entry, ok, err := r.cfg.Queue.Lease(ctx, time.Now(), r.cfg.Lease)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.fail(fmt.Errorf("lease entry: %w", err))
	case ok:
		s.under++
		go func() {
			err := r.deliver(ctx, entry)
			if ctx.Err() != nil {
				err = nil // the lease runs out, or the next answer is the same
			}
			s.ended <- err
		}()
	default:
		r.sleep(ctx, s)
	}
}

// restLook is how often a resting relay looks whether somebody else has found
// the line well; longestAfter bounds what a central can ask for.
const (
	restLook     = 5 * time.Second
	longestAfter = time.Hour
)

// lastWrite bounds keeping an acknowledgement while the terminal shuts down.
const lastWrite = 2 * time.Second

// deliver sends one leased entry and keeps what came of it.
func (r *Relay) deliver(ctx context.Context, e kiosk.Entry) error {
	sending, cancel := context.WithTimeout(ctx, r.cfg.Lease*3/4)
	ack, err := r.cfg.Sender.Send(sending, e)
	if errors.Is(sending.Err(), context.DeadlineExceeded) && err != nil {
		err = &Failure{Code: "timeout", Err: err}
	}
	cancel()
	if ctx.Err() != nil {
		if err != nil {
			return nil // the lease runs out and the entry is sent again
		}
		// The central's word came in the last moment: keep it.
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
		defer stop()
	}
	if err == nil {
		err = r.examine(e, ack)
	}
	var no *Rejected
	switch {
	case err == nil:
		r.answered()
		return r.cfg.Queue.Accept(ctx, e.ID, ack)
	case errors.As(err, &no):
		r.answered()
		r.cfg.Log.Warn("park entry", "id", e.ID, "reason", no.Reason)
		return r.cfg.Queue.Park(ctx, e.ID, no.Reason)
	default:
		return r.again(ctx, e, err)
	}
}

func (r *Relay) answered() {
	r.up.Store(true)
	r.bad.Store(false)
}

// examine holds an acknowledgement against its entry: one of something else, or
// of somebody else, proves nothing about it.
func (r *Relay) examine(e kiosk.Entry, ack kiosk.Acknowledgement) (err error) {
	switch {
	case ack.ID != e.ID || ack.Digest != e.Digest || ack.Number == "":
		err = errors.New("identifier or digest does not fit")
	case r.cfg.Check != nil:
		err = r.cfg.Check(ack)
	}
	r.cfg.Wrong(err != nil)
	if err != nil {
		return &Failure{Code: "wrong_acknowledgement", Err: err}
	}
	return nil
}

// again sets the next attempt: full jitter over a span that doubles, behind the
// time that the central asked for.
func (r *Relay) again(ctx context.Context, e kiosk.Entry, err error) error {
	f := &Failure{Code: "unknown", Err: err}
	errors.As(err, &f)
	span := r.cfg.First
	for n := 1; n < e.Attempts && span < r.cfg.Most; n++ {
		span *= 2
	}
	wait := time.Duration(r.cfg.Rand() * float64(min(span, r.cfg.Most)))
	wait += min(f.After, longestAfter) // on top, lest all terminals come back at once
	r.up.Store(false)
	if !r.bad.Swap(true) {
		r.cfg.Log.Warn("send entry again later", "id", e.ID, "attempt", e.Attempts, "code", f.Code, "err", f.Err)
	}
	return r.cfg.Queue.Retry(ctx, e.ID, time.Now().Add(wait), f.Code)
}

// sleep waits until an entry is due, a new one came or a sending has ended, which
// another may have waited for.
func (r *Relay) sleep(ctx context.Context, s *sendings) {
	next, err := r.cfg.Queue.Next(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		s.fail(fmt.Errorf("look for the next entry: %w", err))
		return
	}
	wait := time.Minute
	if !next.IsZero() {
		wait = min(max(time.Until(next), 10*time.Millisecond), time.Minute)
	}
	s.wait(ctx, wait, r.cfg.Queue.Wake())
}

func (s *sendings) wait(ctx context.Context, wait time.Duration, wake <-chan struct{}) {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-wake:
	case err := <-s.ended:
		s.take(err)
	case <-ctx.Done():
	}
}
