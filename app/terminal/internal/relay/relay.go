// Package relay moves the outbox to the central: one entry at a time, again and
// again, until the central's word on it is kept.
//
// It does not queue, print or decide what is in a body.
package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// Queue is what the relay needs of the outbox.
type Queue interface {
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

	Lease time.Duration // longer than any sending; default 1 min
	First time.Duration // longest wait after the first failure; default 1 s
	Most  time.Duration // longest wait at all; default 5 min
}

// Relay is the task. One at a time may run over a queue.
type Relay struct {
	cfg  Config
	down bool // the last sending found no connection
}

// New makes the task.
func New(cfg Config) *Relay {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
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
func (r *Relay) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if wait := r.cfg.Rest(); wait > 0 {
			pause(ctx, min(wait, restLook), nil)
			continue
		}
		entry, ok, err := r.cfg.Queue.Lease(ctx, time.Now(), r.cfg.Lease)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("lease entry: %w", err)
		case ok:
			err = r.deliver(ctx, entry)
		default:
			err = r.sleep(ctx)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
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
		r.down = false
		return r.cfg.Queue.Accept(ctx, e.ID, ack)
	case errors.As(err, &no):
		r.down = false
		r.cfg.Log.Warn("park entry", "id", e.ID, "reason", no.Reason)
		return r.cfg.Queue.Park(ctx, e.ID, no.Reason)
	default:
		return r.again(ctx, e, err)
	}
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
	if !r.down {
		r.cfg.Log.Warn("send entry again later", "id", e.ID, "attempt", e.Attempts, "code", f.Code, "err", f.Err)
	}
	r.down = true
	return r.cfg.Queue.Retry(ctx, e.ID, time.Now().Add(wait), f.Code)
}

// sleep waits until an entry is due or a new one came.
func (r *Relay) sleep(ctx context.Context) error {
	next, err := r.cfg.Queue.Next(ctx)
	if err != nil {
		return fmt.Errorf("look for the next entry: %w", err)
	}
	wait := time.Minute
	if !next.IsZero() {
		wait = min(max(time.Until(next), 10*time.Millisecond), time.Minute)
	}
	pause(ctx, wait, r.cfg.Queue.Wake())
	return nil
}

func pause(ctx context.Context, wait time.Duration, wake <-chan struct{}) {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-wake:
	case <-ctx.Done():
	}
}
