package identity

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"leye/app/api"
)

// RenewalConfig is what a Renewal works with.
type RenewalConfig struct {
	Identity func() *Identity // the present one; nil: there is none to renew
	Ask      func(ctx context.Context, request string) (api.Certificate, error)
	Now      func() time.Time  // the terminal's clock; nil: time.Now
	Spread   time.Duration     // longest wait before the first look; 0: none
	Ending   func(ending bool) // told at each look whether the certificate is near its end; may be nil
	Rand     func() float64    // in [0, 1); nil: math/rand
	Log      *slog.Logger
}

// Renewal is the task that keeps the certificate good.
type Renewal struct {
	cfg    RenewalConfig
	serial string    // of the certificate that due is for
	due    time.Time // when to renew it
	failed int       // since the last success
}

// NewRenewal makes the task.
func NewRenewal(cfg RenewalConfig) *Renewal {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Ending == nil {
		cfg.Ending = func(bool) {}
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Renewal{cfg: cfg}
}

func (r *Renewal) String() string { return "renewal" }

// The waits. A look each hour lets a clock that is set right count at once.
const (
	look      = time.Hour
	firstWait = time.Minute
	mostWait  = 6 * time.Hour
)

// Run renews until ctx ends.
func (r *Renewal) Run(ctx context.Context) error {
	wait := time.Duration(r.cfg.Rand() * float64(r.cfg.Spread))
	for {
		t := time.NewTimer(wait)
		select {
		case <-t.C:
			wait = r.step(ctx)
		case <-ctx.Done():
			t.Stop()
			return nil
		}
	}
}

// step renews if it is time to, and returns how long to wait until the next look.
func (r *Renewal) step(ctx context.Context) time.Duration {
	id := r.cfg.Identity()
	if id == nil {
		return firstWait
	}
	cert := id.Certificate()
	life := cert.NotAfter.Sub(cert.NotBefore)
	r.cfg.Ending(r.cfg.Now().After(cert.NotAfter.Add(-life / 6)))
	if serial := cert.SerialNumber.Text(16); serial != r.serial {
		// At two thirds of its life at the latest, each terminal on a day of its
		// own: those that were enrolled together must not come back together.
		r.serial, r.due = serial, cert.NotBefore.Add(life*2/3-time.Duration(r.cfg.Rand()*float64(life/12)))
	}
	if wait := r.due.Sub(r.cfg.Now()); wait > 0 {
		return min(wait, look)
	}
	err := r.renew(ctx, id)
	switch {
	case ctx.Err() != nil:
		return look
	case err == nil:
		r.failed = 0
		r.cfg.Log.Info("the certificate is renewed", "ends", id.Certificate().NotAfter)
		r.cfg.Ending(false)
		return look
	}
	r.failed++
	if r.failed == 1 {
		r.cfg.Log.Warn("renew certificate again later", "ends", cert.NotAfter, "err", err)
	}
	span := min(firstWait<<min(r.failed, 12), mostWait)
	return time.Duration(r.cfg.Rand()*float64(span)) + time.Second
}

func (r *Renewal) renew(ctx context.Context, id *Identity) error {
	request, err := id.Request()
	if err != nil {
		return err
	}
	issued, err := r.cfg.Ask(ctx, request)
	if err != nil {
		return err
	}
	return id.Take(issued)
}
