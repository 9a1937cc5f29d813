package day

import (
	"context"
	"log/slog"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// Config is what a Closing works with.
type Config struct {
	At    time.Duration                                  // after midnight in China
	Print func(ctx context.Context, now time.Time) error // prints nothing and is content when the day's slip is out
	Free  func() bool                                    // nobody is served
	Log   *slog.Logger                                   // nothing is logged when nil
}

// Closing is the task that has the day's slip printed.
type Closing struct {
	cfg     Config
	closed  time.Time // the closing that is done
	failing bool
}

const (
	// A closing that is due is tried this often: a visit goes on, or the printer has
	// no paper.
	again = time.Minute
	// Clocks are set while the task sleeps, so it never sleeps longer.
	nap = 10 * time.Minute
)

// New makes the task.
func New(cfg Config) *Closing {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Closing{cfg: cfg}
}

func (c *Closing) String() string { return "day" }

// Run waits for each closing time until ctx ends. A slip that cannot be printed is
// tried until midnight; the next day's shows the journal beyond it.
func (c *Closing) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		timer := time.NewTimer(c.look(ctx, time.Now()))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	return nil
}

// look prints when that is due and gives the time until the next look.
func (c *Closing) look(ctx context.Context, now time.Time) time.Duration {
	closing := Midnight(now).Add(c.cfg.At)
	switch {
	case now.Before(closing):
		return min(closing.Sub(now), nap)
	case c.closed.Equal(closing):
		return nap
	case !c.cfg.Free():
		return again
	}
	err := c.cfg.Print(ctx, now)
	if err == nil {
		c.closed, c.failing = closing, false
		return nap
	}
	if !c.failing && ctx.Err() == nil {
		c.cfg.Log.Warn("print the day's slip, trying again", "err", err)
	}
	c.failing = true
	return again
}

// Midnight is the beginning of t's day in China.
func Midnight(t time.Time) time.Time {
	t = t.In(kiosk.China)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, kiosk.China)
}
