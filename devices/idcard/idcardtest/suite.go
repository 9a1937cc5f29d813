package idcardtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/idcard"
)

// Rig is a reader under test with the hand that lays cards on it: of a simulated module, or
// of a person in front of a real one. A nil function is something that this rig cannot do;
// its cases are skipped.
type Rig struct {
	Reader   idcard.Reader
	Lay      func(card string) // by the name of its vector
	LayOther func()            // what is no identity card
	Take     func()
	// Judge says what is wrong with a card that was read, or ""; nil compares it
	// with the vector.
	Judge func(card string, c idcard.Card) string
}

// RunReader holds a reader to its contract. open returns a fresh one with nothing on it;
// the suite closes it.
func RunReader(t *testing.T, open func(t *testing.T) Rig) {
	t.Helper()
	run(t, open, func(t *testing.T, f func(*testing.T)) { f(t) })
}

// RunReaderInBubble is RunReader on the clock of testing/synctest, for readers without a
// line to the world outside.
func RunReaderInBubble(t *testing.T, open func(t *testing.T) Rig) {
	t.Helper()
	run(t, open, synctest.Test)
}

func run(t *testing.T, open func(*testing.T) Rig, in func(*testing.T, func(*testing.T))) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, *desk)
	}{
		{"delivers the card that is laid", deliversCard},
		{"delivers every layout", deliversLayouts},
		{"delivers a card once while it lies", deliversOnce},
		{"delivers it again after it was lifted", deliversAgain},
		{"tells whether the card still lies there", tellsPresence},
		{"rejects what is no card, once", rejectsOther},
		{"a reading ends with its context", endsWithContext},
		{"close ends a blocked reading", closeEndsReading},
		{"tells what it does", tellsProgress},
		{"finds a card that is expected and one that is not", findsAtEitherPace},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				d := &desk{Rig: open(t)}
				d.Reader.SetProgress(d.note)
				c.run(t, d)
				for range 2 {
					if err := d.Reader.Close(); err != nil {
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
	told []idcard.Progress
}

func (d *desk) note(p idcard.Progress) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, p)
}

// What must come has patience's time, what must not come calm's. A reader polls several
// times a second and may need some seconds to notice that a card was lifted.
const (
	patience = 20 * time.Second
	calm     = 1200 * time.Millisecond
	poll     = 100 * time.Millisecond
)

// gives fails unless the next reading is the named card, whole and true.
func (d *desk) gives(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	card, err := d.Reader.Read(ctx)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	judge := d.Judge
	if judge == nil {
		judge = func(name string, c idcard.Card) string { return Load().Card(name).Differs(c) }
	}
	if difference := judge(name, card); difference != "" {
		t.Errorf("%s: %s", name, difference)
	}
	if card.ReadAt.IsZero() {
		t.Errorf("%s: no time of reading", name)
	}
}

// givesNothing fails when a reading ends before its time.
func (d *desk) givesNothing(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), calm)
	defer cancel()
	if card, err := d.Reader.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("read gave %v, %v; want nothing", card, err)
	}
}

// present waits until Present says what is wanted.
func (d *desk) present(t *testing.T, want bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		got, err := d.Reader.Present(ctx)
		if err != nil {
			t.Fatalf("present: %v", err)
		}
		if got == want {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("present stays %v", got)
		case <-time.After(poll):
		}
	}
}

// visit lays a card, wants it read, and takes it.
func (d *desk) visit(t *testing.T, name string) {
	t.Helper()
	d.Lay(name)
	d.gives(t, name)
	d.Take()
	d.present(t, false)
}

func deliversCard(t *testing.T, d *desk) {
	d.Lay("resident_plain")
	d.gives(t, "resident_plain")
	if d.Reader.String() == "" {
		t.Error("the reader has no name")
	}
}

func deliversLayouts(t *testing.T, d *desk) {
	for _, name := range []string{"resident_long_term", "hmt_hongkong", "foreign_2017", "foreign_2023_split_name_prev"} {
		d.visit(t, name)
	}
}

func deliversOnce(t *testing.T, d *desk) {
	d.Lay("resident_plain")
	d.gives(t, "resident_plain")
	d.givesNothing(t)
	d.present(t, true)
}

func deliversAgain(t *testing.T, d *desk) {
	for _, name := range []string{"resident_plain", "resident_plain", "hmt_macao"} {
		d.visit(t, name)
	}
	d.givesNothing(t)
}

func tellsPresence(t *testing.T, d *desk) {
	d.present(t, false)
	d.Lay("resident_ext_b_name")
	d.gives(t, "resident_ext_b_name")
	d.present(t, true)
	d.Take()
	d.present(t, false)
}

func rejectsOther(t *testing.T, d *desk) {
	if d.LayOther == nil {
		t.Skip("nothing but cards can be laid")
	}
	d.LayOther()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if card, err := d.Reader.Read(ctx); !errors.Is(err, idcard.ErrNotACard) {
		t.Fatalf("read gave %v, %v", card, err)
	}
	if here, err := d.Reader.Present(ctx); here || err != nil {
		t.Errorf("present: %v, %v; no card was delivered", here, err)
	}
	d.givesNothing(t)
	d.Take()
	d.givesNothing(t)
	d.visit(t, "resident_plain")
}

func endsWithContext(t *testing.T, d *desk) {
	d.givesNothing(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := d.Reader.Read(ctx)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if _, err := d.Reader.Present(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("present: %v", err)
	}
	d.Lay("resident_plain")
	d.gives(t, "resident_plain")
}

func closeEndsReading(t *testing.T, d *desk) {
	done := make(chan error, 1)
	go func() {
		_, err := d.Reader.Read(t.Context())
		done <- err
	}()
	if err := d.Reader.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, idcard.ErrClosed) {
		t.Errorf("read: %v", err)
	}
	if _, err := d.Reader.Read(t.Context()); !errors.Is(err, idcard.ErrClosed) {
		t.Errorf("read of a closed reader: %v", err)
	}
	if _, err := d.Reader.Present(t.Context()); !errors.Is(err, idcard.ErrClosed) {
		t.Errorf("present: %v", err)
	}
}

func tellsProgress(t *testing.T, d *desk) {
	d.visit(t, "resident_plain")
	d.givesNothing(t)
	d.mu.Lock()
	defer d.mu.Unlock()
	if want := []idcard.Progress{idcard.Reading, idcard.Waiting}; !slices.Equal(d.told, want) {
		t.Errorf("told %v, want %v", d.told, want)
	}
}

// findsAtEitherPace changes the pace while a reading waits.
func findsAtEitherPace(t *testing.T, d *desk) {
	for _, on := range []bool{true, false, true} {
		lay := time.AfterFunc(calm/2, func() {
			d.Reader.Expect(on)
			d.Lay("resident_plain")
		})
		d.gives(t, "resident_plain")
		lay.Stop()
		d.Take()
		d.present(t, false)
	}
}
