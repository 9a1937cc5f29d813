package scannertest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/scanner"
)

// Rig is a scanner under test with the hand that holds codes to it: of a simulated
// engine, or of a person in front of a real one. A nil function is something that
// this rig cannot do; its cases are skipped.
type Rig struct {
	Scanner scanner.Scanner
	Show    func(raw []byte)
	// ShowTorn shows what the scanner sends and nobody can read.
	ShowTorn func()
	// Window is the scanner's own. Pass moves the scanner's clock on; nil: it is the
	// one of the test.
	Window time.Duration
	Pass   func(time.Duration)
	// Loose says that a busy machine may close the pause between two codes. Text is
	// told apart without one.
	Loose bool
	// Hand says that a person shows the codes, who needs time and cannot show the
	// same one twice at once; TextOnly that only text can be shown.
	Hand, TextOnly bool
}

// RunScanner holds a scanner to its contract. open returns a fresh one with nothing
// before it, its port open; the suite closes it.
func RunScanner(t *testing.T, open func(t *testing.T) Rig) {
	t.Helper()
	run(t, open, func(t *testing.T, f func(*testing.T)) { f(t) })
}

// RunScannerInBubble is RunScanner on the clock of testing/synctest, for scanners
// without a line to the world outside.
func RunScannerInBubble(t *testing.T, open func(t *testing.T) Rig) {
	t.Helper()
	run(t, open, synctest.Test)
}

func run(t *testing.T, open func(*testing.T) Rig, in func(*testing.T, func(*testing.T))) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, *desk)
	}{
		{"delivers every code unchanged", deliversAll},
		{"delivers codes in their order", keepsOrder},
		{"delivers a code once while it stays", deliversOnce},
		{"delivers it again after its time", deliversAgain},
		{"reports what cannot be read, once", reportsTorn},
		{"a scan ends with its context", endsWithContext},
		{"close ends a blocked scan", closeEndsScan},
		{"tells what it does", tellsProgress},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				d := &desk{Rig: open(t)}
				d.Scanner.SetProgress(d.note)
				c.run(t, d)
				for range 2 {
					if err := d.Scanner.Close(); err != nil {
						t.Errorf("close: %v", err)
					}
				}
			})
		})
	}
}

// desk is one case under way.
type desk struct {
	Rig

	mu   sync.Mutex
	told []scanner.Progress
}

func (d *desk) note(p scanner.Progress) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, p)
}

// What must come has patience's time, what must not come calm's.
const (
	patience = 20 * time.Second
	calm     = 700 * time.Millisecond
)

// gives fails unless the next code is the sample, whole and unchanged.
func (d *desk) gives(t *testing.T, want Sample) {
	t.Helper()
	limit := patience
	if d.Hand {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	code, err := d.Scanner.Scan(ctx)
	if err != nil {
		t.Fatalf("%s: %v", want.Name, err)
	}
	if difference := want.Differs(code); difference != "" {
		t.Errorf("%s: %s", want.Name, difference)
	}
}

// givesNothing fails when a scan ends before its time.
func (d *desk) givesNothing(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), calm)
	defer cancel()
	if code, err := d.Scanner.Scan(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("scan gave %v, %v; want nothing", code, err)
	}
}

func (d *desk) visit(t *testing.T, name string) {
	t.Helper()
	s := Get(name)
	d.Show(s.Raw)
	d.gives(t, s)
}

func deliversAll(t *testing.T, d *desk) {
	for _, s := range Samples() {
		if d.TextOnly && scanner.Parse(s.Raw).Text == "" {
			continue
		}
		d.Show(s.Raw)
		d.gives(t, s)
	}
	if d.Scanner.String() == "" {
		t.Error("the scanner has no name")
	}
}

func keepsOrder(t *testing.T, d *desk) {
	if d.Hand {
		t.Skip("a hand shows one code at a time")
	}
	names := []string{"slip", "suishenma_binary", "credit_code", "slip_saved", "other"}
	if d.Loose {
		names = slices.Delete(names, 1, 2)
	}
	for _, name := range names {
		d.Show(Get(name).Raw)
	}
	for _, name := range names {
		d.gives(t, Get(name))
	}
	d.givesNothing(t)
}

func deliversOnce(t *testing.T, d *desk) {
	if d.Hand {
		t.Skip("how long a hand holds a code is not known")
	}
	d.visit(t, "slip")
	d.Show(Get("slip").Raw)
	d.givesNothing(t)
	d.visit(t, "credit_code")
	d.Show(Get("credit_code").Raw)
	d.visit(t, "slip")
}

func deliversAgain(t *testing.T, d *desk) {
	if d.Hand {
		t.Skip("how long a hand holds a code is not known")
	}
	for range 3 {
		d.visit(t, "slip")
		d.wait(t)
	}
}

// wait lets the window pass; on the test's own clock nothing may come in it.
func (d *desk) wait(t *testing.T) {
	t.Helper()
	if d.Pass != nil {
		d.Pass(d.Window)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), d.Window)
	defer cancel()
	if code, err := d.Scanner.Scan(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("scan gave %v, %v; want nothing", code, err)
	}
}

func reportsTorn(t *testing.T, d *desk) {
	if d.ShowTorn == nil {
		t.Skip("nothing but codes can be shown")
	}
	d.ShowTorn()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if code, err := d.Scanner.Scan(ctx); !errors.Is(err, scanner.ErrUnreadable) {
		t.Fatalf("scan gave %v, %v", code, err)
	}
	d.givesNothing(t)
	d.visit(t, "slip")
}

func endsWithContext(t *testing.T, d *desk) {
	d.givesNothing(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := d.Scanner.Scan(ctx)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("scan: %v", err)
	}
	d.visit(t, "slip")
}

func closeEndsScan(t *testing.T, d *desk) {
	done := make(chan error, 1)
	go func() {
		_, err := d.Scanner.Scan(t.Context())
		done <- err
	}()
	if err := d.Scanner.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, scanner.ErrClosed) {
		t.Errorf("scan: %v", err)
	}
	if _, err := d.Scanner.Scan(t.Context()); !errors.Is(err, scanner.ErrClosed) {
		t.Errorf("scan of a closed scanner: %v", err)
	}
}

func tellsProgress(t *testing.T, d *desk) {
	d.visit(t, "slip")
	d.givesNothing(t)
	d.mu.Lock()
	defer d.mu.Unlock()
	if want := []scanner.Progress{scanner.Receiving, scanner.Waiting}; !slices.Equal(d.told, want) {
		t.Errorf("told %v, want %v", d.told, want)
	}
}
