// Package heartbeat is the task that tells the central once a minute that this
// terminal is alive and what is wrong with it, and hears the central's clock.
//
// It finds nothing out itself; whoever builds it hands in what is to be said.
package heartbeat

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"leye/app/api"
)

// Config is what a Heart works with.
type Config struct {
	Gather func(ctx context.Context) api.Heartbeat
	Send   func(ctx context.Context, beat api.Heartbeat) (api.HeartbeatAnswer, error)
	Heard  func(Answer)   // told after each beat; may be nil
	Every  time.Duration  // between two beats, with jitter; default 1 min
	Spread time.Duration  // longest wait before the first beat; 0: none
	Rand   func() float64 // in [0, 1); nil: math/rand
	Log    *slog.Logger
}

// Answer is what came of one beat. Skew is how far the terminal's clock is ahead
// of the central's, give or take the time of the way; it counts only without Err.
type Answer struct {
	Err  error
	Skew time.Duration
	api.HeartbeatAnswer
}

// Heart is the task.
type Heart struct {
	cfg  Config
	down bool
}

// New makes the task.
func New(cfg Config) *Heart {
	if cfg.Every == 0 {
		cfg.Every = time.Minute
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Heard == nil {
		cfg.Heard = func(Answer) {}
	}
	return &Heart{cfg: cfg}
}

func (h *Heart) String() string { return "heartbeat" }

// Run beats until ctx ends. A beat that does not arrive is not sent again: the
// next one says more. What is wrong with the terminal is looked at before the
// first, too.
func (h *Heart) Run(ctx context.Context) error {
	if h.cfg.Spread > 0 {
		h.cfg.Gather(ctx)
		pause(ctx, time.Duration(h.cfg.Rand()*float64(h.cfg.Spread)))
	}
	for ctx.Err() == nil {
		h.beat(ctx)
		pause(ctx, time.Duration((0.75+h.cfg.Rand()/2)*float64(h.cfg.Every)))
	}
	return nil
}

func pause(ctx context.Context, wait time.Duration) {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (h *Heart) beat(ctx context.Context) {
	beat := h.cfg.Gather(ctx)
	sent := time.Now()
	answer, err := h.cfg.Send(ctx, beat)
	if ctx.Err() != nil {
		return
	}
	a := Answer{Err: err, HeartbeatAnswer: answer}
	if err == nil {
		// The central read its clock about half way through.
		took := time.Since(sent)
		a.Skew = sent.Add(took / 2).Sub(answer.ReceivedAt)
	}
	if h.down != (err != nil) {
		h.down = err != nil
		if h.down {
			h.cfg.Log.Warn("the central does not hear this terminal", "err", err)
		} else {
			h.cfg.Log.Info("the central hears this terminal")
		}
	}
	h.cfg.Heard(a)
}
