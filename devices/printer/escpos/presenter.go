package escpos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leye/devices/printer"
)

var _ printer.Presenter = (*Printer)(nil)

// AwaitTaken looks at the exit from time to time; between two looks other slips
// may be printed. It gives up with ctx. A printer without a sensor there, or one
// that proves less than printing, answers HandoverUnknown at once.
func (p *Printer) AwaitTaken(ctx context.Context, patience time.Duration) (printer.Handover, error) {
	until := time.Now().Add(patience)
	drawn := -1
	for {
		h, err := p.exitOnce(ctx, &drawn, !time.Now().Before(until))
		if err != nil || h != printer.LeftBehind || !time.Now().Before(until) {
			return h, err
		}
		t := time.NewTimer(p.cfg.Timing.Poll)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return printer.HandoverUnknown, fmt.Errorf("wait for slip to be taken: %w", ctx.Err())
		}
	}
}

// exitOnce looks at the exit; late says that what lies there is drawn back now.
func (p *Printer) exitOnce(ctx context.Context, drawn *int, late bool) (printer.Handover, error) {
	if err := p.lock(ctx); err != nil {
		return printer.HandoverUnknown, err
	}
	defer p.unlock()
	if !p.family.Exit() || p.Capability().Level < 5 {
		return printer.HandoverUnknown, nil
	}
	if *drawn < 0 {
		*drawn = p.drawn
	}
	s, err := p.look(ctx)
	switch {
	case err != nil:
		return printer.HandoverUnknown, p.settle(fmt.Errorf("look at exit: %w", err))
	case p.drawn != *drawn:
		return printer.Retracted, nil // by the slip that came next
	case s.Exit == printer.ExitEmpty:
		return printer.Taken, nil
	case late && len(p.family.retract) > 0:
		if s, err = p.drawBack(ctx); err != nil {
			return printer.HandoverUnknown, p.settle(err)
		}
		if s.Exit == printer.ExitEmpty {
			return printer.Retracted, nil
		}
	}
	return printer.LeftBehind, nil
}

// drawBack has the slip at the exit drawn in, and returns the status then.
func (p *Printer) drawBack(ctx context.Context) (printer.Status, error) {
	if err := p.line.write(ctx, p.family.retract); err != nil {
		return printer.Status{}, fmt.Errorf("draw slip back: %w", err)
	}
	until := time.Now().Add(p.cfg.Timing.Margin)
	for {
		err := p.line.await(ctx, p.cfg.Timing.Poll, func() bool { return false })
		if err != nil && !errors.Is(err, errLate) {
			return printer.Status{}, fmt.Errorf("draw slip back: %w", err)
		}
		s, err := p.ask(ctx)
		if err != nil {
			return s, fmt.Errorf("draw slip back: %w", err)
		}
		if s.Exit == printer.ExitEmpty {
			p.drawn++
			p.log.Info("slip left behind was drawn back", "port", p.cfg.Port)
			return s, nil
		}
		if !time.Now().Before(until) {
			return s, nil
		}
	}
}
