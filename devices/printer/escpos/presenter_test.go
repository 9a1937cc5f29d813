package escpos_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/printer"
	"leye/devices/printer/escpos"
	"leye/devices/printer/printertest"
	"leye/devices/sim"
)

// dialects are the families that hold a slip, with what the simulated device
// answers and what is found of it.
var dialects = []struct {
	family  string
	answers int
	level   printer.Level
}{
	{"custom", 1, 1},
	{"custom", 4, 2}, // what it answers beyond cannot be told apart
	{"citizen", 2, 2},
	{"citizen", 4, 5},
}

func onDialect(t testing.TB, family string, answers int) bench {
	return onCable(t, sim.PrinterConfig{Family: family, Level: answers}, escpos.Config{Family: family, Charset: escpos.GB18030})
}

func TestDialectsPrintAndClaimWhatTheyProve(t *testing.T) {
	for _, d := range dialects {
		synctest.Test(t, func(t *testing.T) {
			b := onDialect(t, d.family, d.answers)
			proof, err := b.Print(t.Context(), printertest.Sample())
			if err != nil || proof != d.level.Best() || b.Capability().Level != d.level {
				t.Errorf("%s, %d: %v, %v at level %d, want %d", d.family, d.answers, proof, err, b.Capability().Level, d.level)
			}
			if want := printertest.Text(printertest.Sample(), 48); b.sim.Text() != want {
				t.Errorf("%s: paper\n%s\nwant\n%s", d.family, b.sim.Text(), want)
			}
			s, err := b.Status(t.Context())
			if err != nil || s.Exit != printer.ExitSlip || s.Ready() || s.Paper != printer.PaperOK {
				t.Errorf("%s: a slip at the exit: %v, %v", d.family, s, err)
			}
			b.sim.TakeSlip()
			if s, err := b.Status(t.Context()); err != nil || s.Exit != printer.ExitEmpty || !s.Ready() {
				t.Errorf("%s: taken: %v, %v", d.family, s, err)
			}
		})
	}
}

func TestDialectsTellTheirFaults(t *testing.T) {
	for _, d := range dialects {
		for name, is := range map[string]func(printer.Status) bool{
			"paper-out":      func(s printer.Status) bool { return s.Paper == printer.PaperOut },
			"paper-near-end": func(s printer.Status) bool { return s.Paper == printer.PaperNearEnd && s.Ready() },
			"cover-open":     func(s printer.Status) bool { return s.CoverOpen },
			"cutter-error":   func(s printer.Status) bool { return s.CutterError },
			"paper-jam":      func(s printer.Status) bool { return s.Jam },
			"head-hot":       func(s printer.Status) bool { return s.HeadHot },
			"printer-broken": func(s printer.Status) bool { return s.Unrecoverable },
		} {
			synctest.Test(t, func(t *testing.T) {
				b := onDialect(t, d.family, d.answers)
				fault, ok := sim.Find(name)
				if !ok {
					t.Fatalf("no scenario %s", name)
				}
				fault.Begin(sim.Desk{Printer: b.sim})
				if s, err := b.Status(t.Context()); err != nil || !is(s) {
					t.Errorf("%s, %s: %v, %v", d.family, name, s, err)
				}
				fault.End(sim.Desk{Printer: b.sim})
				if s, err := b.Status(t.Context()); err != nil || !s.Ready() || s.Paper != printer.PaperOK {
					t.Errorf("%s, %s mended: %v, %v", d.family, name, s, err)
				}
			})
		}
	}
}

// TestDialectsClaimNothingWrongly interrupts slips all over.
func TestDialectsClaimNothingWrongly(t *testing.T) {
	for _, d := range dialects {
		for _, fault := range withinSlip() {
			t.Run(fmt.Sprintf("%s %d %s", d.family, d.answers, fault.Name), func(t *testing.T) {
				t.Parallel()
				for at := 3; at < 560; at += 61 {
					synctest.Test(t, func(t *testing.T) { interrupted(t, onDialect(t, d.family, d.answers), fault, at) })
				}
			})
		}
	}
}

func interrupted(t *testing.T, b bench, fault sim.Scenario, at int) {
	if _, err := b.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	best, whole := b.Capability().Level.Best(), printertest.Text(printertest.Sample(), 48)
	fault.At(b.sim, at)
	proof, err := b.Print(t.Context(), printertest.Sample())
	if (proof == best) != (err == nil) {
		t.Errorf("byte %d: %v, %v", at, proof, err)
	}
	if proof >= printer.Processed && b.sim.Text() != whole {
		t.Errorf("byte %d: wrongly confirmed: %v with %q", at, proof, b.sim.Text())
	}
	b.sim.CallOff()
	fault.End(sim.Desk{Printer: b.sim})
	time.Sleep(time.Minute)
	if n := b.valid(); n > 1 || proof == printer.NotSent && n > 0 {
		t.Errorf("byte %d: %v with %d valid slips", at, proof, n)
	}
}

// TestASlipWaitsForItsHand: a printer that draws slips back by itself would have the
// driver take one for taken.
func TestASlipWaitsForItsHand(t *testing.T) {
	for _, d := range dialects {
		synctest.Test(t, func(t *testing.T) {
			b := onDialect(t, d.family, d.answers)
			if _, err := b.Print(t.Context(), printertest.Sample()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(40 * time.Second)
			if s, err := b.Status(t.Context()); err != nil || s.Exit != printer.ExitSlip || b.sim.State().Drawn != 0 {
				t.Errorf("%s, %d: after a while %v, %v, %d drawn back", d.family, d.answers, s, err, b.sim.State().Drawn)
			}
		})
	}
}

func TestSlipIsTakenOrDrawnBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onDialect(t, "citizen", 4)
		for _, step := range []struct {
			after, patience time.Duration // the resident's, ours
			want            printer.Handover
			drawn           int
		}{
			{5 * time.Second, 30 * time.Second, printer.Taken, 0},
			{40 * time.Second, 30 * time.Second, printer.Retracted, 1},
		} {
			if _, err := b.Print(t.Context(), printertest.Sample()); err != nil {
				t.Fatal(err)
			}
			hand := time.AfterFunc(step.after, b.sim.TakeSlip)
			start := time.Now()
			h, err := b.AwaitTaken(t.Context(), step.patience)
			if h != step.want || err != nil || b.sim.State().Drawn != step.drawn {
				t.Errorf("taken after %v: %v, %v, %d drawn back", step.after, h, err, b.sim.State().Drawn)
			}
			if took := time.Since(start); took > step.patience+3*time.Second {
				t.Errorf("taken after %v: known after %v", step.after, took)
			}
			hand.Stop()
		}
	})
}

// TestNextSlipDrawsTheOneBeforeBack: nobody finds an earlier resident's paper.
func TestNextSlipDrawsTheOneBeforeBack(t *testing.T) {
	for _, d := range dialects {
		synctest.Test(t, func(t *testing.T) {
			b := onDialect(t, d.family, d.answers)
			if _, err := b.Print(t.Context(), printertest.Sample()); err != nil {
				t.Fatal(err)
			}
			first := make(chan printer.Handover)
			go func() {
				h, _ := b.AwaitTaken(t.Context(), time.Hour)
				first <- h
			}()
			time.Sleep(10 * time.Second)
			if proof, err := b.Print(t.Context(), printertest.Sample()); proof != d.level.Best() || err != nil {
				t.Errorf("%s, %d: %v, %v", d.family, d.answers, proof, err)
			}
			if s := b.sim.State(); s.Drawn != 1 || s.Exit != "slip" {
				t.Errorf("%s, %d: %+v", d.family, d.answers, s)
			}
			want := printer.HandoverUnknown
			if d.level == 5 {
				want = printer.Retracted
			}
			if h := <-first; h != want {
				t.Errorf("%s, %d: the first slip ended as %v, want %v", d.family, d.answers, h, want)
			}
		})
	}
}

func TestWaitingForTheHandEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onDialect(t, "citizen", 4)
		if _, err := b.Print(t.Context(), printertest.Sample()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if h, err := b.AwaitTaken(ctx, time.Hour); h != printer.HandoverUnknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, %v", h, err)
		}
	})
}

// A command of one family is never sent to another.
func TestNoPresenterCommandElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onCable(t, sim.PrinterConfig{Family: "citizen"}, escpos.Config{})
		for range 2 {
			_, _ = b.Print(t.Context(), printertest.Sample())
		}
		if h, err := b.AwaitTaken(t.Context(), time.Second); h != printer.HandoverUnknown || err != nil {
			t.Errorf("%v, %v", h, err)
		}
		if n := b.sim.State().Drawn; n != 0 {
			t.Errorf("%d slips drawn back by a driver that does not know how", n)
		}
	})
}
